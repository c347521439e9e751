//! Dojo with its card machines.
//!
//! Read from the bottom up: `api` makes the calls, `classify` says what their outcome means, `reader` reads the record,
//! `intent` and `session` turn Dojo's words into ours, `sale` and `refund` start and look.

mod api;
mod classify;
mod intent;
mod reader;
mod receipt;
mod refund;
mod runs;
mod sale;
mod session;
mod settings;
#[cfg(test)]
mod specimen;
mod webhook;
mod wire;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::domain::attempt::Attempt;
use crate::domain::directory::{Store, Terminal};
use crate::domain::evidence::{PaymentRecord, PaymentState};
use crate::domain::identifiers::{AttemptReference, Handle, TransactionId};
use crate::domain::money::Currency;
use crate::domain::operation::ProviderName;
use crate::domain::refund::RefundRoute;
use crate::ports::{
    Answer, Capabilities, Enrolment, Look, Pages, Prepared, Provider, ReadError, RefundOrder, Refundable, Refunded,
    SaleOrder, Seen, Timeouts, Trace,
};
use crate::provider::SetupError;
use crate::provider::record::{understand, unusable};

use api::{Api, Call};
use reader::{PLACES, Reader};
use wire::{Intent, Session, SignatureRequest};

pub use settings::{PartnerHeaders, Parts, Settings};
pub use webhook::WebhookSignature;

/// What Dojo's machines take.
pub const CURRENCIES: [&str; 2] = ["GBP", "EUR"];

/// One Dojo location.
#[derive(Debug)]
pub struct Dojo {
    settings: Settings,
    api: Api,
}

impl Dojo {
    /// The location behind these settings. Nothing is sent yet.
    ///
    /// # Errors
    /// [`SetupError`] when an address is not encrypted, this machine cannot encrypt, or a setting cannot be sent.
    pub fn new(settings: Settings) -> Result<Self, SetupError> {
        let api = Api::new(&settings)?;
        Ok(Self { settings, api })
    }

    /// A new connection, for a last look.
    fn fresh_api(&self, look: Look) -> Result<Option<Api>, ReadError> {
        let unreachable = |error: SetupError| ReadError::Unreachable { cause: error.to_string(), retry_after: None };
        (look == Look::Fresh).then(|| self.api.fresh(&self.settings)).transpose().map_err(unreachable)
    }
}

#[async_trait]
impl Provider for Dojo {
    fn name(&self) -> ProviderName {
        ProviderName::Dojo
    }

    fn now(&self) -> Timestamp {
        self.api.clock().now()
    }

    fn has_told_time(&self) -> bool {
        self.api.clock().is_known()
    }

    async fn learn_time(&self) -> Result<(), ReadError> {
        if self.has_told_time() { Ok(()) } else { self.check_access().await.map(drop) }
    }

    fn is_sandbox(&self) -> bool {
        self.settings.is_sandbox
    }

    fn timeouts(&self) -> Timeouts {
        Timeouts {
            session: self.settings.session_ttl,
            afterwards: self.settings.prompt + self.settings.in_flight,
            refund: self.settings.refund_patience,
        }
    }

    fn capabilities(&self, terminal: &Terminal) -> Capabilities {
        Capabilities {
            signature: true,
            prompts: true,
            receipts: true,
            unlinked_refund: terminal.unlinked_refund,
            currencies: CURRENCIES.iter().filter_map(|code| Currency::from_code(code).ok()).collect(),
        }
    }

    fn prepares_sales(&self) -> bool {
        true
    }

    async fn prepare_sale(&self, order: SaleOrder<'_>) -> Prepared {
        sale::prepare(&self.api, order).await
    }

    fn refund_route(&self) -> RefundRoute {
        self.settings.refund
    }

    fn refunds_one_at_a_time(&self) -> bool {
        true
    }

    async fn start_sale(&self, order: SaleOrder<'_>) -> Answer<Handle> {
        sale::start(&self.api, order).await
    }

    async fn look_for_sale(&self, attempt: &Attempt, look: Look) -> Result<Seen, ReadError> {
        let fresh = self.fresh_api(look)?;
        sale::look(fresh.as_ref().unwrap_or(&self.api), &self.settings, attempt).await
    }

    async fn cancel(&self, attempt: &Attempt) -> Result<bool, ReadError> {
        sale::cancel(&self.api, attempt).await
    }

