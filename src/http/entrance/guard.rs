//! Keeps web pages out: a page in the till's browser can reach this listener, but must not be able to pay.

use std::net::{IpAddr, SocketAddr};

use axum::extract::Request;
use axum::http::header::{
    ACCEPT, AUTHORIZATION, COOKIE, HOST, ORIGIN, REFERER, TRANSFER_ENCODING, UPGRADE_INSECURE_REQUESTS,
};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Version};

use super::authentication::API_KEY;
use crate::http::TillListenerSettings;
use crate::http::connections::Peer;
use crate::till::problem::{Code, Problem};

/// Where a request stands to the page that made it, as browsers tell servers that they trust (HTTPS, or this machine).
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What a page of a foreign origin is told.
pub(in crate::http) const FOREIGN_ORIGIN: &str = "web pages of this Origin may not call; add it to allowed_origins";

/// Refuses whatever a web page may have sent, before anything else is looked at.
pub(in crate::http) fn check(settings: &TillListenerSettings, request: &Request) -> Result<(), Problem> {
    let peer = request.extensions().get::<Peer>().copied().unwrap_or_default();
    check_host(settings, peer, request)?;
    check_coding(request.headers())?;
    check_origin(settings, request.headers())
}

/// hyper takes any list that ends in `chunked`, and a proxy may read it otherwise: what is behind one request for the one
/// is another request for the other.
fn check_coding(headers: &HeaderMap) -> Result<(), Problem> {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let is_chunked = |coding: &HeaderValue| coding.as_bytes().eq_ignore_ascii_case(b"chunked");
    match (codings.next(), codings.next()) {
        (None, _) => Ok(()),
        (Some(coding), None) if is_chunked(coding) => Ok(()),
        _ => Err(Problem::new(Code::InvalidRequest, "send Transfer-Encoding: chunked alone, or a Content-Length")),
    }
}

/// The name that was called must be one of ours: a foreign one means that its owner pointed it here (DNS rebinding).
fn check_host(settings: &TillListenerSettings, peer: Peer, request: &Request) -> Result<(), Problem> {
    let ours = peer.local.unwrap_or(settings.listen);
    let mut named = request.headers().get_all(HOST).iter().map(|value| value.to_str().unwrap_or_default());
    let (first, second) = (named.next(), named.next());
    let absolute = request.uri().authority().map(Authority::as_str);
    if second.is_some() {
        return Err(Problem::new(Code::InvalidRequest, "send one Host header"));
    }
    if first.is_none() && request.version() != Version::HTTP_10 {
        return Err(Problem::new(Code::InvalidRequest, "send a Host header"));
    }
    if first.into_iter().chain(absolute).all(|host| is_our_host(settings, ours, host)) {
        Ok(())
    } else {
        Err(Problem::new(Code::Forbidden, "this Host is not one of the bridge's names; add it to allowed_hosts"))
    }
}

fn is_our_host(settings: &TillListenerSettings, ours: SocketAddr, text: &str) -> bool {
    let Ok(called) = text.parse::<Authority>() else { return false };
    if text.contains('@') {
        return false;
    }
    let configured = |name: &String| name.eq_ignore_ascii_case(text) || name.eq_ignore_ascii_case(called.host());
    if settings.allowed_hosts.iter().any(configured) {
        return true;
    }
    let our_port = called.port_u16().is_none_or(|port| port == ours.port());
    our_port && (called.host().eq_ignore_ascii_case("localhost") || is_our_address(ours, called.host()))
}

fn is_our_address(ours: SocketAddr, host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.parse::<IpAddr>().is_ok_and(|called| called.to_canonical() == ours.ip().to_canonical())
}

/// A page names its origin with whatever it may read the answer to, or that changes something. An image, a script or a
/// followed link carries none; newer browsers say of those that the page is not ours.
fn check_origin(settings: &TillListenerSettings, headers: &HeaderMap) -> Result<(), Problem> {
    let is_allowed = |origin: &str| settings.allowed_origins.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin));
    let is_ours = |origin: &str| is_own_page(headers, origin);
    let came_from_ours = |site: &HeaderValue| [&b"none"[..], b"same-origin"].contains(&site.as_bytes());
    let mut origins = headers.get_all(ORIGIN).iter().peekable();
    let allowed = match origins.peek() {
        Some(_) => origins.all(|origin| origin.to_str().is_ok_and(|text| is_allowed(text) || is_ours(text))),
        None => headers.get_all(FETCH_SITE).iter().all(came_from_ours),
    };
    if allowed { Ok(()) } else { Err(Problem::new(Code::Forbidden, FOREIGN_ORIGIN)) }
}

/// Whether the bridge's own page (`/docs`) calls, with a key. Its `Host` was found to be ours, so a page that stands at
/// the same name and port came from us, or from the proxy before us that speaks TLS.
fn is_own_page(headers: &HeaderMap, origin: &str) -> bool {
    let is_keyed = headers.contains_key(AUTHORIZATION) || headers.contains_key(API_KEY);
    let Some(host) = headers.get(HOST).and_then(|host| host.to_str().ok()) else { return false };
    let place = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    is_keyed && place.is_some_and(|place| place.eq_ignore_ascii_case(host))
}

/// Whether a request was made by a browser. Those before 2020 send no `Sec-Fetch`, and a page can have them leave out
/// `Referer`; what they send along with a form is `Upgrade-Insecure-Requests`, or that they accept XHTML or, before that, a kind
/// of JPEG that only they know. Other kinds of images are no mark: Java accepts them where nobody told it otherwise.
pub(super) fn comes_from_browser(headers: &HeaderMap) -> bool {
    [ORIGIN, REFERER, COOKIE, UPGRADE_INSECURE_REQUESTS].iter().any(|name| headers.contains_key(name))
        || headers.keys().any(|name| name.as_str().starts_with("sec-fetch-"))
        || headers.get_all(ACCEPT).iter().any(accepts_pages)
}

fn accepts_pages(accept: &HeaderValue) -> bool {
    let marks = ["application/xhtml+xml", "image/pjpeg"];
    accept.to_str().is_ok_and(|accept| marks.iter().any(|mark| accept.contains(mark)))
}
