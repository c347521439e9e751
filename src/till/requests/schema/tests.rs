//! The schemas and the parser know the same names, and the parser takes what the schemas show.

use super::*;
use crate::till::fields::{Fields, Invalid, Value as Field};
use crate::till::format::Format;
use crate::till::requests::details::ITEM_FIELDS;
use crate::till::requests::listing::FILTERS;
use crate::till::requests::tests::with_key;
use crate::till::requests::{self, REFUND_FIELDS, SALE_FIELDS};

fn names(schema: &Value) -> Vec<&str> {
    schema["properties"].as_object().unwrap().keys().map(String::as_str).collect()
}

fn decoded(example: &Value) -> Fields {
    Format::default().decode(example.to_string().as_bytes()).unwrap()
}

#[test]
fn every_field_that_the_parser_knows_is_in_the_schema_and_the_other_way_round() {
    let sale = sale_schema().schema;
    assert_eq!(names(&sale), SALE_FIELDS);
    assert_eq!(names(&refund_schema().schema), REFUND_FIELDS);
    assert_eq!(names(&sale["properties"]["items"]["items"]), ITEM_FIELDS);
    assert_eq!(names(&filter_schema().schema), FILTERS);
    assert_eq!(names(&wait_schema().schema), ["wait"]);
    assert_eq!(names(&empty_schema().schema), [""; 0]);
}

#[test]
fn every_example_is_taken_by_the_parser() {
    for (what, example) in sale_schema().examples {
        with_key(example.to_string().as_bytes(), None, requests::sale).expect(what);
    }
    for (what, example) in refund_schema().examples {
        with_key(example.to_string().as_bytes(), None, requests::refund).expect(what);
    }
    for (what, example) in wait_schema().examples {
        requests::wait_only(decoded(&example)).expect(what);
    }
    for (what, example) in empty_schema().examples {
        requests::nothing(decoded(&example)).expect(what);
    }
    for (what, example) in filter_schema().examples {
        with_key(b"", None, |_, asking| requests::operation_filter(in_query(&example), asking)).expect(what);
    }
}

fn in_query(example: &Value) -> Fields {
    let filters = example.as_object().unwrap().iter();
    Fields::new(filters.map(|(name, value)| (name.clone(), Field::Untyped(value.to_string()))).collect()).unwrap()
}

#[test]
fn what_a_schema_refuses_the_parser_refuses_too() {
    let sale = jsonschema::validator_for(&sale_schema().schema).unwrap();
    for (field, value) in [
        ("reference", json!("")),
        ("reference", json!(" R-1")),
        ("reference", json!("R\u{200B}1")),
        ("reference", json!("x".repeat(41))),
        ("amount", json!(0)),
        ("amount", json!(1.5)),
        ("amount", json!("39900")),
        ("amount", json!(AMOUNT_MAX + 1)),
        ("currency", json!("nok")),
        ("terminal", json!("no such name")),
        ("wait", json!(301)),
        ("operator", json!("x".repeat(65))),
        ("items", json!({})),
        ("items", json!([{"id": "a", "line_id": "1"}])),
        ("metadata", json!({"a": 1})),
        ("metadata", json!({"": "2"})),
        ("metadata", json!({"a\n": "2"})),
        ("metadata", json!({("x".repeat(65)): "2"})),
        ("tip", json!(1)),
    ] {
        let mut request = json!({"reference": "R-1", "amount": 39900});
        request[field] = value;
        assert!(!sale.is_valid(&request), "{request}");
        let read: Result<_, Invalid> = with_key(request.to_string().as_bytes(), None, requests::sale);
        assert!(read.is_err(), "{request}");
    }
}
