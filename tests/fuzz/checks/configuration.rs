//! Bytes as a configuration file: it is taken whole, or every mistake names its key and shows no secret.

use std::cell::LazyCell;
use std::path::PathBuf;

use pos_bridge::config::{Configuration, load, load_database};
use tempfile::TempDir;

use super::Verdict;

/// Stands in the kept files where a secret does.
const SECRET: &str = "canary-secret-000123";
/// The keys that it stands under there. Under others chance has put it, and a name is no secret.
const SECRET_KEYS: [&str; 3] = ["client_secret", "callback_secret", "api_key"];

thread_local! {
    static FOLDER: LazyCell<TempDir> = LazyCell::new(|| tempfile::tempdir().unwrap());
}

pub(crate) fn check(bytes: &[u8]) -> Verdict {
    let path = FOLDER.with(|folder| folder.path().join("pos-bridge.toml"));
    std::fs::write(&path, bytes).unwrap();
    for_its_owner_alone(&path);
    let database = load_database(Some(&path), std::iter::empty());
    match load(Some(&path), std::iter::empty()) {
        Ok(configuration) => {
            assert!(database.is_ok(), "what is right as a whole is right in part");
            hangs_together(&configuration);
            Verdict::Taken
        }
        Err(errors) => {
            assert!(!errors.0.is_empty(), "a refusal has a reason");
            let is_secret = stands_as_a_secret(&String::from_utf8_lossy(bytes));
            for mistake in &errors.0 {
                assert!(!mistake.key.is_empty() && !mistake.message.is_empty(), "{mistake:?}");
                assert!(!is_secret || !mistake.message.contains(SECRET), "a secret is shown: {mistake:?}");
            }
            Verdict::Refused
        }
    }
}

fn stands_as_a_secret(text: &str) -> bool {
    let mut lines = text.lines().filter(|line| line.contains(SECRET));
    lines.all(|line| SECRET_KEYS.iter().any(|key| line.trim_start().starts_with(key)))
}

/// Every name leads to something, and there is a provider for each terminal.
fn hangs_together(configuration: &Configuration) {
    let directory = &configuration.directory;
    for terminal in &directory.terminals {
        assert!(directory.store(&terminal.store).is_some(), "a terminal without a store: {}", terminal.name);
    }
    for till in &directory.tills {
        let named = [&till.terminal].into_iter().chain(&till.terminals).chain(&till.profile.terminal_pool);
        assert!(
            named.into_iter().all(|name| directory.terminal(name).is_some()),
            "a till without a terminal: {}",
            till.id
        );
        assert!(till.profile.wait_seconds <= till.profile.wait_seconds_max, "it waits longer than it may: {}", till.id);
    }
    assert!(configuration.dintero.is_some() || configuration.dojo.is_some(), "nobody takes the money");
}

#[cfg(unix)]
fn for_its_owner_alone(path: &PathBuf) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

#[cfg(not(unix))]
fn for_its_owner_alone(_: &PathBuf) {}
