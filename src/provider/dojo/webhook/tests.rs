use std::time::Duration;

use jiff::SignedDuration;
use url::Url;

use super::*;
use crate::domain::refund::RefundRoute;
use crate::provider::dojo::PartnerHeaders;

const BODY: &str = r#"{"id":"evt_hnnHxIKR_Uy6bhZCusCltw","event":"payment_intent.created","accountId":"acc_test","createdAt":"2022-02-01T13:07:41.8667859Z","data":{"paymentIntentId":"pi_vpwd4ooAPEqyNAQe4z89WQ","paymentStatus":"Created","captureMode":"Auto"}}"#;
/// The two vectors that Dojo has published, of one body.
const VECTORS: [(&str, &str); 2] = [
    (
        "PDYkJQq6sESYHp_zJuTTBQ",
        "sha256=4B-49-F8-FE-25-A7-E6-7D-00-4F-A7-9C-F8-0B-63-00-C7-77-B4-F2-2D-E5-E1-22-84-FA-04-18-50-A1-76-FD",
    ),
    (
        "ws_OYsyzcrH70GpJfs8MMkKpg",
        "sha256=94-AC-93-67-D6-8B-69-6D-15-A2-C2-45-40-98-B5-E7-64-72-38-C5-1F-6D-32-D0-5F-CB-91-20-A9-20-64-F4",
    ),
];

fn settings(secrets: &[&str]) -> Settings {
    Settings {
        api_url: Url::parse("https://dojo.example").unwrap(),
        api_key: "sk_sandbox_key".into(),
        is_sandbox: true,
        version: "2026-02-27".into(),
        software_house_id: "softwareHouse1".into(),
        reseller_id: None,
        partners: PartnerHeaders::default(),
        webhook_secrets: secrets.iter().map(|secret| SecretString::from(*secret)).collect(),
        refund: RefundRoute::Terminal,
        reverses_whole: false,
        session_ttl: SignedDuration::ZERO,
        prompt: SignedDuration::ZERO,
        in_flight: SignedDuration::ZERO,
        refund_patience: SignedDuration::ZERO,
        signature_settle: SignedDuration::ZERO,
        request_timeout: Duration::ZERO,
    }
}

fn verify(secrets: &[&str], signature: Option<&str>, body: &str) -> Result<Callback, NotGenuine> {
    let request = CallbackRequest {
        method: "POST".to_owned(),
        path: "/callbacks/dojo".to_owned(),
        query: String::new(),
        headers: signature.map(|text| ("dojo-signature".to_owned(), text.to_owned())).into_iter().collect(),
        body: body.to_owned().into(),
    };
    WebhookSignature::new(&settings(secrets)).unwrap().verify(&request, Timestamp::UNIX_EPOCH)
}

/// What Dojo would send with this body.
fn signed(body: &str) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(b"123").unwrap().chain_update(body);
    let pairs: Vec<String> = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02X}")).collect();
    format!("sha256={}", pairs.join("-"))
}

fn verify_signed(body: &str) -> Result<Callback, NotGenuine> {
    verify(&["123"], Some(&signed(body)), body)
}

#[test]
fn the_published_vectors_are_genuine_while_secrets_change_too() {
    let [(old, by_old), (new, by_new)] = VECTORS;
    for (secrets, signature) in [(&[old] as &[_], by_old), (&[new], by_new), (&[new, old], by_old)] {
        let callback = verify(secrets, Some(signature), BODY).unwrap();
        assert_eq!(callback.delivery, "evt_hnnHxIKR_Uy6bhZCusCltw");
        let payment = Handle::new("pi_vpwd4ooAPEqyNAQe4z89WQ").unwrap();
        assert_eq!((callback.about, callback.provider), (Some(Subject::Payment(payment)), ProviderName::Dojo));
    }
    assert!(verify(&[new], Some(by_old), BODY).is_err(), "the old secret was taken back");
}

#[test]
fn anything_else_is_not() {
    let [(secret, right), _] = VECTORS;
    let short = &right[..right.len() - 3];
    let cases = [None, Some(""), Some("sha256="), Some(short), Some(&right[7..]), Some("sha256=zz"), Some("sha256=+1")];
    for signature in cases {
        assert!(verify(&[secret], signature, BODY).is_err(), "{signature:?}");
    }
    assert!(verify(&[secret], Some(right), "{}").is_err(), "another body");
    assert!(verify(&[secret], Some(right), BODY).is_ok());
    assert!(WebhookSignature::new(&settings(&[])).is_none(), "without a secret nothing is genuine");
}

#[test]
fn an_event_has_an_id_that_can_be_kept() {
    let event = |id: &str| verify_signed(&format!(r#"{{"id":"{id}"}}"#)).map(|callback| callback.delivery);
    let longest = "e".repeat(EVENT_MAX);
    for id in ["e", "evt_hnn-!~", &longest] {
        assert_eq!(event(id).as_deref(), Ok(id));
    }
    for id in ["", "e 1", "\\n", "é", &format!("{longest}e")] {
        assert_eq!(event(id), Err(NotGenuine("its event has no usable id")), "{id:?}");
    }
    assert_eq!(verify_signed("[]"), Err(NotGenuine("its body is no event")));
}

#[test]
fn an_event_of_nothing_that_we_prepared_is_genuine_all_the_same() {
    for data in ["null", "{}", "7", r#"{"paymentIntentId":null}"#, r#"{"paymentIntentId":""}"#] {
        let callback = verify_signed(&format!(r#"{{"id":"e","data":{data}}}"#)).unwrap();
        assert_eq!(callback.about, None, "{data}");
    }
}
