//! The files of a certificate: where they lie, and how they are written.

use std::ffi::OsStr;
use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Mode, OFlags, openat, renameat, unlinkat};
use rustix::io::Errno;
use rustix::process::geteuid;

use super::CertificateError;

/// For its owner alone.
pub(super) const SECRET: Mode = Mode::RUSR.union(Mode::WUSR);
/// For everybody to read.
pub(super) const PUBLIC: Mode = SECRET.union(Mode::RGRP).union(Mode::ROTH);

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

    /// Where they lie.
    #[must_use]
    pub fn folder(&self) -> &Path {
        above(&self.certificate)
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

/// Makes the folder of the files, for its owner alone, and opens it.
pub(super) fn make_folder(folder: &Path) -> Result<File, CertificateError> {
    let failed = |source| CertificateError::Write { path: folder.to_owned(), source };
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    let made = open_folder(folder)?;
    std::fs::metadata(above(folder)).and_then(|above| give(&made, &above)).map_err(failed)?;
    Ok(made)
}

pub(super) fn read(path: &Path) -> Result<String, CertificateError> {
    std::fs::read_to_string(path).map_err(|source| CertificateError::Read { path: path.to_owned(), source })
}

/// Writes files into this folder that must not be there yet: all of them or, when one cannot be written, none.
pub(super) fn create_all(folder: &File, files: &[(PathBuf, String, Mode)]) -> Result<(), CertificateError> {
    for (place, (path, text, mode)) in files.iter().enumerate() {
        if let Err(error) = create(folder, path, text, *mode) {
            // What cannot be removed either is told when it is in the way.
            files[..place].iter().for_each(|(made, ..)| drop(remove(folder, name(made))));
            return Err(error);
        }
    }
    Ok(())
}

fn create(folder: &File, path: &Path, text: &str, mode: Mode) -> Result<(), CertificateError> {
    write_new(folder, name(path), text, mode).map_err(|source| match source.kind() {
        ErrorKind::AlreadyExists => CertificateError::Exists { path: path.to_owned() },
        _ => CertificateError::Write { path: path.to_owned(), source },
    })
}

/// Puts a file in the place of another, so that whoever reads it finds one of them whole.
pub(super) fn replace(path: &Path, text: &str, mode: Mode) -> Result<(), CertificateError> {
    let folder = open_folder(above(path))?;
    let mut beside = name(path).to_owned();
    beside.push(".new");
    let replaced = remove(&folder, &beside)
        .and_then(|()| write_new(&folder, &beside, text, mode))
        .and_then(|()| Ok(renameat(&folder, beside.as_os_str(), &folder, name(path))?));
    replaced.map_err(|source| CertificateError::Write { path: path.to_owned(), source })
}

/// Opens a folder to write into it, whatever is put in its place meanwhile. Root follows no link there: the folder is in
/// another user's hands, who could lead it anywhere.
fn open_folder(folder: &Path) -> Result<File, CertificateError> {
    let mut flags = OFlags::DIRECTORY;
    if geteuid().is_root() {
        if folder.is_symlink() {
            return Err(CertificateError::Link { folder: folder.to_owned() });
        }
        flags |= OFlags::NOFOLLOW;
    }
    let opened = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(folder);
    opened.map_err(|source| CertificateError::Write { path: folder.to_owned(), source })
}

/// Writes a file that is not there, neither as a link; whole, or none is left.
fn write_new(folder: &File, name: &OsStr, text: &str, mode: Mode) -> io::Result<()> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    let mut file = File::from(openat(folder, name, flags, mode)?);
    let written =
        file.write_all(text.as_bytes()).and_then(|()| give(&file, &folder.metadata()?)).and_then(|()| file.sync_all());
    written.or_else(|error| remove(folder, name).and(Err(error)))
}

/// Removes what a renewal left that was cut off, or somebody else put there.
fn remove(folder: &File, name: &OsStr) -> io::Result<()> {
    match unlinkat(folder, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// What root makes must be readable by the bridge, which does not run as root: it belongs to whoever the folder above it
/// belongs to, which is the service's user for a folder below its own.
fn give(made: &File, above: &Metadata) -> io::Result<()> {
    if geteuid().is_root() { fchown(made, Some(above.uid()), Some(above.gid())) } else { Ok(()) }
}

/// The folder that this lies in.
pub(super) fn above(path: &Path) -> &Path {
    path.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn name(path: &Path) -> &OsStr {
    path.file_name().unwrap_or_default()
}
