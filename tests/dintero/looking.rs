//! What is concluded from Dintero's record.

use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::SignedDuration;
use pos_bridge::domain::attempt::Phase;
use pos_bridge::domain::directory::Terminal;
use pos_bridge::domain::evidence::Finding;
use pos_bridge::domain::identifiers::{AttemptReference, ProviderTerminalId, StoreId, TerminalName};
use pos_bridge::domain::operation::ProviderName;
use pos_bridge::ports::Refunded;
use pos_bridge::ports::{Listing, Look, Provider, ReadError, Unreadable};
use serde_json::{Value, json};
use ulid::Ulid;

use crate::orders::{dintero, open, reference, refund, sale, store, transaction, unknown};
use crate::server::{Act, Request, Server, TOKEN, error, reply, reply_with, token};
use crate::whole_list::whole_list;

const SESSION: &str = "/checkout/sessions/T12345678.session";
const TRANSACTION: &str = "/checkout/transactions/T12345678.transaction";

fn merged(mut base: Value, change: Value) -> Value {
    base.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    base
}

fn order() -> Value {
    json!({
        "amount": 39900, "currency": "NOK", "merchant_reference": reference().to_string(),
        "store": {"id": "oslo-center", "terminal_id": "T0292"}
    })
}

/// The session of the attempt, changed as said.
pub(crate) fn session(change: Value) -> Act {
    reply(200, session_value(change))
}

fn session_value(change: Value) -> Value {
    merged(json!({"id": "T12345678.session", "order": order(), "events": [{"name": "INITIATED"}]}), change)
}

fn payment(change: Value) -> Value {
    let base =
        json!({"id": "T12345678.transaction", "session_id": "T12345678.session", "status": "CAPTURED", "events": []});
    merged(merged(base, order()), change)
}

async fn serve(script: impl Fn(&Request) -> Act + Send + Sync + 'static) -> Server {
    Server::start(move |request| if request.path() == TOKEN { token("one") } else { script(request) }).await
}

async fn finding(phase: Phase, script: impl Fn(&Request) -> Act + Send + Sync + 'static) -> Result<Finding, ReadError> {
    let server = serve(script).await;
    dintero(&server.url).look_for_sale(&sale(phase), Look::Usual).await.map(|seen| seen.finding)
}

#[tokio::test]
async fn a_paid_session_is_approved_in_two_calls() {
    let server = serve(|request| match request.path() {
        SESSION => session(json!({"transaction_id": "T12345678.transaction"})),
        TRANSACTION => reply(200, payment(json!({}))),
        _ => Act::Close,
    })
    .await;
    let seen = dintero(&server.url).look_for_sale(&sale(open()), Look::Usual).await.unwrap();
    let Finding::Approved(approval) = seen.finding else { panic!("{seen:?}") };
    assert!(approval.captured && !approval.several);
    assert_eq!(approval.transaction, Some(transaction()));
    assert_eq!(server.requests().len(), 3, "a token, the session, the payment");
}

#[tokio::test]
async fn a_session_without_a_payment_is_decided_by_a_cancel_only() {
    let undecided = finding(open(), |_| session(json!({}))).await.unwrap();
    assert!(matches!(undecided, Finding::Undecided { handle: Some(_), .. }));
    let proofs = [
        json!({"cancelled_at": "2026-11-20T10:16:00Z"}),
        json!({"events": [{"name": "INITIATED"}, {"name": "CANCELLED"}]}),
    ];
    for proof in proofs {
        let alone = move |request: &Request| match request.path() {
            SESSION => session(proof.clone()),
            _ => reply(200, json!([])),
        };
        assert_eq!(finding(open(), alone).await, Ok(Finding::Cancelled));
    }
}

#[tokio::test]
async fn a_cancelled_session_is_no_proof_while_the_list_shows_a_payment() {
    let script = |request: &Request| match request.path() {
        SESSION => session(json!({"cancelled_at": "2026-11-20T10:16:00Z"})),
        "/checkout/transactions" => reply(200, json!([payment(json!({}))])),
        _ => reply(200, json!([])),
    };
    assert!(matches!(finding(open(), script).await, Ok(Finding::Approved(_))));
}

