//! The payments of a location, for the sweep.

use pos_bridge::domain::evidence::PaymentState;
use pos_bridge::domain::identifiers::AttemptReference;
use pos_bridge::ports::{Listing, ReadError, Refunded};
use serde_json::{Value, json};
use ulid::Ulid;

use crate::orders::{dojo, reference, store};
use crate::server::{Act, Request, SEARCH, Server, history, intent, problem, reply, session};
use crate::whole_list::whole_list;

const SINCE: &str = "2026-11-17T10:00:00Z";

async fn list(server: &Server) -> Result<Listing, ReadError> {
    whole_list(&dojo(&server.url), &store(), SINCE.parse().unwrap()).await
}

async fn listed(intents: Vec<Value>) -> Listing {
    let server = Server::start(move |_| reply(200, json!({"data": intents}))).await;
    list(&server).await.unwrap()
}

/// A page of payments that are not ours, with our one in front.
fn page(number: u64, after: Option<&str>) -> Act {
    let ours = AttemptReference::new(Ulid::from_parts(number, 1)).to_string();
    let foreign = std::iter::repeat_n(json!({"id": "pi_0", "reference": "Order 234"}), 99);
    let data: Vec<Value> = std::iter::once(intent("Captured", json!({"reference": ours}))).chain(foreign).collect();
    reply(200, json!({"data": data, "after": after}))
}

fn after(request: &Request) -> Option<String> {
    request.json()["cursor"]["after"].as_str().map(str::to_owned)
}

#[tokio::test]
async fn every_page_is_read_and_asks_for_the_same_days() {
    let server = Server::start(|request| match after(request).as_deref() {
        None => page(1, Some("two")),
        Some("two") => page(2, Some("three")),
        Some("three") => reply(200, json!({"data": [intent("Captured", json!({}))], "after": "four"})),
        // Dojo may name a next page after the last one.
        Some(_) => reply(200, json!({"data": [], "after": "five"})),
    })
    .await;
    assert_eq!(list(&server).await.unwrap().traces.len(), 3);
    let requests = server.requests_for(SEARCH);
    let cursors: Vec<_> = requests.iter().map(after).collect();
    assert_eq!(cursors, [None, Some("two"), Some("three"), Some("four")].map(|after| after.map(str::to_owned)));
    for request in &requests {
        let body = request.json();
        assert_eq!((request.method.as_str(), &body["startDate"]), ("POST", &json!(SINCE)));
        assert_eq!((&body["cursor"]["limit"], &body["endDate"]), (&json!(100), &requests[0].json()["endDate"]));
    }
}

/// What is hidden may be taken out of a page after it was cut.
#[tokio::test]
async fn a_page_with_fewer_payments_than_were_asked_for_is_not_taken_for_the_last() {
    let short = |number, next| {
        let ours = AttemptReference::new(Ulid::from_parts(number, 1)).to_string();
        reply(200, json!({"data": [intent("Captured", json!({"reference": ours}))], "after": next}))
    };
    let server = Server::start(move |request| match after(request).as_deref() {
        None => short(1, "two"),
        Some("two") => short(2, "three"),
        // The last one is told once more.
        Some(_) => short(3, "three"),
    });
    assert_eq!(list(&server.await).await.unwrap().traces.len(), 3);
    let nothing = Server::start(|_| reply(200, json!({"data": null, "after": null}))).await;
    assert_eq!(list(&nothing).await.unwrap(), Listing::default());
    let without_payments = Server::start(|_| reply(200, json!({}))).await;
    assert!(matches!(list(&without_payments).await, Err(ReadError::Unreachable { .. })), "that is no list");
}

#[tokio::test]
async fn a_list_that_leads_nowhere_is_an_error_and_never_cut() {
    let circle = Server::start(|_| page(1, Some("again"))).await;
    assert!(matches!(list(&circle).await, Err(ReadError::Unreachable { .. })));
    assert_eq!(circle.requests_for(SEARCH).len(), 2);
    let broken = Server::start(|request| if after(request).is_none() { page(1, Some("two")) } else { problem(500) });
    assert!(matches!(list(&broken.await).await, Err(ReadError::Unreachable { .. })));
    let gone = Server::start(|_| problem(404)).await;
    let Err(error) = list(&gone).await else { panic!("a list") };
    assert!(error.to_string().contains("check api_url"), "{error}");
}

