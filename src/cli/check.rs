//! `pos-bridge check`

mod certificate;
mod ports;

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use clap::Args;
use jiff::SignedDuration;
use serde::Serialize;
use url::Url;

use super::{CommandError, Exit};
use crate::config::{self, Callbacks, Configuration, Database};
use crate::domain::directory::Terminal;
use crate::journal::{JournalOptions, OpenError, SqliteJournal};
use crate::ports::{Provider, ReadError};
use crate::provider::dintero::Dintero;
use crate::push::HttpPusher;

/// From here on a disk makes cashiers wait.
const SLOW_SYNC: Duration = Duration::from_millis(50);
/// From here on this machine's clock is wrong enough to confuse people who read receipts and logs.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_secs(60);
/// How long the way from the provider's side to the callback listener may take.
const CALLBACK_TIMEOUT: Duration = Duration::from_secs(10);

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
    if let Some(settings) = &configuration.dintero {
        match Dintero::new(settings.clone()) {
            Ok(dintero) => lines.extend(check_provider(&dintero, &directory.terminals).await),
            Err(error) => lines.push(fault("dintero", error.to_string())),
        }
    }
    lines.push(check_callbacks(&configuration.callbacks).await);
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

async fn check_provider(provider: &dyn Provider, terminals: &[Terminal]) -> Vec<Line> {
    let ahead = match provider.check_access().await {
        Ok(ahead) => ahead,
        Err(ReadError::Refused(cause)) => {
            let advice = "check account_id, client_id and client_secret in [dintero], and that the client has the checkout scope";
            return vec![fault("token", format!("refused ({cause}); {advice}"))];
        }
        Err(error) => {
            let advice = "check this machine's internet connection, name server and firewall, and checkout_url and api_url in [dintero]";
            return vec![fault("token", format!("{error}; {advice}"))];
        }
    };
    let mut lines = vec![ok("token", "the credentials work"), check_clock(ahead)];
    for terminal in terminals {
        lines.push(check_terminal(provider, terminal).await);
    }
    lines.push(unchecked_identifiers());
    lines
}

/// The provider is asked for none of these before the first sale.
fn unchecked_identifiers() -> Line {
    let text =
        "not checked: profile_id, and the stores' id and payout_destination_id; a wrong one shows with the first sale";
    Line { part: "identifiers".to_owned(), verdict: Verdict::Unchecked, text: text.to_owned() }
}

fn check_clock(ahead: SignedDuration) -> Line {
    let seconds = ahead.as_secs().unsigned_abs();
    let direction = if ahead.is_negative() { "behind" } else { "ahead of" };
    if ahead.abs() > CLOCK_TOLERANCE {
        let text = format!(
            "this machine is {seconds} s {direction} the provider; switch on time synchronisation. Payments still work: \
             they go by the provider's clock, but the log does not"
        );
        warning("clock", text)
    } else {
        ok("clock", format!("{seconds} s {direction} the provider's"))
    }
}

async fn check_terminal(provider: &dyn Provider, terminal: &Terminal) -> Line {
    let name = terminal.name.as_str();
    let id = &terminal.terminal_id;
    match provider.enrolment(terminal).await {
        Ok(Some(enrolment)) if enrolment.status == "ACTIVE" => ok(name, format!("{id} is active")),
        Ok(Some(enrolment)) => {
            let reason = enrolment.reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
            fault(
                name,
                format!("{id} is {}{reason}; finish its enrolment in the provider's back office", enrolment.status),
            )
        }
        Ok(None) => warning(name, format!("{id}: these credentials may not read terminals; look in the back office")),
        Err(error) => fault(name, format!("{id}: {error}; check terminal_id of this terminal")),
    }
}

/// Calls the public address as the provider would; only our own listener answers an unsigned call with 401.
async fn check_callbacks(callbacks: &Callbacks) -> Line {
    let Some(public_url) = &callbacks.public_url else {
        return ok("callback", "no public_url: results are polled, which is complete by itself");
    };
    // Where no bridge runs, something must stand at the end of the way. A bridge that runs answers by itself.
    let stand_in = tokio::net::TcpListener::bind(callbacks.listen).await.ok();
    let stand_in = stand_in.map(|listener| {
        let refuse = || async { axum::http::StatusCode::UNAUTHORIZED };
        tokio::spawn(axum::serve(listener, axum::Router::new().fallback(refuse)).into_future())
    });
    let answer = call(public_url).await;
    if let Some(stand_in) = stand_in {
        stand_in.abort();
    }
    let advice =
        "check the tunnel or proxy that should lead from it to callbacks.listen; until then results are polled";
    match answer {
        Ok(401) => ok("callback", format!("{public_url} leads here")),
        Ok(status) => warning("callback", format!("{public_url} answers {status}, not this bridge; {advice}")),
        Err(error) => warning("callback", format!("{public_url} cannot be reached ({error}); {advice}")),
    }
}

async fn call(public_url: &Url) -> Result<u16, reqwest::Error> {
    let address = format!("{}/callbacks/dintero", public_url.as_str().trim_end_matches('/'));
    let client = reqwest::Client::builder()
        .timeout(CALLBACK_TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()?;
    Ok(client.get(address).send().await?.status().as_u16())
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
