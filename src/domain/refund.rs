//! How much of a sale may still be given back, and how much others gave back.

use jiff::Timestamp;

use super::attempt::{Attempt, Phase, Reason};
use super::directory::RefundLimits;
use super::money::{AMOUNT_MAX, Amount, Currency, Money};
use super::operation::{Operation, Retry, Status};

/// Why a refund is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotRefundable {
    /// Only money that was taken can be given back.
    #[error("the sale is {}; only an approved sale can be refunded", .status.name())]
    NotApproved {
        /// What the sale is instead.
        status: Status,
        /// Nothing comes of it by itself any more: a person decides.
        is_abandoned: bool,
    },
    /// An operator approved it without a payment at the provider to give back.
    #[error("the provider's payment behind this sale is not known; refund it in the provider's back office")]
    NoTransaction,
    /// The customer paid twice, and this is the payment that the sale does not rest on.
    #[error("this is a second payment of the sale; refund it in the provider's back office")]
    SecondPayment,
    /// Another refund of the sale is under way or not decided, and the provider could not tell the two apart.
    #[error(
        "another refund of this sale is not decided yet; wait for it, or have it decided with `pos-bridge resolve`"
    )]
    AnotherUnderWay {
        /// Nothing comes of it by itself any more: a person decides.
        is_abandoned: bool,
    },
    /// The terminal is driven by another provider than the one that holds the payment.
    #[error(
        "the sale was taken through {sale}, terminal {terminal:?} is driven by another provider; name one of {sale}"
    )]
    OtherProvider {
        /// The provider that holds the payment.
        sale: &'static str,
        /// The terminal that was to give it back.
        terminal: String,
    },
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
    /// More than the till may give back in one refund.
    #[error(
        "this till may give back no more than {most} minor units in one refund; let a till refund it that may give back \
         more, or raise refund_max"
    )]
    ExceedsTillsLimit {
        /// Minor units that it may.
        most: i64,
    },
    /// More than the till may still give back today.
    #[error(
        "this till may give back {left} minor units more today; let a till refund it that may give back more, or raise \
         refund_max_per_day"
    )]
    ExceedsTillsDay {
        /// Minor units that it still may.
        left: i64,
    },
    /// The till may give nothing back without a sale.
    #[error(
        "this till may not give money back without a sale; name the sale (original_reference, operation_id or \
         transaction_id), or add \"unlinked_refund\" to its scopes"
    )]
    UnlinkedNotAllowed,
    /// The terminal may not give anything back without a sale.
    #[error(
        "terminal {0:?} gives no money back without a sale; name the sale (original_reference, operation_id or \
         transaction_id), or a terminal whose capabilities have unlinked_refund"
    )]
    UnlinkedNotHere(String),
    /// More than the till may still give back today without a sale.
    #[error(
        "this till may give back {left} minor units more today without a sale; name the sale, or raise \
         unlinked_refund_max_per_day"
    )]
    ExceedsTillsDayUnlinked {
        /// Minor units that it still may.
        left: i64,
    },
    /// The till's limits are in another currency, so they cannot be kept.
    #[error(
        "this till's refund limits are in {limits}, so it gives back nothing in {asked}; let another till refund it"
    )]
    NotInTheLimitsCurrency {
        /// The store's.
        limits: &'static str,
        /// The refund's.
        asked: &'static str,
    },
}

impl NotRefundable {
    /// What the till may do next: ask again where what is in the way will be decided.
    #[must_use]
    pub const fn retry(&self) -> Retry {
        match self {
            Self::NotApproved { is_abandoned: true, .. } | Self::AnotherUnderWay { is_abandoned: true } => {
                Retry::Operator
            }
            Self::NotApproved { status, .. } if !status.is_final() => Retry::SameReference,
            Self::AnotherUnderWay { .. } => Retry::SameReference,
            _ => Retry::Never,
        }
    }
}

/// How a provider gives money back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RefundRoute {
    /// At the terminal, to the card that the customer presents.
    #[default]
    Terminal,
    /// Without a terminal, to the card of the sale.
    Plain,
    /// Without a terminal; where the provider refuses that, at the terminal.
    PlainThenTerminal,
}

impl RefundRoute {
    /// The card is presented from the beginning.
    #[must_use]
    pub const fn begins_at_terminal(self) -> bool {
        matches!(self, Self::Terminal)
    }

    /// It may come to the terminal, so it holds it from the beginning.
    #[must_use]
    pub const fn needs_terminal(self) -> bool {
        !matches!(self, Self::Plain)
    }
}

/// What a till may give back, and since when its refunds count together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// How much.
    pub limits: RefundLimits,
    /// In what: its store's currency.
    pub currency: Currency,
    /// When its store's business day began.
    pub day_began: Timestamp,
}

