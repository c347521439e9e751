//! What a reading adds to what is known of an attempt already.

use pos_bridge::domain::attempt::{Alarm, AlarmKind, EMPTY_LOOK_GAP, Kind, OperatorVerdict, Phase, Resolution};
use pos_bridge::domain::card::{Card, Receipt};
use pos_bridge::domain::evidence::{Approval, Contradiction, Finding};

use crate::support::*;

fn card(brand: &str) -> Option<Card> {
    Some(Card { brand: Some(brand.to_owned()), ..Card::default() })
}

fn receipt(customer: &str) -> Option<Receipt> {
    Some(Receipt { customer: Some(customer.to_owned()), merchant: None })
}

fn operators_word() -> Option<Resolution> {
    Some(Resolution { verdict: OperatorVerdict::Approved, by: "Kari".to_owned(), reason: "receipt".to_owned() })
}

fn approved(approval: Approval, resolution: Option<Resolution>) -> Phase {
    Phase::Approved { approval, late: false, resolution }
}

/// A reading that changes nothing is not written.
#[test]
fn only_a_reading_that_brings_news_is_written() {
    let open = sale(Phase::Open { handle: handle() });
    let paid = sale(approved(approval(), None));
    for (attempt, finding, expected) in [
        (&open, Finding::Approved(approval()), true),
        (&open, Finding::Nothing, false),
        (&paid, Finding::Approved(approval()), false),
        (&paid, Finding::Cancelled, false),
    ] {
        assert_eq!(attempt.would_move(&finding, start()), expected, "{finding:?} in {}", attempt.phase.name());
        assert_eq!(step(attempt, &seen(finding, start())).is_some(), expected);
    }
}

/// The payment behind an operator's word is not told as another one, and brings its card and its receipt.
#[test]
fn the_payment_behind_an_operators_word_completes_it() {
    let word = Approval { transaction: None, captured: false, ..approval() };
    let record = Approval { card: card("Visa"), receipt: receipt("Visa 399.00"), ..approval() };
    let resolved = sale(approved(word, operators_word()));
    let transition = step(&resolved, &seen(Finding::Approved(record.clone()), start())).unwrap();
    assert_eq!(transition.alarm, None);
    assert_eq!(transition.attempt.phase, approved(record.clone(), operators_word()));
    assert_eq!(step(&transition.attempt, &seen(Finding::Approved(record), start())), None, "it is no news twice");
}

/// P36: an operator's word stands for the order. What the customer added at the terminal only the record tells.
#[test]
fn the_payment_behind_an_operators_word_tells_how_much_was_taken() {
    let word = Approval { transaction: None, captured: false, ..approval() };
    let record = Approval { amount: money(43_890).amount, ..approval() };
    let resolved = sale(approved(word, operators_word()));
    let found = after(&resolved, &[seen(Finding::Approved(record.clone()), start())]);
    assert_eq!(found.phase, approved(record, operators_word()));
}

/// What was printed already does not change with the capture.
#[test]
fn a_capture_keeps_the_card_and_the_receipt_that_are_known() {
    let reserved = Approval { captured: false, card: card("Visa"), receipt: receipt("first"), ..approval() };
    let captured = Approval { captured: true, ..reserved.clone() };
    let reading = Approval { card: card("VISA"), receipt: receipt("second"), ..approval() };
    let known = sale(approved(reserved.clone(), None));
    assert_eq!(after(&known, &[seen(Finding::Approved(reading), start())]).phase, approved(captured.clone(), None));
    let bare = sale(approved(Approval { card: None, receipt: None, ..reserved.clone() }, None));
    let full = seen(Finding::Approved(captured.clone()), start());
    assert_eq!(after(&bare, &[full]).phase, approved(captured.clone(), None));
    let stale = seen(Finding::Approved(reserved), start());
    let untold = Approval { transaction: None, ..captured.clone() };
    assert_eq!(
        after(&sale(approved(untold, None)), std::slice::from_ref(&stale)).phase,
        approved(captured.clone(), None)
    );
    assert_eq!(step(&sale(approved(captured, None)), &stale), None, "a capture is not taken back by a stale reading");
}

