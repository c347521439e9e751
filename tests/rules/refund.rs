//! How much may be given back (R3 to R6, R12).

use pos_bridge::domain::attempt::Phase;
use pos_bridge::domain::evidence::Approval;
use pos_bridge::domain::money::{Amount, Currency, Money};
use pos_bridge::domain::operation::Operation;
use pos_bridge::domain::refund::{NotRefundable, refund_amount, sendable};
use proptest::prelude::*;

use crate::support::*;

fn approved_sale() -> Operation {
    operation(sale(Phase::Approved { approval: approval(), late: false, resolution: None }))
}

/// R6.
#[test]
fn only_an_approved_sale_is_refunded() {
    for phase in phases().into_iter().filter(|phase| phase.name() != "approved") {
        let sale = operation(sale(phase));
        let refused = refund_amount(&sale, 0, None);
        assert_eq!(refused, Err(NotRefundable::NotApproved { status: sale.status().name() }));
    }
}

#[test]
fn an_approval_without_a_payment_at_the_provider_is_refunded_there() {
    let approval = Approval { transaction: None, ..approval() };
    let sale = operation(sale(Phase::Approved { approval, late: false, resolution: None }));
    assert_eq!(refund_amount(&sale, 0, None), Err(NotRefundable::NoTransaction));
}

/// R12.
#[test]
fn a_refund_is_in_the_sales_currency() {
    let sek = Money { amount: Amount::new(1).unwrap(), currency: Currency::from_code("SEK").unwrap() };
    assert_eq!(
        refund_amount(&approved_sale(), 0, Some(sek)),
        Err(NotRefundable::Currency { sale: "NOK", asked: "SEK" })
    );
}

/// R5, R14.
#[test]
fn the_providers_own_record_is_asked_before_a_refund_is_sent() {
    let amount = Amount::new(1000).unwrap();
    assert_eq!(sendable(amount, 0, 0).unwrap_err().code, "not_captured");
    assert_eq!(sendable(amount, 39900, 38901).unwrap_err().code, "refund_exceeds");
    assert_eq!(sendable(amount, 39900, 38900), Ok(()));
}

proptest! {
    /// R3, R4: however a sale is given back in parts, the parts never exceed it, and they can reach it exactly.
    #[test]
    fn refunds_never_exceed_the_sale(parts in prop::collection::vec(prop::option::of(1_i64..20_000), 1..40)) {
        let sale = approved_sale();
        let mut set_aside = 0;
        for part in parts {
            match refund_amount(&sale, set_aside, part.map(money)) {
                Ok(amount) => {
                    prop_assert!(part.is_none_or(|part| part == amount.minor()));
                    set_aside += amount.minor();
                }
                Err(refused) => {
                    let left = 39900 - set_aside;
                    prop_assert_eq!(refused, NotRefundable::Exceeds { left });
                    prop_assert!(part.map_or(left == 0, |part| part > left));
                }
            }
            prop_assert!(set_aside <= 39900);
        }
    }
}
