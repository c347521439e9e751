//! Where the values come from: the file, and above it the environment.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use config::{Config, Environment, FileFormat};
use serde_json::{Map, Value};
use toml_edit::DocumentMut;

use super::findings::Findings;
use super::{LOG_VARIABLE, secret};

/// What the name of a variable that overrides a key begins with: `POS_BRIDGE__SERVER__LISTEN`.
const PREFIX: &str = "POS_BRIDGE__";
/// What the names of all our variables begin with.
const FAMILY: &str = "POS_BRIDGE_";
/// The variables that override no key; the command line reads the others than the log's.
const VARIABLES: [&str; 4] = ["POS_BRIDGE_CONFIG", LOG_VARIABLE, "POS_BRIDGE_URL", "POS_BRIDGE_TILL_KEY"];
/// The simulator's own secrets, which the whole world may read.
const SIMULATED_SECRETS: [&str; 2] = ["\"simulated-secret\"", "\"sk_sandbox_simulated\""];
/// The sections that are lists: their elements can stand in the file only.
const LISTS: [&str; 3] = ["stores", "terminals", "tills"];

/// All values of the file and the environment; `None`, with the mistake noted, when they cannot be read at all.
pub(super) fn merge(
    path: Option<&Path>,
    environment: &[(String, String)],
    findings: &Findings,
) -> Option<Map<String, Value>> {
    let text = match path {
        Some(path) => read_file(path, findings)?,
        None => String::new(),
    };
    merge_text(&text, environment, findings)
}

/// All values of a file's text and the environment.
pub(super) fn merge_text(
    text: &str,
    environment: &[(String, String)],
    findings: &Findings,
) -> Option<Map<String, Value>> {
    let layers = Config::builder().add_source(config::File::from_str(text, FileFormat::Toml));
    warn_of_variables_without_meaning(environment, findings);
    // Without try_parsing: it would turn the secret "000123" into the number 123.
    let variables = Environment::with_prefix("POS_BRIDGE").prefix_separator("__").separator("__");
    let overrides = environment.iter().filter(|(name, _)| overrides_a_key(name, findings)).cloned().collect();
    let merged = layers.add_source(variables.source(Some(overrides))).build();
    merged
        .and_then(Config::try_deserialize::<Map<String, Value>>)
        .map_err(|error| findings.mistake("config", unreadable(&error, text)))
        .ok()
}

fn read_file(path: &Path, findings: &Findings) -> Option<String> {
    let mut text = String::new();
    let read = File::open(path).and_then(|mut file| {
        file.read_to_string(&mut text)?;
        Ok(secret::readable_by_others(&file))
    });
    match read {
        Ok(readable_by_others) => {
            if readable_by_others && holds_a_secret(&text) {
                let message = format!(
                    "every user of this machine can read {} and it holds a secret; move the secret to a file of its own, \
                     or give this one to the user that the bridge runs as, with mode 0600",
                    path.display()
                );
                findings.warning("config", &message);
            }
            Some(text)
        }
        Err(error) => {
            let advice = match error.kind() {
                ErrorKind::PermissionDenied => "check its owner and mode",
                ErrorKind::InvalidData => "save it as UTF-8",
                _ => "name it by --config",
            };
            findings.mistake("config", format!("{} cannot be read ({error}); {advice}", path.display()));
            None
        }
    }
}

/// Whether a line gives a secret a value: the example's empty ones and the simulator's do not count.
fn holds_a_secret(text: &str) -> bool {
    text.lines().filter_map(|line| line.split_once('=')).any(|(name, value)| {
        let value = value.trim_start();
        let name = name.trim();
        (name.ends_with("_secret") || name == "api_key")
            && !value.starts_with("\"\"")
            && !SIMULATED_SECRETS.iter().any(|simulated| value.starts_with(simulated))
    })
}

/// Whether a variable of this name means something to a bridge, or should.
#[must_use]
pub fn is_variable_of_ours(name: &str) -> bool {
    name.to_ascii_uppercase().starts_with(FAMILY)
}

/// One underscore too few, and a setting silently stays what it was.
fn warn_of_variables_without_meaning(environment: &[(String, String)], findings: &Findings) {
    for (name, _) in environment {
        let overrides = name.to_ascii_uppercase().starts_with(PREFIX);
        if is_variable_of_ours(name) && !overrides && !VARIABLES.contains(&name.as_str()) {
            let message = "this variable means nothing to the bridge; a key is overridden by POS_BRIDGE__SECTION__KEY, \
                           with two underscores each, as in POS_BRIDGE__SERVER__LISTEN";
            findings.warning(name, message);
        }
    }
}

/// Whether a variable is one of ours and names a key that can be overridden.
fn overrides_a_key(name: &str, findings: &Findings) -> bool {
    let Some(key) = name.to_ascii_uppercase().strip_prefix(PREFIX).map(str::to_ascii_lowercase) else { return false };
    let mut parts = key.split("__");
    let section = parts.next().unwrap_or_default();
    if LISTS.contains(&section) {
        findings.mistake(name, format!("a variable cannot change [[{section}]]; change it in the file"));
        return false;
    }
    let well_formed =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let complete = well_formed(section) && parts.next().is_some_and(well_formed) && parts.next().is_none();
    if !complete {
        findings.mistake(name, "no key is called so; write POS_BRIDGE__SECTION__KEY, as in POS_BRIDGE__SERVER__LISTEN");
    }
    complete
}

/// Says where the file cannot be understood. The parser's own message quotes the line, which may hold a secret.
fn unreadable(error: &config::ConfigError, text: &str) -> String {
    let message = error.to_string();
    let place = message.lines().next().and_then(|line| line.find("line ").map(|start| line[start..].to_owned()));
    if let Some(place) = place {
        return format!(
            "the file is no valid TOML at {place}: texts stand in \"quotes\", sections in [brackets], and each key stands \
             once"
        );
    }
    match number_too_large(text) {
        Some(place) => format!("the number {place} is larger than any key takes: write a smaller one"),
        None => "the values cannot be put together: is a section written as a plain value?".to_owned(),
    }
}

/// Where a number stands that fits into no 64 bits, and the key before it; the layers' own error tells neither.
fn number_too_large(text: &str) -> Option<String> {
    let start = text.parse::<DocumentMut>().err()?.span()?.start;
    let before = text.get(..start)?;
    let line = before.rsplit('\n').next().unwrap_or_default();
    let place = format!("in line {}", before.matches('\n').count() + 1);
    let key = line.split_once('=').map(|(key, _)| key.trim()).filter(|key| is_plain(key));
    Some(key.map_or_else(|| place.clone(), |key| format!("of {key} {place}")))
}

/// Whether this is a key and no part of a text, which may be a secret.
fn is_plain(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}
