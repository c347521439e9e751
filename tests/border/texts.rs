//! What a cashier reads of a refusal, and in which language.

use super::greed::pending;
use super::support::*;
use pos_bridge::http::Limits;

const ENGLISH: &str = "The till's request is not valid. Call the manager";
const NORWEGIAN: &str = "Forespørselen fra kassen er ugyldig. Tilkall leder";
const SWEDISH: &str = "Kassans begäran är ogiltig. Kontakta chefen";
const DANISH: &str = "Kassens forespørgsel er ugyldig. Tilkald lederen";

fn message(reply: &Reply) -> String {
    reply.json()["message"].as_str().expect("a message").to_owned()
}

#[tokio::test]
async fn a_request_is_answered_in_the_language_that_it_asks_for() {
    let border = border().await;
    let table = [
        ("", ENGLISH),
        ("Accept-Language: sv\r\n", SWEDISH),
        ("Accept-Language: da-DK, en;q=0.8\r\n", DANISH),
        ("Accept-Language: en;q=0.2, nn-NO;q=0.3\r\n", NORWEGIAN),
        ("Accept-Language: de\r\nAccept-Language: no\r\n", NORWEGIAN),
        ("Accept-Language: de, fr;q=0.5\r\n", ENGLISH),
        ("Accept-Language: \u{ff}\r\n", ENGLISH),
    ];
    for (headers, expected) in table {
        let reply = border.call("POST", "/pay", headers, "{}").await;
        assert_eq!(message(&reply), expected, "{headers}");
        assert_eq!(reply.json()["detail"], "amount: is required", "the detail is for whoever integrates the till");
    }
}

#[tokio::test]
async fn a_till_that_asks_for_no_language_of_ours_is_answered_in_its_own() {
    let border = border().await;
    for (headers, expected) in [
        ("", NORWEGIAN),
        ("Accept-Language: de\r\n", NORWEGIAN),
        ("Accept-Language: *\r\n", NORWEGIAN),
        ("Accept-Language: sv\r\n", SWEDISH),
    ] {
        let headers = format!("X-Api-Key: {OTHER_KEY}\r\n{headers}");
        let reply = border.bare_call("POST", "/pay", &headers, "{}").await;
        assert_eq!(message(&reply), expected, "{headers}");
    }
}

#[tokio::test]
async fn every_refusal_has_a_message_whoever_gives_it() {
    let border = border_with(Limits { body_bytes: 64, ..short_limits() }, &[]).await;
    let known = format!("X-Api-Key: {KEY}\r\nAccept-Language: nb\r\n");
    let long = "x".repeat(65);
    let table = [
        ("GET", "/last", "Accept-Language: nb\r\n", "", 401, "Denne kassen er ukjent. Tilkall leder"),
        ("GET", "/last", "Origin: https://evil.example\r\n", "", 403, "Not allowed from this till. Call the manager"),
        ("GET", "/nowhere", &known, "", 404, "Ikke funnet. Sjekk nummeret"),
        ("GET", "/pay", &known, "", 405, "Kassen spurte på feil måte. Tilkall leder"),
        ("POST", "/pay", &known, &long, 413, "Forespørselen fra kassen er for lang. Tilkall leder"),
    ];
    for (method, path, headers, body, status, expected) in table {
        let reply = border.bare_call(method, path, headers, body).await;
        assert_eq!((reply.status, message(&reply).as_str()), (status, expected), "{method} {path}");
    }
    let not_json = format!("{known}Content-Type: image/png\r\n");
    let reply = border.bare_call("POST", "/pay", &not_json, "{}").await;
    assert_eq!(message(&reply), "Kassen bruker et annet format. Tilkall leder");
    let reply = border.bare_call("GET", "/last", &known, "").await;
    assert_eq!(message(&reply), "Ingen betaling er mulig nå. Vent litt, ellers tilkall leder");
}

#[tokio::test]
async fn an_operation_is_told_in_the_language_that_is_asked_for() {
    let border = border_that_knows(pending(), Limits::default()).await;
    for (headers, expected) in [("", "Follow the terminal"), ("Accept-Language: sv\r\n", "Följ terminalen")] {
        let reply = border.call("GET", "/pay/R-1", headers, "").await;
        assert_eq!(message(&reply), expected);
    }
}
