//! `[[tills]]`

use std::net::IpAddr;

use serde_json::Value;

use super::directory::{Known, identifier};
use super::section::{Section, boolean, text};
use crate::domain::directory::{Credentials, Language, Till, WAIT_SECONDS_MAX};
use crate::domain::identifiers::{TerminalName, TillId};
use crate::domain::operation::OnRepeat;

const LANGUAGES: [(&str, Language); 4] =
    [("en", Language::English), ("nb", Language::Norwegian), ("sv", Language::Swedish), ("da", Language::Danish)];
const ON_REPEAT: [(&str, OnRepeat); 2] = [("new_attempt", OnRepeat::NewAttempt), ("replay", OnRepeat::Replay)];

pub(super) fn read(mut section: Section<'_>, known: &mut Known) -> Option<Till> {
    let id = section.read("id", None, identifier(TillId::new));
    if let Some(id) = &id {
        known.tills.claim(id.clone(), &section, "id", "give each till an id of its own");
    }
    let (terminal, terminals) = terminals(&mut section, known);
    let credentials = credentials(&mut section, known);
    let waits = waits(&mut section);
    let on_repeat = section.choice("on_repeat", Some(OnRepeat::NewAttempt), &ON_REPEAT);
    let may_refund_others = section.read("may_refund_others", Some(false), boolean);
    let language = section.choice("language", Some(Language::English), &LANGUAGES);
    not_yet(&mut section);
    section.finish();
    let (wait_seconds, wait_seconds_max) = waits?;
    Some(Till {
        id: id?,
        terminal: terminal?,
        terminals: terminals?,
        credentials: credentials?,
        wait_seconds,
        wait_seconds_max,
        on_repeat: on_repeat?,
        may_refund_others: may_refund_others?,
        language: language?,
    })
}

fn terminals(section: &mut Section<'_>, known: &Known) -> (Option<TerminalName>, Option<Vec<TerminalName>>) {
    let resolve = |name: TerminalName| match known.terminals.contains(&name) {
        true => Ok(name),
        false => Err(known.terminals.unknown("terminal", name.as_str())),
    };
    let terminal = section.read("terminal", None, |value| resolve(identifier(TerminalName::new)(value)?));
    let terminals =
        section.list("terminals", |text| resolve(TerminalName::new(text).map_err(|rule| rule.to_string())?));
    (terminal, terminals)
}

fn credentials(section: &mut Section<'_>, known: &mut Known) -> Option<Credentials> {
    let key_sha256 = section.optional("key_sha256", key_sha256);
    let trusted_addresses = section.list("trusted_addresses", address);
    if let Ok(Some(key)) = key_sha256 {
        known.keys.claim(key, section, "key_sha256", "give each till a key of its own");
    }
    for address in trusted_addresses.iter().flatten() {
        let way_out = "only one till can be known by an address; give the others a key";
        known.addresses.claim(*address, section, "trusted_addresses", way_out);
    }
    let credentials = Credentials { key_sha256: key_sha256.ok()?, trusted_addresses: trusted_addresses? };
    if credentials.key_sha256.is_none() && credentials.trusted_addresses.is_empty() {
        let message = "is missing: anybody could pay as this till; add the SHA-256 of its key, or trusted_addresses";
        section.mistake("key_sha256", message);
    }
    Some(credentials)
}

/// The message never shows the value: it may be the key itself, put here by mistake.
fn key_sha256(value: &Value) -> Result<[u8; 32], String> {
    let wrong =
        || "must be the SHA-256 of the key, 64 digits and letters a to f; printf %s \"$KEY\" | sha256sum prints it";
    let text = text(value)?;
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(wrong().to_owned());
    }
    let mut hash = [0; 32];
    for (byte, place) in hash.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(&text[place..place + 2], 16).map_err(|_| wrong().to_owned())?;
    }
    Ok(hash)
}

fn address(text: &str) -> Result<IpAddr, String> {
    match text.parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(address) if !address.is_unspecified() && !address.is_multicast() => Ok(address),
        _ => Err(format!("{text:?} is no address of one machine; write it as 192.168.1.20")),
    }
}

fn waits(section: &mut Section<'_>) -> Option<(u32, u32)> {
    let wait = section.whole("wait_seconds", 45, 0..=WAIT_SECONDS_MAX);
    let most = section.whole("wait_seconds_max", WAIT_SECONDS_MAX, 0..=WAIT_SECONDS_MAX);
    let (wait, most) = (wait?, most?);
    if most < wait {
        section.mistake("wait_seconds_max", format!("must be no less than wait_seconds ({wait}): raise it"));
        return None;
    }
    Some((wait, most))
}

/// The keys whose features come later: present so that a file written for later is understood, and refused where it asks
/// for what is not there.
fn not_yet(section: &mut Section<'_>) {
    for (name, only, later) in [
        ("dialect", "json", &["form", "xml"][..]),
        ("charset", "utf-8", &["iso-8859-1", "windows-1252", "ibm865", "ibm850"]),
        ("amount_format", "minor", &["decimal"]),
    ] {
        section.read(name, Some(()), |value| match text(value)? {
            text if text == only => Ok(()),
            text if later.contains(&text.as_str()) => {
                Err(format!("{text:?} comes with a later version; this one knows {only:?} only"))
            }
            text => Err(format!("{text:?} is not known here; write {only:?}")),
        });
    }
    let _reported = section.optional("notify_url", |_| -> Result<(), String> {
        Err("results are pushed by a later version; leave it empty, and let the till ask GET /last".to_owned())
    });
}