#[tokio::test]
async fn a_payment_decides_over_a_cancelled_session() {
    let script = |request: &Request| match request.path() {
        SESSION => session(json!({"transaction_id": "T12345678.transaction", "cancelled_at": "2026-11-20T10:16:00Z"})),
        _ => reply(200, payment(json!({}))),
    };
    assert!(matches!(finding(open(), script).await, Ok(Finding::Approved(_))));
}

#[tokio::test]
async fn a_payment_that_cannot_be_read_is_no_result() {
    for status in [404, 500] {
        let script = move |request: &Request| match request.path() {
            SESSION => {
                session(json!({"transaction_id": "T12345678.transaction", "cancelled_at": "2026-11-20T10:16:00Z"}))
            }
            _ => error(status, "gone"),
        };
        assert!(finding(open(), script).await.is_err(), "{status}");
    }
}

#[tokio::test]
async fn a_payment_with_an_impossible_name_is_no_result() {
    let cancelled = json!({"transaction_id": "", "cancelled_at": "2026-11-20T10:16:00Z"});
    assert!(finding(open(), move |_| session(cancelled.clone())).await.is_err());
    let listed = |request: &Request| match request.path() {
        "/checkout/transactions" => reply(200, json!([payment(json!({"id": "with a space"}))])),
        _ => reply(200, json!([])),
    };
    assert!(finding(unknown(), listed).await.is_err());
}

#[tokio::test]
async fn a_record_that_differs_is_a_contradiction() {
    let changes = [
        json!({"amount": 39901}),
        json!({"currency": "SEK"}),
        json!({"merchant_reference": "PB-other"}),
        json!({"store": {"terminal_id": "T0001"}}),
    ];
    for change in changes {
        let shown = change.to_string();
        let script = move |request: &Request| match request.path() {
            SESSION => session(json!({"transaction_id": "T12345678.transaction"})),
            _ => reply(200, payment(change.clone())),
        };
        assert!(matches!(finding(open(), script).await, Ok(Finding::Contradiction { .. })), "{shown}");
    }
}

#[tokio::test]
async fn an_approval_that_was_taken_back_is_a_correction() {
    let event = json!({"event": "CAPTURE", "success": true, "amount": 39900, "correction": {"status": "FAILED"}});
    let script = move |request: &Request| match request.path() {
        SESSION => session(json!({"transaction_id": "T12345678.transaction"})),
        _ => reply(200, payment(json!({"events": [event.clone()]}))),
    };
    assert!(matches!(finding(open(), script).await, Ok(Finding::Corrected(_))));
}

#[tokio::test]
async fn an_unknown_attempt_is_found_by_its_reference_alone() {
    let server = serve(|request| match request.path() {
        "/checkout/transactions" => {
            reply(200, json!([payment(json!({"merchant_reference": "PB-other", "id": "T1.x"})), payment(json!({}))]))
        }
        _ => error(404, "no such route"),
    })
    .await;
    let seen = dintero(&server.url).look_for_sale(&sale(unknown()), Look::Usual).await.unwrap();
    assert!(matches!(seen.finding, Finding::Approved(approval) if approval.transaction == Some(transaction())));
    let query = server.requests_for("/checkout/transactions")[0].query();
    assert!(query.contains(&("merchant_reference".into(), reference().to_string())));
    assert!(server.requests_for("/checkout/sessions")[0].query().contains(&("search".into(), reference().to_string())));
}

#[tokio::test]
async fn a_found_session_is_adopted_with_its_payment() {
    let script = |request: &Request| match request.path() {
        "/checkout/transactions" => reply(200, json!([])),
        "/checkout/sessions" => {
            let other = merged(order(), json!({"merchant_reference": "PB-other"}));
            reply(200, json!([session_value(json!({"id": "T1.x", "order": other})), session_value(json!({}))]))
        }
        SESSION => session(json!({"transaction_id": "T12345678.transaction"})),
        TRANSACTION => reply(200, payment(json!({"status": "INITIATED"}))),
        _ => Act::Close,
    };
    let found = finding(unknown(), script).await.unwrap();
    assert!(matches!(found, Finding::Undecided { handle: Some(handle), .. } if handle.as_str() == "T12345678.session"));
}

