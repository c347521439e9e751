//! The rules that hold between sections.

use std::net::SocketAddr;

use sha2::{Digest, Sha256};

use super::dintero::{self, mixed, prefix_of};
use super::directory::Draft;
use super::dojo;
use super::findings::Findings;
use super::settings::{Callbacks, Server};
use crate::domain::directory::Store;
use crate::domain::identifiers::TerminalName;
use crate::domain::operation::ProviderName;
use crate::provider::dojo::CURRENCIES;

/// How the ids of Dojo's terminals in the sandbox begin.
const SANDBOX_TERMINAL: &str = "tm_sandbox_";
/// The key of the demo's till, which stands in the documents and in every example.
const DEMO_KEY: &str = "demo-key";

/// A terminal needs the section of the provider that drives it; without any terminal yet, one will be needed.
pub(super) fn providers_where_needed(directory: &Draft, has_dintero: bool, has_dojo: bool, findings: &Findings) {
    for (provider, is_there) in [(ProviderName::Dintero, has_dintero), (ProviderName::Dojo, has_dojo)] {
        let driven = directory.terminals.iter().flatten().find(|terminal| terminal.provider == provider);
        if let Some(terminal) = driven.filter(|_| !is_there) {
            let message = format!("the section is missing, and terminal {:?} needs it: add it", terminal.name.as_str());
            findings.mistake(provider.name(), message);
        }
    }
    if directory.terminals.is_empty() && !has_dintero && !has_dojo {
        let message = "the section is missing: add [dintero] or [dojo], with the account that drives the terminals";
        findings.mistake("dintero", message);
    }
}

/// What Dojo's machines cannot take, and sandbox beside production.
pub(super) fn dojo_fits(directory: &Draft, dojo: Option<&dojo::Draft>, findings: &Findings) {
    let is_sandbox = dojo.and_then(|dojo| dojo.is_sandbox);
    for (index, terminal) in directory.terminals.iter().enumerate() {
        let Some(terminal) = terminal.as_ref().filter(|terminal| terminal.provider == ProviderName::Dojo) else {
            continue;
        };
        let id = terminal.terminal_id.as_str();
        let place = |key: &str| format!("terminals[{index}].{key}");
        match (is_sandbox, id.starts_with(SANDBOX_TERMINAL)) {
            (Some(true), false) => findings.mistake(
                place("terminal_id"),
                format!(
                    "{id:?} is no terminal of the sandbox (tm_sandbox_...), and dojo.api_key is one of the sandbox"
                ),
            ),
            (Some(false), true) => findings.mistake(
                place("terminal_id"),
                format!("{id:?} is a terminal of the sandbox, and dojo.api_key is one of production"),
            ),
            _ => {}
        }
        let store = directory.stores.iter().flatten().find(|store| store.id == terminal.store);
        if let Some(currency) = store.map(|store| store.currency).filter(|it| !CURRENCIES.contains(&it.code())) {
            let message = format!(
                "the currency of this terminal's store is {currency}; Dojo takes {} alone: put the terminal into a store \
                 with one of these",
                CURRENCIES.join(" and ")
            );
            findings.mistake(place("store"), message);
        }
    }
}

/// Dintero must be told where the money goes.
pub(super) fn dintero_pays_out(directory: &Draft, findings: &Findings) {
    let driven = |store: &Store| {
        let terminals = directory.terminals.iter().flatten();
        terminals.clone().any(|it| it.store == store.id && it.provider == ProviderName::Dintero)
    };
    for (index, store) in directory.stores.iter().enumerate() {
        if store.as_ref().is_some_and(|store| store.payout_destination_id.is_empty() && driven(store)) {
            let message = "is missing: add it, since a terminal of Dintero is in this store";
            findings.mistake(format!("stores[{index}].payout_destination_id"), message);
        }
    }
}

