//! How others are called over HTTP, whoever they are.

use std::error::Error;

use reqwest::{Client, ClientBuilder, redirect, retry};
use url::{Host, Url};

const USER_AGENT: &str = concat!("pos-bridge/", env!("CARGO_PKG_VERSION"));

/// What every client begins as: it goes where it is told and nowhere else, and sends nothing twice. How long it may take is
/// the caller's to say.
pub(crate) fn client() -> ClientBuilder {
    Client::builder()
        .user_agent(USER_AGENT)
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .no_proxy()
        .referer(false)
}

/// An error and everything below it, without the address that was called.
pub(crate) fn describe(error: &reqwest::Error) -> String {
    let mut text = if error.is_timeout() { "timed out".to_owned() } else { "failed".to_owned() };
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// The address stays on this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
