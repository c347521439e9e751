//! What the record says of a sale.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use pos_bridge::domain::attempt::{Attempt, Preparation};
use pos_bridge::domain::evidence::Finding;
use pos_bridge::domain::identifiers::Handle;
use pos_bridge::domain::prompt::Prompt;
use pos_bridge::ports::{Look, Provider, ReadError};
use serde_json::{Value, json};

use crate::orders::{dojo, found, open, preparation, sale, unknown};
use crate::server::{
    Act, Doing, INTENT, Request, SESSION, Server, asked, history, intent, problem, record, reply, reply_with, session,
};

async fn look(attempt: &Attempt, session: Value, intent: Value) -> Finding {
    let server = record(session, intent).await;
    dojo(&server.url).look_for_sale(attempt, Look::Usual).await.unwrap().finding
}

/// Taken, and not told yet: until the time for that is over, and without a date until the sale's own is.
#[tokio::test]
async fn what_is_captured_while_its_signature_is_compared_is_told_when_the_time_for_that_is_over() {
    let now = Timestamp::now();
    let ago = |seconds| now - SignedDuration::from_secs(seconds);
    for (horizon, asked_at, expected) in [
        (ago(-3600), None, "started"),
        (ago(1), None, "approved"),
        (ago(1), Some(ago(2)), "started"),
        (ago(1), Some(ago(3600)), "approved"),
    ] {
        let mut waiting = sale(open());
        waiting.horizon = horizon;
        let mut asked = session("SignatureVerificationRequired");
        if let Some(asked_at) = asked_at {
            asked["statusEvents"] =
                json!([{"status": "SignatureVerificationRequired", "createdAt": asked_at.to_string()}]);
        }
        let finding = look(&waiting, asked, intent("Captured", json!({}))).await;
        assert_eq!(found(&finding), expected, "{horizon} {asked_at:?}");
    }
}

fn since_now(status: &str) -> Value {
    let mut run = session(status);
    run["statusEvents"] = json!([{"status": status, "createdAt": Timestamp::now().to_string()}]);
    run
}

/// The session is read before its intent, and may ask for a signature between the two.
#[tokio::test]
async fn a_session_that_was_read_before_the_money_was_taken_is_read_once_more() {
    for (then, expected) in
        [("SignatureVerificationRequired", "started"), ("Captured", "approved"), ("Initiated", "approved")]
    {
        let read = AtomicUsize::new(0);
        let server = Server::start(move |request| match (request.method.as_str(), request.path()) {
            ("GET", SESSION) if read.fetch_add(1, Ordering::Relaxed) == 0 => reply(200, session("Initiated")),
            ("GET", SESSION) => reply(200, since_now(then)),
            _ => reply(200, intent("Captured", json!({}))),
        })
        .await;
        let seen = dojo(&server.url).look_for_sale(&sale(open()), Look::Usual).await.unwrap();
        assert_eq!(found(&seen.finding), expected, "{then}");
        assert_eq!(server.requests_for(SESSION).len(), 2, "{then}");
        assert_eq!(seen.at_terminal.prompt == Some(Prompt::Sign), expected == "started", "{then}");
    }
}

#[tokio::test]
async fn the_intent_decides_and_its_session_while_nothing_was_paid() {
    let table = [
        ("Initiated", "Created", "waiting"),
        ("Authorized", "Created", "started"),
        ("Captured", "Created", "started"),
        ("Declined", "Created", "declined"),
        ("Canceled", "Created", "cancelled"),
        ("Expired", "Created", "lapsed"),
        ("Teleported", "Created", "started"),
        ("Captured", "Captured", "approved"),
        ("Declined", "Captured", "approved"),
        ("Canceled", "Captured", "approved"),
        ("Expired", "Captured", "approved"),
        ("Initiated", "Refunded", "approved"),
        ("SignatureVerificationAccepted", "Captured", "approved"),
        ("SignatureVerificationRejected", "Captured", "approved"),
        ("SignatureVerificationRejected", "Reversed", "declined"),
        ("Captured", "Reversed", "cancelled"),
        ("Expired", "Canceled", "cancelled"),
        ("Captured", "Canceled", "started"),
        ("Declined", "Authorized", "started"),
        ("Declined", "Teleported", "started"),
    ];
    for (run, payment, expected) in table {
        let finding = look(&sale(open()), session(run), intent(payment, json!({}))).await;
        assert_eq!(found(&finding), expected, "{run}, {payment}");
    }
}

