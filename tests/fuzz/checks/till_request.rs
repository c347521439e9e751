//! Bytes as a till's request, in every dialect, code page and spelling of amounts: what is taken has one reading, says the
//! same when it is written anew in any dialect, and holds no card number; what is refused can be told in every dialect.

use pos_bridge::domain::attempt::Phase;
use pos_bridge::domain::card::holds_card_number;
use pos_bridge::domain::directory::{
    AmountFormat, Charset, Credentials, Dialect, Directory, Language, Profile, Store, Terminal, Till,
};
use pos_bridge::domain::identifiers::{ProviderTerminalId, StoreId, TerminalName, TillId};
use pos_bridge::domain::money::{AMOUNT_MAX, Currency};
use pos_bridge::domain::operation::{Operation, ProviderName};
use pos_bridge::domain::request::{Naming, RefundWish, SaleRequest};
use pos_bridge::till::dialect::Answer;
use pos_bridge::till::fields::{Fields, Invalid, Value};
use pos_bridge::till::format::Format;
use pos_bridge::till::problem::Problem;
use pos_bridge::till::reply::Reply;
use pos_bridge::till::requests::{self, Asking};

use super::bytes::Bytes;
use super::reply::{every_way, told};
use super::support::{operation, sale};
use super::{Verdict, anew};

const CONTENT_TYPES: [&str; 10] = [
    "application/json",
    "application/x-www-form-urlencoded",
    "application/xml",
    "application/json; charset=windows-1252",
    "application/x-www-form-urlencoded; charset=ibm865",
    "application/xml; charset=iso-8859-1",
    "application/json; charset=ibm850",
    "application/x-www-form-urlencoded; charset=utf-8",
    "text/xml",
    "",
];

pub(crate) fn check(bytes: &[u8]) -> Verdict {
    let mut bytes = Bytes::new(bytes);
    let call = bytes.below(8);
    let content_type = bytes.pick(&CONTENT_TYPES);
    let profile = Profile {
        amounts: bytes.pick(&[AmountFormat::Minor, AmountFormat::Decimal, AmountFormat::GroupedDecimal]),
        dialect: bytes.pick(&[Dialect::Json, Dialect::Form, Dialect::Xml]),
        charset: bytes.pick(&[Charset::Utf8, Charset::Ibm865, Charset::Windows1252]),
        reference_optional: bytes.flag(),
        ..Profile::default()
    };
    let directory = directory(profile);
    let till = &directory.tills[0];
    let asking = Asking { directory: &directory, till, idempotency_key: None };
    match ask(call, content_type, bytes.rest(), asking) {
        Ok(()) => Verdict::Taken,
        Err(invalid) => {
            refused(invalid);
            Verdict::Refused
        }
    }
}

fn ask(call: usize, content_type: &str, body: &[u8], asking: Asking<'_>) -> Result<(), Invalid> {
    let profile = &asking.till.profile;
    let query = || std::str::from_utf8(body).unwrap_or_default();
    let format = if call == 1 { Format::of_query } else { Format::of_request };
    let format = format(Some(content_type), profile).expect("all of these are known");
    match call {
        0 | 1 => {
            let fields = format.decode(body)?;
            let spelt = amount_text(&fields);
            let (request, _) = requests::sale(fields, asking)?;
            has_one_reading(&spelt, request.money.amount.minor(), request.money.currency, profile.amounts);
            taken(&request, asking);
        }
        2 => {
            let fields = format.decode(body)?;
            let spelt = amount_text(&fields);
            match requests::refund(fields, asking)?.0 {
                RefundWish::OfSale(request) => {
                    holds_no_card(&request);
                    if let (Some(amount), Some(currency)) = (request.amount, request.currency) {
                        has_one_reading(&spelt, amount.minor(), currency, profile.amounts);
                    }
                }
                RefundWish::Unlinked(request) => {
                    holds_no_card(&request);
                    assert!(request.details.operator.is_some(), "somebody answers for it");
                    has_one_reading(&spelt, request.money.amount.minor(), request.money.currency, profile.amounts);
                }
            }
        }
        3 => holds_no_card(&requests::operation_filter(Fields::from_query(query())?, asking)?),
        4 => holds_no_card(&requests::receipt_wanted(query())?),
        5 => holds_no_card(&requests::signature(format.decode(body)?)?),
        6 => holds_no_card(&requests::resolution(format.decode(body)?)?),
        _ => holds_no_card(&requests::reference_in_path(query())?),
    }
    Ok(())
}

