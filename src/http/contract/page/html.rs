//! Text as HTML.

use serde_json::Value;

/// A text that shows as it is, in elements and in quoted attributes.
pub(super) fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            other => html.push(other),
        }
    }
    html
}

/// What an object is called in addresses.
pub(super) fn anchor(name: &str) -> String {
    format!("object-{}", escaped(name))
}

/// Paragraphs with `code` and **strong** words.
pub(super) fn prose(text: &str) -> String {
    let paragraphs = text.split("\n\n").map(str::trim).filter(|paragraph| !paragraph.is_empty());
    paragraphs.map(|paragraph| format!("<p>{}</p>", line(paragraph))).collect()
}

/// One line with `code` and **strong** words.
pub(super) fn line(text: &str) -> String {
    let marked = |text: &str, mark: &str, element: &str| {
        let parts = text.split(mark).enumerate();
        parts
            .map(
                |(position, part)| {
                    if position % 2 == 1 { format!("<{element}>{part}</{element}>") } else { part.to_owned() }
                },
            )
            .collect::<String>()
    };
    marked(&marked(&escaped(text), "`", "code"), "**", "strong")
}

/// JSON for reading, its names set apart.
pub(super) fn json(value: &Value) -> String {
    let pretty = serde_json::to_string_pretty(value).unwrap_or_default();
    pretty.lines().map(json_line).collect::<Vec<_>>().join("\n")
}

/// The same on one line, where that is one field: more would not fit beside the text.
pub(super) fn short_json(value: &Value) -> String {
    let shown = json(value);
    if shown.lines().count() > 3 { shown } else { shown.lines().map(str::trim_start).collect::<Vec<_>>().join(" ") }
}

fn json_line(line: &str) -> String {
    let bare = line.trim_start();
    let indent = &line[..line.len() - bare.len()];
    match bare.split_once("\": ") {
        Some((name, value)) if name.starts_with('"') => {
            format!("{indent}<span class=\"n\">{}&quot;</span>: {}", escaped(name), json_value(value))
        }
        _ => format!("{indent}{}", json_value(bare)),
    }
}

fn json_value(text: &str) -> String {
    let kind = match text.bytes().next() {
        Some(b'"') => "s",
        Some(b'{' | b'[' | b'}' | b']') | None => return escaped(text),
        Some(_) => "v",
    };
    let (value, comma) = text.strip_suffix(',').map_or((text, ""), |value| (value, ","));
    format!("<span class=\"{kind}\">{}</span>{comma}", escaped(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_becomes_an_element() {
        assert_eq!(line("a `<b>` & **\"c\"**"), "a <code>&lt;b&gt;</code> &amp; <strong>&quot;c&quot;</strong>");
        assert_eq!(prose("one\n\ntwo"), "<p>one</p><p>two</p>");
    }

    #[test]
    fn json_is_set_with_its_names_and_values_apart() {
        let shown = json(&serde_json::json!({ "a": "<x>", "b": [1, true] }));
        assert!(
            shown.contains("<span class=\"n\">&quot;a&quot;</span>: <span class=\"s\">&quot;&lt;x&gt;&quot;</span>,")
        );
        assert!(shown.contains("<span class=\"v\">1</span>,"));
    }
}
