//! One shop: a folder with a configuration and a journal, and the bridge on it, which is killed and started again.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::Value;
use tempfile::TempDir;

use crate::census::Census;
use crate::client::{PATIENCE, client};
use crate::configuration::{Configuration, Dojo, Pace, key_of_till};
use crate::free_address::free_address;
use crate::injection::Injection;

const PROGRAM: &str = env!("CARGO_BIN_EXE_pos-bridge");
pub(crate) const TILLS: usize = 6;
pub(crate) const TERMINALS: usize = 4;
/// Dojo's terminals, where it is there.
pub(crate) const MACHINES: usize = 3;

pub(crate) struct Shop {
    directory: Option<TempDir>,
    provider: String,
    pub(crate) address: SocketAddr,
    pub(crate) callback_address: SocketAddr,
    process: Option<Child>,
    last_end: Option<ExitStatus>,
    /// Where in the log its words since the last start begin.
    log_begins: usize,
    /// One thread does the bridge's own work, so that its calls have an order.
    pub(crate) calm: bool,
    /// What the tills are like, besides.
    pub(crate) profile: &'static str,
    /// What else the bridge is started with.
    pub(crate) environment: Vec<(&'static str, OsString)>,
    /// A second provider in the same bridge.
    pub(crate) dojo: Option<Dojo>,
    pub(crate) pace: Pace,
}

impl Shop {
    pub(crate) fn open(provider: &str) -> Self {
        Self {
            directory: Some(tempfile::Builder::new().prefix("pos-bridge-fire-").tempdir().unwrap()),
            provider: provider.to_owned(),
            address: free_address(),
            callback_address: free_address(),
            process: None,
            last_end: None,
            log_begins: 0,
            calm: false,
            profile: "",
            environment: Vec::new(),
            dojo: None,
            pace: Pace::EAGER,
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.as_ref().unwrap().path().join(name)
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.path("data")
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.data().join("pos-bridge.db")
    }

    /// Where `strace` notes what it does to the bridge.
    pub(crate) fn paper(&self) -> PathBuf {
        self.path("strace.log")
    }

    /// Whether a call was made to fail.
    pub(crate) fn was_struck(&self) -> bool {
        std::fs::read_to_string(self.paper()).is_ok_and(|calls| calls.contains("(INJECTED)"))
    }

    fn log(&self) -> PathBuf {
        self.path("bridge.log")
    }

    /// Leaves the folder behind for whoever looks into a failure.
    pub(crate) fn keep(&mut self) -> PathBuf {
        self.kill();
        self.directory.take().unwrap().keep()
    }

    pub(crate) fn spawn(&mut self, callbacks: bool) {
        self.spawn_as(Command::new(PROGRAM), callbacks);
    }

    /// Starts it with a system call spoilt.
    pub(crate) fn spawn_under(&mut self, injection: &Injection) {
        self.spawn_as(injection.command(PROGRAM), false);
    }

    /// Starts it with its system calls counted.
    pub(crate) fn spawn_counted(&mut self, census: &Census) {
        self.spawn_as(census.command(PROGRAM), false);
    }

    fn spawn_as(&mut self, mut command: Command, callbacks: bool) {
        assert!(self.process.is_none(), "the bridge runs already");
        let configuration = self.path("pos-bridge.toml");
        let text = Configuration {
            till_address: self.address,
            callback_address: self.callback_address,
            is_called_back: callbacks,
            database: &self.database(),
            provider: &self.provider,
            terminals: TERMINALS,
            dojo: self.dojo.as_ref(),
            machines: MACHINES,
            pace: self.pace,
            profile: self.profile,
        };
        std::fs::write(&configuration, text.to_string()).unwrap();
        let log = std::fs::File::options().create(true).append(true).open(self.log()).unwrap();
        self.log_begins = usize::try_from(log.metadata().unwrap().len()).unwrap();
        command.arg("serve").arg("--config").arg(configuration).stdout(Stdio::null()).stderr(log);
        if self.calm {
            command.env("TOKIO_WORKER_THREADS", "1");
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        self.last_end = None;
        self.process = Some(command.spawn().unwrap());
    }

    /// The threads of the running bridge with this name.
    pub(crate) fn threads(&self, name: &str) -> Vec<u32> {
        let folder = format!("/proc/{}/task", self.id());
        let tasks = std::fs::read_dir(folder).unwrap().map(|task| task.unwrap().path());
        tasks
            .filter(|task| std::fs::read_to_string(task.join("comm")).is_ok_and(|found| found.trim() == name))
            .map(|task| task.file_name().unwrap().to_str().unwrap().parse().unwrap())
            .collect()
    }

    pub(crate) fn id(&self) -> u32 {
        self.process.as_ref().unwrap().id()
    }

    pub(crate) fn is_running(&self) -> bool {
        self.process.is_some()
    }

    /// Looks whether it has ended by itself.
    fn notice_end(&mut self) {
        let ended = self.process.as_mut().and_then(|process| process.try_wait().unwrap());
        if ended.is_some() {
            self.process = None;
            self.last_end = ended;
        }
    }

    /// How it ended, where it did so by itself since it was started.
    pub(crate) fn last_end(&mut self) -> Option<ExitStatus> {
        self.notice_end();
        self.last_end
    }

    /// What it complained of since it was started last, where that gives a reason for an end.
    pub(crate) fn last_words(&self) -> String {
        let log = std::fs::read_to_string(self.log()).unwrap().split_off(self.log_begins);
        let gives_reason =
            |line: &&str| line.starts_with("pos-bridge: ") || line.contains("the next start reads the truth");
        log.lines().filter(gives_reason).collect::<Vec<_>>().join("\n")
    }

    /// What time its log was last written, by its own clock.
    pub(crate) fn last_stamp(&self) -> Option<Timestamp> {
        let log = std::fs::read_to_string(self.log()).unwrap();
        log.lines().rev().find_map(|line| line.split_whitespace().next()?.parse().ok())
    }

    /// Waits until new payments are taken; how long that was, `None` when it took longer than `patience`.
    pub(crate) async fn ready(&mut self, patience: Duration) -> Option<Duration> {
        let begun = Instant::now();
        while begun.elapsed() < patience {
            let ended = self.last_end();
            assert!(ended.is_none(), "the bridge ended by itself: {ended:?}");
            if self.takes_payments().await {
                return Some(begun.elapsed());
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        None
    }

    /// Whether it takes payments before it ends, or `patience` does.
    pub(crate) async fn comes_up(&mut self, patience: Duration) -> bool {
        let begun = Instant::now();
        while begun.elapsed() < patience && self.last_end().is_none() {
            if self.takes_payments().await {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        false
    }

    /// A provider in trouble does not count: the tills are served, and hear of the trouble.
    async fn takes_payments(&self) -> bool {
        let Ok(answer) = client().get(format!("http://{}/ready", self.address)).send().await else { return false };
        let Ok(text) = answer.text().await else { return false };
        !text.contains("starting:")
    }

    /// Pulls the plug: `kill -9`.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Asks it to stop, as a supervisor would.
    pub(crate) async fn stop(&mut self) {
        let mut process = self.process.take().unwrap();
        let id = rustix::process::Pid::from_child(&process);
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
        let begun = Instant::now();
        while process.try_wait().unwrap().is_none() {
            if begun.elapsed() > Duration::from_secs(20) {
                process.kill().unwrap();
                process.wait().unwrap();
                panic!("the bridge did not stop when it was asked to");
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Every operation of every till, or only the open ones.
    pub(crate) async fn every_operation(&self, only_open: bool) -> Vec<Value> {
        let mut all = Vec::new();
        for till in 1..=TILLS {
            all.extend(self.operations(till, only_open).await);
        }
        all
    }

    /// Every operation of a till, or only its open ones, as the bridge lists them.
    async fn operations(&self, till: usize, only_open: bool) -> Vec<Value> {
        let mut all: Vec<Value> = Vec::new();
        let filter = if only_open { "&open=true" } else { "" };
        let mut after = String::new();
        loop {
            let url = format!("http://{}/operations?limit=200{filter}{after}", self.address);
            let answer = client().get(url).timeout(PATIENCE).bearer_auth(key_of_till(till)).send().await.unwrap();
            let page: Value = answer.error_for_status().unwrap().json().await.unwrap();
            all.extend(page["operations"].as_array().unwrap().iter().cloned());
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => return all,
            }
        }
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.kill();
    }
}
