//! The cashier's word on a signature, in every dialect.

use pos_bridge::domain::directory::{Profile, Scopes};
use pos_bridge::http::Limits;

use super::greed::pending;
use super::support::*;

#[tokio::test]
async fn a_signature_that_nobody_asks_for_is_refused_in_every_dialect_with_what_to_do() {
    let border = border_that_knows(pending(), Limits::default()).await;
    for (content_type, body) in [
        ("application/json", r#"{"accepted":true,"wait":0}"#),
        ("application/x-www-form-urlencoded", "accepted=false&wait=0"),
        ("application/xml", "<signature><accepted>true</accepted></signature>"),
    ] {
        for path in ["/pay/R-1/signature", "/refund/R-1/signature"] {
            let reply = border.call("POST", path, &format!("Content-Type: {content_type}\r\n"), body).await;
            assert_eq!((reply.status, reply.code().as_str()), (409, "not_resolvable"), "{reply:?}");
            assert!(reply.field("detail").contains("ask where the payment stands"), "{reply:?}");
        }
    }
    let in_the_address = border.call("POST", "/pay/R-1/signature?accepted=true", "", "").await;
    assert_eq!(in_the_address.status, 409, "{in_the_address:?}");
}

#[tokio::test]
async fn a_word_that_is_none_is_refused_by_the_name_of_its_field() {
    let border = border_that_knows(pending(), Limits::default()).await;
    for (body, field) in [
        ("{}", "accepted"),
        (r#"{"accepted":"yes"}"#, "accepted"),
        (r#"{"accepted":null}"#, "accepted"),
        (r#"{"accepted":true,"wait":-1}"#, "wait"),
        (r#"{"accepted":true,"why":"x"}"#, "why"),
    ] {
        let reply = border.call("POST", "/pay/R-1/signature", "", body).await;
        assert_eq!(reply.status, 400, "{body}: {reply:?}");
        assert!(reply.field("detail").starts_with(&format!("{field}: ")), "{body}: {reply:?}");
    }
}

#[tokio::test]
async fn it_needs_the_scope_of_its_kind() {
    let none = Scopes { pay: false, refund: false, status: false, unlinked_refund: false };
    for (scopes, path) in [
        (Scopes { refund: true, status: true, ..none }, "/pay/R-1/signature"),
        (Scopes { pay: true, status: true, ..none }, "/refund/R-1/signature"),
    ] {
        let border = border_with_profile(&Profile { scopes, ..Profile::default() }).await;
        let reply = border.call("POST", path, "", r#"{"accepted":true}"#).await;
        assert_eq!((reply.status, reply.code().as_str()), (403, "forbidden"), "{path}");
    }
}
