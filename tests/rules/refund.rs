//! How much may be given back (R3 to R6, R12).

use jiff::Timestamp;
use pos_bridge::domain::attempt::{Kind, Phase, Reason};
use pos_bridge::domain::directory::RefundLimits;
use pos_bridge::domain::evidence::Approval;
use pos_bridge::domain::money::{AMOUNT_MAX, Amount, Currency, Money};
use pos_bridge::domain::operation::{Operation, Retry, Status};
use pos_bridge::domain::refund::{
    Allowance, NotRefundable, RefundRoute, Refunded, leaves_nothing, refund_amount, sendable,
};
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
        let is_abandoned = matches!(sale.attempt.phase, Phase::Abandoned { .. });
        assert_eq!(refused, Err(NotRefundable::NotApproved { status: sale.status(), is_abandoned }));
    }
}

/// A till may ask again by itself only where time alone can help.
#[test]
fn a_till_asks_again_for_a_refund_only_where_what_is_in_the_way_will_be_decided() {
    let not_approved = |status, is_abandoned| NotRefundable::NotApproved { status, is_abandoned };
    let table = [
        (NotRefundable::AnotherUnderWay { is_abandoned: false }, Retry::SameReference),
        (NotRefundable::AnotherUnderWay { is_abandoned: true }, Retry::Operator),
        (not_approved(Status::Pending, false), Retry::SameReference),
        (not_approved(Status::Unknown, false), Retry::SameReference),
        (not_approved(Status::Unknown, true), Retry::Operator),
        (not_approved(Status::Declined, false), Retry::Never),
        (NotRefundable::NoTransaction, Retry::Never),
        (NotRefundable::Exceeds { left: 1 }, Retry::Never),
    ];
    for (reason, retry) in table {
        assert_eq!(reason.retry(), retry, "{reason:?}");
    }
}

