//! Secrets that stand in a file of their own: systemd's `LoadCredential`, Docker's and Kubernetes' secrets.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::PermissionsExt;

use secrecy::SecretString;
use secrecy::zeroize::Zeroize;

/// No secret of ours is longer; a larger file is the wrong file.
const BYTES_MAX: u64 = 4096;

/// What Windows writes before a text in UTF-8, and nobody sees.
pub(super) const BYTE_ORDER_MARK: char = '\u{feff}';

/// A secret that was read from a file.
pub(super) struct FoundSecret {
    /// The secret, without the newline at its end.
    pub(super) secret: SecretString,
    /// Every user of this machine may read the file.
    pub(super) readable_by_others: bool,
}

/// Reads a secret; the error tells what to do and never what the file holds.
pub(super) fn read(path: &str) -> Result<FoundSecret, String> {
    let failed = |error: std::io::Error| {
        let advice = match error.kind() {
            ErrorKind::InvalidData => "save it as UTF-8",
            _ => "check the path and its owner",
        };
        format!("{path:?} cannot be read ({error}); {advice}")
    };
    let file = File::open(path).map_err(failed)?;
    let readable_by_others = readable_by_others(&file);
    let mut text = String::new();
    file.take(BYTES_MAX + 1).read_to_string(&mut text).map_err(failed)?;
    let fits = text.len() as u64 <= BYTES_MAX;
    let marked = text.as_str();
    let line = marked.strip_prefix(BYTE_ORDER_MARK).unwrap_or(marked);
    let line = line.strip_suffix('\n').map_or(line, |line| line.strip_suffix('\r').unwrap_or(line));
    let result = if !fits || line.contains('\n') {
        Err(format!("{path:?} must hold the secret alone, on one line"))
    } else if line.is_empty() {
        Err(format!("{path:?} is empty: write the secret into it"))
    } else {
        Ok(FoundSecret { secret: SecretString::from(line), readable_by_others })
    };
    text.zeroize();
    result
}

/// Every user of this machine may read the file.
pub(super) fn readable_by_others(file: &File) -> bool {
    file.metadata().is_ok_and(|metadata| metadata.permissions().mode() & 0o007 != 0)
}
