//! What is done to a system call of the program, by `strace`.

use std::fmt;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// What happens instead of the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strike {
    /// The program is killed before the call does anything.
    Kill,
    /// The call fails, and nothing was done.
    Fail(&'static str),
}

#[derive(Debug, Clone)]
pub(crate) struct Injection {
    pub(crate) call: &'static str,
    pub(crate) strike: Strike,
    /// Which of a thread's calls, from 1.
    pub(crate) number: u32,
    /// All later ones too.
    pub(crate) for_ever: bool,
    /// Only calls on these files are struck and counted; empty for all.
    pub(crate) files: Vec<PathBuf>,
    /// Where `strace` notes each call, and which of them it struck.
    pub(crate) paper: PathBuf,
}

impl Injection {
    /// `None` where there is no `strace` that may trace.
    pub(crate) fn is_possible() -> bool {
        let tried = Command::new("strace").args(["-f", "-o", "/dev/null", "true"]).output();
        tried.is_ok_and(|output| output.status.success())
    }

    fn rules(&self) -> Vec<String> {
        let strike = match self.strike {
            Strike::Kill => "signal=KILL".to_owned(),
            Strike::Fail(error) => format!("error={error}"),
        };
        let more = if self.for_ever { "+" } else { "" };
        let mut rules = vec!["-qq".to_owned(), "-o".to_owned(), self.paper.display().to_string()];
        for file in &self.files {
            rules.extend(["-P".to_owned(), file.display().to_string()]);
        }
        rules.extend(["-e".to_owned(), format!("trace={}", self.call)]);
        rules.extend(["-e".to_owned(), format!("inject={}:{strike}:when={}{more}", self.call, self.number)]);
        rules
    }

    /// The command that starts the program with this in force from its first call on. The program is the child, `strace`
    /// is not. Calls are counted for each thread by itself, and only without `--seccomp-bpf`, with which strace 6.1 miscounts.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new("strace");
        command.args(["-D", "-f"]).args(self.rules()).arg(program);
        command
    }

    /// Takes hold of one thread that runs already, and of no other.
    pub(crate) fn seize(&self, thread: u32) -> Grip {
        let mut rules = self.rules();
        rules.retain(|rule| rule != "-qq");
        let mut command = Command::new("strace");
        Grip::take(command.args(rules).args(["-p", &thread.to_string()]))
    }
}

impl fmt::Display for Injection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { call, number, strike, for_ever, .. } = self;
        write!(formatter, "{strike:?} at {call} {number}{}", if *for_ever { " and all later ones" } else { "" })
    }
}

/// A tracer that has hold of something, and lets go when this is dropped.
pub(crate) struct Grip(Child);

impl Grip {
    pub(crate) fn take(strace: &mut Command) -> Self {
        let mut strace = strace.stderr(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(strace.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains(" attached") {
            line.clear();
            assert_ne!(said.read_line(&mut line).unwrap(), 0, "strace has no hold of the bridge");
        }
        std::thread::spawn(move || said.read_to_end(&mut Vec::new()));
        Self(strace)
    }
}

impl Drop for Grip {
    fn drop(&mut self) {
        let id = rustix::process::Pid::from_child(&self.0);
        // Asked, not killed: a tracer that is killed leaves its thread stopped for good.
        let _ = rustix::process::kill_process(id, rustix::process::Signal::INT);
        let _ = self.0.wait();
    }
}
