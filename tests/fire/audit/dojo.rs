//! Dojo's side of the comparison: intents instead of transactions, and sessions that run on them.

use std::collections::{BTreeMap, BTreeSet};

use super::{SHOWN_WRONG, sent_once};
use crate::journal::{Attempt, Journal};
use crate::provider::{DojoLedger, Intent};

pub(super) fn at_any_moment(ledger: &DojoLedger, broken: &mut Vec<String>) {
    sent_once("an intent", &ledger.create_requests, broken);
    sent_once("a refund of Dojo's", &ledger.refund_requests, broken);
    for intent in &ledger.intents {
        if intent.sessions_for("Sale").filter(|session| session.captured).count() > 1 {
            broken.push(format!("rule 1: two sessions were paid: {intent:?}"));
        }
        if intent.refunded > intent.captured {
            broken.push(format!("rule 6: more was given back than taken: {intent:?}"));
        }
        let refunds: BTreeSet<_> = intent.refunds.iter().map(|it| (&it.idempotency_key, &it.session_id)).collect();
        if refunds.len() != intent.refunds.len() {
            broken.push(format!("rule 6: one refund was made twice: {intent:?}"));
        }
    }
}

pub(super) fn at_rest(ledger: &DojoLedger, journal: &Journal, broken: &mut Vec<String>) {
    for intent in &ledger.intents {
        sessions(ledger, intent, journal, broken);
        if intent.captured > 0 {
            payment(intent, journal, broken);
        }
        refunds(intent, journal, broken);
    }
    let paid: BTreeSet<&str> = ledger.intents.iter().filter(|it| it.captured > 0).map(|it| it.id.as_str()).collect();
    for attempt in journal.attempts.iter().filter(|it| it.provider == "dojo" && it.phase == "approved") {
        let payment = attempt.refunds.as_ref().or(attempt.transaction_id.as_ref());
        if !payment.is_some_and(|payment| paid.contains(payment.as_str())) {
            broken.push(format!("approved in the journal, and Dojo took nothing: {attempt:?}"));
        }
    }
}

/// Each attempt sends one session at most, and only on the intent that it wrote down before.
fn sessions(ledger: &DojoLedger, intent: &Intent, journal: &Journal, broken: &mut Vec<String>) {
    let on_it: Vec<&Attempt> =
        journal.prepared_on(&intent.id).filter(|it| it.refunds.is_none() || it.card_present).collect();
    let sales = on_it.iter().filter(|it| it.refunds.is_none()).count();
    let asked = ledger.session_requests.get(&intent.id).copied().unwrap_or(0);
    let is_more = usize::try_from(asked).unwrap() > on_it.len()
        || intent.sessions_for("Sale").count() > sales
        || intent.sessions_for("MatchedRefund").count() > on_it.len() - sales;
    if is_more {
        broken.push(format!("rule 2: {asked} sessions were asked for by {on_it:?}: {intent:?}"));
    }
}

fn payment(intent: &Intent, journal: &Journal, broken: &mut Vec<String>) {
    let attempts: Vec<&Attempt> = journal.prepared_on(&intent.id).filter(|it| it.refunds.is_none()).collect();
    let Some(first) = attempts.first() else {
        broken.push(format!("rule 3: paid, and not in the journal: {intent:?}"));
        return;
    };
    let operation = journal.operation_of(first);
    if intent.amount == SHOWN_WRONG {
        let is_a_persons = attempts.iter().any(|it| it.phase == "abandoned");
        if !is_a_persons || !journal.has_alarm(&operation.id, "mismatch") {
            broken.push(format!("rule 4: a wrong record must end with a person: {attempts:?} {intent:?}"));
        }
        return;
    }
    let approved: Vec<_> = attempts.iter().filter(|it| it.phase == "approved").collect();
    let same = approved.len() == 1
        && approved[0].transaction_id.as_ref() == Some(&intent.id)
        && approved[0].amount_approved == Some(intent.captured)
        && intent.captured == intent.amount + intent.added()
        && operation.amount == intent.amount
        && operation.currency == intent.currency
        && is_at(intent, &approved[0].provider_terminal)
        && format!("{}/{}", operation.till, operation.reference) == intent.till_reference()
        && intent.metadata.get("operation_id") == Some(&operation.id)
        && operation.status == "approved";
    if !same {
        broken.push(format!("rule 3: the journal differs: {intent:?} {attempts:?} {operation:?}"));
    }
}

/// A session that expired before its payment was captured does not tell that it was; it was the last one then.
fn is_at(intent: &Intent, terminal: &str) -> bool {
    let paid = intent.sessions_for("Sale").find(|it| it.captured).or(intent.sessions_for("Sale").last());
    paid.is_some_and(|session| session.terminal_id == terminal)
}

/// A refund without a card is known by its key; one at a machine by where it was made and how much it was.
fn refunds(intent: &Intent, journal: &Journal, broken: &mut Vec<String>) {
    let mut approved: BTreeMap<(String, i64), u32> = BTreeMap::new();
    for attempt in journal.refunds_of(&intent.id).filter(|it| it.phase == "approved") {
        let by = if attempt.card_present { &attempt.provider_terminal } else { &attempt.reference };
        *approved.entry((by.clone(), attempt.amount_approved.unwrap_or(0))).or_default() += 1;
    }
    let mut made: BTreeMap<(String, i64), u32> = BTreeMap::new();
    for refund in &intent.refunds {
        let session = || intent.sessions_for("MatchedRefund").find(|it| Some(&it.id) == refund.session_id.as_ref());
        let by = refund.idempotency_key.clone().or_else(|| Some(session()?.terminal_id.clone()));
        *made.entry((by.unwrap_or_default(), refund.amount)).or_default() += 1;
    }
    let sum: i64 = intent.refunds.iter().map(|refund| refund.amount).sum();
    if approved != made || sum != intent.refunded {
        broken.push(format!("rule 6: the journal has the refunds {approved:?}: {intent:?}"));
    }
}
