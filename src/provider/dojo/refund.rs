//! Refunds: at the machine with the card, or without it. Dojo tells the sum of a payment's refunds, and of one made at a
//! machine how its session ended.

use jiff::{SignedDuration, Timestamp};
use reqwest::Method;

use super::api::{Api, Call};
use super::reader::Reader;
use super::sale::{Started, send_session};
use super::settings::Settings;
use super::wire::{
    Details, Intent, MatchedRefundDetails, RefundCreated, RefundRequest, ReversalCreated, Session,
    UnlinkedRefundDetails,
};
use super::{classify, intent, receipt, session};
use crate::domain::attempt::{Attempt, Reason};
use crate::domain::evidence::{Approval, Contradiction, Finding};
use crate::domain::identifiers::{Handle, TransactionId};
use crate::domain::money::{AMOUNT_MAX, Money};
use crate::domain::prompt::AtTerminal;
use crate::domain::refund_books::RunAtMachine;
use crate::ports::{Answer, ReadError, RefundOrder, Refundable, Seen};
use crate::provider::record::unusable;

/// How much of a payment can be given back.
pub(super) async fn refundable(
    api: &Api,
    settings: &Settings,
    transaction: &TransactionId,
) -> Result<Refundable, ReadError> {
    let found = Reader::new(api).intent(transaction.as_str()).await?;
    let found = found.ok_or_else(|| unusable(&format!("payment {transaction} was not found")))?;
    let preparation =
        intent::preparation(&found).ok_or_else(|| unusable("the payment carries no reference of ours"))?;
    let (captured, refunded) = (intent::taken(&found)?, intent::given_back(&found)?);
    let at_machines = at_machines(&found, api.clock().now(), settings.refund_patience);
    let mut amounts = at_machines.iter().map(|run| run.minor).chain([captured, refunded]);
    if !amounts.all(|minor| (0..=AMOUNT_MAX).contains(&minor)) {
        return Err(unusable("a payment with an amount that none can have"));
    }
    Ok(Refundable { captured, refunded, refunds: Vec::new(), preparation: Some(preparation), at_machines })
}

/// The refunds at machines that did not end without a refund. Whether the payment's sum holds them is not documented, so that
/// they are told one by one; one without an amount counts as the smallest there is, so that it is not overlooked. A session
/// that expired is left out: it hardly ever gave back, and what is noted as given back stays so for good.
pub(super) fn at_machines(found: &Intent, now: Timestamp, patience: SignedDuration) -> Vec<RunAtMachine> {
    let is_made = |run: &&Session| {
        !matches!(run.status.as_str(), "Declined" | "Canceled" | "Expired" | "SignatureVerificationRejected")
    };
    let amount = |run: &Session| run.details.as_ref()?.matched_refund.as_ref()?.amount.as_ref().map(|sum| sum.value);
    let told = |run: &Session| {
        let is_settled = session::was_over_at(run, now - patience);
        Some(RunAtMachine { run: Handle::new(run.id.clone()).ok()?, minor: amount(run).unwrap_or(1), is_settled })
    };
    intent::runs(found).filter(is_matched_refund).filter(is_made).filter_map(told).collect()
}

fn is_matched_refund(run: &&Session) -> bool {
    run.details.as_ref().is_some_and(|details| details.session_type == "MatchedRefund")
}

/// Sends a refund, once.
pub(super) async fn start(api: &Api, settings: &Settings, order: RefundOrder<'_>) -> Answer<Handle> {
    let RefundOrder { attempt, transaction, details } = order;
    if attempt.card_present {
        if let Some(reason) = not_available(api, attempt).await {
            return Answer::NotSent(reason);
        }
        let amount = attempt.order.money.into();
        let session = match transaction {
            Some(payment) => Details::MatchedRefund {
                matched_refund: MatchedRefundDetails { payment_intent_id: payment.as_str(), amount },
            },
            None => Details::UnlinkedRefund { unlinked_refund: UnlinkedRefundDetails { amount } },
        };
        return match send_session(api, attempt, session).await {
            Started::Answered(answer) => answer,
            Started::Refused(reason) => Answer::Unknown(reason.text),
        };
    }
    let Some(transaction) = transaction else {
        return Answer::NotSent(Reason::not_sent("without a sale, money is given back at a machine alone"));
    };
    if settings.reverses_whole && is_whole(api, attempt, transaction).await {
        match reverse(api, transaction).await {
            Ok(answer) => return answer,
            // The record proves that it was not: it is refunded like any other.
            Err(_) if is_whole(api, attempt, transaction).await => {}
            Err(reason) => return Answer::Unknown(reason.text),
        }
    }
    let request =
        RefundRequest { amount: attempt.order.money.amount.minor(), refund_reason: details.reason.as_deref() };
    let segments = ["payment-intents", transaction.as_str(), "refunds"];
    let call = Call::new("refund", Method::POST, &segments).with_idempotency_key(attempt.order.reference.to_string());
    match call.with_body(&request) {
        Ok(call) => classify::answer(api.send(call).await, |reply| {
            let created: RefundCreated = serde_json::from_slice(&reply.body).ok()?;
            Handle::new(created.refund_id).ok()
        }),
        Err(error) => Answer::NotSent(Reason::not_sent(format!("the request cannot be written: {error}"))),
    }
}

