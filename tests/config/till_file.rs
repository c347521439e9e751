//! `pos-bridge till`: keys are made, hashes are stored, and the rest of the file stays as it is.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use clap::Parser;
use pos_bridge::cli::{Arguments, CommandError, Exit};
use pos_bridge::config::load;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::support::{KEY, good};

/// A configuration as people write it, in a folder of its own.
struct File {
    _folder: TempDir,
    path: PathBuf,
}

impl File {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pos-bridge.toml");
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).unwrap();
        Self { _folder: folder, path }
    }

    fn text(&self) -> String {
        std::fs::read_to_string(&self.path).unwrap()
    }

    fn mode(&self) -> u32 {
        std::fs::metadata(&self.path).unwrap().permissions().mode() & 0o777
    }

    /// Runs `pos-bridge till ...` on it, and returns what it printed.
    async fn till(&self, line: &[&str]) -> Result<String, CommandError> {
        let path = self.path.to_str().unwrap();
        let arguments = Arguments::try_parse_from([&["pos-bridge", "--config", path, "till"], line].concat()).unwrap();
        let mut output = Vec::new();
        assert_eq!(arguments.run(&mut output).await?, Exit::Success);
        Ok(String::from_utf8(output).unwrap())
    }

    async fn json(&self, line: &[&str]) -> Value {
        serde_json::from_str(&self.till(&[line, &["--json"]].concat()).await.unwrap()).unwrap()
    }

    /// What came of a command that must fail; the file is as it was.
    async fn refused(&self, line: &[&str]) -> String {
        let before = self.text();
        let error = self.till(line).await.expect_err("refused").to_string();
        assert_eq!(self.text(), before);
        error
    }
}

fn sha256(key: &str) -> [u8; 32] {
    Sha256::digest(key).into()
}

fn key_in(printed: &str) -> String {
    printed.lines().find_map(|line| line.trim().strip_prefix("pbk_")).map(|rest| format!("pbk_{rest}")).unwrap()
}

fn hash_of(path: &Path, till: &str) -> Option<[u8; 32]> {
    let configuration = load(Some(path), std::iter::empty()).unwrap();
    configuration.directory.tills.iter().find(|known| known.id.as_str() == till).unwrap().credentials.key_sha256
}

#[tokio::test]
async fn a_new_till_has_a_key_that_stands_nowhere_but_on_the_screen() {
    let file = File::new(&good());
    let printed = file.till(&["add", "till-9", "--terminal", "front", "--scope", "pay,status"]).await.unwrap();
    let key = key_in(&printed);
    assert_eq!(key.len(), 68);
    assert!(printed.contains("restart the bridge"), "{printed}");
    assert!(!file.text().contains(&key[4..]));
    assert_eq!(hash_of(&file.path, "till-9"), Some(sha256(&key)));
    let configuration = load(Some(&file.path), std::iter::empty()).unwrap();
    let scopes = configuration.directory.tills.last().unwrap().profile.scopes;
    assert_eq!((scopes.pay, scopes.refund, scopes.status), (true, false, true));

    let other = file.json(&["add", "till-10", "--terminal", "front"]).await;
    assert_ne!(other["key"], Value::from(key));
    assert_eq!(other["till"], "till-10");
}

#[tokio::test]
async fn the_rest_of_the_file_and_its_mode_stay_as_they_are() {
    let before = format!("# Ours.\n{}\n# The end.", good().replace("[server]", "[server] # where\n# why"));
    let file = File::new(&before);
    file.till(&["add", "till-9", "--terminal", "front"]).await.unwrap();
    let after = file.text();
    let added: Vec<&str> = after.lines().filter(|line| !before.lines().any(|known| known == *line)).collect();
    assert_eq!(added.len(), 2, "id and key_sha256: {added:?}");
    let kept: Vec<&str> = before.lines().filter(|line| !line.is_empty()).collect();
    let mut rest = after.lines();
    for line in kept {
        assert!(rest.any(|found| found == line), "{line:?} is lost or moved:\n{after}");
    }
    assert_eq!(file.mode(), 0o640);
    let beside = std::fs::read_dir(file.path.parent().unwrap()).unwrap().count();
    assert_eq!(beside, 1, "nothing is left beside it");
}

#[tokio::test]
async fn a_new_key_takes_the_place_of_the_old_one_and_nothing_else() {
    let file = File::new(&good().replace(&format!("\"{KEY}\""), &format!("\"{KEY}\" # since spring")));
    let (before, id) = (file.text(), listed(&file).await[0]["id"].as_str().unwrap().to_owned());
    let key = key_in(&file.till(&["key", &id]).await.unwrap());
    assert_eq!(hash_of(&file.path, &id), Some(sha256(&key)));
    let hash: String = sha256(&key).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(file.text(), before.replace(KEY, &hash));
}