/// Sandbox and production never meet: a sandbox store beside a production account is a till that takes no money.
pub(super) fn sandbox_or_production(directory: &Draft, dintero: Option<&dintero::Draft>, findings: &Findings) {
    let Some(prefix) = dintero.and_then(|dintero| dintero.account_prefix) else { return };
    for (index, store) in directory.stores.iter().enumerate() {
        let Some(id) = store.as_ref().map(|store| store.id.as_str()) else { continue };
        if prefix_of(id).is_some_and(|other| other != prefix) {
            findings.mistake(format!("stores[{index}].id"), mixed(id, &format!("{prefix}...")));
        }
    }
}

/// Not at two providers either: a till would take money at one terminal and none at the next.
pub(super) fn providers_are_of_one_side(
    dintero: Option<&dintero::Draft>,
    dojo: Option<&dojo::Draft>,
    findings: &Findings,
) {
    let prefix = dintero.and_then(|dintero| dintero.account_prefix);
    let is_sandbox = dojo.and_then(|dojo| dojo.is_sandbox);
    let (key, account) = match (prefix, is_sandbox) {
        (Some('P'), Some(true)) => ("of the sandbox (sk_sandbox_...)", "production (P...)"),
        (Some('T'), Some(false)) => ("of production (sk_prod_...)", "of the sandbox (T...)"),
        _ => return,
    };
    let message = format!("is one {key}, and dintero.account_id is {account}; take both from the same side");
    findings.mistake("dojo.api_key", message);
}

/// A key that everybody knows is for the simulator alone.
pub(super) fn demo_key_is_for_the_simulator(
    directory: &Draft,
    dintero: Option<&dintero::Draft>,
    dojo: Option<&dojo::Draft>,
    findings: &Findings,
) {
    let are_simulators = [dintero.and_then(|dintero| dintero.is_simulator), dojo.and_then(|dojo| dojo.is_simulator)];
    if !are_simulators.contains(&Some(false)) {
        return;
    }
    let demo_key = <[u8; 32]>::from(Sha256::digest(DEMO_KEY));
    for (index, till) in directory.tills.iter().enumerate() {
        let Some(credentials) = till.as_ref().map(|till| &till.credentials) else { continue };
        for (name, key) in [("key_sha256", credentials.key_sha256), ("key_sha256_old", credentials.old_key_sha256)] {
            if key == Some(demo_key) {
                let message =
                    "is the hash of the demo's key, which everybody can read; `pos-bridge till key` makes a key";
                findings.mistake(format!("tills[{index}].{name}"), message);
            }
        }
    }
}

/// A till may choose among terminals that it may name, and of one shop: what it pays in goes by that.
pub(super) fn pools_are_usable(directory: &Draft, findings: &Findings) {
    let store_of = |name: &TerminalName| {
        let terminal = directory.terminals.iter().flatten().find(|terminal| terminal.name == *name);
        terminal.map(|terminal| &terminal.store)
    };
    for (index, till) in directory.tills.iter().enumerate() {
        let Some(till) = till else { continue };
        for (place, name) in till.profile.terminal_pool.iter().enumerate() {
            let key = format!("tills[{index}].terminal_pool[{place}]");
            let may_name = till.terminals.is_empty() || *name == till.terminal || till.terminals.contains(name);
            if store_of(name) != store_of(&till.terminal) {
                findings.mistake(key, format!("{:?} stands in another store than the till's terminal", name.as_str()));
            } else if !may_name {
                findings.mistake(key, format!("{:?} is none of its terminals: add it there", name.as_str()));
            }
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
    trusted_beyond_this_machine(directory, findings);
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

/// Whoever takes an address of the network has what it is trusted with.
fn trusted_beyond_this_machine(directory: &Draft, findings: &Findings) {
    for (index, till) in directory.tills.iter().enumerate() {
        let trusted = till.iter().flat_map(|till| &till.credentials.trusted_addresses);
        for address in trusted.filter(|address| !address.to_canonical().is_loopback()) {
            let message = format!(
                "whatever machine takes the address {address} sells and gives back without a key; better give the till one"
            );
            findings.warning(&format!("tills[{index}].trusted_addresses"), &message);
        }
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
