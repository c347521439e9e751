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

#[test]
fn a_refund_names_its_sale_in_exactly_one_way() {
    let id = "01JD8X4S7R9M2E6K3T5V7W9Y1Z";
    let by = |members: &str| refund_of(&format!(r#"{{"reference":"F-1",{members}}}"#));
    let till = TillId::new("till-2").unwrap();
    assert_eq!(
        by(r#""original_reference":"R-1","original_till":"till-2""#).unwrap().original,
        Original::Reference { reference: Reference::new("R-1").unwrap(), till: Some(till) }
    );
    assert_eq!(
        by(&format!(r#""operation_id":"{id}""#)).unwrap().original,
        Original::Operation(OperationId::parse(id).unwrap())
    );
    assert!(matches!(by(r#""transaction_id":"T1.2""#).unwrap().original, Original::Transaction(_)));
    assert_eq!(by(r#""transaction_id":"T1.2","reason":"broken""#).unwrap().amount, None);
    for members in [
        r#""amount":1"#.to_owned(),
        r#""original_reference":"R-1","transaction_id":"T1""#.to_owned(),
        format!(r#""original_reference":"R-1","operation_id":"{id}""#),
    ] {
        assert_eq!(refused_field(by(&members)), "original_reference", "{members}");
    }
    assert_eq!(refused_field(by(r#""transaction_id":"T1","original_till":"till-2""#)), "original_till");
    assert_eq!(refused_field(by(r#""operation_id":"R-1""#)), "operation_id");
    assert_eq!(refused_field(by(r#""original_reference":"R-1","amount":0"#)), "amount");
    let items = r#""original_reference":"R-1","items":[{"id":"a","line_id":"1","amount":5}]"#;
    assert_eq!(refused_field(by(items)), "items");
    assert!(by(&format!(r#"{items},"amount":5"#)).is_ok());
}

#[test]
fn the_wait_is_the_bodys_before_the_querys_before_the_headers() {
    let till = &directory().tills[0];
    let seconds = |body, query, header| Wait { body, query, header }.seconds(till, 45);
    assert_eq!(seconds(Some(1), Some(2), Some(3)), 1);
    assert_eq!(seconds(None, Some(2), Some(3)), 2);
    assert_eq!(seconds(None, None, Some(3)), 3);
    assert_eq!(seconds(None, None, None), 45);
    assert_eq!(seconds(Some(300), None, None), 120, "capped by the profile");
    assert_eq!(waiting("wait=7", ["respond-async, wait=9"].into_iter()).unwrap().query, Some(7));
    assert_eq!(waiting("", ["respond-async, Wait=9; x=y"].into_iter()).unwrap().header, Some(9));
    assert_eq!(waiting("", ["respond-async"].into_iter()), Ok(Wait::default()));
    for (query, header, field) in [
        ("wait=301", "", "wait"),
        ("wait=", "", "wait"),
        ("wait=1&wait=2", "", "wait"),
        ("wiat=1", "", "wiat"),
        ("", "wait=-1", "Prefer: wait"),
        ("", "wait=abc", "Prefer: wait"),
        ("", "wait=+5", "Prefer: wait"),
        ("", "wait=", "Prefer: wait"),
        ("", "wait=301", "Prefer: wait"),
    ] {
        assert_eq!(refused_field(waiting(query, [header].into_iter())), field, "{query} {header}");
    }
}

#[test]
fn a_listing_is_filtered_strictly() {
    let directory = directory();
    let asking = Asking { directory: &directory, till: &directory.tills[0], idempotency_key: None };
    let filter = |query: &str| operation_filter(Fields::from_query(query)?, asking);
    let all = filter("").unwrap();
    assert_eq!((all.limit, all.status, all.open), (50, None, None));
    let some = filter("status=unknown&open=true&acknowledged=false&since=2026-11-20T10:15:02Z&amount=5&limit=200");
    let some = some.unwrap();
    assert_eq!((some.status, some.open, some.acknowledged), (Some(Status::Unknown), Some(true), Some(false)));
    assert_eq!((some.amount, some.limit), (Some(5), 200));
    assert_eq!((some.since, some.until), (Some("2026-11-20T10:15:02Z".parse().unwrap()), None));
    for (query, field) in [
        ("status=paid", "status"),
        ("open=yes", "open"),
        ("acknowledged=1", "acknowledged"),
        ("since=yesterday", "since"),
        ("until=", "until"),
        ("amount=1.5", "amount"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("after=R-1", "after"),
        ("page=2", "page"),
        ("open=true&open=false", "open"),
    ] {
        assert_eq!(refused_field(filter(query)), field, "{query}");
    }
}

#[test]
fn a_stream_goes_on_behind_the_event_that_the_till_had_last() {
    let last = |query: &str| last_event_id(Fields::from_query(query)?);
    for (query, event) in [("", None), ("last_event_id=0", Some(0)), ("last_event_id=42", Some(42))] {
        assert_eq!(last(query), Ok(event), "{query}");
    }
    for (query, field) in [
        ("last_event_id=-1", "last_event_id"),
        ("last_event_id=", "last_event_id"),
        ("last_event_id=x", "last_event_id"),
        ("event=1", "event"),
    ] {
        assert_eq!(refused_field(last(query)), field, "{query}");
    }
}

#[test]
fn a_cashiers_word_on_a_signature_is_yes_or_no() {
    let word = |body: &str| signature(Format::from(Dialect::Json).decode(body.as_bytes())?);
    assert_eq!(word(r#"{"accepted":true}"#), Ok((true, None)));
    assert_eq!(word(r#"{"accepted":false,"wait":7}"#), Ok((false, Some(7))));
    for (body, field) in [
        ("{}", "accepted"),
        (r#"{"accepted":"true"}"#, "accepted"),
        (r#"{"accepted":1}"#, "accepted"),
        (r#"{"accepted":true,"wait":301}"#, "wait"),
        (r#"{"accepted":true,"by":"Kari"}"#, "by"),
    ] {
        assert_eq!(refused_field(word(body)), field, "{body}");
    }
}

#[test]
fn an_alarm_is_seen_to_by_somebody() {
    let by = |body: &str| acknowledged_by(Format::from(Dialect::Json).decode(body.as_bytes())?);
    assert_eq!(by(r#"{"by":"Kari"}"#).as_deref(), Ok("Kari"));
    for (body, field) in [("{}", "by"), (r#"{"by":""}"#, "by"), (r#"{"by":"Kari","reason":"x"}"#, "reason")] {
        assert_eq!(refused_field(by(body)), field, "{body}");
    }
}

#[test]
fn an_operators_decision_says_what_who_and_why() {
    let decide = |body: &str| resolution(Format::from(Dialect::Json).decode(body.as_bytes())?);
    for (word, verdict) in [("approved", OperatorVerdict::Approved), ("not_taken", OperatorVerdict::NotTaken)] {
        let decided = decide(&format!(r#"{{"verdict":"{word}","by":"Kari","reason":"no receipt"}}"#)).unwrap();
        assert_eq!((decided.verdict, decided.by.as_str(), decided.reason.as_str()), (verdict, "Kari", "no receipt"));
    }
    for (body, field) in [
        (r#"{"by":"Kari","reason":"x"}"#, "verdict"),
        (r#"{"verdict":"maybe","by":"Kari","reason":"x"}"#, "verdict"),
        (r#"{"verdict":"approved","reason":"x"}"#, "by"),
        (r#"{"verdict":"approved","by":"Kari"}"#, "reason"),
        (r#"{"verdict":"approved","by":"Kari","reason":"x","amount":1}"#, "amount"),
    ] {
        assert_eq!(refused_field(decide(body)), field, "{body}");
    }
}

proptest! {
    #[test]
    fn only_a_plain_integer_is_an_amount(text in "[-+]?[0-9]{0,12}([.,eE_][-+]?[0-9]{0,3})?") {
        let plain = text.parse::<i64>().ok().filter(|minor| minor.to_string() == text);
        let allowed = plain.filter(|minor| (1..=AMOUNT_MAX).contains(minor));
        let got = sale_of(&format!(r#"{{"reference":"R-1","amount":{text}}}"#));
        prop_assert_eq!(got.ok().map(|request| request.money.amount.minor()), allowed);
    }

    #[test]
    fn every_plain_integer_in_range_is_an_amount(minor in 1..=AMOUNT_MAX) {
        let got = sale_of(&format!(r#"{{"reference":"R-1","amount":{minor}}}"#));
        prop_assert_eq!(got.map(|request| request.money.amount.minor()), Ok(minor));
    }

    #[test]
    fn no_body_is_too_strange(body in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = with_key(&body, None, sale);
        let _ = with_key(&body, None, refund);
    }

    #[test]
    fn no_object_is_too_strange(
        names in proptest::collection::vec("(reference|amount|items|metadata|wait|operation_id|\\PC{0,9})", 0..6),
        values in proptest::collection::vec(r#"(-?[0-9]{1,20}|"\PC{0,9}"|null|true|\[\{\}\]|\{"a":"b"\}|\[\[1\]\])"#, 6),
    ) {
        let members: Vec<String> = names.iter().zip(&values).map(|(name, value)| format!("{name:?}:{value}")).collect();
        let body = format!("{{{}}}", members.join(","));
        let _ = with_key(body.as_bytes(), Some("R-1"), sale);
        let _ = with_key(body.as_bytes(), Some("R-1"), refund);
    }
}

#[test]
fn a_refund_without_a_sale_has_a_number_an_amount_and_somebody_who_answers_for_it() {
    let unlinked = |fields: &str| with_key(format!(r#"{{"unlinked":true,{fields}}}"#).as_bytes(), None, refund);
    let complete = r#""reference":"F-1","amount":500,"operator":"Kari""#;
    let (wish, _) = unlinked(complete).unwrap();
    let RefundWish::Unlinked(request) = wish else { panic!("{wish:?}") };
    assert_eq!((request.reference.as_str(), request.money.to_string().as_str()), ("F-1", "5.00 NOK"));
    assert_eq!(request.details.operator.as_deref(), Some("Kari"));
    for (fields, field) in [
        (r#""amount":500,"operator":"Kari""#, "reference"),
        (r#""reference":"F-1","operator":"Kari""#, "amount"),
        (r#""reference":"F-1","amount":500"#, "operator"),
        (r#""reference":"F-1","amount":500,"operator":" ""#, "operator"),
        (r#""reference":"F-1","amount":500,"operator":"\u2800.""#, "operator"),
    ] {
        assert_eq!(refused_field(unlinked(fields)), field);
    }
    for sale in ["original_reference", "original_till", "operation_id", "transaction_id"] {
        assert_eq!(refused_field(unlinked(&format!(r#"{complete},"{sale}":"R-1""#))), sale);
    }
    assert_eq!(refused_field(refund_of(r#"{"reference":"F-1","unlinked":false,"amount":1}"#)), "original_reference");
}
