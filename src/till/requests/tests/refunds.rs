//! Giving back.

use super::*;

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
