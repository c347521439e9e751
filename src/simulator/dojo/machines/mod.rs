//! Which virtual terminal does what, by the last four characters of its `tid`.

mod table;

use serde::Serialize;

use table::TABLE;

/// One row of the table: a suffix and what a virtual terminal with it does.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct VirtualTerminal {
    /// The last four characters of its `tid`.
    pub suffix: &'static str,
    /// The amount that does the same on a terminal that ends in `AMT0`.
    pub amount: Option<i64>,
    /// In a few words.
    pub what_happens: &'static str,
    #[serde(skip)]
    pub(crate) script: Script,
}

/// What a virtual terminal plays.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Script {
    pub(crate) card: Card,
    pub(crate) steps: &'static [Step],
    pub(crate) cancel: CancelRule,
    pub(crate) reach: Reach,
    pub(crate) rejected: RejectRule,
    /// Keyed on the machine.
    pub(crate) tip_percent: i64,
    pub(crate) cashback: i64,
    /// Added to the amounts that the intent shows; the money really taken is the intent's.
    pub(crate) shown_difference: i64,
    /// Refunds are declined, whatever the steps say of sales.
    pub(crate) declines_refunds: bool,
    /// The amount of the sale or refund picks the script.
    pub(crate) by_amount: bool,
}

/// A happening, and how many virtual milliseconds after the one before.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    pub(crate) after: u64,
    pub(crate) happening: Happening,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Happening {
    /// The terminal has the session.
    Initiate,
    /// It shows something.
    Show(&'static str),
    /// A card is presented: from here on there is an attempt.
    Present,
    AskSignature,
    /// The payment is made, or the refund.
    Capture,
    Decline,
    Cancel,
    Expire,
    /// The payment is made, and the session does not tell.
    CaptureUnseen,
    /// What was captured is given back whole.
    Reverse,
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
pub(crate) enum Reach {
    Available,
    InUse,
    Offline,
}

/// What a rejected signature leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RejectRule {
    Declines,
    /// Declined by the session, and yet captured 90 s later.
    CapturesLater,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Card {
    pub(crate) scheme: &'static str,
    pub(crate) funding: &'static str,
    pub(crate) masked_number: &'static str,
    pub(crate) expiry_date: &'static str,
    pub(crate) application_identifier: &'static str,
    pub(crate) entry_mode: &'static str,
    pub(crate) verification: &'static str,
}

/// The whole table: Dojo's own virtual terminals, then those of the simulator.
pub fn virtual_terminals() -> &'static [VirtualTerminal] {
    TABLE
}

/// What a terminal with this `tid` plays; approved by PIN if the end of it says nothing.
pub(crate) fn script_of(tid: &str) -> &'static Script {
    let row = TABLE.iter().find(|row| tid.ends_with(row.suffix));
    row.map_or(&table::PIN, |row| &row.script)
}

impl Script {
    /// What it plays for an amount.
    pub(crate) fn for_amount(&'static self, amount: i64) -> &'static Script {
        if !self.by_amount {
            return self;
        }
        let row = TABLE.iter().find(|row| row.amount == Some(amount));
        row.map_or(&table::CONTACTLESS, |row| &row.script)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn suffixes_and_amounts_are_unique() {
        let suffixes: HashSet<_> = TABLE.iter().map(|row| row.suffix).collect();
        assert_eq!(suffixes.len(), TABLE.len());
        let amounts: Vec<_> = TABLE.iter().filter_map(|row| row.amount).collect();
        assert_eq!(amounts.iter().collect::<HashSet<_>>().len(), amounts.len());
    }

    #[test]
    fn the_amount_decides_only_where_it_is_asked() {
        let declines = script_of("VCMDEMOAMT0").for_amount(990_100);
        assert_eq!(declines.steps.last().unwrap().happening, Happening::Decline);
        let approves = script_of("VCMDEMOSIP0").for_amount(990_100);
        assert_eq!(approves.steps.last().unwrap().happening, Happening::Capture);
    }
}
