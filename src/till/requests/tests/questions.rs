//! What moves no money by itself: waiting, asking, answering for it.

use super::*;

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
