//! Reads a request from XML.

use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::ELEMENT;
use crate::till::fields::{BODY, Fields, Invalid, Value, shown};

/// A request is a root, its fields, a list, its elements and their fields; anything deeper is no request.
const DEPTH_MAX: usize = 6;

/// The fields of a document: the elements below its root, whatever that is called.
pub(in crate::till) fn decode(text: &str) -> Result<Fields, Invalid> {
    if text.trim().is_empty() {
        return Ok(Fields::default());
    }
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut document = Document::default();
    loop {
        match reader.read_event().map_err(|error| document.not_xml(&error.to_string()))? {
            Event::Start(start) => document.open(&start)?,
            Event::End(_) => document.close()?,
            Event::Text(text) => document.text(&text.xml10_content())?,
            Event::CData(text) => document.text(&text.xml10_content())?,
            Event::GeneralRef(reference) => {
                let character = character(&reference)
                    .ok_or_else(|| document.invalid("must hold no entities but &amp; &lt; &gt; &quot; &apos;"))?;
                document.text(character.encode_utf8(&mut [0; 4]))?;
            }
            Event::Decl(_) | Event::Comment(_) => {}
            Event::DocType(_) | Event::PI(_) => {
                return Err(Invalid::new(BODY, "must hold no DOCTYPE and no processing instructions"));
            }
            Event::Empty(_) => return Err(document.invalid("must be an element with its end")),
            Event::Eof => return document.finished(),
        }
    }
}

/// What a document says of its own encoding; it can be read before the encoding is known.
pub(in crate::till) fn declared_encoding(body: &[u8]) -> Option<&str> {
    let declaration = body.trim_ascii_start().strip_prefix(b"<?xml")?;
    let end = declaration.iter().position(|byte| *byte == b'>')?;
    let declaration = std::str::from_utf8(&declaration[..end]).ok()?;
    let (_, rest) = declaration.split_once("encoding")?;
    let value = rest.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    value[1..].split_once(quote).map(|(name, _)| name)
}

/// The element that was open last before a place in a text.
pub(in crate::till) fn element_before(text: &str) -> Option<&str> {
    let (_, tag) = text.rsplit_once('<')?;
    let name = tag.split(|end: char| end == '>' || end.is_whitespace()).next()?;
    (!name.is_empty() && !name.starts_with(['/', '?', '!'])).then_some(name)
}

fn character(reference: &BytesRef<'_>) -> Option<char> {
    match &**reference {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => reference.resolve_char_ref().ok().flatten(),
    }
}

/// An element that is not closed yet.
#[derive(Default)]
struct Element {
    name: String,
    text: String,
    children: Vec<(String, Value)>,
}

/// As much of a document as was read.
#[derive(Default)]
struct Document {
    open: Vec<Element>,
    root: Option<Element>,
}

impl Document {
    fn open(&mut self, start: &BytesStart<'_>) -> Result<(), Invalid> {
        if self.root.is_some() {
            return Err(Invalid::new(BODY, "must have one root element"));
        }
        self.open.push(Element { name: start.name().as_ref().to_owned(), ..Element::default() });
        if self.open.len() > DEPTH_MAX {
            return Err(self.invalid(format!("must be at most {DEPTH_MAX} elements deep")));
        }
        // Namespaces are the XML writer's business; anything else in an attribute would go unread.
        let is_known = |name: &str| name.starts_with("xmlns") || name.starts_with("xsi:") || name.starts_with("xml:");
        let unread = start.attributes().find(|attribute| !attribute.as_ref().is_ok_and(|a| is_known(a.key.as_ref())));
        match unread {
            Some(_) => Err(self.invalid("must have no attributes; use elements")),
            None => Ok(()),
        }
    }

    fn text(&mut self, text: &str) -> Result<(), Invalid> {
        match self.open.last_mut() {
            Some(element) => element.text.push_str(text),
            None if text.trim().is_empty() => {}
            None => return Err(Invalid::new(BODY, "must be one XML element with the fields in it")),
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), Invalid> {
        let place = self.place();
        let Some(element) = self.open.pop() else { return Err(Invalid::new(BODY, "must be well-formed XML")) };
        let Some(parent) = self.open.last_mut() else {
            self.root = Some(element);
            return Ok(());
        };
        let name = element.name.clone();
        parent.children.push((name, element.into_value(&place)?));
        Ok(())
    }

    fn finished(self) -> Result<Fields, Invalid> {
        match self.root {
            Some(root) if self.open.is_empty() && root.text.trim().is_empty() => Fields::new(root.children),
            _ => Err(Invalid::new(BODY, "must be one XML element with the fields in it")),
        }
    }

    /// The place of the innermost open element, as errors name it; the root has none.
    fn place(&self) -> String {
        let names = self.open.iter().skip(1).map(|element| shown(&element.name));
        let place = names.collect::<Vec<_>>().join(".");
        if place.is_empty() { BODY.to_owned() } else { place }
    }

    fn invalid(&self, detail: impl Into<String>) -> Invalid {
        Invalid::new(self.place(), detail)
    }

    fn not_xml(&self, error: &str) -> Invalid {
        tracing::debug!(error, "a body is no XML");
        self.invalid("must be well-formed XML")
    }
}

impl Element {
    fn into_value(self, place: &str) -> Result<Value, Invalid> {
        if self.children.is_empty() {
            return Ok(Value::Untyped(self.text));
        }
        if !self.text.trim().is_empty() {
            return Err(Invalid::new(place, "must hold a text or elements, not both"));
        }
        if self.children.iter().all(|(name, _)| name == ELEMENT) {
            return Ok(Value::List(self.children.into_iter().map(|(_, value)| value).collect()));
        }
        let within = |invalid: Invalid| Invalid::new(format!("{place}.{}", invalid.field), invalid.detail);
        Ok(Value::Object(Fields::new(self.children).map_err(within)?))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text<'a>(fields: &'a Fields, name: &str) -> &'a str {
        match fields.get(name) {
            Some(Value::Untyped(text)) => text,
            other => panic!("{name}: {other:?}"),
        }
    }