impl Allowance {
    /// Whether the till may give this back.
    ///
    /// `given_back` is the sum, in minor units, of the till's refunds since the day began that have moved money or may
    /// still move it.
    ///
    /// # Errors
    /// [`NotRefundable`] with what is left.
    pub fn allows(&self, money: Money, given_back: i64) -> Result<(), NotRefundable> {
        let RefundLimits { each, per_day, .. } = self.limits;
        if each.or(per_day).is_some() && money.currency != self.currency {
            let (limits, asked) = (self.currency.code(), money.currency.code());
            return Err(NotRefundable::NotInTheLimitsCurrency { limits, asked });
        }
        let asked = money.amount.minor();
        if let Some(most) = each.filter(|most| asked > *most) {
            return Err(NotRefundable::ExceedsTillsLimit { most });
        }
        match per_day.map(|most| most.saturating_sub(given_back)) {
            Some(left) if asked > left => Err(NotRefundable::ExceedsTillsDay { left: left.max(0) }),
            _ => Ok(()),
        }
    }

    /// Whether the till may give this back without a sale; `given_back` is what it has given back so.
    ///
    /// # Errors
    /// [`NotRefundable`] with what is left.
    pub fn allows_unlinked(&self, money: Money, given_back: i64) -> Result<(), NotRefundable> {
        if money.currency != self.currency {
            let (limits, asked) = (self.currency.code(), money.currency.code());
            return Err(NotRefundable::NotInTheLimitsCurrency { limits, asked });
        }
        let left = self.limits.unlinked_per_day.unwrap_or_default().saturating_sub(given_back);
        if money.amount.minor() > left {
            return Err(NotRefundable::ExceedsTillsDayUnlinked { left: left.max(0) });
        }
        Ok(())
    }
}

impl Attempt {
    /// Its minor units that have moved or may still move: so much a refund sets aside of its sale.
    #[must_use]
    pub const fn set_aside(&self) -> i64 {
        if self.phase.may_move_money() { self.order.money.amount.minor() } else { 0 }
    }
}

/// How much a refund gives back: what was asked, or all that is left.
///
/// `set_aside` is the sum of every refund of this sale that has moved money or may still move it ([`Attempt::set_aside`]),
/// whoever asked for it.
///
/// # Errors
/// [`NotRefundable`] when the sale is not approved, the currency differs, or more is asked than is left.
pub fn refund_amount(sale: &Operation, set_aside: i64, asked: Option<Money>) -> Result<Amount, NotRefundable> {
    let Phase::Approved { approval, .. } = &sale.attempt.phase else {
        return Err(NotRefundable::NotApproved {
            status: sale.status(),
            is_abandoned: matches!(sale.attempt.phase, Phase::Abandoned { .. }),
        });
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

/// Whether a refund leaves nothing of its sale, as one does that was asked for without an amount.
///
/// `set_aside` is that of [`refund_amount`].
#[must_use]
pub fn leaves_nothing(refund: &Operation, sale: &Operation, set_aside: i64) -> bool {
    let its_own = if refund.attempt.phase.may_move_money() { 0 } else { refund.money.amount.minor() };
    sale.approval().is_none_or(|approval| set_aside.saturating_add(its_own) >= approval.amount.minor())
}

/// Minor units of a payment that were given back, as far as the provider tells whose refunds they were.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refunded {
    /// By somebody else: refunds of ours carry our references.
    Elsewhere(i64),
    /// By anybody: the provider tells the sum alone.
    InAll(i64),
    /// By anybody, and at machines by refunds that are none of ours. Whether the sum holds those is documented nowhere, so
    /// that both count.
    InAllAndAtMachines {
        /// The sum.
        sum: i64,
        /// By refunds that are none of ours.
        at_machines: i64,
    },
}

impl Refunded {
    /// What others gave back, where so much was sent by us, or may have been.
    #[must_use]
    pub fn elsewhere(self, sent: i64) -> i64 {
        let elsewhere = match self {
            Self::Elsewhere(minor) => minor,
            Self::InAll(sum) => sum.saturating_sub(sent),
            Self::InAllAndAtMachines { sum, at_machines } => {
                sum.saturating_sub(sent).max(0).saturating_add(at_machines)
            }
        };
        // More than a sale can take is a lie, and must not spoil the sums of the journal.
        elsewhere.clamp(0, AMOUNT_MAX)
    }

    /// The same, where it is more than is `known`: a reading that says less is stale.
    #[must_use]
    pub fn news_elsewhere(self, sent: i64, known: i64) -> Option<i64> {
        Some(self.elsewhere(sent)).filter(|elsewhere| *elsewhere > known)
    }
}

/// Whether the provider's own record lets a refund be sent: other people refund there too.
///
/// # Errors
/// Why not; nothing is sent then.
pub fn sendable(amount: Amount, captured: i64, refunded: i64) -> Result<(), Reason> {
    if captured == 0 {
        return Err(Reason::new("not_captured", "the payment is not captured yet; try again later or void it"));
    }
    let left = captured.saturating_sub(refunded);
    if amount.minor() > left {
        let text = format!("the provider has {left} minor units left to refund; somebody refunded it there");
        return Err(Reason::new("refund_exceeds", text));
    }
    Ok(())
}
