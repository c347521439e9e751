//! The fields of an object as a table.

use serde_json::Value;

use super::html::{anchor, escaped, line};
use super::word;

/// One row: a field's name and what it must be.
pub(super) struct Row {
    pub(super) name: String,
    pub(super) kind: String,
    /// Whether it must be sent, or is always told.
    pub(super) mark: &'static str,
    pub(super) description: String,
}

/// The table of an object's fields; a line of text where it has none.
pub(super) fn of_object(document: &Value, schema: &Value, is_reply: bool) -> String {
    if schema["enum"].is_array() || schema["oneOf"].is_array() {
        return words(schema);
    }
    let rows = rows(document, schema, is_reply, "");
    if rows.is_empty() { "<p>No fields.</p>".to_owned() } else { table("field", &rows) }
}

/// A table of fields or parameters.
pub(super) fn table(title: &str, rows: &[Row]) -> String {
    let mut html = format!(
        "<div class=\"scroll\"><table class=\"fields\"><thead><tr><th>{title}</th><th></th></tr></thead><tbody>\n"
    );
    for row in rows {
        let mark = if row.mark.is_empty() { String::new() } else { format!(" <em>{}</em>", row.mark) };
        html += &format!(
            "<tr><td><code>{}</code>{mark}<small>{}</small></td><td>{}</td></tr>\n",
            escaped(&row.name),
            row.kind,
            line(&row.description)
        );
    }
    html + "</tbody></table></div>\n"
}

/// The fields of an object, those of the objects in it after their own.
fn rows(document: &Value, schema: &Value, is_reply: bool, place: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    let is_required = |name: &str| schema["required"].as_array().is_some_and(|names| names.iter().any(|it| it == name));
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let resolved = resolved(document, field);
        let description =
            [field, resolved].into_iter().map(|schema| word(&schema["description"])).find(|it| !it.is_empty());
        rows.push(Row {
            name: format!("{place}{name}"),
            kind: kind(field),
            mark: mark(is_reply, is_required(name)),
            description: description.unwrap_or_default().to_owned(),
        });
        if field["items"]["properties"].is_object() {
            rows.extend(self::rows(document, &field["items"], is_reply, &format!("{place}{name}[].")));
        }
    }
    rows
}

/// A request's fields are optional unless they are required; a reply has all of them, but for some.
pub(super) const fn mark(is_reply: bool, is_required: bool) -> &'static str {
    match (is_reply, is_required) {
        (false, true) => "required",
        (true, false) => "not always",
        _ => "",
    }
}

fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let pointer = word(&schema["$ref"]).strip_prefix('#');
    pointer.and_then(|pointer| document.pointer(pointer)).unwrap_or(schema)
}

/// What a value must be, in a few words.
pub(super) fn kind(schema: &Value) -> String {
    if let Some(name) = word(&schema["$ref"]).rsplit_once('/').map(|(_, name)| name) {
        return format!("<a href=\"#{}\">{}</a>", anchor(name), escaped(name));
    }
    if let Some(words) = schema["enum"].as_array() {
        let words: Vec<String> = words.iter().map(|it| format!("<code>{}</code>", escaped(word(it)))).collect();
        return words.join(" ");
    }
    let kind = escaped(word(&schema["type"]));
    if kind == "array" {
        return format!("array of {}", self::kind(&schema["items"]));
    }
    let bound = |name: &str| schema[name].as_i64();
    let bounds = match (bound("minimum"), bound("maximum"), bound("minLength"), bound("maxLength")) {
        // The bounds of a machine's number tell nobody anything.
        _ if schema["format"].is_string() => String::new(),
        (Some(least), Some(most), ..) => format!(", {least} to {most}"),
        (.., Some(least), Some(most)) => format!(", {least} to {most} characters"),
        _ => String::new(),
    };
    let format = match word(&schema["format"]) {
        "date-time" => ", RFC 3339",
        _ => "",
    };
    format!("{kind}{bounds}{format}")
}

/// The words that a value may be.
fn words(schema: &Value) -> String {
    let mut html = String::from("<dl>");
    for choice in schema["oneOf"].as_array().into_iter().flatten() {
        html += &format!(
            "<dt><code>{}</code></dt><dd>{}</dd>",
            escaped(word(&choice["const"])),
            line(word(&choice["description"]))
        );
    }
    for choice in schema["enum"].as_array().into_iter().flatten() {
        html += &format!("<dt><code>{}</code></dt><dd></dd>", escaped(word(choice)));
    }
    html + "</dl>\n"
}
