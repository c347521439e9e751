//! Refuses callers that call too often.
//!
//! Calls about one operation (`/pay/{reference}` and what is below it) are counted apart from the others: who may not
//! begin anything for a moment still learns what became of its sale. So are those that do something to it, so that who asks
//! too often can still stop it.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request};
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::response::Response;

use super::guesses::Guesses;
use super::rate::Rate;
use crate::domain::directory::Till;
use crate::domain::identifiers::TillId;
use crate::http::connections::Peer;
use crate::http::{TillApi, respond};
use crate::till::problem::{Code, Problem};

/// What is known of those who called lately.
#[derive(Debug, Clone, Default)]
pub struct Callers {
    tills: Rate<(TillId, About)>,
    addresses: Rate<(IpAddr, About)>,
    pub(super) guesses: Guesses,
}

/// What a call is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum About {
    /// Where one operation stands.
    ReadsOne,
    /// Its cancel, its signature, its acknowledgement.
    ActsOnOne,
    AnythingElse,
}

impl About {
    fn of(request: &Request) -> Self {
        let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
        let is_of_one = ["/pay/", "/refund/"].iter().any(|resource| route.starts_with(resource));
        match (is_of_one, request.method() == Method::POST) {
            (true, false) => Self::ReadsOne,
            (true, true) => Self::ActsOnOne,
            (false, _) => Self::AnythingElse,
        }
    }
}

/// Holds every address to its number of requests.
pub(super) fn from_one_address(api: &TillApi, peer: Peer, request: &Request) -> Result<(), Box<Response>> {
    let limit = api.settings.limits.requests_per_minute_per_address;
    let (Some(per_minute), Some(remote)) = (limit, peer.remote) else { return Ok(()) };
    let caller = (remote.ip().to_canonical(), About::of(request));
    let taken = api.callers.addresses.take(caller, per_minute, Instant::now());
    taken.map_err(|wait| Box::new(refused(None, request.headers(), "requests from this address", wait)))
}

/// Holds every till to its number of requests.
pub(super) fn of_one_till(api: &TillApi, till: &Till, request: &Request) -> Result<(), Box<Response>> {
    let Some(per_minute) = till.profile.requests_per_minute else { return Ok(()) };
    let caller = (till.id.clone(), About::of(request));
    let taken = api.callers.tills.take(caller, per_minute, Instant::now());
    taken.map_err(|wait| Box::new(refused(Some(till), request.headers(), "requests of this till", wait)))
}

/// Too many of what `what` says; trying again makes sense after `wait`.
pub(super) fn refused(till: Option<&Till>, headers: &HeaderMap, what: &str, wait: Duration) -> Response {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    let problem = Problem::new(Code::RateLimited, format!("too many {what}; wait {seconds} seconds"));
    let mut response = match till {
        Some(till) => respond::refused_to(till, headers, problem),
        None => respond::refused(headers, problem),
    };
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    response
}
