//! What the simulated Dintero knows: sessions, transactions, terminals.
//!
//! Plain methods on plain state. The time is passed in; what must happen later, or outside, is handed back as
//! [`Effect`]s.

mod by_hand;
mod captures;
mod payment;
mod refunds;
mod refused;
mod search;
mod session;
mod terminals;
#[cfg(test)]
mod tests;
mod transaction;
mod truth;

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::outcomes;
use crate::simulator::hands::Mode;
use crate::simulator::identifiers;
use crate::simulator::options::{SimulatorOptions, StartRule};
use crate::simulator::shelf::Shelf;

pub(crate) use refunds::{RefundReply, RefundRequest};
pub(crate) use refused::Refused;
pub(crate) use search::Filter;
pub(crate) use session::NewSession;
pub(crate) use terminals::Premises;

use session::Session;
use terminals::Prompt;
use transaction::{EventKind, Transaction};

/// Enough for a long soak; a full ledger forgets its oldest sale.
const CAPACITY: usize = 250_000;

/// What follows from a change of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Play this step of the session's script, so much later.
    Step { session_id: String, position: usize, after: Duration },
    /// End this refund, so much later.
    EndRefund { transaction_id: String, request_id: String, after: Duration },
    /// Correct this failed refund event, so much later.
    CorrectRefund { transaction_id: String, event_id: String, after: Duration },
    /// Call the session's callback URL, if its options ask for this.
    Notify { session_id: String, occasion: Occasion },
}

/// Why a callback is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Occasion {
    /// Approved, or on hold.
    Completed { event_id: String },
    /// `cancelled`, `authorization` or `failed`; only with `report_error`.
    Error(&'static str),
    /// `CAPTURE`, `REFUND` or `VOID`; only with `report_event`.
    Event { name: &'static str, event_id: String },
}

#[derive(Debug)]
pub(crate) struct Ledger {
    account_id: String,
    start: StartRule,
    pushes_fail: bool,
    refund_needs_terminal: bool,
    lists_by_own_store_id: bool,
    pub(crate) premises: Premises,
    sessions: Shelf<Session>,
    transactions: Shelf<Transaction>,
    /// Either merchant reference to its sessions, oldest first.
    by_reference: HashMap<String, Vec<String>>,
    seen: truth::Seen,
}

impl Ledger {
    pub(crate) fn new(options: &SimulatorOptions) -> Self {
        Self {
            account_id: options.account_id.clone(),
            start: options.start,
            pushes_fail: options.pushes_fail,
            refund_needs_terminal: options.refund_needs_terminal,
            lists_by_own_store_id: options.lists_by_own_store_id,
            premises: Premises::new(options),
            sessions: Shelf::new(CAPACITY),
            transactions: Shelf::new(CAPACITY),
            by_reference: HashMap::new(),
            seen: truth::Seen::default(),
        }
    }

    /// Two equal requests make two sessions: Dintero documents no idempotency for this call.
    pub(crate) fn create_session(
        &mut self,
        request: NewSession,
        now: Timestamp,
    ) -> Result<(String, Vec<Effect>), Refused> {
        let script = outcomes::sale_script(request.amount);
        let starts = self.starts(&request) && request.expires_at > now;
        self.check_terminal(&request, script, starts, now)?;
        let id = identifiers::checkout_id(&self.account_id);
        let terminal_id = request.terminal_id.clone();
        let mut session = Session {
            id: id.clone(),
            request,
            script,
            next_step: 0,
            settled: false,
            started: starts,
            created_at: now,
            updated_at: now,
            events: Vec::with_capacity(4),
            transaction_id: None,
            cancelled: None,
        };
        session.record("INITIATED", None, now);
        self.file(session);
        let effects = if starts { self.prompt(&terminal_id, &id, now)? } else { Vec::new() };
        Ok((id, effects))
    }

    fn check_terminal(
        &self,
        request: &NewSession,
        script: &outcomes::Script,
        starts: bool,
        now: Timestamp,
    ) -> Result<(), Refused> {
        let terminal = self.premises.route(&request.store_id, &request.terminal_id, &request.payout_destination_id)?;
        if terminal.mode == Mode::Offline || script.offline {
            return Err(Refused::Offline(terminal.id.clone()));
        }
        if starts && self.is_busy(terminal.prompt.as_ref(), now) {
            return Err(Refused::Busy(terminal.id.clone()));
        }
        Ok(())
    }

    /// Whether a session created by this request prompts by itself.
    pub(crate) fn starts(&self, request: &NewSession) -> bool {
        self.start == StartRule::Session || (request.asks_for_terminal && !self.pushes_fail)
    }

    fn is_busy(&self, prompt: Option<&Prompt>, now: Timestamp) -> bool {
        match prompt {
            None => false,
            Some(Prompt::Refund { .. }) => true,
            Some(Prompt::Sale { session_id }) => {
                self.sessions.get(session_id).is_some_and(|session| session.waits(now))
            }
        }
    }

    fn file(&mut self, session: Session) {
        let request = &session.request;
        for reference in request.references() {
            self.by_reference.entry(reference.clone()).or_default().push(session.id.clone());
        }
        if let Some(oldest) = self.sessions.insert(session.id.clone(), session) {
            self.forget(&oldest);
        }
    }

    fn forget(&mut self, session: &Session) {
        let request = &session.request;
        for reference in request.references() {
            if let Some(ids) = self.by_reference.get_mut(reference) {
                ids.retain(|id| *id != session.id);
                if ids.is_empty() {
                    self.by_reference.remove(reference);
                }
            }
        }
        self.seen.forget(&request.merchant_reference);
    }

    pub(crate) fn session(&self, id: &str, stale: bool) -> Result<Value, Refused> {
        let session = self.sessions.get(id).ok_or(Refused::NotFound)?;
        Ok(session.document(stale))
    }

    pub(crate) fn transaction(&self, id: &str, stale: bool) -> Result<Value, Refused> {
        self.transactions.get(id).and_then(|transaction| transaction.document(stale)).ok_or(Refused::NotFound)
    }

    /// What a callback of this session is made of.
    pub(crate) fn callback_subject(&self, session_id: &str) -> Option<CallbackSubject> {
        let session = self.sessions.get(session_id)?;
        Some(CallbackSubject {
            url: session.request.callback_url.clone(),
            merchant_reference: session.request.merchant_reference.clone(),
            transaction_id: session.transaction_id.clone(),
            speed: self.premises.get(&session.request.terminal_id).map_or(1, |it| it.speed),
        })
    }

    /// Dintero notes on the session that the callback was sent, with the event that caused it.
    pub(crate) fn note_callback(&mut self, session_id: &str, event_id: &str, now: Timestamp) {
        if let Some(session) = self.sessions.get_mut(session_id) {
            let details = serde_json::json!({ "transaction_event_id": event_id });
            session.record("AUTH_CALLBACK_SENT", Some(details), now);
        }
    }
}

/// What a callback of a session is made of.
#[derive(Debug, Clone)]
pub(crate) struct CallbackSubject {
    pub(crate) url: Option<url::Url>,
    pub(crate) merchant_reference: String,
    pub(crate) transaction_id: Option<String>,
    pub(crate) speed: u32,
}