#[tokio::test]
async fn payments_of_others_are_none_of_ours() {
    let foreign = [json!({"id": "pi_2", "reference": "Order 234"}), json!({"id": "pi_3"}), json!(null), json!(7)];
    assert_eq!(listed(foreign.to_vec()).await, Listing::default());
    assert_eq!(listed(Vec::new()).await, Listing::default());
}

#[tokio::test]
async fn a_payment_of_ours_is_told_with_its_till_its_terminal_and_what_went_back() {
    let more = json!({
        "metadata": {"till_reference": "till-1/R-1001"}, "refundedAmount": 500,
        "totalAmount": {"value": 40000, "currencyCode": "GBP"},
        "terminalSessionHistory": [
            {"terminalSession": {"id": "ts_1", "terminalId": "tm_1", "status": "Captured"}},
            {"terminalSession": {"id": "ts_2", "terminalId": "tm_2", "status": "Declined"}},
        ],
    });
    let listing = listed(vec![intent("Captured", more)]).await;
    let [trace] = listing.traces.as_slice() else { panic!("{listing:?}") };
    assert_eq!((trace.reference, trace.refunded), (reference(), Refunded::InAll(500)));
    assert_eq!(trace.till_reference.as_deref(), Some("till-1/R-1001"));
    let payment = &trace.payment;
    assert_eq!((payment.transaction.as_str(), payment.session.as_ref().unwrap().as_str()), ("pi_1", "ts_1"));
    assert_eq!((payment.terms.amount, payment.added), (39900, 100));
    assert_eq!(payment.terms.terminal.as_deref(), Some("tm_1"), "the one that took it");
    assert_eq!(payment.state, PaymentState::Approved { captured: true });
}

/// It may be reversed yet, and the till's word on the signature is still to be passed on.
#[tokio::test]
async fn a_payment_whose_signature_is_being_compared_is_not_decided() {
    for (status, expected) in [
        ("SignatureVerificationRequired", PaymentState::Unclear),
        ("SignatureVerificationAccepted", PaymentState::Approved { captured: true }),
    ] {
        let listing = listed(vec![intent("Captured", history(session(status)))]).await;
        assert_eq!(listing.traces[0].payment.state, expected, "{status}");
    }
}

/// It says the same sum, whether one card was charged or two.
#[tokio::test]
async fn a_payment_that_two_sessions_took_is_told_as_such() {
    for (other, expected) in [("Captured", true), ("Declined", false)] {
        let other = json!({"terminalSession": {"id": "ts_2", "terminalId": "tm_1", "status": other}});
        let runs = json!({"terminalSessionHistory": [{"terminalSession": session("Captured")}, other]});
        assert_eq!(listed(vec![intent("Captured", runs)]).await.traces[0].several, expected);
    }
}

#[tokio::test]
async fn an_intent_that_nothing_was_paid_on_yet_is_not_decided() {
    let listing = listed(vec![intent("Created", history(session("Initiated")))]).await;
    let payment = &listing.traces[0].payment;
    assert_eq!(payment.state, PaymentState::Undecided);
    assert_eq!(payment.session.as_ref().unwrap().as_str(), "ts_1", "it stands on a terminal");
    assert_eq!(payment.terms.terminal, None, "which need not be the one that it is paid on");
    assert_eq!(listing.traces[0].terminal.as_deref(), Some("tm_1"), "by which it is known whose it is");
    assert_eq!(listed(vec![intent("Created", json!({}))]).await.traces[0].terminal, None);
}

#[tokio::test]
async fn a_payment_that_cannot_be_read_is_told_as_far_as_it_can_and_hides_no_other() {
    let mut broken = intent("Captured", history(json!({"id": "ts_1", "terminalId": "tm_1", "status": 7})));
    broken["metadata"] = json!({"till_reference": "till-1/R-1001 4111111111111111"});
    let without_amount = intent("Captured", json!({"amount": null}));
    let listing = listed(vec![broken, without_amount, intent("Captured", json!({}))]).await;
    assert_eq!((listing.traces.len(), listing.unreadable.len()), (1, 2));
    let first = &listing.unreadable[0];
    assert_eq!((first.reference, first.transaction.as_deref()), (reference(), Some("pi_1")));
    assert_eq!(first.terminal.as_deref(), Some("tm_1"));
    let told = first.till_reference.as_deref().unwrap();
    assert!(told.starts_with("till-1/R-1001") && !told.contains("4111111111111111"), "{told}");
}
