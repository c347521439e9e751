//! `[database]`

use std::path::PathBuf;

use serde_json::Value;

use super::section::{Section, text};
use super::settings::Database;

/// The operating system's limit for the path of a Unix socket, less the ending that the operator's socket adds.
const PATH_BYTES_MAX: usize = 107 - ".sock".len();

pub(super) fn read(mut section: Section<'_>) -> Option<Database> {
    let path = section.read("url", Some(PathBuf::from("data/pos-bridge.db")), path);
    section.finish();
    Some(Database { path: path? })
}

fn path(value: &Value) -> Result<PathBuf, String> {
    let url = text(value)?;
    let path = url
        .strip_prefix("sqlite://")
        .or_else(|| url.strip_prefix("sqlite:"))
        .ok_or("must begin with sqlite://, such as sqlite://data/pos-bridge.db")?;
    if path.is_empty() || path.starts_with(":memory:") || path.ends_with('/') {
        return Err("must name a file on a local disk, such as sqlite://data/pos-bridge.db".to_owned());
    }
    if path.contains(['?', '#', '%', '\0']) {
        return Err("must be a plain path without ?, # and %; there are no options".to_owned());
    }
    if path.len() > PATH_BYTES_MAX {
        return Err(format!("must be at most {PATH_BYTES_MAX} bytes long: the operator's socket stands next to it"));
    }
    Ok(PathBuf::from(path))
}
