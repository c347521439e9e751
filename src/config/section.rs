//! Reads the keys of one section, and notes every key that is missing, misspelt or of the wrong kind.
//!
//! Serde would stop at the first mistake; a person who sets up a shop wants to see all of them.

use std::net::SocketAddr;
use std::ops::RangeInclusive;

use secrecy::SecretString;
use serde_json::{Map, Value};
use url::Url;

use super::findings::Findings;
use super::secret;
use crate::outbound::is_loopback;

/// What an unfinished example shows where a value belongs.
pub(super) const PLACEHOLDER: &str = "...";

/// The value is wrong, and that was noted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reported;

/// A section (`[server]`) or one element of a list (`[[tills]]`).
pub(super) struct Section<'a> {
    path: String,
    values: Map<String, Value>,
    known: Vec<&'static str>,
    findings: &'a Findings,
}

impl<'a> Section<'a> {
    /// The section with this path and these values.
    pub(super) fn new(path: impl Into<String>, values: Map<String, Value>, findings: &'a Findings) -> Self {
        Self { path: path.into(), values, known: Vec::new(), findings }
    }

    /// The whole name of a key of this section.
    pub(super) fn key(&self, name: &str) -> String {
        format!("{}.{name}", self.path)
    }

    /// Notes that a key of this section is wrong.
    pub(super) fn mistake(&self, name: &str, message: impl Into<String>) {
        self.findings.mistake(self.key(name), message);
    }

    /// Notes that a key of this section is unwise.
    pub(super) fn warning(&self, name: &str, message: &str) {
        self.findings.warning(&self.key(name), message);
    }

    /// Notes that something beside this section is wrong.
    pub(super) fn mistake_elsewhere(&self, key: &str, message: impl Into<String>) {
        self.findings.mistake(key, message);
    }

    /// A value that `parse` understands; absent, the default, and without one the key is reported as missing.
    pub(super) fn read<T>(
        &mut self,
        name: &'static str,
        default: Option<T>,
        parse: impl FnOnce(&Value) -> Result<T, String>,
    ) -> Option<T> {
        match self.take(name) {
            Some(value) => parse(&value).map_err(|message| self.mistake(name, message)).ok(),
            None => {
                if default.is_none() {
                    self.mistake(name, "is missing: add it");
                }
                default
            }
        }
    }

    /// A value that may be absent; an empty text is as good as none.
    pub(super) fn optional<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&Value) -> Result<T, String>,
    ) -> Result<Option<T>, Reported> {
        let Some(value) = self.take(name).filter(|value| value.as_str() != Some("")) else { return Ok(None) };
        parse(&value).map(Some).map_err(|message| {
            self.mistake(name, message);
            Reported
        })
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(
        &mut self,
        name: &'static str,
        default: Option<T>,
        choices: &[(&str, T)],
    ) -> Option<T> {
        self.read(name, default, |value| one_of(&text(value)?, choices))
    }

    /// A whole number within limits.
    pub(super) fn whole(&mut self, name: &'static str, default: u32, limits: RangeInclusive<u32>) -> Option<u32> {
        self.read(name, Some(default), |value| whole(value, limits))
    }

    /// A list, each element understood by `parse`; empty when absent.
    pub(super) fn list<T>(&mut self, name: &'static str, parse: impl Fn(&str) -> Result<T, String>) -> Option<Vec<T>> {
        let elements = match self.take(name) {
            None => return Some(Vec::new()),
            Some(Value::Array(elements)) => elements,
            Some(_) => {
                self.mistake(name, "must be a list, such as [\"one\", \"two\"]; lists can stand in the file only");
                return None;
            }
        };
        let all = elements.len();
        let good: Vec<T> = elements
            .iter()
            .enumerate()
            .filter_map(|(index, element)| {
                let parsed = text(element).and_then(|text| parse(&text));
                parsed.map_err(|message| self.mistake(&format!("{name}[{index}]"), message)).ok()
            })
            .collect();
        (good.len() == all).then_some(good)
    }

    /// A secret that stands here as `name`, or in the file that `file_name` names; `None` when neither is given.
    pub(super) fn secret(
        &mut self,
        name: &'static str,
        file_name: &'static str,
    ) -> Result<Option<SecretString>, Reported> {
        let (inline, file) = (self.optional(name, text), self.optional(file_name, text));
        match (inline?, file?) {
            (Some(_), Some(_)) => {
                self.mistake(name, format!("is given twice: keep it here or in {file_name}, and empty the other"));
                Err(Reported)
            }
            (Some(inline), None) => Ok(Some(SecretString::from(inline))),
            (None, Some(path)) => self.secret_of_file(file_name, &path).map(Some),
            (None, None) => Ok(None),
        }
    }

    fn secret_of_file(&self, name: &str, path: &str) -> Result<SecretString, Reported> {
        let found = secret::read(path).map_err(|message| {
            self.mistake(name, message);
            Reported
        })?;
        if found.readable_by_others {
            // The mode alone would take root's file away from the bridge.
            let message = format!(
                "every user of this machine can read {path:?}; give it to the user that the bridge runs as, with mode 0600, \
                 or hand it over by systemd's LoadCredential"
            );
            self.findings.warning(&self.key(name), &message);
        }
        Ok(found.secret)
    }

    /// Reports the keys that nobody asked for.
    pub(super) fn finish(self) {
        for name in self.values.keys() {
            let message = format!("there is no such key; the keys here are: {}", self.known.join(", "));
            self.findings.mistake(self.key(name), message);
        }
    }

    fn take(&mut self, name: &'static str) -> Option<Value> {
        self.known.push(name);
        self.findings.key(self.key(name));
        self.values.remove(name).filter(|value| !value.is_null())
    }
}

