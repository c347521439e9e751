//! `ARCHITECTURE.md` against the tree: a room uses only the rooms that it may, every set of tests has its row, and what is
//! named is there.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

/// Each room, the rooms of ours that it may name, and the technologies that it may not.
const RULES: &[(&str, &[&str], &[&str])] = &[
    (
        "domain",
        &["domain"],
        &["tokio", "axum", "hyper", "sqlx", "reqwest", "tracing", "rand", "std::fs", "std::net::Tcp"],
    ),
    ("ports", &["domain", "ports"], &["tokio", "axum", "hyper", "sqlx", "reqwest"]),
    ("engine", &["domain", "ports", "engine"], &["axum", "hyper", "sqlx", "reqwest"]),
    ("journal", &["domain", "ports", "journal"], &["axum", "hyper", "reqwest"]),
    ("provider", &["domain", "ports", "outbound", "provider"], &["axum", "sqlx"]),
    ("push", &["domain", "ports", "outbound", "till", "push"], &["axum", "sqlx"]),
    ("outbound", &["outbound"], &["tokio", "axum", "hyper", "sqlx"]),
    ("till", &["domain", "ports", "till"], &["tokio", "axum", "sqlx", "reqwest"]),
    ("http", &["domain", "ports", "engine", "till", "http"], &["sqlx", "reqwest"]),
    ("simulator", &["simulator"], &["sqlx"]),
    ("certificates", &["certificates"], &["axum", "hyper", "sqlx", "reqwest"]),
    ("config", &["domain", "outbound", "provider", "config"], &["tokio", "axum", "hyper", "sqlx", "reqwest"]),
    ("telemetry", &["domain", "config", "telemetry"], &["axum", "hyper", "sqlx", "reqwest"]),
];

/// Begins like a module of ours and is none: what a device is called, and the configuration's file.
const NO_MODULES: &[&str] = &["provider/id", "config/pos-bridge.toml"];

#[test]
fn every_room_uses_only_what_it_may() {
    let source = root().join("src");
    let mut broken = Vec::new();
    for (room, allowed, forbidden) in RULES {
        let files = files_of(&source, room);
        assert!(!files.is_empty(), "the room {room} is gone; mend this table");
        for file in files {
            let text = fs::read_to_string(&file).unwrap();
            for (number, line) in text.lines().enumerate() {
                let code = line.trim_start();
                if code.starts_with("//") {
                    continue;
                }
                let strange_room = rooms_named_in(code).into_iter().find(|named| !allowed.contains(&named.as_str()));
                let strange_crate = forbidden.iter().find(|name| code.contains(&format!("{name}::")));
                if let Some(what) = strange_room.as_deref().or(strange_crate.copied()) {
                    broken.push(format!("{}:{}: {room} may not use {what}", file.display(), number + 1));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_set_of_tests_has_its_row() {
    let tests = map().split_once("\n## Tests\n").unwrap().1.to_owned();
    let rows: Vec<&str> = tests.lines().filter(|line| line.starts_with("| `")).collect();
    for entry in fs::read_dir(root().join("tests")).unwrap() {
        let name = format!("`tests/{}`", entry.unwrap().file_name().display());
        let has_row = rows.iter().any(|row| row.split(" | ").next().unwrap().contains(&name));
        assert!(has_row, "{name} has no row in the table of tests");
    }
}

#[test]
fn every_place_that_the_map_names_is_there() {
    let map = map();
    let folders = ["src", "tests", "docs", "migrations"];
    let places: Vec<&str> = map.split('`').filter(|text| begins_with_one_of(&folders, text)).collect();
    assert!(places.len() > 100, "only {} were found", places.len());
    for place in places {
        assert!(root().join(place).exists(), "there is no {place}");
    }
}

#[test]
fn every_module_that_the_map_names_is_there() {
    let map = map();
    let rooms = rooms();
    let rooms: Vec<&str> = rooms.iter().map(String::as_str).collect();
    let modules: Vec<&str> =
        map.split('`').filter(|text| begins_with_one_of(&rooms, text) && !NO_MODULES.contains(text)).collect();
    assert!(modules.len() > 20, "only {} were found", modules.len());
    for module in modules {
        let place = root().join("src").join(module);
        assert!(place.exists() || place.with_extension("rs").exists(), "there is no {module} in src");
    }
}

fn begins_with_one_of(names: &[&str], text: &str) -> bool {
    text.split_once('/').is_some_and(|(first, _)| names.contains(&first))
}

fn rooms() -> Vec<String> {
    let entries = fs::read_dir(root().join("src")).unwrap();
    entries.map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn map() -> String {
    fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap()
}

fn rooms_named_in(code: &str) -> Vec<String> {
    code.match_indices("crate::")
        .map(|(at, found)| code[at + found.len()..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect())
        .collect()
}

fn files_of(source: &Path, room: &str) -> Vec<PathBuf> {
    let single = source.join(format!("{room}.rs"));
    if single.exists() { vec![single] } else { files_below(&source.join(room)) }
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}