/// A second payment that shows beside the known one is loud once.
#[test]
fn a_second_payment_beside_the_known_one_is_loud_once() {
    let several = Approval { several: true, ..approval() };
    let reading = seen(Finding::Approved(several.clone()), start());
    let transition = step(&sale(approved(approval(), None)), &reading).unwrap();
    assert_eq!(transition.alarm.unwrap().kind, AlarmKind::SeveralPayments);
    assert_eq!(transition.attempt.phase, approved(several, None));
    assert_eq!(step(&transition.attempt, &reading), None);
    assert_eq!(step(&transition.attempt, &seen(Finding::Approved(approval()), start())), None);
}

#[test]
fn a_second_payment_is_not_forgotten_with_the_capture_of_the_first() {
    let reserved = Approval { captured: false, several: true, ..approval() };
    let known = sale(approved(reserved.clone(), None));
    let captured = after(&known, &[seen(Finding::Approved(approval()), start())]);
    assert_eq!(captured.phase, approved(Approval { captured: true, ..reserved }, None));
}

/// P17: what was given up stays with a person, who is told of the contradiction as well.
#[test]
fn a_contradiction_of_what_was_given_up_is_told_and_decides_nothing() {
    let what = Contradiction::Amount { asked: 39900, found: 3990 };
    let reading = seen(Finding::Contradiction { what, handle: Some(handle()) }, start());
    let given_up = sale(Phase::Abandoned { handle: None });
    let transition = step(&given_up, &reading).unwrap();
    assert_eq!(transition.attempt.phase, given_up.phase);
    assert!(transition.attempt.contradicted && transition.attempt.cancel_wanted);
    let text = "sale of 399.00 NOK: the provider's record says 3990 minor units, 39900 were asked";
    assert_eq!(transition.alarm, Some(Alarm { kind: AlarmKind::Mismatch, text: text.to_owned() }));
    assert_eq!(step(&transition.attempt, &reading), None, "told only once");
}

/// P36: nobody is asked twice, and nothing is stopped of its own accord, once a person has to decide.
#[test]
fn what_was_given_up_is_only_watched() {
    let given_up = sale(Phase::Abandoned { handle: Some(handle()) });
    for finding in [
        Finding::Nothing,
        Finding::Undecided { handle: Some(handle()), started: false },
        Finding::Undecided { handle: Some(handle()), started: true },
        Finding::Lapsed { handle: handle() },
    ] {
        for at in [start(), expiry(), horizon(), horizon() + EMPTY_LOOK_GAP] {
            assert_eq!(step(&given_up, &seen(finding.clone(), at)), None, "{finding:?} at {at}");
        }
    }
    assert_eq!(after(&given_up, &[seen(Finding::Cancelled, horizon())]).phase, Phase::Cancelled { resolution: None });
}

/// What is only reserved has not reached the provider, so no record of it says that it was not paid.
#[test]
fn a_reading_of_what_is_only_reserved_proves_nothing_but_a_payment() {
    let reserved = sale(Phase::Reserved);
    for finding in [
        Finding::Nothing,
        Finding::Undecided { handle: Some(handle()), started: true },
        Finding::Lapsed { handle: handle() },
        Finding::Declined(reason()),
        Finding::Cancelled,
    ] {
        assert_eq!(step(&reserved, &seen(finding.clone(), horizon())), None, "{finding:?}");
    }
    assert_eq!(after(&reserved, &[seen(Finding::Approved(approval()), start())]).phase, approved(approval(), None));
}

/// Only a sale is stopped by the bridge itself, and only once: when nobody can pay it any more.
#[test]
fn a_refund_that_ran_out_is_not_stopped() {
    let waiting = Finding::Undecided { handle: Some(handle()), started: false };
    for finding in [waiting, Finding::Lapsed { handle: handle() }] {
        for kind in [Kind::Sale, Kind::Refund] {
            let open = attempt(kind, Phase::Open { handle: handle() });
            let ran_out = after(&open, &[seen(finding.clone(), expiry())]);
            assert_eq!(ran_out.cancel_wanted, kind == Kind::Sale, "{} {finding:?}", kind.name());
            assert_eq!(step(&ran_out, &seen(finding.clone(), expiry())), None, "{} {finding:?}", kind.name());
        }
    }
}
