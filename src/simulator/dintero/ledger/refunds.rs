//! Giving money back: at once, later, or not at all.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::payment::event_notice;
use super::transaction::{Event, PendingRefund, Status};
use super::{Effect, EventKind, Ledger, Mode, Prompt, Refused, Transaction};
use crate::simulator::dintero::outcomes::{Accepted, REFUND_FAILED, RefundRule, refund_rule};

/// Virtual milliseconds a cardholder takes to approve a refund.
const REFUND_TAKES: u64 = 2_000;

#[derive(Debug, Clone)]
pub(crate) struct RefundRequest {
    pub(crate) amount: i64,
    pub(crate) reference: Option<String>,
    pub(crate) items: Option<Value>,
    pub(crate) terminal_id: Option<String>,
}

/// How a refund was answered: at once, or accepted under a request identifier.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum RefundReply {
    Done(Vec<Effect>),
    Accepted { request_id: String, effects: Vec<Effect> },
}

impl Ledger {
    /// Two equal requests refund twice, as far as the money goes: Dintero documents no idempotency here either.
    pub(crate) fn refund(
        &mut self,
        transaction_id: &str,
        request: RefundRequest,
        now: Timestamp,
    ) -> Result<RefundReply, Refused> {
        let transaction = self.transactions.get(transaction_id).ok_or(Refused::NotFound)?;
        check_refundable(transaction, request.amount)?;
        let rule = refund_rule(request.amount, transaction.amount);
        let terminal_id = self.refund_terminal(transaction, &request)?;
        let by_hand = self.premises.get(&terminal_id).is_ok_and(|it| it.mode == Mode::Manual);
        if by_hand {
            let busy = self.premises.get(&terminal_id)?.prompt.as_ref();
            if self.is_busy(busy, now) {
                return Err(Refused::Busy(terminal_id));
            }
            let request_id = self.accept(transaction_id, request, Accepted::Succeeds, now)?;
            self.premises.get_mut(&terminal_id)?.prompt =
                Some(Prompt::Refund { transaction_id: transaction_id.to_owned(), request_id: request_id.clone() });
            return Ok(RefundReply::Accepted { request_id, effects: Vec::new() });
        }
        match rule {
            RefundRule::Refused => Err(Refused::RefundRejected),
            RefundRule::Approves => self.refund_now(transaction_id, request, true, now),
            RefundRule::AnswersFailed => self.refund_now(transaction_id, request, false, now),
            RefundRule::Accepted(ending) => {
                let request_id = self.accept(transaction_id, request, ending, now)?;
                let effects = vec![Effect::EndRefund {
                    transaction_id: transaction_id.to_owned(),
                    request_id: request_id.clone(),
                    after: self.premises.get(&terminal_id)?.real(REFUND_TAKES),
                }];
                Ok(RefundReply::Accepted { request_id, effects })
            }
        }
    }

    fn refund_terminal(&self, transaction: &Transaction, request: &RefundRequest) -> Result<String, Refused> {
        match &request.terminal_id {
            None if self.refund_needs_terminal => Err(Refused::TerminalMissing),
            None => Ok(transaction.terminal_id.clone()),
            Some(id) => {
                self.premises.refund_route(id, &transaction.payout_destination_id)?;
                Ok(id.clone())
            }
        }
    }

    fn refund_now(
        &mut self,
        transaction_id: &str,
        request: RefundRequest,
        success: bool,
        now: Timestamp,
    ) -> Result<RefundReply, Refused> {
        let transaction = self.transactions.get_mut(transaction_id).ok_or(Refused::NotFound)?;
        transaction.begin_change();
        let refund = PendingRefund {
            request_id: String::new(),
            amount: request.amount,
            reference: request.reference,
            items: request.items,
            ending: Accepted::Succeeds,
        };
        let event_id = record_refund(transaction, &refund, success, now);
        Ok(RefundReply::Done(vec![event_notice(&transaction.session_id, "REFUND", event_id)]))
    }

