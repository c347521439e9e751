//! `docs/failures.md` against the tests: every failure is there, and what is claimed is shown by a test that says so.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

/// How many failures there are of each kind: sales, refunds, cancels, and those of Dojo alone.
const KINDS: [(char, usize); 4] = [('P', 41), ('R', 15), ('C', 8), ('D', 13)];

/// A row of the document.
struct Row {
    number: String,
    shown_by: String,
}

impl Row {
    /// `tests/bridge/pay.rs::p1_…`, as file and name.
    fn tests(&self) -> Vec<(&str, &str)> {
        let quoted = self.shown_by.split('`').skip(1).step_by(2);
        quoted
            .map(|test| test.split_once("::").unwrap_or_else(|| panic!("{}: file::test, not {test}", self.number)))
            .collect()
    }

    fn mistakes(&self) -> Vec<String> {
        let tests = self.tests();
        let mut mistakes = Vec::new();
        let mut named = false;
        for (file, name) in &tests {
            match Test::find(file, name) {
                Some(test) => named |= test.bears(&self.number),
                None => mistakes.push(format!("{}: there is no test {file}::{name}", self.number)),
            }
        }
        if !named {
            mistakes.push(format!("{}: none of its tests bears this number", self.number));
        }
        mistakes
    }
}

/// A test of this project.
struct Test {
    name: String,
    /// Its doc comment and attributes.
    head: String,
}

impl Test {
    fn find(file: &str, name: &str) -> Option<Self> {
        assert!(file.starts_with("tests/") || file.starts_with("src/"), "{file}");
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).ok()?;
        let (before, _) = text.split_once(&format!("fn {name}("))?;
        let head: Vec<&str> = before
            .lines()
            .rev()
            .skip(usize::from(!before.ends_with('\n')))
            .map(str::trim)
            .take_while(|line| line.starts_with("///") || line.starts_with("#["))
            .collect();
        let test = Self { name: name.to_owned(), head: head.join("\n") };
        ["test]", "test("].iter().any(|mark| test.head.contains(mark)).then_some(test)
    }

    /// Its name begins with the number, or its doc comment has it.
    fn bears(&self, number: &str) -> bool {
        self.name.starts_with(&format!("{}_", number.to_lowercase()))
            || self.head.split(|character: char| !character.is_alphanumeric()).any(|word| word == number)
    }
}

fn rows() -> Vec<Row> {
    let document = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/failures.md")).unwrap();
    let cells = document.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    let rows = cells.map(|row| row.split(" | ").collect::<Vec<_>>()).filter(|row| is_number(row[0]));
    rows.map(|row| {
        assert_eq!(row.len(), 4, "{}: number, failure, behaviour, tests", row[0]);
        Row { number: row[0].to_owned(), shown_by: row[3].to_owned() }
    })
    .collect()
}

fn is_number(text: &str) -> bool {
    KINDS.iter().any(|(kind, _)| text.strip_prefix(*kind).is_some_and(|rest| rest.parse::<usize>().is_ok()))
}

#[test]
fn every_failure_has_its_row() {
    let wanted = KINDS.iter().flat_map(|(kind, count)| (1..=*count).map(move |number| format!("{kind}{number}")));
    let found: Vec<String> = rows().into_iter().map(|row| row.number).collect();
    assert_eq!(found, wanted.collect::<Vec<_>>());
}

#[test]
fn every_row_is_shown_by_tests_that_exist_and_bear_its_number() {
    let mistakes: Vec<String> = rows().iter().flat_map(Row::mistakes).collect();
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
}
