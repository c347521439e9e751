//! The words that the journal, the event log, the metrics and the tills know things by. What is written down stays
//! readable only while they stay the same.

use pos_bridge::domain::attempt::{AlarmKind, Event, Kind, OperatorVerdict, Resolution};
use pos_bridge::domain::evidence::Finding;
use pos_bridge::domain::operation::{ProviderName, Status};

use crate::support::*;

#[test]
fn kinds_and_providers_have_their_words() {
    assert_eq!([Kind::Sale, Kind::Refund].map(Kind::name), ["sale", "refund"]);
    assert_eq!([ProviderName::Dintero, ProviderName::Dojo].map(ProviderName::name), ["dintero", "dojo"]);
}

#[test]
fn every_phase_has_its_word() {
    let words: Vec<&str> = phases().iter().map(|phase| phase.name()).collect();
    let expected = [
        "reserved",
        "sending",
        "open",
        "unknown",
        "unknown",
        "abandoned",
        "approved",
        "declined",
        "cancelled",
        "failed",
    ];
    assert_eq!(words, expected);
}

#[test]
fn every_status_has_its_word() {
    let expected = ["pending", "approved", "declined", "cancelled", "failed", "unknown"];
    assert_eq!(Status::ALL.map(Status::name), expected);
}

#[test]
fn every_event_has_its_word() {
    let resolution =
        Resolution { verdict: OperatorVerdict::NotTaken, by: "Kari".to_owned(), reason: "no receipt".to_owned() };
    for (event, word) in [
        (Event::Dispatched { preparation: None }, "dispatched"),
        (Event::Rerouted { reason: reason() }, "rerouted"),
        (Event::PaidBefore, "paid_before"),
        (Event::PaidByEarlier, "paid_by_earlier"),
        (Event::Accepted { handle: handle() }, "accepted"),
        (Event::Refused { reason: reason() }, "refused"),
        (Event::NotSent { reason: reason() }, "not_sent"),
        (Event::Silent { cause: "timeout".to_owned() }, "silent"),
        (Event::Interrupted, "interrupted"),
        (seen(Finding::Nothing, start()), "seen"),
        (Event::CancelWanted, "cancel_wanted"),
        (Event::SignatureCompared { accepted: true }, "signature_compared"),
        (Event::Resolved { resolution, at: start() }, "resolved"),
    ] {
        assert_eq!(event.name(), word);
    }
}

/// Only a second payment stops a terminal: more of them would follow.
#[test]
fn every_alarm_has_its_word_and_one_freezes_the_terminal() {
    for (kind, word, freezes) in [
        (AlarmKind::LateApproval, "late_approval", false),
        (AlarmKind::Mismatch, "mismatch", false),
        (AlarmKind::SeveralPayments, "several_payments", true),
        (AlarmKind::Abandoned, "abandoned", false),
        (AlarmKind::Orphan, "orphan", false),
        (AlarmKind::LostRefund, "lost_refund", false),
        (AlarmKind::NotCaptured, "not_captured", false),
        (AlarmKind::Corrected, "corrected", false),
        (AlarmKind::Unreadable, "unreadable", false),
    ] {
        assert_eq!((kind.name(), kind.freezes_terminal()), (word, freezes));
    }
}
