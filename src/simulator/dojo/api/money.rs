//! An amount with its currency, and what is wrong with one.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::problem::Problem;

const CURRENCIES: &[&str] = &["GBP", "EUR"];

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Money {
    pub(super) value: i64,
    pub(super) currency_code: String,
}

/// Collects what is wrong, by member: every mistake is told, not just the first.
#[derive(Debug, Default)]
pub(super) struct Mistakes {
    errors: BTreeMap<&'static str, Vec<String>>,
}

impl Mistakes {
    pub(super) fn add(&mut self, member: &'static str, mistake: impl Into<String>) {
        self.errors.entry(member).or_default().push(mistake.into());
    }

    pub(super) fn missing(&mut self, member: &'static str) {
        self.add(member, format!("The {member} field is required."));
    }

    /// An amount that is asked for or given back: positive, in pounds or euros.
    pub(super) fn amount(&mut self, member: &'static str, money: &Money) {
        self.at_least(member, money.value, 1);
        if !CURRENCIES.contains(&money.currency_code.as_str()) {
            self.add(member, "The currency must be GBP or EUR.");
        }
    }

    pub(super) fn at_least(&mut self, member: &'static str, value: i64, least: i64) {
        if value < least {
            self.add(member, format!("The {member} field must be at least {least}."));
        }
    }

    pub(super) fn no_longer_than(&mut self, member: &'static str, text: Option<&str>, most: usize) {
        if text.is_some_and(|text| text.chars().count() > most) {
            self.add(member, format!("The {member} field must have at most {most} characters."));
        }
    }

    pub(super) fn done(self) -> Result<(), Problem> {
        if self.errors.is_empty() { Ok(()) } else { Err(Problem::invalid(self.errors)) }
    }
}
