//! The contract as an OpenAPI 3.1 document.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::calls::{Answer, CALLS, Call, Group, Request};
use super::media::in_every_dialect;
use super::{examples, parts};
use crate::till::problem::{Code, Problem};
use crate::till::reply::{Health, OperationList, Readiness, Reply, TerminalList};
use crate::till::requests::{RequestSchema, empty_schema, refund_schema, sale_schema, signature_schema, wait_schema};

const DESCRIPTION: &str = include_str!("introduction.md");

/// The whole document.
pub(super) fn document() -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "pos-bridge", "version": env!("CARGO_PKG_VERSION"), "description": DESCRIPTION,
            "summary": "A till posts a sale, a card terminal takes it, the answer tells what became of it.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/", "description": "This bridge" }],
        "tags": Group::ALL.map(|group| json!({ "name": group.name(), "description": group.description() })),
        "paths": paths(),
        "components": {
            "schemas": schemas(),
            "headers": parts::headers(),
            "examples": problem_examples(),
            "securitySchemes": parts::security_schemes(),
        },
    })
}

fn paths() -> Value {
    let mut paths = Map::new();
    for call in CALLS {
        paths.entry(call.path).or_insert_with(|| json!({}))[call.method] = operation(call);
    }
    Value::Object(paths)
}

fn operation(call: &Call) -> Value {
    let parameters: Vec<Value> = call.parameters.iter().flat_map(|parameter| parameter.documents()).collect();
    let security = if call.is_keyed() { json!([{ "bearer": [] }, { "key": [] }, { "basic": [] }]) } else { json!([]) };
    let mut operation = json!({
        "operationId": call.id, "tags": [call.group.name()], "summary": call.summary, "description": call.description,
        "security": security, "parameters": parameters,
    });
    if let Some(request) = request(call.request) {
        operation["requestBody"] = body(call.request, &request);
    }
    operation["responses"] = responses(call);
    operation
}

fn request(request: Request) -> Option<RequestSchema> {
    match request {
        Request::None => None,
        Request::Sale => Some(sale_schema()),
        Request::Refund => Some(refund_schema()),
        Request::Wait => Some(wait_schema()),
        Request::Signature => Some(signature_schema()),
        Request::Empty => Some(empty_schema()),
    }
}

fn body(kind: Request, request: &RequestSchema) -> Value {
    let required = matches!(kind, Request::Sale | Request::Refund | Request::Signature);
    let examples = named(&request.examples);
    json!({ "required": required, "content": in_every_dialect(|media| media.request, &schema(request.name), &examples, false) })
}

fn responses(call: &Call) -> Value {
    let mut responses = Map::new();
    for (status, response) in answers(call.answer) {
        responses.insert(status.to_owned(), response);
    }
    let mut refusals: Vec<Code> = call.refusals().collect();
    refusals.sort_by_key(|code| code.status());
    for code in &refusals {
        let same: Vec<Code> = refusals.iter().copied().filter(|other| other.status() == code.status()).collect();
        responses.entry(code.status().to_string()).or_insert_with(|| refusal(call, &same));
    }
    Value::Object(responses)
}

/// What comes back when it is not refused.
fn answers(answer: Answer) -> Vec<(&'static str, Value)> {
    let examples = named(&examples::of_answer(answer));
    let spoken = |name, examples: &Value| in_every_dialect(|media| media.reply, &schema(name), examples, true);
    let reply = |name| spoken(name, &examples);
    let text = |media_type: &str| json!({ media_type: { "schema": { "type": "string" } } });
    match answer {
        Answer::Operation => vec![("200", told("Final", &reply("Reply"))), ("202", open_operation())],
        Answer::Operations => vec![("200", told("A page of operations", &reply("OperationList")))],
        Answer::Terminals => vec![("200", told("The terminals", &reply("TerminalList")))],
        Answer::Health => vec![("200", told("It lives", &reply("Health")))],
        Answer::Readiness => vec![
            ("200", told("Ready", &reply("Readiness"))),
            ("503", told("Not ready", &spoken("Readiness", &named(&[("not ready", examples::not_ready())])))),
        ],
        Answer::Contract => {
            vec![("200", told("This document", &json!({ "application/json": { "schema": { "type": "object" } } })))]
        }
        Answer::Text { what, media_type } => vec![("200", told(what, &text(media_type)))],
    }
}

