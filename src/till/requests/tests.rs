use std::net::IpAddr;

use proptest::prelude::*;

use super::*;
use crate::domain::attempt::OperatorVerdict;
use crate::domain::directory::{Credentials, Directory, Profile, Store, Terminal, Till};
use crate::domain::identifiers::{ProviderTerminalId, StoreId};
use crate::domain::money::AMOUNT_MAX;
use crate::domain::operation::{ProviderName, Status};
use crate::domain::request::Decimal;
use crate::till::dialect::Dialect;
use crate::till::format::Format;

mod questions;
mod refunds;
mod spellings;

fn directory() -> Directory {
    let store = |id: &str, currency: &str| Store {
        id: StoreId::new(id).unwrap(),
        payout_destination_id: "seller-1".into(),
        currency: Currency::from_code(currency).unwrap(),
        time_zone: "Europe/Oslo".into(),
    };
    let terminal = |name: &str, store: &str| Terminal {
        name: TerminalName::new(name).unwrap(),
        provider: ProviderName::Dintero,
        store: StoreId::new(store).unwrap(),
        terminal_id: ProviderTerminalId::new("T0292").unwrap(),
        tips: false,
        unlinked_refund: false,
    };
    Directory {
        stores: vec![store("oslo", "NOK"), store("malmo", "SEK")],
        terminals: vec![terminal("front", "oslo"), terminal("south", "malmo")],
        tills: vec![Till {
            id: TillId::new("till-1").unwrap(),
            terminal: TerminalName::new("front").unwrap(),
            terminals: Vec::new(),
            credentials: Credentials {
                trusted_addresses: vec![IpAddr::from([127, 0, 0, 1])],
                ..Credentials::default()
            },
            profile: Profile { wait_seconds_max: 120, ..Profile::default() },
        }],
    }
}

