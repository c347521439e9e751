//! The documents as this test reads them.

use crate::line::Line;

/// A page of the project, and where it lies.
pub(crate) struct Document {
    /// Below the project's folder.
    pub(crate) path: &'static str,
    pub(crate) text: &'static str,
}

macro_rules! document {
    ($path:literal) => {
        Document { path: $path, text: include_str!(concat!("../../", $path)) }
    };
}

pub(crate) const README: Document = document!("README.md");
pub(crate) const TILL_API: Document = document!("docs/till-api.md");
pub(crate) const SIMULATOR: Document = document!("docs/simulator.md");
pub(crate) const SETUP: Document = document!("docs/setup.md");
pub(crate) const OPERATING: Document = document!("docs/operating.md");

/// Those for people who use the program.
pub(crate) const FOR_USERS: [Document; 5] = [README, TILL_API, SIMULATOR, SETUP, OPERATING];

/// Where the demo's bridge and its simulator listen unless told otherwise.
pub(crate) const TILL_ADDRESS: &str = "127.0.0.1:7117";
pub(crate) const SIMULATOR_ADDRESS: &str = "127.0.0.1:7119";

/// The lines to paste, from every section between `<!-- tour -->` and `<!-- /tour -->`, page by page, in order.
pub(crate) fn tour() -> Vec<Line> {
    let pages = [README, TILL_API, SIMULATOR];
    let sections = pages.iter().flat_map(|page| page.text.split("<!-- tour -->").skip(1));
    let sections = sections.map(|rest| rest.split("<!-- /tour -->").next().unwrap());
    let lines: Vec<Line> = sections.flat_map(|section| blocks(section, "sh")).map(Line::read).collect();
    assert!(lines.len() > 40, "the tour's sections are not found any more");
    lines
}

/// The lines of every fenced block in this language.
pub(crate) fn blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("```{language}\n");
    let blocks = text.split(fence.as_str()).skip(1).map(|rest| rest.split("```").next().unwrap());
    blocks.flat_map(str::lines).collect()
}

impl Document {
    /// The cells of the table whose first column has this title, without its head.
    pub(crate) fn table(&self, first_title: &str) -> Vec<Vec<String>> {
        let head = format!("| {first_title} |");
        let mut lines = self.text.lines().skip_while(|line| !line.starts_with(&head)).skip(2);
        let rows: Vec<_> = lines.by_ref().take_while(|line| line.starts_with('|')).map(cells).collect();
        assert!(!rows.is_empty(), "no table of {} begins with {first_title}", self.path);
        rows
    }
}

fn cells(row: &str) -> Vec<String> {
    row.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`').to_owned()).collect()
}
