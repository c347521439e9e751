//! Exactly what is sent.

use pos_bridge::domain::refund::RefundRoute;
use pos_bridge::domain::request::{Decimal, Details, Item};
use pos_bridge::ports::Provider;
use pos_bridge::provider::dintero::{Dintero, StartRule};
use serde_json::json;
use url::Url;

use crate::orders::{dintero, open, reference, sale, settings, start_refund, start_sale};
use crate::server::{Act, CREATE, Request, Server, TOKEN, reply, token};

async fn server() -> Server {
    Server::start(|request| match request.path() {
        TOKEN => token("one"),
        CREATE => reply(200, json!({"id": "T1.s"})),
        _ => Act::Reply { status: 202, headers: Vec::new(), body: Vec::new() },
    })
    .await
}

fn details() -> Details {
    Details {
        operator: Some("anna".into()),
        description: Some("Coffee".into()),
        reason: Some("Customer return".into()),
        items: vec![Item {
            id: "sku-1".into(),
            line_id: "1".into(),
            description: Some(String::new()),
            quantity: Some(Decimal::parse("0.375").unwrap()),
            amount: 39900,
            vat_amount: Some(4275),
            vat: Some(Decimal::parse("12").unwrap()),
        }],
        metadata: vec![
            ("table".into(), "7".into()),
            ("ext_shift".into(), "late".into()),
            ("empty".into(), String::new()),
        ],
    }
}

#[tokio::test]
async fn a_sale_is_a_session_that_names_shop_terminal_and_expiry() {
    let server = server().await;
    start_sale(&dintero(&server.url), &Details::default()).await;
    let request = &server.requests_for(CREATE)[0];
    assert_eq!(request.method, "POST");
    assert_eq!(
        request.json(),
        json!({
            "url": {"return_url": format!("{}/checkout", server.url)},
            "order": {
                "amount": 39900, "currency": "NOK",
                "merchant_reference": reference().to_string(), "merchant_reference_2": "till-1/R-1001",
                "store": {"id": "oslo-center", "terminal_id": "T0292", "payout_destination_id": "seller-1"}
            },
            "profile_id": "T12345678.profile",
            "expires_at": "2026-11-20T10:20:02Z"
        })
    );
}

#[tokio::test]
async fn a_sale_carries_goods_metadata_and_the_callback_address() {
    let server = server().await;
    let mut settings = settings(&server.url, &server.url);
    settings.public_url = Some(Url::parse("https://pos.example.com/shop/").unwrap());
    settings.callback_secret = Some("123".into());
    settings.start = StartRule::Publish;
    start_sale(&Dintero::new(settings).unwrap(), &details()).await;
    let request = &server.requests_for(CREATE)[0];
    let body = request.json();
    assert_eq!(
        body["url"],
        json!({
            "return_url": "https://pos.example.com/shop/",
            "callback_url": "https://pos.example.com/shop/callbacks/dintero?report_error=true&report_event=CAPTURE&report_event=REFUND&report_event=VOID"
        })
    );
    assert_eq!(body["configuration"], json!({"publish": [{"channel": "push", "type": "terminal"}]}));
    assert_eq!(body["metadata"], json!({"ext_description": "Coffee", "ext_table": "7", "ext_shift": "late"}));
    assert_eq!(
        body["order"]["items"],
        json!([{"id": "sku-1", "line_id": "1", "quantity": 0.375, "amount": 39900, "vat_amount": 4275, "vat": 12}])
    );
    let text = String::from_utf8(request.body.clone()).unwrap();
    assert!(text.contains("\"quantity\":0.375,") && text.contains("\"vat\":12}"), "{text}");
}

#[tokio::test]
async fn without_a_secret_no_callback_is_asked_for() {
    let server = server().await;
    let mut settings = settings(&server.url, &server.url);
    settings.public_url = Some(Url::parse("https://pos.example.com").unwrap());
    start_sale(&Dintero::new(settings).unwrap(), &Details::default()).await;
    assert_eq!(server.requests_for(CREATE)[0].json()["url"], json!({"return_url": "https://pos.example.com/"}));
}

#[tokio::test]
async fn a_refund_names_its_amount_reference_and_terminal() {
    let server = server().await;
    start_refund(&dintero(&server.url), &Details { reason: Some("Customer return".into()), ..Details::default() })
        .await;
    let request = &server.requests_for("/checkout/transactions/T12345678.transaction/refund")[0];
    assert_eq!(
        request.json(),
        json!({
            "amount": 39900, "refund_reference": reference().to_string(),
            "reason": "Customer return", "terminal_id": "T0292"
        })
    );
}

#[tokio::test]
async fn a_plain_refund_names_no_terminal_and_may_name_goods() {
    let server = server().await;
    let mut settings = settings(&server.url, &server.url);
    settings.refund = RefundRoute::Plain;
    start_refund(&Dintero::new(settings).unwrap(), &details()).await;
    let body = server.requests_for("/checkout/transactions/T12345678.transaction/refund")[0].json();
    assert_eq!(body.get("terminal_id"), None);
    assert_eq!(body["items"][0]["line_id"], "1");
}

#[tokio::test]
async fn every_call_says_who_calls() {
    let server = server().await;
    let dintero = dintero(&server.url);
    start_sale(&dintero, &details()).await;
    start_refund(&dintero, &details()).await;
    dintero.cancel(&sale(open())).await.unwrap();
    let requests = server.requests();
    assert_eq!(requests.len(), 4);
    for request in &requests {
        for name in ["system-name", "system-version", "system-plugin-name", "system-plugin-version"] {
            assert!(!request.header(&format!("dintero-{name}")).is_empty(), "{name} of {}", request.target);
        }
        assert!(request.header("user-agent").starts_with("pos-bridge/"));
    }
    let has_token = |request: &&Request| request.path() != TOKEN;
    assert!(requests.iter().filter(has_token).all(|request| request.header("authorization") == "Bearer one"));
}

#[tokio::test]
async fn a_cancel_has_no_body() {
    let server = server().await;
    dintero(&server.url).cancel(&sale(open())).await.unwrap();
    let request = &server.requests_for("/checkout/sessions/T12345678.session/cancel")[0];
    assert_eq!((request.method.as_str(), request.body.len()), ("POST", 0));
}
