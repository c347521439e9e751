//! `[server]` and `[callbacks]`

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use url::{Host, Url};

use super::section::{Section, base_url, boolean, socket_address, text};
use super::settings::{Callbacks, Limits, Server, Tls};

/// A thousand tills that wait, and as many idle connections, leave room for one more.
const CONNECTIONS: u32 = 4096;

pub(super) fn server(mut section: Section<'_>) -> Option<Server> {
    let listen = section.read("listen", Some(Some(local(7117))), address_or_none);
    let tls = tls(&mut section);
    if let (Some(None), Some(None)) = (listen, &tls) {
        section.mistake("listen", "is empty, and tls_listen too: tills could call nowhere; fill in one of them");
    }
    let allowed_hosts = section.list("allowed_hosts", host);
    let allowed_origins = section.list("allowed_origins", origin);
    let insecure_lan = section.read("insecure_lan", Some(false), boolean);
    let drain = section.whole("drain_seconds", 10, 0..=300).map(seconds);
    let limits = limits(&mut section);
    section.finish();
    Some(Server {
        listen: listen?,
        tls: tls?,
        allowed_hosts: allowed_hosts?,
        allowed_origins: allowed_origins?,
        insecure_lan: insecure_lan?,
        drain: drain?,
        limits: limits?,
    })
}

/// The encrypted side: all three keys or none.
fn tls(section: &mut Section<'_>) -> Option<Option<Tls>> {
    let listen = section.optional("tls_listen", socket_address);
    let certificate = section.optional("tls_cert", path);
    let key = section.optional("tls_key", path);
    let (listen, certificate, key) = (listen.ok()?, certificate.ok()?, key.ok()?);
    let names = [("tls_cert", certificate.is_some()), ("tls_key", key.is_some())];
    for (name, given) in names {
        if given && listen.is_none() {
            section.mistake(name, "means nothing without tls_listen: add that, or empty this");
        } else if !given && listen.is_some() {
            let message = "is needed, since tls_listen is set: add the file, or make one with `pos-bridge tls init`";
            section.mistake(name, message);
        }
    }
    match (listen, certificate, key) {
        (Some(listen), Some(certificate), Some(key)) => Some(Some(Tls { listen, certificate, key })),
        (None, None, None) => Some(None),
        _ => None,
    }
}

fn address_or_none(value: &Value) -> Result<Option<SocketAddr>, String> {
    if value.as_str() == Some("") { Ok(None) } else { socket_address(value).map(Some) }
}

fn path(value: &Value) -> Result<PathBuf, String> {
    text(value).map(PathBuf::from)
}

fn limits(section: &mut Section<'_>) -> Option<Limits> {
    let connections = section.whole("connections_max", CONNECTIONS, 1..=10_000);
    let in_all = connections.unwrap_or(CONNECTIONS);
    // Many tills can stand behind one address, and yet none may keep the others out.
    let share = (in_all - in_all / 4).max(1);
    let connections_per_address = section.whole("connections_per_address_max", share, 1..=10_000);
    if connections_per_address.is_some_and(|stated| stated > share && stated >= in_all) {
        let message = "leaves no connection to other addresses when one takes all that it may; less than connections_max \
                       keeps some for them";
        section.warning("connections_per_address_max", message);
    }
    let per_address = section.whole("requests_per_minute_per_address", 0, 0..=100_000);
    let waiting_per_till = section.whole("waiting_per_till_max", 64, 1..=10_000);
    let body_bytes = section.whole("body_bytes_max", 65_536, 1024..=1_048_576);
    let bodies_bytes = section.whole("bodies_bytes_max", 16_777_216, 1_048_576..=1_073_741_824);
    let header_bytes = section.whole("header_bytes_max", 16_384, 8192..=65_536);
    let headers = section.whole("headers_max", 64, 16..=256);
    let arrival = section.whole("arrival_seconds", 5, 1..=60).map(seconds);
    Some(Limits {
        connections: usize::try_from(connections?).ok()?,
        connections_per_address: usize::try_from(connections_per_address?).ok()?,
        requests_per_minute_per_address: per_address.map(|number| (number > 0).then_some(number))?,
        waiting_per_till: usize::try_from(waiting_per_till?).ok()?,
        body_bytes: usize::try_from(body_bytes?).ok()?,
        bodies_bytes: usize::try_from(bodies_bytes?).ok()?,
        header_bytes: usize::try_from(header_bytes?).ok()?,
        headers: usize::try_from(headers?).ok()?,
        arrival: arrival?,
    })
}

pub(super) fn callbacks(mut section: Section<'_>) -> Option<Callbacks> {
    let listen = section.read("listen", Some(local(7118)), socket_address);
    let public_url = section.optional("public_url", base_url);
    section.finish();
    Some(Callbacks { listen: listen?, public_url: public_url.ok()? })
}

const fn local(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

fn host(text: &str) -> Result<String, String> {
    if text.contains('*') {
        return Err(format!("{text:?} stands for no name; write out each name that tills call, such as bridge.local"));
    }
    Host::parse(text)
        .map(|host| host.to_string())
        .map_err(|_| format!("{text:?} is no name; write it without http:// and port, such as bridge.local"))
}

fn origin(text: &str) -> Result<String, String> {
    let origin = Url::parse(text).map(|url| url.origin().ascii_serialization());
    match origin {
        Ok(origin) if origin == text && origin != "null" => Ok(origin),
        _ => Err(format!("{text:?} is no origin; write it as the browser does, such as https://till.example.com")),
    }
}

fn seconds(number: u32) -> Duration {
    Duration::from_secs(u64::from(number))
}
