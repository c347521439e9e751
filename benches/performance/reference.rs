//! What the bridge is compared with: a bare durable commit, and a bare HTTP handler. Each runs as a process of its own, as
//! the bridge does.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use axum::routing::post;
use axum::{Json, Router};
use serde_json::Value;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection};
use tokio::net::TcpListener;

use crate::Outcome;
use crate::disk::Disk;
use crate::process::Process;
use crate::till::{self, Load, Till};

pub(crate) const COMMITS: &str = "commits";
pub(crate) const HANDLER: &str = "handler";
const COUNT: usize = 300;

/// Durable commits of one row each, as SQLite makes them by itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Commits {
    pub(crate) median: Duration,
    pub(crate) per_second: f64,
}

impl Commits {
    /// Measures them on this disk.
    pub(crate) fn measure(disk: &Disk) -> Outcome<Self> {
        let folder = tempfile::tempdir()?;
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(COMMITS).arg(folder.path().join("reference.db"));
        let output = disk.under(command).output()?;
        let printed = String::from_utf8(output.stdout)?;
        let (median, total) = printed.trim().split_once(' ').ok_or("the reference's process failed")?;
        let seconds = Duration::from_micros(total.parse()?).as_secs_f64();
        Ok(Self { median: Duration::from_micros(median.parse()?), per_second: COUNT as f64 / seconds })
    }
}

/// The process that commits: prints the median and the sum, in microseconds.
pub(crate) async fn commit_rows(file: &Path) -> Outcome<()> {
    let options = SqliteConnectOptions::new().filename(file).create_if_missing(true).disable_statement_logging();
    let options = options.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full);
    let mut connection = sqlx::SqliteConnection::connect_with(&options).await?;
    sqlx::query("CREATE TABLE line (id INTEGER PRIMARY KEY, at INTEGER NOT NULL)").execute(&mut connection).await?;
    let mut samples = Vec::with_capacity(COUNT);
    for at in 0..COUNT as i64 {
        let began = Instant::now();
        sqlx::query("INSERT INTO line (at) VALUES ($1)").bind(at).execute(&mut connection).await?;
        samples.push(began.elapsed());
    }
    let total: Duration = samples.iter().sum();
    println!("{} {}", crate::figure::quantile(&mut samples, 0.5).as_micros(), total.as_micros());
    Ok(())
}

/// How many requests a bare handler answers that takes and returns the same JSON as `/pay`.
pub(crate) async fn measure_handler(tills: usize, time: Duration) -> Outcome<Load> {
    let address: SocketAddr = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let mut command = Command::new(std::env::current_exe()?);
    command.args([HANDLER, &address.to_string()]);
    let mut process = Process::start(command)?;
    while Till::connect(address, 0).await.is_err() {
        process.check()?;
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    till::rush(address, tills, time).await
}

/// The process that answers.
pub(crate) async fn answer_requests(address: SocketAddr) -> Outcome<()> {
    let router = Router::new().route("/pay", post(approve));
    // Nagle's delay would make the comparison too easy.
    let listener = axum::serve::ListenerExt::tap_io(TcpListener::bind(address).await?, |stream| {
        let _ = stream.set_nodelay(true);
    });
    Ok(axum::serve(listener, router).await?)
}

async fn approve(Json(request): Json<Value>) -> Json<Value> {
    Json(serde_json::json!({
        "operation_id": "01JD8X4S7R9M2E6K3T5V7W9Y1Z", "kind": "sale", "till": "till-1",
        "reference": request["reference"], "status": "approved", "final": true, "retry": "never",
        "message": "Approved", "amount": request["amount"], "currency": "NOK", "amount_approved": request["amount"],
        "amount_refunded": 0, "terminal": "front", "provider": "dintero",
        "transaction_id": "T12345678.465UfBENeLpkBvwmqfTC4k", "attempt": 1,
        "card": {"brand": "Visa", "masked_pan": "476173******0416", "entry_method": "contactless"},
        "replayed": false, "late": false, "simulated": true, "acknowledged": false,
        "created_at": "2026-11-20T10:15:02.120Z", "updated_at": "2026-11-20T10:15:11.870Z"
    }))
}