#[tokio::test]
async fn an_approval_tells_the_card_and_the_receipts() {
    let line = |text: &str| json!({"lines": [{"lineType": "Text", "text": {"value": text}}]});
    let mut run = session("Captured");
    run["customerReceipt"] = line("CUSTOMER COPY");
    run["merchantReceipt"] = line("MERCHANT COPY");
    run["paymentDetails"] =
        json!({"card": {"cardNumber": "44565300****1096", "cardType": "VISA", "entryMode": "ContactChip"}});
    let Finding::Approved(approval) = look(&sale(open()), run, intent("Captured", json!({}))).await else {
        panic!("not approved");
    };
    assert_eq!((approval.transaction.unwrap().as_str(), approval.amount.minor()), ("pi_1", 39900));
    let (card, receipt) = (approval.card.unwrap(), approval.receipt.unwrap());
    assert_eq!((card.brand.as_deref(), card.entry_method.as_deref()), (Some("VISA"), Some("chip")));
    assert_eq!(
        (receipt.customer.as_deref(), receipt.merchant.as_deref()),
        (Some("CUSTOMER COPY"), Some("MERCHANT COPY"))
    );
}

#[tokio::test]
async fn what_the_terminal_asks_of_the_customer_rides_along() {
    let mut run = session("Initiated");
    run["notificationEvents"] = json!([{"notificationType": "EnterPin", "createdAt": "2026-11-20T10:00:00Z"}]);
    let server = record(run, intent("Created", json!({}))).await;
    let seen = dojo(&server.url).look_for_sale(&sale(open()), Look::Usual).await.unwrap();
    assert_eq!((found(&seen.finding), seen.at_terminal.prompt), ("started", Some(Prompt::EnterPin)));
}

#[tokio::test]
async fn a_session_whose_reply_was_lost_is_found_in_the_history_of_its_intent() {
    let created = |run: Value| intent("Created", history(run));
    let waiting = look(&sale(unknown()), session("Initiated"), created(session("Initiated"))).await;
    assert_eq!(waiting, Finding::Undecided { handle: Some(Handle::new("ts_1").unwrap()), started: false });
    let earlier_runs = vec![Handle::new("ts_1").unwrap()];
    let later = Attempt { preparation: Some(Preparation { earlier_runs, ..preparation() }), ..sale(unknown()) };
    assert_eq!(look(&later, session("Declined"), created(session("Declined"))).await, Finding::Nothing);
    assert_eq!(look(&sale(unknown()), json!({}), intent("Created", json!({}))).await, Finding::Nothing);
}

/// An earlier attempt's session took the money after all, behind the back of the one that runs now.
#[tokio::test]
async fn a_payment_that_another_attempt_brought_is_told_as_such() {
    let later = Attempt {
        preparation: Some(Preparation { earlier_runs: vec![Handle::new("ts_0").unwrap()], ..preparation() }),
        ..sale(open())
    };
    let runs = |earlier: &str| {
        let earlier = json!({"terminalSession": {"id": "ts_0", "terminalId": "tm_1", "status": earlier}});
        json!({"terminalSessionHistory": [earlier, {"terminalSession": session("Canceled")}]})
    };
    for (earlier, payment, expected) in [
        ("Captured", "Captured", true),
        ("Authorized", "Authorized", true),
        ("Authorized", "Teleported", true),
        ("Declined", "Created", false),
        ("Declined", "Canceled", false),
    ] {
        let server = record(session("Canceled"), intent(payment, runs(earlier))).await;
        let seen = dojo(&server.url).look_for_sale(&later, Look::Usual).await.unwrap();
        assert_eq!((found(&seen.finding), seen.paid_by_another), ("cancelled", expected), "{earlier}");
    }
}

/// The session of the second attempt never came, and its cashier stopped it.
#[tokio::test]
async fn an_intent_that_was_let_go_is_proof_for_each_attempt_on_it() {
    let earlier = json!({"id": "ts_0", "terminalId": "tm_1", "status": "Declined"});
    let later = Attempt {
        preparation: Some(Preparation { earlier_runs: vec![Handle::new("ts_0").unwrap()], ..preparation() }),
        ..sale(unknown())
    };
    assert_eq!(look(&later, json!({}), intent("Canceled", history(earlier))).await, Finding::Cancelled);
}

