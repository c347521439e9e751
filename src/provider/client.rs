//! One HTTP exchange with a provider. Every setting here is what makes the meaning of its outcome true: what each
//! provider's `classify` concludes from it.

use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use jiff::Timestamp;
use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder, Response};
use url::Url;

use super::SetupError;
use super::clock;
use crate::outbound::{self, describe, is_loopback};

/// The longest reply that is read.
pub(super) const REPLY_MAX: usize = 1024 * 1024;
/// The longest page of payments that is read: a hundred of them, each with its receipts, come close to a megabyte.
pub(super) const PAGE_MAX: usize = 8 * REPLY_MAX;
/// A rush leaves as many connections behind as it had calls under way at once, and each keeps its buffers.
const IDLE_CONNECTIONS: usize = 64;
const IDLE_CONNECTION_KEPT: Duration = Duration::from_secs(30);
const CONNECT_MAX: Duration = Duration::from_secs(5);
const RETRY_AFTER_MAX: Duration = Duration::from_secs(3600);

const USER_AGENT: &str = concat!("pos-bridge/", env!("CARGO_PKG_VERSION"), " (payment bridge for store tills)");

/// Which connection carries a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Connection {
    /// A new one for this call alone, so that an error while connecting proves that nothing was sent.
    SingleUse,
    /// One that is kept for later calls.
    Pooled,
}

/// What became of one exchange.
#[derive(Debug)]
pub(super) enum Exchanged {
    /// A whole reply came.
    Replied(Reply),
    /// No connection: no byte of the call was written.
    NotConnected(String),
    /// It broke off somewhere in between.
    Broken(String),
}

/// A whole reply.
#[derive(Debug, Clone, Default)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) date: Option<Timestamp>,
    pub(super) retry_after: Option<Duration>,
    /// Dintero's number of a refund that was accepted but is not done yet.
    pub(super) event_request_id: Option<String>,
    pub(super) body: Bytes,
}

/// The connections to a provider.
#[derive(Debug)]
pub(super) struct Client {
    provider: &'static str,
    single_use: reqwest::Client,
    pooled: reqwest::Client,
}

