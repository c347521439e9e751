//! How a body is written: in which dialect, and in which code page.

use std::borrow::Cow;

use bytes::Bytes;

use super::charset::{self, Charset};
use super::dialect::{Answer, Dialect};
use super::fields::{BODY, Fields, Invalid, shown};
use super::media::{MediaType, wishes};
use super::walk::Unwritable;
use super::{form, json, lines, xml};
use crate::domain::directory::Profile;

/// What some platforms write before every text in UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

const JSON: [&str; 3] = ["application/json", "text/json", "application/problem+json"];
const FORM: [&str; 1] = ["application/x-www-form-urlencoded"];
const LINES: [&str; 2] = ["text/plain", "application/x-www-form-urlencoded"];
const XML: [&str; 3] = ["application/xml", "text/xml", "application/problem+xml"];

/// How a body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Format {
    /// Its language.
    pub dialect: Dialect,
    /// Its code page.
    pub charset: Charset,
    /// The content type named the code page; a document's own word for it does not count then.
    charset_is_stated: bool,
}

/// What a caller asks of the reply.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wishes<'a> {
    /// The `Accept` header.
    pub accept: Option<&'a str>,
    /// The `Accept-Charset` header.
    pub accept_charset: Option<&'a str>,
}

/// A body in no dialect or code page that is understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("send application/json, application/x-www-form-urlencoded or application/xml, in {}", charset::choice())]
pub struct UnsupportedContentType;

impl From<Dialect> for Format {
    /// The dialect in UTF-8.
    fn from(dialect: Dialect) -> Self {
        Self { dialect, ..Self::default() }
    }
}

impl Format {
    /// How the body of a request is written: as its content type says, else as the till's profile does. JSON is UTF-8
    /// unless the content type says otherwise (RFC 8259).
    ///
    /// # Errors
    /// [`UnsupportedContentType`] for a dialect or a code page that is not known.
    pub fn of_request(content_type: Option<&str>, profile: &Profile) -> Result<Self, UnsupportedContentType> {
        let content_type = content_type.filter(|text| !text.trim().is_empty()).map(MediaType::parse);
        let dialect = match content_type {
            None => profile.dialect,
            Some(sent) if sent.is_any(&JSON) => Dialect::Json,
            Some(sent) if sent.is_any(&FORM) => Dialect::Form,
            Some(sent) if sent.is_any(&XML) => Dialect::Xml,
            Some(_) => return Err(UnsupportedContentType),
        };
        match content_type.and_then(|sent| sent.charset) {
            Some(name) => {
                let charset = charset::named(name).ok_or(UnsupportedContentType)?;
                Ok(Self { dialect, charset, charset_is_stated: true })
            }
            None => Ok(Self { dialect, charset: usual_charset(dialect, profile), charset_is_stated: false }),
        }
    }

    /// How the query of a request is written that stands in for its body: as a form.
    ///
    /// # Errors
    /// [`UnsupportedContentType`] as for a body.
    pub fn of_query(content_type: Option<&str>, profile: &Profile) -> Result<Self, UnsupportedContentType> {
        let body = Self::of_request(content_type, profile)?;
        let charset = if body.charset_is_stated { body.charset } else { profile.charset };
        Ok(Self { dialect: Dialect::Form, charset, ..body })
    }

    /// How a reply is written: as the caller wishes, else as the till's profile says, else as the request came. A profile
    /// that says what is the default anyway (JSON, UTF-8) leaves it to the request.
    #[must_use]
    pub fn of_reply(wishes: Wishes<'_>, profile: &Profile, request: Self) -> Self {
        let accepted = wishes.accept.and_then(accepted);
        let usual = if profile.dialect == Dialect::default() { request.dialect } else { profile.dialect };
        let dialect = accepted.map_or(usual, |(dialect, _)| dialect);
        let charset = accepted
            .and_then(|(_, charset)| charset)
            .or_else(|| wishes.accept_charset.and_then(accepted_charset))
            .unwrap_or_else(|| match usual_charset(dialect, profile) {
                Charset::Utf8 if dialect != Dialect::Json || request.dialect == dialect => request.charset,
                charset => charset,
            });
        Self { dialect, charset, charset_is_stated: true }
    }

    /// The code page of a text to print, which is in no dialect: as the caller wishes it of a plain text, else the profile's.
    #[must_use]
    pub fn charset_of_text(wishes: Wishes<'_>, profile: &Profile) -> Charset {
        wishes
            .accept
            .and_then(charset_of_plain_text)
            .or_else(|| wishes.accept_charset.and_then(accepted_charset))
            .unwrap_or(profile.charset)
    }