#[tokio::test]
async fn nothing_is_found_only_when_both_lists_are_read() {
    let both = |request: &Request| match request.path() {
        "/checkout/transactions" => reply(200, json!([])),
        _ => error(403, "not for you"),
    };
    assert_eq!(finding(unknown(), both).await, Ok(Finding::Nothing));
    let broken = |request: &Request| match request.path() {
        "/checkout/transactions" => reply(200, json!([])),
        _ => error(500, "oops"),
    };
    assert!(finding(unknown(), broken).await.is_err());
    assert!(finding(unknown(), |_| error(404, "wrong address")).await.is_err());
    for status in [400, 404, 405, 410, 501] {
        let no_search = move |request: &Request| match request.path() {
            "/checkout/transactions" => reply(200, json!([])),
            _ => error(status, "no such search"),
        };
        assert_eq!(finding(unknown(), no_search).await, Ok(Finding::Nothing), "{status}");
    }
}

#[tokio::test]
async fn an_approval_does_not_wait_for_a_search_that_fails() {
    let script = |request: &Request| match request.path() {
        "/checkout/transactions" => reply(200, json!([payment(json!({}))])),
        _ => error(500, "oops"),
    };
    assert!(matches!(finding(unknown(), script).await, Ok(Finding::Approved(_))));
}

#[tokio::test]
async fn several_payments_are_told() {
    let script = |request: &Request| match request.path() {
        "/checkout/transactions" => {
            reply(200, json!([payment(json!({"id": "T1.b", "status": "DECLINED"})), payment(json!({}))]))
        }
        _ => reply(200, json!([])),
    };
    let found = finding(unknown(), script).await.unwrap();
    assert!(matches!(found, Finding::Approved(approval) if approval.several));
}

#[tokio::test]
async fn the_last_look_takes_no_short_cut() {
    let script = |request: &Request| match request.path() {
        "/checkout/transactions" => reply(200, json!([payment(json!({"id": "T1.second"}))])),
        "/checkout/sessions" => {
            reply(200, json!([session_value(json!({})), session_value(json!({"id": "T12345678.other"}))]))
        }
        SESSION => session(json!({"transaction_id": "T12345678.transaction"})),
        "/checkout/sessions/T12345678.other" => session(json!({"id": "T12345678.other", "transaction_id": "T1.third"})),
        TRANSACTION => reply(200, payment(json!({"status": "DECLINED"}))),
        "/checkout/transactions/T1.third" => reply(200, payment(json!({"id": "T1.third", "status": "FAILED"}))),
        _ => Act::Close,
    };
    assert!(matches!(finding(open(), script).await, Ok(Finding::Declined(_))));
    let server = serve(script).await;
    let seen = dintero(&server.url).look_for_sale(&sale(open()), Look::Fresh).await.unwrap();
    let Finding::Approved(approval) = seen.finding else { panic!("{seen:?}") };
    assert!(approval.several);
    assert_eq!(approval.transaction.unwrap().as_str(), "T1.second");
    assert_eq!(server.requests_for("/checkout/transactions/T1.third").len(), 1);
}

#[tokio::test]
async fn another_thing_than_was_asked_for_is_no_answer() {
    assert!(finding(open(), |_| session(json!({"id": "T12345678.other"}))).await.is_err());
    let script = |request: &Request| match request.path() {
        SESSION => session(json!({"transaction_id": "T12345678.transaction"})),
        _ => reply(200, payment(json!({"id": "T12345678.other"}))),
    };
    assert!(finding(open(), script).await.is_err());
}

#[tokio::test]
async fn a_reading_is_dated_by_dinteros_clock() {
    let date = "Fri, 20 Nov 2026 10:26:02 GMT";
    let server = serve(move |_| reply_with(200, ("Date", date), session_value(json!({})))).await;
    let dintero = dintero(&server.url);
    let seen = dintero.look_for_sale(&sale(open()), Look::Usual).await.unwrap();
    assert_eq!(seen.at.to_string(), "2026-11-20T10:26:02Z");
    assert!(dintero.now().duration_since(seen.at).abs() < SignedDuration::from_secs(5));
}

