//! Bytes as Dojo's answers: only a record that says so, of this very order, is an approval, a no, or a taken request.

use pos_bridge::domain::attempt::Phase;
use pos_bridge::domain::evidence::{Finding, PaymentState};
use pos_bridge::domain::identifiers::AttemptReference;
use pos_bridge::ports::{Answer, Look, Provider};
use pos_bridge::provider::dojo::Dojo;
use serde_json::Value;

use super::Verdict;
use super::bytes::Bytes;
use super::dojo_orders::{
    dojo, open, reference, refund, refund_at_terminal, refund_by_api, sale, start_sale, store, terminal, transaction,
    unknown,
};
use super::record::{Record, Scene};
use super::whole_list::whole_list;

thread_local! {
    static LOCATION: (Scene, Dojo) = {
        let scene = Scene::new();
        let dojo = dojo(&scene.url);
        (scene, dojo)
    };
}

pub(crate) fn check(bytes: &[u8]) -> Verdict {
    let mut bytes = Bytes::new(bytes);
    let question = bytes.below(9);
    let phase = if bytes.flag() { unknown() } else { open() };
    LOCATION.with(|(scene, dojo)| match question {
        0 => look_for_sale(scene, dojo, bytes, phase),
        1 => look_for_refund(scene, dojo, bytes, phase),
        2 => started(scene.ask(bytes, start_sale(dojo))),
        3 => started(scene.ask(bytes, refund_at_terminal(dojo))),
        4 => started(scene.ask(bytes, refund_by_api(dojo))),
        5 => {
            let transaction = transaction();
            let (refundable, record) = scene.ask(bytes, dojo.refundable(&transaction));
            let Ok(refundable) = refundable else { return Verdict::Refused };
            let is_taken = record.tells(|object| is_any(&object["status"], &["Captured", "Refunded"]));
            assert!(refundable.captured == 0 || is_taken, "captured without proof: {record:?}");
            Verdict::Taken
        }
        6 => {
            let store = store();
            let (listing, record) = scene.ask(bytes, whole_list(dojo, &store, "2026-11-20T10:00:00Z".parse().unwrap()));
            let Ok(listing) = listing else { return Verdict::Refused };
            for trace in &listing.traces {
                let is_taken = |object: &Value| {
                    object["id"] == trace.payment.transaction.as_str()
                        && is_any(&object["status"], &["Captured", "Refunded"])
                };
                let is_approved = matches!(trace.payment.state, PaymentState::Approved { .. });
                assert!(!is_approved || record.tells(is_taken), "approved without proof: {trace:?}");
            }
            Verdict::taken_if(!listing.traces.is_empty())
        }
        7 => {
            let attempt = sale(phase);
            Verdict::taken_if(scene.ask(bytes, dojo.cancel(&attempt)).0.is_ok())
        }
        _ => {
            let terminal = terminal();
            Verdict::taken_if(scene.ask(bytes, dojo.enrolment(&terminal)).0.is_ok())
        }
    })
}

/// What can move money is taken by a success alone, and refused by Dojo's own words alone.
fn started<T>((answer, record): (Answer<T>, Record)) -> Verdict {
    let statuses = || record.answers.iter().map(|(status, _)| *status);
    match answer {
        Answer::Yes(_) | Answer::Undelivered(_) => {
            assert!(statuses().any(|status| (200..300).contains(&status)), "taken by nothing: {record:?}")
        }
        Answer::No(_) => {
            assert!(statuses().any(|status| (400..500).contains(&status)), "refused by nothing: {record:?}");
        }
        Answer::NotSent(_) | Answer::Unknown(_) => return Verdict::Refused,
    }
    Verdict::Taken
}

fn look_for_sale(scene: &Scene, dojo: &Dojo, bytes: Bytes<'_>, phase: Phase) -> Verdict {
    let attempt = sale(phase);
    let (seen, record) = scene.ask(bytes, dojo.look_for_sale(&attempt, Look::Usual));
    let Ok(seen) = seen else { return Verdict::Refused };
    let any_has_status = |words: &[&str]| record.tells(|object| is_any(&object["status"], words));
    match &seen.finding {
        Finding::Approved(_) => {
            let proves = |object: &Value| is_ours(object) && is_any(&object["status"], &["Captured", "Refunded"]);
            assert!(record.tells(proves), "approved without proof: {record:?}");
        }
        Finding::Declined(_) | Finding::Corrected(_) => {
            assert!(any_has_status(&["Declined", "SignatureVerificationRejected"]), "declined unproven: {record:?}");
        }
        Finding::Cancelled => assert!(any_has_status(&["Canceled", "Reversed"]), "cancelled unproven: {record:?}"),
        _ => {}
    }
    Verdict::taken_if(seen.finding != Finding::Nothing)
}

fn look_for_refund(scene: &Scene, dojo: &Dojo, bytes: Bytes<'_>, phase: Phase) -> Verdict {
    let attempt = refund(phase);
    let (seen, record) = scene.ask(bytes, dojo.look_for_refund(&attempt, Look::Usual));
    let Ok(seen) = seen else { return Verdict::Refused };
    let any_has_status = |words: &[&str]| record.tells(|object| is_any(&object["status"], words));
    match &seen.finding {
        Finding::Approved(_) => {
            let has_grown = record.tells(|object| object["refundedAmount"] == 39900);
            let words = ["Captured", "Reversed", "SignatureVerificationAccepted"];
            assert!(has_grown || any_has_status(&words), "approved without proof: {record:?}");
        }
        Finding::Declined(_) | Finding::Corrected(_) => {
            assert!(any_has_status(&["Declined", "SignatureVerificationRejected"]), "declined unproven: {record:?}");
        }
        Finding::Cancelled => assert!(any_has_status(&["Canceled"]), "cancelled unproven: {record:?}"),
        _ => {}
    }
    Verdict::taken_if(seen.finding != Finding::Nothing)
}

/// It is what was asked for: this payment, this reference, this money and nothing added to it.
fn is_ours(intent: &Value) -> bool {
    let total = &intent["totalAmount"];
    intent["id"] == "pi_1"
        && intent["reference"].as_str().and_then(AttemptReference::parse) == Some(reference())
        && intent["amount"]["value"] == 39900
        && intent["amount"]["currencyCode"] == "GBP"
        && (total.is_null() || total["value"] == 39900)
}

fn is_any(value: &Value, words: &[&str]) -> bool {
    value.as_str().is_some_and(|word| words.contains(&word))
}