    #[test]
    fn elements_are_fields_whatever_the_root_is_called() {
        for root in ["sale", "request", "Betaling"] {
            let document = format!(
                "\u{feff}<?xml version=\"1.0\"?>\r\n<{root} xmlns=\"urn:x\" xsi:schemaLocation=\"x\" xml:lang=\"no\">\r\n \
                 <!-- c --><reference>R&#x2d;1&amp;2&lt;&gt;&quot;&apos;</reference>\n\
                 <description><![CDATA[<å>]]></description><empty/></{root}>\n"
            );
            let fields = decode(&document).unwrap();
            assert_eq!(text(&fields, "reference"), "R-1&2<>\"'");
            assert_eq!(text(&fields, "description"), "<å>");
            assert_eq!(text(&fields, "empty"), "");
        }
        assert!(decode(" \r\n").unwrap().is_empty());
        assert!(decode("<sale/>").unwrap().is_empty());
        assert!(!decode("<sale><reference/></sale>").unwrap().is_empty());
    }

    #[test]
    fn what_is_no_request_is_refused_by_the_place_where_it_stands() {
        let deep = format!("<a>{}x{}</a>", "<b>".repeat(40), "</b>".repeat(40));
        for (document, field) in [
            ("amount=1", "body"),
            ("<a>text</a>", "body"),
            ("<a><amount>1</a>", "amount"),
            ("<a><amount>1</amount>", "body"),
            ("<a/><b/>", "body"),
            ("x<a/>", "body"),
            ("<a/>x", "body"),
            ("<a><m><item>1</item><b>2</b><b>3</b></m></a>", "m.b"),
            ("</a>", "body"),
            ("<a><amount>1</amount><amount>2</amount></a>", "amount"),
            ("<a><amount unit=\"x\">1</amount></a>", "amount"),
            ("<a><amount>&euro;</amount></a>", "amount"),
            ("<a><amount>&#0;</amount></a>", "amount"),
            ("<a><m>x<b>y</b></m></a>", "m"),
            ("<a><m><b>1</b><b>2</b></m></a>", "m.b"),
            ("<!DOCTYPE a [<!ENTITY x \"y\">]><a><amount>&x;</amount></a>", "body"),
            ("<?php x?><a/>", "body"),
            (&deep, "b.b.b.b.b.b"),
        ] {
            assert_eq!(decode(document).expect_err(document).field, field, "{document}");
        }
    }

    #[test]
    fn a_document_says_its_encoding_before_that_is_known() {
        for (document, expected) in [
            (&b"<?xml version='1.0' encoding = 'IBM865' ?><a>\x91</a>"[..], Some("IBM865")),
            (b"<?xml version=\"1.0\" encoding=\"utf-8\"?>", Some("utf-8")),
            (b"<?xml version=\"1.0\"?><a encoding=\"x\"/>", None),
            (b"<?xml encoding=", None),
            (b"<a/>", None),
        ] {
            assert_eq!(declared_encoding(document), expected);
        }
    }

    #[test]
    fn the_element_before_a_place_is_the_one_that_was_opened_last() {
        for (text, expected) in [
            ("<sale><operator>K", Some("operator")),
            ("<sale><operator xml:lang=\"no\">K", Some("operator")),
            ("<sale><operator\n", Some("operator")),
            ("<sale>K</operator> ", None),
            ("<?xml ", None),
            ("<!-- ", None),
            ("<>", None),
            ("K", None),
        ] {
            assert_eq!(element_before(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_document_is_too_strange(document in "(<[a-c/!?]{0,2}[a-c]?/?>|&[a-z#0-9]{0,4};?|[\\[\\]\"' =]|\\PC){0,24}") {
            let _ = decode(&document);
            let _ = declared_encoding(document.as_bytes());
            let _ = element_before(&document);
        }
    }
}
