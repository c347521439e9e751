//! Every example of Dojo's published contract (`tests/dojo/examples`) passes through our types.

use std::fs;
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::*;
use crate::domain::card::holds_card_number;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/dojo/examples")
}

fn example(name: &str) -> String {
    fs::read_to_string(folder().join(name).with_extension("json")).unwrap()
}

fn read<T: DeserializeOwned>(name: &str) -> T {
    serde_json::from_str(&example(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// What is sent, beside the example of it.
fn assert_sent(name: &str, request: &impl Serialize) {
    assert_eq!(serde_json::to_value(request).unwrap(), read::<Value>(name), "{name}");
}

fn pounds(value: i64) -> Money {
    Money { value, currency_code: "GBP".into() }
}

const INTENTS: [(&str, &str, &str, i64); 6] = [
    ("post-payment-intents-reply-auto", "pi_sandbox_G_FeegU8WESxtY_Nct8jqw", "Created", 1000),
    ("post-payment-intents-reply-manual", "pi_sandbox_LXGmW_Rlv0CN5WlBimQg5A", "Created", 1000),
    ("post-payment-intents-one-amount-reply", "pi_sandbox_xt4SwkRZ60moZFWJ9iOKrw", "Created", 5500),
    ("post-payment-intents-one-tips-amount-reply", "pi_sandbox_G_FeegU8WESxtY_Nct8jqw", "Created", 1000),
    ("get-payment-intents-one-reply", "pi_sandbox_S_zeCMipQkSG9fFmqS-ceQ", "Captured", 1000),
    ("delete-payment-intents-one-reply", "pi_sandbox_6p477TZOmECe5zUHszJCCg", "Canceled", 1000),
];

const SESSIONS: [(&str, &str, &str, usize); 4] = [
    ("post-terminal-sessions-reply", "ts_sandbox_65cd5f4a57ba13ad7424acd0", "InitiateRequested", 0),
    ("get-terminal-sessions-one-reply", "ts_sandbox_65cd5f4a57ba13ad7424acd0", "Captured", 5),
    ("put-terminal-sessions-one-cancel-reply", "ts_sandbox_RBMHTJ4fIkmSppDILZVCGw", "CancelRequested", 1),
    (
        "put-terminal-sessions-one-signature-reply",
        "ts_sandbox_65cd5f4a57ba13ad7424acd0",
        "SignatureVerificationAccepted",
        5,
    ),
];

const OTHERS: [&str; 8] = [
    "get-terminals-one-reply",
    "get-terminals-reply",
    "post-payment-intents-one-refunds-reply",
    "post-payment-intents-one-refunds-request",
    "post-payment-intents-request-auto",
    "post-terminal-sessions-request-matched-refund",
    "post-terminal-sessions-request-sale",
    "post-terminal-sessions-request-unlinked-refund",
];

#[test]
fn every_example_is_looked_at_and_none_holds_a_card_number() {
    let mut found: Vec<String> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    found.sort();
    let mut known: Vec<&str> =
        INTENTS.iter().map(|intent| intent.0).chain(SESSIONS.iter().map(|session| session.0)).chain(OTHERS).collect();
    known.sort_unstable();
    assert_eq!(found, known);
    for name in known {
        assert!(!holds_card_number(&example(name)), "{name}");
    }
}

#[test]
fn every_intent_of_the_contract_is_read() {
    for (name, id, status, amount) in INTENTS {
        let intent: Intent = read(name);
        assert_eq!((intent.id.as_str(), intent.status.as_str()), (id, status), "{name}");
        assert_eq!((intent.amount, intent.total_amount), (Some(pounds(amount)), Some(pounds(amount))), "{name}");
        assert_eq!((intent.reference.as_deref(), intent.refunded_amount), (Some("Order 234"), Some(0)), "{name}");
        assert!(intent.metadata.is_some_and(|metadata| metadata.contains_key("location-id")), "{name}");
        assert_eq!(intent.terminal_session_history.map(|runs| runs.len()), Some(0), "{name}");
        for date in [intent.created_at, intent.expire_at] {
            assert!(date.unwrap().parse::<jiff::Timestamp>().is_ok(), "{name}");
        }
    }
    let captured: Intent = read("get-payment-intents-one-reply");
    let card = captured.payment_details.unwrap().card.unwrap();
    let told = [card.card_number, card.card_type, card.entry_mode].map(Option::unwrap);
    assert_eq!(told, ["44565300****1096", "VISA", "Contactless"]);
}

#[test]
fn every_session_of_the_contract_is_read() {
    for (name, id, status, prompts) in SESSIONS {
        let session: Session = read(name);
        assert_eq!((session.id.as_str(), session.status.as_str()), (id, status), "{name}");
        assert!(session.terminal_id.unwrap().starts_with("tm_sandbox_"), "{name}");
        assert_eq!(session.notification_events.unwrap().len(), prompts, "{name}");
        assert!(session.status_events.unwrap().iter().all(|event| event.created_at.ends_with('Z')), "{name}");
        let details = session.details.unwrap();
        assert_eq!(details.session_type, "Sale", "{name}");
        assert!(details.sale.unwrap().payment_intent_id.unwrap().starts_with("pi_sandbox_"), "{name}");
    }
    let session: Session = read("get-terminal-sessions-one-reply");
    for receipt in [session.customer_receipt, session.merchant_receipt] {
        let lines = receipt.unwrap().lines;
        let has = |text: &str| lines.iter().any(|line| line.text.as_ref().is_some_and(|found| found.value == text));
        assert!(has("TOTAL              £10.00") && has("************0226") && has("SUCCESSFUL"));
    }
}

#[test]
fn terminals_and_a_refund_of_the_contract_are_read() {
    let terminal: Terminal = read("get-terminals-one-reply");
    let expected = ("tm_sandbox_65c5fe8a104a1222b2d8b968", "Available");
    assert_eq!((terminal.id.as_str(), terminal.status.as_str()), expected);
    let terminals: Vec<Terminal> = read("get-terminals-reply");
    let found: Vec<_> = terminals.iter().map(|terminal| (terminal.id.as_str(), terminal.status.as_str())).collect();
    assert_eq!(found, [expected, ("tm_sandbox_65c5fe8a104a1222b2d8b666", "Available")]);
    let refund: RefundCreated = read("post-payment-intents-one-refunds-reply");
    assert_eq!(refund.refund_id, "rfnd_127usj");
}

/// The published schema and its example name it differently.
#[test]
fn a_reversal_is_read_under_either_name() {
    for reply in [json!({"reversalId": "rev_1"}), json!({"id": "rev_1", "paymentIntentId": "pi_1"})] {
        assert_eq!(serde_json::from_value::<ReversalCreated>(reply).unwrap().reversal_id, "rev_1");
    }
}

/// The example asks for less: when it ends and whose it is are ours to say.
#[test]
fn an_intent_is_asked_for_as_the_contract_shows() {
    let request = IntentRequest {
        amount: pounds(1000),
        reference: "Order 234".into(),
        capture_mode: "Auto",
        expire_at: "2026-11-20T10:10:00Z".into(),
        description: Some("Demo payment intent"),
        metadata: BTreeMap::from([("till_reference", "till-1/R-1")]),
        item_lines: Vec::new(),
    };
    let mut sent = serde_json::to_value(request).unwrap();
    let ours = sent.as_object_mut().unwrap();
    assert_eq!(ours.remove("expireAt"), Some(json!("2026-11-20T10:10:00Z")));
    assert_eq!(ours.remove("metadata"), Some(json!({"till_reference": "till-1/R-1"})));
    assert_eq!(sent, read::<Value>("post-payment-intents-request-auto"));
}

#[test]
fn each_kind_of_session_is_asked_for_as_the_contract_shows() {
    let sale = SaleDetails { payment_intent_id: "pi_sandbox_81Q7HAZSGkWLKFx_DFEe9Q" };
    let (terminal_id, details) = ("tm_sandbox_65c5fe8a104a1222b2d8b968", Details::Sale { sale });
    assert_sent("post-terminal-sessions-request-sale", &SessionRequest { terminal_id, details });

    let terminal_id = "tm_sandbox_65cb51f7b8c708df70d75420";
    let payment_intent_id = "pi_sandbox_9H-mmJ4hQ0yc3KlwmbInfg";
    let matched_refund = MatchedRefundDetails { payment_intent_id, amount: pounds(800) };
    let details = Details::MatchedRefund { matched_refund };
    assert_sent("post-terminal-sessions-request-matched-refund", &SessionRequest { terminal_id, details });

    let details = Details::UnlinkedRefund { unlinked_refund: UnlinkedRefundDetails { amount: pounds(800) } };
    assert_sent("post-terminal-sessions-request-unlinked-refund", &SessionRequest { terminal_id, details });
}

#[test]
fn a_refund_a_word_on_a_signature_and_a_search_are_asked_for_as_the_contract_shows() {
    let refund = RefundRequest { amount: 1000, refund_reason: Some("Demo refund") };
    assert_sent("post-payment-intents-one-refunds-request", &refund);
    // The contract shows these two in its schemas alone.
    assert_eq!(serde_json::to_value(SignatureRequest { accepted: false }).unwrap(), json!({"accepted": false}));
    let search = |after| SearchRequest {
        start_date: "2023-08-24T14:15:22Z".into(),
        end_date: "2023-08-24T14:15:22Z".into(),
        cursor: Cursor { limit: 20, after },
    };
    let dates = json!({"startDate": "2023-08-24T14:15:22Z", "endDate": "2023-08-24T14:15:22Z"});
    for (after, cursor) in [(None, json!({"limit": 20})), (Some("next"), json!({"limit": 20, "after": "next"}))] {
        let mut expected = dates.clone();
        expected["cursor"] = cursor;
        assert_eq!(serde_json::to_value(search(after)).unwrap(), expected);
    }
}
