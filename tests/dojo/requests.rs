//! Exactly what is sent.

use pos_bridge::domain::request::{Details, Item};
use pos_bridge::ports::{Look, Provider};
use pos_bridge::provider::dojo::{Dojo, PartnerHeaders, Parts};
use serde_json::json;

use crate::orders::{
    KEY, dojo, open, prepare, reference, refund_at_terminal, refund_by_api, refund_unlinked, sale, settings,
    start_sale, store, terminal, transaction, unknown,
};
use crate::server::{
    CANCEL, INTENT, INTENTS, REFUNDS, Request, SEARCH, SESSION, SESSIONS, Server, TERMINAL, asked, intent, reply,
    session,
};
use crate::whole_list::whole_list;

/// Everything works, and every session waits for a card.
async fn server() -> Server {
    Server::start(|request| match (request.method.as_str(), request.path()) {
        (_, SESSIONS | SESSION) => reply(200, session("Initiated")),
        (_, REFUNDS) => reply(200, json!({"paymentIntentId": "pi_1", "refundId": "rfnd_1"})),
        (_, SEARCH) => reply(200, json!({"data": []})),
        (_, TERMINAL) => reply(200, json!({"id": "tm_1", "status": "Available"})),
        (_, "/terminals") => reply(200, json!([])),
        _ => reply(200, intent("Created", json!({}))),
    })
    .await
}

/// Every call that there is, once.
async fn call_everything(dojo: &Dojo) {
    prepare(dojo, &Details::default()).await;
    start_sale(dojo).await;
    dojo.look_for_sale(&sale(open()), Look::Usual).await.unwrap();
    dojo.cancel(&sale(open())).await.unwrap();
    dojo.cancel(&sale(unknown())).await.unwrap();
    dojo.answer_signature(open().handle().unwrap(), true).await.unwrap();
    dojo.refundable(&transaction()).await.unwrap();
    refund_at_terminal(dojo).await;
    refund_by_api(dojo).await;
    whole_list(dojo, &store(), "2026-11-20T10:00:00Z".parse().unwrap()).await.unwrap();
    dojo.enrolment(&terminal()).await.unwrap();
    dojo.check_access().await.unwrap();
}

#[tokio::test]
async fn every_call_is_one_that_dojo_documents() {
    let server = server().await;
    call_everything(&dojo(&server.url)).await;
    let session = format!("GET {SESSION}");
    let intent = format!("GET {INTENT}?returnCanceled=true");
    let terminal = format!("GET {TERMINAL}");
    let create = format!("POST {SESSIONS}");
    assert_eq!(
        asked(&server),
        [
            format!("POST {INTENTS}"),
            create.clone(),
            session.clone(),
            intent.clone(),
            session,
            format!("PUT {CANCEL}"),
            intent.clone(),
            format!("DELETE {INTENT}"),
            format!("PUT {SESSION}/signature"),
            intent,
            terminal.clone(),
            create,
            format!("POST {REFUNDS}"),
            format!("POST {SEARCH}"),
            terminal,
            "GET /terminals".to_owned(),
        ]
    );
}

/// "Basic" is a mere word here: nothing is encoded, and there is no colon.
#[tokio::test]
async fn every_call_carries_the_key_as_it_is_and_the_version() {
    let server = server().await;
    call_everything(&dojo(&server.url)).await;
    for request in server.requests() {
        assert_eq!(request.header("authorization"), format!("Basic {KEY}"), "{}", request.target);
        assert_eq!(request.header("version"), "2026-02-27", "{}", request.target);
        assert_eq!(request.header("accept"), "application/json", "{}", request.target);
        assert!(request.header("user-agent").starts_with("pos-bridge/"), "{}", request.target);
    }
}

fn partners(request: &Request) -> (&str, &str) {
    (request.header("software-house-id"), request.header("reseller-id"))
}

/// Which of the API's parts a request is for.
fn part(request: &Request) -> usize {
    ["/payment-intents", "/terminals", "/terminal-sessions"]
        .iter()
        .rposition(|part| request.path() == *part || request.path().starts_with(&format!("{part}/")))
        .unwrap()
}

#[tokio::test]
async fn each_part_is_told_of_the_partners_that_are_chosen_for_it() {
    let none = Parts::default();
    let chosen = PartnerHeaders {
        software_house: Parts { sessions: true, ..none },
        reseller: Parts { intents: true, terminals: true, ..none },
    };
    let (house, reseller) = ("softwareHouse1", "reseller1");
    let table = [
        (PartnerHeaders::default(), [(house, ""), (house, reseller), (house, reseller)]),
        (chosen, [("", reseller), ("", reseller), (house, "")]),
        (PartnerHeaders { software_house: none, reseller: none }, [("", ""); 3]),
    ];
    for (choice, expected) in table {
        let server = server().await;
        let mut settings = settings(&server.url);
        settings.partners = choice;
        call_everything(&Dojo::new(settings).unwrap()).await;
        for request in server.requests() {
            assert_eq!(partners(&request), expected[part(&request)], "{} with {choice:?}", request.target);
        }
    }
}

