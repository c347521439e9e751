//! The books of everybody are compared when everything has come to rest.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use pos_bridge::domain::attempt::{AlarmKind, Attempt, Kind, Phase};
use pos_bridge::domain::identifiers::OperationId;
use pos_bridge::domain::operation::{Operation, ProviderName, Status};

use crate::books::{Entry, Pages, Run, Standing};
use crate::cloud::{Books, Refund, Session};

/// What is wrong; nothing when all is well.
pub(crate) fn audit(pages: &Pages, books: &Books, now: i64, said: &[Operation]) -> Vec<String> {
    let mut wrongs = Vec::new();
    for entry in &pages.entries {
        for run in &entry.runs {
            judge_run(books, now, run, is_left_to_a_person(pages, books, entry, run), &mut wrongs);
        }
        judge_entry(pages, books, now, entry, &mut wrongs);
    }
    judge_numbers(pages, books, now, &mut wrongs);
    for session in books.sessions.iter().filter(|session| session.took_money(now)) {
        if !pages.runs().any(|(_, _, run)| is_of(session, run)) {
            wrongs.push(format!("I5: {} was paid and stands nowhere", session.attempt.order.reference));
        }
    }
    judge_said(pages, said, &mut wrongs);
    wrongs
}

/// A refund that was sent after the copy was made, or another one of its sale was, of which Dojo tells only how much was given
/// back, or that there are several new ones at machines: which refund that was only a person can tell, and one is asked.
fn is_left_to_a_person(pages: &Pages, books: &Books, entry: &Entry, run: &Run) -> bool {
    let is_asked = |alarm: &Standing| match alarm.raised.alarm.kind {
        AlarmKind::Orphan | AlarmKind::LostRefund => alarm.raised.operation == entry.head.original,
        AlarmKind::LateApproval | AlarmKind::Abandoned => alarm.raised.operation == Some(entry.head.id),
        _ => false,
    };
    let is_lost = |attempt: &Attempt| books.lost.contains_key(&attempt.order.reference);
    entry.head.kind == Kind::Refund
        && run.terminal.provider == ProviderName::Dojo
        && (is_lost(&run.attempt) || run.attempt.refund_of.iter().flat_map(|it| books.refunds_of(it)).any(is_lost))
        && pages.alarms.iter().any(is_asked)
}

/// Whether a refund was made may be `left_to_a_person`; not that it is decided, and made once.
fn judge_run(books: &Books, now: i64, run: &Run, left_to_a_person: bool, wrongs: &mut Vec<String>) {
    let reference = run.attempt.order.reference;
    // A payment that was lost with its attempt is known by what the provider calls it.
    let was_lost = |session: &&Session| books.lost.contains_key(&session.attempt.order.reference);
    let took = books.took_money(reference, now)
        || books.refunds.iter().any(|refund| refund.attempt.order.reference == reference)
        || books.sessions.iter().filter(was_lost).any(|session| session.took_money(now) && is_of(session, run));
    let name = format!("{} ({})", reference, run.attempt.phase.name());
    match &run.attempt.phase {
        Phase::Approved { resolution: None, approval, .. } => {
            if !took && !left_to_a_person {
                wrongs.push(format!("I6: {name} was never paid"));
            }
            if approval.amount != run.attempt.order.money.amount {
                wrongs.push(format!("I7: {name} is of another amount"));
            }
        }
        Phase::Declined { .. } | Phase::Failed { .. } | Phase::Cancelled { resolution: None }
            if took && !left_to_a_person =>
        {
            wrongs.push(format!("I6b: {name} was paid"));
        }
        Phase::Abandoned { .. } if took && !left_to_a_person => {
            wrongs.push(format!("L2: {name} was paid and nobody found it"))
        }
        phase if phase.is_live() => wrongs.push(format!("L1: {name} is not decided")),
        _ => {}
    }
    if books.refunds.iter().filter(|refund| refund.attempt.order.reference == reference).count() > 1 {
        wrongs.push(format!("I15: {name} was given back twice"));
    }
}

/// Whether a run is what came of a session.
fn is_of(session: &Session, run: &Run) -> bool {
    let is_its_payment = match &run.attempt.phase {
        Phase::Approved { approval, .. } => approval.transaction == Some(session.transaction()),
        _ => false,
    };
    is_its_payment || session.attempt.order.reference == run.attempt.order.reference
}

/// What a till calls by one number is paid once. A shop that lost its journal while the card was still to be presented may
/// take it a second time.
fn judge_numbers(pages: &Pages, books: &Books, now: i64, wrongs: &mut Vec<String>) {
    let mut numbers: BTreeMap<_, Vec<&Run>> = BTreeMap::new();
    for entry in pages.entries.iter().filter(|entry| entry.head.kind == Kind::Sale) {
        numbers.entry((&entry.head.till, &entry.head.reference)).or_default().extend(&entry.runs);
    }
    for ((till, reference), runs) in numbers {
        let is_ours = |session: &&Session| runs.iter().any(|run| is_of(session, run));
        let paid = books.sessions.iter().filter(|session| session.took_money(now)).filter(is_ours);
        let paid = paid.filter(|session| !books.was_unseen(session)).count();
        let forced = |run: &&&Run| matches!(run.attempt.phase, Phase::Cancelled { resolution: Some(_) });
        if paid > 1 + runs.iter().filter(forced).count() {
            wrongs.push(format!("I1: {reference} of {till} was paid {paid} times"));
        }
    }
}

