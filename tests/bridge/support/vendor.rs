//! The scripts that `docs/till-api.md` gives to till vendors.

use std::io::Write;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

/// The first Python script below a heading of the page.
pub(crate) fn documented_script(heading: &str) -> String {
    let (_, section) = include_str!("../../../docs/till-api.md").split_once(heading).expect("the heading is gone");
    let (_, script) = section.split_once("```python\n").expect("the script is gone");
    script.split_once("```").expect("the script has no end").0.to_owned()
}

/// A script that runs.
pub(crate) struct VendorScript {
    lines: Lines<BufReader<ChildStdout>>,
    _process: Child,
}

impl VendorScript {
    /// Runs a script; `None`, loudly, where there is no Python.
    pub(crate) fn start(script: &str) -> Option<Self> {
        let mut python = Command::new("python3");
        let started = python.args(["-u", "-c", script]).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        let Ok(mut process) = started.spawn() else {
            // Not by a macro, whose output a passing test does not show.
            std::io::stderr().write_all(b"\n!!! NOT TESTED: no python3 !!!\n").unwrap();
            return None;
        };
        let output = process.stdout.take().unwrap();
        Some(Self { lines: BufReader::new(output).lines(), _process: process })
    }

    /// The next line that it prints.
    pub(crate) async fn line(&mut self) -> String {
        let line = timeout(Duration::from_secs(20), self.lines.next_line()).await;
        line.expect("it printed nothing").unwrap().expect("it ended")
    }
}
