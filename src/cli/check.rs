//! `pos-bridge check`

mod callbacks;
mod certificate;
mod ports;
mod providers;

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use super::{CommandError, Exit};
use crate::config::{self, Configuration, Database};
use crate::journal::{JournalOptions, OpenError, Schema, SqliteJournal};
use crate::push::HttpPusher;

/// From here on a disk makes cashiers wait.
const SLOW_SYNC: Duration = Duration::from_millis(50);

/// Check everything a payment needs, and say what to do about each fault
///
/// Configuration, database, credentials, terminals, clock, ports and certificate: a line each. No money moves. Ends with 0 when
/// payments can be taken, else with 1.
#[derive(Debug, Args)]
pub struct CheckArguments {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// What was found of one part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Line {
    part: String,
    verdict: Verdict,
    /// What was found; for anything but `Ok` also what to do.
    text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Ok,
    /// Nobody looked.
    Unchecked,
    /// Payments work, something should be seen to.
    Warning,
    /// Payments do not work.
    Fault,
}

impl CheckArguments {
    /// Checks, prints a line for each part, and fails when payments cannot be taken.
    ///
    /// # Errors
    /// [`CommandError`] when the lines cannot be printed.
    pub async fn run(self, file: &Path, output: &mut (dyn Write + Send)) -> Result<Exit, CommandError> {
        let lines = match config::load(Some(file), config::environment()) {
            Ok(configuration) => check(&configuration, file).await,
            Err(errors) => vec![fault("configuration", errors.to_string())],
        };
        if self.json {
            let json = serde_json::to_string_pretty(&lines).map_err(std::io::Error::from)?;
            writeln!(output, "{json}")?;
        } else {
            for line in &lines {
                let mark = match line.verdict {
                    Verdict::Ok => "ok     ",
                    Verdict::Unchecked => "?      ",
                    Verdict::Warning => "warning",
                    Verdict::Fault => "FAULT  ",
                };
                writeln!(output, "{mark}  {:<14} {}", line.part, line.text)?;
            }
        }
        Ok(Exit::when(lines.iter().all(|line| line.verdict != Verdict::Fault)))
    }
}

async fn check(configuration: &Configuration, file: &Path) -> Vec<Line> {
    let directory = &configuration.directory;
    let found = format!(
        "{}: {}, {}, {}",
        file.display(),
        counted(directory.tills.len(), "till"),
        counted(directory.terminals.len(), "terminal"),
        counted(directory.stores.len(), "store")
    );
    let mut lines = vec![ok("configuration", found)];
    lines.extend(configuration.warnings.iter().map(|text| warning("configuration", text)));
    lines.push(check_database(&configuration.database).await);
    lines.push(ports::check(configuration).await);
    lines.extend(configuration.server.tls.as_ref().map(|tls| certificate::check(&configuration.server, tls)));
    lines.extend(check_pushes(configuration));
    lines.extend(providers::check(configuration).await);
    lines.extend(callbacks::check(configuration).await);
    lines
}

/// Nothing is sent: a till may be off. A line only where results are pushed.
fn check_pushes(configuration: &Configuration) -> Option<Line> {
    let Configuration { server, callbacks, directory, .. } = configuration;
    let pushed_to = directory.tills.iter().filter(|till| till.profile.push.is_some()).count();
    let callbacks = callbacks.public_url.as_ref().map(|_| callbacks.listen);
    let encrypted = server.tls.as_ref().map(|tls| tls.listen);
    let ours: Vec<_> = server.listen.into_iter().chain(encrypted).chain(callbacks).collect();
    match HttpPusher::new(directory, &ours) {
        Err(error) => Some(fault("pushes", error.to_string())),
        Ok(_) => (pushed_to > 0).then(|| ok("pushes", format!("results are pushed to {}", counted(pushed_to, "till")))),
    }
}

/// `1 till`, `2 tills`
fn counted(number: usize, what: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {what}{ending}")
}

async fn check_database(database: &Database) -> Line {
    let path = database.path.display();
    // Whoever checks need not be the bridge's user, and may want to go back to the version before.
    match SqliteJournal::schema(&database.path).await {
        Ok(Schema::Missing) => return ok("database", format!("{path} does not exist yet; the first start makes it")),
        Ok(Schema::Earlier) => {
            let found = format!("{path} was written by an earlier version; the next start brings it up to date");
            return ok("database", found);
        }
        Ok(Schema::Current) => {}
        Err(error) => return fault("database", error.to_string()),
    }
    let journal = match SqliteJournal::open(JournalOptions::at(&database.path)).await {
        Ok(journal) => journal,
        Err(OpenError::InUse { .. }) => return ok("database", format!("{path} is in use by a bridge that runs now")),
        Err(error) => return fault("database", error.to_string()),
    };
    let integrity = journal.check_integrity().await;
    let sync = journal.measure_sync().await;
    journal.close().await;
    match (integrity, sync) {
        (Ok(damages), _) if !damages.is_empty() => {
            fault("database", format!("{path} is damaged: {}; restore a backup", damages.join("; ")))
        }
        (Err(error), _) | (_, Err(error)) => fault("database", error.to_string()),
        (Ok(_), Ok(sync)) if sync > SLOW_SYNC => warning(
            "database",
            format!("{path} is healthy, but a durable write takes {} ms: use a faster disk", sync.as_millis()),
        ),
        (Ok(_), Ok(sync)) => {
            ok("database", format!("{path} is healthy; a durable write takes {} µs", sync.as_micros()))
        }
    }
}

fn ok(part: &str, text: impl Into<String>) -> Line {
    Line { part: part.to_owned(), verdict: Verdict::Ok, text: text.into() }
}

fn warning(part: &str, text: impl Into<String>) -> Line {
    Line { part: part.to_owned(), verdict: Verdict::Warning, text: text.into() }
}

fn fault(part: &str, text: impl Into<String>) -> Line {
    Line { part: part.to_owned(), verdict: Verdict::Fault, text: text.into() }
}