/// What is proven to have moved nothing can be given back once more.
#[test]
fn a_refund_sets_its_amount_aside_until_it_is_proven_to_have_moved_nothing() {
    for phase in phases() {
        let unmoved = matches!(phase.name(), "declined" | "cancelled" | "failed");
        let expected = if unmoved { 0 } else { 39900 };
        assert_eq!(attempt(Kind::Refund, phase.clone()).set_aside(), expected, "{}", phase.name());
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

/// R3, R4.
#[test]
fn a_sale_is_given_back_in_parts_until_nothing_is_left() {
    let left = |left| Err(NotRefundable::Exceeds { left });
    for (set_aside, asked, expected) in [
        (0, None, Ok(39900)),
        (0, Some(1), Ok(1)),
        (0, Some(39900), Ok(39900)),
        (0, Some(39901), left(39900)),
        (100, None, Ok(39800)),
        (39899, Some(1), Ok(1)),
        (39899, Some(2), left(1)),
        (39900, Some(1), left(0)),
        (39900, None, left(0)),
        (40000, None, left(0)),
    ] {
        let told = refund_amount(&approved_sale(), set_aside, asked.map(money)).map(Amount::minor);
        assert_eq!(told, expected, "{asked:?} after {set_aside}");
    }
}

/// A request without an amount comes again: it was for what was left, not for a part that was given back before.
#[test]
fn a_refund_was_for_the_rest_where_it_leaves_nothing() {
    let declined = Phase::Declined { reason: Reason::new("declined", "declined") };
    for (phase, minor, set_aside, expected) in [
        (Phase::Sending, 39900, 39900, true),
        (Phase::Sending, 39800, 39900, true),
        (Phase::Sending, 100, 100, false),
        (Phase::Sending, 100, 39899, false),
        (declined.clone(), 39900, 0, true),
        (declined.clone(), 39800, 100, true),
        (declined.clone(), 39800, 99, false),
        (declined, 100, 0, false),
    ] {
        let mut refund = approved_sale();
        (refund.money, refund.attempt.phase) = (money(minor), phase.clone());
        let told = leaves_nothing(&refund, &approved_sale(), set_aside);
        assert_eq!(told, expected, "{minor} {phase:?} of {set_aside} set aside");
    }
    let mut unpaid = approved_sale();
    unpaid.attempt.phase = Phase::Sending;
    assert!(leaves_nothing(&approved_sale(), &unpaid, 0), "of a sale that is not approved nothing is left");
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

fn sum_of(minor: i64, currency: &str) -> Money {
    Money { amount: Amount::new(minor).unwrap(), currency: Currency::from_code(currency).unwrap() }
}

fn allowance(each: Option<i64>, per_day: Option<i64>, unlinked_per_day: Option<i64>) -> Allowance {
    Allowance {
        limits: RefundLimits { each, per_day, unlinked_per_day },
        currency: Currency::from_code("NOK").unwrap(),
        day_began: Timestamp::UNIX_EPOCH,
    }
}

#[test]
fn a_till_gives_back_up_to_its_limits_and_no_more() {
    use NotRefundable::{ExceedsTillsDay, ExceedsTillsLimit};
    let table = [
        (None, None, 1_000_000, 9_000_000, Ok(())),
        (Some(500), None, 500, 0, Ok(())),
        (Some(500), None, 499, 0, Ok(())),
        (Some(500), None, 501, 0, Err(ExceedsTillsLimit { most: 500 })),
        (None, Some(1000), 400, 600, Ok(())),
        (None, Some(1000), 399, 600, Ok(())),
        (None, Some(1000), 401, 600, Err(ExceedsTillsDay { left: 400 })),
        (None, Some(1000), 1, 1200, Err(ExceedsTillsDay { left: 0 })),
        (Some(500), Some(1000), 600, 0, Err(ExceedsTillsLimit { most: 500 })),
        (Some(500), Some(1000), 500, 501, Err(ExceedsTillsDay { left: 499 })),
    ];
    for (each, per_day, asked, given_back, expected) in table {
        let told = allowance(each, per_day, None).allows(sum_of(asked, "NOK"), given_back);
        assert_eq!(told, expected, "{asked} after {given_back} of {each:?} and {per_day:?}");
    }
}

/// Sums of two currencies are no sum.
#[test]
fn limits_count_in_one_currency() {
    let refused = Err(NotRefundable::NotInTheLimitsCurrency { limits: "NOK", asked: "SEK" });
    for (each, per_day) in [(Some(500), None), (None, Some(500)), (Some(500), Some(500))] {
        assert_eq!(allowance(each, per_day, None).allows(sum_of(1, "SEK"), 0), refused);
    }
    assert_eq!(allowance(None, None, None).allows(sum_of(1, "SEK"), 0), Ok(()), "nothing is counted");
    assert_eq!(allowance(None, None, Some(500)).allows_unlinked(sum_of(1, "SEK"), 0), refused);
}

#[test]
fn without_a_sale_nothing_is_given_back_but_what_is_allowed() {
    let left = |left| Err(NotRefundable::ExceedsTillsDayUnlinked { left });
    for (per_day, asked, given_back, expected) in [
        (None, 1, 0, left(0)),
        (Some(500), 500, 0, Ok(())),
        (Some(500), 300, 200, Ok(())),
        (Some(500), 301, 200, left(300)),
        (Some(500), 1, 700, left(0)),
    ] {
        assert_eq!(allowance(None, None, per_day).allows_unlinked(sum_of(asked, "NOK"), given_back), expected);
    }
}

#[test]
fn each_route_says_whether_it_begins_at_the_terminal_and_whether_it_may_come_to_it() {
    let routes = [RefundRoute::Terminal, RefundRoute::Plain, RefundRoute::PlainThenTerminal];
    assert_eq!(routes.map(RefundRoute::begins_at_terminal), [true, false, false]);
    assert_eq!(routes.map(RefundRoute::needs_terminal), [true, false, true]);
}

/// Ours are in a provider's sum, so only what is beyond them was given back by others.
#[test]
fn what_others_gave_back_is_what_ours_do_not_explain() {
    let at_machines = |sum, at_machines| Refunded::InAllAndAtMachines { sum, at_machines };
    for (refunded, sent, expected) in [
        (Refunded::Elsewhere(500), 300, 500),
        (Refunded::Elsewhere(-1), 0, 0),
        (Refunded::Elsewhere(i64::MAX), 0, AMOUNT_MAX),
        (Refunded::InAll(500), 300, 200),
        (Refunded::InAll(300), 500, 0),
        (Refunded::InAll(i64::MIN), 500, 0),
        (Refunded::InAll(i64::MAX), 300, AMOUNT_MAX),
        (at_machines(500, 50), 300, 250),
        (at_machines(300, 50), 500, 50),
        (at_machines(i64::MAX, i64::MAX), 0, AMOUNT_MAX),
    ] {
        assert_eq!(refunded.elsewhere(sent), expected, "{refunded:?} where {sent} was sent");
    }
}

#[test]
fn a_reading_is_news_only_where_it_tells_of_more() {
    for (sum, known, expected) in [(500, 199, Some(200)), (500, 200, None), (500, 201, None), (300, 0, None)] {
        assert_eq!(Refunded::InAll(sum).news_elsewhere(300, known), expected, "{sum} where {known} was known");
    }
}