/// D5, D13: what was given back, or taken, is the earlier attempt's; the machine of this one goes on, or is not known.
#[tokio::test]
async fn an_intent_that_is_not_over_is_no_proof_for_a_later_attempt() {
    let later = |phase| Attempt {
        preparation: Some(Preparation { earlier_runs: vec![Handle::new("ts_0").unwrap()], ..preparation() }),
        ..sale(phase)
    };
    let of_earlier = |status: &str| json!({"terminalSession": {"id": "ts_0", "terminalId": "tm_1", "status": status}});
    let signed =
        json!({"terminalSession": {"id": "ts_0", "terminalId": "tm_1", "status": "SignatureVerificationRejected"}});
    let runs = json!({"terminalSessionHistory": [signed, {"terminalSession": session("Initiated")}]});
    let prompting = look(&later(open()), session("Initiated"), intent("Reversed", runs)).await;
    assert_eq!(found(&prompting), "started");
    let taken = json!({"terminalSessionHistory": [of_earlier("Captured")]});
    let server = record(json!({}), intent("Canceled", taken)).await;
    let seen = dojo(&server.url).look_for_sale(&later(unknown()), Look::Usual).await.unwrap();
    assert_eq!((seen.finding, seen.paid_by_another), (Finding::Nothing, true));
}

/// D5: the signature of the first was rejected, the second was paid, and then the first was captured after all.
#[tokio::test]
async fn each_of_two_sessions_that_took_the_money_tells_of_both() {
    let another = |earlier: &str| {
        let earlier = json!({"terminalSession": {"id": "ts_0", "terminalId": "tm_1", "status": earlier}});
        json!({"terminalSessionHistory": [{"terminalSession": session("Captured")}, earlier]})
    };
    for (other, expected) in [("Captured", true), ("Declined", false)] {
        let server = record(session("Captured"), intent("Captured", another(other))).await;
        let seen = dojo(&server.url).look_for_sale(&sale(open()), Look::Usual).await.unwrap();
        assert!(matches!(seen.finding, Finding::Approved(approval) if approval.several == expected), "{other}");
        assert!(!seen.paid_by_another, "{other}: it took the money itself");
    }
}

/// "A captured intent outranks every session": not being able to read that one must not hold the terminal.
#[tokio::test]
async fn a_captured_intent_is_believed_while_its_session_cannot_be_read() {
    let attempt = Attempt {
        preparation: Some(Preparation { run: Some(Handle::new("ts_1").unwrap()), ..preparation() }),
        ..sale(open())
    };
    let told = |id: &str| history(json!({"id": id, "terminalId": "tm_1", "status": "Captured"}));
    for (status, history, expected) in [
        ("Captured", told("ts_1"), Some("approved")),
        ("Captured", told("ts_2"), None),
        ("Captured", json!({}), None),
        ("Created", told("ts_1"), None),
    ] {
        let found_intent = intent(status, history);
        let server = Server::start(move |request| match request.path() {
            SESSION => problem(500),
            _ => reply(200, found_intent.clone()),
        });
        let seen = dojo(&server.await.url).look_for_sale(&attempt, Look::Usual).await;
        assert_eq!(seen.ok().map(|seen| found(&seen.finding)), expected, "{status}");
    }
}

/// The history leaves out the receipts.
#[tokio::test]
async fn a_session_of_the_history_that_is_over_is_read_whole() {
    for (status, reads) in [("Initiated", 0), ("Captured", 1)] {
        let server = record(session(status), intent("Captured", history(session(status)))).await;
        dojo(&server.url).look_for_sale(&sale(unknown()), Look::Usual).await.unwrap();
        assert_eq!(server.requests_for(SESSION).len(), reads, "{status}");
    }
}

