//! Giving money back: at the machine, by the API, without a sale.

use std::sync::atomic::{AtomicBool, Ordering};

use jiff::{SignedDuration, Timestamp};
use pos_bridge::domain::attempt::{Attempt, Phase};
use pos_bridge::domain::evidence::Finding;
use pos_bridge::domain::identifiers::Handle;
use pos_bridge::domain::refund::RefundRoute;
use pos_bridge::ports::{Look, Provider, ReadError, Refundable};
use pos_bridge::provider::dojo::{Dojo, Settings};
use serde_json::{Value, json};

use crate::orders::{
    answered, dojo, found, open, preparation, refund, refund_at_terminal, refund_by_api, refund_unlinked, settings,
    transaction, unknown,
};
use crate::server::{
    Act, Doing, INTENT, REFUNDS, SESSION, SESSIONS, Server, TERMINAL, asked, dead_url, history, intent, problem,
    record, reply, session,
};

/// A machine in this state, and what a new session or a refund is answered with.
async fn answers(status: &'static str, act: impl Fn() -> Act + Send + Sync + 'static) -> Server {
    Server::start(move |request| match request.path() {
        TERMINAL => reply(200, json!({"id": "tm_1", "status": status})),
        _ => act(),
    })
    .await
}

#[tokio::test]
async fn a_refund_at_the_machine_is_a_session() {
    for (server, transaction) in [
        (answers("Available", || reply(200, session("InitiateRequested"))).await, true),
        (answers("Available", || reply(200, session("InitiateRequested"))).await, false),
    ] {
        let dojo = dojo(&server.url);
        let answer = if transaction { refund_at_terminal(&dojo).await } else { refund_unlinked(&dojo, true).await };
        assert_eq!(answered(&answer), "yes ts_1");
        assert_eq!(asked(&server), [format!("GET {TERMINAL}"), format!("POST {SESSIONS}")]);
    }
}

#[tokio::test]
async fn a_refund_by_the_api_asks_no_machine() {
    let server = answers("Offline", || reply(200, json!({"paymentIntentId": "pi_1", "refundId": "rfnd_1"}))).await;
    assert_eq!(answered(&refund_by_api(&dojo(&server.url)).await), "yes rfnd_1");
    assert_eq!(asked(&server), [format!("POST {REFUNDS}")]);
}

#[tokio::test]
async fn without_a_sale_money_is_given_back_at_a_machine_alone() {
    let server = answers("Available", || problem(500)).await;
    assert_eq!(answered(&refund_unlinked(&dojo(&server.url), false).await), "not sent not_sent");
    assert_eq!(server.connections(), 0);
}

/// A machine in use would answer with a status that proves nothing.
#[tokio::test]
async fn a_machine_that_cannot_take_it_is_not_asked() {
    let table = [
        ("InUse", "not sent terminal_busy"),
        ("Offline", "not sent terminal_offline"),
        ("Available", "yes ts_1"),
        ("Teleported", "yes ts_1"),
        ("", "yes ts_1"),
    ];
    for (status, expected) in table {
        let server = answers(status, || reply(200, session("InitiateRequested"))).await;
        assert_eq!(answered(&refund_at_terminal(&dojo(&server.url)).await), expected, "{status}");
        let sessions = server.requests_for(SESSIONS).len();
        assert_eq!(sessions, usize::from(expected.starts_with("yes")), "{status}");
    }
}

#[tokio::test]
async fn a_machine_that_cannot_be_read_is_not_asked() {
    let table: [(Doing, &str); 3] = [
        (|| problem(404), "not sent unknown_terminal"),
        (|| problem(500), "not sent provider_unreachable"),
        (|| Act::Close, "not sent provider_unreachable"),
    ];
    for (act, expected) in table {
        let server = Server::start(move |_| act()).await;
        assert_eq!(answered(&refund_at_terminal(&dojo(&server.url)).await), expected);
        assert!(server.requests_for(SESSIONS).is_empty());
    }
}

