//! Dintero Checkout with its in-person terminals.
//!
//! Read from the bottom up: `token` has the access token, `credential_backoff` rests after refused credentials, `api` adds
//! the token to an exchange, `classify` says what the outcome means, `reader` reads with the time as of when, `session`,
//! `transaction` and `refund` turn Dintero's words into ours, `sighting` looks for a sale. `callback` tells genuine
//! callbacks from others.

mod api;
mod callback;
mod classify;
mod credential_backoff;
mod reader;
mod refund;
mod session;
mod settings;
mod sighting;
mod token;
mod transaction;
mod wire;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::domain::attempt::{Attempt, Kind, Reason};
use crate::domain::directory::{Store, Terminal};
use crate::domain::evidence::Finding;
use crate::domain::identifiers::{AttemptReference, Handle, TransactionId};
use crate::domain::operation::ProviderName;
use crate::domain::refund::RefundRoute;
use crate::ports::{
    Answer, Capabilities, Enrolment, Look, Pages, Provider, ReadError, RefundOrder, Refundable, Refunded, SaleOrder,
    Seen, Timeouts, Trace,
};

use crate::provider::SetupError;
use crate::provider::client::Exchanged;
use crate::provider::list::Places;
use crate::provider::record;
use api::{Api, Call};
use reader::Reader;
use wire::{TerminalReply, Transaction};

pub use callback::CallbackSignature;
pub use settings::{Settings, StartRule};

/// Where a payment in Dintero's list has what names it.
const PLACES: Places = Places {
    provider: "dintero",
    reference: "/merchant_reference",
    terminal: "/store/terminal_id",
    till_reference: "/merchant_reference_2",
    transaction: "/id",
};

/// One Dintero account.
#[derive(Debug)]
pub struct Dintero {
    settings: Settings,
    api: Api,
}

impl Dintero {
    /// The account behind these settings. Nothing is sent yet.
    ///
    /// # Errors
    /// [`SetupError`] when an address is not encrypted or this machine cannot encrypt.
    pub fn new(settings: Settings) -> Result<Self, SetupError> {
        let api = Api::new(&settings)?;
        Ok(Self { settings, api })
    }

    /// A new connection and a new token, for a last look.
    fn fresh_api(&self, look: Look) -> Result<Option<Api>, ReadError> {
        let unreachable = |error: SetupError| ReadError::Unreachable { cause: error.to_string(), retry_after: None };
        (look == Look::Fresh).then(|| self.api.fresh(&self.settings)).transpose().map_err(unreachable)
    }
}

