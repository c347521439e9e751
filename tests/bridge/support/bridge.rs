//! The built program, started and stopped as a supervisor would.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::Duration;

use reqwest::Client;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use sqlx::ConnectOptions;

use super::disk::Disk;
use super::folder::{self, Folder};
use super::{Simulator, Till, eventually};
use crate::free_address::free_address;

/// Who drives the terminals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Behind {
    Dintero,
    Dojo,
}

impl Behind {
    pub(crate) const BOTH: [Self; 2] = [Self::Dintero, Self::Dojo];

    /// What the configuration calls a refund that asks for no card.
    pub(crate) const fn refund_without_card(self) -> &'static str {
        match self {
            Self::Dintero => "plain",
            Self::Dojo => "api",
        }
    }
}

/// How a bridge under test is set up.
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    pub(crate) provider: Behind,
    /// Of Dojo's virtual terminals, the kind that all of them are; `AMT0` goes by the amount.
    pub(crate) machine: &'static str,
    /// Further lines of Dojo's section.
    pub(crate) section: &'static str,
    /// Further lines of every terminal.
    pub(crate) terminal: &'static str,
    /// Virtual seconds per real second for Dojo's time limits.
    pub(crate) limit_speed: u32,
    pub(crate) tills: usize,
    pub(crate) terminals: usize,
    pub(crate) callbacks: bool,
    pub(crate) speed: u32,
    pub(crate) start: &'static str,
    /// Dintero's pushes to terminals do not arrive.
    pub(crate) pushes_fail: bool,
    pub(crate) refund: &'static str,
    pub(crate) on_repeat: &'static str,
    pub(crate) may_refund_others: bool,
    /// Further lines of every till's profile.
    pub(crate) profile: &'static str,
    pub(crate) ttl_seconds: u32,
    pub(crate) prompt_seconds: u32,
    pub(crate) in_flight_seconds: u32,
    pub(crate) poll_ms: u32,
    pub(crate) sweep_seconds: u32,
    pub(crate) token_life_seconds: u64,
    /// Variables that override the configuration.
    pub(crate) environment: Vec<(&'static str, String)>,
    /// Where the tills' results are pushed to: till-1's to /till-1 there, and so on.
    pub(crate) push_to: Option<SocketAddr>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            provider: Behind::Dintero,
            machine: "AMT0",
            section: "",
            terminal: "",
            limit_speed: 1,
            tills: 2,
            terminals: 2,
            callbacks: false,
            speed: 100,
            start: "session",
            pushes_fail: false,
            refund: "terminal",
            on_repeat: "new_attempt",
            may_refund_others: false,
            profile: "",
            ttl_seconds: 300,
            prompt_seconds: 150,
            in_flight_seconds: 120,
            poll_ms: 20,
            sweep_seconds: 3600,
            token_life_seconds: 14_400,
            environment: Vec::new(),
            push_to: None,
        }
    }
}

pub(crate) struct Bridge {
    pub(crate) simulator: Simulator,
    pub(crate) folder: Folder,
    pub(crate) client: Client,
    /// What the journal lies on.
    pub(crate) disk: Disk,
    environment: Vec<(&'static str, String)>,
    process: Option<Child>,
}

impl Bridge {
    pub(crate) async fn start() -> Self {
        Self::with(Setup::default()).await
    }

    pub(crate) async fn with(setup: Setup) -> Self {
        let callback_address = free_address();
        let simulator = Simulator::start(&setup, callback_address).await;
        let folder = Folder::new(&setup, &simulator, callback_address);
        let client = Client::builder().pool_max_idle_per_host(0).build().unwrap();
        let mut bridge =
            Self { simulator, folder, client, disk: Disk::Usual, environment: setup.environment, process: None };
        bridge.boot().await;
        bridge
    }

    /// Starts the program and waits until it takes payments.
    pub(crate) async fn boot(&mut self) {
        self.spawn();
        self.ready().await;
        let ended = self.process.as_mut().and_then(|process| process.try_wait().unwrap());
        assert!(ended.is_none(), "the bridge did not start ({ended:?}); see SHOW_BRIDGE_LOG=1");
    }

    pub(crate) fn spawn(&mut self) {
        assert!(self.process.is_none(), "the bridge runs already");
        self.process = Some(self.serve().spawn().unwrap());
    }

    /// The command that starts the program.
    pub(crate) fn serve(&self) -> Command {
        let mut command = self.disk.command(&self.folder, env!("CARGO_BIN_EXE_pos-bridge"));
        command.arg("serve").arg("--config").arg(self.folder.configuration());
        command.envs(self.environment.clone());
        if std::env::var_os("SHOW_BRIDGE_LOG").is_none() {
            command.stdout(Stdio::null()).stderr(Stdio::null());
        }
        command
    }

    /// Runs another command of the program with this bridge's configuration.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pos-bridge"));
        command.args(arguments).arg("--config").arg(self.folder.configuration());
        command.envs(self.environment.clone());
        output(command).await
    }