#[tokio::test]
async fn every_answer_to_a_refund_has_its_meaning() {
    let table: [(Doing, &str); 10] = [
        (|| problem(400), "no REFUSED"),
        (|| problem(401), "no REFUSED"),
        (|| problem(403), "no REFUSED"),
        (|| problem(404), "no REFUSED"),
        // Not documented, so no proof; a payment cannot be let go to get one.
        (|| problem(409), "unknown"),
        (|| problem(422), "unknown"),
        (|| problem(500), "unknown"),
        (|| reply(200, json!({})), "unknown"),
        (|| Act::Close, "unknown"),
        (|| Act::Hang, "unknown"),
    ];
    for (position, (act, expected)) in table.into_iter().enumerate() {
        let server = answers("Available", act).await;
        let dojo = dojo(&server.url);
        assert_eq!(answered(&refund_at_terminal(&dojo).await), expected, "row {position}");
        assert_eq!(answered(&refund_by_api(&dojo).await), expected, "row {position}");
        let calls = [format!("GET {TERMINAL}"), format!("POST {SESSIONS}"), format!("POST {REFUNDS}")];
        assert_eq!(asked(&server), calls, "row {position}: each once, and nothing else");
    }
    assert_eq!(answered(&refund_by_api(&dojo(&dead_url().await)).await), "not sent not_sent");
}

/// A payment of 399.00 of which so much went back; the refund is of all of it.
async fn whole(refunded: i64) -> Vec<String> {
    let more = json!({"refundedAmount": refunded});
    let server = Server::start(move |request| match request.method.as_str() {
        "GET" => reply(200, intent("Captured", more.clone())),
        _ => reply(200, json!({"reversalId": "back_1", "refundId": "back_1"})),
    })
    .await;
    let mut settings = settings(&server.url);
    settings.reverses_whole = true;
    assert_eq!(answered(&refund_by_api(&Dojo::new(settings).unwrap()).await), "yes back_1");
    asked(&server).split_off(1)
}

#[tokio::test]
async fn a_payment_is_reversed_only_while_nothing_of_it_was_given_back() {
    assert_eq!(whole(0).await, [format!("POST {INTENT}/reversal")]);
    assert_eq!(whole(1).await, [format!("POST {REFUNDS}")]);
}

/// Dojo reverses for some days only. That it did not must be proven before the money is given back another way.
#[tokio::test]
async fn a_payment_that_is_not_reversed_any_more_is_refunded_once_its_record_proves_it() {
    for (status, of_intent, refunded, expected, calls) in [
        (400, "Captured", 0, "yes rfnd_1", 2),
        (409, "Captured", 0, "unknown", 1),
        (400, "Captured", 1, "unknown", 1),
        (400, "Refunded", 0, "unknown", 1),
        (409, "Reversed", 0, "unknown", 1),
        (401, "Captured", 0, "no REFUSED", 1),
        (422, "Captured", 0, "unknown", 1),
        (500, "Captured", 0, "unknown", 1),
    ] {
        let was_asked = AtomicBool::new(false);
        let server = Server::start(move |request| match (request.method.as_str(), request.path()) {
            ("GET", _) if was_asked.load(Ordering::SeqCst) => {
                reply(200, intent(of_intent, json!({"refundedAmount": refunded})))
            }
            ("GET", _) => reply(200, intent("Captured", json!({}))),
            (_, REFUNDS) => reply(200, json!({"refundId": "rfnd_1"})),
            _ => {
                was_asked.store(true, Ordering::SeqCst);
                problem(status)
            }
        })
        .await;
        let settings = Settings { reverses_whole: true, ..settings(&server.url) };
        let answer = refund_by_api(&Dojo::new(settings).unwrap()).await;
        assert_eq!(answered(&answer), expected, "{status}, {of_intent}");
        let posted: Vec<String> = asked(&server).into_iter().filter(|asked| asked.starts_with("POST")).collect();
        let both = [format!("POST {INTENT}/reversal"), format!("POST {REFUNDS}")];
        assert_eq!(posted, both[..calls], "{status}, {of_intent}");
    }
}

