use serde_json::{Value, json};

use super::*;
use crate::domain::attempt::Phase;
use crate::domain::card::Card;
use crate::domain::evidence::Approval;
use crate::domain::identifiers::TransactionId;
use crate::domain::money::Amount;
use crate::domain::specimen::operation;

fn approved(late: bool) -> Phase {
    let card = Card {
        brand: Some("Visa".into()),
        masked_pan: Some("476173******0416".into()),
        entry_method: Some("contactless".into()),
    };
    let receipt = card::Receipt { customer: Some("KOPI".into()), merchant: None };
    Phase::Approved {
        approval: Approval {
            transaction: Some(TransactionId::new("T12345678.465UfBENeLpkBvwmqfTC4k").unwrap()),
            amount: Amount::new(39900).unwrap(),
            captured: true,
            card: Some(card),
            receipt: Some(receipt),
            several: false,
        },
        late,
        resolution: None,
    }
}

fn shown(operation: &Operation, replayed: bool, language: Language) -> Value {
    serde_json::to_value(Reply::new(operation, replayed, language)).unwrap()
}

#[test]
fn an_approved_sale_is_told_as_the_contract_says() {
    let operation = operation(approved(false));
    assert_eq!(
        shown(&operation, false, Language::English),
        json!({
            "operation_id": operation.id.to_string(), "kind": "sale", "till": "till-1", "reference": "R-1001",
            "status": "approved", "final": true, "retry": "never", "message": "Approved",
            "amount": 39900, "currency": "NOK", "amount_approved": 39900, "amount_refunded": 0,
            "terminal": "front", "provider": "dintero", "transaction_id": "T12345678.465UfBENeLpkBvwmqfTC4k",
            "attempt": 1,
            "card": {"brand": "Visa", "masked_pan": "476173******0416", "entry_method": "contactless"},
            "receipt": {"customer": "KOPI"},
            "replayed": false, "late": false, "simulated": false, "acknowledged": false,
            "created_at": "2026-11-20T10:15:02.120Z", "updated_at": "2026-11-20T10:15:11.000Z"
        })
    );
}

#[test]
fn the_fields_stand_in_the_order_of_the_contract() {
    let text = serde_json::to_string(&Reply::new(&operation(approved(true)), true, Language::English)).unwrap();
    let order = ["operation_id", "kind", "till", "reference", "status", "final", "retry", "message", "amount"];
    let places: Vec<usize> = order.iter().map(|name| text.find(&format!("\"{name}\":")).unwrap()).collect();
    assert!(places.is_sorted(), "{text}");
}

#[test]
fn every_phase_is_told_without_saying_more_than_is_known() {
    let reason = || Reason { code: "DECLINED".into(), text: "Insufficient funds".into() };
    let table = [
        (Phase::Reserved, "pending", false, "same_reference"),
        (Phase::Sending, "pending", false, "same_reference"),
        (Phase::Unknown { handle: None, empty_since: None }, "unknown", false, "same_reference"),
        (Phase::Abandoned { handle: None }, "unknown", false, "operator"),
        (Phase::Declined { reason: reason() }, "declined", true, "new_attempt"),
        (Phase::Cancelled { resolution: None }, "cancelled", true, "new_attempt"),
        (Phase::Failed { reason: reason() }, "failed", true, "new_attempt"),
    ];
    for (phase, status, is_final, retry) in table {
        let reply = shown(&operation(phase), true, Language::Norwegian);
        assert_eq!((&reply["status"], &reply["final"]), (&json!(status), &json!(is_final)));
        assert_eq!((&reply["retry"], &reply["replayed"]), (&json!(retry), &json!(true)));
        assert_eq!(reply["amount_approved"], 0);
        for absent in ["card", "receipt", "transaction_id"] {
            assert!(reply.get(absent).is_none(), "{status} has {absent}");
        }
        let has_reason = matches!(status, "declined" | "failed");
        assert_eq!(reply.get("reason"), has_reason.then(|| json!("Insufficient funds")).as_ref());
    }
}

