//! `pos-bridge demo`
//!
//! The simulator runs in this process, the bridge in one of its own, started again when it is killed, as a supervisor
//! would do: pulling the plug is part of the demonstration.

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use clap::Args;
use tokio::process::{Child, ChildStdin, Command};

use super::simulate::start_simulator;
use super::{CommandError, Exit, stop};
use crate::config::{self, LOG_VARIABLE};
use crate::outbound;
use crate::simulator::{DojoOptions, RunningSimulator, SimulatorOptions};

/// How long a bridge that ended stays down.
const RESTART_PAUSE: Duration = Duration::from_secs(1);
/// A bridge with an empty journal answers sooner, also on a slow disk.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// Run the bridge with simulated accounts and terminals, and print what to try
///
/// Needs no account, no terminal and no configuration (--config and POS_BRIDGE_... variables mean nothing to it, but for
/// POS_BRIDGE_LOG), and no money moves. The bridge is started again when it is killed, so pull the plug as often as you like.
#[derive(Debug, Args)]
pub struct DemoArguments {
    /// Where the tills call
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7117")]
    pub listen: SocketAddr,
    /// Where the simulated provider listens [default: 127.0.0.1:7119, or any free port when that is taken]
    #[arg(long, value_name = "ADDRESS")]
    pub simulator: Option<SocketAddr>,
    /// Virtual seconds per real second of the terminals
    #[arg(long, value_name = "FACTOR", default_value_t = 1)]
    pub speed: u32,
}