pub(super) fn with_key<T>(
    body: &[u8],
    idempotency_key: Option<&str>,
    parse: impl FnOnce(Fields, Asking<'_>) -> Result<T, Invalid>,
) -> Result<T, Invalid> {
    let directory = directory();
    let asking = Asking { directory: &directory, till: &directory.tills[0], idempotency_key };
    parse(Format::from(Dialect::Json).decode(body)?, asking)
}

fn with_form<T>(body: &[u8], parse: impl FnOnce(Fields, Asking<'_>) -> Result<T, Invalid>) -> Result<T, Invalid> {
    let directory = directory();
    let asking = Asking { directory: &directory, till: &directory.tills[0], idempotency_key: None };
    parse(Format::from(Dialect::Form).decode(body)?, asking)
}

fn sale_of(body: &str) -> Result<SaleRequest, Invalid> {
    with_key(body.as_bytes(), None, sale).map(|(request, _)| request)
}

fn of_a_sale(wish: RefundWish) -> RefundRequest {
    match wish {
        RefundWish::OfSale(request) => request,
        RefundWish::Unlinked(request) => panic!("of no sale: {request:?}"),
    }
}

fn refund_of(body: &str) -> Result<RefundRequest, Invalid> {
    with_key(body.as_bytes(), None, refund).map(|(wish, _)| of_a_sale(wish))
}

/// A sale with one more member.
fn sale_with(member: &str) -> Result<SaleRequest, Invalid> {
    sale_of(&format!(r#"{{"reference":"R-1","amount":39900,{member}}}"#))
}

fn refused_field<T>(result: Result<T, Invalid>) -> String {
    result.map(|_| ()).expect_err("must be refused").field
}

#[test]
fn the_smallest_sale_takes_the_shops_currency() {
    let request = sale_of(r#"{"reference":"R-1001","amount":39900}"#).unwrap();
    assert_eq!(request.naming.reference().unwrap().as_str(), "R-1001");
    assert_eq!(request.money.to_string(), "399.00 NOK");
    assert_eq!(request.terminal, None);
    assert_eq!(sale_with(r#""terminal":"south""#).unwrap().money.currency.code(), "SEK");
    assert_eq!(sale_with(r#""currency":"EUR""#).unwrap().money.currency.code(), "EUR");
}

#[test]
fn a_full_sale_keeps_everything_that_is_passed_on() {
    let request = sale_with(
        r#""operator":"Kari","description":"Sko","metadata":{"shift":"2","z":"å"},"items":[
            {"id":"a","line_id":"1","description":"Sko","quantity":2,"amount":40000,"vat_amount":8000,"vat":25},
            {"id":"b","line_id":"2","quantity":0.375,"amount":-100}]"#,
    )
    .unwrap();
    let details = request.details;
    assert_eq!(details.operator.as_deref(), Some("Kari"));
    assert_eq!(details.metadata, [("shift".to_owned(), "2".to_owned()), ("z".to_owned(), "å".to_owned())]);
    assert_eq!(details.items[1].quantity.as_ref().map(Decimal::as_str), Some("0.375"));
    assert_eq!(details.items[1].amount, -100);
}

#[test]
fn an_amount_has_one_spelling() {
    for amount in [
        "0",
        "-0",
        "-1",
        "39900.0",
        "399.00",
        "4e4",
        "4E4",
        "1e400",
        "\"39900\"",
        "null",
        "true",
        "[39900]",
        "{}",
        "2147483648",
        "9223372036854775808",
        "99999999999999999999999",
        "\"399,00\"",
        "\"\"",
    ] {
        let refused = sale_of(&format!(r#"{{"reference":"R-1","amount":{amount}}}"#)).expect_err(amount);
        assert_eq!(refused.field, "amount", "{amount}");
    }
    for body in ["039900", "+1", "0x10", "NaN", "Infinity", ".5", "1_000", "39900 1", "--1"] {
        assert_eq!(refused_field(sale_of(&format!(r#"{{"reference":"R-1","amount":{body}}}"#))), "body", "{body}");
    }
}

#[test]
fn everything_that_is_not_as_it_must_be_is_refused_by_name() {
    let long = "x".repeat(256);
    let table = [
        (r#""reference":"R-2""#.to_owned(), "reference"),
        (r#""amo\u0075nt":1"#.to_owned(), "amount"),
        (r#""ammount":1"#.to_owned(), "ammount"),
        (r#""force":true"#.to_owned(), "force"),
        (r#""currency":"nok""#.to_owned(), "currency"),
        (r#""currency":578"#.to_owned(), "currency"),
        (r#""terminal":"no such name""#.to_owned(), "terminal"),
        (r#""terminal":null"#.to_owned(), "terminal"),
        (r#""wait":-1"#.to_owned(), "wait"),
        (r#""wait":301"#.to_owned(), "wait"),
        (r#""wait":1.5"#.to_owned(), "wait"),
        (r#""wait":"10""#.to_owned(), "wait"),
        (r#""operator":7"#.to_owned(), "operator"),
        (r#""operator":"""#.to_owned(), "operator"),
        (r#""operator":"a\nb""#.to_owned(), "operator"),
        (format!(r#""operator":"{}""#, &long[..65]), "operator"),
        (format!(r#""description":"{long}""#), "description"),
        (r#""description":"card 4111 1111 1111 1111""#.to_owned(), "description"),
        (r#""description":"\ud800""#.to_owned(), "description"),
        (r#""reason":"only a refund has one""#.to_owned(), "reason"),
        (r#""items":{}"#.to_owned(), "items"),
        (r#""items":[1]"#.to_owned(), "items[0]"),
        (r#""items":[{"id":"a","line_id":"1","amount":1}]"#.to_owned(), "items"),
        (r#""items":[{"id":"a","line_id":"1"}]"#.to_owned(), "items[0].amount"),
        (r#""items":[{"id":"a","line_id":"1","amount":39900.0}]"#.to_owned(), "items[0].amount"),
        (r#""items":[{"line_id":"1","amount":39900}]"#.to_owned(), "items[0].id"),
        (r#""items":[{"id":"a","amount":39900}]"#.to_owned(), "items[0].line_id"),
        (r#""items":[{"id":"a","id":"b","line_id":"1","amount":39900}]"#.to_owned(), "items[0].id"),
        (r#""items":[{"id":"a","line_id":"1","amount":39900,"price":1}]"#.to_owned(), "items[0].price"),
        (r#""items":[{"id":"a","line_id":"1","amount":39900,"quantity":1e3}]"#.to_owned(), "items[0].quantity"),
        (r#""items":[{"id":"a","line_id":"1","amount":39900,"vat":"25"}]"#.to_owned(), "items[0].vat"),
        (
            r#""items":[{"id":"a","line_id":"1","amount":39899},{"id":"a","line_id":"1","amount":1}]"#.to_owned(),
            "items[1].line_id",
        ),
        (r#""items":[{"id":"4111111111111111","line_id":"1","amount":39900}]"#.to_owned(), "items[0].id"),
        (format!(r#""items":[{}]"#, vec!["{}"; 101].join(",")), "items"),
        (r#""metadata":[]"#.to_owned(), "metadata"),
        (r#""metadata":{"a":1}"#.to_owned(), "metadata.a"),
        (r#""metadata":{"a":{"b":"c"}}"#.to_owned(), "metadata.a"),
        (r#""metadata":{"a":"1","a":"2"}"#.to_owned(), "metadata.a"),
        (r#""metadata":{"":"1"}"#.to_owned(), "metadata"),
        (r#""metadata":{"a":"5500-0000-0000-0004"}"#.to_owned(), "metadata.a"),
        (
            format!(r#""metadata":{{{}}}"#, (0..9).map(|n| format!(r#""k{n}":"v""#)).collect::<Vec<_>>().join(",")),
            "metadata",
        ),
    ];
    for (member, field) in table {
        assert_eq!(refused_field(sale_with(&member)), field, "{member}");
    }
}

#[test]
fn what_is_as_long_as_it_may_be_is_taken() {
    let text = |length: usize| "å".repeat(length);
    let lines: Vec<String> = (0..100).map(|n| format!(r#"{{"id":"a","line_id":"{n}","amount":399}}"#)).collect();
    let names: Vec<String> = (0..8).map(|n| format!(r#""k{n}":"{}""#, text(255))).collect();
    for member in [
        format!(r#""operator":"{}""#, text(64)),
        format!(r#""description":"{}""#, text(255)),
        format!(r#""items":[{}]"#, lines.join(",")),
        format!(r#""metadata":{{{}}}"#, names.join(",")),
        r#""wait":0"#.to_owned(),
        r#""wait":300"#.to_owned(),
    ] {
        assert!(sale_with(&member).is_ok(), "{member}");
    }
}

#[test]
fn a_line_has_at_most_what_a_sale_may_have() {
    let line = |number: i64, minor: i64| format!(r#"{{"id":"a","line_id":"{number}","amount":{minor}}}"#);
    let lines = |one: i64, other: i64| {
        sale_of(&format!(
            r#"{{"reference":"R-1","amount":1,"items":[{},{},{}]}}"#,
            line(1, one),
            line(2, other),
            line(3, 1)
        ))
    };
    assert!(lines(AMOUNT_MAX, -AMOUNT_MAX).is_ok());
    assert_eq!(refused_field(lines(AMOUNT_MAX + 1, -AMOUNT_MAX - 1)), "items[0].amount");
    assert_eq!(refused_field(lines(-AMOUNT_MAX - 1, AMOUNT_MAX + 1)), "items[0].amount");
}

#[test]
fn a_refusal_says_what_is_wanted() {
    let detail = |body: &str| sale_of(body).unwrap_err().detail;
    assert_eq!(detail(r#"{"reference":null,"amount":1}"#), "must not be null; leave it out");
    assert!(detail(r#"{"ammount":1}"#).starts_with("is not known here; known are reference, "));
    let without_a_sale = refund_of(r#"{"reference":"F-1"}"#).unwrap_err().detail;
    assert_eq!(without_a_sale, "is required, or operation_id or transaction_id in its place");
    let fields = |body: &str| Format::from(Dialect::Json).decode(body.as_bytes()).unwrap();
    assert_eq!(nothing(fields(r#"{"a":1}"#)).unwrap_err(), Invalid::new("a", "is not known here; send no fields"));
    assert_eq!(nothing(fields("{}")), Ok(()));
}

#[test]
fn a_refused_card_number_is_never_repeated() {
    for member in [r#""operator":"4111111111111111""#, r#""4111111111111111":1"#, r#""reference":"4111111111111111""#] {
        let body = format!(r#"{{"amount":39900,{member}}}"#);
        let refused = sale_of(&body).expect_err(&body);
        assert!(!refused.to_string().contains("4111111111111111"), "{refused}");
    }
    let form = |body: &str| with_form(body.as_bytes(), sale);
    for body in [
        r#"{"reference":"R-1","amount":39900,"description":"4111111111111111"}"#,
        "reference=R-1&a name that is cut within the number that follows it 4111111111111111=1",
        "4111.1111.1111.1111=1&4111.1111.1111.1111=2",
    ] {
        let refused = form(body).expect_err(body).to_string();
        let digits: String = refused.chars().filter(char::is_ascii_digit).collect();
        assert!(!digits.contains("41111111111"), "{refused}");
    }
}

#[test]
fn a_body_is_one_json_object() {
    for body in ["[]", "1", "null", "\"x\"", "{", "{}{}", "{\"a\":1,}", "\u{0}", "amount=39900"] {
        assert_eq!(refused_field(sale_of(body)), "body", "{body}");
    }
    assert_eq!(refused_field(with_key(b"{\"reference\":\"\xff\"}", None, sale)), "reference");
    let deep = format!(r#"{{"reference":"R-1","amount":1,"items":{}{}}}"#, "[".repeat(30_000), "]".repeat(30_000));
    assert!(sale_of(&deep).is_err());
    assert!(sale_of("\u{feff}{\"reference\":\"R-1\",\"amount\":1}").is_ok());
}

#[test]
fn the_reference_may_stand_in_the_idempotency_key() {
    let reference = |body: &str, key| {
        with_key(body.as_bytes(), key, sale).map(|(request, _)| request.naming.reference().unwrap().to_string())
    };
    assert_eq!(reference(r#"{"amount":1}"#, Some("R-7")).unwrap(), "R-7");
    assert_eq!(reference(r#"{"amount":1,"reference":"R-7"}"#, Some("R-7")).unwrap(), "R-7");
    assert_eq!(refused_field(reference(r#"{"amount":1,"reference":"R-8"}"#, Some("R-7"))), "reference");
    assert_eq!(refused_field(reference(r#"{"amount":1}"#, None)), "reference");
    assert_eq!(refused_field(reference(r#"{"amount":1,"force":true}"#, None)), "reference");
    assert_eq!(refused_field(reference(r#"{"amount":1,"force":false}"#, Some("R-7"))), "force");
    assert_eq!(refused_field(reference(r#"{"amount":1,"force":"yes"}"#, None)), "force");
    assert_eq!(refused_field(reference(r#"{"amount":1}"#, Some("4111111111111111"))), "Idempotency-Key");
}