fn amount_text(fields: &Fields) -> String {
    match fields.get("amount") {
        Some(Value::Text(text) | Value::Number(text) | Value::Untyped(text)) => text.clone(),
        _ => String::new(),
    }
}

/// The digits of the spelling are those of the amount, and what stands between them cannot be anything else: the decimals
/// of the currency behind the last mark, whole groups before it.
fn has_one_reading(spelt: &str, minor: i64, currency: Currency, format: AmountFormat) {
    assert!((1..=AMOUNT_MAX).contains(&minor), "{minor} of {spelt:?}");
    let digits: String = spelt.chars().filter(char::is_ascii_digit).collect();
    assert_eq!(digits.trim_start_matches('0'), minor.to_string(), "{spelt:?}");
    let decimals = if format == AmountFormat::Minor { 0 } else { currency.exponent() as usize };
    let mut pieces: Vec<&str> = spelt.split(|character: char| !character.is_ascii_digit()).collect();
    if decimals > 0 {
        assert_eq!(pieces.pop().map(str::len), Some(decimals), "{spelt:?} has {decimals} decimals");
    }
    let groups = pieces.get(1..).unwrap_or_default();
    assert!(groups.is_empty() || format == AmountFormat::GroupedDecimal, "{spelt:?} is in groups");
    assert!(groups.iter().all(|group| group.len() == 3), "{spelt:?} has a broken group");
}

fn taken(request: &SaleRequest, asking: Asking<'_>) {
    holds_no_card(request);
    let plain = Till {
        profile: Profile { amounts: AmountFormat::Minor, ..asking.till.profile.clone() },
        ..asking.till.clone()
    };
    let asking = Asking { till: &plain, ..asking };
    for (dialect, body) in anew::every_way(request) {
        let fields = Format::from(dialect).decode(body.as_bytes()).unwrap_or_else(|error| panic!("{error}: {body}"));
        let (again, _) = requests::sale(fields, asking).unwrap_or_else(|error| panic!("{error}: {body}"));
        assert_eq!(&again, request, "{body}");
    }
    if let Naming::Reference(reference) = &request.naming {
        let begun = operation(sale(Phase::Sending));
        let operation = Operation { reference: reference.clone(), money: request.money, ..begun };
        every_way(&operation, Reply::new(&operation, false, Language::default()), asking.till.profile.charset);
    }
}

fn holds_no_card(request: &impl std::fmt::Debug) {
    let shown = format!("{request:?}");
    let texts = shown.split('"');
    assert!(!texts.into_iter().any(holds_card_number), "a card number was taken: {shown}");
}

fn refused(invalid: Invalid) {
    assert!(!invalid.field.is_empty() && !invalid.detail.is_empty(), "{invalid:?}");
    assert!(!holds_card_number(&invalid.to_string()), "a card number is shown: {invalid}");
    let answer = Answer::Problem(Problem::from(invalid));
    for dialect in [Dialect::Json, Dialect::Form, Dialect::Xml] {
        for charset in [Charset::Utf8, Charset::Ibm865] {
            let fields = told(&answer, dialect, charset);
            let code = fields.iter().find(|(name, _)| name == "code").map(|(_, code)| code.as_str());
            assert_eq!(code, Some("invalid_request"), "{fields:?}");
        }
    }
}

/// A shop whose currency has two decimals, one without any, and one with three.
fn directory(profile: Profile) -> Directory {
    let store = |id: &str, currency: &str| Store {
        id: StoreId::new(id).unwrap(),
        payout_destination_id: "seller-1".to_owned(),
        currency: Currency::from_code(currency).unwrap(),
        time_zone: "Europe/Oslo".to_owned(),
    };
    let terminal = |name: &str, store: &str| Terminal {
        name: TerminalName::new(name).unwrap(),
        provider: ProviderName::Dintero,
        store: StoreId::new(store).unwrap(),
        terminal_id: ProviderTerminalId::new("T0292").unwrap(),
        tips: false,
        unlinked_refund: true,
    };
    Directory {
        stores: vec![store("oslo", "NOK"), store("tokyo", "JPY"), store("kuwait", "KWD")],
        terminals: vec![terminal("front", "oslo"), terminal("east", "tokyo"), terminal("south", "kuwait")],
        tills: vec![Till {
            id: TillId::new("till-1").unwrap(),
            terminal: TerminalName::new("front").unwrap(),
            terminals: Vec::new(),
            credentials: Credentials::default(),
            profile,
        }],
    }
}
