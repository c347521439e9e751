//! The document is what OpenAPI 3.1 wants, and its examples are what its schemas say.

use super::*;

/// Whether a value is as a schema of the document says, and has nothing that the schema does not know.
fn fits(document: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    let mut root = schema.clone();
    root["components"] = document["components"].clone();
    for object in root["components"]["schemas"].as_object_mut().unwrap().values_mut() {
        if object["properties"].is_object() {
            object["additionalProperties"] = json!(false);
        }
    }
    let validator = jsonschema::draft202012::options().build(&root).map_err(|error| error.to_string())?;
    validator.validate(value).map_err(|error| format!("{}: {error}", error.instance_path()))
}

/// Every place in the document that shows examples beside their schema.
fn shown(value: &Value, found: &mut Vec<(Value, Value)>) {
    if value["schema"].is_object() {
        for example in value["examples"].as_object().into_iter().flat_map(Map::values) {
            found.push((value["schema"].clone(), example.clone()));
        }
        if !value["example"].is_null() {
            found.push((value["schema"].clone(), json!({ "value": value["example"] })));
        }
    }
    match value {
        Value::Object(members) => members.values().for_each(|member| shown(member, found)),
        Value::Array(elements) => elements.iter().for_each(|element| shown(element, found)),
        _ => {}
    }
}

fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|member| references(member, found));
        }
        Value::Array(elements) => elements.iter().for_each(|element| references(element, found)),
        _ => {}
    }
}

#[test]
fn every_example_is_what_its_schema_says() {
    let document = document();
    let mut found = Vec::new();
    shown(&document, &mut found);
    assert!(found.len() > 60, "{}", found.len());
    for (schema, example) in found {
        let example = match example["$ref"].as_str() {
            Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
            None => &example,
        };
        fits(&document, &schema, &example["value"]).unwrap_or_else(|error| panic!("{error}\n{schema}\n{example}"));
    }
}

#[test]
fn every_reference_in_the_document_leads_somewhere() {
    let document = document();
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 60);
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

#[test]
fn the_fields_of_a_reply_are_those_of_its_type() {
    let document = document();
    let reply = crate::till::reply::Reply::new(
        &crate::domain::specimen::operation(crate::domain::attempt::Phase::Sending),
        false,
        crate::domain::directory::Language::English,
    );
    let reply = serde_json::to_value(&reply).unwrap();
    fits(&document, &json!({ "$ref": "#/components/schemas/Reply" }), &reply).unwrap();
    let required = document["components"]["schemas"]["Reply"]["required"].as_array().unwrap();
    for name in required {
        assert!(!reply[name.as_str().unwrap()].is_null(), "{name}");
    }
}

#[test]
fn nothing_in_a_reply_is_ever_null() {
    let document = document();
    assert!(!document["components"]["schemas"].to_string().contains("\"null\""));
    assert_eq!(document["components"]["schemas"]["Reply"]["properties"]["card"]["$ref"], "#/components/schemas/Card");
}

#[test]
fn operation_ids_are_unique() {
    let ids: std::collections::BTreeSet<_> = CALLS.iter().map(|call| call.id).collect();
    assert_eq!(ids.len(), CALLS.len());
}