    /// The fields of a body.
    ///
    /// # Errors
    /// [`Invalid`] when the body is not what its dialect or code page says, or names a field twice.
    pub fn decode(self, body: &[u8]) -> Result<Fields, Invalid> {
        let Self { dialect, charset, .. } = self.as_declared(body)?;
        let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
        match dialect {
            Dialect::Form => form::decode(body, charset),
            Dialect::Json => json::decode(&text(body, charset, json::member_before)?),
            Dialect::Xml => xml::decode(&text(body, charset, xml::element_before)?),
        }
    }

    /// The same in the code page that the body itself declares, where the content type names none: a byte order mark says
    /// that it is UTF-8, and a document of XML has a declaration.
    ///
    /// # Errors
    /// [`Invalid`] for a declared code page that is not known.
    pub fn as_declared(self, body: &[u8]) -> Result<Self, Invalid> {
        if self.charset_is_stated {
            return Ok(self);
        }
        if body.starts_with(BYTE_ORDER_MARK) {
            return Ok(Self { charset: Charset::Utf8, ..self });
        }
        match xml::declared_encoding(body).filter(|_| self.dialect == Dialect::Xml) {
            Some(name) => {
                let unknown = || Invalid::new(BODY, format!("must be in {}", charset::choice()));
                Ok(Self { charset: charset::named(name).ok_or_else(unknown)?, ..self })
            }
            None => Ok(self),
        }
    }

    /// The content type and the bytes of an answer.
    ///
    /// # Errors
    /// Never for the answers of this program; the encoder's own.
    pub fn encode(self, answer: &Answer) -> Result<(Cow<'static, str>, Bytes), Unwritable> {
        let is_problem = matches!(answer, Answer::Problem(_));
        let bytes = match self.dialect {
            Dialect::Json => charset::encode(self.charset, json::encode(answer)?, json::escape),
            Dialect::Form => charset::encode(self.charset, lines::encode(answer)?, lines::escape),
            Dialect::Xml => {
                let root = if is_problem { "problem" } else { "reply" };
                let document = xml::encode(answer, root, self.charset.name())?;
                charset::encode(self.charset, document, xml::escape)
            }
        };
        Ok((self.content_type(is_problem), bytes))
    }

    fn content_type(self, is_problem: bool) -> Cow<'static, str> {
        let media_type = match (self.dialect, is_problem) {
            (Dialect::Json, true) => "application/problem+json",
            (Dialect::Json, false) => "application/json",
            (Dialect::Form, _) => "text/plain",
            (Dialect::Xml, true) => "application/problem+xml",
            (Dialect::Xml, false) => "application/xml",
        };
        match (self.dialect, self.charset) {
            (Dialect::Json, Charset::Utf8) => media_type.into(),
            (_, charset) => format!("{media_type}; charset={}", charset.name()).into(),
        }
    }
}

/// The code page of a dialect where nothing says otherwise.
const fn usual_charset(dialect: Dialect, profile: &Profile) -> Charset {
    match dialect {
        Dialect::Json => Charset::Utf8,
        Dialect::Form | Dialect::Xml => profile.charset,
    }
}

/// The most wanted dialect that is known, and the code page in which it is wanted.
fn accepted(header: &str) -> Option<(Dialect, Option<Charset>)> {
    wishes(header).into_iter().map(MediaType::parse).find_map(|wish| {
        let dialect = match wish {
            wish if wish.is_any(&JSON) => Dialect::Json,
            wish if wish.is_any(&LINES) => Dialect::Form,
            wish if wish.is_any(&XML) => Dialect::Xml,
            _ => return None,
        };
        Some((dialect, wish.charset.and_then(charset::named)))
    })
}

fn charset_of_plain_text(header: &str) -> Option<Charset> {
    let plain = wishes(header).into_iter().map(MediaType::parse).find(|wish| wish.is_any(&["text/plain"]))?;
    plain.charset.and_then(charset::named)
}

fn accepted_charset(header: &str) -> Option<Charset> {
    wishes(header).into_iter().find_map(|wish| charset::named(MediaType::parse(wish).essence))
}

/// The text of a body; where it is none, the field that holds the first bad byte is named as well as can be.
fn text(body: &[u8], charset: Charset, field_before: fn(&str) -> Option<&str>) -> Result<Cow<'_, str>, Invalid> {
    charset::decode(charset, body).map_err(|bad| {
        let before = String::from_utf8_lossy(&body[..bad.position]);
        let field = field_before(&before).map_or(BODY.to_owned(), shown);
        Invalid::new(field, format!("must be text in {}", charset.name()))
    })
}

#[cfg(test)]
mod tests;
