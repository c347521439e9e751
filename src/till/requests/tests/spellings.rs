//! The same request in other dialects, and amounts in other spellings.

use super::*;
use crate::domain::directory::AmountFormat;

fn decimal_till() -> Directory {
    let mut directory = directory();
    directory.tills[0].profile.amounts = AmountFormat::Decimal;
    directory
}

fn of_decimal_till<T>(body: &str, parse: impl FnOnce(Fields, Asking<'_>) -> Result<T, Invalid>) -> Result<T, Invalid> {
    let directory = decimal_till();
    let asking = Asking { directory: &directory, till: &directory.tills[0], idempotency_key: None };
    parse(Format::from(Dialect::Form).decode(body.as_bytes())?, asking)
}

#[test]
fn decimals_are_those_of_the_currency_that_is_paid_in() {
    let minor = |fields: &str| {
        of_decimal_till(&format!("reference=R-1&{fields}"), sale).map(|(request, _)| request.money.to_string())
    };
    assert_eq!(minor("amount=399.00").unwrap(), "399.00 NOK");
    assert_eq!(minor("amount=399,00&terminal=south").unwrap(), "399.00 SEK");
    assert_eq!(minor("amount=1500&currency=JPY").unwrap(), "1500 JPY");
    assert_eq!(minor("amount=1.234&currency=KWD").unwrap(), "1.234 KWD");
    for fields in ["amount=1.234", "amount=1500", "amount=399.00&currency=JPY", "amount=0.00", "amount=-1.00"] {
        assert_eq!(refused_field(minor(fields)), "amount", "{fields}");
    }
    let line = "items[0].id=a&items[0].line_id=1&items[0].amount";
    assert!(minor(&format!("amount=1.50&{line}=1,50")).is_ok());
    assert_eq!(refused_field(minor(&format!("amount=1.50&{line}=150"))), "items[0].amount");
}

/// 100.00 kroner of a sale that was in yen would be 10,000 yen.
#[test]
fn a_refund_in_decimals_says_the_currency_whose_decimals_they_are() {
    let currency = |fields: &str| {
        let (wish, _) = of_decimal_till(&format!("reference=F-1&original_reference=R-1{fields}"), refund).unwrap();
        of_a_sale(wish).currency.map(Currency::code)
    };
    assert_eq!(currency("&amount=100.00"), Some("NOK"));
    assert_eq!(currency("&amount=100&currency=JPY"), Some("JPY"));
    assert_eq!(currency(""), None);
    assert_eq!(refund_of(r#"{"reference":"F-1","original_reference":"R-1","amount":1}"#).unwrap().currency, None);
}

#[test]
fn a_listing_is_filtered_by_an_amount_as_the_till_writes_it() {
    let directory = decimal_till();
    let asking = Asking { directory: &directory, till: &directory.tills[0], idempotency_key: None };
    let filter = |query: &str| operation_filter(Fields::from_query(query)?, asking).map(|filter| filter.amount);
    assert_eq!(filter("amount=399,00"), Ok(Some(39900)));
    assert_eq!(refused_field(filter("amount=39900")), "amount");
}

#[test]
fn an_empty_list_or_object_of_a_form_is_none_and_a_text_is_no_list() {
    let parsed = |fields: &str| of_decimal_till(&format!("reference=R-1&amount=1.00&{fields}"), sale);
    let (request, _) = parsed("items=&metadata=").unwrap();
    assert!(request.details.items.is_empty() && request.details.metadata.is_empty());
    assert_eq!(refused_field(parsed("items=x")), "items");
    assert_eq!(refused_field(parsed("metadata=x")), "metadata");
}

#[test]
fn yes_and_no_of_a_form_are_words() {
    let mut directory = directory();
    directory.tills[0].profile.reference_optional = true;
    let asking = Asking { directory: &directory, till: &directory.tills[0], idempotency_key: None };
    let force = |word: &str| {
        let fields = Format::from(Dialect::Form).decode(format!("amount=100&force={word}").as_bytes())?;
        Ok(matches!(sale(fields, asking)?.0.naming, Naming::Unnamed { force: true }))
    };
    assert_eq!(force("true"), Ok(true));
    assert_eq!(force("false"), Ok(false));
    for word in ["yes", "1", "", "True"] {
        assert_eq!(refused_field(force(word)), "force", "{word}");
    }
}

#[test]
fn a_request_means_the_same_in_every_dialect() {
    let directory = directory();
    let asking = Asking { directory: &directory, till: &directory.tills[0], idempotency_key: None };
    let json = r#"{"reference":"R-1","amount":400,"wait":5,"operator":"Kari","metadata":{"shift":"2"},
        "items":[{"id":"a","line_id":"1","quantity":0.5,"amount":500,"vat":25},{"id":"b","line_id":"2","amount":-100}]}"#;
    let form = "reference=R-1&amount=400&wait=5&operator=Kari&metadata.shift=2&items[0].id=a&items[0].line_id=1\
        &items[0].quantity=0.5&items[0].amount=500&items[0].vat=25&items[1].id=b&items[1].line_id=2&items[1].amount=-100";
    let xml = "<sale><reference>R-1</reference><amount>400</amount><wait>5</wait><operator>Kari</operator>\
        <metadata><shift>2</shift></metadata><items><item><id>a</id><line_id>1</line_id><quantity>0.5</quantity>\
        <amount>500</amount><vat>25</vat></item><item><id>b</id><line_id>2</line_id><amount>-100</amount></item></items></sale>";
    let of = |dialect, body: &str| sale(Format::from(dialect).decode(body.as_bytes()).unwrap(), asking).unwrap();
    let expected = of(Dialect::Json, json);
    assert_eq!(of(Dialect::Form, form), expected);
    assert_eq!(of(Dialect::Xml, xml), expected);
}