/// All that was taken is given back, and nothing of it was before.
async fn is_whole(api: &Api, attempt: &Attempt, payment: &TransactionId) -> bool {
    let found = Reader::new(api).intent(payment.as_str()).await;
    let is_untouched = |found: &Intent| found.status == "Captured" && found.refunded_amount.unwrap_or(0) == 0;
    let taken = found.ok().flatten().filter(is_untouched);
    taken.is_some_and(|found| intent::captured(&found).is_ok_and(|sum| sum == attempt.order.money.amount.minor()))
}

/// Reverses a payment, once: there is no amount in it, so it can only be given back whole. An error when Dojo refuses it in
/// its own words, as it does after some days.
async fn reverse(api: &Api, payment: &TransactionId) -> Result<Answer<Handle>, Reason> {
    let segments = ["payment-intents", payment.as_str(), "reversal"];
    let outcome = api.send(Call::new("reverse", Method::POST, &segments)).await;
    if let Some(reason) = classify::refused_reversal(&outcome) {
        return Err(reason);
    }
    Ok(classify::answer(outcome, |reply| {
        let created: ReversalCreated = serde_json::from_slice(&reply.body).ok()?;
        Handle::new(created.reversal_id).ok()
    }))
}

/// A machine in use would answer with a status that proves nothing: better not to ask it.
async fn not_available(api: &Api, attempt: &Attempt) -> Option<Reason> {
    match Reader::new(api).terminal(&attempt.order.terminal).await {
        Ok(Some(terminal)) if terminal.status == "InUse" => {
            Some(Reason::new("terminal_busy", "the terminal is in use; try again when it is free"))
        }
        Ok(Some(terminal)) if terminal.status == "Offline" => {
            Some(Reason::new("terminal_offline", "the terminal is offline; see that it is switched on and connected"))
        }
        // A word that is not known here may be a good one.
        Ok(Some(_)) => None,
        Ok(None) => Some(Reason::new("unknown_terminal", "Dojo does not know the terminal, or it is switched off")),
        Err(error) => Some(Reason::new("provider_unreachable", error.to_string())),
    }
}

/// What Dojo's record means for a refund attempt.
pub(super) async fn look(api: &Api, settings: &Settings, attempt: &Attempt) -> Result<Seen, ReadError> {
    let mut reader = Reader::new(api);
    let payment = match &attempt.refund_of {
        Some(payment) => reader.intent(payment.as_str()).await?,
        None => None,
    };
    if !attempt.card_present {
        let finding = payment.map_or(Ok(Finding::Nothing), |payment| of_sum(attempt, &payment))?;
        return Ok(Seen::at(reader.at(), finding));
    }
    let known = attempt.preparation.as_ref().and_then(|prepared| prepared.run.as_ref());
    let Some(handle) = attempt.phase.handle().or(known) else {
        let finding = payment.map_or(Ok(Finding::Nothing), |payment| of_history(attempt, &payment))?;
        return Ok(Seen::at(reader.at(), finding));
    };
    let run = reader.session(handle).await?;
    let now = api.clock().now();
    let settle = settings.signature_settle;
    let finding = run.as_ref().map_or(Finding::Nothing, |run| of_session(attempt, run, now, settle));
    let at_terminal = run.map_or_else(AtTerminal::default, |run| session::at_terminal(&run, now));
    Ok(Seen { at_terminal, ..Seen::at(reader.at(), finding) })
}