#[tokio::test]
async fn a_till_that_was_known_by_its_address_can_get_a_key() {
    let file = File::new(&good().replace(&format!("key_sha256 = \"{KEY}\""), "trusted_addresses = [\"10.0.0.7\"]"));
    let id = listed(&file).await[0]["id"].as_str().unwrap().to_owned();
    let key = key_in(&file.till(&["key", &id]).await.unwrap());
    assert_eq!(hash_of(&file.path, &id), Some(sha256(&key)));
}

#[tokio::test]
async fn a_file_from_windows_stays_one() {
    let file = File::new(&format!("\u{feff}# Ours.\r\n{}", good().replace('\n', "\r\n")));
    let before = file.text();
    let key = key_in(&file.till(&["key", "till-1"]).await.unwrap());
    let hash: String = sha256(&key).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(file.text(), before.replace(KEY, &hash));
    file.till(&["add", "till-9", "--terminal", "front"]).await.unwrap();
    assert!(file.text().lines().count() > before.lines().count());
    assert_eq!(file.text().matches('\n').count(), file.text().matches("\r\n").count());
}

/// One line that was pasted in by Windows makes no such file of it.
#[tokio::test]
async fn a_file_with_a_line_from_windows_is_not_made_one_from_windows() {
    let file = File::new(&format!("# Ours.\r\n{}", good()));
    file.till(&["add", "till-9", "--terminal", "front"]).await.unwrap();
    assert!(file.text().matches("\r\n").count() <= 1, "{:?}", file.text());
}

/// A till goes on with the old key until somebody has put the new one into it.
#[tokio::test]
async fn a_key_is_changed_without_a_pause() {
    let file = File::new(&good());
    let id = listed(&file).await[0]["id"].as_str().unwrap().to_owned();
    let keys = || {
        let configuration = load(Some(&file.path), std::iter::empty()).unwrap();
        let credentials = configuration.directory.tills[0].credentials.clone();
        (credentials.key_sha256, credentials.old_key_sha256)
    };
    let before = keys().0;
    let key = key_in(&file.till(&["key", &id, "--keep-old"]).await.unwrap());
    assert_eq!(keys(), (Some(sha256(&key)), before));
    assert!(file.till(&["list"]).await.unwrap().contains("known by its key, its old key"));
    assert!(file.till(&["end-old-key", &id]).await.unwrap().contains("Restart the bridge"));
    assert_eq!(keys(), (Some(sha256(&key)), None));

    file.till(&["key", &id, "--keep-old"]).await.unwrap();
    let last = key_in(&file.till(&["key", &id]).await.unwrap());
    assert_eq!(keys(), (Some(sha256(&last)), None), "a key that somebody saw ends at once");
}

async fn listed(file: &File) -> Vec<Value> {
    file.json(&["list"]).await["tills"].as_array().unwrap().clone()
}

#[tokio::test]
async fn the_list_shows_how_each_till_is_known_and_no_hash() {
    let file = File::new(&good());
    file.till(&["add", "till-9", "--terminal", "front", "--scope", "refund"]).await.unwrap();
    let last = listed(&file).await.pop().unwrap();
    let expected = serde_json::json!({
        "id": "till-9", "terminal": "front", "scopes": ["refund"], "key": true, "old_key": false,
        "trusted_addresses": [],
    });
    assert_eq!(last, expected);
    let printed = file.till(&["list"]).await.unwrap();
    assert!(printed.contains("till-9  on front  may refund  known by its key\n"), "{printed}");
    assert!(!printed.contains(KEY) && !printed.contains("sha256"), "{printed}");
}

#[tokio::test]
async fn what_would_be_wrong_is_refused_and_nothing_is_written() {
    let file = File::new(&good());
    let known = listed(&file).await[0]["id"].as_str().unwrap().to_owned();
    for (line, words) in [
        (&["add", &known, "--terminal", "front"][..], "already"),
        (&["add", "till-9", "--terminal", "attic"], "the file knows: front"),
        (&["key", "nobody"], "no till nobody"),
        (&["add", "till-9", "--terminal", "front", "--scope", "unlinked_refund"], "\"refund\" beside it"),
        (
            &["add", "till-9", "--terminal", "front", "--scope", "refund,unlinked_refund"],
            "tills[2].unlinked_refund_max_per_day: must be more than 0",
        ),
    ] {
        let error = file.refused(line).await;
        assert!(error.contains(words), "{error}");
    }
    let error = file.refused(&["add", "till-9", "--terminal", "front", "--scope", "unlinked_refund"]).await;
    assert!(error.starts_with("nothing was written, because no bridge would start with it: "), "{error}");
    std::fs::set_permissions(&file.path, PermissionsExt::from_mode(0o440)).unwrap();
    let error = file.refused(&["add", "till-9", "--terminal", "front"]).await;
    assert!(error.contains("read-only"), "{error}");
    assert_eq!(file.mode(), 0o440);
}

