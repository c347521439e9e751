//! Which till calls: by its key, or by an address that its profile trusts.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{guard, permission, too_many};
use crate::domain::directory::{Credentials, Directory, Till};
use crate::domain::identifiers::TillId;
use crate::http::capacity::Bodies;
use crate::http::connections::Peer;
use crate::http::respond::OfTill;
use crate::http::{TillApi, panics, respond};
use crate::till::format::Format;
use crate::till::problem::{Code, Problem};

/// The header of a key, for those who cannot write `Authorization`.
pub(super) const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
/// What a wrong key is told.
pub(in crate::http) const WRONG_KEY: &str =
    "this key is not one of a till; after `pos-bridge till add` or `till key` the bridge must be started again";
const CHALLENGE: HeaderValue = HeaderValue::from_static("Bearer realm=\"pos-bridge\"");

/// The till that a request was proven to come from.
#[derive(Debug, Clone)]
pub(in crate::http) struct Caller(pub(in crate::http) Till);

/// How the reply to a request is written: its till's profile counts where it is known.
pub(in crate::http) fn reply_format(request: &Request) -> Format {
    match request.extensions().get::<Caller>() {
        Some(Caller(till)) => respond::reply_format_for(request.headers(), &till.profile),
        None => respond::reply_format(request.headers()),
    }
}

/// A key as it was presented. It has no `Debug`: it must not reach a log.
struct Presented<'a> {
    key: std::borrow::Cow<'a, [u8]>,
    /// The till that it is said to be of; only Basic tells.
    till: Option<TillId>,
}

/// Why nobody is known to call.
enum Stranger {
    NoKey,
    /// The till is the one that it claims to be of, when it does.
    WrongKey(Option<TillId>),
    Browser,
}

/// What the tills' entrance needs.
pub(in crate::http) struct Entrance {
    pub(in crate::http) api: TillApi,
    pub(in crate::http) bodies: Bodies,
}

/// Lets a till in that is known, may do what it asks for, and does not ask too often, and hands its whole request on. One
/// layer for all of it: a till that waits keeps the space of every layer.
pub(in crate::http) async fn admit(
    State(entrance): State<Arc<Entrance>>,
    mut request: Request,
    next: Next,
) -> Response {
    match admitted(&entrance.api, &request) {
        Ok(till) => request.extensions_mut().insert(Caller(till)),
        Err(refusal) => return *refusal,
    };
    let format = reply_format(&request);
    // Boxed: a future that waits is as large as its largest part (docs/performance.md).
    let mut response = match Box::pin(entrance.bodies.read_whole(request)).await {
        Ok(request) => panics::caught(format, next.run(request)).await,
        Err(refusal) => refusal,
    };
    response.extensions_mut().insert(OfTill);
    response
}

/// Addresses are counted first, so that strangers are held too.
fn admitted(api: &TillApi, request: &Request) -> Result<Till, Box<Response>> {
    let peer = request.extensions().get::<Peer>().copied().unwrap_or_default();
    too_many::from_one_address(api, peer, request)?;
    let till = caller(api.engine.directory(), request.headers(), peer)
        .map_err(|stranger| Box::new(refused(api, &stranger, request.headers(), peer)))?;
    tracing::Span::current().record("till", till.id.as_str());
    too_many::of_one_till(api, till, request)?;
    permission::check(till, request)?;
    Ok(till.clone())
}

fn caller<'a>(directory: &'a Directory, headers: &HeaderMap, peer: Peer) -> Result<&'a Till, Stranger> {
    if headers.contains_key(AUTHORIZATION) || headers.contains_key(API_KEY) {
        let Some(presented) = presented(headers) else { return Err(Stranger::WrongKey(None)) };
        return by_key(directory, &presented).ok_or(Stranger::WrongKey(presented.till));
    }
    let address = peer.remote.map(|address| address.ip().to_canonical());
    let till = address.and_then(|address| by_address(directory, address)).ok_or(Stranger::NoKey)?;
    if guard::comes_from_browser(headers) { Err(Stranger::Browser) } else { Ok(till) }
}