#[async_trait]
impl Provider for Dintero {
    fn name(&self) -> ProviderName {
        ProviderName::Dintero
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

    /// Sandbox accounts begin with T, live ones with P.
    fn is_sandbox(&self) -> bool {
        self.settings.account_id.starts_with('T')
    }

    fn timeouts(&self) -> Timeouts {
        Timeouts {
            session: self.settings.session_ttl,
            afterwards: self.settings.prompt + self.settings.in_flight,
            refund: self.settings.refund_patience,
        }
    }

    fn refund_route(&self) -> RefundRoute {
        self.settings.refund
    }

    fn capabilities(&self, _: &Terminal) -> Capabilities {
        Capabilities {
            signature: false,
            prompts: false,
            receipts: true,
            unlinked_refund: false,
            currencies: Vec::new(),
        }
    }

    async fn start_sale(&self, order: SaleOrder<'_>) -> Answer<Handle> {
        let call = Call::post("create_session", self.api.checkout(&["sessions-profile"]));
        match call.with_body(&session::request(&self.settings, &order)) {
            Ok(call) => {
                let outcome = self.api.send(&call).await;
                let is_undelivered = self.settings.start == StartRule::Publish
                    && matches!(&outcome, Ok(Exchanged::Replied(reply)) if session::is_undelivered(reply));
                match classify::answer(outcome, session::created) {
                    Answer::Yes(handle) if is_undelivered => Answer::Undelivered(handle),
                    answer => answer,
                }
            }
            Err(error) => unwritable(&error),
        }
    }

    async fn look_for_sale(&self, attempt: &Attempt, look: Look) -> Result<Seen, ReadError> {
        let fresh = self.fresh_api(look)?;
        let mut reader = Reader::new(fresh.as_ref().unwrap_or(&self.api));
        let finding = sighting::look(&mut reader, attempt, look).await?;
        Ok(Seen::at(reader.at(), finding))
    }

    /// A session can be cancelled, a refund cannot.
    async fn cancel(&self, attempt: &Attempt) -> Result<bool, ReadError> {
        let handle = attempt.phase.handle().filter(|_| attempt.kind == Kind::Sale);
        let Some(handle) = handle else { return Ok(false) };
        let url = self.api.checkout(&["sessions", handle.as_str(), "cancel"]);
        let reply = classify::replied(self.api.read(&Call::post("cancel_session", url)).await)?;
        match reply.status {
            401 => Err(ReadError::Refused(classify::unusable(&reply))),
            // Told to wait, it did not look at the wish.
            429 => Err(classify::unreachable(&reply)),
            // A refused cancel is an answer too: it is paid already, or over.
            200..=299 | 400..=499 => Ok(true),
            _ => Err(classify::unreachable(&reply)),
        }
    }

    async fn refundable(&self, transaction: &TransactionId) -> Result<Refundable, ReadError> {
        let found = Reader::new(&self.api).transaction(transaction).await?;
        let untold =
            || record::unusable("an event of the payment tells no amount, so that nobody can tell what is left");
        let transaction::Sums { captured, refunded } = transaction::sums(&found).ok_or_else(untold)?;
        Ok(Refundable {
            captured,
            refunded,
            refunds: refund::all_of_ours(&found),
            preparation: None,
            at_machines: Vec::new(),
        })
    }

    async fn start_refund(&self, order: RefundOrder<'_>) -> Answer<Handle> {
        let Some(transaction) = order.transaction else {
            return Answer::NotSent(Reason::not_sent("Dintero gives nothing back without a payment"));
        };
        let url = self.api.checkout(&["transactions", transaction.as_str(), "refund"]);
        match Call::post("refund", url).with_body(&refund::request(&self.settings, &order)) {
            Ok(call) => classify::answer(self.api.send(&call).await, |reply| refund::accepted(reply, &order)),
            Err(error) => unwritable(&error),
        }
    }

    async fn look_for_refund(&self, attempt: &Attempt, look: Look) -> Result<Seen, ReadError> {
        let fresh = self.fresh_api(look)?;
        let mut reader = Reader::new(fresh.as_ref().unwrap_or(&self.api));
        let finding = match &attempt.refund_of {
            Some(sale) => refund::finding(attempt, &reader.transaction(sale).await?),
            None => Finding::Nothing,
        };
        Ok(Seen::at(reader.at(), finding))
    }

    async fn list(&self, store: &Store, since: Timestamp, pages: &mut dyn Pages) -> Result<(), ReadError> {
        let since = session::whole_seconds(since);
        let filters = [("store_id", store.id.as_str()), ("created_at.gte", since.as_str())];
        let mut reader = Reader::new(&self.api);
        let (mut list, mut is_empty) = (reader.transactions(&filters), true);
        while let Some(page) = list.next_page().await? {
            is_empty &= page.is_empty();
            pages.take(PLACES.ours(page, trace)).await;
        }
        if !is_empty {
            return Ok(());
        }
        // Whether the filter means the merchant's own id of a store, or Dintero's, is not documented. If it is the other one,
        // each list is empty: an empty one is not believed, and the account's own list is read.
        let filters = [("created_at.gte", since.as_str())];
        let mut list = reader.transactions(&filters);
        while let Some(mut page) = list.next_page().await? {
            page.retain(|payment| is_of(store, payment));
            pages.take(PLACES.ours(page, trace)).await;
        }
        Ok(())
    }

    async fn enrolment(&self, terminal: &Terminal) -> Result<Option<Enrolment>, ReadError> {
        let url = self.api.account(&["terminals", terminal.terminal_id.as_str()]);
        let reply = classify::replied(self.api.read(&Call::get("read_terminal", url)).await)?;
        if reply.status == 403 {
            return Ok(None);
        }
        let found: Option<TerminalReply> = classify::reading(Ok(Exchanged::Replied(reply)))?;
        let unknown = || ReadError::Refused(format!("Dintero knows no terminal {}", terminal.terminal_id));
        let found = found.ok_or_else(unknown)?;
        Ok(Some(Enrolment { status: found.status, reason: found.status_reason, available: None }))
    }

    async fn check_access(&self) -> Result<SignedDuration, ReadError> {
        self.api.tokens.renew().await?;
        Ok(self.api.clock().machine_is_ahead())
    }
}

fn is_of(store: &Store, payment: &Value) -> bool {
    payment.pointer("/store/id").and_then(Value::as_str) == Some(store.id.as_str())
}

fn trace(reference: AttemptReference, payment: Value) -> Result<Trace, ReadError> {
    let found: Transaction = record::understand(payment)?;
    let nameless = || ReadError::Unreachable { cause: "a transaction without a usable id".into(), retry_after: None };
    let payment = transaction::record(&found).ok_or_else(nameless)?;
    Ok(Trace {
        reference,
        terminal: payment.terms.terminal.clone(),
        payment,
        several: false,
        refunds: refund::all_of_ours(&found),
        refunded: Refunded::Elsewhere(refund::elsewhere(&found)),
        at_machines: Vec::new(),
        till_reference: found.merchant_reference_2,
    })
}

fn unwritable<T>(error: &serde_json::Error) -> Answer<T> {
    Answer::NotSent(Reason::not_sent(format!("the request cannot be written: {error}")))
}