#[tokio::test]
async fn a_till_that_may_give_money_back_without_a_sale_is_added_with_its_limit() {
    let file = File::new(&good());
    let line = ["add", "till-9", "--terminal", "front", "--scope", "refund,unlinked_refund"];
    file.till(&[&line[..], &["--unlinked-refund-max-per-day", "50000"]].concat()).await.unwrap();
    let configuration = load(Some(&file.path), std::iter::empty()).unwrap();
    let profile = &configuration.directory.tills.last().unwrap().profile;
    assert!(profile.scopes.unlinked_refund);
    assert_eq!(profile.refund_limits.unlinked_per_day, Some(50_000));
}

/// A shop that is being set up: the secret comes later, and from elsewhere.
#[tokio::test]
async fn what_was_wrong_before_is_no_hindrance() {
    let file = File::new(&good().replace("client_secret", "client_secre"));
    file.till(&["add", "till-9", "--terminal", "front"]).await.expect("the till is right");
    let error = file.refused(&["add", "till-10", "--terminal", "front", "--scope", "refund,unlinked_refund"]).await;
    assert!(error.contains("unlinked_refund_max_per_day") && !error.contains("client_secre"), "{error}");
}

/// `till add` without `--config` in a folder of the sources finds the example.
#[tokio::test]
async fn the_example_is_not_taken_for_a_configuration() {
    let example = File::new(include_str!("../../config/pos-bridge.toml"));
    for line in [&["add", "till-9", "--terminal", "front"][..], &["key", "till-1"], &["end-old-key", "till-1"]] {
        let error = example.refused(line).await;
        assert!(error.contains("pos-bridge.toml is not filled in") && error.contains("--config"), "{error}");
    }
    example.till(&["list"]).await.expect("it may be read");
    let first = File::new(&good().replace(&format!("key_sha256 = \"{KEY}\""), "key_sha256 = \"...\""));
    first.till(&["key", "till-1"]).await.expect("a till may wait for its key");
}

#[tokio::test]
async fn it_is_said_which_file_is_meant() {
    let file = File::new(&good());
    let path = file.path.canonicalize().unwrap();
    for line in
        [&["add", "till-9", "--terminal", "front"][..], &["key", "till-9"], &["end-old-key", "till-9"], &["list"]]
    {
        let printed = file.till(line).await.unwrap();
        assert!(printed.starts_with(&format!("Configuration: {}\n", path.display())), "{printed}");
    }
    std::fs::remove_file(&file.path).unwrap();
    let error = file.till(&["add", "till-9", "--terminal", "front"]).await.expect_err("no file").to_string();
    assert!(error.contains(file.path.to_str().unwrap()) && error.contains("--config"), "{error}");
}

#[tokio::test]
async fn a_file_in_another_form_is_left_alone() {
    let error = File::new("tills = [{ id = \"till-1\" }]\n").refused(&["add", "till-9", "--terminal", "front"]).await;
    assert!(error.contains("[[tills]]"), "{error}");
    let error = File::new("client_secret = \"canary\nx").refused(&["list"]).await;
    assert!(error.contains("no valid TOML") && !error.contains("canary"), "{error}");
}

#[tokio::test]
async fn the_first_till_of_a_file_is_added_below_everything_else() {
    let text = good();
    let file = File::new(text.split("[[tills]]").next().unwrap());
    let key = key_in(&file.till(&["add", "till-9", "--terminal", "front"]).await.unwrap());
    assert_eq!(hash_of(&file.path, "till-9"), Some(sha256(&key)));
}

#[tokio::test]
async fn a_link_to_the_file_stays_a_link() {
    let file = File::new(&good());
    let link = file.path.with_file_name("link.toml");
    std::os::unix::fs::symlink(&file.path, &link).unwrap();
    let linked = File { _folder: tempfile::tempdir().unwrap(), path: link.clone() };
    linked.till(&["add", "till-9", "--terminal", "front"]).await.unwrap();
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(file.text().contains("till-9"));
}