    pub(crate) async fn ready(&self) {
        eventually("the bridge to be ready", || async {
            let answer = self.client.get(self.url("/ready")).send().await.ok()?;
            answer.status().is_success().then_some(())
        })
        .await;
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.folder.till_address)
    }

    /// Pulls the plug: `kill -9`.
    pub(crate) fn kill(&mut self) {
        let mut process = self.process.take().expect("the bridge is not running");
        process.kill().unwrap();
        process.wait().unwrap();
    }

    /// Asks it to stop and waits for it, as `systemctl stop` would.
    pub(crate) async fn stop(&mut self) {
        let mut process = self.process.take().expect("the bridge is not running");
        kill_process(Pid::from_child(&process), Signal::TERM).unwrap();
        eventually("the bridge to stop", || {
            let ended = process.try_wait().unwrap();
            async move { ended }
        })
        .await;
    }

    /// The number of its process.
    pub(crate) fn id(&self) -> Pid {
        Pid::from_child(self.process.as_ref().expect("the bridge is not running"))
    }

    /// Waits until it ends by itself.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let mut process = self.process.take().expect("the bridge is not running");
        eventually("the bridge to end by itself", || {
            let ended = process.try_wait().unwrap();
            async move { ended }
        })
        .await
    }

    pub(crate) fn till(&self, number: usize) -> Till {
        Till { client: self.client.clone(), address: self.folder.till_address, key: folder::key(number) }
    }

    pub(crate) async fn metric(&self, name: &str) -> String {
        let text = self.client.get(self.url("/metrics")).send().await.unwrap().text().await.unwrap();
        text.lines().filter(|line| line.starts_with(name)).collect::<Vec<_>>().join("\n")
    }

    /// Every operation of the first two tills.
    pub(crate) async fn operations(&self) -> Vec<Value> {
        let mut all = Vec::new();
        for number in [1, 2] {
            let answer = self.till(number).get("/operations?limit=200").await;
            all.extend(answer.body["operations"].as_array().unwrap().iter().cloned());
        }
        all
    }

    /// Waits for the note that the till was told of a result, which follows right behind the answer. Until then a repeated
    /// call gets the same result once more.
    pub(crate) async fn has_told(&self, reference: &str) {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(self.folder.database()).read_only(true);
        let mut journal = options.connect().await.unwrap();
        let mut told = async || -> bool {
            sqlx::query_scalar("SELECT told_at IS NOT NULL FROM operation WHERE reference = ?")
                .bind(reference)
                .fetch_one(&mut journal)
                .await
                .unwrap()
        };
        let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
        while !told().await {
            assert!(tokio::time::Instant::now() < deadline, "the till was never told of {reference}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Compares the bridge's books with the provider's: no double charge, no payment that is not known, nothing called
    /// unpaid that was paid, and nothing sent twice.
    pub(crate) async fn books_agree(&self) {
        let ledger = self.simulator.ledger().await;
        let dojo = &ledger["dojo"];
        for (books, requests) in [
            (&ledger, "create_requests"),
            (&ledger, "refund_requests"),
            (dojo, "create_requests"),
            (dojo, "refund_requests"),
        ] {
            for (reference, count) in books[requests].as_object().unwrap() {
                assert_eq!(count, 1, "{requests}: {reference} was sent {count} times");
            }
        }
        let mut approved: BTreeMap<String, i64> = BTreeMap::new();
        let mut refunded = 0;
        for operation in self.operations().await {
            let amount = operation["amount_approved"].as_i64().unwrap();
            match operation["kind"].as_str().unwrap() {
                "sale" if amount > 0 => {
                    approved.insert(operation["transaction_id"].as_str().unwrap_or("-").to_owned(), amount);
                }
                "refund" => refunded += amount,
                _ => {}
            }
        }
        let payments = ledger["transactions"].as_array().unwrap().iter().chain(dojo["intents"].as_array().unwrap());
        let taken: BTreeMap<String, i64> = payments
            .filter(|transaction| transaction["captured"].as_i64().unwrap() > 0)
            .map(|transaction| {
                (transaction["id"].as_str().unwrap().to_owned(), transaction["captured"].as_i64().unwrap())
            })
            .collect();
        assert_eq!(approved, taken, "what the bridge says was paid, and what was");
        let given_back = ["refunded", "refunded_unlinked"].iter().filter_map(|sum| dojo[sum].as_i64()).sum::<i64>();
        assert_eq!(ledger["refunded"].as_i64().unwrap() + given_back, refunded, "what was given back");
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// How long a test lets something happen that must not happen.
pub(crate) const A_WHILE: Duration = Duration::from_millis(300);

/// Runs a command to its end while the simulator, which lives in this process, goes on answering.
pub(crate) async fn output(command: Command) -> Output {
    tokio::process::Command::from(command).output().await.unwrap()
}
