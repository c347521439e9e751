//! The comparison: the provider's ledger, the journal, and what the tills were told.

mod dojo;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use crate::history::{Books, CARD_WINS, Key, SIGNED, Told, lines};
use crate::journal::{Attempt, Journal, status_of};
use crate::provider::{Charge, Ledger, Transaction};

/// The amount of which the provider's record shows another one than was taken: never approved, and loud.
pub(crate) const SHOWN_WRONG: i64 = 990_113;
/// The amount that is authorized and never captured: an alarm after a day, and one when a cancel that comes late voids it.
const NEVER_CAPTURED: i64 = 990_115;

/// What must hold at every moment, whatever is under way.
pub(crate) fn at_any_moment(ledger: &Ledger, books: &Books) -> Vec<String> {
    let mut broken = books.broken.clone();
    sent_once("a session", &ledger.create_requests, &mut broken);
    sent_once("a refund", &ledger.refund_requests, &mut broken);
    charged_once(ledger, books, &mut broken);
    dojo::at_any_moment(&ledger.dojo, &mut broken);
    for transaction in &ledger.transactions {
        if transaction.refunded > transaction.captured {
            broken.push(format!("rule 6: more was given back than taken: {transaction:?}"));
        }
        let mut references: Vec<_> = transaction.refunds.iter().filter(|it| it.success).collect();
        references.sort_by_key(|it| &it.refund_reference);
        if references.windows(2).any(|pair| pair[0].refund_reference == pair[1].refund_reference) {
            broken.push(format!("rule 6: one refund was made twice: {transaction:?}"));
        }
    }
    broken
}

/// The ledger counts what got past the token: one that is refused (401) is a definite no, and the request goes out once more with
/// a new one, at once or, where none is to be had, a little later.
fn sent_once(what: &str, requests: &BTreeMap<String, u64>, broken: &mut Vec<String>) {
    let again: Vec<_> = requests.iter().filter(|(_, count)| **count > 1).collect();
    if !again.is_empty() {
        broken.push(format!("rule 2: {what} was asked for again: {again:?}"));
    }
}

fn charged_once(ledger: &Ledger, books: &Books, broken: &mut Vec<String>) {
    let mut charges: HashMap<&str, Vec<Charge<'_>>> = HashMap::new();
    for charge in ledger.charges() {
        charges.entry(charge.name).or_default().push(charge);
    }
    for (name, charges) in charges {
        let story = key_of(name, "sale").and_then(|key| books.stories.get(&key));
        let Some(story) = story else {
            broken.push(format!("rule 3: charged without a till that asked: {name}: {charges:?}"));
            continue;
        };
        let captured: i64 = charges.iter().map(|it| it.amount).sum();
        if charges.len() > 1 || Some(captured) > story.asked {
            let story = lines(story);
            broken.push(format!("rule 1: {name} was charged more than once: {charges:?}\n{story}"));
        }
        let unpaid = story.told.last().filter(|told| told.is_unpaid() && !story.awaited);
        if unpaid.is_some_and(|told| told.amount != CARD_WINS) {
            broken.push(format!("rule 4: {name} was called unpaid and is paid: {charges:?}\n{}", lines(story)));
        }
    }
}

/// Rule 5: what the provider was asked for was on disk before; `written` are the names that are there at this moment.
pub(crate) fn intent_first(ledger: &Ledger, written: &BTreeSet<String>) -> Vec<String> {
    let dojo = &ledger.dojo;
    let at_dojo = dojo.create_requests.keys().chain(dojo.session_requests.keys()).chain(dojo.refund_requests.keys());
    let seen = ledger.create_requests.keys().chain(ledger.refund_requests.keys()).chain(at_dojo);
    let strange = seen.filter(|name| !written.contains(*name));
    strange.map(|name| format!("rule 5: sent, and not on disk: {name}")).collect()
}

/// What must hold when everything has come to rest.
///
/// What lies in words, or by an old record, may raise an alarm that nobody else explains; `hits` tells which faults struck.
pub(crate) fn at_rest(
    ledger: &Ledger,
    journal: &Journal,
    books: &Books,
    listed: &[Value],
    hits: &BTreeMap<String, u64>,
) -> Vec<String> {
    let struck = |fault: &str| hits.iter().any(|(label, count)| *count > 0 && label.contains(fault));
    let mut broken: Vec<String> = journal.damage.clone();
    broken.extend(intent_first(ledger, &journal.names()));
    payments(ledger, journal, &mut broken);
    refunds(ledger, journal, &mut broken);
    dojo::at_rest(&ledger.dojo, journal, &mut broken);
    for attempt in &journal.attempts {
        if let Some(fault) = fault_of_log(journal, attempt) {
            let phases: Vec<_> = journal.events_of(attempt).iter().map(|it| (&it.name, &it.phase)).collect();
            broken.push(format!("rule 8: {fault}: {attempt:?} {phases:?}"));
        }
        if let Some(fault) = fault_of_lateness(journal, attempt, struck("stale_read")) {
            broken.push(format!("rule 4: {fault}: {attempt:?} {:?}", journal.operation_of(attempt)));
        }
    }
    told(journal, books, &mut broken);
    listing(journal, listed, &mut broken);
    for alarm in &journal.alarms {
        let is_strange = match alarm.kind.as_str() {
            "several_payments" | "orphan" => true,
            "lost_refund" => !struck("stale_read"),
            "corrected" if struck("strange_word") => false,
            "corrected" | "not_captured" => {
                journal.operations.get(&alarm.subject).is_none_or(|sale| sale.amount != NEVER_CAPTURED)
            }
            _ => false,
        };
        if is_strange {
            broken.push(format!("an alarm that nothing in here explains: {alarm:?}"));
        }
    }
    broken
}