#[test]
fn a_late_approval_says_so_in_the_cashiers_language() {
    let reply = shown(&operation(approved(true)), false, Language::Danish);
    assert_eq!(reply["late"], true);
    assert!(reply["message"].as_str().unwrap().starts_with("Godkendt senere"));
}

fn at_terminal(operation: &Operation, at_terminal: AtTerminal) -> Value {
    let reply =
        Reply::new(operation, false, Language::English).with_terminal(operation, at_terminal, Language::English);
    serde_json::to_value(reply).unwrap()
}

#[test]
fn what_the_terminal_asks_is_told_while_it_is_under_way_and_never_after() {
    let signature_until = Some("2026-11-20T10:16:22Z".parse().unwrap());
    let asked = AtTerminal { prompt: Some(Prompt::Sign), signature_until };
    let told = at_terminal(&operation(Phase::Sending), asked);
    assert_eq!(told["prompt"], "sign");
    assert_eq!(told["action_required"], json!({ "kind": "signature", "deadline": "2026-11-20T10:16:22.000Z" }));
    assert_eq!(told["message"], "Compare the signature with the card. Answer on the till");
    let unclear = operation(Phase::Unknown { handle: None, empty_since: None });
    let told = at_terminal(&unclear, asked);
    assert!(told.get("prompt").is_none() && told["action_required"].is_object(), "{told}");
    let told = at_terminal(&unclear, AtTerminal { prompt: Some(Prompt::EnterPin), signature_until: None });
    assert_eq!(told, shown(&unclear, false, Language::English));
    let over = operation(approved(false));
    assert_eq!(at_terminal(&over, asked), shown(&over, false, Language::English));
}

#[test]
fn a_refund_tells_whether_the_card_must_be_there_and_a_sale_does_not() {
    let mut asked = operation(Phase::Sending);
    assert!(shown(&asked, false, Language::English).get("requires_card_present").is_none());
    asked.kind = Kind::Refund;
    for present in [true, false] {
        asked.attempt.card_present = present;
        assert_eq!(shown(&asked, false, Language::English)["requires_card_present"], present);
    }
}

#[test]
fn a_possible_duplicate_is_told_only_when_it_is_one() {
    let reply = || Reply::new(&operation(approved(false)), true, Language::English);
    let told = |flagged| serde_json::to_value(reply().of_possible_duplicate(flagged)).unwrap();
    assert_eq!(told(true)["possible_duplicate"], true);
    assert_eq!(told(false), serde_json::to_value(reply()).unwrap());
    assert!(told(false).get("possible_duplicate").is_none());
}

#[test]
fn a_reason_without_words_is_told_by_its_code() {
    let declined = operation(Phase::Declined { reason: Reason { code: "DECLINED".into(), text: String::new() } });
    assert_eq!(shown(&declined, false, Language::English)["reason"], "DECLINED");
}

#[test]
fn what_is_to_be_printed_takes_the_place_of_the_providers_receipts() {
    let paper = Paper { columns: 40, language: Language::English, time_zone: "Europe/Oslo" };
    let told = |operation: &Operation| {
        let reply = Reply::new(operation, false, Language::English).with_receipts(operation, paper);
        serde_json::to_value(reply).unwrap()
    };
    let receipt = told(&operation(approved(false)))["receipt"].clone();
    let copies = [&receipt["customer"], &receipt["merchant"]].map(|copy| copy.as_str().unwrap().to_owned());
    assert!(copies[0].contains("KOPI") && copies[1].contains("399"), "{receipt}");
    assert!(told(&operation(Phase::Sending)).get("receipt").is_none(), "nothing to print yet");
}

#[test]
fn a_full_page_tells_where_the_next_one_starts() {
    let found = [operation(Phase::Sending)];
    let page = |limit| serde_json::to_value(OperationList::new(&found, limit, Language::English)).unwrap();
    assert_eq!(page(1)["next"], json!(found[0].id.to_string()));
    assert!(page(2).get("next").is_none());
}
