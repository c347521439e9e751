//! Bytes as Dintero's answers: only a record that says so, of this very order, is an approval, a no, or a taken request.

use pos_bridge::domain::attempt::Phase;
use pos_bridge::domain::directory::Terminal;
use pos_bridge::domain::evidence::{Finding, PaymentState};
use pos_bridge::domain::identifiers::{AttemptReference, ProviderTerminalId, StoreId, TerminalName};
use pos_bridge::domain::operation::ProviderName;
use pos_bridge::domain::request::Details;
use pos_bridge::ports::{Answer, Look, Provider, Trace};
use pos_bridge::provider::dintero::Dintero;
use serde_json::Value;

use super::Verdict;
use super::bytes::Bytes;
use super::dintero_orders::{
    dintero, open, reference, refund, sale, start_refund, start_sale, store, transaction, unknown,
};
use super::record::{Record, Scene};
use super::whole_list::whole_list;

const TAKEN: [&str; 6] =
    ["AUTHORIZED", "CAPTURED", "PARTIALLY_CAPTURED", "PARTIALLY_CAPTURED_REFUNDED", "PARTIALLY_REFUNDED", "REFUNDED"];

thread_local! {
    static ACCOUNT: (Scene, Dintero) = {
        let scene = Scene::new();
        let dintero = dintero(&scene.url);
        (scene, dintero)
    };
}

pub(crate) fn check(bytes: &[u8]) -> Verdict {
    let mut bytes = Bytes::new(bytes);
    let question = bytes.below(8);
    let phase = if bytes.flag() { unknown() } else { open() };
    ACCOUNT.with(|(scene, dintero)| match question {
        0 => look_for_sale(scene, dintero, bytes, phase),
        1 => look_for_refund(scene, dintero, bytes, phase),
        2 => {
            let (answer, record) = scene.ask(bytes, start_sale(dintero, &Details::default()));
            started(&answer, &record);
            let Answer::Yes(handle) = &answer else { return Verdict::Refused };
            assert!(record.tells(|object| object["id"] == handle.as_str()), "a session that Dintero never named");
            Verdict::Taken
        }
        3 => {
            let (answer, record) = scene.ask(bytes, start_refund(dintero, &Details::default()));
            started(&answer, &record);
            Verdict::taken_if(matches!(answer, Answer::Yes(_)))
        }
        4 => {
            let transaction = transaction();
            let (refundable, record) = scene.ask(bytes, dintero.refundable(&transaction));
            let Ok(refundable) = refundable else { return Verdict::Refused };
            let is_told = refundable.captured == 0 || record.tells(|object| object["event"] == "CAPTURE");
            assert!(is_told, "captured without a capture: {refundable:?}");
            Verdict::Taken
        }
        5 => {
            let store = store();
            let (listing, record) =
                scene.ask(bytes, whole_list(dintero, &store, "2026-11-20T10:00:00Z".parse().unwrap()));
            let Ok(listing) = listing else { return Verdict::Refused };
            listing.traces.iter().for_each(|trace| listed(trace, &record));
            Verdict::taken_if(!listing.traces.is_empty())
        }
        6 => {
            let attempt = sale(phase);
            Verdict::taken_if(scene.ask(bytes, dintero.cancel(&attempt)).0.is_ok())
        }
        _ => {
            let terminal = terminal();
            Verdict::taken_if(scene.ask(bytes, dintero.enrolment(&terminal)).0.is_ok())
        }
    })
}

/// A request that can move money is taken or refused by the last answer alone, and by no other status than these.
fn started<T>(answer: &Answer<T>, record: &Record) {
    match answer {
        Answer::Yes(_) | Answer::Undelivered(_) => {
            assert!((200..300).contains(&record.last_status()), "taken by {}", record.last_status())
        }
        Answer::No(_) => {
            assert!(matches!(record.last_status(), 400 | 401 | 403 | 404), "refused by {}", record.last_status());
        }
        Answer::NotSent(_) => assert!(record.answers.is_empty(), "what was answered was sent"),
        Answer::Unknown(_) => {}
    }
    assert!(record.answers.len() <= 1 || record.answers[0].0 == 401, "sent once, unless the token was refused");
}

