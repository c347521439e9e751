//! A shop to measure: a folder with a configuration, the simulated provider and the bridge, each a process of its own.

use std::fmt::Write;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::Outcome;
use crate::disk::Disk;
use crate::process::Process;
use crate::till::{Till, key};

const PROGRAM: &str = env!("CARGO_BIN_EXE_pos-bridge");
const PATIENCE: Duration = Duration::from_secs(30);

/// A shop with as many terminals as tills.
pub(crate) struct Shop {
    folder: TempDir,
    tills: usize,
    pub(crate) address: SocketAddr,
    provider: SocketAddr,
    simulator: Process,
    push_to: Option<SocketAddr>,
}

/// A bridge that takes payments.
pub(crate) struct Bridge {
    pub(crate) process: Process,
    /// From its start until it was ready.
    pub(crate) ready_after: Duration,
}

impl Shop {
    /// Opens a shop: its provider runs and answers at once, its bridge is not started.
    pub(crate) async fn open(tills: usize) -> Outcome<Self> {
        let folder = tempfile::tempdir()?;
        let (address, provider) = (free_address()?, free_address()?);
        let mut simulate = Command::new(PROGRAM);
        simulate.args([
            "simulate",
            "--speed",
            "0",
            "--terminals",
            &tills.to_string(),
            "--listen",
            &provider.to_string(),
        ]);
        let mut simulator = Process::start(simulate)?;
        let began = Instant::now();
        while Till::connect(provider, 0).await.is_err() {
            simulator.check()?;
            wait_a_moment(began).await?;
        }
        Ok(Self { folder, tills, address, provider, simulator, push_to: None })
    }

    /// The same with its results pushed to this address.
    pub(crate) fn pushing_to(self, push_to: Option<SocketAddr>) -> Self {
        Self { push_to, ..self }
    }

    /// Where its journal is.
    pub(crate) fn database(&self) -> PathBuf {
        self.folder.path().join("pos-bridge.db")
    }

    /// Starts its bridge and waits until that takes payments.
    pub(crate) async fn start(&mut self, disk: &Disk) -> Outcome<Bridge> {
        let database = self.database();
        self.start_on(&database, disk).await
    }

    /// The same on a journal elsewhere.
    pub(crate) async fn start_on(&mut self, database: &Path, disk: &Disk) -> Outcome<Bridge> {
        self.simulator.check()?;
        let configuration = self.folder.path().join("pos-bridge.toml");
        std::fs::write(&configuration, self.configuration(database)?)?;
        let mut serve = Command::new(PROGRAM);
        serve.arg("serve").arg("--config").arg(&configuration);
        let began = Instant::now();
        let mut process = Process::start(disk.under(serve))?;
        while !self.is_ready().await {
            process.check()?;
            wait_a_moment(began).await?;
        }
        Ok(Bridge { process, ready_after: began.elapsed() })
    }

    async fn is_ready(&self) -> bool {
        let Ok(mut till) = Till::connect(self.address, 0).await else { return false };
        till.get("/ready").await.is_ok_and(|answer| answer.status == 200)
    }

    fn configuration(&self, database: &Path) -> Outcome<String> {
        let (address, provider, database) = (self.address, self.provider, database.display());
        let mut text = format!(
            r#"
[server]
listen = "{address}"
connections_max = 4096
connections_per_address_max = 4096

[database]
url = "sqlite://{database}"

[dintero]
account_id = "T12345678"
client_id = "simulated-client"
client_secret = "simulated-secret"
profile_id = "T12345678.simulated-in-person"
checkout_url = "http://{provider}/v1"
api_url = "http://{provider}/v1"

[[stores]]
id = "oslo-center"
payout_destination_id = "seller-1"
currency = "NOK"
time_zone = "Europe/Oslo"
"#
        );
        for number in 1..=self.tills {
            let hash = Sha256::digest(key(number)).iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
            let terminal = 291 + number;
            write!(
                text,
                r#"
[[terminals]]
name = "terminal-{number}"
provider = "dintero"
store = "oslo-center"
terminal_id = "T{terminal:04}"

[[tills]]
id = "till-{number}"
terminal = "terminal-{number}"
key_sha256 = "{hash}"
"#
            )?;
            if let Some(receiver) = self.push_to {
                let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
                write!(text, "notify_url = \"http://{receiver}/\"\nnotify_secret = \"{secret}\"\n")?;
            }
        }
        Ok(text)
    }
}

async fn wait_a_moment(began: Instant) -> Outcome<()> {
    if began.elapsed() > PATIENCE {
        return Err("a program under measurement did not start".into());
    }
    tokio::time::sleep(Duration::from_millis(2)).await;
    Ok(())
}

/// An address that was free a moment ago.
fn free_address() -> Outcome<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
