//! The listeners: the addresses of tills and providers, and the operator's socket.

use std::fs::Permissions;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::net::{TcpListener, UnixListener};

use super::StartError;
use super::wiring::verifiers;
use crate::certificates::{CertificateError, CertificateFiles, ServedCertificate};
use crate::config::{Configuration, Tls};
use crate::http::TlsListener;

/// Everything that is listened on.
pub(super) struct Listeners {
    pub(super) tills: Option<TcpListener>,
    /// With the certificate that it shows.
    pub(super) encrypted: Option<(TlsListener, Arc<ServedCertificate>)>,
    /// Open only where a callback could be genuine.
    pub(super) callbacks: Option<TcpListener>,
    pub(super) addresses: TillAddresses,
    pub(super) operators: UnixListener,
}

impl Listeners {
    pub(super) async fn open(configuration: &Configuration) -> Result<Self, StartError> {
        let mut addresses = TillAddresses { plain: None, encrypted: None };
        let mut tills = None;
        if let Some(address) = configuration.server.listen {
            let listener = listen("server.listen", address).await?;
            addresses.plain = Some(address_of(&listener, "server.listen", address)?);
            tills = Some(listener);
        }
        let mut encrypted = None;
        if let Some(tls) = &configuration.server.tls {
            let certificate = certificate(tls)?;
            let listener = listen("server.tls_listen", tls.listen).await?;
            addresses.encrypted = Some(address_of(&listener, "server.tls_listen", tls.listen)?);
            encrypted = Some((TlsListener::new(listener, certificate.server_config()?), certificate));
        }
        let callbacks = if verifiers(configuration).is_empty() {
            None
        } else {
            Some(listen("callbacks.listen", configuration.callbacks.listen).await?)
        };
        let operators = operator_socket(&configuration.database.operator_socket())?;
        Ok(Self { tills, encrypted, callbacks, addresses, operators })
    }

    /// Where the bridge can be reached over the network.
    pub(super) fn reachable(&self, callbacks: SocketAddr) -> Result<Vec<SocketAddr>, StartError> {
        let mut reachable: Vec<SocketAddr> =
            [self.addresses.plain, self.addresses.encrypted].into_iter().flatten().collect();
        if let Some(listener) = &self.callbacks {
            reachable.push(address_of(listener, "callbacks.listen", callbacks)?);
        }
        Ok(reachable)
    }
}

/// Where the tills call; at least one of both is there.
#[derive(Debug, Clone, Copy)]
pub(super) struct TillAddresses {
    pub(super) plain: Option<SocketAddr>,
    pub(super) encrypted: Option<SocketAddr>,
}

impl TillAddresses {
    /// One of them; the unencrypted one first.
    pub(super) fn any(self) -> SocketAddr {
        let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
        self.plain.or(self.encrypted).unwrap_or(nowhere)
    }
}

/// The tills' certificate, a fresh one where it ended soon and is the store's own.
fn certificate(tls: &Tls) -> Result<Arc<ServedCertificate>, CertificateError> {
    let files = CertificateFiles { certificate: tls.certificate.clone(), key: tls.key.clone() };
    let certificate = Arc::new(ServedCertificate::open(files)?);
    certificate.see_to_its_end(Timestamp::now());
    Ok(certificate)
}

async fn listen(key: &'static str, address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|source| StartError::Listen { key, address, source })
}

fn address_of(listener: &TcpListener, key: &'static str, address: SocketAddr) -> Result<SocketAddr, StartError> {
    listener.local_addr().map_err(|source| StartError::Listen { key, address, source })
}

/// The journal's lock is held already, so a socket that is still there belongs to a bridge that is gone.
fn operator_socket(path: &PathBuf) -> Result<UnixListener, StartError> {
    let failed = |source| StartError::Socket { path: path.clone(), source };
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let listener = UnixListener::bind(path).map_err(failed)?;
    std::fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(failed)?;
    Ok(listener)
}
