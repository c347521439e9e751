//! One call: what it is, its fields, an example, what comes back, and a form to try it.

use serde_json::Value;

use super::fields::{self, Row};
use super::html::{anchor, escaped, json, line, prose, short_json};
use super::word;

/// Where the examples call, until the page's script puts its own address there.
const ADDRESS: &str = "http://127.0.0.1:7117";

/// A call as the document has it, and where.
struct Shown<'a> {
    document: &'a Value,
    path: &'a str,
    method: &'a str,
    call: &'a Value,
}

/// The article of one call.
pub(super) fn article(document: &Value, path: &str, method: &str, call: &Value) -> String {
    let shown = Shown { document, path, method, call };
    format!(
        "<article class=\"call\" id=\"{id}\">\n<div class=\"told\">\n<h3>{summary}</h3>\n\
         <p class=\"route\"><b class=\"{method}\">{method}</b> <code>{path}</code></p>\n{description}\n{body}{parameters}\
         {answers}</div>\n<div class=\"shown\">\n{requests}{trial}{replies}</div>\n</article>\n",
        id = escaped(word(&call["operationId"])),
        summary = escaped(word(&call["summary"])),
        path = escaped(path),
        description = prose(word(&call["description"])),
        parameters = shown.parameters(),
        body = shown.body(),
        answers = shown.answers(),
        requests = shown.requests(),
        trial = shown.trial(),
        replies = shown.replies(),
    )
}

impl<'a> Shown<'a> {
    fn parameter_list(&self) -> impl Iterator<Item = &'a Value> {
        self.call["parameters"].as_array().into_iter().flatten()
    }

    fn is_keyed(&self) -> bool {
        self.call["security"].as_array().is_some_and(|ways| !ways.is_empty())
    }

    /// The body in the first dialect, when there is one.
    fn json_body(&self) -> Option<&'a Value> {
        self.call["requestBody"]["content"].as_object()?.values().next()
    }

    fn body_examples(&self) -> impl Iterator<Item = &'a Value> {
        self.json_body()
            .and_then(|body| body["examples"].as_object())
            .into_iter()
            .flat_map(|examples| examples.values())
    }

    fn parameters(&self) -> String {
        let rows: Vec<Row> = self
            .parameter_list()
            .map(|parameter| Row {
                name: word(&parameter["name"]).to_owned(),
                kind: format!("{}, {}", fields::kind(&parameter["schema"]), word(&parameter["in"])),
                mark: fields::mark(false, parameter["required"] == true),
                description: word(&parameter["description"]).to_owned(),
            })
            .collect();
        if rows.is_empty() { String::new() } else { fields::table("parameter", &rows) }
    }

    fn body(&self) -> String {
        let Some(body) = self.json_body() else { return String::new() };
        let pointer = word(&body["schema"]["$ref"]).trim_start_matches('#');
        let Some(schema) = self.document.pointer(pointer) else { return String::new() };
        let media: Vec<&str> = self.call["requestBody"]["content"]
            .as_object()
            .into_iter()
            .flat_map(|it| it.keys())
            .map(String::as_str)
            .collect();
        format!(
            "{}<p class=\"media\">Body: {}</p>\n",
            fields::of_object(self.document, schema, false),
            escaped(&media.join(", "))
        )
    }

    fn answers(&self) -> String {
        let mut rows = String::new();
        for (status, answer) in self.call["responses"].as_object().into_iter().flatten() {
            let first = answer["content"].as_object().and_then(|content| content.values().next());
            let object =
                first.and_then(|content| word(&content["schema"]["$ref"]).rsplit_once('/')).map(|(_, name)| name);
            let object =
                object.map(|name| format!("<a href=\"#{}\">{}</a>", anchor(name), escaped(name))).unwrap_or_default();
            let class = if status.starts_with('2') { "good" } else { "bad" };
            rows += &format!(
                "<tr class=\"{class}\"><td>{}</td><td>{} {object}</td></tr>\n",
                escaped(status),
                line(word(&answer["description"]))
            );
        }
        format!(
            "<details class=\"answers\"><summary>What comes back</summary><table><tbody>\n{rows}</tbody></table></details>\n"
        )
    }

    fn requests(&self) -> String {
        if self.json_body().is_none() {
            return figure("request", "", &self.curl(None));
        }
        let shown = |example: &Value| figure("request", word(&example["summary"]), &self.curl(Some(&example["value"])));
        self.body_examples().map(shown).collect()
    }

    /// The first example of each answer that is no refusal.
    fn replies(&self) -> String {
        let mut html = String::new();
        let answers = self.call["responses"].as_object().into_iter().flatten();
        for (status, answer) in answers.filter(|(status, _)| status.starts_with('2')) {
            let first = answer["content"].as_object().and_then(|content| content.values().next());
            let mut examples = first.and_then(|content| content["examples"].as_object()).into_iter().flatten();
            if let Some((_, example)) = examples.next() {
                html += &figure(status, word(&example["summary"]), &json(&example["value"]));
            }
        }
        html
    }

    /// The call as a line for the shell.
    fn curl(&self, body: Option<&Value>) -> String {
        let mut path = self.path.to_owned();
        for parameter in self.parameter_list().filter(|parameter| parameter["in"] == "path") {
            path = path.replace(&format!("{{{}}}", word(&parameter["name"])), word(&parameter["example"]));
        }
        let method = if self.method == "post" { "-X POST " } else { "" };
        let mut lines = vec![format!("curl {method}<span class=\"origin\">{ADDRESS}</span>{}", escaped(&path))];
        if self.is_keyed() {
            lines.push("  -H &#39;Authorization: Bearer KEY&#39;".to_owned());
        }
        if let Some(body) = body {
            lines.push(format!("  --json &#39;{}&#39;", short_json(body)));
        }
        lines.join(" \\\n")
    }

    /// The form; it shows only where there is a script that sends it.
    fn trial(&self) -> String {
        let mut inputs = String::new();
        for parameter in self.parameter_list() {
            let name = escaped(word(&parameter["name"]));
            let example = match &parameter["example"] {
                Value::String(text) if parameter["in"] == "path" => text.clone(),
                _ => String::new(),
            };
            inputs += &format!(
                "<label>{name}<input name=\"{name}\" data-in=\"{}\" value=\"{}\" autocomplete=\"off\"></label>\n",
                escaped(word(&parameter["in"])),
                escaped(&example)
            );
        }
        if let Some(example) = self.body_examples().next() {
            let text = serde_json::to_string_pretty(&example["value"]).unwrap_or_default();
            let rows = text.lines().count();
            inputs += &format!(
                "<label>Body<textarea rows=\"{rows}\" spellcheck=\"false\">{}</textarea></label>\n",
                escaped(&text)
            );
        }
        format!(
            "<details class=\"try\"><summary>Try it</summary>\n<form data-method=\"{}\" data-path=\"{}\" data-keyed=\"{}\">\n\
             {inputs}<button>Send</button>\n<output></output>\n</form></details>\n",
            escaped(self.method),
            escaped(self.path),
            self.is_keyed()
        )
    }
}

/// Something to read with its title; `code` is HTML already.
fn figure(title: &str, what: &str, code: &str) -> String {
    format!(
        "<figure><figcaption><b>{}</b> {}</figcaption><pre><code>{code}</code></pre></figure>\n",
        escaped(title),
        escaped(what)
    )
}
