//! A receipt of our own, where the provider gave none.

use jiff::tz::TimeZone;

use super::sheet::{Sheet, clean};
use super::{Paper, Recipient};
use crate::domain::card::Card;
use crate::domain::directory::Language;
use crate::domain::money::{Amount, Money};
use crate::domain::operation::Operation;
use crate::till::texts::{self, Text, slip};

/// What separates the parts.
const RULE: char = '-';

pub(super) fn compose(sheet: &mut Sheet, operation: &Operation, recipient: Recipient, outcome: Text, paper: Paper<'_>) {
    let language = paper.language;
    sheet.centred(&clean(operation.store.as_str()));
    sheet.centred(heading(recipient).to(language));
    sheet.blank();
    sheet.pair(slip::DATE.to(language), &date(operation, paper.time_zone));
    sheet.pair(slip::TILL.to(language), operation.till.as_str());
    sheet.pair(slip::TERMINAL.to(language), operation.terminal.as_str());
    sheet.pair(slip::REFERENCE.to(language), &clean(operation.reference.as_str()));
    sheet.rule(RULE);
    amounts(sheet, operation, language);
    sheet.rule(RULE);
    payment(sheet, operation, language);
    sheet.centred(outcome.to(language));
}

const fn heading(recipient: Recipient) -> Text {
    match recipient {
        Recipient::Customer => slip::CUSTOMER,
        Recipient::Merchant => slip::MERCHANT,
    }
}

/// When the till asked, or asked again: a moment that never changes, so that every copy tells the same.
fn date(operation: &Operation, time_zone: &str) -> String {
    let time_zone = TimeZone::get(time_zone).unwrap_or(TimeZone::UTC);
    let is_first = operation.attempt.number == 1;
    let asked_at = if is_first { operation.created_at } else { operation.attempt.order.reference.made_at() };
    asked_at.to_zoned(time_zone).strftime("%Y-%m-%d %H:%M").to_string()
}

/// What moved, or what would have moved; with what the customer added to it at the terminal.
fn amounts(sheet: &mut Sheet, operation: &Operation, language: Language) {
    let asked = operation.money.amount;
    let moved = operation.approval().map_or(asked, |approval| approval.amount);
    let shown = |amount| texts::amount(Money { amount, ..operation.money }, language);
    let label = slip::kind(operation.kind).to(language);
    match Amount::new(moved.minor() - asked.minor()) {
        Ok(added) => {
            sheet.pair(label, &shown(asked));
            sheet.pair(slip::ADDED.to(language), &shown(added));
            sheet.pair(slip::IN_ALL.to(language), &shown(moved));
        }
        Err(_) => sheet.pair(label, &shown(moved)),
    }
}

/// The card and the payment, where there is one.
fn payment(sheet: &mut Sheet, operation: &Operation, language: Language) {
    let Some(approval) = operation.approval() else { return };
    if let Some(Card { brand, masked_pan, entry_method }) = &approval.card {
        let entry = entry_method.as_deref().map(|word| match slip::entry_method(word) {
            Some(text) => text.to(language).to_owned(),
            None => word.to_owned(),
        });
        optional(sheet, slip::CARD.to(language), brand.as_deref());
        optional(sheet, slip::NUMBER.to(language), masked_pan.as_deref());
        optional(sheet, slip::READ_BY.to(language), entry.as_deref());
    }
    optional(sheet, slip::TRANSACTION.to(language), approval.transaction.as_ref().map(|id| id.as_str()));
    sheet.blank();
}

fn optional(sheet: &mut Sheet, label: &str, value: Option<&str>) {
    let value = value.map(clean).filter(|value| !value.trim().is_empty());
    if let Some(value) = value {
        sheet.pair(label, value.trim());
    }
}
