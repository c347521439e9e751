//! How many system calls of each kind each thread makes while nobody strikes.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::injection::Grip;
use crate::shop::Shop;

/// The calls that are counted, and the paper they are counted on.
pub(crate) struct Census {
    calls: &'static [&'static str],
    folder: TempDir,
}

impl Census {
    pub(crate) fn of(calls: &'static [&'static str]) -> Self {
        Self { calls, folder: tempfile::tempdir().unwrap() }
    }

    fn paper(&self) -> PathBuf {
        self.folder.path().join("calls")
    }

    fn strace(&self) -> Command {
        let mut command = Command::new("strace");
        command.args(["-f", "-e", "signal=none", "-e"]).arg(format!("trace={}", self.calls.join(",")));
        command.arg("-o").arg(self.paper());
        command
    }

    /// The command that starts the program and counts from its first call on.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = self.strace();
        command.args(["-D", "--seccomp-bpf"]).arg(program);
        command
    }

    /// Counts from now on.
    pub(crate) fn seize(&self, shop: &Shop) -> Grip {
        Grip::take(self.strace().args(["-p", &shop.id().to_string()]))
    }

    /// The most calls of each kind that one of these threads made, or any thread. Files are opened in the hundreds; only
    /// those of this folder count.
    pub(crate) fn counts(&self, threads: Option<&[u32]>, folder: &Path) -> BTreeMap<&'static str, u32> {
        let mut each: BTreeMap<(u32, &str), u32> = BTreeMap::new();
        for line in BufReader::new(std::fs::File::open(self.paper()).unwrap()).lines() {
            let line = line.unwrap();
            let Some((thread, call)) = line.split_once(' ') else { continue };
            let (Ok(thread), Some((name, _))) = (thread.parse(), call.trim_start().split_once('(')) else { continue };
            if name == "openat" && !call.contains(folder.to_str().unwrap()) {
                continue;
            }
            let known = self.calls.iter().find(|call| **call == name);
            if let Some(call) = known.filter(|_| threads.is_none_or(|threads| threads.contains(&thread))) {
                *each.entry((thread, *call)).or_default() += 1;
            }
        }
        let mut most = BTreeMap::new();
        for ((_, call), count) in each {
            let so_far: &mut u32 = most.entry(call).or_default();
            *so_far = count.max(*so_far);
        }
        most
    }
}
