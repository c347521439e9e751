//! What was tried, and whether it was enough to mean something.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::faults::{every_label, kinds, never_struck};
use crate::history::Books;
use crate::journal::Journal;
use crate::provider::Ledger;

/// Without one of these at either provider a long run has not tried what it should.
const OUTCOMES: [&str; 9] = [
    "sale approved",
    "sale declined",
    "sale cancelled",
    "sale failed",
    "sale abandoned",
    "refund approved",
    "refund declined",
    "refund failed",
    "refund abandoned",
];

#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) cycles: u32,
    pub(crate) kills: u32,
    pub(crate) early_kills: u32,
    pub(crate) slow_starts: u32,
    pub(crate) starts: Vec<Duration>,
    outcomes: BTreeMap<String, u64>,
    hits: BTreeMap<String, u64>,
    refusals: BTreeMap<String, u64>,
    alarms: BTreeMap<String, u64>,
    requests: u64,
    unanswered: u64,
    told: usize,
    events: usize,
    late: usize,
    creates: u64,
    intents: u64,
    sessions: u64,
    refund_calls: u64,
    captured: usize,
}

impl Report {
    /// A shop's books were closed.
    pub(crate) fn count(&mut self, ledger: &Ledger, journal: &Journal, books: &Books, hits: &BTreeMap<String, u64>) {
        for attempt in &journal.attempts {
            let kind = &journal.operation_of(attempt).kind;
            *self.outcomes.entry(format!("{} {kind} {}", attempt.provider, attempt.phase)).or_default() += 1;
        }
        for (rule, count) in hits.iter().filter(|(_, count)| **count > 0) {
            *self.hits.entry(rule.clone()).or_default() += count;
        }
        for (code, count) in &books.refusals {
            *self.refusals.entry(code.clone()).or_default() += count;
        }
        for alarm in &journal.alarms {
            *self.alarms.entry(alarm.kind.clone()).or_default() += 1;
        }
        self.requests += books.requests;
        self.unanswered += books.unanswered;
        self.told += books.stories.values().map(|story| story.told.len()).sum::<usize>();
        self.events += journal.events.values().map(Vec::len).sum::<usize>();
        self.late += journal.attempts.iter().filter(|attempt| attempt.late == Some(true)).count();
        self.creates += ledger.create_requests.values().sum::<u64>();
        self.refund_calls += ledger.refund_requests.values().sum::<u64>();
        self.intents += ledger.dojo.create_requests.values().sum::<u64>();
        self.sessions += ledger.dojo.session_requests.values().sum::<u64>();
        self.refund_calls += ledger.dojo.refund_requests.values().sum::<u64>();
        self.captured += ledger.charges().len();
    }

    pub(crate) fn print(&mut self) {
        self.starts.sort_unstable();
        let at =
            |per_cent: usize| self.starts.get((self.starts.len() * per_cent / 100).min(self.starts.len().max(1) - 1));
        println!("{} cycles, {} kills ({} during the start)", self.cycles, self.kills, self.early_kills);
        println!(
            "ready again, faults on: median {:?}, p99 {:?}, {} not within 3 s",
            at(50).copied().unwrap_or_default(),
            at(99).copied().unwrap_or_default(),
            self.slow_starts
        );
        println!("attempts by outcome: {:?}", self.outcomes);
        println!(
            "tills: {} payments and refunds asked, {} statuses heard, {} calls without an answer",
            self.requests, self.told, self.unanswered
        );
        println!("refused: {:?}", self.refusals);
        println!(
            "providers: {} sessions at Dintero, {} intents and {} sessions at Dojo, {} refund calls, {} payments captured",
            self.creates, self.intents, self.sessions, self.refund_calls, self.captured
        );
        println!("journal: {} events, {} late approvals, alarms {:?}", self.events, self.late, self.alarms);
        println!("faults that struck: {:?}", kinds(&self.hits));
        println!("kinds of fault by call: {} of {} struck", self.hits.len(), every_label().len());
    }

    /// What never happened was not tried.
    pub(crate) fn complete(&self) -> Result<(), String> {
        let mut missing = never_struck(&self.hits);
        missing.extend((self.late == 0).then(|| "a late approval".to_owned()));
        let outcomes = ["dintero", "dojo"].map(|provider| OUTCOMES.map(|outcome| format!("{provider} {outcome}")));
        missing.extend(outcomes.into_iter().flatten().filter(|outcome| !self.outcomes.contains_key(outcome)));
        if missing.is_empty() { Ok(()) } else { Err(format!("vacuous: never happened: {}", missing.join(", "))) }
    }
}
