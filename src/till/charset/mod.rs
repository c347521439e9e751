//! The code pages of tills: bytes to text, and text to bytes.

mod readable;

use std::borrow::Cow;

use bytes::Bytes;
use yore::code_pages::{CP850, CP865, CP1252};

pub use crate::domain::directory::Charset;

/// The bytes are no text in their code page; where the first wrong one stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BadBytes {
    pub(super) position: usize,
}

/// What a code page is called beside its name.
const fn other_names(charset: Charset) -> &'static [&'static str] {
    match charset {
        Charset::Utf8 => &["utf8", "us-ascii", "ascii"],
        Charset::Latin1 => &["iso8859-1", "iso_8859-1", "latin1", "latin-1", "l1"],
        Charset::Windows1252 => &["cp1252", "cp-1252"],
        Charset::Ibm850 => &["cp850", "cp-850", "850"],
        Charset::Ibm865 => &["cp865", "cp-865", "865"],
    }
}

/// The code page that goes by this name.
pub(super) fn named(text: &str) -> Option<Charset> {
    let is_it = |name: &str| name.eq_ignore_ascii_case(text);
    Charset::ALL
        .into_iter()
        .find(|charset| is_it(charset.name()) || other_names(*charset).iter().any(|name| is_it(name)))
}

/// The names of all code pages, to choose from.
pub(super) fn choice() -> String {
    let [others @ .., last] = Charset::ALL.map(Charset::name);
    format!("{} or {last}", others.join(", "))
}

/// Browsers read these as control characters; nobody writes them.
const UNASSIGNED_IN_1252: [u8; 5] = [0x81, 0x8d, 0x8f, 0x90, 0x9d];

/// The text that the bytes are in this code page.
pub(super) fn decode(charset: Charset, bytes: &[u8]) -> Result<Cow<'_, str>, BadBytes> {
    match charset {
        Charset::Utf8 => {
            std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|error| BadBytes { position: error.valid_up_to() })
        }
        // ISO-8859-1 is the first 256 characters of Unicode.
        Charset::Latin1 => Ok(bytes.iter().map(|byte| char::from(*byte)).collect()),
        Charset::Windows1252 => match bytes.iter().position(|byte| UNASSIGNED_IN_1252.contains(byte)) {
            Some(position) => Err(BadBytes { position }),
            None => Ok(CP1252.decode(bytes)),
        },
        Charset::Ibm850 => Ok(CP850.decode(bytes)),
        Charset::Ibm865 => Ok(CP865.decode(bytes)),
    }
}

/// A text in this code page, as it is printed or shown. What the page does not have is replaced readably: `€` by
/// `EUR`, `“` by `"`, `Ł` by `L`.
#[must_use]
pub fn encode_text(charset: Charset, text: &str) -> Bytes {
    encode(charset, text.to_owned(), Cow::Borrowed)
}

/// A document in this code page. What stands for a character that the page does not have is escaped first, because it
/// may mean something in the document's language: `“` becomes a quotation mark.
pub(super) fn encode(charset: Charset, document: String, escape: fn(&'static str) -> Cow<'static, str>) -> Bytes {
    if charset == Charset::Utf8 || document.is_ascii() {
        return document.into_bytes().into();
    }
    let mut bytes = Vec::with_capacity(document.len());
    let mut before = Before::default();
    for character in document.chars() {
        let Some(byte) = byte_of(charset, character) else {
            let shown = readable::replacement(character);
            if before.would_run_together(shown) {
                bytes.push(b' ');
            }
            bytes.extend_from_slice(escape(shown).as_bytes());
            before.replaced(shown);
            continue;
        };
        if before.runs_into(character) {
            bytes.push(b' ');
        }
        bytes.push(byte);
        before.kept(character);
    }
    bytes.into()
}

fn byte_of(charset: Charset, character: char) -> Option<u8> {
    match charset {
        Charset::Windows1252 => CP1252.encode_char(character).filter(|byte| !UNASSIGNED_IN_1252.contains(byte)),
        Charset::Ibm850 => CP850.encode_char(character),
        Charset::Ibm865 => CP865.encode_char(character),
        Charset::Latin1 | Charset::Utf8 => u8::try_from(u32::from(character)).ok(),
    }
}

/// What was written last. A digit that stands for another character (`½` is `1/2`) must not lengthen a number beside it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Before {
    #[default]
    NoDigit,
    Digit,
    ReplacedDigit,
}

impl Before {
    fn would_run_together(self, shown: &str) -> bool {
        self == Self::Digit && shown.starts_with(|first: char| first.is_ascii_digit())
    }

    fn runs_into(self, character: char) -> bool {
        self == Self::ReplacedDigit && character.is_ascii_digit()
    }

    fn replaced(&mut self, shown: &str) {
        match shown.chars().next_back() {
            Some(last) if last.is_ascii_digit() => *self = Self::ReplacedDigit,
            Some(_) => *self = Self::NoDigit,
            None => {}
        }
    }

    fn kept(&mut self, character: char) {
        *self = if character.is_ascii_digit() { Self::Digit } else { Self::NoDigit };
    }
}

#[cfg(test)]
mod tests;