#[tokio::test]
async fn how_refunds_are_made_is_a_setting() {
    for route in [RefundRoute::Terminal, RefundRoute::Plain, RefundRoute::PlainThenTerminal] {
        let mut settings = settings("http://127.0.0.1:9");
        settings.refund = route;
        let dojo = Dojo::new(settings).unwrap();
        assert_eq!(dojo.refund_route(), route);
        assert!(dojo.refunds_one_at_a_time(), "Dojo tells the sum of them alone");
    }
}

async fn refundable(act: impl Fn() -> Act + Send + Sync + 'static) -> Result<Refundable, ReadError> {
    let server = Server::start(move |_| act()).await;
    dojo(&server.url).refundable(&transaction()).await
}

#[tokio::test]
async fn what_can_be_given_back_is_what_was_captured_with_its_tip() {
    let payment = |status: &'static str| {
        let total = json!({"value": 42000, "currencyCode": "GBP"});
        move || reply(200, intent(status, json!({"totalAmount": total, "refundedAmount": 100})))
    };
    for (status, captured, given_back) in
        [("Captured", 42000, 100), ("Refunded", 42000, 100), ("Created", 0, 100), ("Reversed", 42000, 42000)]
    {
        let found = refundable(payment(status)).await.unwrap();
        assert_eq!((found.captured, found.refunded), (captured, given_back), "{status}");
        assert_eq!(found.preparation.map(|before| before.refunded), Some(100), "{status}");
    }
    assert!(refundable(|| problem(404)).await.is_err());
    assert!(refundable(|| reply(200, intent("Captured", json!({"reference": "Order 234"})))).await.is_err());
}

/// What is added to and taken from such an amount could be any other.
#[tokio::test]
async fn nothing_is_given_back_of_a_payment_with_an_amount_that_none_can_have() {
    let run = |minor: i64| {
        let details = json!({"sessionType": "MatchedRefund", "matchedRefund": {"amount": {"value": minor, "currencyCode": "GBP"}}});
        json!({"terminalSession": {"id": "ts_2", "status": "Captured", "details": details}})
    };
    for more in [
        json!({"refundedAmount": i64::MIN}),
        json!({"refundedAmount": -1}),
        json!({"totalAmount": {"value": i64::MAX, "currencyCode": "GBP"}}),
        json!({"terminalSessionHistory": [run(i64::MAX), run(i64::MAX)]}),
    ] {
        let shown = more.to_string();
        assert!(refundable(move || reply(200, intent("Captured", more.clone()))).await.is_err(), "{shown}");
    }
}

/// Whether the sum of a payment's refunds holds those that were made at machines is not documented.
#[tokio::test]
async fn refunds_at_machines_are_told_one_by_one() {
    let run = |id: &str, status: &str, details: Value| json!({"terminalSession": {"id": id, "status": status, "details": details}});
    let refund = |minor: i64| json!({"sessionType": "MatchedRefund", "matchedRefund": {"amount": {"value": minor, "currencyCode": "GBP"}}});
    let captured = |id: &str, refund: Value, at: Timestamp| {
        let mut run = run(id, "Captured", refund);
        run["terminalSession"]["statusEvents"] = json!([{"status": "Captured", "createdAt": at.to_string()}]);
        run
    };
    let now = Timestamp::now();
    let expiring = |id: &str, status: &str, at: Timestamp| {
        let mut run = run(id, status, refund(3));
        run["terminalSession"]["expireAt"] = json!(at.to_string());
        run
    };
    let runs = json!([
        run("ts_1", "Captured", json!({"sessionType": "Sale"})),
        captured("ts_2", refund(500), now - SignedDuration::from_hours(1)),
        run("ts_3", "Initiated", refund(700)),
        run("ts_4", "Captured", json!({"sessionType": "MatchedRefund"})),
        run("ts_5", "Declined", refund(1)),
        run("ts_6", "Canceled", refund(1)),
        run("ts_7", "Expired", refund(1)),
        run("ts_8", "SignatureVerificationRejected", refund(1)),
        captured("ts_9", refund(2), now),
        expiring("ts_10", "Initiated", now - SignedDuration::from_hours(1)),
        expiring("ts_11", "Captured", now),
    ]);
    let found =
        refundable(move || reply(200, intent("Captured", json!({"terminalSessionHistory": runs})))).await.unwrap();
    let told: Vec<_> = found.at_machines.iter().map(|told| (told.run.as_str(), told.minor, told.is_settled)).collect();
    assert_eq!(
        told,
        [
            ("ts_2", 500, true),
            ("ts_3", 700, false),
            ("ts_4", 1, true),
            ("ts_9", 2, false),
            ("ts_10", 3, true),
            ("ts_11", 3, false)
        ]
    );
}

