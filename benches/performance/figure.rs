//! What was measured, and what it should have been.

use std::time::Duration;

/// One line of the result.
#[derive(Debug)]
pub(crate) struct Figure {
    what: &'static str,
    measured: String,
    target: String,
    met: bool,
}

impl Figure {
    /// A figure that should be no more than `most`.
    pub(crate) fn at_most(what: &'static str, measured: f64, most: f64, unit: &str) -> Self {
        let target = format!("at most {most}{unit}");
        Self { what, measured: format!("{measured:.2}{unit}"), target, met: measured <= most }
    }

    /// A figure that should be no less than `least`.
    pub(crate) fn at_least(what: &'static str, measured: f64, least: f64, unit: &str) -> Self {
        let target = format!("at least {least}{unit}");
        Self { what, measured: format!("{measured:.3}{unit}"), target, met: measured >= least }
    }

    /// Prints the line.
    pub(crate) fn print(&self) {
        let verdict = if self.met { "ok" } else { "MISSED" };
        println!("  => {:<52} {:>12}   {:<18} {verdict}", self.what, self.measured, self.target);
    }

    pub(crate) const fn is_met(&self) -> bool {
        self.met
    }
}

/// Prints something that has no target.
pub(crate) fn note(what: &str, value: &str) {
    println!("     {what:<52} {value:>12}");
}

/// The value that this share of the samples does not exceed.
pub(crate) fn quantile(samples: &mut [Duration], share: f64) -> Duration {
    samples.sort_unstable();
    let last = samples.len().saturating_sub(1);
    samples.get((last as f64 * share).round() as usize).copied().unwrap_or_default()
}

/// In milliseconds.
pub(crate) fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