    async fn answer_signature(&self, handle: &Handle, accepted: bool) -> Result<(), ReadError> {
        let segments = ["terminal-sessions", handle.as_str(), "signature"];
        let call = Call::new("answer_signature", Method::PUT, &segments).with_body(&SignatureRequest { accepted });
        let call = call.map_err(|error| unusable(&format!("the word on the signature cannot be written: {error}")))?;
        classify::wish(self.api.read(call).await)
    }

    async fn refundable(&self, transaction: &TransactionId) -> Result<Refundable, ReadError> {
        refund::refundable(&self.api, &self.settings, transaction).await
    }

    async fn start_refund(&self, order: RefundOrder<'_>) -> Answer<Handle> {
        refund::start(&self.api, &self.settings, order).await
    }

    async fn look_for_refund(&self, attempt: &Attempt, look: Look) -> Result<Seen, ReadError> {
        let fresh = self.fresh_api(look)?;
        refund::look(fresh.as_ref().unwrap_or(&self.api), &self.settings, attempt).await
    }

    /// One key is one location, so its payments are the store's.
    async fn list(&self, _: &Store, since: Timestamp, pages: &mut dyn Pages) -> Result<(), ReadError> {
        let mut reader = Reader::new(&self.api);
        let mut list = reader.intents(since);
        while let Some(page) = list.next_page().await? {
            let now = self.now();
            pages.take(PLACES.ours(page, |reference, intent| trace(reference, intent, now, &self.settings))).await;
        }
        Ok(())
    }

    async fn enrolment(&self, terminal: &Terminal) -> Result<Option<Enrolment>, ReadError> {
        let found = Reader::new(&self.api).terminal(&terminal.terminal_id).await?;
        let unknown = || ReadError::Refused(format!("Dojo knows no terminal {}", terminal.terminal_id));
        let found = found.ok_or_else(unknown)?;
        let available = match found.status.as_str() {
            "Available" => Some(true),
            "InUse" | "Offline" => Some(false),
            _ => None,
        };
        Ok(Some(Enrolment { status: found.status, reason: None, available }))
    }

    async fn check_access(&self) -> Result<SignedDuration, ReadError> {
        let segments = ["terminals"];
        let found: Option<Vec<IgnoredAny>> =
            classify::reading(self.api.read(Call::get("list_terminals", &segments)).await)?;
        found.ok_or_else(|| unusable("there are no terminals at this address; check api_url"))?;
        Ok(self.api.clock().machine_is_ahead())
    }
}

/// An intent that nothing was paid on yet may still be paid, on a terminal that the journal does not know of.
fn trace(reference: AttemptReference, intent: Value, now: Timestamp, settings: &Settings) -> Result<Trace, ReadError> {
    let found: Intent = understand(intent)?;
    let may_go_back = |run: &Session| session::may_go_back(run, false, now, settings.signature_settle);
    let run = runs::payer(&found, None);
    let payment = match intent::payment(&found, run)? {
        Some(payment @ PaymentRecord { state: PaymentState::Approved { .. }, .. }) if run.is_some_and(may_go_back) => {
            PaymentRecord { state: PaymentState::Unclear, ..payment }
        }
        Some(payment) => payment,
        None => unpaid(&found, run)?,
    };
    Ok(Trace {
        reference,
        payment,
        several: runs::took_twice(&found, run),
        terminal: run.and_then(|run| run.terminal_id.clone()),
        refunds: Vec::new(),
        refunded: Refunded::InAll(found.refunded_amount.unwrap_or(0)),
        at_machines: refund::at_machines(&found, now, settings.refund_patience),
        till_reference: intent::till_reference(&found),
    })
}

/// Where it will be paid is not told yet; that it was on a terminal is.
fn unpaid(found: &Intent, run: Option<&Session>) -> Result<PaymentRecord, ReadError> {
    Ok(PaymentRecord {
        transaction: TransactionId::new(found.id.clone()).map_err(|_| unusable("a payment without a usable id"))?,
        session: run.and_then(|run| Handle::new(run.id.clone()).ok()),
        terms: intent::terms(found, None)?,
        added: 0,
        state: PaymentState::Undecided,
        card: None,
        receipt: None,
        created_at: found.created_at.as_ref().and_then(|text| text.parse().ok()),
    })
}
