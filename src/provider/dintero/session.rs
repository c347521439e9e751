//! Sessions: the request to pay that a terminal shows.

use std::collections::BTreeMap;

use jiff::Timestamp;
use url::Url;

use super::settings::{Settings, StartRule};
use super::wire::{
    ConfigurationRequest, OrderRequest, PublishRequest, Session, SessionCreated, SessionRequest, StoreRequest,
    UrlRequest,
};
use crate::domain::evidence::{SessionRecord, SessionState, Terms};
use crate::domain::identifiers::Handle;
use crate::domain::request::Details;
use crate::ports::SaleOrder;
use crate::provider::client::Reply;

/// Where callbacks go, below the public address.
const CALLBACK_PATH: [&str; 2] = ["callbacks", "dintero"];
/// Without `report_error` a decline brings no callback, without `report_event` a refund brings none. They come as GET,
/// Dintero's default: everything that they tell is then in the query, which the signature covers; a body it would not.
const CALLBACK_OPTIONS: [(&str, &str); 4] =
    [("report_error", "true"), ("report_event", "CAPTURE"), ("report_event", "REFUND"), ("report_event", "VOID")];
/// The most that Dintero keeps.
const METADATA_MAX: usize = 10;
/// Marks metadata that is the merchant's own; other prefixes are reserved.
const METADATA_PREFIX: &str = "ext_";

/// What starts a sale on a terminal.
pub(super) fn request<'a>(settings: &'a Settings, sale: &SaleOrder<'a>) -> SessionRequest<'a> {
    let order = &sale.attempt.order;
    SessionRequest {
        url: UrlRequest { return_url: return_url(settings), callback_url: callback_url(settings).map(Into::into) },
        order: OrderRequest {
            amount: order.money.amount.minor(),
            currency: order.money.currency.code(),
            merchant_reference: order.reference.to_string(),
            merchant_reference_2: sale.till_reference,
            items: sale.details.items.iter().map(Into::into).collect(),
            store: StoreRequest {
                id: sale.store.id.as_str(),
                terminal_id: order.terminal.as_str(),
                payout_destination_id: &sale.store.payout_destination_id,
            },
        },
        profile_id: &settings.profile_id,
        expires_at: whole_seconds(sale.attempt.expires_at),
        metadata: metadata(sale.details),
        configuration: (settings.start == StartRule::Publish)
            .then_some(ConfigurationRequest { publish: [PublishRequest { channel: "push", kind: "terminal" }] }),
    }
}

/// The session that was made.
pub(super) fn created(reply: &Reply) -> Option<Handle> {
    let created: SessionCreated = serde_json::from_slice(&reply.body).ok()?;
    for status in created.publish.iter().filter_map(|published| published.status.as_deref()) {
        if status != "sent" {
            // Not a no: the session exists and may still be paid until it expires.
            tracing::warn!(session = created.id, status, "Dintero may not have reached the terminal");
        }
    }
    Handle::new(created.id).ok()
}

/// Dintero says that the session reached no terminal. What is not known here may be a good word.
pub(super) fn is_undelivered(reply: &Reply) -> bool {
    let created = serde_json::from_slice::<SessionCreated>(&reply.body);
    let publish = created.map(|created| created.publish).unwrap_or_default();
    let mut to_terminals = publish.iter().filter(|published| published.kind.as_deref() == Some("terminal")).peekable();
    to_terminals.peek().is_some()
        && to_terminals.all(|published| matches!(published.status.as_deref(), Some("failed" | "skipped")))
}

/// A session as evidence; `None` when Dintero gave it a name that none can be.
pub(super) fn record(session: &Session) -> Option<SessionRecord> {
    let terminal = session.order.store.as_ref().and_then(|store| store.terminal_id.clone());
    Some(SessionRecord {
        handle: Handle::new(session.id.clone()).ok()?,
        terms: Terms {
            reference: session.order.merchant_reference.clone(),
            amount: session.order.amount,
            currency: session.order.currency.clone(),
            terminal,
        },
        state: if is_cancelled(session) { SessionState::Cancelled } else { SessionState::Waiting },
    })
}

/// Whether it was cancelled and names no payment.
pub(super) fn is_cancelled(session: &Session) -> bool {
    let cancelled = session.cancelled_at.is_some() || session.events.iter().any(|event| event.name == "CANCELLED");
    cancelled && session.transaction_id.is_none()
}

/// Dintero requires an address even where no browser is ever sent to it; without one of our own, its own will do.
fn return_url(settings: &Settings) -> String {
    settings.public_url.as_ref().unwrap_or(&settings.checkout_url).to_string()
}

/// Callbacks that could not be checked would be refused, so none are asked for then.
fn callback_url(settings: &Settings) -> Option<Url> {
    settings.callback_secret.as_ref()?;
    let mut url = settings.public_url.clone()?;
    url.path_segments_mut().ok()?.pop_if_empty().extend(CALLBACK_PATH);
    url.query_pairs_mut().clear().extend_pairs(CALLBACK_OPTIONS);
    Some(url)
}

/// RFC 3339 without a fraction, rounded down.
pub(super) fn whole_seconds(moment: Timestamp) -> String {
    Timestamp::from_second(moment.as_second()).unwrap_or(moment).to_string()
}

/// The merchant's own words. A session has no field for a description, so that is one of them.
fn metadata(details: &Details) -> BTreeMap<String, &str> {
    let description = details.description.iter().map(|text| ("description", text.as_str()));
    let given = details.metadata.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    description
        .chain(given)
        .filter(|(name, value)| !name.is_empty() && !value.is_empty())
        .take(METADATA_MAX)
        .map(|(name, value)| match name.strip_prefix(METADATA_PREFIX) {
            Some(_) => (name.to_owned(), value),
            None => (format!("{METADATA_PREFIX}{name}"), value),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_cancelled_only_without_a_payment() {
        let cancelled = |more: &str| {
            let json = format!(r#"{{"id":"T1.s","order":{{"amount":1,"currency":"NOK"}}{more}}}"#);
            record(&serde_json::from_str(&json).unwrap()).unwrap().state == SessionState::Cancelled
        };
        assert!(!cancelled(""));
        assert!(cancelled(r#","cancelled_at":"2026-11-20T10:16:00Z""#));
        assert!(cancelled(r#","events":[{"name":"CANCELLED"}]"#));
        assert!(!cancelled(r#","events":[{"name":"PAY_FAILED"},{"name":"A_NEW_WORD"}]"#));
        assert!(!cancelled(r#","cancelled_at":"2026-11-20T10:16:00Z","transaction_id":"T1.t""#));
        assert!(!cancelled(r#","cancelled_at":"2026-11-20T10:16:00Z","transaction_id":"odd id""#));
    }
}
