//! Why a bridge does not start.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::certificates::CertificateError;
use crate::engine::Refusal;
use crate::journal::OpenError;
use crate::provider::SetupError;
use crate::push;

/// Why a bridge does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The journal cannot be used.
    #[error(transparent)]
    Journal(#[from] OpenError),
    /// A provider cannot be called with these settings.
    #[error(transparent)]
    Provider(#[from] SetupError),
    /// A till's results cannot be pushed to where they should be.
    #[error(transparent)]
    Push(#[from] push::SetupError),
    /// An address is taken or not this machine's.
    #[error(
        "{key} = \"{address}\" cannot be listened on ({source}); is another bridge running, or is the address not this machine's?"
    )]
    Listen {
        /// Which setting.
        key: &'static str,
        /// Its value.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The operator's socket cannot be made.
    #[error("the operator's socket {path} cannot be made: {source}")]
    Socket {
        /// Where it should be.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The tills' certificate cannot be used.
    #[error("server.tls_cert and server.tls_key: {0}")]
    Certificate(#[from] CertificateError),
    /// What was open before could not be read from the journal, or not be written to it.
    #[error(
        "{path} does not tell what was open before: {cause}; if this stays, keep a copy of it for analysis and restore the \
         latest backup"
    )]
    Recovery {
        /// The journal.
        path: PathBuf,
        /// What stood in the way.
        cause: Refusal,
    },
    /// The metrics cannot be collected.
    #[error("metrics cannot be collected: {0}")]
    Metrics(String),
}