#[tokio::test]
async fn what_dojo_does_not_know_is_nothing() {
    let server = Server::start(|_| problem(404)).await;
    let dojo = dojo(&server.url);
    for attempt in [sale(open()), sale(unknown())] {
        assert_eq!(dojo.look_for_sale(&attempt, Look::Usual).await.unwrap().finding, Finding::Nothing);
    }
    let before = server.connections();
    let unprepared = Attempt { preparation: None, ..sale(unknown()) };
    assert_eq!(dojo.look_for_sale(&unprepared, Look::Usual).await.unwrap().finding, Finding::Nothing);
    assert_eq!((server.connections(), server.requests().len()), (before, 3), "there is nothing to ask for");
}

#[tokio::test]
async fn a_record_that_is_read_in_part_is_no_finding() {
    let table: [(&str, Doing); 7] = [
        (SESSION, || problem(500)),
        (SESSION, || Act::Close),
        (INTENT, || problem(503)),
        (INTENT, || Act::Hang),
        (INTENT, || reply(200, json!({"id": "pi_2", "status": "Canceled"}))),
        (SESSION, || reply(200, json!({"id": "ts_2", "status": "Canceled"}))),
        (INTENT, || reply(200, json!({"id": "pi_1", "status": "Captured"}))),
    ];
    for (position, (broken, act)) in table.into_iter().enumerate() {
        let server = Server::start(move |request| match request.path() {
            path if path == broken => act(),
            SESSION => reply(200, session("Canceled")),
            _ => reply(200, intent("Created", json!({}))),
        })
        .await;
        let seen = dojo(&server.url).look_for_sale(&sale(open()), Look::Usual).await;
        assert!(matches!(seen, Err(ReadError::Unreachable { .. })), "row {position}: {seen:?}");
    }
}

#[tokio::test]
async fn dojo_says_when_it_wants_to_be_asked_again_and_who_may_not_ask() {
    let busy = Server::start(|_| reply_with(429, ("Retry-After", "7"), json!({"title": "Too many"}))).await;
    let seen = dojo(&busy.url).look_for_sale(&sale(open()), Look::Usual).await;
    let Err(ReadError::Unreachable { retry_after, .. }) = seen else { panic!("{seen:?}") };
    assert_eq!(retry_after, Some(Duration::from_secs(7)));
    for status in [401, 403] {
        let server = Server::start(move |_| problem(status)).await;
        let seen = dojo(&server.url).look_for_sale(&sale(open()), Look::Usual).await;
        assert!(matches!(seen, Err(ReadError::Refused(_))), "{status}: {seen:?}");
    }
}

/// What came after the first reading may be missing in it, so all of it is as of then.
#[tokio::test]
async fn a_reading_is_as_of_its_first_answer_on_dojos_clock() {
    let server = Server::start(|request| match request.path() {
        SESSION => reply_with(200, ("Date", "Fri, 20 Nov 2026 10:00:01 GMT"), session("Initiated")),
        _ => reply_with(200, ("Date", "Fri, 20 Nov 2026 10:00:09 GMT"), intent("Created", json!({}))),
    })
    .await;
    let seen = dojo(&server.url).look_for_sale(&sale(open()), Look::Usual).await.unwrap();
    assert_eq!(seen.at.to_string(), "2026-11-20T10:00:01Z");
    assert_eq!(asked(&server), [format!("GET {SESSION}"), format!("GET {INTENT}?returnCanceled=true")]);
}

/// Otherwise Dojo hides it, and a proven cancel would look like nothing.
#[tokio::test]
async fn an_intent_is_asked_for_even_where_it_was_cancelled() {
    let server = record(session("Expired"), intent("Canceled", json!({}))).await;
    let seen = dojo(&server.url).look_for_sale(&sale(open()), Look::Usual).await.unwrap();
    assert_eq!(found(&seen.finding), "cancelled");
    let queries: Vec<_> = server.requests_for(INTENT).iter().map(Request::query).collect();
    assert_eq!(queries, [[("returnCanceled".to_owned(), "true".to_owned())]]);
}

#[tokio::test]
async fn the_last_look_is_on_a_connection_of_its_own() {
    let server = record(session("Initiated"), intent("Created", json!({}))).await;
    let dojo = dojo(&server.url);
    for look in [Look::Usual, Look::Usual, Look::Fresh] {
        dojo.look_for_sale(&sale(open()), look).await.unwrap();
    }
    let connections: Vec<usize> = server.requests().iter().map(|request| request.connection).collect();
    assert_eq!(connections, [0, 0, 0, 0, 1, 1]);
}
