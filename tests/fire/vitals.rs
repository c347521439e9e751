//! What a process holds at this moment, as the system tells.

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
}
