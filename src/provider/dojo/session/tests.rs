use jiff::ToSpan;
use serde_json::{Value, json};

use super::*;
use crate::provider::dojo::specimen::{NOW, at, session};

const SETTLE: SignedDuration = SignedDuration::from_secs(120);

/// Every status of the contract, and words that are not in it.
const STATUSES: [&str; 13] = [
    "InitiateRequested",
    "Initiated",
    "Authorized",
    "Captured",
    "CancelRequested",
    "Canceled",
    "SignatureVerificationAccepted",
    "SignatureVerificationRejected",
    "SignatureVerificationRequired",
    "Expired",
    "Declined",
    "Teleported",
    "",
];

fn word(state: &SessionState) -> String {
    match state {
        SessionState::Waiting => "waiting".into(),
        SessionState::Started => "started".into(),
        SessionState::Cancelled => "cancelled".into(),
        SessionState::Declined(reason) => format!("declined {}", reason.code),
        SessionState::Lapsed => "lapsed".into(),
    }
}

fn prompts(words: &[&str]) -> Value {
    let second = |position: usize| format!("2026-11-20T09:59:{position:02}Z");
    words
        .iter()
        .enumerate()
        .map(|(position, word)| json!({"notificationType": word, "createdAt": second(position)}))
        .collect()
}

#[test]
fn every_status_of_a_session_has_its_state() {
    let expected = [
        "waiting",
        "waiting",
        "started",
        "started",
        "waiting",
        "cancelled",
        "started",
        // When it was rejected is not told, so it is not known to have settled.
        "started",
        "started",
        "lapsed",
        "declined declined",
        "started",
        "started",
    ];
    for (status, expected) in STATUSES.into_iter().zip(expected) {
        assert_eq!(word(&state(&session(status, json!({})), false, at(NOW), SETTLE)), expected, "{status}");
    }
}

#[test]
fn a_session_is_started_once_a_card_was_presented() {
    let table = [
        (vec![], "waiting"),
        (vec!["PresentCard"], "waiting"),
        (vec!["PresentCard", "PresentOnlyOneCard", "InsertCard"], "waiting"),
        (vec!["PresentCard", "EnterPin"], "started"),
        (vec!["EnterPin", "PresentCard"], "started"),
        (vec!["PresentCard", "Teleport"], "started"),
    ];
    for (words, expected) in table {
        for status in ["Initiated", "CancelRequested"] {
            let session = session(status, json!({"notificationEvents": prompts(&words)}));
            assert_eq!(word(&state(&session, false, at(NOW), SETTLE)), expected, "{status} {words:?}");
        }
    }
}

/// Seen in Dojo's sandbox: the payment is captured a minute and a half after its signature was rejected.
#[test]
fn a_no_after_a_rejected_signature_counts_once_it_has_settled() {
    let rejected = json!({"statusEvents": [{"status": "SignatureVerificationRejected", "createdAt": NOW}]});
    let table = [
        ("SignatureVerificationRejected", "declined signature_rejected"),
        ("Declined", "declined declined"),
        ("Canceled", "cancelled"),
    ];
    for (status, settled) in table {
        let session = session(status, rejected.clone());
        let stands = |seconds: i64| word(&state(&session, false, at(NOW) + seconds.seconds(), SETTLE));
        assert_eq!([0, 119, 120, 9999].map(stands), ["started", "started", settled, settled], "{status}");
    }
    let undated = json!({"statusEvents": [{"status": "SignatureVerificationRejected", "createdAt": "lately"}]});
    let undated = session("Declined", undated);
    assert_eq!(word(&state(&undated, false, at(NOW) + 9999.seconds(), SETTLE)), "started");
}

#[test]
fn only_what_ended_is_over_and_only_what_nobody_touched_waits() {
    let chosen = |is: fn(&Session) -> bool| {
        STATUSES.into_iter().filter(|status| is(&session(status, json!({})))).collect::<Vec<_>>()
    };
    assert_eq!(chosen(is_over), ["Captured", "Canceled", "SignatureVerificationRejected", "Expired", "Declined"]);
    assert_eq!(chosen(is_waiting), ["InitiateRequested", "Initiated"]);
    assert_eq!(chosen(is_taken), ["Authorized", "Captured", "SignatureVerificationAccepted"]);
}