fn payments(ledger: &Ledger, journal: &Journal, broken: &mut Vec<String>) {
    let attempts: HashMap<&str, &Attempt> =
        journal.attempts.iter().map(|attempt| (attempt.reference.as_str(), attempt)).collect();
    let mut taken: HashMap<&str, &Transaction> = HashMap::new();
    for transaction in &ledger.transactions {
        if !transaction.is_paid() {
            continue;
        }
        taken.insert(&transaction.merchant_reference, transaction);
        let Some(attempt) = attempts.get(transaction.merchant_reference.as_str()) else {
            broken.push(format!("rule 3: paid, and not in the journal: {transaction:?}"));
            continue;
        };
        let operation = journal.operation_of(attempt);
        if transaction.amount == SHOWN_WRONG {
            if attempt.phase != "abandoned" || !journal.has_alarm(&operation.id, "mismatch") {
                broken.push(format!("rule 4: a wrong record must end with a person: {attempt:?} {transaction:?}"));
            }
            continue;
        }
        let same = attempt.phase == "approved"
            && attempt.transaction_id.as_deref() == Some(&transaction.id)
            && attempt.amount_approved == Some(transaction.amount)
            && operation.amount == transaction.amount
            && operation.currency == transaction.currency
            && attempt.provider_terminal == transaction.terminal_id
            && format!("{}/{}", operation.till, operation.reference) == transaction.merchant_reference_2
            && operation.status == "approved";
        if !same {
            broken.push(format!("rule 3: the journal differs: {transaction:?} {attempt:?} {operation:?}"));
        }
    }
    let at_dintero = |it: &&Attempt| it.provider == "dintero" && it.refunds.is_none();
    for attempt in journal.attempts.iter().filter(at_dintero).filter(|it| it.phase == "approved") {
        let is_voided = || journal.has_alarm(&attempt.operation, "corrected");
        if !taken.contains_key(attempt.reference.as_str()) && !is_voided() {
            broken.push(format!("approved in the journal, and the provider took nothing: {attempt:?}"));
        }
    }
}

fn refunds(ledger: &Ledger, journal: &Journal, broken: &mut Vec<String>) {
    for transaction in &ledger.transactions {
        let approved: BTreeMap<&str, i64> = journal
            .refunds_of(&transaction.id)
            .filter(|it| it.phase == "approved")
            .map(|it| (it.reference.as_str(), it.amount_approved.unwrap_or(0)))
            .collect();
        let made: BTreeMap<&str, i64> = transaction
            .refunds
            .iter()
            .filter(|it| it.success)
            .map(|it| (it.refund_reference.as_deref().unwrap_or("none"), it.amount))
            .collect();
        let sum: i64 = approved.values().sum();
        if approved != made || sum != transaction.refunded || !transaction.pending_refunds.is_empty() {
            broken.push(format!("rule 6: the journal has the refunds {approved:?}: {transaction:?}"));
        }
    }
    for operation in journal.operations.values().filter(|it| it.refunded_elsewhere > 0) {
        broken.push(format!("rule 6: nobody gave back anything elsewhere: {operation:?}"));
    }
}

/// The steps that the state machine allows, said once more and independently of it.
fn may_follow(from: &str, event: &str, to: &str) -> bool {
    match from {
        // An attempt before it was paid, or may have been: nothing was sent, and yet nobody may hear that nothing was taken.
        "reserved" if event == "paid_before" => to == "unknown",
        "reserved" | "unknown" if event == "paid_by_earlier" => to == "failed",
        // Approved, where a new attempt finds the payment of the one before it paid.
        "reserved" => matches!(to, "reserved" | "sending" | "failed" | "cancelled" | "approved"),
        "sending" => !matches!(to, "reserved" | "abandoned"),
        "open" | "unknown" => !matches!(to, "reserved" | "sending" | "failed"),
        "abandoned" => matches!(to, "abandoned" | "approved" | "declined" | "cancelled"),
        decided => to == decided || to == "approved",
    }
}

