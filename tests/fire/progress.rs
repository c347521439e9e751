//! A line now and then, which says how to go on should the run be stopped.

use std::time::{Duration, Instant};

#[derive(Debug, Default)]
pub(crate) struct Progress {
    told_at: Option<Instant>,
}

impl Progress {
    /// `next` is where `--from` would go on.
    pub(crate) fn tell(&mut self, what: &str, next: u32, of: u32) {
        self.say(&format!("{what} {next} of {of}; stopped here it goes on with --from {next}"));
    }

    pub(crate) fn say(&mut self, what: &str) {
        if self.told_at.is_none_or(|at| at.elapsed() > Duration::from_secs(10)) {
            self.told_at = Some(Instant::now());
            println!("{what}");
        }
    }
}
