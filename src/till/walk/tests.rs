use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use serde_json::json;
use serde_json::value::RawValue;

use super::*;

/// What the walk came by, each on a line: `path=text`.
#[derive(Default)]
struct Notes {
    path: Vec<String>,
    lines: Vec<String>,
}

impl Visit for Notes {
    fn enter(&mut self, step: Step<'_>) {
        self.path.push(match step {
            Step::Member(name) => name.to_owned(),
            Step::Element(position) => position.to_string(),
        });
    }

    fn leave(&mut self, _: Step<'_>) {
        self.path.pop();
    }

    fn value(&mut self, text: &str) {
        self.lines.push(format!("{}={text}", self.path.join("/")));
    }
}

fn walked(value: &impl Serialize) -> Result<Vec<String>, String> {
    let mut notes = Notes::default();
    walk(value, &mut notes).map_err(|unwritable| unwritable.to_string())?;
    Ok(notes.lines)
}

#[derive(Serialize)]
struct Nothing;

#[derive(Serialize)]
struct Pair(u8, u8);

#[derive(Serialize)]
struct Wrapped(&'static str);

#[derive(Serialize)]
enum Choice {
    Plain,
    Wrapped(u8),
    Pair(u8, u8),
    Named { a: u8 },
}

/// Bytes as serde has them, and a value that refuses to be written.
struct Bytes;
struct Stubborn;

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(b"x")
    }
}

impl Serialize for Stubborn {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(ser::Error::custom("I will not"))
    }
}

#[test]
fn every_plain_value_is_its_text() {
    assert_eq!(walked(&"å").unwrap(), ["=å"]);
    assert_eq!(walked(&'å').unwrap(), ["=å"]);
    assert_eq!(walked(&(true, false)).unwrap(), ["0=true", "1=false"]);
    assert_eq!(walked(&(i8::MIN, i16::MIN, i32::MIN)).unwrap(), ["0=-128", "1=-32768", "2=-2147483648"]);
    assert_eq!(walked(&i64::MIN).unwrap(), ["=-9223372036854775808"]);
    assert_eq!(walked(&(u8::MAX, u16::MAX, u32::MAX)).unwrap(), ["0=255", "1=65535", "2=4294967295"]);
    assert_eq!(walked(&u64::MAX).unwrap(), ["=18446744073709551615"]);
    assert_eq!(walked(&(None::<u8>, Some(7), (), Nothing)).unwrap(), ["0=", "1=7", "2=", "3="]);
    assert_eq!(walked(&(Wrapped("x"), Choice::Plain)).unwrap(), ["0=x", "1=Plain"]);
}

#[test]
fn what_holds_others_leads_to_each_of_them() {
    assert_eq!(walked(&["a", "b", "c"]).unwrap(), ["0=a", "1=b", "2=c"]);
    assert_eq!(walked(&vec![vec![1], vec![2, 3]]).unwrap(), ["0/0=1", "1/0=2", "1/1=3"]);
    assert_eq!(walked(&BTreeMap::from([(1, "x"), (2, "y")])).unwrap(), ["1=x", "2=y"]);
    assert_eq!(walked(&json!({"a": {"b": null}, "c": []})).unwrap(), ["a/b="]);
    assert_eq!(walked(&Choice::Wrapped(1)).unwrap(), ["Wrapped=1"]);
}

#[test]
fn raw_json_stays_the_text_that_it_is() {
    let raw = RawValue::from_string("{\"a\": [1]}".to_owned()).unwrap();
    assert_eq!(walked(&BTreeMap::from([("event", raw)])).unwrap(), ["event={\"a\": [1]}"]);
}

#[test]
fn what_has_no_place_in_an_answer_is_refused() {
    assert_eq!(walked(&1.5_f32).unwrap_err(), "an answer holds a float");
    assert_eq!(walked(&1.5_f64).unwrap_err(), "an answer holds a float");
    assert_eq!(walked(&Bytes).unwrap_err(), "an answer holds bytes");
    assert_eq!(walked(&Pair(1, 2)).unwrap_err(), "an answer holds Pair");
    assert_eq!(walked(&Choice::Pair(1, 2)).unwrap_err(), "an answer holds Choice");
    assert_eq!(walked(&Choice::Named { a: 1 }).unwrap_err(), "an answer holds Choice");
    assert_eq!(walked(&[Stubborn]).unwrap_err(), "I will not");
}