/// A text that is not empty.
pub(super) fn text(value: &Value) -> Result<String, String> {
    match value.as_str() {
        None => Err("must be a text in \"quotes\"".to_owned()),
        Some("") => Err("is empty: fill it in".to_owned()),
        Some(PLACEHOLDER) => Err("still holds the example's \"...\": fill in your own".to_owned()),
        Some(text) => Ok(text.to_owned()),
    }
}

/// `true` or `false`; from the environment it comes as a text.
pub(super) fn boolean(value: &Value) -> Result<bool, String> {
    match value {
        Value::Bool(value) => Ok(*value),
        Value::String(text) if text == "true" => Ok(true),
        Value::String(text) if text == "false" => Ok(false),
        _ => Err("must be true or false".to_owned()),
    }
}

/// A whole number within limits; from the environment it comes as a text.
pub(super) fn whole(value: &Value, limits: RangeInclusive<u32>) -> Result<u32, String> {
    let number = match value {
        Value::String(text) => text.parse().ok(),
        other => other.as_u64().and_then(|number| u32::try_from(number).ok()),
    };
    number
        .filter(|number| limits.contains(number))
        .ok_or_else(|| format!("must be a whole number from {} to {}", limits.start(), limits.end()))
}

/// An address to listen on.
pub(super) fn socket_address(value: &Value) -> Result<SocketAddr, String> {
    let text = text(value)?;
    text.parse().map_err(|_| format!("{text:?} is no address with a port; write it as 127.0.0.1:7117"))
}

/// A base address that calls can be appended to, encrypted unless it never leaves this machine.
pub(super) fn base_url(value: &Value) -> Result<Url, String> {
    let url = Url::parse(&text(value)?).map_err(|error| format!("is no web address ({error}); begin with https://"))?;
    let encrypted = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
    if !encrypted || url.host_str().is_none() {
        Err("must begin with https:// (http:// is for this machine's own 127.0.0.1 alone)".to_owned())
    } else if !url.username().is_empty() || url.password().is_some() {
        Err("must not hold a user name or password".to_owned())
    } else if url.query().is_some() || url.fragment().is_some() {
        Err("must end with its path, without ? and #".to_owned())
    } else {
        Ok(url)
    }
}

fn one_of<T: Copy>(text: &str, choices: &[(&str, T)]) -> Result<T, String> {
    choices.iter().find(|(word, _)| *word == text).map(|(_, choice)| *choice).ok_or_else(|| {
        let words: Vec<String> = choices.iter().map(|(word, _)| format!("{word:?}")).collect();
        format!("{text:?} is not known here; write {}", words.join(" or "))
    })
}
