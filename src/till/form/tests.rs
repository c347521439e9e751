use proptest::prelude::*;

use super::*;

fn utf8(body: &str) -> Result<Fields, Invalid> {
    decode(body.as_bytes(), Charset::Utf8)
}

fn shown_fields(fields: &Fields) -> String {
    let all: Vec<String> = fields.iter().map(|(name, value)| format!("{name}:{}", shown_value(value))).collect();
    all.join(",")
}

fn shown_value(value: &Value) -> String {
    match value {
        Value::Untyped(text) => text.clone(),
        Value::List(values) => format!("[{}]", values.iter().map(shown_value).collect::<Vec<_>>().join(",")),
        Value::Object(fields) => format!("{{{}}}", shown_fields(fields)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn names_lead_into_lists_and_objects() {
    for (body, expected) in [
        ("", ""),
        ("a=1&b=2\r\n", "a:1,b:2"),
        ("a=x+y%2Bz&b&&c=", "a:x y+z,b:,c:"),
        ("a=b=c", "a:b=c"),
        ("items[0].id=a&items[0].amount=1&items[1].id=b", "items:[{id:a,amount:1},{id:b}]"),
        ("items%5B1%5D.id=b&items%5B0%5D.id=a", "items:[{id:a},{id:b}]"),
        ("m.b=1&x=2&m.a=3", "x:2,m:{b:1,a:3}"),
        ("tags[0]=a&tags[1]=b", "tags:[a,b]"),
        ("items[1000]=1&items[]=2&items[0]x=3", "items[1000]:1,items[]:2,items[0]x:3"),
        ("items[x].id=1&items[01]=1&.a=1&b.=2&[0]=3", "items[x].id:1,items[01]:1,.a:1,b.:2,[0]:3"),
    ] {
        assert_eq!(shown_fields(&utf8(body).unwrap()), expected, "{body}");
    }
}

#[test]
fn what_is_meant_twice_or_not_whole_is_refused_by_its_name() {
    for (body, field) in [
        ("a=1&a=2", "a"),
        ("items[0].id=1&items[0].id=2", "items[0].id"),
        ("items[1].id=1", "items[0]"),
        ("items=1&items[0].id=2", "items"),
        ("items.a=1&items[0].id=2", "items"),
        ("items[0]=1&items[0].id=2", "items[0]"),
        ("m.a=1&m.a=2", "m.a"),
        ("a.b.c.d.e.f.g=1", "a.b.c.d.e"),
        ("a=%ff", "a"),
        ("%ff=1", "\u{fffd}"),
    ] {
        assert_eq!(utf8(body).expect_err(body).field, field, "{body}");
    }
}

#[test]
fn a_form_has_at_most_as_many_fields_as_a_request_can() {
    let form = |count: usize| (0..count).map(|number| format!("f{number}.x=1")).collect::<Vec<_>>().join("&");
    assert_eq!(utf8(&form(1000)).unwrap().len(), 1000);
    assert_eq!(utf8(&form(1001)).unwrap_err().field, "body");
}

#[test]
fn a_text_is_read_in_the_code_page_of_the_form() {
    for (charset, body) in [
        (Charset::Utf8, &b"d=Bl%C3%A5b\xc3\xa6r"[..]),
        (Charset::Latin1, b"d=Bl%E5b\xe6r"),
        (Charset::Windows1252, b"d=Bl%e5b\xe6r"),
        (Charset::Ibm850, b"d=Bl%86b\x91r"),
        (Charset::Ibm865, b"d=Bl%86b\x91r"),
    ] {
        assert_eq!(shown_fields(&decode(body, charset).unwrap()), "d:Blåbær", "{charset:?}");
    }
    let refused = decode(b"reference=R-1&description=%81", Charset::Windows1252).unwrap_err();
    assert_eq!(refused, Invalid::new("description", "must be text in windows-1252"));
}

proptest! {
    #[test]
    fn no_form_is_too_strange(body in proptest::collection::vec(any::<u8>(), 0..200), text in "([a-c]?[.&=\\[\\]0-9%+]){0,40}") {
        for charset in [Charset::Utf8, Charset::Windows1252, Charset::Ibm865] {
            let _ = decode(&body, charset);
            let _ = decode(text.as_bytes(), charset);
            let _ = decode_flat(&body, charset);
        }
    }
}
