use super::*;
use crate::domain::attempt::Phase;
use crate::domain::directory::Language;
use crate::domain::specimen::operation;
use crate::till::fields::Value;
use crate::till::problem::Problem;
use crate::till::reply::Reply;

fn profile(dialect: Dialect, charset: Charset) -> Profile {
    Profile { dialect, charset, ..Profile::default() }
}

fn request(content_type: &str, profile: &Profile) -> Option<(Dialect, Charset)> {
    Format::of_request(Some(content_type), profile).ok().map(|format| (format.dialect, format.charset))
}

#[test]
fn a_body_is_what_its_content_type_says() {
    let modern = Profile::default();
    for (content_type, expected) in [
        ("application/json", Some((Dialect::Json, Charset::Utf8))),
        ("Application/JSON; Charset=\"UTF-8\"", Some((Dialect::Json, Charset::Utf8))),
        ("application/json; charset=iso-8859-1", Some((Dialect::Json, Charset::Latin1))),
        ("text/json", Some((Dialect::Json, Charset::Utf8))),
        ("application/x-www-form-urlencoded", Some((Dialect::Form, Charset::Utf8))),
        ("application/x-www-form-urlencoded; charset=IBM865", Some((Dialect::Form, Charset::Ibm865))),
        ("application/xml", Some((Dialect::Xml, Charset::Utf8))),
        ("text/xml;charset=cp850", Some((Dialect::Xml, Charset::Ibm850))),
        ("text/plain", None),
        ("multipart/form-data; boundary=x", None),
        ("text/html", None),
        ("json", None),
        ("application/json; charset=utf-16", None),
    ] {
        assert_eq!(request(content_type, &modern), expected, "{content_type}");
    }
}

#[test]
fn what_the_content_type_leaves_open_the_profile_says() {
    let old = profile(Dialect::Form, Charset::Ibm865);
    for content_type in [None, Some(""), Some(" ")] {
        let format = Format::of_request(content_type, &old).unwrap();
        assert_eq!((format.dialect, format.charset), (Dialect::Form, Charset::Ibm865));
        assert_eq!(Format::of_request(content_type, &Profile::default()), Ok(Format::from(Dialect::Json)));
    }
    assert_eq!(request("text/xml", &old), Some((Dialect::Xml, Charset::Ibm865)));
    assert_eq!(request("text/xml; charset=utf-8", &old), Some((Dialect::Xml, Charset::Utf8)));
    assert_eq!(request("application/json", &old), Some((Dialect::Json, Charset::Utf8)));
}

/// A .NET till writes its XML with a mark, and a profile in the code page of its printer.
#[test]
fn a_byte_order_mark_says_utf_8_where_the_content_type_says_nothing() {
    let old = profile(Dialect::Xml, Charset::Windows1252);
    let body = "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?><sale><reference>Bon-ø1</reference></sale>";
    let undeclared = "\u{feff}<sale><reference>Bon-ø1</reference></sale>";
    for (content_type, body, expected) in [
        (Some("text/xml"), body, "Bon-ø1"),
        (None, body, "Bon-ø1"),
        (Some("text/xml"), undeclared, "Bon-ø1"),
        (Some("text/xml; charset=utf-8"), body, "Bon-ø1"),
        (Some("text/xml; charset=windows-1252"), body, "Bon-Ã¸1"),
    ] {
        let fields = Format::of_request(content_type, &old).unwrap().decode(body.as_bytes()).unwrap();
        assert!(
            matches!(fields.get("reference"), Some(Value::Untyped(text)) if text == expected),
            "{content_type:?}: {fields:?}"
        );
    }
    let form = Format::of_request(None, &profile(Dialect::Form, Charset::Ibm865)).unwrap();
    let fields = form.decode("\u{feff}reference=Bon-ø1".as_bytes()).unwrap();
    assert!(matches!(fields.get("reference"), Some(Value::Untyped(text)) if text == "Bon-ø1"), "{fields:?}");
}

/// Many a library asks for JSON with every call; what is printed is no JSON.
#[test]
fn a_text_to_print_is_in_the_profiles_code_page_unless_a_plain_text_or_a_code_page_is_asked_for() {
    let old = profile(Dialect::Json, Charset::Ibm865);
    for (accept, accept_charset, expected) in [
        (None, None, Charset::Ibm865),
        (Some("application/json"), None, Charset::Ibm865),
        (Some("application/json, text/plain, */*"), None, Charset::Ibm865),
        (Some("application/json; charset=utf-8"), None, Charset::Ibm865),
        (Some("text/plain; charset=iso-8859-1"), None, Charset::Latin1),
        (Some("application/json, text/plain; charset=ibm850"), None, Charset::Ibm850),
        (Some("*/*"), Some("windows-1252"), Charset::Windows1252),
    ] {
        let wishes = Wishes { accept, accept_charset };
        assert_eq!(Format::charset_of_text(wishes, &old), expected, "{accept:?} {accept_charset:?}");
    }
}