fn refused(api: &TillApi, stranger: &Stranger, headers: &HeaderMap, peer: Peer) -> Response {
    let detail = match stranger {
        Stranger::NoKey => "send the till's key: Authorization: Bearer, X-Api-Key, or Basic with the till's id",
        Stranger::WrongKey(claimed) => {
            // Whoever puts a key where the till's id belongs must not find it in the log.
            let known = claimed.as_ref().and_then(|claimed| api.engine.directory().till(claimed));
            if let Some(till) = known {
                tracing::Span::current().record("claimed_till", till.id.as_str());
            }
            let address = peer.remote.map(|remote| remote.ip());
            let counted = address.map_or(Ok(()), |address| api.callers.guesses.wrong_key(address, Instant::now()));
            if let Err(locked) = counted {
                return too_many::refused(None, headers, "wrong keys from this address", locked);
            }
            WRONG_KEY
        }
        Stranger::Browser => {
            let detail = "a browser needs the till's key; an address alone is not enough";
            return respond::refused(headers, Problem::new(Code::Forbidden, detail));
        }
    };
    let mut response = respond::refused(headers, Problem::new(Code::Unauthorized, detail));
    response.headers_mut().insert(WWW_AUTHENTICATE, CHALLENGE);
    response
}

/// The key in the headers; `None` when there is none that can be read, more than one, or an empty one.
fn presented(headers: &HeaderMap) -> Option<Presented<'_>> {
    only_key(headers).filter(|presented| !presented.key.is_empty())
}

fn only_key(headers: &HeaderMap) -> Option<Presented<'_>> {
    let mut keys = headers.get_all(AUTHORIZATION).iter().chain(headers.get_all(API_KEY));
    if let (Some(_), Some(_)) = (keys.next(), keys.next()) {
        return None;
    }
    if let Some(key) = headers.get(API_KEY) {
        return Some(Presented { key: key.as_bytes().into(), till: None });
    }
    let (scheme, credentials) = respond::text_of(headers, &AUTHORIZATION)?.split_once(' ')?;
    let credentials = credentials.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        Some(Presented { key: credentials.as_bytes().into(), till: None })
    } else if scheme.eq_ignore_ascii_case("basic") {
        basic(credentials)
    } else {
        None
    }
}

fn basic(credentials: &str) -> Option<Presented<'static>> {
    let decoded = STANDARD.decode(credentials).ok()?;
    let colon = decoded.iter().position(|byte| *byte == b':')?;
    let till = TillId::new(std::str::from_utf8(&decoded[..colon]).ok()?).ok()?;
    Some(Presented { key: decoded[colon + 1..].to_vec().into(), till: Some(till) })
}

/// Compares with every till's hash, so that the time taken tells nothing.
fn by_key<'a>(directory: &'a Directory, presented: &Presented<'_>) -> Option<&'a Till> {
    let digest: [u8; 32] = Sha256::digest(&presented.key).into();
    let mut found = None;
    for till in &directory.tills {
        let Credentials { key_sha256, old_key_sha256, .. } = &till.credentials;
        let [now, before] =
            [key_sha256, old_key_sha256].map(|known| known.is_some_and(|known| known.ct_eq(&digest).into()));
        let same_key = now || before;
        let same_till = presented.till.as_ref().is_none_or(|id| *id == till.id);
        if same_key && same_till && found.is_none() {
            found = Some(till);
        }
    }
    found
}

/// The one till that trusts this address. When several do, the address does not tell which one calls.
fn by_address(directory: &Directory, address: IpAddr) -> Option<&Till> {
    let trusts = |till: &&Till| till.credentials.trusted_addresses.iter().any(|known| known.to_canonical() == address);
    let mut tills = directory.tills.iter().filter(trusts);
    match (tills.next(), tills.next()) {
        (Some(till), None) => Some(till),
        _ => None,
    }
}
