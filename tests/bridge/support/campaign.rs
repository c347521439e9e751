//! How much of a campaign is asked for, and a line now and then on how to go on should it be stopped.

use std::time::{Duration, Instant};

const BETWEEN_LINES: Duration = Duration::from_secs(10);

/// The rounds of a campaign, by their numbers: `NAME=50000` asks for so many, and `NAME_FROM=120` goes on with that one.
/// What chance there is in a round comes from its number.
pub(crate) struct Campaign {
    name: &'static str,
    from: u64,
    next: u64,
    end: u64,
    told_at: Instant,
}

impl Campaign {
    /// As many as the environment asks for, or the short form's.
    pub(crate) fn asked(name: &'static str, usual: u64) -> Self {
        let number =
            |name: &str, usual| std::env::var(name).map_or(usual, |text| text.parse().expect("a whole number"));
        let from = number(&format!("{name}_FROM"), 0);
        Self { name, from, next: from, end: number(name, usual), told_at: Instant::now() }
    }

    /// How many rounds it has had.
    pub(crate) fn rounds(&self) -> u64 {
        self.next - self.from
    }
}

impl Iterator for Campaign {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        let Self { name, next, end, .. } = *self;
        if next >= end {
            println!("{name}: {} rounds, {} to {end}", self.rounds(), self.from);
            return None;
        }
        if self.told_at.elapsed() > BETWEEN_LINES {
            self.told_at = Instant::now();
            println!("{name}: {next} of {end}; stopped here it goes on with {name}_FROM={next}");
        }
        self.next += 1;
        Some(next)
    }
}
