//! What a till asks for, and by what it is known.

use pos_bridge::domain::identifiers::{OperationId, Reference};
use pos_bridge::domain::repeat::KnownBy;
use pos_bridge::domain::request::{
    Decimal, Details, Naming, Original, RefundRequest, RefundWish, UnlinkedRefundRequest,
};
use ulid::Ulid;

use crate::support::money;

fn reference() -> Reference {
    Reference::new("R-1001").unwrap()
}

fn refund(naming: Naming) -> RefundWish {
    RefundWish::OfSale(RefundRequest {
        naming,
        original: Original::Operation(OperationId(Ulid::from_parts(1, 7))),
        amount: None,
        currency: None,
        terminal: None,
        details: Details::default(),
    })
}

#[test]
fn a_request_is_known_by_its_number_else_by_what_it_asks_unless_it_is_a_new_one() {
    for (naming, number, known_by) in [
        (Naming::Reference(reference()), Some(reference()), KnownBy::Reference),
        (Naming::Unnamed { force: false }, None, KnownBy::Content),
        (Naming::Unnamed { force: true }, None, KnownBy::Nothing),
    ] {
        assert_eq!((naming.reference(), naming.known_by()), (number.as_ref(), known_by));
        assert_eq!(refund(naming).reference(), number.as_ref());
    }
}

#[test]
fn a_refund_without_a_sale_has_a_number_always() {
    let wish = RefundWish::Unlinked(UnlinkedRefundRequest {
        reference: reference(),
        money: money(100),
        terminal: None,
        details: Details::default(),
    });
    assert_eq!(wish.reference(), Some(&reference()));
}

/// A quantity goes to the provider as it was written.
#[test]
fn a_decimal_is_kept_as_it_was_written() {
    for text in ["0", "2", "10", "2.50", "0.375", "-1", "123456789.123456"] {
        let decimal = Decimal::parse(text).unwrap();
        assert_eq!(decimal.as_str(), text);
        assert_eq!(String::from(decimal), text);
    }
    for text in ["", "-", ".5", "5.", "01", "00", "1x", "1.x", "1.1234567", "1234567890", "1e3", "+1"] {
        assert!(Decimal::parse(text).is_err(), "{text}");
    }
}
