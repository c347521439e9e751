//! The files of a certificate: where they lie, and how they are written.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, chown};
use std::path::{Path, PathBuf};

use rustix::process::geteuid;

use super::CertificateError;

/// For its owner alone.
pub(super) const SECRET: u32 = 0o600;
/// For everybody to read.
pub(super) const PUBLIC: u32 = 0o644;

/// Where a certificate and its key lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The certificate, and behind it those that lead to its authority, in PEM.
    pub certificate: PathBuf,
    /// Its private key in PEM.
    pub key: PathBuf,
}

impl CertificateFiles {
    /// The files that `pos-bridge tls init` makes in a folder.
    #[must_use]
    pub fn in_folder(folder: &Path) -> Self {
        Self { certificate: folder.join("server.pem"), key: folder.join("server-key.pem") }
    }

    /// Where the store's own authority would lie: beside the certificate.
    #[must_use]
    pub fn authority(&self) -> PathBuf {
        self.certificate.with_file_name("authority.pem")
    }

    /// Where its private key would lie. Whoever has it can pass for the bridge.
    #[must_use]
    pub fn authority_key(&self) -> PathBuf {
        self.certificate.with_file_name("authority-key.pem")
    }
}

/// Makes the folder of the files, for its owner alone.
pub(super) fn make_folder(folder: &Path) -> Result<(), CertificateError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.and_then(|()| give_to_the_owner_of_the_folder(folder))
        .map_err(|source| CertificateError::Write { path: folder.to_owned(), source })
}

pub(super) fn read(path: &Path) -> Result<String, CertificateError> {
    std::fs::read_to_string(path).map_err(|source| CertificateError::Read { path: path.to_owned(), source })
}

/// Writes a file that must not be there yet.
pub(super) fn create(path: &Path, text: &str, mode: u32) -> Result<(), CertificateError> {
    let made = OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
    let written = made.and_then(|file| write_durably(file, text));
    written.and_then(|()| give_to_the_owner_of_the_folder(path)).map_err(|source| match source.kind() {
        ErrorKind::AlreadyExists => CertificateError::Exists { path: path.to_owned() },
        _ => CertificateError::Write { path: path.to_owned(), source },
    })
}

/// Puts a file in the place of another, so that whoever reads it finds one of them whole.
pub(super) fn replace(path: &Path, text: &str, mode: u32) -> Result<(), CertificateError> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let replaced = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(mode)
        .open(&beside)
        .and_then(|file| write_durably(file, text))
        .and_then(|()| give_to_the_owner_of_the_folder(beside.as_ref()))
        .and_then(|()| std::fs::rename(&beside, path));
    replaced.map_err(|source| CertificateError::Write { path: path.to_owned(), source })
}

fn write_durably(mut file: File, text: &str) -> io::Result<()> {
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// What root makes must be readable by the bridge, which does not run as root: it belongs to whoever the folder above it
/// belongs to, which is the service's user for a folder below its own.
fn give_to_the_owner_of_the_folder(path: &Path) -> io::Result<()> {
    if !geteuid().is_root() {
        return Ok(());
    }
    let above = path.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let owner = std::fs::metadata(above)?;
    chown(path, Some(owner.uid()), Some(owner.gid()))
}