#[tokio::test]
async fn a_refund_is_read_from_its_payments_events() {
    let server = serve(|_| {
        reply(
            200,
            payment(json!({"events": [
                {"event": "CAPTURE", "success": true, "amount": 39900},
                {"event": "REFUND", "success": true, "amount": 39900, "event_reference": reference().to_string()}
            ]})),
        )
    })
    .await;
    let dintero = dintero(&server.url);
    for look in [Look::Usual, Look::Fresh] {
        let seen = dintero.look_for_refund(&refund(unknown()), look).await.unwrap();
        assert!(matches!(seen.finding, Finding::Approved(approval) if approval.amount.minor() == 39900));
    }
    let left = dintero.refundable(&transaction()).await.unwrap();
    assert_eq!((left.captured, left.refunded), (39900, 39900));
}

/// Dintero documents an event's amount as any number.
#[tokio::test]
async fn an_event_without_a_whole_amount_fails_the_sums_and_not_the_payment() {
    for (amount, expected) in
        [(json!(100), Some(100)), (json!(100.0), Some(100)), (json!(100.5), None), (json!("100"), None)]
    {
        let events = json!([
            {"event": "CAPTURE", "success": true, "amount": 39900.0},
            {"event": "REFUND", "success": true, "amount": amount},
        ]);
        let server = serve(move |request| match request.path() {
            SESSION => session(json!({"transaction_id": "T12345678.transaction"})),
            _ => reply(200, payment(json!({"events": events.clone()}))),
        })
        .await;
        let dintero = dintero(&server.url);
        let seen = dintero.look_for_sale(&sale(open()), Look::Usual).await.unwrap();
        assert!(matches!(seen.finding, Finding::Approved(_)), "{amount}");
        let left = dintero.refundable(&transaction()).await;
        assert_eq!(left.ok().map(|left| (left.captured, left.refunded)), expected.map(|sum| (39900, sum)), "{amount}");
    }
}

#[tokio::test]
async fn a_shops_payments_are_listed_to_the_end_and_only_ours_are_kept() {
    let nth = |number: u128| AttemptReference::new(Ulid::from_parts(9, number));
    let server = serve(move |request| {
        let after = request.query().into_iter().find(|(name, _)| name == "starting_after").map(|(_, id)| id);
        let page = |numbers: std::ops::Range<u128>| {
            numbers
                .map(|number| {
                    let foreign = number % 2 == 1;
                    let reference = if foreign { format!("order-{number}") } else { nth(number).to_string() };
                    let change = json!({"id": format!("T1.{number}"), "merchant_reference": reference,
                        "merchant_reference_2": "till-1/R-7", "events": [{"event": "REFUND", "success": true, "amount": 5}]});
                    match number {
                        2 => json!({"id": "T1.2", "merchant_reference": reference, "amount": "many",
                            "merchant_reference_2": "till-1/R-7", "store": {"terminal_id": "T0292"}}),
                        // The page goes on after the last one that has a name.
                        98 => json!({"merchant_reference": reference}),
                        99 => json!({"merchant_reference": "order-99"}),
                        _ => payment(change),
                    }
                })
                .collect::<Vec<_>>()
        };
        match after.as_deref() {
            None => reply(200, json!(page(0..100))),
            Some("T1.97") => reply(200, json!(page(100..120))),
            Some(_) => Act::Close,
        }
    })
    .await;
    let since = "2026-11-17T10:00:00.123456789Z".parse().unwrap();
    let Listing { traces, unreadable } = whole_list(&dintero(&server.url), &store(), since).await.unwrap();
    let text = |text: &str| Some(text.to_owned());
    let named = Unreadable {
        reference: nth(2),
        terminal: text("T0292"),
        till_reference: text("till-1/R-7"),
        transaction: text("T1.2"),
    };
    let nameless = Unreadable { reference: nth(98), terminal: None, till_reference: None, transaction: None };
    assert_eq!(unreadable, [named, nameless]);
    assert_eq!(traces.len(), 58);
    assert_eq!(traces[57].reference, nth(118));
    assert_eq!(traces[0].till_reference.as_deref(), Some("till-1/R-7"));
    assert_eq!(traces[0].refunded, Refunded::Elsewhere(5));
    let query = server.requests_for("/checkout/transactions")[0].query();
    for filter in [("store_id", "oslo-center"), ("created_at.gte", "2026-11-17T10:00:00Z"), ("limit", "100")] {
        assert!(query.contains(&(filter.0.into(), filter.1.into())), "{filter:?}");
    }
}