fn open_operation() -> Value {
    let examples = named(&examples::open_operations());
    let mut response = told(
        "Under way, or not proven: ask again with the same reference",
        &in_every_dialect(|media| media.reply, &schema("Reply"), &examples, true),
    );
    response["headers"] = headers(&["Location", "Retry-After"]);
    response
}

/// The refusals of one status.
fn refusal(call: &Call, codes: &[Code]) -> Value {
    let words: Vec<String> = codes.iter().map(|code| format!("`{}`: {}", code.word(), code.title())).collect();
    let examples: Map<String, Value> = codes
        .iter()
        .map(|code| (code.word().to_owned(), json!({ "$ref": format!("#/components/examples/{}", code.word()) })))
        .collect();
    let content = in_every_dialect(|media| media.problem, &schema("Problem"), &Value::Object(examples), true);
    let mut response = told(&words.join(". "), &content);
    let sent: &[&str] = match codes.first().map(|code| code.status()) {
        Some(401) => &["WWW-Authenticate"],
        Some(404) if call.path.ends_with("/receipt") => &["Location"],
        Some(409) => &["Location"],
        Some(422) if codes.contains(&Code::NotRefundable) => &["Retry-After"],
        Some(423) => &["Location", "Retry-After"],
        Some(429 | 503) => &["Retry-After"],
        _ => &[],
    };
    if !sent.is_empty() {
        response["headers"] = headers(sent);
    }
    response
}

fn told(description: &str, content: &Value) -> Value {
    json!({ "description": description, "content": content })
}

fn headers(names: &[&str]) -> Value {
    names.iter().map(|name| ((*name).to_owned(), json!({ "$ref": format!("#/components/headers/{name}") }))).collect()
}

fn schema(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// Examples under names that are fit for a document.
fn named(examples: &[(&str, Value)]) -> Value {
    examples
        .iter()
        .map(|(what, value)| (what.replace([' ', ','], "-"), json!({ "summary": what, "value": value })))
        .collect()
}

fn problem_examples() -> Value {
    let example =
        |code: Code| (code.word().to_owned(), json!({ "summary": code.title(), "value": examples::of_code(code) }));
    Code::ALL.map(example).into_iter().collect()
}

/// The requests as their parser knows them, the replies as their types have them.
fn schemas() -> Value {
    let requests = [sale_schema(), refund_schema(), wait_schema(), signature_schema(), empty_schema()];
    let mut schemas: Map<String, Value> =
        requests.into_iter().map(|request| (request.name.to_owned(), request.schema)).collect();
    schemas.extend(reply_schemas());
    Value::Object(schemas)
}

fn reply_schemas() -> Map<String, Value> {
    let settings = SchemaSettings::draft2020_12().for_serialize().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut generator = SchemaGenerator::new(settings);
    include::<Reply>(&mut generator);
    include::<OperationList>(&mut generator);
    include::<TerminalList>(&mut generator);
    include::<Problem>(&mut generator);
    include::<Health>(&mut generator);
    include::<Readiness>(&mut generator);
    let mut schemas = generator.take_definitions(true);
    schemas.values_mut().for_each(without_null);
    schemas
}

fn include<T: JsonSchema>(generator: &mut SchemaGenerator) {
    let _reference = generator.subschema_for::<T>();
}

/// What has no value is left out of a reply; it is never `null`.
fn without_null(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if let Some(Value::Array(types)) = members.get_mut("type") {
                types.retain(|name| name != "null");
                if let [only] = types.as_slice() {
                    members["type"] = only.clone();
                }
            }
            if let Some(Value::Array(choices)) = members.get_mut("anyOf") {
                choices.retain(|choice| choice["type"] != "null");
                if let [Value::Object(only)] = choices.as_slice() {
                    let only = only.clone();
                    members.shift_remove("anyOf");
                    members.extend(only);
                }
            }
            members.values_mut().for_each(without_null);
        }
        Value::Array(elements) => elements.iter_mut().for_each(without_null),
        _ => {}
    }
}

#[cfg(test)]
mod tests;
