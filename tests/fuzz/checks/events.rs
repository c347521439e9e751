//! Bytes as a list of events for one attempt: the rules of money hold after each, and what the journal writes of it is
//! what it reads.

use jiff::{SignedDuration, Timestamp};
use pos_bridge::domain::attempt::{Attempt, Event, Kind, OperatorVerdict, Phase, Preparation, Resolution};
use pos_bridge::domain::evidence::{
    Approval, Finding, Order, PaymentRecord, PaymentState, SessionRecord, SessionState, Sighting, Terms, compare, judge,
};
use pos_bridge::domain::identifiers::{Handle, TransactionId};

use super::Verdict;
use super::bytes::Bytes;
use super::moves::check_move;
use super::support::{approval, attempt, expiry, handle, horizon, money, order, payment, reason, start, terms};

/// A byte is a moment from a minute before one that decides until twenty minutes after it, in steps of so many seconds.
const STEP_SECONDS: i64 = 5;

pub(crate) fn check(bytes: &[u8]) -> Verdict {
    let mut bytes = Bytes::new(bytes);
    let mut current = begun(&mut bytes);
    let mut moves = 0;
    while !bytes.is_empty() {
        let event = event(&mut bytes);
        if let Event::Seen { finding, at } = &event {
            let moved = current.step(&event).is_ok_and(|transition| transition.is_some());
            assert_eq!(current.would_move(finding, *at), moved, "a reading is written when it brings news: {event:?}");
        }
        match current.step(&event) {
            Ok(Some(transition)) => {
                check_move(&current, &event, &transition);
                current = transition.attempt;
                assert_eq!(kept(&current.phase), current.phase, "the journal keeps the phase whole");
                moves += 1;
            }
            Ok(None) => {}
            Err(error) => assert!(matches!(event, Event::Resolved { .. }), "only an operator is refused: {error}"),
        }
    }
    Verdict::taken_if(moves > 1)
}

fn kept(phase: &Phase) -> Phase {
    serde_json::from_str(&serde_json::to_string(phase).unwrap()).unwrap()
}

fn begun(bytes: &mut Bytes<'_>) -> Attempt {
    let kind = if bytes.flag() { Kind::Refund } else { Kind::Sale };
    let phase = if bytes.flag() { Phase::Reserved } else { Phase::Sending };
    let mut begun = attempt(kind, phase);
    begun.card_present = !bytes.flag();
    begun.order.may_grow = bytes.flag();
    begun.preparation = bytes.flag().then(preparation);
    begun
}

fn preparation() -> Preparation {
    let payment = Handle::new("pi_1").unwrap();
    Preparation { payment, reference: order().reference, earlier_runs: vec![handle()], refunded: 0, run: None }
}

fn event(bytes: &mut Bytes<'_>) -> Event {
    match bytes.below(16) {
        0 => Event::Dispatched { preparation: bytes.flag().then(preparation) },
        1 => Event::Rerouted { reason: reason() },
        14 => Event::PaidByEarlier,
        15 => Event::PaidBefore,
        2 => Event::Accepted { handle: some_handle(bytes) },
        3 => Event::Refused { reason: reason() },
        4 => Event::NotSent { reason: reason() },
        5 => Event::Silent { cause: "timeout".to_owned() },
        6 => Event::Interrupted,
        7 => Event::CancelWanted,
        8 => Event::SignatureCompared { accepted: bytes.flag() },
        9 => Event::Resolved {
            resolution: Resolution {
                verdict: bytes.pick(&[OperatorVerdict::Approved, OperatorVerdict::NotTaken]),
                by: "Kari".to_owned(),
                reason: "receipt".to_owned(),
            },
            at: moment(bytes),
        },
        10 | 11 => Event::Seen { finding: finding(bytes), at: moment(bytes) },
        _ => Event::Seen { finding: judged(bytes), at: moment(bytes) },
    }
}

