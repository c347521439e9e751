//! `[[tills]]`

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretSlice};
use serde_json::Value;
use sha2::{Digest, Sha256};
use url::Url;

use super::directory::{Known, identifier};
use super::section::{Section, boolean, text};
use crate::domain::directory::{
    AmountFormat, Charset, Credentials, Dialect, Language, Profile, Push, RefundLimits, Scope, Scopes, SignaturePolicy,
    Till, WAIT_SECONDS_MAX,
};
use crate::domain::identifiers::{TerminalName, TillId};
use crate::domain::repeat::OnRepeat;

const LANGUAGES: [(&str, Language); 4] =
    [("en", Language::English), ("nb", Language::Norwegian), ("sv", Language::Swedish), ("da", Language::Danish)];
const DIALECTS: [(&str, Dialect); 3] = [("json", Dialect::Json), ("form", Dialect::Form), ("xml", Dialect::Xml)];
const AMOUNT_FORMATS: [(&str, AmountFormat); 3] = [
    ("minor", AmountFormat::Minor),
    ("decimal", AmountFormat::Decimal),
    ("decimal_grouped", AmountFormat::GroupedDecimal),
];
const REFERENCE: [(&str, bool); 2] = [("required", false), ("optional", true)];
const SIGNATURE: [(&str, SignaturePolicy); 3] =
    [("ask", SignaturePolicy::Ask), ("accept", SignaturePolicy::Accept), ("reject", SignaturePolicy::Reject)];
const ON_REPEAT: [(&str, OnRepeat); 2] = [("new_attempt", OnRepeat::NewAttempt), ("replay", OnRepeat::Replay)];

pub(super) fn read(mut section: Section<'_>, known: &mut Known) -> Option<Till> {
    let id = section.read("id", None, identifier(TillId::new));
    if let Some(id) = &id {
        known.tills.claim(id.clone(), &section, "id", "give each till an id of its own");
    }
    let (terminal, terminals) = terminals(&mut section, known);
    let credentials = credentials(&mut section, known);
    let profile = profile(&mut section, known);
    section.finish();
    Some(Till { id: id?, terminal: terminal?, terminals: terminals?, credentials: credentials?, profile: profile? })
}

fn profile(section: &mut Section<'_>, known: &Known) -> Option<Profile> {
    let usual = Profile::default();
    let dialect = section.choice("dialect", Some(usual.dialect), &DIALECTS);
    let charsets = Charset::ALL.map(|charset| (charset.name(), charset));
    let charset = section.choice("charset", Some(usual.charset), &charsets);
    let amounts = section.choice("amount_format", Some(usual.amounts), &AMOUNT_FORMATS);
    let language = section.choice("language", Some(usual.language), &LANGUAGES);
    let receipt_columns = section.read("receipt_columns", Some(usual.receipt_columns), receipt_columns);
    let waits = waits(section);
    let reference_optional = section.choice("reference", Some(usual.reference_optional), &REFERENCE);
    let reference_reuse_days = section.whole("reference_reuse_days", 0, 0..=3650);
    let on_repeat = section.choice("on_repeat", Some(usual.on_repeat), &ON_REPEAT);
    let supersede = section.read("supersede", Some(usual.supersede), boolean);
    let queue_seconds = section.whole("queue_seconds", usual.queue_seconds, 0..=WAIT_SECONDS_MAX);
    let terminal_pool = pool(section, supersede, known);
    let scopes = scopes(section);
    let may_refund_others = section.read("may_refund_others", Some(usual.may_refund_others), boolean);
    let each = section.read("refund_max", Some(None), limit);
    let per_day = section.read("refund_max_per_day", Some(None), limit);
    let unlinked_per_day = section.read("unlinked_refund_max_per_day", Some(None), limit);
    if scopes.is_some_and(|scopes| scopes.unlinked_refund) && unlinked_per_day == Some(None) {
        let message = "must be more than 0 beside the scope \"unlinked_refund\": say how much may go out in a day";
        section.mistake("unlinked_refund_max_per_day", message);
    }
    let requests_per_minute = section.whole("requests_per_minute", 0, 0..=100_000);
    let push = push(section);
    let signature = section.choice("signature", Some(usual.signature), &SIGNATURE);
    let (wait_seconds, wait_seconds_max) = waits?;
    Some(Profile {
        dialect: dialect?,
        charset: charset?,
        amounts: amounts?,
        language: language?,
        receipt_columns: receipt_columns?,
        wait_seconds,
        wait_seconds_max,
        reference_optional: reference_optional?,
        reference_reuse_days: unless_zero(reference_reuse_days?),
        on_repeat: on_repeat?,
        supersede: supersede?,
        queue_seconds: queue_seconds?,
        terminal_pool: terminal_pool?,
        scopes: scopes?,
        may_refund_others: may_refund_others?,
        refund_limits: RefundLimits { each: each?, per_day: per_day?, unlinked_per_day: unlinked_per_day? },
        requests_per_minute: unless_zero(requests_per_minute?),
        push: push?,
        signature: signature?,
    })
}

fn unless_zero(number: u32) -> Option<u32> {
    (number > 0).then_some(number)
}

fn receipt_columns(value: &Value) -> Result<u8, String> {
    match value.as_u64() {
        Some(columns @ (24 | 32 | 40 | 48)) => u8::try_from(columns).map_err(|error| error.to_string()),
        _ => Err("must be 24, 32, 40 or 48: the characters that fit on a line of the till's printer".to_owned()),
    }
}

