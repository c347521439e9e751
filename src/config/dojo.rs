//! `[dojo]`

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use super::section::{Section, base_url, text};
use super::times::{self, seconds};
use crate::domain::refund::RefundRoute;
use crate::outbound::is_loopback;
use crate::provider::dojo::{PartnerHeaders, Parts, Settings};

const API_URL: &str = "https://api.dojo.tech";
const VERSION: &str = "2026-02-27";
const SANDBOX_KEY: &str = "sk_sandbox_";
const PRODUCTION_KEY: &str = "sk_prod_";
/// What Dojo's sandbox takes from whoever has no ids yet.
const PLACEHOLDERS: [(&str, &str); 2] = [("software_house_id", "softwareHouse1"), ("reseller_id", "reseller1")];
const ROUTES: [(&str, RefundRoute); 3] = [
    ("terminal", RefundRoute::Terminal),
    ("api", RefundRoute::Plain),
    ("api_then_terminal", RefundRoute::PlainThenTerminal),
];

const WHOLE_REFUNDS: [(&str, bool); 2] = [("refund", false), ("reversal", true)];

/// The section as far as it could be read.
pub(super) struct Draft {
    /// Whether the key is one of the sandbox.
    pub(super) is_sandbox: Option<bool>,
    /// Whether its address is a simulator's.
    pub(super) is_simulator: Option<bool>,
    /// The location, when all of it is right.
    pub(super) settings: Option<Settings>,
    /// How long to wait between two readings.
    pub(super) poll_interval: Option<Duration>,
}

pub(super) fn read(mut section: Section<'_>, has_public_url: bool) -> Draft {
    let key = api_key(&mut section);
    let is_sandbox = key.as_ref().map(|(_, is_sandbox)| *is_sandbox);
    let api_url = section.read("api_url", Url::parse(API_URL).ok(), base_url);
    let is_simulator = api_url.as_ref().map(is_loopback);
    let (settings, poll_interval) = settings(&mut section, key, api_url, has_public_url).unzip();
    section.finish();
    Draft { is_sandbox, is_simulator, settings, poll_interval }
}

fn settings(
    section: &mut Section<'_>,
    key: Option<(SecretString, bool)>,
    api_url: Option<Url>,
    has_public_url: bool,
) -> Option<(Settings, Duration)> {
    let version = section.read("version", Some(VERSION.to_owned()), version);
    let software_house_id = section.read("software_house_id", None, text);
    let reseller_id = section.optional("reseller_id", text);
    let software_house = section.list("software_house_id_on", part);
    let reseller = section.list("reseller_id_on", part);
    let webhook_secrets = webhook_secrets(section, has_public_url);
    let refund = section.choice("refund", Some(RefundRoute::Terminal), &ROUTES);
    let reverses_whole = section.choice("whole_refund", Some(false), &WHOLE_REFUNDS);
    let signature_settle = section.whole("signature_settle_seconds", 120, 1..=900);
    let is_simulator = api_url.as_ref().is_some_and(is_loopback);
    let times = times::read(section, is_simulator);
    if let (Some(settle), Some(times)) = (signature_settle, &times)
        && !is_simulator
        && seconds(settle) > times.in_flight
    {
        // A person may decide once that has passed, and the payment may be captured until this has.
        section.mistake("signature_settle_seconds", "must be no longer than in_flight_seconds: raise that");
    }
    let (software_house_id, reseller_id) = (software_house_id?, reseller_id.ok()?);
    let (api_key, is_sandbox) = key?;
    if !is_sandbox {
        no_placeholders(section, &software_house_id, reseller_id.as_deref());
    }
    let api_url = api_url?;
    if !is_sandbox && is_simulator {
        let message = "is on this machine (a simulator), and the key is production (sk_prod_...): sales would take no \
                       money; use a sandbox key here, or leave api_url out";
        section.mistake("api_url", message);
    }
    let times = times?;
    let settings = Settings {
        api_url,
        api_key,
        is_sandbox,
        version: version?,
        software_house_id,
        reseller_id,
        partners: partners(software_house?, reseller?),
        webhook_secrets: webhook_secrets?,
        refund: refund?,
        reverses_whole: reverses_whole?,
        session_ttl: times.session_ttl,
        prompt: times.prompt,
        in_flight: times.in_flight,
        refund_patience: times.refund_patience,
        signature_settle: seconds(signature_settle?),
        request_timeout: times.request_timeout,
    };
    Some((settings, times.poll_interval))
}

/// The key, and whether it is one of the sandbox.
fn api_key(section: &mut Section<'_>) -> Option<(SecretString, bool)> {
    let Some(key) = section.secret("api_key", "api_key_file").ok()? else {
        section.mistake("api_key", "is missing: add it, or the path of a file that holds it (api_key_file)");
        return None;
    };
    let is_sandbox = key.expose_secret().starts_with(SANDBOX_KEY);
    if !is_sandbox && !key.expose_secret().starts_with(PRODUCTION_KEY) {
        section.mistake("api_key", "is no key of Dojo: one begins with sk_sandbox_ or sk_prod_; copy it anew");
        return None;
    }
    Some((key, is_sandbox))
}

fn version(value: &Value) -> Result<String, String> {
    let version = text(value)?;
    match version.parse::<jiff::civil::Date>() {
        Ok(_) => Ok(version),
        Err(_) => Err(format!("{version:?} is no version; write the date of one, such as {VERSION}")),
    }
}

/// One secret, or two while the subscription's is replaced.
fn webhook_secrets(section: &mut Section<'_>, has_public_url: bool) -> Option<Vec<SecretString>> {
    let secret = section.secret("webhook_secret", "webhook_secret_file");
    let old = section.secret("old_webhook_secret", "old_webhook_secret_file");
    let (secret, old) = (secret.ok()?, old.ok()?);
    let given = if secret.is_some() { "webhook_secret" } else { "old_webhook_secret" };
    let secrets: Vec<SecretString> = [secret, old].into_iter().flatten().collect();
    if !secrets.is_empty() && !has_public_url {
        let message = "is set, but callbacks.public_url is empty, so no webhook can arrive: set that too, or leave this \
                       out and rely on reading";
        section.mistake(given, message);
        return None;
    }
    Some(secrets)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Intents,
    Terminals,
    Sessions,
}

fn part(text: &str) -> Result<Part, String> {
    match text {
        "intents" => Ok(Part::Intents),
        "terminals" => Ok(Part::Terminals),
        "sessions" => Ok(Part::Sessions),
        other => Err(format!("{other:?} is no part; write \"intents\", \"terminals\" or \"sessions\"")),
    }
}

fn partners(software_house: Vec<Part>, reseller: Vec<Part>) -> PartnerHeaders {
    let usual = PartnerHeaders::default();
    let parts = |named: Vec<Part>, usual: Parts| {
        let has = |part| named.contains(&part);
        let chosen =
            Parts { intents: has(Part::Intents), terminals: has(Part::Terminals), sessions: has(Part::Sessions) };
        if named.is_empty() { usual } else { chosen }
    };
    PartnerHeaders {
        software_house: parts(software_house, usual.software_house),
        reseller: parts(reseller, usual.reseller),
    }
}

fn no_placeholders(section: &Section<'_>, software_house_id: &str, reseller_id: Option<&str>) {
    for (name, placeholder) in PLACEHOLDERS {
        let given = if name == "reseller_id" { reseller_id } else { Some(software_house_id) };
        if given == Some(placeholder) {
            let message =
                format!("{placeholder:?} is for the sandbox, and the key is production: write the id from Dojo");
            section.mistake(name, message);
        }
    }
}
