//! A program under measurement, and what the kernel knows of it.

use std::process::{Child, Command, Stdio};

use crate::Outcome;

/// A child process; dropping it kills it.
#[derive(Debug)]
pub(crate) struct Process(Child);

/// Processor time and memory of a process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage {
    /// User and system time, in the kernel's hundredths of a second.
    pub(crate) ticks: u64,
    /// Resident memory, in MiB.
    pub(crate) resident: f64,
    pub(crate) threads: u64,
}

impl Process {
    /// Starts a program whose output nobody reads.
    pub(crate) fn start(mut command: Command) -> Outcome<Self> {
        Ok(Self(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?))
    }

    /// Asks it to end and waits for that.
    pub(crate) fn stop(mut self) -> Outcome<()> {
        let id = rustix::process::Pid::from_child(&self.0);
        rustix::process::kill_process(id, rustix::process::Signal::TERM)?;
        self.0.wait()?;
        Ok(())
    }

    /// Fails when it has ended.
    pub(crate) fn check(&mut self) -> Outcome<()> {
        match self.0.try_wait()? {
            Some(status) => Err(format!("a program under measurement ended: {status}").into()),
            None => Ok(()),
        }
    }

    /// What it uses now.
    pub(crate) fn usage(&self) -> Outcome<Usage> {
        let folder = format!("/proc/{}", self.0.id());
        let stat = std::fs::read_to_string(format!("{folder}/stat"))?;
        // The name in parentheses may hold anything; what follows it is fields 3 and on of proc_pid_stat(5).
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let field =
            |number: usize| fields.get(number - 3).and_then(|text| text.parse::<u64>().ok()).ok_or("/proc/pid/stat");
        let status = std::fs::read_to_string(format!("{folder}/status"))?;
        let kibibytes = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"));
        let resident = kibibytes.and_then(|text| text.parse::<f64>().ok()).ok_or("/proc/pid/status")? / 1024.0;
        Ok(Usage { ticks: field(14)? + field(15)?, resident, threads: field(20)? })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
