//! `pos-bridge simulate`

use std::io::Write;
use std::net::SocketAddr;

use clap::Args;

use super::{CommandError, Exit, stop};
use crate::simulator::{
    DojoOptions, RunningSimulator, SimulatedDojoTerminal, SimulatedTerminal, SimulatorOptions, outcome_table, start,
    virtual_terminals,
};

/// Run the simulated providers alone, for a bridge of your own configuration
///
/// Point checkout_url and api_url of its `[dintero]` section to it. config/demo.toml does. Dojo answers at the same
/// address, without a path.
#[derive(Debug, Args)]
pub struct SimulateArguments {
    /// Where the simulator listens
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7119")]
    pub listen: SocketAddr,
    /// Virtual seconds per real second of its terminals; 0 answers at once
    #[arg(long, value_name = "FACTOR", default_value_t = 1)]
    pub speed: u32,
    /// Number of Dintero's terminals: T0292, T0293 and so on
    #[arg(long, value_name = "COUNT", default_value_t = 2)]
    pub terminals: u16,
    /// Number of Dojo's terminals that go by the amount, besides those of its table: tm_sandbox_1, tm_sandbox_2 and so on
    #[arg(long, value_name = "COUNT", default_value_t = 2)]
    pub dojo_terminals: u16,
    /// Seed of the faults that strike by chance
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub seed: u64,
}

impl SimulateArguments {
    /// Runs the simulator until it is stopped.
    ///
    /// # Errors
    /// [`CommandError`] when its address cannot be listened on.
    pub async fn run(self, output: &mut (dyn Write + Send)) -> Result<Exit, CommandError> {
        let simulator = start_simulator(self.options()).await?;
        writeln!(output, "A simulated Dintero listens on {}", simulator.base_url())?;
        writeln!(output, "The amount picks what happens:")?;
        for outcome in outcome_table() {
            writeln!(output, "  {:>7}  {}", outcome.amount, outcome.description)?;
        }
        writeln!(output, "A simulated Dojo listens on {}", simulator.dojo_base_url())?;
        writeln!(output, "The terminal picks what happens, tm_sandbox_sip0 and so on by the end of its tid:")?;
        for terminal in virtual_terminals() {
            writeln!(output, "  {:>7}  {}", terminal.suffix, terminal.what_happens)?;
        }
        writeln!(
            output,
            "Faults, terminals by hand, the books: http://{}/simulator/ledger and others; see docs/simulator.md",
            simulator.address()
        )?;
        output.flush()?;
        stop::requested().await;
        simulator.stop().await;
        Ok(Exit::Success)
    }

    fn options(&self) -> SimulatorOptions {
        let defaults = SimulatorOptions::default();
        let by_amount = (1..=self.dojo_terminals).map(|number| SimulatedDojoTerminal {
            id: format!("tm_sandbox_{number}"),
            tid: format!("VCMDEMO{number}AMT0"),
        });
        let store = defaults.stores.first().map(|store| store.id.clone()).unwrap_or_default();
        SimulatorOptions {
            listen: self.listen,
            speed: self.speed,
            seed: self.seed,
            terminals: (0..self.terminals)
                .map(|number| SimulatedTerminal::active(format!("T{:04}", 292 + number), &store))
                .collect(),
            dojo: DojoOptions {
                limit_speed: self.speed.max(1),
                terminals: defaults.dojo.terminals.into_iter().chain(by_amount).collect(),
                ..defaults.dojo
            },
            ..defaults
        }
    }
}

/// Starts a simulator, or says why its address cannot be had.
pub(super) async fn start_simulator(options: SimulatorOptions) -> Result<RunningSimulator, CommandError> {
    let address = options.listen;
    start(options).await.map_err(|source| CommandError::Simulator { address, source })
}
