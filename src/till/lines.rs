//! `key=value` lines, one field each, for tills that read a reply line by line.

use std::borrow::Cow;

use serde::Serialize;

use super::walk::{Step, Unwritable, Visit, walk};

/// An answer as lines: what is nested has its path for a key (`card.brand`, `operations[0].status`).
pub(super) fn encode(answer: &impl Serialize) -> Result<String, Unwritable> {
    let mut lines = Lines { text: String::with_capacity(1024), path: String::with_capacity(64), lengths: Vec::new() };
    walk(answer, &mut lines)?;
    Ok(lines.text)
}

/// A value stays on its line: a backslash stands before an `n`, an `r` or itself, and what ends a text or a line for some
/// tills is a space.
pub(super) fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(|character| matches!(character, '\\' | '\n' | '\r') || is_forbidden(character)) {
        return text.into();
    }
    let text = text.replace(is_forbidden, " ");
    text.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r").into()
}

/// A NUL ends a text for a till in C, 0x1A a file; printers' codes and the line ends of Unicode come in receipts.
fn is_forbidden(character: char) -> bool {
    match character {
        '\n' | '\r' | '\t' => false,
        '\u{2028}' | '\u{2029}' => true,
        other => other.is_control(),
    }
}

/// A name that somebody else chose may be any text; an equals sign would end it early.
fn key(name: &str) -> Cow<'_, str> {
    if name.contains('=') { escape(name).replace('=', "_").into() } else { escape(name) }
}

struct Lines {
    text: String,
    /// The key of the place where the walk is.
    path: String,
    /// How long it was at every step before.
    lengths: Vec<usize>,
}

impl Visit for Lines {
    fn enter(&mut self, step: Step<'_>) {
        self.lengths.push(self.path.len());
        match step {
            Step::Element(position) => {
                self.path.push('[');
                self.path.push_str(&position.to_string());
                self.path.push(']');
            }
            Step::Member(name) => {
                if !self.path.is_empty() {
                    self.path.push('.');
                }
                self.path.push_str(&key(name));
            }
        }
    }

    fn leave(&mut self, _: Step<'_>) {
        self.path.truncate(self.lengths.pop().unwrap_or_default());
    }

    fn value(&mut self, text: &str) {
        for piece in [&self.path, "=", &escape(text), "\r\n"] {
            self.text.push_str(piece);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// What ends a text or a line for some tills.
    const ENDS: [char; 7] = ['\0', '\u{b}', '\u{c}', '\u{1a}', '\u{85}', '\u{2028}', '\u{2029}'];

    #[test]
    fn what_is_nested_has_its_path_for_a_key() {
        let answer = json!({"a": 1, "b": {"c": true, "d": [{"e": "x"}, {"e": "y"}]}, "f": [], "g": null});
        assert_eq!(encode(&answer).unwrap(), "a=1\r\nb.c=true\r\nb.d[0].e=x\r\nb.d[1].e=y\r\ng=\r\n");
    }

    #[test]
    fn a_name_that_somebody_else_chose_ends_at_its_equals_sign() {
        assert_eq!(encode(&json!({"a=b\n": {"c": "d=e"}})).unwrap(), "a_b\\n.c=d=e\r\n");
    }

    #[test]
    fn a_receipt_of_many_lines_stays_on_one() {
        let receipt = json!({"receipt": "Sko\r\n399,00\n\\"});
        assert_eq!(encode(&receipt).unwrap(), "receipt=Sko\\r\\n399,00\\n\\\\\r\n");
    }

    /// A NUL ends a text for a till in C, the others end a line or a file somewhere.
    #[test]
    fn what_ends_a_text_or_a_line_elsewhere_is_a_space() {
        let reason = json!({"reason": "a\u{0}b\u{b}c\u{c}d\u{1a}e\u{1b}f\u{85}g\u{2028}h\u{2029}i\tj"});
        assert_eq!(encode(&reason).unwrap(), "reason=a b c d e f g h i\tj\r\n");
        assert_eq!(encode(&json!({"a\u{0}b": "c"})).unwrap(), "a b=c\r\n");
    }

    /// As `docs/till-api.md` tells tills to read a value.
    fn unescape(text: &str) -> String {
        let mut characters = text.chars();
        let mut plain = String::new();
        while let Some(character) = characters.next() {
            plain.push(match character {
                '\\' => match characters.next().unwrap() {
                    'n' => '\n',
                    'r' => '\r',
                    other => other,
                },
                other => other,
            });
        }
        plain
    }

    proptest! {
        #[test]
        fn every_value_can_be_read_back(text in "[\\\\nr\n\r =å\\x00\\x0b\\x0c\\x1a\\x{85}\\x{2028}\\x{2029}]{0,12}|\\PC{0,12}") {
            let line = encode(&json!({"k": text})).unwrap();
            let value = line.strip_prefix("k=").and_then(|rest| rest.strip_suffix("\r\n")).unwrap();
            prop_assert!(!value.contains(['\n', '\r']) && !value.contains(ENDS));
            prop_assert_eq!(unescape(value), text.replace(ENDS, " "));
        }
    }
}
