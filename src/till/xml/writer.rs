//! Writes an answer as XML.

use std::borrow::Cow;

use quick_xml::escape::partial_escape;
use serde::Serialize;

use super::ELEMENT;
use crate::till::walk::{Step, Unwritable, Visit, walk};

/// An answer as a document with this root; `encoding` is the name of the code page that it is sent in.
pub(in crate::till) fn encode(answer: &impl Serialize, root: &str, encoding: &str) -> Result<String, Unwritable> {
    let mut document = Document { text: String::with_capacity(2048) };
    document.put(&["<?xml version=\"1.0\" encoding=\"", encoding, "\"?>\r\n<", root, ">"]);
    walk(answer, &mut document)?;
    document.put(&["</", root, ">\r\n"]);
    Ok(document.text)
}

/// A text between two tags. A carriage return is written as a reference, because readers make a line end of it.
pub(in crate::till) fn escape(text: &str) -> Cow<'_, str> {
    let escaped = partial_escape(text);
    if escaped.contains(is_forbidden) { escaped.replace(is_forbidden, " ").into() } else { escaped }
}

/// XML 1.0 has no spelling for these, such as a printer's escape codes in a receipt.
fn is_forbidden(character: char) -> bool {
    matches!(character, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}

struct Document {
    text: String,
}

impl Document {
    fn put(&mut self, pieces: &[&str]) {
        pieces.iter().for_each(|piece| self.text.push_str(piece));
    }
}

/// The name itself where it can be an element's; a name that somebody else chose stands in an attribute.
fn element(step: Step<'_>) -> (&str, Option<&str>) {
    match step {
        Step::Element(_) => (ELEMENT, None),
        Step::Member(name) if is_element_name(name) => (name, None),
        Step::Member(name) => ("entry", Some(name)),
    }
}

fn is_element_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

impl Visit for Document {
    fn enter(&mut self, step: Step<'_>) {
        match element(step) {
            (name, None) => self.put(&["<", name, ">"]),
            (name, Some(key)) => {
                self.put(&["<", name, " name=\"", &escape(key).replace('"', "&quot;"), "\">"]);
            }
        }
    }

    fn leave(&mut self, step: Step<'_>) {
        let (name, _) = element(step);
        self.put(&["</", name, ">"]);
    }

    fn value(&mut self, text: &str) {
        self.put(&[&escape(text)]);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::till::fields::Value;
    use crate::till::xml::decode;

    #[test]
    fn an_answer_is_one_element_with_its_fields_in_it() {
        let answer = json!({"a": 1, "b": {"c": true}, "d": [{"e": "x<&>y"}, "z"], "f g": "h"});
        assert_eq!(
            encode(&answer, "reply", "utf-8").unwrap(),
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<reply><a>1</a><b><c>true</c></b>\
             <d><item><e>x&lt;&amp;&gt;y</e></item><item>z</item></d><entry name=\"f g\">h</entry></reply>\r\n"
        );
    }

    #[test]
    fn what_xml_cannot_say_is_a_space_and_a_name_that_it_cannot_say_is_an_attribute() {
        let answer = json!({"a-b_1": "\u{1b}@x\u{0}\ty\u{ffff}", "1a": "c", "å": "d", "e\"": "f"});
        let document = encode(&answer, "r", "utf-8").unwrap();
        let (_, fields) = document.split_once("<r>").unwrap();
        assert_eq!(
            fields,
            "<a-b_1> @x \ty </a-b_1><entry name=\"1a\">c</entry><entry name=\"å\">d</entry>\
             <entry name=\"e&quot;\">f</entry></r>\r\n"
        );
    }

    proptest! {
        #[test]
        fn every_text_can_be_read_back(text in "[<>&'\"\r\n\t\\]å]{0,12}|\\PC{0,12}") {
            let document = encode(&json!({"k": text}), "reply", "utf-8").unwrap();
            let fields = decode(&document).unwrap();
            prop_assert!(matches!(fields.get("k"), Some(Value::Untyped(found)) if *found == text), "{}", document);
        }
    }
}