#[tokio::test]
async fn a_till_that_nobody_resold_names_no_reseller() {
    let server = server().await;
    let mut settings = settings(&server.url);
    settings.reseller_id = None;
    call_everything(&Dojo::new(settings).unwrap()).await;
    assert!(server.requests().iter().all(|request| partners(request) == ("softwareHouse1", "")));
}

/// Dojo's gateway refuses an empty PUT or DELETE that does not say how long it is.
#[tokio::test]
async fn an_empty_body_says_that_it_is_empty_and_any_other_that_it_is_json() {
    let server = server().await;
    call_everything(&dojo(&server.url)).await;
    for request in server.requests() {
        let lengths: Vec<&str> = request
            .headers
            .iter()
            .filter(|(name, _)| name == "content-length")
            .map(|(_, value)| value.as_str())
            .collect();
        let shown = format!("{} {}", request.method, request.target);
        assert_eq!(request.header("transfer-encoding"), "", "{shown}");
        match request.method.as_str() {
            "GET" => assert!(lengths.is_empty() || lengths == ["0"], "{shown}"),
            _ if request.body.is_empty() => {
                assert_eq!((lengths, request.header("content-type")), (vec!["0"], ""), "{shown}");
            }
            _ => {
                assert_eq!(lengths, [request.body.len().to_string()], "{shown}");
                assert_eq!(request.header("content-type"), "application/json", "{shown}");
            }
        }
    }
    for empty in [CANCEL, INTENT] {
        let wishes = server.requests_for(empty).into_iter().filter(|request| request.method != "GET");
        assert_eq!(wishes.map(|request| request.body.len()).collect::<Vec<_>>(), [0], "{empty}");
    }
}

#[tokio::test]
async fn an_intent_says_how_much_whose_and_until_when() {
    let server = server().await;
    let details = Details {
        description: Some("Coffee".into()),
        items: vec![Item {
            id: "sku-1".into(),
            line_id: "1".into(),
            description: Some("Coffee beans".into()),
            quantity: None,
            amount: 39900,
            vat_amount: None,
            vat: None,
        }],
        metadata: vec![("table".into(), "7".into())],
        ..Details::default()
    };
    prepare(&dojo(&server.url), &details).await;
    let pounds = json!({"value": 39900, "currencyCode": "GBP"});
    assert_eq!(
        server.requests_for(INTENTS)[0].json(),
        json!({
            "amount": pounds, "reference": reference().to_string(), "captureMode": "Auto",
            "expireAt": "2026-11-20T10:25:02Z", "description": "Coffee",
            "metadata": {
                "table": "7", "till_reference": "till-1/R-1001",
                "operation_id": sale(open()).operation.to_string(),
            },
            "itemLines": [{"id": "1", "name": "Coffee beans", "amountTotal": pounds}],
        })
    );
}

#[tokio::test]
async fn a_session_names_its_machine_and_what_it_is_for() {
    let server = server().await;
    let dojo = dojo(&server.url);
    start_sale(&dojo).await;
    refund_at_terminal(&dojo).await;
    refund_unlinked(&dojo, true).await;
    let pounds = json!({"value": 39900, "currencyCode": "GBP"});
    let details = [
        json!({"sessionType": "Sale", "sale": {"paymentIntentId": "pi_1"}}),
        json!({"sessionType": "MatchedRefund", "matchedRefund": {"paymentIntentId": "pi_1", "amount": pounds}}),
        json!({"sessionType": "UnlinkedRefund", "unlinkedRefund": {"amount": pounds}}),
    ];
    let sent: Vec<_> = server.requests_for(SESSIONS).iter().map(Request::json).collect();
    assert_eq!(sent, details.map(|details| json!({"terminalId": "tm_1", "details": details})));
}

/// A bare number here, and the attempt's reference makes a repetition harmless.
#[tokio::test]
async fn a_refund_without_a_card_carries_its_key_and_its_reason() {
    let server = server().await;
    refund_by_api(&dojo(&server.url)).await;
    let request = &server.requests_for(REFUNDS)[0];
    assert_eq!(request.json(), json!({"amount": 39900, "refundReason": "Customer return"}));
    assert_eq!(request.header("idempotencykey"), reference().to_string());
}

#[tokio::test]
async fn no_other_call_carries_an_idempotency_key() {
    let server = server().await;
    call_everything(&dojo(&server.url)).await;
    let with_key = server.requests().into_iter().filter(|request| !request.header("idempotencykey").is_empty());
    assert_eq!(with_key.map(|request| request.target).collect::<Vec<_>>(), [REFUNDS]);
}

#[tokio::test]
async fn a_word_on_a_signature_says_yes_or_no() {
    let server = server().await;
    let dojo = dojo(&server.url);
    for accepted in [true, false] {
        dojo.answer_signature(open().handle().unwrap(), accepted).await.unwrap();
    }
    let words = server.requests_for(&format!("{SESSION}/signature"));
    let words: Vec<_> = words.iter().map(|request| (request.method.clone(), request.json())).collect();
    assert_eq!(words, [true, false].map(|accepted| ("PUT".to_owned(), json!({"accepted": accepted}))));
}