#[test]
fn every_notification_is_a_prompt_or_none() {
    let table = [
        ("PresentCard", Some(Prompt::PresentCard)),
        ("PresentOnlyOneCard", Some(Prompt::PresentOneCard)),
        ("InsertCard", Some(Prompt::InsertCard)),
        ("ReEnterCard", Some(Prompt::PresentCardAgain)),
        ("CardError", Some(Prompt::PresentCardAgain)),
        ("CardUnsupported", Some(Prompt::UseAnotherCard)),
        ("EnterPin", Some(Prompt::EnterPin)),
        ("PleaseWait", Some(Prompt::Wait)),
        ("RemoveCard", Some(Prompt::RemoveCard)),
        ("SignatureVerification", Some(Prompt::Sign)),
        ("Approved", None),
        ("Declined", None),
        ("Teleport", None),
        ("", None),
    ];
    for (told, expected) in table {
        let session = session("Initiated", json!({"notificationEvents": prompts(&["PleaseWait", told])}));
        assert_eq!(at_terminal(&session, at(NOW)), AtTerminal { prompt: expected, signature_until: None }, "{told}");
    }
}

#[test]
fn the_newest_notification_by_its_date_is_the_prompt_until_the_session_is_over() {
    let told = json!({"notificationEvents": [
        {"notificationType": "EnterPin", "createdAt": "2026-11-20T09:59:03Z"},
        {"notificationType": "RemoveCard", "createdAt": "2026-11-20T09:59:59.5Z"},
        {"notificationType": "PresentCard", "createdAt": "2026-11-20T09:59:01Z"},
        {"notificationType": "PleaseWait", "createdAt": "lately"},
    ]});
    for status in STATUSES {
        let session = session(status, told.clone());
        let expected = match status {
            "SignatureVerificationRequired" => Some(Prompt::Sign),
            _ if is_over(&session) => None,
            _ => Some(Prompt::RemoveCard),
        };
        assert_eq!(at_terminal(&session, at(NOW)).prompt, expected, "{status}");
    }
    assert_eq!(at_terminal(&session("Initiated", json!({})), at(NOW)), AtTerminal::default());
}

#[test]
fn a_signature_can_be_answered_for_eighty_seconds() {
    let asked = |created_at: &str| {
        let events = json!([
            {"status": "Initiated", "createdAt": "2026-11-20T09:59:00Z"},
            {"status": "SignatureVerificationRequired", "createdAt": created_at},
        ]);
        at_terminal(&session("SignatureVerificationRequired", json!({"statusEvents": events})), at(NOW))
    };
    let until = Some(at("2026-11-20T10:01:20Z"));
    assert_eq!(asked(NOW), AtTerminal { prompt: Some(Prompt::Sign), signature_until: until });
    assert_eq!(asked("lately"), asked(NOW), "a time that cannot be read is taken for now");
}

#[test]
fn a_signature_is_taken_for_good_only_while_the_session_says_so() {
    let accepted = json!({"statusEvents": [{"status": "SignatureVerificationAccepted", "createdAt": NOW}]});
    for status in STATUSES {
        let expected = (status == "SignatureVerificationAccepted").then(|| at(NOW));
        assert_eq!(accepted_at(&session(status, accepted.clone())), expected, "{status}");
    }
    assert_eq!(accepted_at(&session("SignatureVerificationAccepted", json!({}))), None, "when is not told");
}

/// "Taken, pending signature check", and "reversed after rejection": at most for the time of either.
#[test]
fn what_was_captured_may_go_back_while_its_signature_is_not_taken() {
    let since = |status: &str| json!({"statusEvents": [{"status": status, "createdAt": NOW}]});
    let table = [
        ("SignatureVerificationRequired", "SignatureVerificationRequired", [true, true, true, false]),
        ("SignatureVerificationRejected", "SignatureVerificationRejected", [true, true, false, false]),
        ("Declined", "SignatureVerificationRejected", [true, true, false, false]),
        ("SignatureVerificationAccepted", "SignatureVerificationRequired", [false; 4]),
        ("Captured", "SignatureVerificationRequired", [false; 4]),
        ("Captured", "SignatureVerificationRejected", [false; 4]),
        ("Expired", "Initiated", [false; 4]),
    ];
    for (status, before, expected) in table {
        let session = session(status, since(before));
        let stands = |seconds: i64| may_go_back(&session, false, at(NOW) + seconds.seconds(), SETTLE);
        assert_eq!([0, 119, 199, 200].map(stands), expected, "{status} after {before}");
    }
    let asked = session("Declined", since("SignatureVerificationRequired"));
    assert!(may_go_back(&asked, true, at(NOW), SETTLE), "the refusal was ours");
    assert!(!may_go_back(&asked, false, at(NOW), SETTLE));
    let undated = |status: &str| may_go_back(&session(status, json!({})), false, at(NOW), SETTLE);
    assert!(undated("SignatureVerificationRequired"), "the question stands, whenever it was asked");
    assert!(!undated("SignatureVerificationRejected"), "there is no time from which to count");
}