fn fault_of_log(journal: &Journal, attempt: &Attempt) -> Option<&'static str> {
    let events = journal.events_of(attempt);
    let (Some(first), Some(last)) = (events.first(), events.last()) else { return Some("no event at all") };
    let is_prepared = attempt.refunds.is_some() || attempt.provider == "dojo";
    let begins_as = if is_prepared { "reserved" } else { "sending" };
    if (first.name.as_str(), first.phase.as_str()) != ("begun", begins_as) {
        return Some("the log does not begin with the beginning");
    }
    if last.phase != attempt.phase {
        return Some("the log ends in another phase than the attempt");
    }
    if events.windows(2).any(|pair| !may_follow(&pair[0].phase, &pair[1].name, &pair[1].phase)) {
        return Some("a step that there is not");
    }
    matches!(attempt.phase.as_str(), "reserved" | "sending" | "open" | "unknown").then_some("never came to rest")
}

/// An approval is late when something else had been said before, and then it is loud. A proven "not paid" is taken back
/// only where the card won against a cancel.
/// A payment that is captured in spite of its signature has a session that says no for ever: an old reading of its intent is
/// then a whole record of a decline, however late it comes.
fn fault_of_lateness(journal: &Journal, attempt: &Attempt, reads_old: bool) -> Option<&'static str> {
    if attempt.phase != "approved" {
        return None;
    }
    let events = journal.events_of(attempt);
    let was = |phases: &[&str]| events.iter().any(|event| phases.contains(&event.phase.as_str()));
    let unpaid = was(&["declined", "cancelled", "failed"]);
    let late = unpaid || was(&["abandoned"]);
    let operation = journal.operation_of(attempt);
    if late != (attempt.late == Some(true)) {
        return Some("late is not what the log says");
    }
    if late && !journal.has_alarm(&operation.id, "late_approval") {
        return Some("late, and without an alarm");
    }
    let is_known = operation.amount == CARD_WINS || (reads_old && SIGNED.contains(&operation.amount));
    (unpaid && !is_known).then_some("called unpaid before it was approved")
}

/// Rule 7: a till was told nothing but what the log holds of this very attempt.
fn told(journal: &Journal, books: &Books, broken: &mut Vec<String>) {
    for (key, story) in &books.stories {
        for told in &story.told {
            if let Some(fault) = fault_of_told(journal, key, told) {
                broken.push(format!("rule 7: {key}: {fault}: {told:?}\n{}", lines(story)));
            }
        }
    }
}

fn fault_of_told(journal: &Journal, key: &Key, told: &Told) -> Option<&'static str> {
    let Some(operation) = journal.operations.get(&told.operation) else {
        return Some("the journal does not hold the operation");
    };
    let is_this = operation.till == format!("till-{}", key.till)
        && operation.reference == key.reference
        && operation.kind == key.kind
        && operation.amount == told.amount;
    if !is_this {
        return Some("the journal holds another operation under this number");
    }
    let events = journal.events.get(&(told.operation.clone(), told.attempt));
    let was_so = events.into_iter().flatten().any(|event| status_of(&event.phase) == told.status);
    (!was_so).then_some("the log of the attempt never said so")
}

/// What the bridge lists is what lies on the disk, and as many.
fn listing(journal: &Journal, listed: &[Value], broken: &mut Vec<String>) {
    if listed.len() != journal.operations.len() {
        broken.push(format!("{} operations are listed and {} are there", listed.len(), journal.operations.len()));
    }
    let mut given_back: HashMap<&str, i64> = HashMap::new();
    for refund in journal.attempts.iter().filter(|it| it.phase == "approved" && it.refunds.is_some()) {
        if let Some(sale) = &journal.operation_of(refund).original {
            *given_back.entry(sale).or_default() += refund.amount_approved.unwrap_or(0);
        }
    }
    for reply in listed {
        let operation = journal.operations.get(reply["operation_id"].as_str().unwrap_or_default());
        let same = operation.is_some_and(|it| {
            it.status == reply["status"] && it.amount == reply["amount"] && it.reference == reply["reference"]
        });
        if !same {
            broken.push(format!("listed otherwise than it is on disk: {reply} {operation:?}"));
        }
        let given_back = operation.and_then(|sale| given_back.get(sale.id.as_str())).copied().unwrap_or(0);
        if reply["kind"] == "sale" && reply["amount_refunded"] != given_back {
            broken.push(format!("rule 6: {given_back} were given back: {reply}"));
        }
    }
}

fn key_of(name: &str, kind: &'static str) -> Option<Key> {
    let (till, reference) = name.split_once('/')?;
    Some(Key { till: till.strip_prefix("till-")?.parse().ok()?, kind, reference: reference.to_owned() })
}
