//! What goes wrong, and when: the rules, and the book that draws from them.

mod bodies;
mod rule;
mod strike;

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

pub use rule::{CallKind, ErrorBody, Fault, FaultRule, Moment};
pub(crate) use strike::{Severed, strike};

/// A fault that is to happen now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Drawn {
    pub(crate) fault: Fault,
    pub(crate) moment: Moment,
}

/// The rules in force, in order, with what they did so far.
#[derive(Debug)]
pub(crate) struct FaultBook {
    entries: Vec<Entry>,
    hits: BTreeMap<&'static str, u64>,
    random: StdRng,
}

#[derive(Debug)]
struct Entry {
    rule: FaultRule,
    skipped: u32,
    hits: u64,
}

impl FaultBook {
    pub(crate) fn new(seed: u64) -> Self {
        Self { entries: Vec::new(), hits: BTreeMap::new(), random: StdRng::seed_from_u64(seed) }
    }

    /// Replaces all rules; the counts of what was done go on.
    pub(crate) fn replace(&mut self, rules: Vec<FaultRule>) {
        self.entries = rules.into_iter().map(|rule| Entry { rule, skipped: 0, hits: 0 }).collect();
    }

    pub(crate) fn clear(&mut self, seed: u64) {
        *self = Self::new(seed);
    }

    /// The first rule that applies to this call, if any does.
    pub(crate) fn draw(&mut self, call: CallKind) -> Option<Drawn> {
        for entry in self.entries.iter_mut().filter(|entry| entry.rule.concerns(call)) {
            if entry.skipped < entry.rule.skip {
                entry.skipped += 1;
                continue;
            }
            let spent = entry.rule.limit().is_some_and(|times| entry.hits >= u64::from(times));
            let lucky = entry.rule.per_mille.is_some_and(|chance| self.random.random_range(0..1_000) >= chance);
            if spent || lucky {
                continue;
            }
            entry.hits += 1;
            *self.hits.entry(entry.rule.fault.name()).or_default() += 1;
            return Some(Drawn { fault: entry.rule.fault.clone(), moment: entry.rule.moment() });
        }
        None
    }

    /// The rules with their counts, and the counts by kind of fault.
    pub(crate) fn report(&self) -> Value {
        let rules = self.entries.iter().map(|entry| json!({ "rule": entry.rule, "hits": entry.hits }));
        json!({ "rules": rules.collect::<Vec<_>>(), "hits": self.hits })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book(rules: Value) -> FaultBook {
        let mut book = FaultBook::new(7);
        book.replace(serde_json::from_value(rules).unwrap());
        book
    }

    #[test]
    fn a_rule_hits_once_unless_told() {
        let mut book = book(json!([{ "call": "refund", "fault": "reset", "skip": 1 }]));
        assert_eq!(book.draw(CallKind::Token), None);
        assert_eq!(book.draw(CallKind::Refund), None);
        assert_eq!(book.draw(CallKind::Refund).unwrap().fault, Fault::Reset);
        assert_eq!(book.draw(CallKind::Refund), None);
        assert_eq!(book.report()["hits"]["reset"], 1);
    }

    #[test]
    fn a_seed_repeats_its_chances() {
        let draw = || {
            let mut book = book(json!([{ "fault": { "delay": 1 }, "per_mille": 300 }]));
            (0..50).map(|_| book.draw(CallKind::Token).is_some()).collect::<Vec<_>>()
        };
        assert_eq!(draw(), draw());
        assert!(draw().contains(&true) && draw().contains(&false));
    }

    #[test]
    fn any_call_does_not_mean_callbacks() {
        let mut book = book(json!([{ "fault": "reset", "times": 9 }]));
        assert_eq!(book.draw(CallKind::Callback), None);
    }
}
