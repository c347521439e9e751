//! Which connection carries what, and what never leaves the program.

use pos_bridge::domain::request::Details;
use pos_bridge::ports::{Answer, Look, Provider};
use pos_bridge::provider::SetupError;
use pos_bridge::provider::dojo::Dojo;
use serde_json::json;

use crate::orders::{
    KEY, answered, came_of, dojo, open, prepare, refund_at_terminal, refund_by_api, sale, settings, start_sale, store,
    terminal,
};
use crate::server::{Act, INTENTS, SESSION, SESSIONS, Server, dead_url, intent, problem, reply, session};
use crate::whole_list::whole_list;

#[tokio::test]
async fn a_connection_that_drops_before_a_reply_may_have_carried_the_call() {
    let server = Server::start(|_| reply(200, json!([]))).await;
    let dojo = dojo(&server.url);
    dojo.check_access().await.unwrap();
    server.drop_connections();
    let before = server.connections();
    assert!(matches!(start_sale(&dojo).await, Answer::Unknown(_)));
    assert_eq!(server.connections(), before + 1);
}

#[tokio::test]
async fn no_redirect_is_followed() {
    let server = Server::start(|_| Act::Reply {
        status: 307,
        headers: vec![("Location", "/elsewhere".into())],
        body: Vec::new(),
    })
    .await;
    let dojo = dojo(&server.url);
    assert_eq!(answered(&start_sale(&dojo).await), "unknown");
    assert_eq!(answered(&refund_by_api(&dojo).await), "unknown");
    assert!(dojo.look_for_sale(&sale(open()), Look::Usual).await.is_err());
    assert!(dojo.cancel(&sale(open())).await.is_err());
    assert!(server.requests_for("/elsewhere").is_empty());
}

#[tokio::test]
async fn each_money_call_has_a_connection_of_its_own_and_readings_share_one() {
    let server = Server::start(|request| match request.path() {
        SESSIONS | SESSION => reply(200, session("Initiated")),
        _ => reply(200, intent("Created", json!({}))),
    })
    .await;
    let dojo = dojo(&server.url);
    for _ in 0..2 {
        assert_eq!(came_of(&prepare(&dojo, &Details::default()).await), "ready pi_1");
        assert_eq!(answered(&start_sale(&dojo).await), "yes ts_1");
        dojo.look_for_sale(&sale(open()), Look::Usual).await.unwrap();
    }
    let connections =
        |path: &str| server.requests_for(path).iter().map(|request| request.connection).collect::<Vec<_>>();
    let mut money = [connections(INTENTS), connections(SESSIONS)].concat();
    let readings = connections(SESSION);
    assert_eq!(readings[0], readings[1]);
    assert!(!money.contains(&readings[0]));
    money.sort_unstable();
    money.dedup();
    assert_eq!(money.len(), 4);
}

/// Neither when it is shown nor in whatever goes wrong.
#[tokio::test]
async fn the_key_is_never_told() {
    let refusing = Server::start(|_| problem(401)).await;
    let closing = Server::start(|_| Act::Close).await;
    let mut shown = vec![format!("{:?}", settings(&refusing.url))];
    for url in [refusing.url.clone(), closing.url.clone(), dead_url().await] {
        let dojo = dojo(&url);
        shown.push(format!("{dojo:?}"));
        shown.push(format!("{:?}", prepare(&dojo, &Details::default()).await));
        shown.push(format!("{:?}", start_sale(&dojo).await));
        shown.push(format!("{:?}", refund_at_terminal(&dojo).await));
        shown.push(format!("{:?}", refund_by_api(&dojo).await));
        shown.push(format!("{:?}", dojo.look_for_sale(&sale(open()), Look::Fresh).await));
        shown.push(format!("{:?}", dojo.cancel(&sale(open())).await));
        shown.push(format!("{:?}", whole_list(&dojo, &store(), "2026-11-20T10:00:00Z".parse().unwrap()).await));
        shown.push(format!("{:?}", dojo.enrolment(&terminal()).await));
        shown.push(format!("{:?}", dojo.check_access().await));
    }
    let mut unsendable = settings(&refusing.url);
    unsendable.api_key = format!("{KEY}\n").into();
    shown.push(format!("{:?}", Dojo::new(unsendable).err().unwrap()));
    assert!(refusing.requests().iter().all(|request| request.header("authorization").ends_with(KEY)));
    for text in shown {
        assert!(!text.contains(KEY), "{text}");
    }
}

#[test]
fn settings_that_cannot_be_sent_are_refused_by_name() {
    let mut plain = settings("http://127.0.0.1:9");
    plain.api_url = "http://api.dojo.tech".parse().unwrap();
    assert!(matches!(Dojo::new(plain), Err(SetupError::Url { key: "api_url", .. })));
    let mut broken = settings("http://127.0.0.1:9");
    broken.software_house_id = "house\n1".into();
    assert!(matches!(Dojo::new(broken), Err(SetupError::Header { key: "software_house_id", .. })));
}