#[test]
fn a_query_that_stands_in_for_a_body_is_a_form() {
    let (modern, old) = (Profile::default(), profile(Dialect::Xml, Charset::Ibm865));
    for (content_type, profile, charset) in [
        (None, &modern, Charset::Utf8),
        (None, &old, Charset::Ibm865),
        (Some("application/json"), &old, Charset::Ibm865),
        (Some("text/xml; charset=iso-8859-1"), &old, Charset::Latin1),
    ] {
        let format = Format::of_query(content_type, profile).unwrap();
        assert_eq!((format.dialect, format.charset), (Dialect::Form, charset), "{content_type:?}");
    }
    assert_eq!(Format::of_query(Some("text/html"), &modern), Err(UnsupportedContentType));
}

#[test]
fn a_reply_is_as_the_caller_wishes_else_as_the_profile_says_else_as_the_request_came() {
    let modern = Profile::default();
    let old = profile(Dialect::Form, Charset::Ibm865);
    let json_request = Format::from(Dialect::Json);
    let xml_request = Format::of_request(Some("text/xml; charset=iso-8859-1"), &modern).unwrap();
    let latin1_request = Format::of_request(Some("application/json; charset=iso-8859-1"), &modern).unwrap();
    for (accept, accept_charset, profile, request, expected) in [
        (None, None, &modern, json_request, (Dialect::Json, Charset::Utf8)),
        (None, None, &modern, xml_request, (Dialect::Xml, Charset::Latin1)),
        (Some("*/*"), None, &modern, xml_request, (Dialect::Xml, Charset::Latin1)),
        (None, None, &old, xml_request, (Dialect::Form, Charset::Ibm865)),
        (None, None, &old, json_request, (Dialect::Form, Charset::Ibm865)),
        (Some("text/plain"), None, &modern, json_request, (Dialect::Form, Charset::Utf8)),
        (Some("text/plain; charset=cp850"), None, &modern, json_request, (Dialect::Form, Charset::Ibm850)),
        (Some("text/plain"), None, &modern, xml_request, (Dialect::Form, Charset::Latin1)),
        (Some("text/xml"), None, &modern, json_request, (Dialect::Xml, Charset::Utf8)),
        (None, None, &modern, latin1_request, (Dialect::Json, Charset::Latin1)),
        (Some("application/json"), None, &modern, xml_request, (Dialect::Json, Charset::Utf8)),
        (Some("application/json"), None, &old, xml_request, (Dialect::Json, Charset::Utf8)),
        (Some("application/json"), Some("latin1"), &old, xml_request, (Dialect::Json, Charset::Latin1)),
        (
            Some("text/html, text/xml;q=0.5, text/plain;q=0.9"),
            None,
            &modern,
            json_request,
            (Dialect::Form, Charset::Utf8),
        ),
        (Some("application/xml;q=0"), None, &modern, json_request, (Dialect::Json, Charset::Utf8)),
        (None, Some("utf-16, utf-8;q=0.5, windows-1252"), &old, xml_request, (Dialect::Form, Charset::Windows1252)),
        (None, Some("*"), &old, xml_request, (Dialect::Form, Charset::Ibm865)),
        (Some("image/png"), None, &old, json_request, (Dialect::Form, Charset::Ibm865)),
    ] {
        let format = Format::of_reply(Wishes { accept, accept_charset }, profile, request);
        assert_eq!((format.dialect, format.charset), expected, "{accept:?} {accept_charset:?} {profile:?}");
    }
}

fn fields(content_type: &str, body: &[u8]) -> Result<Fields, Invalid> {
    Format::of_request(Some(content_type), &Profile::default()).unwrap().decode(body)
}

