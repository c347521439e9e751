//! The journal as it lies on the disk after a stop, read without the bridge.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection, FromRow};
use tempfile::TempDir;

/// SQLite's usual one.
pub(crate) const PAGE: u64 = 4096;

#[derive(Debug, Clone, FromRow)]
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) till: String,
    pub(crate) reference: String,
    pub(crate) amount: i64,
    pub(crate) currency: String,
    pub(crate) original: Option<String>,
    pub(crate) status: String,
    pub(crate) refunded_elsewhere: i64,
}

#[derive(Debug, Clone, FromRow)]
pub(crate) struct Attempt {
    pub(crate) reference: String,
    pub(crate) operation: String,
    pub(crate) number: i64,
    pub(crate) provider: String,
    pub(crate) provider_terminal: String,
    pub(crate) refunds: Option<String>,
    /// The payment that Dojo made ready for it.
    pub(crate) prepared: Option<String>,
    pub(crate) card_present: bool,
    pub(crate) phase: String,
    pub(crate) transaction_id: Option<String>,
    pub(crate) amount_approved: Option<i64>,
    pub(crate) late: Option<bool>,
}

#[derive(Debug, Clone, FromRow)]
pub(crate) struct Event {
    pub(crate) operation: String,
    pub(crate) attempt: i64,
    pub(crate) name: String,
    pub(crate) phase: String,
}

#[derive(Debug, Clone, FromRow)]
pub(crate) struct Alarm {
    pub(crate) subject: String,
    pub(crate) kind: String,
}

#[derive(Debug)]
pub(crate) struct Journal {
    pub(crate) operations: BTreeMap<String, Operation>,
    pub(crate) attempts: Vec<Attempt>,
    /// By operation and attempt, oldest first.
    pub(crate) events: BTreeMap<(String, i64), Vec<Event>>,
    pub(crate) alarms: Vec<Alarm>,
    /// What SQLite itself finds wrong.
    pub(crate) damage: Vec<String>,
    /// The places of attempts by the payment that they give back, and by the one that was made ready for them.
    refunds: HashMap<String, Vec<usize>>,
    prepared: HashMap<String, Vec<usize>>,
}

impl Journal {
    pub(crate) async fn read(path: &Path) -> Self {
        let options = SqliteConnectOptions::new().filename(path).read_only(true);
        let mut file = options.connect().await.unwrap();
        let operations: Vec<Operation> = all(&mut file, "SELECT * FROM operation").await;
        let attempts: Vec<Attempt> = all(
            &mut file,
            "SELECT *, phase_detail ->> '$.late' AS late, preparation ->> '$.payment' AS prepared FROM attempt ORDER BY \
             operation, number",
        )
        .await;
        let mut events: BTreeMap<(String, i64), Vec<Event>> = BTreeMap::new();
        for event in all::<Event>(&mut file, "SELECT * FROM event ORDER BY sequence").await {
            events.entry((event.operation.clone(), event.attempt)).or_default().push(event);
        }
        let alarms = all(&mut file, "SELECT * FROM alarm").await;
        let mut damage: Vec<String> = sqlx::query_scalar("PRAGMA integrity_check").fetch_all(&mut file).await.unwrap();
        damage.retain(|line| line != "ok");
        let foreign = sqlx::query("PRAGMA foreign_key_check").fetch_all(&mut file).await.unwrap();
        damage.extend(foreign.iter().map(|row| format!("a foreign key leads nowhere: {row:?}")));
        let operations = operations.into_iter().map(|operation| (operation.id.clone(), operation)).collect();
        let refunds = places_by(&attempts, |attempt| attempt.refunds.as_ref());
        let prepared = places_by(&attempts, |attempt| attempt.prepared.as_ref());
        Self { operations, attempts, events, alarms, damage, refunds, prepared }
    }

    /// The attempts that give back a payment.
    pub(crate) fn refunds_of(&self, payment: &str) -> impl Iterator<Item = &Attempt> {
        self.refunds.get(payment).into_iter().flatten().map(|place| &self.attempts[*place])
    }

    /// The attempts that a payment was made ready for, and those that give it back at a machine.
    pub(crate) fn prepared_on(&self, payment: &str) -> impl Iterator<Item = &Attempt> {
        self.prepared.get(payment).into_iter().flatten().map(|place| &self.attempts[*place])
    }

    /// As [`names_now`].
    pub(crate) fn names(&self) -> BTreeSet<String> {
        let references = self.attempts.iter().map(|attempt| &attempt.reference);
        references.chain(self.prepared.keys()).cloned().collect()
    }

