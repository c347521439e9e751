//! What a process holds at this moment, as the system tells.

use std::time::{Duration, Instant};

const BETWEEN_LOOKS: Duration = Duration::from_millis(50);
/// Opened when first needed, and kept: the journal's four readers with three files each, and idle connections to the providers.
const HANDLES_MORE: u64 = 40;
/// Longer than an idle connection to a provider is kept.
const PATIENCE: Duration = Duration::from_secs(120);

/// What a process holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Vitals {
    /// Resident memory in KiB.
    pub(crate) memory: u64,
    /// Open files and connections.
    pub(crate) handles: u64,
    pub(crate) threads: u64,
}

impl Vitals {
    pub(crate) fn of(process: u32) -> Self {
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
        let field = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name));
            line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap()
        };
        let handles = std::fs::read_dir(format!("/proc/{process}/fd")).unwrap().count();
        Self { memory: field("VmRSS:"), handles: u64::try_from(handles).unwrap(), threads: field("Threads:") }
    }

    pub(crate) fn at_most(self, other: Self) -> Self {
        Self {
            memory: self.memory.max(other.memory),
            handles: self.handles.max(other.handles),
            threads: self.threads.max(other.threads),
        }
    }

    /// Everybody has left, so no more handles are open than before, as soon as their time is up.
    pub(crate) async fn is_free_again(self, process: u32) -> Result<(), Vec<String>> {
        let begun = Instant::now();
        loop {
            let now = Self::of(process);
            if now.handles <= self.handles + HANDLES_MORE {
                println!("everybody gone: handles {}, {} before; memory {} KiB", now.handles, self.handles, now.memory);
                return Ok(());
            }
            if begun.elapsed() > PATIENCE {
                return Err(vec![format!("{} handles are still open, {} were before", now.handles, self.handles)]);
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }
}
