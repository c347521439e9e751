//! One token for all, renewed in time, never asked for more than needed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pos_bridge::domain::request::Details;
use pos_bridge::ports::{Answer, Look, Provider, ReadError};
use serde_json::json;

use crate::looking::session;
use crate::orders::{dintero, open, sale, start_sale};
use crate::server::{Act, CREATE, Server, TOKEN, error, reply, reply_with, token};

#[tokio::test]
async fn the_token_is_asked_for_with_the_clients_credentials() {
    let server = Server::start(|_| token("one")).await;
    dintero(&server.url).check_access().await.unwrap();
    let request = &server.requests_for(TOKEN)[0];
    assert_eq!(request.method, "POST");
    assert_eq!(request.header("authorization"), format!("Basic {}", STANDARD.encode("client:secret-of-the-client")));
    let audience = "https://api.dintero.com/v1/accounts/T12345678";
    assert_eq!(request.json(), json!({"grant_type": "client_credentials", "audience": audience}));
}

#[tokio::test]
async fn fifty_calls_at_once_share_one_token() {
    let server = Server::start(|request| if request.path() == TOKEN { token("one") } else { session(json!({})) }).await;
    let dintero = Arc::new(dintero(&server.url));
    let looks: Vec<_> = (0..50)
        .map(|_| {
            let dintero = Arc::clone(&dintero);
            tokio::spawn(async move { dintero.look_for_sale(&sale(open()), Look::Usual).await })
        })
        .collect();
    for look in looks {
        look.await.unwrap().unwrap();
    }
    assert_eq!(server.requests_for(TOKEN).len(), 1);
}

#[tokio::test]
async fn a_token_is_renewed_at_half_its_life_and_a_failing_renewal_stops_nothing() {
    let asked = AtomicUsize::new(0);
    let server = Server::start(move |request| match request.path() {
        TOKEN if asked.fetch_add(1, Ordering::SeqCst) == 0 => {
            reply(200, json!({"access_token": "one", "token_type": "Bearer", "expires_in": 4}))
        }
        TOKEN => error(500, "oops"),
        _ => session(json!({})),
    })
    .await;
    let dintero = dintero(&server.url);
    dintero.look_for_sale(&sale(open()), Look::Usual).await.unwrap();
    assert_eq!(server.requests_for(TOKEN).len(), 1);
    // The one thing here that only time brings.
    tokio::time::sleep(Duration::from_millis(2050)).await;
    for _ in 0..3 {
        dintero.look_for_sale(&sale(open()), Look::Usual).await.unwrap();
    }
    assert_eq!(server.requests_for(TOKEN).len(), 2);
}

#[tokio::test]
async fn a_refused_token_is_replaced_once_and_the_call_sent_once_more() {
    let asked = AtomicUsize::new(0);
    let server = Server::start(move |request| match (request.path(), request.header("authorization")) {
        (TOKEN, _) => token(if asked.fetch_add(1, Ordering::SeqCst) == 0 { "old" } else { "new" }),
        (CREATE, "Bearer new") => reply(200, json!({"id": "T1.s"})),
        _ => error(401, "expired"),
    })
    .await;
    assert!(matches!(start_sale(&dintero(&server.url), &Details::default()).await, Answer::Yes(_)));
    assert_eq!(server.requests_for(TOKEN).len(), 2);
    assert_eq!(server.requests_for(CREATE).len(), 2);
}

#[tokio::test]
async fn a_call_that_is_refused_with_a_new_token_too_is_a_no() {
    let server =
        Server::start(|request| if request.path() == TOKEN { token("one") } else { error(401, "revoked") }).await;
    let answer = start_sale(&dintero(&server.url), &Details::default()).await;
    assert!(matches!(answer, Answer::No(reason) if reason.code == "revoked"));
    assert_eq!(server.requests_for(CREATE).len(), 2);
}

#[tokio::test]
async fn refused_credentials_are_a_no_and_an_unreachable_token_was_not_sent() {
    let refused: [fn() -> Act; 3] = [|| error(401, "x"), || error(403, "x"), || error(400, "x")];
    for act in refused {
        let server = Server::start(move |_| act()).await;
        assert!(matches!(start_sale(&dintero(&server.url), &Details::default()).await, Answer::No(_)));
        assert!(server.requests_for(CREATE).is_empty());
    }
    let unusable: [fn() -> Act; 5] = [
        || error(500, "x"),
        || Act::Close,
        || Act::Hang,
        || reply(200, json!({"token_type": "Bearer"})),
        || Act::Reply { status: 403, headers: Vec::new(), body: b"<html>".to_vec() },
    ];
    for (row, act) in unusable.into_iter().enumerate() {
        let server = Server::start(move |_| act()).await;
        let answer = start_sale(&dintero(&server.url), &Details::default()).await;
        assert!(matches!(answer, Answer::NotSent(_)), "row {row}: {answer:?}");
        assert!(server.requests_for(CREATE).is_empty());
    }
}

/// A shop with a mistyped secret asks once, not once for every sale.
#[tokio::test]
async fn refused_credentials_are_not_sent_again_at_once() {
    let server = Server::start(|_| error(401, "invalid_client")).await;
    let dintero = Arc::new(dintero(&server.url));
    let sales: Vec<_> = (0..50)
        .map(|_| {
            let dintero = Arc::clone(&dintero);
            tokio::spawn(async move { start_sale(&dintero, &Details::default()).await })
        })
        .collect();
    for sale in sales {
        assert!(matches!(sale.await.unwrap(), Answer::No(reason) if reason.code == "invalid_client"));
    }
    for look in [Look::Usual, Look::Fresh] {
        let error = dintero.look_for_sale(&sale(open()), look).await.unwrap_err();
        assert!(matches!(error, ReadError::Refused(why) if why.starts_with("invalid_client")));
    }
    assert!(matches!(dintero.check_access().await, Err(ReadError::Refused(_))));
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_pause_that_dintero_asks_for_is_kept() {
    let server = Server::start(|_| reply_with(429, ("Retry-After", "30"), json!({}))).await;
    let dintero = dintero(&server.url);
    for _ in 0..3 {
        let error = dintero.look_for_sale(&sale(open()), Look::Usual).await.unwrap_err();
        assert!(matches!(error, ReadError::Unreachable { retry_after: Some(wait), .. } if wait.as_secs() >= 29));
    }
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn the_last_look_uses_a_new_token_on_a_new_connection() {
    let asked = AtomicUsize::new(0);
    let server = Server::start(move |request| match request.path() {
        TOKEN => token(if asked.fetch_add(1, Ordering::SeqCst) == 0 { "one" } else { "two" }),
        "/checkout/transactions" | "/checkout/sessions" => reply(200, json!([])),
        _ => session(json!({})),
    })
    .await;
    let dintero = dintero(&server.url);
    dintero.look_for_sale(&sale(open()), Look::Usual).await.unwrap();
    dintero.look_for_sale(&sale(open()), Look::Fresh).await.unwrap();
    let reads = server.requests_for("/checkout/sessions/T12345678.session");
    assert_eq!(reads[0].header("authorization"), "Bearer one");
    assert_eq!(reads[1].header("authorization"), "Bearer two");
    assert_ne!(reads[0].connection, reads[1].connection);
}