impl DemoArguments {
    /// Runs the demonstration until it is stopped.
    ///
    /// # Errors
    /// [`CommandError`] when an address is taken or the folder cannot be made.
    pub async fn run(self, output: &mut (dyn Write + Send)) -> Result<Exit, CommandError> {
        self.till_address_is_free()?;
        let simulator = self.start_simulator().await?;
        let folder = folder()?;
        let configuration = folder.join("pos-bridge.toml");
        std::fs::write(&configuration, self.configuration(&folder, &simulator))?;
        std::fs::set_permissions(&configuration, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        let mut bridge = Bridge::start(&configuration)?;
        let stopped = tokio::select! {
            failed = self.show(&mut bridge, &configuration, simulator.address(), output) => failed,
            () = stop::requested() => Ok(Exit::Success),
        };
        bridge.stop().await?;
        simulator.stop().await;
        stopped
    }

    /// At its usual address, where the README looks for it; elsewhere when that is taken and no other was asked for.
    async fn start_simulator(&self) -> Result<RunningSimulator, CommandError> {
        let at = |listen| {
            let dojo = DojoOptions { limit_speed: self.speed.max(1), ..DojoOptions::default() };
            start_simulator(SimulatorOptions { listen, speed: self.speed, dojo, ..SimulatorOptions::default() })
        };
        if let Some(listen) = self.simulator {
            return at(listen).await;
        }
        match at(SimulatorOptions::default().listen).await {
            Ok(simulator) => Ok(simulator),
            Err(_) => at(SocketAddr::from(([127, 0, 0, 1], 0))).await,
        }
    }

    /// Another program at the tills' address would answer in the bridge's place, and the demo would believe it.
    fn till_address_is_free(&self) -> Result<(), CommandError> {
        let address = self.listen;
        std::net::TcpListener::bind(address).map(drop).map_err(|source| CommandError::DemoAddress { address, source })
    }

    /// Prints what to try, and starts the bridge again whenever it ends.
    async fn show(
        &self,
        bridge: &mut Bridge,
        configuration: &Path,
        simulator: SocketAddr,
        output: &mut (dyn Write + Send),
    ) -> Result<Exit, CommandError> {
        self.wait_until_ready(bridge).await?;
        self.print_what_to_try(output, configuration, simulator, bridge)?;
        loop {
            let ended = bridge.process.wait().await?;
            writeln!(output, "\nThe bridge ended ({ended}). It is started again, as a service would be ...")?;
            output.flush()?;
            tokio::time::sleep(RESTART_PAUSE).await;
            self.till_address_is_free()?;
            *bridge = Bridge::start(configuration)?;
            self.wait_until_ready(bridge).await?;
            writeln!(output, "... it is back (process {}), and has lost nothing.", bridge.id())?;
            output.flush()?;
        }
    }

    /// Fails when the bridge ends first, or is not ready within [`READY_WITHIN`].
    async fn wait_until_ready(&self, bridge: &mut Bridge) -> Result<(), CommandError> {
        tokio::time::timeout(READY_WITHIN, self.ask_until_ready(bridge)).await.unwrap_or_else(|_| {
            let (listen, seconds) = (self.listen, READY_WITHIN.as_secs());
            Err(CommandError::Demo(format!(
                "the bridge is not ready at {listen} after {seconds} seconds; its words are above, and --listen names \
                 another address"
            )))
        })
    }

    async fn ask_until_ready(&self, bridge: &mut Bridge) -> Result<(), CommandError> {
        let client = outbound::client().timeout(Duration::from_secs(1)).build();
        let client = client.map_err(|error| CommandError::Demo(error.to_string()))?;
        loop {
            let answer = client.get(format!("http://{}/ready", self.listen)).send().await;
            // Only after the answer: who ended meanwhile did not give it.
            if let Some(ended) = bridge.process.try_wait()? {
                return Err(CommandError::Demo(format!("the bridge ended ({ended}); its words are above")));
            }
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn configuration(&self, folder: &Path, simulator: &RunningSimulator) -> String {
        include_str!("../../config/demo.toml")
            .replace("sqlite://data/demo.db", &format!("sqlite://{}", folder.join("pos-bridge.db").display()))
            .replace("http://127.0.0.1:7119/v1", &simulator.base_url())
            .replace("http://127.0.0.1:7119", &simulator.dojo_base_url())
            .replace("127.0.0.1:7117", &self.listen.to_string())
    }

    fn print_what_to_try(
        &self,
        output: &mut (dyn Write + Send),
        configuration: &Path,
        simulator: SocketAddr,
        bridge: &Bridge,
    ) -> Result<(), CommandError> {
        let listen = self.listen;
        writeln!(
            output,
            r#"
pos-bridge is running with a simulated card terminal. No money moves. Be the till, in another shell:

  a sale          curl -X POST http://{listen}/pay --json '{{"reference": "R-1001", "amount": 39900}}'
  again           the same line once more: the same answer, and no second charge
  a decline       curl -X POST http://{listen}/pay --json '{{"reference": "R-1002", "amount": 990100}}'
  a refund        curl -X POST http://{listen}/refund --json '{{"reference": "B-1", "original_reference": "R-1001", "amount": 10000}}'
  a cancel        curl -X POST http://{listen}/pay --json '{{"reference": "R-1003", "amount": 990104, "wait": 0}}'
                  curl -X POST http://{listen}/pay/R-1003/cancel
  pull the plug   curl -X POST http://{listen}/pay --json '{{"reference": "R-1004", "amount": 990105, "wait": 2}}'
                  kill -9 {process}
                  curl --retry 9 --retry-all-errors 'http://{listen}/pay/R-1004?wait=30'
  through Dojo    curl -X POST http://{listen}/pay --json '{{"reference": "R-1005", "amount": 39900, "terminal": "counter"}}'
  a signature     curl -X POST http://{listen}/pay --json '{{"reference": "R-1006", "amount": 39900, "terminal": "signing"}}'
                  curl -X POST http://{listen}/pay/R-1006/signature --json '{{"accepted": true}}'
  everything      curl http://{listen}/operations
  in a browser    http://{listen}/docs (the key of this till is demo-key)

Amounts are minor units: 39900 is 399.00. The amount picks what the terminal does; docs/simulator.md has the table, and
  curl http://{simulator}/simulator/outcomes
The simulated provider's own books, to compare with the bridge's:
  curl http://{simulator}/simulator/ledger
The operator's view:
  {program} alarms --config {configuration}

The journal of this run lies in {folder}
Ctrl-C ends the demo.
"#,
            process = bridge.id(),
            program = std::env::current_exe()?.display(),
            configuration = configuration.display(),
            folder = configuration.parent().unwrap_or(configuration).display(),
        )?;
        output.flush()?;
        Ok(())
    }
}

/// A folder of its own for every run: a simulator forgets, so an older journal would wait for payments in vain.
fn folder() -> Result<PathBuf, CommandError> {
    let started = jiff::Zoned::now().strftime("%Y%m%d-%H%M%S").to_string();
    let folder = std::env::temp_dir().join(format!("pos-bridge-demo-{started}-{}", std::process::id()));
    std::fs::DirBuilder::new().create(&folder)?;
    std::fs::set_permissions(&folder, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    Ok(folder)
}

/// A bridge in a process of its own. It ends when its input does, so that it never outlives the demo.
struct Bridge {
    process: Child,
    /// Held apart, because waiting for a process closes what is left of its input.
    input: Option<ChildStdin>,
}

impl Bridge {
    fn start(configuration: &Path) -> Result<Self, CommandError> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("serve").arg("--config").arg(configuration).arg("--until-input-ends");
        // What this shell sets is meant for another bridge, and would lead this one to that one's journal.
        let foreign = config::environment().map(|(name, _)| name).filter(|name| config::is_variable_of_ours(name));
        for name in foreign.filter(|name| name != LOG_VARIABLE) {
            command.env_remove(name);
        }
        let mut process = command.stdin(Stdio::piped()).kill_on_drop(true).spawn()?;
        Ok(Self { input: process.stdin.take(), process })
    }

    /// Ends its input and waits until it has answered whoever waits for it.
    async fn stop(&mut self) -> std::io::Result<()> {
        drop(self.input.take());
        self.process.wait().await.map(drop)
    }

    fn id(&self) -> u32 {
        self.process.id().unwrap_or_default()
    }
}
