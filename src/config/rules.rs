//! The rules that hold between sections.

use std::net::SocketAddr;

use super::dintero::{self, mixed, world_of};
use super::directory::Draft;
use super::findings::Findings;
use super::settings::{Callbacks, Server};
use crate::domain::operation::ProviderName;

/// A terminal of Dintero needs the account; without any terminal yet, it will.
pub(super) fn dintero_where_needed(directory: &Draft, has_dintero: bool, findings: &Findings) {
    if has_dintero {
        return;
    }
    let driven = directory.terminals.iter().flatten().find(|terminal| terminal.provider == ProviderName::Dintero);
    if let Some(terminal) = driven {
        let message = format!("the section is missing, and terminal {:?} needs it: add it", terminal.name.as_str());
        findings.mistake("dintero", message);
    } else if directory.terminals.is_empty() {
        findings
            .mistake("dintero", "the section is missing: add [dintero], with the account that drives the terminals");
    }
}

/// Sandbox and production never meet: a sandbox store beside a production account is a till that takes no money.
pub(super) fn one_world(directory: &Draft, dintero: Option<&dintero::Draft>, findings: &Findings) {
    let Some(world) = dintero.and_then(|dintero| dintero.world) else { return };
    for (index, store) in directory.stores.iter().enumerate() {
        let Some(id) = store.as_ref().map(|store| store.id.as_str()) else { continue };
        if world_of(id).is_some_and(|other| other != world) {
            findings.mistake(format!("stores[{index}].id"), mixed(id, &format!("{world}...")));
        }
    }
}

/// Nothing listens unencrypted beyond this machine unless somebody said so, and then every till shows a key.
pub(super) fn listeners_are_safe(
    server: Option<&Server>,
    callbacks: Option<&Callbacks>,
    directory: &Draft,
    findings: &Findings,
) {
    let Some(server) = server else { return };
    if let Some(listen) = server.listen {
        beyond_this_machine("server.listen", listen, server.insecure_lan, findings);
        if server.insecure_lan && !listen.ip().is_loopback() {
            every_till_has_a_key(directory, findings);
        }
    }
    let encrypted = server.tls.as_ref().map(|tls| tls.listen);
    if let (Some(listen), Some(encrypted)) = (server.listen, encrypted)
        && collide(listen, encrypted)
    {
        findings.mistake("server.tls_listen", "is server.listen too: take another port, or set listen = \"\"");
    }
    if let Some(callbacks) = callbacks {
        beyond_this_machine("callbacks.listen", callbacks.listen, server.insecure_lan, findings);
        if [server.listen, encrypted].into_iter().flatten().any(|listen| collide(listen, callbacks.listen)) {
            let message = "is the tills' address too: a tunnel would expose the tills' side; take another port";
            findings.mistake("callbacks.listen", message);
        }
    }
}

fn beyond_this_machine(key: &str, listen: SocketAddr, insecure_lan: bool, findings: &Findings) {
    if listen.ip().is_loopback() {
        return;
    }
    if insecure_lan {
        findings.warning(key, "whoever is on that network can read and change what is sent; keep it to tills alone");
    } else {
        let message = format!(
            "{listen} can be reached from other machines, unencrypted: listen on 127.0.0.1 and let tills on other \
             machines call server.tls_listen, or set server.insecure_lan = true and give every till a key"
        );
        findings.mistake(key, message);
    }
}

fn every_till_has_a_key(directory: &Draft, findings: &Findings) {
    for (index, till) in directory.tills.iter().enumerate() {
        let keyless = till.as_ref().is_some_and(|till| {
            till.credentials.key_sha256.is_none() && !till.credentials.trusted_addresses.is_empty()
        });
        if keyless {
            let message =
                "is missing: an address alone proves nothing when server.listen is not this machine; add a key";
            findings.mistake(format!("tills[{index}].key_sha256"), message);
        }
    }
}

fn collide(one: SocketAddr, other: SocketAddr) -> bool {
    let overlap = one.ip() == other.ip() || one.ip().is_unspecified() || other.ip().is_unspecified();
    one.port() == other.port() && one.port() != 0 && overlap
}
