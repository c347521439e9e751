//! What Dojo tells of its machines and of the key.

use jiff::{SignedDuration, Timestamp};
use pos_bridge::ports::{Enrolment, Provider, ReadError};
use serde_json::{Value, json};

use crate::orders::{dojo, terminal};
use crate::server::{Act, Server, TERMINAL, asked, problem, reply, reply_with};

async fn enrolment(act: impl Fn() -> Act + Send + Sync + 'static) -> Result<Option<Enrolment>, ReadError> {
    let server = Server::start(move |_| act()).await;
    let found = dojo(&server.url).enrolment(&terminal()).await;
    assert_eq!(asked(&server), [format!("GET {TERMINAL}")]);
    found
}

#[tokio::test]
async fn a_machine_is_free_or_not_or_in_a_state_that_nobody_knows() {
    let table = [("Available", Some(true)), ("InUse", Some(false)), ("Offline", Some(false)), ("Teleported", None)];
    for (status, available) in table {
        let found = enrolment(move || reply(200, json!({"id": "tm_1", "status": status}))).await.unwrap();
        assert_eq!(found, Some(Enrolment { status: status.into(), reason: None, available }));
    }
}

#[tokio::test]
async fn a_machine_that_dojo_does_not_know_is_told_by_its_id() {
    let Err(ReadError::Refused(cause)) = enrolment(|| problem(404)).await else { panic!("known") };
    assert!(cause.contains("tm_1"), "{cause}");
    let other = enrolment(|| reply(200, json!({"id": "tm_2", "status": "Available"}))).await;
    assert!(matches!(other, Err(ReadError::Unreachable { .. })), "{other:?}");
}

async fn access(status: u16, body: Value) -> Result<SignedDuration, ReadError> {
    let server = Server::start(move |_| reply(status, body.clone())).await;
    let found = dojo(&server.url).check_access().await;
    assert_eq!(asked(&server), ["GET /terminals"]);
    found
}

#[tokio::test]
async fn the_key_works_when_it_may_read_the_machines() {
    assert!(access(200, json!([])).await.is_ok());
    assert!(access(200, json!([{"id": "tm_1"}, 7])).await.is_ok());
    for status in [401, 403] {
        let refused = access(status, json!({"title": "Unauthorized"})).await;
        assert!(matches!(refused, Err(ReadError::Refused(_))), "{status}: {refused:?}");
    }
    let Err(error) = access(404, json!({"title": "Not found"})).await else { panic!("access") };
    assert!(error.to_string().contains("check api_url"), "{error}");
    assert!(matches!(access(200, json!({"hello": 1})).await, Err(ReadError::Unreachable { .. })));
}

#[tokio::test]
async fn the_clock_is_learnt_once_from_dojos_date() {
    let ahead = SignedDuration::from_hours(24);
    let server = Server::start(move |_| {
        let date =
            jiff::fmt::rfc2822::to_string(&(Timestamp::now() - ahead).to_zoned(jiff::tz::TimeZone::UTC)).unwrap();
        reply_with(200, ("Date", &date), json!([]))
    })
    .await;
    let dojo = dojo(&server.url);
    for _ in 0..2 {
        dojo.learn_time().await.unwrap();
    }
    assert_eq!(server.requests().len(), 1);
    let behind = Timestamp::now().duration_since(dojo.now());
    assert!((behind - ahead).abs() < SignedDuration::from_secs(10), "{behind}");
    let told = dojo.check_access().await.unwrap();
    assert!((told - ahead).abs() < SignedDuration::from_secs(10), "{told}");
}
