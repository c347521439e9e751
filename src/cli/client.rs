//! One HTTP call of a bridge, over the network or over the operator's socket.

use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::header::ACCEPT;
use reqwest::{Certificate, Client, ClientBuilder, Method, RequestBuilder, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use crate::config::ConfigurationErrors;
use crate::outbound;

/// How long the bridge may take beyond the wait that it was asked for.
const PATIENCE: Duration = Duration::from_secs(15);
/// No honest answer of a bridge to one of these commands is larger.
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;

/// How rustls begins to say that it does not trust a certificate.
const UNTRUSTED: &str = "invalid peer certificate";

/// Why a command has no usable answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nothing listens there.
    #[error("no bridge answers at {place}; is `pos-bridge serve` running, and is the address right? ({cause})")]
    Unreachable {
        /// Where it was looked for.
        place: String,
        /// What happened.
        cause: String,
    },
    /// Nobody who is trusted here vouches for it.
    #[error(
        "the certificate of the bridge at {place} is not trusted here ({cause}); name the store's authority, which \
         `pos-bridge tls init` made: --ca authority.pem, or TILL_CA"
    )]
    Untrusted {
        /// Who was asked.
        place: String,
        /// What is wrong with it.
        cause: String,
    },
    /// The file of the authority is missing or holds none.
    #[error("the authority {file} cannot be read: {cause}; see --ca and TILL_CA")]
    Authority {
        /// Which file.
        file: String,
        /// What happened.
        cause: String,
    },
    /// The socket belongs to somebody else.
    #[error("the bridge's socket {place} cannot be opened ({cause}); run this as the service's user or as root")]
    NotAllowed {
        /// Where the socket is.
        place: String,
        /// What happened.
        cause: String,
    },
    /// The bridge was reached, and then the answer failed to come.
    #[error(
        "the bridge at {place} gave no answer ({cause}). The request may have been taken: ask with `pos-bridge status` \
         or repeat it with the same reference, which cannot charge twice. Never take a new reference for it"
    )]
    NoAnswer {
        /// Who was asked.
        place: String,
        /// What happened.
        cause: String,
    },
    /// Something answered that is no bridge.
    #[error("what answers at {0} is no bridge; check the address")]
    NotABridge(String),
    /// The configuration does not tell where the operator's socket is.
    #[error(transparent)]
    Configuration(#[from] ConfigurationErrors),
    /// The request could not be made.
    #[error("the request cannot be made: {0}")]
    Request(String),
    /// The answer cannot be printed.
    #[error("the answer cannot be printed: {0}")]
    Output(#[from] std::io::Error),
}

/// A bridge.
pub(super) struct Bridge {
    client: Client,
    base: Url,
    place: String,
    by_socket: bool,
    key: Option<SecretString>,
}

/// What a bridge answered.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Value,
}

impl Bridge {
    /// The bridge at this address, called as the till with this key; this authority may vouch for it too.
    pub(super) fn at(url: &Url, key: Option<SecretString>, authority: Option<&Path>) -> Result<Self, ClientError> {
        let mut base = url.clone();
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", url.path()));
        }
        let trusted = authority.map(certificates).transpose()?.unwrap_or_default();
        let client = built(outbound::client().tls_certs_merge(trusted))?;
        Ok(Self { client, base, place: url.to_string(), by_socket: false, key })
    }

    /// The bridge behind this operator's socket.
    pub(super) fn behind(socket: PathBuf) -> Result<Self, ClientError> {
        let place = socket.display().to_string();
        let base = Url::parse("http://localhost/").map_err(|error| ClientError::Request(error.to_string()))?;
        Ok(Self { client: built(outbound::client().unix_socket(socket))?, base, place, by_socket: true, key: None })
    }

    pub(super) async fn get(&self, path: &[&str], wait: u32) -> Result<Answer, ClientError> {
        self.call(self.client.get(self.address(path, wait)?), wait).await
    }

    pub(super) async fn post(&self, path: &[&str], body: &Value, wait: u32) -> Result<Answer, ClientError> {
        self.call(self.client.request(Method::POST, self.address(path, 0)?).json(body), wait).await
    }

    /// A reference may hold any printable character: it is one segment, escaped.
    fn address(&self, path: &[&str], wait: u32) -> Result<Url, ClientError> {
        let mut url = self.base.clone();
        url.path_segments_mut()
            .map_err(|()| ClientError::Request("the address must begin with http:// or https://".to_owned()))?
            .pop_if_empty()
            .extend(path);
        if wait > 0 {
            url.query_pairs_mut().append_pair("wait", &wait.to_string());
        }
        Ok(url)
    }

    async fn call(&self, request: RequestBuilder, wait: u32) -> Result<Answer, ClientError> {
        let request = match &self.key {
            Some(key) => request.bearer_auth(key.expose_secret()),
            None => request,
        };
        let request = request.header(ACCEPT, "application/json; charset=utf-8");
        let timeout = PATIENCE + Duration::from_secs(u64::from(wait));
        let response = request.timeout(timeout).send().await.map_err(|error| self.failed(&error))?;
        let status = response.status();
        let body = self.body(response).await?;
        Ok(Answer { status, body })
    }

    async fn body(&self, mut response: reqwest::Response) -> Result<Value, ClientError> {
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.failed(&error))? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > ANSWER_BYTES_MAX {
                return Err(ClientError::NotABridge(self.place.clone()));
            }
        }
        if bytes.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&bytes).map_err(|_| ClientError::NotABridge(self.place.clone()))
    }

    fn failed(&self, error: &reqwest::Error) -> ClientError {
        let (place, cause) = (self.place.clone(), root_cause(error));
        if error.is_builder() {
            ClientError::Request(cause)
        } else if self.by_socket && is_denied(error) {
            ClientError::NotAllowed { place, cause }
        } else if cause.starts_with(UNTRUSTED) {
            ClientError::Untrusted { place, cause }
        } else if error.is_connect() {
            ClientError::Unreachable { place, cause }
        } else {
            ClientError::NoAnswer { place, cause }
        }
    }
}

fn certificates(file: &Path) -> Result<Vec<Certificate>, ClientError> {
    let unreadable = |cause: String| ClientError::Authority { file: file.display().to_string(), cause };
    let pem = std::fs::read(file).map_err(|error| unreadable(error.to_string()))?;
    let certificates = Certificate::from_pem_bundle(&pem).map_err(|error| unreadable(root_cause(&error)))?;
    if certificates.is_empty() { Err(unreadable("it holds no certificate".to_owned())) } else { Ok(certificates) }
}

fn built(builder: ClientBuilder) -> Result<Client, ClientError> {
    builder.connect_timeout(Duration::from_secs(5)).build().map_err(|error| ClientError::Request(root_cause(&error)))
}

/// An address of a bridge, as it is typed.
pub(super) fn bridge_url(text: &str) -> Result<Url, String> {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(url),
        Ok(_) | Err(url::ParseError::RelativeUrlWithoutBase) => {
            Err("must begin with http://, as in http://127.0.0.1:7117".to_owned())
        }
        Err(error) => Err(format!("is no web address ({error}); write it as http://127.0.0.1:7117")),
    }
}

/// The system does not let this user open the socket.
fn is_denied(error: &(dyn std::error::Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| error.source())
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|cause| cause.kind() == std::io::ErrorKind::PermissionDenied)
}

fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
