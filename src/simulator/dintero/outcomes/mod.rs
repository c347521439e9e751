//! Which amount does what: the one table of the virtual terminals.
//!
//! A sale is played by the row of its amount; any amount without a row plays like 39900. A refund is played by the row
//! of its own amount if that row says something about refunds, else by the row of the sale's amount.

mod table;

use serde::Serialize;

use table::{APPROVES, TABLE};
pub(crate) use table::{DO_NOT_HONOUR, REFUND_FAILED};

/// One row of the table: an amount and what a virtual terminal does with it.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Outcome {
    /// The order's amount, in minor units.
    pub amount: i64,
    /// In a few words.
    pub what_happens: &'static str,
    /// In a sentence.
    pub description: &'static str,
    #[serde(skip)]
    pub(crate) script: Script,
}

/// What a virtual terminal plays.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Script {
    pub(crate) card: Card,
    pub(crate) steps: &'static [Step],
    pub(crate) cancel: CancelRule,
    pub(crate) refund: RefundRule,
    /// Added to the amount the transaction shows; the money really taken is the order's.
    pub(crate) shown_difference: i64,
    pub(crate) offline: bool,
}

/// A happening, and how long after the one before.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    pub(crate) wait: Wait,
    pub(crate) happening: Happening,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wait {
    /// Virtual milliseconds.
    Virtual(u64),
    /// Until the session has expired, and then virtual milliseconds.
    PastExpiry(u64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Happening {
    Initiate,
    Authorize,
    Capture,
    /// Authorised, and captured too unless the session switched auto-capture off.
    Approve,
    Decline(&'static Reason),
    Fail(&'static Reason),
    CustomerStops,
    Hold,
    LoseTrack,
}

/// Why a card was not accepted, in the words of a transaction event's `error`.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Reason {
    pub(crate) code: &'static str,
    pub(crate) message: &'static str,
    #[serde(rename = "type")]
    pub(crate) kind: [&'static str; 1],
    pub(crate) result_code: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CancelRule {
    Obeys,
    /// Cancel answers 200, and yet the card is charged.
    CardWins,
    /// The card is charged in the moment of the cancel, which is refused.
    CapturesFirst,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RefundRule {
    Approves,
    Refused,
    /// 200, with a `REFUND` event whose `success` is false.
    AnswersFailed,
    Accepted(Accepted),
}

/// How a refund that was answered with 202 ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Accepted {
    Succeeds,
    Fails,
    /// Fails, and Dintero corrects that later: the money was given back.
    FailsThenCorrected,
}

#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Card {
    pub(crate) brand: &'static str,
    pub(crate) masked_pan: &'static str,
    pub(crate) expiry_date: &'static str,
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    pub(crate) entry_method: &'static str,
    #[serde(skip)]
    pub(crate) application_identifier: &'static str,
}

/// The whole table, lowest amount first.
pub fn outcome_table() -> &'static [Outcome] {
    TABLE
}

/// What a sale of this amount plays.
pub(crate) fn sale_script(amount: i64) -> &'static Script {
    find(amount).map_or(&APPROVES, |outcome| &outcome.script)
}

/// What a refund plays: its own row if that speaks of refunds, else the sale's.
pub(crate) fn refund_rule(refund_amount: i64, sale_amount: i64) -> RefundRule {
    match sale_script(refund_amount).refund {
        RefundRule::Approves => sale_script(sale_amount).refund,
        own => own,
    }
}

fn find(amount: i64) -> Option<&'static Outcome> {
    TABLE.binary_search_by_key(&amount, |outcome| outcome.amount).ok().map(|position| &TABLE[position])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_unique_and_ascending() {
        assert!(outcome_table().windows(2).all(|pair| pair[0].amount < pair[1].amount));
    }

    #[test]
    fn an_amount_without_a_row_plays_like_39900() {
        assert_eq!(sale_script(12_345).card.brand, "Visa");
        assert_eq!(sale_script(12_345).steps[0].happening, Happening::Approve);
    }

    #[test]
    fn a_refund_is_played_by_its_own_row_before_the_sales() {
        assert_eq!(refund_rule(990_120, 2_000_000), RefundRule::Refused);
        assert_eq!(refund_rule(100, 990_124), RefundRule::AnswersFailed);
        assert_eq!(refund_rule(100, 39_900), RefundRule::Approves);
    }
}
