//! `[dintero]`

use std::time::Duration;

use serde_json::Value;
use url::Url;

use super::section::{Section, base_url, text};
use super::times;
use crate::domain::refund::RefundRoute;
use crate::outbound::is_loopback;
use crate::provider::dintero::{Settings, StartRule};

const CHECKOUT_URL: &str = "https://checkout.dintero.com/v1";
const API_URL: &str = "https://api.dintero.com/v1";

/// The section as far as it could be read.
pub(super) struct Draft {
    /// `T` (sandbox) or `P` (production).
    pub(super) account_prefix: Option<char>,
    /// Whether its addresses are a simulator's.
    pub(super) is_simulator: Option<bool>,
    /// The account, when all of it is right.
    pub(super) settings: Option<Settings>,
    /// How long to wait between two readings.
    pub(super) poll_interval: Option<Duration>,
}

pub(super) fn read(mut section: Section<'_>, public_url: Option<Url>) -> Draft {
    let account_id = section.read("account_id", None, account_id);
    let account_prefix = account_id.as_ref().and_then(|account| account.chars().next());
    let urls = urls(&mut section);
    let is_simulator = urls.as_ref().map(|(checkout_url, _)| is_loopback(checkout_url));
    let (settings, poll_interval) = settings(&mut section, account_id, urls, public_url).unzip();
    section.finish();
    Draft { account_prefix, is_simulator, settings, poll_interval }
}

fn settings(
    section: &mut Section<'_>,
    account_id: Option<String>,
    urls: Option<(Url, Url)>,
    public_url: Option<Url>,
) -> Option<(Settings, Duration)> {
    let client_id = section.read("client_id", None, text);
    let client_secret = section.secret("client_secret", "client_secret_file");
    if matches!(client_secret, Ok(None)) {
        section
            .mistake("client_secret", "is missing: add it, or the path of a file that holds it (client_secret_file)");
    }
    let profile_id = section.read("profile_id", None, text);
    let callback_secret = section.secret("callback_secret", "callback_secret_file");
    if public_url.is_some() && matches!(callback_secret, Ok(None)) {
        let message = "is needed, since callbacks.public_url is set: forged callbacks cannot be told without it; add \
                       the account's signature secret here or by callback_secret_file";
        section.mistake("callback_secret", message);
    }
    let starts = [("session", StartRule::Session), ("publish", StartRule::Publish)];
    let start = section.choice("start", Some(StartRule::Session), &starts);
    let routes = [("terminal", RefundRoute::Terminal), ("plain", RefundRoute::Plain)];
    let refund = section.choice("refund", Some(RefundRoute::Terminal), &routes);
    let times = times::read(section, urls.as_ref().is_some_and(|(checkout, _)| is_loopback(checkout)));
    if let (Some(account), Some(profile)) = (&account_id, &profile_id) {
        profile_fits_account(section, account, profile);
    }
    let (checkout_url, api_url) = urls?;
    if account_id.as_ref().is_some_and(|account| account.starts_with('P')) && is_loopback(&checkout_url) {
        let message = "is on this machine (a simulator), and the account is production (P...): sales would take no \
                       money; use a T account here, or leave checkout_url and api_url out";
        section.mistake("checkout_url", message);
    }
    let times = times?;
    let settings = Settings {
        account_id: account_id?,
        client_id: client_id?,
        client_secret: client_secret.ok()??,
        profile_id: profile_id?,
        checkout_url,
        api_url,
        callback_secret: callback_secret.ok()?,
        public_url,
        start: start?,
        refund: refund?,
        session_ttl: times.session_ttl,
        prompt: times.prompt,
        in_flight: times.in_flight,
        refund_patience: times.refund_patience,
        request_timeout: times.request_timeout,
    };
    Some((settings, times.poll_interval))
}

/// The two base addresses. One of them alone on this machine would send real credentials to a simulator, or a
/// simulated sale to the real account.
fn urls(section: &mut Section<'_>) -> Option<(Url, Url)> {
    let checkout_url = section.read("checkout_url", Url::parse(CHECKOUT_URL).ok(), base_url);
    let api_url = section.read("api_url", Url::parse(API_URL).ok(), base_url);
    let (checkout_url, api_url) = (checkout_url?, api_url?);
    if is_loopback(&checkout_url) != is_loopback(&api_url) {
        let message = "one of checkout_url and api_url is on this machine (a simulator) and the other is not; point \
                       both to the same side";
        section.mistake("api_url", message);
        return None;
    }
    Some((checkout_url, api_url))
}

fn account_id(value: &Value) -> Result<String, String> {
    let account = text(value)?;
    match account.as_bytes() {
        [b'T' | b'P', digits @ ..] if digits.len() == 8 && digits.iter().all(u8::is_ascii_digit) => Ok(account),
        _ => Err(format!("{account:?} is no account; write T (sandbox) or P (production) and eight digits")),
    }
}

fn profile_fits_account(section: &Section<'_>, account: &str, profile: &str) {
    if prefix_of(profile).is_some_and(|prefix| !account.starts_with(prefix)) {
        section.mistake("profile_id", mixed(profile, account));
    }
}

/// `T` or `P`, when the identifier begins with an account (`T12345678.46dP6T4F`, `T12345678-0001`).
pub(super) fn prefix_of(identifier: &str) -> Option<char> {
    let mut characters = identifier.chars();
    let prefix = characters.next().filter(|first| matches!(first, 'T' | 'P'))?;
    let digits = characters.by_ref().take(8).filter(char::is_ascii_digit).count();
    let ends = characters.next().is_none_or(|next| !next.is_ascii_alphanumeric());
    (digits == 8 && ends).then_some(prefix)
}

/// What to say of an identifier of the sandbox beside a production account, or the other way round.
pub(super) fn mixed(identifier: &str, account: &str) -> String {
    format!(
        "{identifier:?} and the account {account:?} mix sandbox (T...) and production (P...); take both from the same side"
    )
}
