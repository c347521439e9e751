//! Receipts to print: the provider's own, fitted to the till's paper, else composed from what is known.
//!
//! Every proven result has one, declines and cancels too: in many countries the customer is given a slip of those.
//! Pure text, lines ended by `\n`; whoever sends it chooses the code page and the line ends.

mod compose;
mod provided;
mod sheet;

use self::sheet::Sheet;
use super::texts::slip;
use crate::domain::attempt::Kind;
use crate::domain::directory::{Language, Store, Till};
use crate::domain::operation::Operation;

/// Who keeps the receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Recipient {
    /// The customer.
    #[default]
    Customer,
    /// The shop.
    Merchant,
}

impl Recipient {
    /// Both, for tables.
    pub const ALL: [Self; 2] = [Self::Customer, Self::Merchant];

    /// The word that a till uses for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Merchant => "merchant",
        }
    }
}

/// What a receipt is printed on, and for whom.
#[derive(Debug, Clone, Copy)]
pub struct Paper<'a> {
    /// The characters of a line.
    pub columns: u8,
    /// The language of its labels.
    pub language: Language,
    /// Where its date and time are told (an IANA name).
    pub time_zone: &'a str,
}

impl<'a> Paper<'a> {
    /// A till's paper in this language. A shop that the configuration does not know any more is told in UTC.
    #[must_use]
    pub fn of(till: &Till, store: Option<&'a Store>, language: Language) -> Self {
        let time_zone = store.map_or("UTC", |store| store.time_zone.as_str());
        Self { columns: till.profile.receipt_columns, language, time_zone }
    }
}

/// Whether a receipt is the first of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edition {
    /// It comes with the result.
    Original,
    /// The till was told the result before: marked, so that nobody takes it for a second payment or refunds it twice.
    Copy,
}

/// The receipt of an operation; `None` while its result is not proven.
#[must_use]
pub fn receipt(operation: &Operation, recipient: Recipient, edition: Edition, paper: Paper<'_>) -> Option<String> {
    let outcome = slip::outcome(operation.status())?;
    let mut sheet = Sheet::new(paper.columns);
    mark(&mut sheet, operation, edition, paper.language);
    match provided(operation, recipient) {
        Some(text) => provided::fit(&mut sheet, text),
        None => compose::compose(&mut sheet, operation, recipient, outcome, paper),
    }
    Some(sheet.text())
}

/// The provider's own receipt.
fn provided(operation: &Operation, recipient: Recipient) -> Option<&str> {
    let receipt = operation.approval()?.receipt.as_ref()?;
    let text = match recipient {
        Recipient::Customer => &receipt.customer,
        Recipient::Merchant => &receipt.merchant,
    };
    text.as_deref().filter(|text| !text.trim().is_empty())
}

/// What must not be overlooked, above everything else.
fn mark(sheet: &mut Sheet, operation: &Operation, edition: Edition, language: Language) {
    if operation.simulated {
        sheet.centred(slip::SIMULATED.to(language));
        sheet.centred(slip::NO_MONEY_MOVED.to(language));
    }
    if operation.kind == Kind::Refund {
        sheet.centred(slip::REFUND.to(language));
    }
    if edition == Edition::Copy {
        sheet.centred(slip::COPY.to(language));
    }
    if !sheet.is_empty() {
        sheet.blank();
    }
}

#[cfg(test)]
mod tests;