/// What a record of the provider's is judged to be; a payment that differs from the order is never an approval.
fn judged(bytes: &mut Bytes<'_>) -> Finding {
    let may_grow = bytes.flag();
    let asked = Order { may_grow, ..order() };
    let session = bytes.flag().then(|| session_record(bytes));
    let payments: Vec<PaymentRecord> = (0..bytes.below(3)).map(|_| payment_record(bytes)).collect();
    let sighting = Sighting { session, payments };
    let finding = judge(&asked, &sighting);
    let all_agree = sighting.payments.iter().all(|payment| compare(&asked, &payment.terms).is_ok());
    let took = |payment: &PaymentRecord| matches!(payment.state, PaymentState::Approved { .. });
    if let Finding::Approved(approval) = &finding {
        assert!(all_agree, "another payment is never ours");
        let is_named = |payment: &&PaymentRecord| Some(&payment.transaction) == approval.transaction.as_ref();
        let mut proofs = sighting.payments.iter().filter(is_named).filter(|payment| took(payment)).peekable();
        assert!(proofs.peek().is_some(), "only money that was taken is an approval, which names its payment");
        // A record may name two alike: it is one of them.
        let added = approval.amount.minor() - asked.money.amount.minor();
        assert!(proofs.any(|proof| proof.added == added), "all of it, and no more");
        assert!(added == 0 || may_grow, "nobody may have added to it");
    }
    let is_no = matches!(finding, Finding::Declined(_) | Finding::Cancelled | Finding::Corrected(_));
    assert!(!is_no || !sighting.payments.iter().any(took), "a payment that was taken is never a no");
    finding
}

fn session_record(bytes: &mut Bytes<'_>) -> SessionRecord {
    let state = match bytes.below(5) {
        0 => SessionState::Waiting,
        1 => SessionState::Started,
        2 => SessionState::Cancelled,
        3 => SessionState::Declined(reason()),
        _ => SessionState::Lapsed,
    };
    SessionRecord { handle: some_handle(bytes), terms: some_terms(bytes), state }
}

fn payment_record(bytes: &mut Bytes<'_>) -> PaymentRecord {
    let state = match bytes.below(5) {
        0 => PaymentState::Approved { captured: true },
        1 => PaymentState::Approved { captured: false },
        2 => PaymentState::Declined(reason()),
        3 => PaymentState::Voided,
        _ => PaymentState::Undecided,
    };
    let added = bytes.pick(&[0, 0, 1, 500, -1, i64::MAX, i64::MIN]);
    PaymentRecord { transaction: some_transaction(bytes), terms: some_terms(bytes), added, ..payment(state) }
}

/// The order's own, most often.
fn some_terms(bytes: &mut Bytes<'_>) -> Terms {
    let right = terms();
    match bytes.below(10) {
        6 => Terms { amount: bytes.pick(&[0, 1, -39900, 39899, 39901, i64::MAX]), ..right },
        7 => Terms { currency: "SEK".to_owned(), ..right },
        8 => Terms { terminal: bytes.flag().then(|| "T0293".to_owned()), ..right },
        9 => Terms { reference: bytes.pick(&["", "PB-", "R-1"]).to_owned(), ..right },
        _ => right,
    }
}

fn finding(bytes: &mut Bytes<'_>) -> Finding {
    match bytes.below(7) {
        0 => Finding::Nothing,
        1 => Finding::Undecided { handle: bytes.flag().then(|| some_handle(bytes)), started: bytes.flag() },
        2 => Finding::Lapsed { handle: some_handle(bytes) },
        3 => Finding::Declined(reason()),
        4 => Finding::Cancelled,
        5 => Finding::Corrected(reason()),
        _ => Finding::Approved(Approval {
            transaction: Some(some_transaction(bytes)),
            amount: money(bytes.pick(&[39900, 40400])).amount,
            captured: bytes.flag(),
            several: bytes.flag(),
            ..approval()
        }),
    }
}

fn some_handle(bytes: &mut Bytes<'_>) -> Handle {
    if bytes.flag() { Handle::new("T12345678.another").unwrap() } else { handle() }
}

fn some_transaction(bytes: &mut Bytes<'_>) -> TransactionId {
    TransactionId::new(bytes.pick(&["T12345678.transaction", "T12345678.another"])).unwrap()
}

fn moment(bytes: &mut Bytes<'_>) -> Timestamp {
    let from = bytes.pick(&[start(), expiry(), horizon()]);
    from + SignedDuration::from_secs((i64::from(bytes.byte()) - 12) * STEP_SECONDS)
}
