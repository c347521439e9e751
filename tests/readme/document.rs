//! The README as this test reads it.

use crate::line::Line;

pub(crate) const README: &str = include_str!("../../README.md");

/// Where the demo's bridge and its simulator listen unless told otherwise.
pub(crate) const TILL_ADDRESS: &str = "127.0.0.1:7117";
pub(crate) const SIMULATOR_ADDRESS: &str = "127.0.0.1:7119";

/// The lines to paste, from every section between `<!-- tour -->` and `<!-- /tour -->`, in order.
pub(crate) fn tour() -> Vec<Line> {
    let sections = README.split("<!-- tour -->").skip(1).map(|rest| rest.split("<!-- /tour -->").next().unwrap());
    let lines: Vec<Line> = sections.flat_map(|section| blocks(section, "sh")).map(Line::read).collect();
    assert!(lines.len() > 20, "the tour's sections are not found any more");
    lines
}

/// The lines of every fenced block in this language.
pub(crate) fn blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("```{language}\n");
    let blocks = text.split(fence.as_str()).skip(1).map(|rest| rest.split("```").next().unwrap());
    blocks.flat_map(str::lines).collect()
}

/// The cells of the table whose first column has this title, without its head.
pub(crate) fn table(first_title: &str) -> Vec<Vec<String>> {
    let head = format!("| {first_title} |");
    let mut lines = README.lines().skip_while(|line| !line.starts_with(&head)).skip(2);
    let rows: Vec<_> = lines.by_ref().take_while(|line| line.starts_with('|')).map(cells).collect();
    assert!(!rows.is_empty(), "no table begins with {first_title}");
    rows
}

fn cells(row: &str) -> Vec<String> {
    row.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`').to_owned()).collect()
}