impl Client {
    /// `headers` go with every call; `addresses` are all that will be called, each with the key that sets it.
    pub(super) fn new(
        provider: &'static str,
        headers: HeaderMap,
        addresses: &[(&'static str, &Url)],
        request_timeout: Duration,
    ) -> Result<Self, SetupError> {
        let mut plain_http = false;
        for (key, url) in addresses {
            plain_http |= !is_encrypted(provider, key, url)?;
        }
        let builder = || {
            outbound::client()
                .user_agent(USER_AGENT)
                .default_headers(headers.clone())
                .https_only(!plain_http)
                .connect_timeout(CONNECT_MAX.min(request_timeout / 2))
                .read_timeout(request_timeout)
                .timeout(request_timeout)
        };
        let failed = |error: reqwest::Error| SetupError::Client(describe(&error));
        Ok(Self {
            provider,
            single_use: builder().pool_max_idle_per_host(0).build().map_err(failed)?,
            pooled: builder()
                .pool_max_idle_per_host(IDLE_CONNECTIONS)
                .pool_idle_timeout(IDLE_CONNECTION_KEPT)
                .build()
                .map_err(failed)?,
        })
    }

    /// A request that is not sent yet.
    pub(super) fn request(&self, connection: Connection, method: Method, url: Url) -> RequestBuilder {
        match connection {
            Connection::SingleUse => self.single_use.request(method, url),
            Connection::Pooled => self.pooled.request(method, url),
        }
    }

    /// Sends a request, once, and reads the whole reply. `call` names it in the log and the metrics.
    pub(super) async fn exchange(&self, call: &'static str, request: RequestBuilder, longest: usize) -> Exchanged {
        let started = Instant::now();
        let (exchanged, request_id) = match request.send().await {
            Ok(response) => {
                let request_id = header(response.headers(), "request-id").map(str::to_owned);
                (read(response, longest).await, request_id)
            }
            Err(error) if error.is_connect() || error.is_builder() => (Exchanged::NotConnected(describe(&error)), None),
            Err(error) => (Exchanged::Broken(describe(&error)), None),
        };
        self.report(call, &exchanged, request_id.as_deref(), started.elapsed());
        exchanged
    }

    /// Never a body, a token or a secret: only what is needed to follow a call at the provider's support.
    fn report(&self, call: &'static str, exchanged: &Exchanged, request_id: Option<&str>, took: Duration) {
        let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let result = match exchanged {
            Exchanged::Replied(Reply { status: 200..=299, .. }) => "ok",
            Exchanged::Replied(Reply { status: 400..=499, .. }) => "refused",
            Exchanged::Replied(_) => "failed",
            Exchanged::NotConnected(_) => "not_sent",
            Exchanged::Broken(_) => "no_answer",
        };
        match exchanged {
            Exchanged::Replied(reply) => {
                let event_request_id = reply.event_request_id.as_deref();
                tracing::debug!(
                    provider = self.provider,
                    call,
                    status = reply.status,
                    duration_ms,
                    request_id,
                    event_request_id,
                    "called the provider"
                );
            }
            Exchanged::NotConnected(cause) | Exchanged::Broken(cause) => {
                tracing::info!(
                    provider = self.provider,
                    call,
                    result,
                    cause,
                    duration_ms,
                    "called the provider without a usable reply"
                );
            }
        }
        metrics::counter!("pos_bridge_provider_calls_total", "provider" => self.provider, "call" => call, "result" => result)
            .increment(1);
        metrics::histogram!("pos_bridge_provider_call_seconds", "provider" => self.provider, "call" => call)
            .record(took);
    }
}

async fn read(mut response: Response, longest: usize) -> Exchanged {
    let headers = response.headers();
    let mut reply = Reply {
        status: response.status().as_u16(),
        date: header(headers, "date").and_then(parse_date),
        retry_after: header(headers, "retry-after").and_then(parse_retry_after),
        event_request_id: header(headers, "event-request-id").map(str::to_owned),
        body: Bytes::new(),
    };
    let mut body = BytesMut::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > longest => {
                return Exchanged::Broken(format!(
                    "the reply (status {}) is longer than {longest} bytes",
                    reply.status
                ));
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => break,
            Err(error) => {
                let cause = describe(&error);
                return Exchanged::Broken(format!("the reply (status {}) broke off: {cause}", reply.status));
            }
        }
    }
    reply.body = body.freeze();
    Exchanged::Replied(reply)
}

/// The address with more path segments, each percent-encoded.
pub(super) fn under(base: &Url, segments: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}

/// Whether calls to this address are encrypted; plain HTTP is for the simulator on this machine alone.
fn is_encrypted(section: &'static str, key: &'static str, url: &Url) -> Result<bool, SetupError> {
    match url.scheme() {
        "https" => Ok(true),
        "http" if is_loopback(url) => Ok(false),
        _ => Err(SetupError::Url { section, key, url: url.to_string() }),
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn parse_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok().filter(clock::is_plausible)
}

/// Whole seconds, as Dintero documents them; Dojo documents none.
fn parse_retry_after(text: &str) -> Option<Duration> {
    text.trim().parse().ok().map(|seconds| Duration::from_secs(seconds).min(RETRY_AFTER_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_called_without_encryption() {
        let encrypted = |url: &str| is_encrypted("dintero", "api_url", &Url::parse(url).unwrap());
        assert!(encrypted("https://api.dintero.com/v1").unwrap());
        for local in ["http://127.0.0.1:9/v1", "http://[::1]:9/v1", "http://localhost/v1"] {
            assert!(!encrypted(local).unwrap(), "{local}");
        }
        for bad in ["http://api.dintero.com/v1", "http://10.0.0.1/v1", "ftp://127.0.0.1/", "http://localhost.evil/"] {
            assert!(encrypted(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn dates_and_waits_are_read_and_bounded() {
        let date = parse_date("Fri, 20 Nov 2026 09:37:11 GMT").unwrap();
        assert_eq!(date.to_string(), "2026-11-20T09:37:11Z");
        assert_eq!(parse_date("yesterday"), None);
        assert_eq!(parse_date("Thu, 01 Jan 1970 00:00:00 GMT"), None);
        assert_eq!(parse_retry_after("7"), Some(Duration::from_secs(7)));
        assert_eq!(parse_retry_after("99999999"), Some(RETRY_AFTER_MAX));
        assert_eq!(parse_retry_after("soon"), None);
    }

    #[test]
    fn segments_are_encoded_and_a_trailing_slash_does_not_matter() {
        for base in ["https://checkout.dintero.com/v1", "https://checkout.dintero.com/v1/"] {
            let url = under(&Url::parse(base).unwrap(), &["sessions", "T1.a/b?c"]);
            assert_eq!(url.as_str(), "https://checkout.dintero.com/v1/sessions/T1.a%2Fb%3Fc");
        }
    }
}