fn text_of<'a>(fields: &'a Fields, name: &str) -> &'a str {
    match fields.get(name) {
        Some(Value::Untyped(text) | Value::Text(text)) => text,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_text_means_the_same_in_every_dialect_and_code_page() {
    for (name, blue) in [
        ("utf-8", "Blåbær".as_bytes()),
        ("iso-8859-1", b"Bl\xe5b\xe6r"),
        ("windows-1252", b"Bl\xe5b\xe6r"),
        ("ibm850", b"Bl\x86b\x91r"),
        ("ibm865", b"Bl\x86b\x91r"),
    ] {
        for (content_type, before, after) in [
            ("application/json", &b"{\"description\":\""[..], &b"\"}"[..]),
            ("application/x-www-form-urlencoded", b"description=", b""),
            ("application/xml", b"<sale><description>", b"</description></sale>"),
        ] {
            let body = [before, blue, after].concat();
            let read = fields(&format!("{content_type}; charset={name}"), &body).unwrap();
            assert_eq!(text_of(&read, "description"), "Blåbær", "{content_type} {name}");
        }
        let declared =
            [b"<?xml version=\"1.0\" encoding=\"", name.as_bytes(), b"\"?><a><b>", blue, b"</b></a>"].concat();
        assert_eq!(text_of(&fields("text/xml", &declared).unwrap(), "b"), "Blåbær", "{name}");
    }
}

#[test]
fn the_content_type_counts_before_the_documents_own_word() {
    // What MSXML sends when it is given a text: always UTF-8, whatever the declaration in it says.
    let body = "<?xml version=\"1.0\" encoding=\"iso-8859-1\"?><a><b>å</b></a>";
    assert_eq!(text_of(&fields("text/xml; charset=utf-8", body.as_bytes()).unwrap(), "b"), "å");
    let strange = fields("text/xml", b"<?xml version=\"1.0\" encoding=\"utf-16\"?><a/>").unwrap_err();
    assert_eq!(strange.field, "body");
}

#[test]
fn a_field_without_a_name_that_can_be_seen_is_refused_as_one() {
    for (content_type, body) in [
        ("application/json", "{\"\":1}"),
        ("application/json", "{\"\u{200b}\":1}"),
        ("application/x-www-form-urlencoded", "=1"),
        ("application/x-www-form-urlencoded", "%00=1"),
    ] {
        let refused = fields(content_type, body.as_bytes()).and_then(|fields| fields.only(&["amount"])).unwrap_err();
        assert_eq!(refused.field, "\"\"", "{content_type}");
    }
}

#[test]
fn a_bad_byte_behind_no_name_is_the_bodys() {
    let refused = fields("application/json", b"{\"a\"\":\"x\",\"\xc1\":1}").unwrap_err();
    assert_eq!(refused.field, "body");
}

#[test]
fn bad_bytes_are_refused_by_the_name_of_the_field() {
    for (content_type, body) in [
        ("application/json", &b"{\"reference\":\"R-1\",\"operator\": \"K\xff\"}"[..]),
        ("application/json; charset=windows-1252", b"{\"reference\" : 1, \"operator\" :\"\x81\"}"),
        ("application/x-www-form-urlencoded", b"reference=R-1&operator=K%E5ri"),
        ("text/xml", b"<sale><reference>R-1</reference><operator>K\xe5ri</operator></sale>"),
    ] {
        let refused = fields(content_type, body).unwrap_err();
        assert_eq!(refused.field, "operator", "{content_type}");
        assert!(refused.detail.starts_with("must be text in "), "{refused}");
    }
    assert_eq!(fields("application/json", b"\xff").unwrap_err().field, "body");
}

fn told(dialect: Dialect, charset: Charset, answer: &Answer) -> (String, Vec<u8>) {
    let (content_type, bytes) = Format { dialect, charset, charset_is_stated: true }.encode(answer).unwrap();
    (content_type.into_owned(), bytes.to_vec())
}

#[test]
fn a_reply_has_the_same_fields_in_the_same_order_in_every_dialect() {
    let answer = Answer::Operation(Box::new(Reply::new(&operation(Phase::Sending), false, Language::Norwegian)));
    let names = |dialect| {
        let text = String::from_utf8(told(dialect, Charset::Utf8, &answer).1).unwrap();
        let all = ["operation_id", "kind", "till", "reference", "status", "final", "retry", "message", "amount"];
        let places: Vec<usize> = all.iter().map(|name| text.find(name).unwrap_or_else(|| panic!("{text}"))).collect();
        assert!(places.is_sorted(), "{text}");
        text
    };
    names(Dialect::Json);
    assert!(names(Dialect::Form).contains("\r\nstatus=pending\r\nfinal=false\r\nretry=same_reference\r\n"));
    assert!(names(Dialect::Xml).contains("<status>pending</status><final>false</final>"));
}

#[test]
fn a_problem_is_one_in_every_dialect() {
    let answer = Answer::Problem(Problem::from(Invalid::new("amount", "is “required” <here>\n")));
    for (dialect, charset, content_type, part) in [
        (Dialect::Json, Charset::Utf8, "application/problem+json", "is “required” <here>\\n\""),
        (Dialect::Json, Charset::Latin1, "application/problem+json; charset=iso-8859-1", "is \\\"required\\\" <here>"),
        (
            Dialect::Form,
            Charset::Ibm865,
            "text/plain; charset=ibm865",
            "\r\ndetail=amount: is \"required\" <here>\\n\r\n",
        ),
        (Dialect::Xml, Charset::Utf8, "application/problem+xml; charset=utf-8", "is “required” &lt;here&gt;"),
        (
            Dialect::Xml,
            Charset::Ibm850,
            "application/problem+xml; charset=ibm850",
            "encoding=\"ibm850\"?>\r\n<problem><type>",
        ),
    ] {
        let (found, bytes) = told(dialect, charset, &answer);
        assert_eq!(found, content_type);
        let text = charset::decode(charset, &bytes).unwrap().into_owned();
        assert!(text.contains(part), "{text}");
    }
}
