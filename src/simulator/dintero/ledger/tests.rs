//! The ledger's rules, without HTTP.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::simulator::options::SimulatorOptions;

fn options() -> SimulatorOptions {
    SimulatorOptions { speed: 0, refund_needs_terminal: false, ..SimulatorOptions::default() }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn sale(amount: i64, reference: &str) -> NewSession {
    NewSession {
        body: json!({ "order": { "amount": amount, "store": { "terminal_id": "T0292" } } }),
        amount,
        currency: "NOK".into(),
        merchant_reference: reference.into(),
        merchant_reference_2: None,
        store_id: "oslo-center".into(),
        terminal_id: "T0292".into(),
        payout_destination_id: "seller-1".into(),
        expires_at: at(60),
        callback_url: None,
        auto_capture: true,
        asks_for_terminal: false,
        system_headers: Value::Null,
    }
}

fn refund(amount: i64, reference: &str) -> RefundRequest {
    RefundRequest { amount, reference: Some(reference.into()), items: None, terminal_id: None }
}

/// Plays a whole script at one moment, and answers with the session's document.
fn play_all(ledger: &mut Ledger, request: NewSession, now: Timestamp) -> Value {
    let (id, mut effects) = ledger.create_session(request, at(0)).unwrap();
    while let Some(effect) = effects.pop() {
        if let Effect::Step { session_id, position, .. } = effect {
            effects.extend(ledger.play(&session_id, position, now));
        }
    }
    ledger.session(&id, false).unwrap()
}

fn transaction_of(ledger: &Ledger, session: &Value) -> Value {
    let id = session["transaction_id"].as_str().unwrap();
    ledger.transaction(id, false).unwrap()
}

#[test]
fn two_equal_creates_make_two_sessions() {
    let mut ledger = Ledger::new(&options());
    let first = play_all(&mut ledger, sale(100, "a"), at(1));
    let second = play_all(&mut ledger, sale(100, "a"), at(1));
    assert_ne!(first["id"], second["id"]);
    assert_eq!(ledger.truth(Some("a"))["captured"], 200);
}

#[test]
fn a_step_is_played_once() {
    let mut ledger = Ledger::new(&options());
    let (id, _) = ledger.create_session(sale(100, "a"), at(0)).unwrap();
    assert!(!ledger.play(&id, 0, at(1)).is_empty());
    assert!(ledger.play(&id, 0, at(1)).is_empty());
    assert_eq!(ledger.truth(None)["captured"], 100);
}

#[test]
fn an_expired_session_never_prompts() {
    let mut ledger = Ledger::new(&options());
    let mut request = sale(100, "a");
    request.expires_at = at(-1);
    let (_, effects) = ledger.create_session(request, at(0)).unwrap();
    assert!(effects.is_empty());
}

#[test]
fn a_prompt_blocks_the_terminal_until_the_session_expires() {
    let mut ledger = Ledger::new(&options());
    ledger.create_session(sale(990_104, "a"), at(0)).unwrap();
    let busy = ledger.create_session(sale(100, "b"), at(59));
    assert_eq!(busy.unwrap_err(), Refused::Busy("T0292".into()));
    assert!(ledger.create_session(sale(100, "b"), at(60)).is_ok());
}

#[test]
fn a_late_approval_comes_after_expiry() {
    let mut ledger = Ledger::new(&options());
    let (_, effects) = ledger.create_session(sale(990_112, "a"), at(0)).unwrap();
    let [Effect::Step { after, .. }] = effects.as_slice() else {
        panic!("one step");
    };
    assert_eq!(*after, Duration::from_secs(60));
    let mut ledger = Ledger::new(&options());
    let session = play_all(&mut ledger, sale(990_112, "b"), at(99));
    assert_eq!(transaction_of(&ledger, &session)["status"], "CAPTURED");
}

#[test]
fn a_cancel_before_the_card_ends_the_sale() {
    let mut ledger = Ledger::new(&options());
    let (id, _) = ledger.create_session(sale(100, "a"), at(0)).unwrap();
    assert_eq!(ledger.cancel(&id, at(1)).1, Ok(()));
    assert!(ledger.play(&id, 0, at(2)).is_empty());
    assert_eq!(ledger.session(&id, false).unwrap()["cancelled_by"], "merchant");
    assert_eq!(ledger.truth(None)["captured"], 0);
}

#[test]
fn a_cancel_voids_a_card_that_is_only_in() {
    let mut ledger = Ledger::new(&options());
    let (id, _) = ledger.create_session(sale(990_105, "a"), at(0)).unwrap();
    ledger.play(&id, 0, at(2));
    assert_eq!(ledger.cancel(&id, at(3)).1, Ok(()));
    let session = ledger.session(&id, false).unwrap();
    assert_eq!(transaction_of(&ledger, &session)["status"], "AUTHORIZATION_VOIDED");
    assert!(ledger.play(&id, 1, at(20)).is_empty());
}

#[test]
fn the_card_may_win_over_a_cancel() {
    let mut ledger = Ledger::new(&options());
    let (id, _) = ledger.create_session(sale(990_106, "a"), at(0)).unwrap();
    assert_eq!(ledger.cancel(&id, at(1)).1, Ok(()));
    ledger.play(&id, 0, at(8));
    assert_eq!(ledger.truth(None)["captured"], 990_106);
}

#[test]
fn a_cancel_is_refused_once_captured() {
    let mut ledger = Ledger::new(&options());
    let (id, _) = ledger.create_session(sale(990_107, "a"), at(0)).unwrap();
    let refused = Err(Refused::NotCancellable("CAPTURED"));
    assert_eq!(ledger.cancel(&id, at(1)).1, refused);
    assert_eq!(ledger.cancel(&id, at(2)).1, refused);
    assert_eq!(ledger.truth(None)["captured"], 990_107);
}

#[test]
fn a_cancel_after_the_approval_changes_nothing() {
    for amount in [100, 990_106, 990_107, 990_110] {
        let mut ledger = Ledger::new(&options());
        let session = play_all(&mut ledger, sale(amount, "a"), at(2));
        let before = transaction_of(&ledger, &session);
        let refused = Err(Refused::NotCancellable("CAPTURED"));
        let id = session["id"].as_str().unwrap();
        assert_eq!(ledger.cancel(id, at(3)).1, refused);
        assert_eq!(transaction_of(&ledger, &session), before);
    }
}

#[test]
fn intermediate_states_are_seen_on_the_way() {
    for (amount, between) in [(990_109, "AUTHORIZED"), (990_110, "UNKNOWN"), (990_111, "ON_HOLD")] {
        let mut ledger = Ledger::new(&options());
        let (id, _) = ledger.create_session(sale(amount, "a"), at(0)).unwrap();
        ledger.play(&id, 0, at(2));
        let session = ledger.session(&id, false).unwrap();
        assert_eq!(transaction_of(&ledger, &session)["status"], between);
        assert_eq!(ledger.truth(None)["captured"], 0);
        ledger.play(&id, 1, at(12));
        assert_eq!(transaction_of(&ledger, &session)["status"], "CAPTURED");
    }
}

#[test]
fn a_lying_record_shows_another_amount_than_was_taken() {
    let mut ledger = Ledger::new(&options());
    let session = play_all(&mut ledger, sale(990_113, "a"), at(2));
    assert_eq!(transaction_of(&ledger, &session)["amount"], 990_213);
    assert_eq!(ledger.truth(None)["captured"], 990_113);
}

#[test]
fn refunds_never_exceed_what_was_captured() {
    let mut ledger = Ledger::new(&options());
    let session = play_all(&mut ledger, sale(1_000, "a"), at(2));
    let id = session["transaction_id"].as_str().unwrap().to_owned();
    ledger.refund(&id, refund(600, "r1"), at(3)).unwrap();
    assert_eq!(ledger.refund(&id, refund(600, "r2"), at(4)), Err(Refused::ExceedsRest));
    ledger.refund(&id, refund(400, "r3"), at(5)).unwrap();
    assert_eq!(transaction_of(&ledger, &session)["status"], "REFUNDED");
    assert_eq!(ledger.truth(None)["refunded"], 1_000);
}

#[test]
fn an_accepted_refund_keeps_its_amount_reserved() {
    let mut ledger = Ledger::new(&options());
    let session = play_all(&mut ledger, sale(990_121, "a"), at(2));
    let id = session["transaction_id"].as_str().unwrap().to_owned();
    let reply = ledger.refund(&id, refund(990_121, "r1"), at(3)).unwrap();
    let RefundReply::Accepted { request_id, .. } = reply else {
        panic!("accepted");
    };
    assert_eq!(ledger.refund(&id, refund(1, "r2"), at(4)), Err(Refused::ExceedsRest));
    assert_eq!(transaction_of(&ledger, &session)["status"], "CAPTURED");
    ledger.end_refund(&id, &request_id, at(5));
    let transaction = transaction_of(&ledger, &session);
    let last = transaction["events"].as_array().unwrap().last().unwrap();
    assert_eq!(last["correlation_request_id"], json!(request_id));
    assert_eq!(last["event_reference"], "r1");
    assert_eq!(transaction["status"], "REFUNDED");
}

#[test]
fn a_stale_read_shows_what_was_before() {
    let mut ledger = Ledger::new(&options());
    let session = play_all(&mut ledger, sale(1_000, "a"), at(2));
    let id = session["transaction_id"].as_str().unwrap().to_owned();
    assert_eq!(ledger.transaction(&id, true), Err(Refused::NotFound));
    ledger.refund(&id, refund(600, "r1"), at(3)).unwrap();
    assert_eq!(ledger.transaction(&id, true).unwrap()["status"], "CAPTURED");
    let stale = ledger.session(session["id"].as_str().unwrap(), true).unwrap();
    assert_eq!(stale.get("transaction_id"), None);
}
