//! Bytes as the texts in a reply (of the provider, of the terminal, of the till): in every dialect and code page it can be
//! read back, and means the same.

use pos_bridge::domain::attempt::{Phase, Reason};
use pos_bridge::domain::card::{Card, Receipt};
use pos_bridge::domain::directory::{Charset, Dialect, Language, Profile};
use pos_bridge::domain::evidence::Approval;
use pos_bridge::domain::identifiers::Reference;
use pos_bridge::domain::operation::Operation;
use pos_bridge::till::dialect::Answer;
use pos_bridge::till::fields::{Fields, Value};
use pos_bridge::till::format::Format;
use pos_bridge::till::receipt::Paper;
use pos_bridge::till::reply::Reply;

use super::Verdict;
use super::bytes::Bytes;
use super::support::{approval, operation, sale};

const OLD_CHARSETS: [Charset; 4] = [Charset::Latin1, Charset::Windows1252, Charset::Ibm850, Charset::Ibm865];

pub(crate) fn check(bytes: &[u8]) -> Verdict {
    let mut bytes = Bytes::new(bytes);
    let language = bytes.pick(&[Language::English, Language::Norwegian]);
    let columns = bytes.pick(&[24, 32, 40, 42, 48, 80]);
    let is_declined = bytes.flag();
    let charset = bytes.pick(&OLD_CHARSETS);
    let mut text = || String::from_utf8_lossy(bytes.part()).into_owned();
    let Ok(reference) = Reference::new(text()) else { return Verdict::Refused };
    let phase = if is_declined {
        Phase::Declined { reason: Reason::new(text(), text()) }
    } else {
        let card = Card { brand: Some(text()), masked_pan: Some(text()), entry_method: Some(text()) };
        let receipt = Receipt { customer: Some(text()), merchant: Some(text()) };
        let approval = Approval { card: Some(card), receipt: Some(receipt), ..approval() };
        Phase::Approved { approval, late: false, resolution: None }
    };
    let operation = Operation { reference, ..operation(sale(phase)) };
    let paper = Paper { columns, language, time_zone: "Europe/Oslo" };
    every_way(&operation, Reply::new(&operation, false, language), charset);
    every_way(&operation, Reply::new(&operation, true, language).with_receipts(&operation, paper), charset);
    Verdict::Taken
}

/// The reply can be read in every dialect, in UTF-8 and in an old code page, and its number, its money and its result are
/// the operation's.
pub(super) fn every_way(operation: &Operation, reply: Reply, old: Charset) {
    let answer = Answer::Operation(Box::new(reply));
    for charset in [Charset::Utf8, old] {
        for dialect in [Dialect::Json, Dialect::Form, Dialect::Xml] {
            let fields = told(&answer, dialect, charset);
            let told = |name: &str| fields.iter().find(|(found, _)| found == name).map(|(_, text)| text.as_str());
            let seen = || format!("{dialect:?} in {charset:?}: {fields:?}");
            assert_eq!(told("amount"), Some(&*operation.money.amount.minor().to_string()), "{}", seen());
            assert_eq!(told("status"), Some(operation.status().name()), "{}", seen());
            assert_eq!(told("final"), Some(if operation.status().is_final() { "true" } else { "false" }), "{}", seen());
            if charset == Charset::Utf8 {
                assert_eq!(told("reference"), Some(operation.reference.as_str()), "{}", seen());
            }
        }
    }
}

/// The plain fields of an answer as a till reads them, whose names each come once.
pub(super) fn told(answer: &Answer, dialect: Dialect, charset: Charset) -> Vec<(String, String)> {
    let profile = Profile { dialect, charset, ..Profile::default() };
    let of = |media_type: &str| {
        let content_type = format!("{media_type}; charset={}", charset.name());
        Format::of_request(Some(&content_type), &profile).expect("it is known")
    };
    let (media_type, read) = match dialect {
        Dialect::Json => ("application/json", Some(of("application/json"))),
        Dialect::Xml => ("application/xml", Some(of("application/xml"))),
        Dialect::Form => ("application/x-www-form-urlencoded", None),
    };
    let (_, bytes) = of(media_type).encode(answer).expect("every answer can be written");
    match read {
        Some(format) => plain(&format.decode(&bytes).unwrap_or_else(|error| panic!("{error}: {bytes:?}"))),
        None => lines(&bytes),
    }
}

fn plain(fields: &Fields) -> Vec<(String, String)> {
    let plain = |(name, value): (&str, &Value)| match value {
        Value::Text(text) | Value::Number(text) | Value::Untyped(text) => Some((name.to_owned(), text.clone())),
        Value::Bool(flag) => Some((name.to_owned(), flag.to_string())),
        _ => None,
    };
    fields.iter().filter_map(plain).collect()
}

/// `key=value` lines, as a till reads them that knows nothing of code pages.
fn lines(bytes: &[u8]) -> Vec<(String, String)> {
    let text: String = match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    };
    let body = text.strip_suffix("\r\n").expect("a line has an end");
    let fields: Vec<(String, String)> = body
        .split("\r\n")
        .map(|line| {
            assert!(!line.contains(['\r', '\n']), "a value stays on its line: {line:?}");
            let (name, value) = line.split_once('=').unwrap_or_else(|| panic!("no field: {line:?}"));
            (name.to_owned(), unescaped(value))
        })
        .collect();
    for (position, (name, _)) in fields.iter().enumerate() {
        assert!(fields[..position].iter().all(|(earlier, _)| earlier != name), "{name} comes twice");
    }
    fields
}

fn unescaped(value: &str) -> String {
    let mut characters = value.chars();
    let mut text = String::new();
    while let Some(character) = characters.next() {
        text.push(match character {
            '\\' => match characters.next() {
                Some('n') => '\n',
                Some('r') => '\r',
                Some('\\') => '\\',
                other => panic!("{other:?} behind a backslash: {value:?}"),
            },
            plain => plain,
        });
    }
    text
}