/// An amount in minor units; 0 is no limit.
fn limit(value: &Value) -> Result<Option<i64>, String> {
    match value.as_i64() {
        Some(0) => Ok(None),
        Some(minor @ 1..) => Ok(Some(minor)),
        _ => Err("must be an amount in minor units, such as 50000 for 500.00; 0 is no limit".to_owned()),
    }
}

/// All scopes when none is named, but the one that lets money go out without a sale.
fn scopes(section: &mut Section<'_>) -> Option<Scopes> {
    let named = section.list("scopes", scope)?;
    let has = |scope: Scope| named.is_empty() || named.contains(&scope);
    let unlinked_refund = named.contains(&Scope::UnlinkedRefund);
    if unlinked_refund && !named.contains(&Scope::Refund) {
        section.mistake("scopes", "\"unlinked_refund\" does nothing without \"refund\" beside it: add that");
    }
    Some(Scopes { pay: has(Scope::Pay), refund: has(Scope::Refund), status: has(Scope::Status), unlinked_refund })
}

fn scope(text: &str) -> Result<Scope, String> {
    Scope::ALL.into_iter().find(|scope| scope.name() == text).ok_or_else(|| {
        let [others @ .., last] = Scope::ALL.map(|scope| format!("{:?}", scope.name()));
        format!("{text:?} is no scope; write {} or {last}", others.join(", "))
    })
}

/// A till that supersedes would sell beside its older sale, on another terminal, instead of in its place.
fn pool(section: &mut Section<'_>, supersede: Option<bool>, known: &Known) -> Option<Vec<TerminalName>> {
    let pool = section.list("terminal_pool", |text| known_terminal(text, known))?;
    let twice = pool.iter().enumerate().find(|(place, name)| pool[..*place].contains(name));
    if let Some((place, name)) = twice {
        section.mistake(&format!("terminal_pool[{place}]"), format!("names {:?} again: name it once", name.as_str()));
    }
    if supersede == Some(true) && !pool.is_empty() {
        let message = "does not go with supersede, which is about one terminal: leave one of the two out";
        section.mistake("terminal_pool", message);
    }
    Some(pool)
}

fn known_terminal(text: &str, known: &Known) -> Result<TerminalName, String> {
    let name = TerminalName::new(text).map_err(|rule| rule.to_string())?;
    if known.terminals.contains(&name) { Ok(name) } else { Err(known.terminals.unknown("terminal", name.as_str())) }
}

/// `None` when something is wrong with it.
#[allow(clippy::option_option, reason = "the outer one tells that a mistake was noted")]
fn push(section: &mut Section<'_>) -> Option<Option<Push>> {
    let url = section.optional("notify_url", notify_url);
    let secret = section.secret("notify_secret", "notify_secret_file");
    match (url.ok()?, secret.ok()?) {
        (None, None) => Some(None),
        (Some(url), Some(secret)) => match signing_key(secret.expose_secret()) {
            Some(secret) => Some(Some(Push { url, secret })),
            None => {
                let message = "must be whsec_ and 24 to 64 bytes in Base64; make one with: \
                               echo whsec_$(openssl rand -base64 32)";
                section.mistake("notify_secret", message);
                None
            }
        },
        (Some(_), None) => {
            section.mistake("notify_secret", "is missing: the till could not tell a genuine result from a forged one");
            None
        }
        (None, Some(_)) => {
            section.mistake("notify_secret", "signs what is pushed, but nothing is: set notify_url, or empty this");
            None
        }
    }
}

/// A till's own address stands on the shop's network, where certificates are rare: what is pushed is signed instead.
fn notify_url(value: &Value) -> Result<Url, String> {
    let url = Url::parse(&text(value)?).map_err(|error| format!("is no web address ({error})"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        Err("must begin with http:// or https://".to_owned())
    } else if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        Err("must not hold a user name, a password or a #".to_owned())
    } else {
        Ok(url)
    }
}

fn signing_key(text: &str) -> Option<SecretSlice<u8>> {
    let key = STANDARD.decode(text.strip_prefix("whsec_")?).ok()?;
    (24..=64).contains(&key.len()).then(|| key.into())
}

fn terminals(section: &mut Section<'_>, known: &Known) -> (Option<TerminalName>, Option<Vec<TerminalName>>) {
    let terminal = section.read("terminal", None, |value| known_terminal(&text(value)?, known));
    let terminals = section.list("terminals", |text| known_terminal(text, known));
    (terminal, terminals)
}

fn credentials(section: &mut Section<'_>, known: &mut Known) -> Option<Credentials> {
    let key_sha256 = section.optional("key_sha256", key_sha256);
    let old_key_sha256 = section.optional("key_sha256_old", self::key_sha256);
    let trusted_addresses = section.list("trusted_addresses", address);
    for (name, key) in [("key_sha256", key_sha256), ("key_sha256_old", old_key_sha256)] {
        if let Ok(Some(key)) = key {
            known.keys.claim(key, section, name, "give each till a key of its own");
        }
    }
    for address in trusted_addresses.iter().flatten() {
        let way_out = "only one till can be known by an address; give the others a key";
        known.addresses.claim(*address, section, "trusted_addresses", way_out);
    }
    let credentials = Credentials {
        key_sha256: key_sha256.ok()?,
        old_key_sha256: old_key_sha256.ok()?,
        trusted_addresses: trusted_addresses?,
    };
    if credentials.key_sha256.is_none() && credentials.old_key_sha256.is_some() {
        section.mistake("key_sha256_old", "stands beside no key_sha256: move it there, or remove it");
    }
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
    if hash == <[u8; 32]>::from(Sha256::digest([])) {
        // Anybody can send an empty key.
        return Err("is the hash of an empty key: KEY was not set; `pos-bridge till key` makes a key".to_owned());
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
