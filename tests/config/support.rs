//! A configuration that is right, to be made wrong in one place.

use std::path::{Path, PathBuf};

use pos_bridge::config::{Configuration, ConfigurationErrors, load};
use tempfile::TempDir;

/// The SHA-256 of nothing in particular.
pub(crate) const KEY: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
/// Another one.
pub(crate) const OTHER_KEY: &str = "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752";
/// What must never be shown.
pub(crate) const SECRET: &str = "canary-secret-000123";

/// A whole configuration that is right.
pub(crate) fn good() -> String {
    format!(
        r#"
[server]
listen = "127.0.0.1:7117"

[callbacks]
listen = "127.0.0.1:7118"

[dintero]
account_id = "T12345678"
client_id = "client"
client_secret = "{SECRET}"
profile_id = "T12345678.46dP6T4F1mUXYPeYKYc5Gj"

[[stores]]
id = "oslo-center"
payout_destination_id = "seller-1"
currency = "NOK"
time_zone = "Europe/Oslo"

[[terminals]]
name = "front"
provider = "dintero"
store = "oslo-center"
terminal_id = "T0292"

[[terminals]]
name = "back"
provider = "dintero"
store = "oslo-center"
terminal_id = "T0293"

[[tills]]
id = "till-1"
terminal = "front"
key_sha256 = "{KEY}"

[[tills]]
id = "till-2"
terminal = "back"
trusted_addresses = ["127.0.0.1"]
"#
    )
}

/// The same with one text replaced everywhere; it must be there.
pub(crate) fn with(from: &str, to: &str) -> String {
    let text = good();
    assert!(text.contains(from), "the good configuration holds no {from:?}");
    text.replace(from, to)
}

/// A file in a directory of its own that goes away with it.
pub(crate) fn file(text: &str) -> (TempDir, PathBuf) {
    let directory = TempDir::new().expect("a temporary directory");
    let path = directory.path().join("pos-bridge.toml");
    std::fs::write(&path, text).expect("a file");
    for_its_owner_alone(&path);
    (directory, path)
}

#[cfg(unix)]
fn for_its_owner_alone(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).expect("permissions");
}

#[cfg(not(unix))]
fn for_its_owner_alone(_path: &Path) {}

/// Loads this text with these variables.
pub(crate) fn load_with(text: &str, variables: &[(&str, &str)]) -> Result<Configuration, ConfigurationErrors> {
    let (_directory, path) = file(text);
    load(Some(&path), variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
}

/// The keys that are named as wrong, in order.
pub(crate) fn wrong_keys(text: &str) -> Vec<String> {
    let errors = load_with(text, &[]).err().map(|errors| errors.0).unwrap_or_default();
    assert!(errors.iter().all(|mistake| !mistake.message.contains(SECRET)), "a secret is shown: {errors:?}");
    errors.into_iter().map(|mistake| mistake.key).collect()
}