    pub(crate) fn has_alarm(&self, operation: &str, kind: &str) -> bool {
        self.alarms.iter().any(|alarm| alarm.subject == operation && alarm.kind == kind)
    }

    pub(crate) fn events_of(&self, attempt: &Attempt) -> &[Event] {
        self.events.get(&(attempt.operation.clone(), attempt.number)).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn operation_of(&self, attempt: &Attempt) -> &Operation {
        &self.operations[&attempt.operation]
    }
}

fn places_by(attempts: &[Attempt], payment: fn(&Attempt) -> Option<&String>) -> HashMap<String, Vec<usize>> {
    let mut places: HashMap<String, Vec<usize>> = HashMap::new();
    for (place, attempt) in attempts.iter().enumerate() {
        if let Some(payment) = payment(attempt) {
            places.entry(payment.clone()).or_default().push(place);
        }
    }
    places
}

/// Lets SQLite bring in order what a crash left behind; whether there is a journal then.
pub(crate) async fn recover(path: &Path) -> bool {
    let Ok(mut file) = SqliteConnectOptions::new().filename(path).connect().await else { return false };
    let _ = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut file).await;
    let tables = sqlx::query("SELECT * FROM operation, attempt, event, alarm LIMIT 0").execute(&mut file).await;
    let _ = file.close().await;
    tables.is_ok()
}

/// The names by which a provider was asked for anything, as they lie on the disk at this moment: of every attempt, and of every
/// payment that was made ready for one. A journal that has no tables yet has none.
pub(crate) async fn names_now(database: &Path) -> BTreeSet<String> {
    let (_folder, file) = copy_now(database).await;
    match file {
        Some(mut file) => names(&mut file).await,
        None => BTreeSet::new(),
    }
}

/// The same of a bridge that runs.
pub(crate) async fn names_while_it_runs(database: &Path) -> BTreeSet<String> {
    let options = SqliteConnectOptions::new().filename(database).read_only(true);
    let mut file = options.connect().await.unwrap();
    let names = names(&mut file).await;
    let _ = file.close().await;
    names
}

async fn names(file: &mut SqliteConnection) -> BTreeSet<String> {
    let references: Vec<String> =
        sqlx::query_scalar("SELECT reference FROM attempt").fetch_all(&mut *file).await.unwrap_or_default();
    // The first version knew of no payment that is made ready.
    let prepared: Vec<String> = sqlx::query_scalar(
        "SELECT preparation ->> '$.payment' FROM attempt WHERE preparation ->> '$.payment' IS NOT NULL",
    )
    .fetch_all(file)
    .await
    .unwrap_or_default();
    references.into_iter().chain(prepared).collect()
}

/// What lies on the disk at this moment, in a folder of its own: the bridge's files are not touched.
pub(crate) async fn copy_now(database: &Path) -> (TempDir, Option<SqliteConnection>) {
    let copy = tempfile::tempdir().unwrap();
    for suffix in ["", "-wal"] {
        let mut name = database.file_name().unwrap().to_owned();
        name.push(suffix);
        let from = database.with_file_name(&name);
        if from.exists() {
            std::fs::copy(from, copy.path().join(name)).unwrap();
        }
    }
    let options = SqliteConnectOptions::new().filename(copy.path().join(database.file_name().unwrap()));
    (copy, options.connect().await.ok())
}

/// How many attempts a running bridge has written, and the bytes of all its pages, wherever they lie.
pub(crate) async fn extent(database: &Path) -> (u64, u64) {
    let options = SqliteConnectOptions::new().filename(database).read_only(true);
    let mut file = options.connect().await.unwrap();
    let attempts: i64 = sqlx::query_scalar("SELECT count(*) FROM attempt").fetch_one(&mut file).await.unwrap();
    let pages: i64 = sqlx::query_scalar("PRAGMA page_count").fetch_one(&mut file).await.unwrap();
    let _ = file.close().await;
    (u64::try_from(attempts).unwrap(), u64::try_from(pages).unwrap() * PAGE)
}

async fn all<Row>(file: &mut SqliteConnection, query: &'static str) -> Vec<Row>
where
    Row: for<'row> FromRow<'row, sqlx::sqlite::SqliteRow> + Send + Unpin,
{
    sqlx::query_as(query).fetch_all(file).await.unwrap()
}

/// What the till is told of an attempt in this phase.
pub(crate) fn status_of(phase: &str) -> &str {
    match phase {
        "reserved" | "sending" | "open" => "pending",
        "abandoned" => "unknown",
        other => other,
    }
}
