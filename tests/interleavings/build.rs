//! Takes the program's own files and puts shuttle's locks where the standard library's are. Nothing else is changed.

use std::path::Path;
use std::{env, fs};

const SWAPPED: [(&str, &str); 3] = [
    ("use std::sync::", "use shuttle::sync::"),
    ("use tokio::sync::Notify;", "use crate::notify::Notify;"),
    ("pub(super) ", "pub(crate) "),
];

fn main() {
    let engine = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../src/engine");
    let target = env::var("OUT_DIR").expect("cargo sets it");
    for file in ["lines.rs", "readers.rs"] {
        let source = engine.join(file);
        println!("cargo::rerun-if-changed={}", source.display());
        let text = fs::read_to_string(&source).unwrap_or_else(|error| panic!("{}: {error}", source.display()));
        let (code, _) = text.split_once("#[cfg(test)]").expect("its own tests stand last");
        let code = code.lines().filter(|line| !line.starts_with("//!")).collect::<Vec<_>>().join("\n");
        let swapped = SWAPPED.iter().fold(code, |code, (from, to)| {
            assert!(code.contains(from), "{file} has no `{from}` any more: mend this table");
            code.replace(from, to)
        });
        fs::write(Path::new(&target).join(file), swapped).expect("cargo made the folder");
    }
    println!("cargo::rerun-if-changed=build.rs");
}