/// No more of a sale is given back, or set aside for it, than was taken.
fn judge_entry(pages: &Pages, books: &Books, now: i64, entry: &Entry, wrongs: &mut Vec<String>) {
    if entry.head.kind != Kind::Sale {
        return;
    }
    let name = format!("{} of {}", entry.head.reference, entry.head.till);
    let is_ours = |session: &&Session| entry.runs.iter().any(|run| is_of(session, run));
    let sessions: Vec<_> = books.sessions.iter().filter(is_ours).collect();
    let is_paid = sessions.iter().any(|session| session.took_money(now));
    let of_it = |refund: &&Refund| sessions.iter().any(|session| session.transaction() == refund.transaction);
    let sum = |counts: &dyn Fn(&&Refund) -> bool| -> i64 {
        let refunds = books.refunds.iter().filter(of_it).filter(counts);
        refunds.map(|refund| refund.attempt.order.money.amount.minor()).sum()
    };
    let given_back = sum(&|refund| !books.was_under_way(refund));
    // What a backup holds undecided stays set aside beside what the lost journal gave back instead.
    let lost = sum(&|refund| books.lost.contains_key(&refund.attempt.order.reference));
    let taken = entry.head.money.amount.minor();
    if given_back > if is_paid { taken } else { 0 } {
        wrongs.push(format!("I14, I16: {given_back} of {name} was given back"));
    }
    // The simulated provider gives back whatever it is asked for; a real one refuses more than is left.
    if pages.set_aside(entry.head.id) - lost > taken {
        wrongs.push(format!("I14: more of {name} is set aside than it took"));
    }
}

/// A final answer stays, unless a payment came after it.
fn judge_said(pages: &Pages, said: &[Operation], wrongs: &mut Vec<String>) {
    let mut final_answers: BTreeMap<(OperationId, u32), Status> = BTreeMap::new();
    for told in said.iter().filter(|told| told.status().is_final()) {
        let key = (told.id, told.attempt.number);
        let before = final_answers.insert(key, told.status());
        if before.is_some_and(|before| before != told.status() && told.status() != Status::Approved) {
            wrongs.push(format!("I9: {} was told {:?} and then {:?}", told.reference, before, told.status()));
        }
    }
    for ((id, number), status) in final_answers {
        let entry = pages.entries.iter().find(|entry| entry.head.id == id);
        let Some(run) = entry.and_then(|entry| entry.runs.iter().find(|run| run.attempt.number == number)) else {
            wrongs.push(format!("I8: attempt {number} of {id} was told and stands nowhere"));
            continue;
        };
        let now = run.attempt.phase.status();
        if now != status && now != Status::Approved {
            wrongs.push(format!("I3: attempt {number} of {id} was told {status:?} and is {now:?}"));
        }
    }
}

/// Counts what became of everything.
pub(crate) fn outcomes(pages: &Pages, hits: &mut BTreeMap<&'static str, u64>) {
    for (entry, _, run) in pages.runs() {
        let is_sale = pages.entries[entry].head.kind == Kind::Sale;
        let outcome = match (&run.attempt.phase, is_sale) {
            (Phase::Approved { late: true, .. }, _) => "= late approval",
            (Phase::Approved { .. }, true) if run.attempt.number > 1 => "= later attempt approved",
            (Phase::Approved { .. }, true) if run.attempt.cancel_wanted => "= approved against a wish to cancel",
            (Phase::Approved { .. }, true) => "= sale approved",
            (Phase::Approved { .. }, false) => "= refund approved",
            (Phase::Declined { .. }, _) => "= declined",
            (Phase::Cancelled { resolution: Some(_) }, _) => "= resolved by a person",
            (Phase::Cancelled { .. }, _) => "= cancelled",
            (Phase::Failed { .. }, _) => "= failed",
            (Phase::Abandoned { .. }, _) => "= abandoned",
            _ => "= not decided",
        };
        *hits.entry(outcome).or_default() += 1;
    }
}

/// What was written and what was told, in one number.
pub(crate) fn digest(pages: &Pages, said: &[Operation]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for (_, _, run) in pages.runs() {
        (run.attempt.order.reference, run.attempt.phase.name(), run.phase_since).hash(&mut hasher);
    }
    for told in said {
        (told.id, told.attempt.number, told.status().name(), told.updated_at).hash(&mut hasher);
    }
    hasher.finish()
}