/// Which session is this refund's stands on disk before it decides anything: the next refund must not take it for its own.
fn of_history(attempt: &Attempt, payment: &Intent) -> Result<Finding, ReadError> {
    let Some(run) = new_run(attempt, payment) else { return Ok(Finding::Nothing) };
    let handle = Handle::new(run.id.clone()).map_err(|_| unusable("a session has a name that none can have"))?;
    Ok(Finding::Undecided { handle: Some(handle), started: true })
}

/// The one refund that came to the sessions that its payment had before. Of several nobody can tell which is meant.
fn new_run<'a>(attempt: &Attempt, payment: &'a Intent) -> Option<&'a Session> {
    let before = &attempt.preparation.as_ref()?.earlier_runs;
    let is_new = |run: &&Session| before.iter().all(|earlier| earlier.as_str() != run.id);
    let mut new = intent::runs(payment).filter(is_new).filter(is_matched_refund);
    new.next().filter(|_| new.next().is_none())
}

/// How a refund at the machine ended. A signature that was taken for good is no capture yet; when none follows, it was the
/// end: integrators saw refunds stay so.
fn of_session(attempt: &Attempt, run: &Session, now: Timestamp, settle: SignedDuration) -> Finding {
    let handle = Handle::new(run.id.clone()).ok();
    if let Some(what) = contradiction(attempt, run) {
        return Finding::Contradiction { what, handle };
    }
    let refused = attempt.signature_accepted == Some(false);
    let is_settled = session::is_settled(run, refused, now, settle);
    let stayed_accepted = session::accepted_at(run).is_some_and(|at| now.duration_since(at) >= settle);
    match (run.status.as_str(), handle) {
        ("Captured", _) => Finding::Approved(approval(attempt, Some(run))),
        _ if stayed_accepted => Finding::Approved(approval(attempt, Some(run))),
        ("Declined" | "SignatureVerificationRejected" | "Canceled", handle) if !is_settled => {
            Finding::Undecided { handle, started: true }
        }
        ("Declined", _) => Finding::Declined(Reason::new("declined", "the card's bank refused the refund")),
        ("SignatureVerificationRejected", _) => Finding::Declined(session::rejection()),
        ("Canceled", _) => Finding::Cancelled,
        ("Expired", Some(handle)) => Finding::Lapsed { handle },
        (_, handle) => Finding::Undecided { handle, started: true },
    }
}

/// Refunds of one payment are made one at a time, so that what the sum has grown by is this one.
fn of_sum(attempt: &Attempt, found: &Intent) -> Result<Finding, ReadError> {
    let Some(before) = &attempt.preparation else { return Ok(Finding::Nothing) };
    let grown = intent::given_back(found)?.saturating_sub(before.refunded);
    let asked = attempt.order.money.amount.minor();
    if grown == asked {
        return Ok(Finding::Approved(approval(attempt, None)));
    }
    if grown > asked {
        // Somebody else gave money of it back at the same time: which of the two this is, nobody can tell.
        let handle = attempt.phase.handle().cloned();
        return Ok(Finding::Contradiction { what: Contradiction::Amount { asked, found: grown }, handle });
    }
    Ok(match attempt.phase.handle() {
        Some(handle) => Finding::Undecided { handle: Some(handle.clone()), started: true },
        None => Finding::Nothing,
    })
}

fn contradiction(attempt: &Attempt, run: &Session) -> Option<Contradiction> {
    let Money { amount, currency } = attempt.order.money;
    if let Some(found) = run.terminal_id.as_ref().filter(|found| *found != attempt.order.terminal.as_str()) {
        return Some(Contradiction::Terminal { asked: attempt.order.terminal.clone(), found: found.clone() });
    }
    let details = run.details.as_ref()?;
    let told = details.matched_refund.as_ref().or(details.unlinked_refund.as_ref())?.amount.as_ref()?;
    if told.value != amount.minor() {
        return Some(Contradiction::Amount { asked: amount.minor(), found: told.value });
    }
    let is_other = told.currency_code != currency.code();
    is_other.then(|| Contradiction::Currency { asked: currency, found: told.currency_code.clone() })
}

fn approval(attempt: &Attempt, run: Option<&Session>) -> Approval {
    Approval {
        transaction: attempt.refund_of.clone(),
        amount: attempt.order.money.amount,
        captured: true,
        card: run.and_then(|run| receipt::card(run.payment_details.as_ref())),
        receipt: run.and_then(receipt::receipt),
        several: false,
    }
}

#[cfg(test)]
mod tests;
