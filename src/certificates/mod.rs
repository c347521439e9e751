//! The tills' certificate: read, served, looked after; and a store's own authority, which makes it.
//!
//! A store has no name that a public authority would vouch for, so it can have an authority of its own: [`Authority`]
//! makes it and its certificate, [`renewal`] makes the next one in time. [`ServedCertificate`] is what the listener
//! shows, whoever made it, and takes up a new one without a restart.

mod authority;
mod facts;
mod files;
mod names;
pub mod renewal;
mod served;

use std::io;
use std::path::PathBuf;

pub use authority::Authority;
pub use facts::Facts;
pub use files::CertificateFiles;
pub use names::Names;
pub use served::ServedCertificate;

/// Why a certificate cannot be read or made; the message tells what to do.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file cannot be read.
    #[error("{path} cannot be read ({source}); check the path, and that the bridge's user may read it")]
    Read {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("{path} cannot be written ({source}); check that this user may write to its folder")]
    Write {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Root would write where a link leads.
    #[error("{folder} is a link; name the folder that it leads to")]
    Link {
        /// The link.
        folder: PathBuf,
    },
    /// A file that would be overwritten.
    #[error(
        "{path} is there already and stays as it is: run `pos-bridge tls renew --folder {}` for a new certificate of the \
         same authority, or name another --folder for a new authority, which every till must then trust anew",
        files::above(.path).display()
    )]
    Exists {
        /// Which.
        path: PathBuf,
    },
    /// A file holds something else.
    #[error("{path} holds no {what} in PEM that can be used ({cause}); check that it is the right file, and whole")]
    Unusable {
        /// Which.
        path: PathBuf,
        /// What should be there.
        what: &'static str,
        /// What is wrong with it. Never the key.
        cause: String,
    },
    /// Two files that do not belong together.
    #[error("the key in {key} is not the one of the certificate in {certificate}; take both from the same place")]
    OtherKey {
        /// The certificate.
        certificate: PathBuf,
        /// The key.
        key: PathBuf,
    },
    /// The certificate was made by somebody else.
    #[error(
        "{certificate} was not made by an authority whose key can be read beside it: put authority-key.pem back there, or \
         get a new certificate where it came from"
    )]
    NotOurs {
        /// The certificate.
        certificate: PathBuf,
    },
    /// The authority does not count yet, so this machine's clock is wrong, or was.
    #[error(
        "the authority in {authority} counts from {from} on only: set this machine's clock; if that is right, make a new \
         authority in another folder with `pos-bridge tls init`"
    )]
    AuthorityBegins {
        /// The authority.
        authority: PathBuf,
        /// From when on it counts.
        from: jiff::Timestamp,
    },
    /// The authority ends, and no certificate of it can last longer.
    #[error(
        "the authority in {authority} ends on {ends}; make a new one in another folder with `pos-bridge tls init`, and have \
         every till trust it before"
    )]
    AuthorityEnds {
        /// The authority.
        authority: PathBuf,
        /// Its last day.
        ends: jiff::civil::Date,
    },
    /// No certificate can be made for this.
    #[error("no certificate can be made: {0}")]
    Make(String),
}

impl From<rcgen::Error> for CertificateError {
    fn from(error: rcgen::Error) -> Self {
        Self::Make(error.to_string())
    }
}
