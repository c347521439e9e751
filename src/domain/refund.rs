//! How much of a sale may still be given back.

use super::attempt::{Phase, Reason};
use super::money::{Amount, Money};
use super::operation::Operation;

/// Why a refund is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotRefundable {
    /// Only money that was taken can be given back.
    #[error("the sale is {status}; only an approved sale can be refunded")]
    NotApproved {
        /// What the sale is instead.
        status: &'static str,
    },
    /// An operator approved it without a payment at the provider to give back.
    #[error("the provider's payment behind this sale is not known; refund it in the provider's back office")]
    NoTransaction,
    /// The customer paid twice, and this is the payment that the sale does not rest on.
    #[error("this is a second payment of the sale; refund it in the provider's back office")]
    SecondPayment,
    /// Another currency than the sale's.
    #[error("the sale was in {sale}, a refund in {asked} is not possible")]
    Currency {
        /// The sale's.
        sale: &'static str,
        /// The refund's.
        asked: &'static str,
    },
    /// More than is left.
    #[error("{left} minor units of the sale are left to refund")]
    Exceeds {
        /// Minor units that are left.
        left: i64,
    },
}

/// How much a refund gives back: what was asked, or all that is left.
///
/// `set_aside` is the sum of every refund of this sale that has moved money or may still move it, whoever asked for it.
///
/// # Errors
/// [`NotRefundable`] when the sale is not approved, the currency differs, or more is asked than is left.
pub fn refund_amount(sale: &Operation, set_aside: i64, asked: Option<Money>) -> Result<Amount, NotRefundable> {
    let Phase::Approved { approval, .. } = &sale.attempt.phase else {
        return Err(NotRefundable::NotApproved { status: sale.status().name() });
    };
    if approval.transaction.is_none() {
        return Err(NotRefundable::NoTransaction);
    }
    if let Some(money) = asked.filter(|money| money.currency != sale.money.currency) {
        return Err(NotRefundable::Currency { sale: sale.money.currency.code(), asked: money.currency.code() });
    }
    let left = approval.amount.minor() - set_aside;
    let wanted = asked.map_or(left, |money| money.amount.minor());
    Amount::new(wanted).ok().filter(|amount| amount.minor() <= left).ok_or(NotRefundable::Exceeds { left: left.max(0) })
}

/// Whether the provider's own record lets a refund be sent: other people refund there too.
///
/// # Errors
/// Why not; nothing is sent then.
pub fn sendable(amount: Amount, captured: i64, refunded: i64) -> Result<(), Reason> {
    if captured == 0 {
        return Err(Reason::new("not_captured", "the payment is not captured yet; try again later or void it"));
    }
    let left = captured - refunded;
    if amount.minor() > left {
        let text = format!("the provider has {left} minor units left to refund; somebody refunded it there");
        return Err(Reason::new("refund_exceeds", text));
    }
    Ok(())
}
