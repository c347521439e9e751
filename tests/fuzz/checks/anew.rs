//! A sale written anew, as a till would that speaks another dialect: amounts in minor units, everything else as it is.

use std::fmt::Write;

use pos_bridge::domain::directory::Dialect;
use pos_bridge::domain::request::{Decimal, Item, Naming, SaleRequest};

/// What any dialect can hold.
enum Node {
    Text(String),
    /// A number, `true` or `false`, as it is written.
    Bare(String),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

/// The sale in each dialect that can say it: a form and XML have no spelling for some names of metadata.
pub(super) fn every_way(request: &SaleRequest) -> Vec<(Dialect, String)> {
    let document = Node::Object(members(request));
    let mut all = vec![(Dialect::Json, json(&document))];
    let names = || request.details.metadata.iter().map(|(name, _)| name);
    if !names().any(|name| name.contains(['.', '['])) {
        let mut form = form_urlencoded::Serializer::new(String::new());
        pairs("", &document, &mut |name, text| {
            form.append_pair(name, text);
        });
        all.push((Dialect::Form, form.finish()));
    }
    if names().next().is_none() {
        all.push((Dialect::Xml, format!("<sale>{}</sale>", xml(&document))));
    }
    all
}

fn members(request: &SaleRequest) -> Vec<(String, Node)> {
    let details = &request.details;
    let naming = match &request.naming {
        Naming::Reference(reference) => ("reference", text(reference.as_str())),
        Naming::Unnamed { force } => ("force", Node::Bare(force.to_string())),
    };
    let items = details.items.iter().map(|item| Node::Object(line(item))).collect();
    let metadata = details.metadata.iter().map(|(name, value)| (name.clone(), text(value))).collect();
    named([
        Some(naming),
        Some(("amount", Node::Bare(request.money.amount.minor().to_string()))),
        Some(("currency", text(request.money.currency.code()))),
        request.terminal.as_ref().map(|terminal| ("terminal", text(terminal.as_str()))),
        details.operator.as_deref().map(|name| ("operator", text(name))),
        details.description.as_deref().map(|words| ("description", text(words))),
        (!details.items.is_empty()).then_some(("items", Node::List(items))),
        (!details.metadata.is_empty()).then_some(("metadata", Node::Object(metadata))),
    ])
}

fn line(item: &Item) -> Vec<(String, Node)> {
    let decimal = |decimal: &Decimal| Node::Bare(decimal.as_str().to_owned());
    named([
        Some(("id", text(&item.id))),
        Some(("line_id", text(&item.line_id))),
        item.description.as_deref().map(|words| ("description", text(words))),
        item.quantity.as_ref().map(|number| ("quantity", decimal(number))),
        Some(("amount", Node::Bare(item.amount.to_string()))),
        item.vat_amount.map(|amount| ("vat_amount", Node::Bare(amount.to_string()))),
        item.vat.as_ref().map(|number| ("vat", decimal(number))),
    ])
}

fn named<const N: usize>(members: [Option<(&str, Node)>; N]) -> Vec<(String, Node)> {
    members.into_iter().flatten().map(|(name, node)| (name.to_owned(), node)).collect()
}

fn text(text: &str) -> Node {
    Node::Text(text.to_owned())
}

fn json(node: &Node) -> String {
    let quoted = |text: &str| serde_json::to_string(text).unwrap();
    match node {
        Node::Text(text) => quoted(text),
        Node::Bare(text) => text.clone(),
        Node::List(elements) => format!("[{}]", elements.iter().map(json).collect::<Vec<_>>().join(",")),
        Node::Object(members) => {
            let member = |(name, node): &(String, Node)| format!("{}:{}", quoted(name), json(node));
            format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(","))
        }
    }
}

fn pairs(path: &str, node: &Node, put: &mut impl FnMut(&str, &str)) {
    match node {
        Node::Text(text) | Node::Bare(text) => put(path, text),
        Node::List(elements) => {
            elements.iter().enumerate().for_each(|(index, node)| pairs(&format!("{path}[{index}]"), node, put));
        }
        Node::Object(members) => members.iter().for_each(|(name, node)| {
            let place = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            pairs(&place, node, put);
        }),
    }
}

fn xml(node: &Node) -> String {
    let mut document = String::new();
    let mut put = |name: &str, node: &Node| write!(document, "<{name}>{}</{name}>", xml(node)).unwrap();
    match node {
        Node::Text(text) | Node::Bare(text) => {
            return text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        }
        Node::List(elements) => elements.iter().for_each(|node| put("item", node)),
        Node::Object(members) => members.iter().for_each(|(name, node)| put(name, node)),
    }
    document
}
