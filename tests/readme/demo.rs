//! The demo as a newcomer starts it.

use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::free_address::free_address;

/// A demo that runs, ten times as fast as by default.
pub(crate) struct Demo {
    pub(crate) process: Child,
    /// What it printed.
    pub(crate) text: String,
    pub(crate) till_address: SocketAddr,
    pub(crate) simulator_address: String,
    /// The number of the bridge's process.
    pub(crate) bridge: String,
    _folder: TempDir,
}

impl Demo {
    pub(crate) fn start() -> Self {
        Self::start_in(&[])
    }

    /// In a shell that sets these variables.
    pub(crate) fn start_in(variables: &[(&str, &str)]) -> Self {
        let till_address = free_address();
        let folder = tempfile::tempdir().unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_pos-bridge"))
            .args(["demo", "--listen", &till_address.to_string(), "--simulator", "127.0.0.1:0", "--speed", "10"])
            .env("TMPDIR", folder.path())
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let text = read_what_to_try(process.stdout.take().unwrap());
        let simulator_address = between(&text, "curl http://", "/simulator/ledger");
        let bridge = between(&text, "kill -9 ", "\n");
        Self { process, text, till_address, simulator_address, bridge, _folder: folder }
    }

    /// Sends SIGTERM and returns how the demo ended.
    pub(crate) fn terminate(&mut self) -> ExitStatus {
        let id = rustix::process::Pid::from_child(&self.process);
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
        self.process.wait().unwrap()
    }

    /// Waits until nobody listens to the tills any more.
    pub(crate) fn wait_until_the_bridge_is_gone(&self) {
        let deadline = Instant::now() + Duration::from_secs(15);
        while TcpStream::connect(self.till_address).is_ok() {
            assert!(Instant::now() < deadline, "the bridge outlives its demo");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // The bridge ends by itself when its demo does.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Reads until everything to try is told; what comes later is read and dropped, so that the demo never blocks.
fn read_what_to_try(output: ChildStdout) -> String {
    let mut reader = BufReader::new(output);
    let mut text = String::new();
    while !text.contains("Ctrl-C ends the demo.") {
        assert_ne!(reader.read_line(&mut text).unwrap(), 0, "the demo ended early: {text}");
    }
    std::thread::spawn(move || reader.read_to_end(&mut Vec::new()));
    text
}

/// What stands between these two, the latter being the first after it.
fn between(text: &str, before: &str, after: &str) -> String {
    let end = |rest: &str| rest.split(after).next().map(str::to_owned);
    let found = text.split(before).skip(1).filter(|rest| rest.contains(after)).filter_map(end);
    found.min_by_key(String::len).unwrap_or_else(|| panic!("nothing between {before} and {after} in {text}"))
}