    fn accept(
        &mut self,
        transaction_id: &str,
        request: RefundRequest,
        ending: Accepted,
        now: Timestamp,
    ) -> Result<String, Refused> {
        let transaction = self.transactions.get_mut(transaction_id).ok_or(Refused::NotFound)?;
        transaction.begin_change();
        let status = transaction.status();
        let mut event = Event::new(EventKind::InitiateRefund, status, request.amount, now);
        event.reference.clone_from(&request.reference);
        event.items.clone_from(&request.items);
        let request_id = event.request_id.clone();
        transaction.record(event);
        transaction.pending.push(PendingRefund {
            request_id: request_id.clone(),
            amount: request.amount,
            reference: request.reference,
            items: request.items,
            ending,
        });
        Ok(request_id)
    }

    /// The refund that was accepted under this request identifier ends as its row says.
    pub(crate) fn end_refund(&mut self, transaction_id: &str, request_id: &str, now: Timestamp) -> Vec<Effect> {
        self.end_refund_as(transaction_id, request_id, None, now)
    }

    /// Ends an accepted refund; a person's decision goes before the row's.
    pub(super) fn end_refund_as(
        &mut self,
        transaction_id: &str,
        request_id: &str,
        decision: Option<Accepted>,
        now: Timestamp,
    ) -> Vec<Effect> {
        let Some(transaction) = self.transactions.get_mut(transaction_id) else {
            return Vec::new();
        };
        let Some(place) = transaction.pending.iter().position(|it| it.request_id == request_id) else {
            return Vec::new();
        };
        let refund = transaction.pending.remove(place);
        let ending = decision.unwrap_or(refund.ending);
        transaction.begin_change();
        let event_id = record_refund(transaction, &refund, ending == Accepted::Succeeds, now);
        let mut effects = vec![event_notice(&transaction.session_id, "REFUND", event_id.clone())];
        if ending == Accepted::FailsThenCorrected {
            let after = self
                .premises
                .get(&transaction.terminal_id)
                .map(|terminal| terminal.real(REFUND_TAKES))
                .unwrap_or_default();
            let transaction_id = transaction_id.to_owned();
            effects.push(Effect::CorrectRefund { transaction_id, event_id, after });
        }
        effects
    }

    /// A failed refund turns out to have worked: a new event, and a `correction` on the failed one that points to it.
    pub(crate) fn correct_refund(
        &mut self,
        transaction_id: &str,
        failed_event_id: &str,
        now: Timestamp,
    ) -> Vec<Effect> {
        let Some(transaction) = self.transactions.get_mut(transaction_id) else {
            return Vec::new();
        };
        let Some(failed) = transaction.events.iter().position(|it| it.id == failed_event_id) else {
            return Vec::new();
        };
        transaction.begin_change();
        let event = &transaction.events[failed];
        let refund = PendingRefund {
            request_id: event.answers.clone().unwrap_or_default(),
            amount: event.amount,
            reference: event.reference.clone(),
            items: event.items.clone(),
            ending: Accepted::Succeeds,
        };
        let event_id = record_refund(transaction, &refund, true, now);
        transaction.events[failed].correction = Some(json!({
            "event_ids": [event_id],
            "status": transaction.status(),
            "remaining_capture_amount": 0,
            "remaining_refund_amount": transaction.refundable(),
            "remaining_void_amount": 0,
        }));
        vec![event_notice(&transaction.session_id, "REFUND", event_id)]
    }
}

fn check_refundable(transaction: &Transaction, amount: i64) -> Result<(), Refused> {
    if transaction.captured == 0 {
        return Err(Refused::WrongStatus(transaction.status().name()));
    }
    if amount > transaction.refundable() {
        return Err(Refused::ExceedsRest);
    }
    Ok(())
}

fn record_refund(transaction: &mut Transaction, refund: &PendingRefund, success: bool, now: Timestamp) -> String {
    if success {
        transaction.refunded += refund.amount;
    }
    let status = if success { refunded_status(transaction) } else { transaction.status() };
    let mut event = Event::new(EventKind::Refund, status, refund.amount, now);
    event.reference.clone_from(&refund.reference);
    event.items.clone_from(&refund.items);
    event.answers = Some(refund.request_id.clone()).filter(|id| !id.is_empty());
    event.error = (!success).then_some(&REFUND_FAILED);
    transaction.record(event)
}

fn refunded_status(transaction: &Transaction) -> Status {
    if transaction.refunded < transaction.captured {
        Status::PartiallyRefunded
    } else if transaction.captured < transaction.amount {
        Status::PartiallyCapturedRefunded
    } else {
        Status::Refunded
    }
}