async fn look(attempt: &Attempt, session: Value, intent: Value) -> Finding {
    let server = record(session, intent).await;
    dojo(&server.url).look_for_refund(attempt, Look::Usual).await.unwrap().finding
}

#[tokio::test]
async fn a_refund_at_the_machine_is_what_its_session_says() {
    let table = [
        ("Initiated", "started"),
        ("Captured", "approved"),
        ("Declined", "declined"),
        ("Canceled", "cancelled"),
        ("Expired", "lapsed"),
        ("Teleported", "started"),
    ];
    for (status, expected) in table {
        let run = json!({"id": "ts_1", "status": status, "details": {"sessionType": "MatchedRefund"}});
        let payment = || intent("Captured", history(run.clone()));
        assert_eq!(found(&look(&refund(open()), run.clone(), payment()).await), expected, "{status}");
        // The reply to its start was lost: which session it is must be on disk before it decides anything.
        let learned = Finding::Undecided { handle: Some(Handle::new("ts_1").unwrap()), started: true };
        assert_eq!(look(&refund(unknown()), run.clone(), payment()).await, learned, "{status}");
    }
    let of_sale = intent("Captured", history(json!({"id": "ts_1", "details": {"sessionType": "Sale"}})));
    assert_eq!(look(&refund(unknown()), session("Captured"), of_sale).await, Finding::Nothing);
}

#[tokio::test]
async fn a_refund_without_a_sale_is_what_its_session_says() {
    let unlinked = |phase| Attempt { refund_of: None, preparation: None, ..refund(phase) };
    let server = record(session("Captured"), json!({})).await;
    let dojo = dojo(&server.url);
    let seen = dojo.look_for_refund(&unlinked(open()), Look::Usual).await.unwrap();
    assert_eq!((found(&seen.finding), asked(&server)), ("approved", vec![format!("GET {SESSION}")]));
    let lost = dojo.look_for_refund(&unlinked(unknown()), Look::Usual).await.unwrap();
    assert_eq!(lost.finding, Finding::Nothing, "Dojo has no list to find it in");
}

#[tokio::test]
async fn a_refund_by_the_api_is_what_the_sum_has_grown_by() {
    let open = Phase::Open { handle: Handle::new("rfnd_1").unwrap() };
    for (sum, expected) in [(39900, "approved"), (39899, "started"), (0, "started")] {
        let attempt = Attempt { card_present: false, preparation: Some(preparation()), ..refund(open.clone()) };
        let server = record(json!({}), intent("Captured", json!({"refundedAmount": sum}))).await;
        let seen = dojo(&server.url).look_for_refund(&attempt, Look::Usual).await.unwrap();
        assert_eq!(found(&seen.finding), expected, "{sum}");
        assert_eq!(asked(&server), [format!("GET {INTENT}?returnCanceled=true")], "no session is asked for");
    }
}
