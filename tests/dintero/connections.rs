//! When bytes may have left, and when they cannot have.

use pos_bridge::domain::request::Details;
use pos_bridge::ports::{Answer, Look, Provider};
use pos_bridge::provider::SetupError;
use pos_bridge::provider::dintero::Dintero;
use serde_json::json;
use url::Url;

use crate::orders::{dintero, open, sale, settings, start_refund, start_sale};
use crate::server::{Act, CREATE, Server, TOKEN, dead_url, reply, token};

#[tokio::test]
async fn a_port_on_which_nobody_listens_was_sent_nothing() {
    let server = Server::start(|_| token("one")).await;
    let dintero = Dintero::new(settings(&server.url, &dead_url().await)).unwrap();
    assert!(matches!(start_sale(&dintero, &Details::default()).await, Answer::NotSent(_)));
    assert!(matches!(start_refund(&dintero, &Details::default()).await, Answer::NotSent(_)));
}

#[tokio::test]
async fn a_connection_that_is_never_encrypted_was_sent_nothing() {
    let tokens = Server::start(|_| token("one")).await;
    let silent = Server::start(|_| Act::Hang).await;
    let hanging_up = Server::start(|_| Act::Hang).await;
    hanging_up.drop_connections();
    for server in [silent, hanging_up] {
        let checkout = server.url.replace("http:", "https:");
        let dintero = Dintero::new(settings(&tokens.url, &checkout)).unwrap();
        let answer = start_sale(&dintero, &Details::default()).await;
        assert!(matches!(answer, Answer::NotSent(_)), "{answer:?}");
        assert_eq!(server.connections(), 1);
        assert!(server.requests().is_empty());
    }
}

#[tokio::test]
async fn without_a_token_nothing_is_sent() {
    let server = Server::start(|_| Act::Close).await;
    let dintero = Dintero::new(settings(&dead_url().await, &server.url)).unwrap();
    assert!(matches!(start_sale(&dintero, &Details::default()).await, Answer::NotSent(_)));
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_connection_that_is_closed_at_once_proves_nothing_and_is_not_tried_again() {
    let server = Server::start(|_| token("one")).await;
    let dintero = dintero(&server.url);
    dintero.check_access().await.unwrap();
    server.drop_connections();
    let before = server.connections();
    assert!(matches!(start_sale(&dintero, &Details::default()).await, Answer::Unknown(_)));
    assert_eq!(server.connections(), before + 1);
}

#[tokio::test]
async fn a_broken_money_call_is_not_sent_again() {
    let server = Server::start(|request| if request.path() == TOKEN { token("one") } else { Act::Close }).await;
    assert!(matches!(start_sale(&dintero(&server.url), &Details::default()).await, Answer::Unknown(_)));
    assert_eq!(server.requests_for(CREATE).len(), 1);
    assert_eq!(server.connections(), 2, "one for the token, one for the session");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let server = Server::start(|request| match request.path() {
        TOKEN => token("one"),
        _ => Act::Reply { status: 307, headers: vec![("Location", "/elsewhere".into())], body: Vec::new() },
    })
    .await;
    assert!(matches!(start_sale(&dintero(&server.url), &Details::default()).await, Answer::Unknown(_)));
    assert!(server.requests_for("/elsewhere").is_empty());
    assert_eq!(server.requests_for(CREATE).len(), 1);
}

#[tokio::test]
async fn each_money_call_has_a_connection_of_its_own_and_readings_share_one() {
    let server = Server::start(|request| match request.path() {
        TOKEN => token("one"),
        CREATE => reply(200, json!({"id": "T12345678.session"})),
        _ => crate::looking::session(json!({})),
    })
    .await;
    let dintero = dintero(&server.url);
    for _ in 0..2 {
        assert!(matches!(start_sale(&dintero, &Details::default()).await, Answer::Yes(_)));
        dintero.look_for_sale(&sale(open()), Look::Usual).await.unwrap();
    }
    let connections =
        |path: &str| server.requests_for(path).iter().map(|request| request.connection).collect::<Vec<_>>();
    let creates = connections(CREATE);
    assert_ne!(creates[0], creates[1]);
    let reads = connections("/checkout/sessions/T12345678.session");
    assert_eq!(reads[0], reads[1]);
    assert!(!creates.contains(&reads[0]));
}

#[test]
fn addresses_that_are_not_encrypted_are_refused_by_name() {
    let mut settings = settings("http://127.0.0.1:9", "http://127.0.0.1:9");
    settings.checkout_url = Url::parse("http://checkout.dintero.com/v1").unwrap();
    assert!(matches!(Dintero::new(settings), Err(SetupError::Url { key: "checkout_url", .. })));
}
