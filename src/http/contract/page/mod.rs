//! The contract as a page to read and to try. It asks nobody else for anything, and reads well without a script.

mod calls;
mod fields;
mod html;

use axum::body::Bytes;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest, Sha256};

use html::{anchor, escaped, prose};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// The page, and what its browser may do.
pub(super) struct Page {
    pub(super) html: Bytes,
    /// The `Content-Security-Policy`: this style and this script, and calls to this bridge.
    pub(super) policy: String,
}

/// The page of a contract.
pub(super) fn render(document: &Value) -> Page {
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>pos-bridge: the till API</title>\n\
         <link rel=\"icon\" href=\"data:,\">\n<style>{STYLE}</style>\n</head>\n<body>\n{sidebar}\n<main>\n{top}\n{calls}\n\
         {objects}\n{problems}\n</main>\n<script>{SCRIPT}</script>\n</body>\n</html>\n",
        sidebar = sidebar(document),
        top = top(document),
        calls = groups(document),
        objects = objects(document),
        problems = problems(document),
    );
    Page { html: html.into(), policy: policy() }
}

fn policy() -> String {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; connect-src 'self'; img-src data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}

/// The calls of a group: path, method, and the call itself.
fn calls_of<'a>(document: &'a Value, group: &str) -> Vec<(&'a str, &'a str, &'a Value)> {
    let paths = document["paths"].as_object().into_iter().flatten();
    let calls = paths.flat_map(|(path, methods)| {
        methods.as_object().into_iter().flatten().map(move |(method, call)| (path.as_str(), method.as_str(), call))
    });
    calls.filter(|(_, _, call)| call["tags"][0] == group).collect()
}

fn group_names(document: &Value) -> impl Iterator<Item = (&str, &str)> {
    document["tags"].as_array().into_iter().flatten().map(|tag| (word(&tag["name"]), word(&tag["description"])))
}

/// The text of a value that is one.
fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn sidebar(document: &Value) -> String {
    let mut links = String::new();
    for (group, _) in group_names(document) {
        links += &format!("<h2>{}</h2>\n<ul>\n", escaped(group));
        for (path, method, call) in calls_of(document, group) {
            links += &format!(
                "<li><a href=\"#{id}\"><b class=\"{method}\">{method}</b> {path}</a></li>\n",
                id = escaped(word(&call["operationId"])),
                path = escaped(path),
            );
        }
        links += "</ul>\n";
    }
    format!(
        "<nav>\n<a class=\"name\" href=\"#top\">pos-bridge</a>\n\
         <label class=\"key\">Till key, to try the calls<input id=\"key\" type=\"password\" autocomplete=\"off\" \
         placeholder=\"kept in this page only\"></label>\n{links}<h2>Reference</h2>\n<ul>\n\
         <li><a href=\"#objects\">Objects</a></li>\n<li><a href=\"#problems\">Problem codes</a></li>\n\
         <li><a href=\"/openapi.json\">openapi.json</a></li>\n</ul>\n</nav>"
    )
}

fn top(document: &Value) -> String {
    let info = &document["info"];
    format!(
        "<header id=\"top\">\n<h1>The till API</h1>\n<p class=\"lead\">{}</p>\n{}\n<p class=\"version\">Version {}</p>\n\
         </header>",
        escaped(word(&info["summary"])),
        prose(word(&info["description"])),
        escaped(word(&info["version"]))
    )
}

fn groups(document: &Value) -> String {
    let mut groups = String::new();
    for (group, description) in group_names(document) {
        groups += &format!("<section class=\"group\">\n<h2>{}</h2>\n{}\n", escaped(group), prose(description));
        for (path, method, call) in calls_of(document, group) {
            groups += &calls::article(document, path, method, call);
        }
        groups += "</section>\n";
    }
    groups
}

fn objects(document: &Value) -> String {
    let mut objects = String::from("<section class=\"group\" id=\"objects\">\n<h2>Objects</h2>\n");
    for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
        objects += &format!(
            "<article class=\"object\" id=\"{}\">\n<h3>{}</h3>\n{}\n{}</article>\n",
            anchor(name),
            escaped(name),
            prose(word(&schema["description"])),
            fields::of_object(document, schema, !name.ends_with("Request"))
        );
    }
    objects + "</section>"
}

fn problems(document: &Value) -> String {
    let mut rows = String::new();
    for (code, example) in document["components"]["examples"].as_object().into_iter().flatten() {
        let problem = &example["value"];
        rows += &format!(
            "<tr><td><code>{}</code></td><td>{}</td><td><code>{}</code></td><td>{}</td></tr>\n",
            escaped(code),
            problem["status"],
            escaped(word(&problem["retry"])),
            escaped(word(&example["summary"]))
        );
    }
    format!(
        "<section class=\"group\" id=\"problems\">\n<h2>Problem codes</h2>\n<p>Why something is refused. <code>detail</code> \
         in the reply tells what to do about it.</p>\n<div class=\"scroll\"><table class=\"codes\"><thead><tr><th>code</th>\
         <th>HTTP</th><th>retry</th><th></th></tr></thead><tbody>\n{rows}</tbody></table></div>\n</section>"
    )
}
