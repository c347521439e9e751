//! Every link of every document leads somewhere, and so does every document that the program names.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::document::README;

/// Where documents lie.
const SHELVES: [&str; 3] = ["", "docs", "examples"];
/// Where documents are named beside those.
const NAMING: [&str; 7] = ["src", "tests", "benches", "config", "deploy", "fuzz/run", "Dockerfile"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn documents() -> Vec<PathBuf> {
    let shelves = SHELVES.iter().flat_map(|shelf| fs::read_dir(root().join(shelf)).unwrap());
    let paths = shelves.map(|entry| entry.unwrap().path());
    paths.filter(|path| is_document(path)).collect()
}

fn is_document(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "md")
}

/// The lines that are no program's.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut fenced = false;
    text.lines().filter(move |line| {
        let is_fence = line.starts_with("```");
        fenced ^= is_fence;
        !fenced && !is_fence
    })
}

/// Where the links of a text lead, but those to elsewhere in the world.
fn links(text: &str) -> Vec<String> {
    let prose = prose(text).collect::<Vec<_>>().join("\n");
    let targets = prose.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets.filter(|target| !target.starts_with("https://")).map(str::to_owned).collect()
}

/// The addresses of a text's headings, as GitHub makes them: what comes again gets a number.
fn anchors(text: &str) -> Vec<String> {
    let mut seen = HashMap::new();
    let headings = prose(text).filter(|line| line.starts_with('#')).map(anchor);
    let numbered = headings.map(|anchor| {
        let times = seen.entry(anchor.clone()).and_modify(|times| *times += 1).or_insert(0);
        if *times == 0 { anchor } else { format!("{anchor}-{times}") }
    });
    numbered.collect()
}

fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    text.chars()
        .filter(|character| character.is_alphanumeric() || [' ', '-', '_'].contains(character))
        .map(|character| if character == ' ' { '-' } else { character })
        .collect()
}

/// What is wrong with a link of this document, if anything is.
fn mistake(document: &Path, link: &str) -> Option<String> {
    let (file, place) = link.split_once('#').map_or((link, None), |(file, place)| (file, Some(place)));
    let target = if file.is_empty() { document.to_owned() } else { document.parent().unwrap().join(file) };
    let leads = match place {
        None => target.exists(),
        Some(place) => fs::read_to_string(&target).is_ok_and(|text| anchors(&text).iter().any(|one| one == place)),
    };
    (!leads).then(|| format!("{}: nothing at {link}", document.display()))
}

#[test]
fn every_link_leads_somewhere() {
    let mut followed = 0;
    let mut mistakes = Vec::new();
    for document in documents() {
        let links = links(&fs::read_to_string(&document).unwrap());
        followed += links.len();
        mistakes.extend(links.iter().filter_map(|link| mistake(&document, link)));
    }
    assert!(followed > 100, "only {followed} links were found");
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
}

#[test]
fn every_page_is_led_to_by_the_readme() {
    let led_to: Vec<PathBuf> = links(README.text).iter().map(|link| root().join(link)).collect();
    for document in documents().iter().filter(|document| document.starts_with(root().join("docs"))) {
        assert!(led_to.contains(document), "the README does not lead to {}", document.display());
    }
}

/// What a program, a comment or a configuration tells its reader to look at.
#[test]
fn every_document_that_is_named_is_there() {
    let mut named = 0;
    for file in NAMING.iter().flat_map(|place| files_below(&root().join(place))) {
        let Ok(text) = fs::read_to_string(&file) else { continue };
        let words = text.split(|letter: char| !(letter.is_alphanumeric() || "./-_".contains(letter)));
        let names = words.map(|word| word.trim_end_matches('.'));
        for name in names.filter(|name| is_document(Path::new(name))) {
            let is_there = [root(), file.parent().unwrap()].iter().any(|from| from.join(name).exists());
            assert!(is_there, "{}: there is no {name}", file.display());
            named += 1;
        }
    }
    assert!(named > 10, "only {named} were found");
}

fn files_below(place: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(place) else { return vec![place.to_owned()] };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}