#[tokio::test]
async fn a_list_that_leads_no_further_is_no_list() {
    for page in [vec![json!({}); 100], vec![json!({"id": "T1.same"}); 100]] {
        let server = serve(move |_| reply(200, json!(page))).await;
        let since = "2026-11-17T10:00:00Z".parse().unwrap();
        assert!(whole_list(&dintero(&server.url), &store(), since).await.is_err());
        assert!(server.requests_for("/checkout/transactions").len() <= 2);
    }
}

#[tokio::test]
async fn a_cancel_that_is_refused_is_an_answer_and_silence_is_none() {
    for (status, told) in [(200, true), (400, true), (404, true), (409, true), (429, false), (500, false), (302, false)]
    {
        let server = serve(move |_| error(status, "x")).await;
        assert_eq!(dintero(&server.url).cancel(&sale(open())).await.is_ok(), told, "{status}");
    }
    let server = serve(|_| Act::Close).await;
    assert!(dintero(&server.url).cancel(&sale(open())).await.is_err());
}

/// Whether `store_id` means the merchant's id of a store is not documented; if it does not, its list says nothing.
#[tokio::test]
async fn where_the_stores_own_list_is_empty_the_accounts_is_read() {
    let foreign = || payment(json!({"merchant_reference": "order-7"}));
    let elsewhere = || payment(json!({"store": {"id": "bergen", "terminal_id": "T0292"}}));
    let full = vec![elsewhere(); 100];
    for (pages, found) in [
        (vec![json!([])], 0),
        (vec![json!([foreign(), elsewhere(), payment(json!({"store": null}))])], 0),
        (vec![json!([foreign(), elsewhere(), payment(json!({}))])], 1),
        (vec![json!(full), json!([elsewhere(), payment(json!({}))])], 1),
    ] {
        let (shown, asked) = (pages.len(), AtomicUsize::new(0));
        let server = serve(move |request| {
            let is_of_store = request.query().iter().any(|(name, _)| name == "store_id");
            let page = || pages[asked.fetch_add(1, Ordering::Relaxed)].clone();
            reply(200, if is_of_store { json!([]) } else { page() })
        })
        .await;
        let since = "2026-11-17T10:00:00.123456789Z".parse().unwrap();
        let list = whole_list(&dintero(&server.url), &store(), since).await.unwrap();
        assert_eq!((list.traces.len(), list.unreadable.len()), (found, 0), "{shown}");
        let asked = server.requests_for("/checkout/transactions");
        assert_eq!(asked.len(), 1 + shown);
        assert!(asked[1].query().contains(&("created_at.gte".into(), "2026-11-17T10:00:00Z".into())));
    }
}

#[tokio::test]
async fn an_enrolment_is_told_where_it_may_be_read() {
    let terminal = Terminal {
        name: TerminalName::new("front").unwrap(),
        provider: ProviderName::Dintero,
        store: StoreId::new("oslo-center").unwrap(),
        terminal_id: ProviderTerminalId::new("T0292").unwrap(),
        tips: false,
        unlinked_refund: false,
    };
    let server = serve(|request| match request.path() {
        "/api/accounts/T12345678/terminals/T0292" => {
            reply(200, json!({"terminal_id": "T0292", "status": "ACTION_REQUIRED", "status_reason": "CHECK_UPDATE"}))
        }
        _ => Act::Close,
    })
    .await;
    let enrolment = dintero(&server.url).enrolment(&terminal).await.unwrap().unwrap();
    assert_eq!((enrolment.status.as_str(), enrolment.reason.as_deref()), ("ACTION_REQUIRED", Some("CHECK_UPDATE")));
    let server = serve(|_| error(403, "scope")).await;
    assert_eq!(dintero(&server.url).enrolment(&terminal).await, Ok(None));
    let server = serve(|_| error(404, "unknown")).await;
    assert!(matches!(dintero(&server.url).enrolment(&terminal).await, Err(ReadError::Refused(_))));
}