fn look_for_sale(scene: &Scene, dintero: &Dintero, bytes: Bytes<'_>, phase: Phase) -> Verdict {
    let attempt = sale(phase);
    let (seen, record) = scene.ask(bytes, dintero.look_for_sale(&attempt, Look::Usual));
    let Ok(seen) = seen else { return Verdict::Refused };
    match &seen.finding {
        Finding::Approved(approval) => {
            let proves = |object: &Value| {
                let is_named = approval.transaction.as_ref().is_some_and(|id| object["id"] == id.as_str());
                is_named && is_ours(object) && has_status(object, &TAKEN)
            };
            assert!(record.tells(proves), "approved without proof: {record:?}");
        }
        Finding::Declined(_) | Finding::Corrected(_) => {
            assert!(
                record.tells(|object| has_status(object, &["DECLINED", "FAILED"])),
                "declined unproven: {record:?}"
            );
        }
        Finding::Cancelled => {
            let proves = |object: &Value| {
                !object["cancelled_at"].is_null()
                    || object["name"] == "CANCELLED"
                    || has_status(object, &["AUTHORIZATION_VOIDED"])
            };
            assert!(record.tells(proves), "cancelled unproven: {record:?}");
        }
        _ => {}
    }
    Verdict::taken_if(seen.finding != Finding::Nothing)
}

fn look_for_refund(scene: &Scene, dintero: &Dintero, bytes: Bytes<'_>, phase: Phase) -> Verdict {
    let attempt = refund(phase);
    let (seen, record) = scene.ask(bytes, dintero.look_for_refund(&attempt, Look::Usual));
    let Ok(seen) = seen else { return Verdict::Refused };
    let refunds = |object: &Value| object["event"] == "REFUND";
    match &seen.finding {
        Finding::Approved(_) => {
            assert!(record.tells(|object| refunds(object) && object["amount"] == 39900), "unproven: {record:?}");
            assert!(record.tells(|object| object["currency"] == "NOK"), "in another currency: {record:?}");
        }
        Finding::Declined(_) => {
            assert!(record.tells(|object| object["success"] == false), "declined unproven: {record:?}");
        }
        Finding::Corrected(_) => assert!(record.tells(refunds), "taken back unproven: {record:?}"),
        _ => {}
    }
    Verdict::taken_if(seen.finding != Finding::Nothing)
}

fn listed(trace: &Trace, record: &Record) {
    let is_it = |object: &Value| object["id"] == trace.payment.transaction.as_str();
    assert!(record.tells(is_it), "a payment that Dintero never listed: {trace:?}");
    if matches!(trace.payment.state, PaymentState::Approved { .. }) {
        assert!(
            record.tells(|object| is_it(object) && has_status(object, &TAKEN)),
            "approved without proof: {trace:?}"
        );
    }
}

/// It is what was asked for: this reference, this money, this terminal where it names one.
fn is_ours(object: &Value) -> bool {
    let reference_is_ours =
        object["merchant_reference"].as_str().and_then(AttemptReference::parse) == Some(reference());
    let terminal = &object["store"]["terminal_id"];
    reference_is_ours
        && object["amount"] == 39900
        && object["currency"] == "NOK"
        && (terminal.is_null() || terminal == "T0292")
}

/// By its own word, or by what its last event was corrected to.
fn has_status(object: &Value, words: &[&str]) -> bool {
    let last = object["events"].as_array().and_then(|events| events.last());
    let corrected = last.and_then(|event| event["correction"]["status"].as_str());
    corrected.or(object["status"].as_str()).is_some_and(|status| words.contains(&status))
}

fn terminal() -> Terminal {
    Terminal {
        name: TerminalName::new("front").unwrap(),
        provider: ProviderName::Dintero,
        store: StoreId::new("oslo-center").unwrap(),
        terminal_id: ProviderTerminalId::new("T0292").unwrap(),
        tips: false,
        unlinked_refund: false,
    }
}
