//! Bytes as what stands in a row of the journal: it is read as what it says, or refused as unreadable, and nothing becomes
//! an approval that does not say so.

use pos_bridge::domain::attempt::{Attempt, Event, Phase};
use pos_bridge::domain::operation::{Operation, Status};
use pos_bridge::ports::{Journal, JournalError};
use serde_json::Value;
use sqlx::SqliteConnection;
use tokio::runtime::{Builder, Runtime};

use super::Verdict;
use super::bytes::Bytes;
use super::journal_fixture::{Fixture, seen, terminal};

/// A column, how it is read as a text, and how it is written from one: a strict table takes a number's text as the number.
struct Column {
    read: &'static str,
    write: &'static str,
}

macro_rules! column {
    ($table:literal, $name:literal) => {
        Column {
            read: concat!("SELECT CAST(", $name, " AS TEXT) FROM ", $table),
            write: concat!("UPDATE ", $table, " SET ", $name, " = ?1"),
        }
    };
}

/// The phase first, because most depends on it.
const COLUMNS: [Column; 22] = [
    column!("attempt", "phase_detail"),
    column!("attempt", "preparation"),
    column!("attempt", "refunds"),
    column!("attempt", "number"),
    column!("attempt", "terminal"),
    column!("attempt", "provider_terminal"),
    column!("attempt", "store"),
    column!("attempt", "provider"),
    column!("attempt", "expires_at"),
    column!("attempt", "horizon"),
    column!("attempt", "card_present"),
    column!("attempt", "signature_accepted"),
    column!("operation", "kind"),
    column!("operation", "till"),
    column!("operation", "reference"),
    column!("operation", "amount"),
    column!("operation", "currency"),
    column!("operation", "refunded_elsewhere"),
    column!("operation", "told_at"),
    column!("operation", "created_at"),
    column!("alarm", "kind"),
    column!("alarm", "raised_at"),
];

struct Rows {
    runtime: Runtime,
    fixture: Fixture,
    raw: SqliteConnection,
    operation: Operation,
    /// What stood in each column.
    right: Vec<Option<String>>,
}

thread_local! {
    static ROWS: std::cell::RefCell<Rows> = Rows::new().into();
}

impl Rows {
    /// One sale that is approved, late, with an alarm on it.
    fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let (fixture, raw, operation, right) = runtime.block_on(async {
            let fixture = Fixture::new().await;
            let sale = fixture.approved_sale("R-1").await;
            let raised = fixture.record(&sale, seen(several(&sale.attempt))).await;
            assert!(raised.alarm.is_some(), "an alarm stands");
            let mut raw = fixture.raw().await;
            sqlx::query("PRAGMA synchronous = OFF").execute(&mut raw).await.unwrap();
            let mut right = Vec::new();
            for column in &COLUMNS {
                right.push(sqlx::query_scalar(column.read).fetch_one(&mut raw).await.unwrap());
            }
            (fixture, raw, raised.operation, right)
        });
        Self { runtime, fixture, raw, operation, right }
    }

    /// `false` when the table's own rules refuse it.
    async fn write(raw: &mut SqliteConnection, column: usize, text: Option<&str>) -> bool {
        sqlx::query(COLUMNS[column].write).bind(text).execute(raw).await.is_ok()
    }
}

fn several(attempt: &Attempt) -> pos_bridge::domain::evidence::Finding {
    let approval = super::journal_fixture::approval(attempt);
    pos_bridge::domain::evidence::Finding::Approved(pos_bridge::domain::evidence::Approval {
        several: true,
        ..approval
    })
}

pub(crate) fn check(bytes: &[u8]) -> Verdict {
    ROWS.with_borrow_mut(|Rows { runtime, fixture, raw, operation, right }| {
        runtime.block_on(async {
            let mut bytes = Bytes::new(bytes);
            let (first, second) = (bytes.below(COLUMNS.len()), bytes.below(COLUMNS.len()));
            let parts = [(first, bytes.part()), (second, bytes.part())].map(|(column, part)| (column, text(part)));
            let mut is_written = false;
            for (column, text) in parts.iter().filter(|(_, text)| text.as_deref() != Some("")) {
                is_written |= Rows::write(raw, *column, text.as_deref()).await;
            }
            let read = fixture.journal.operation(operation.id).await;
            let says = sqlx::query_scalar(COLUMNS[0].read).fetch_one(&mut *raw).await.unwrap();
            let verdict = judge(read.as_ref().map(Option::as_ref), says);
            let reference = operation.attempt.order.reference;
            let others = [
                fixture.journal.find_attempt(reference).await.map(drop),
                fixture.journal.live().await.map(drop),
                fixture.journal.terminals(&[terminal("front")]).await.map(drop),
                fixture.journal.alarms().await.map(drop),
            ];
            for error in others.into_iter().filter_map(Result::err) {
                assert!(matches!(error, JournalError::Corrupt(_)), "{error:?}");
            }
            for (column, _) in &parts {
                assert!(Rows::write(raw, *column, right[*column].as_deref()).await, "what was there can be written");
            }
            Verdict::taken_if(is_written && verdict == Verdict::Taken)
        })
    })
}

/// Nothing at all is what a column of nothing holds.
fn text(part: &[u8]) -> Option<String> {
    (part != b"NULL").then(|| String::from_utf8_lossy(part).into_owned())
}

fn judge(read: Result<Option<&Operation>, &JournalError>, says: String) -> Verdict {
    let operation = match read {
        Ok(found) => found.expect("the operation is there"),
        Err(error) => {
            assert!(matches!(error, JournalError::Corrupt(_)), "{error:?}");
            return Verdict::Refused;
        }
    };
    let phase: Value = serde_json::from_str(&says).expect("what is no JSON is unreadable");
    assert_eq!(phase["phase"], operation.attempt.phase.name(), "the phase is what stands there");
    if operation.status() == Status::Approved {
        let approval = operation.approval().expect("an approval has its proof");
        assert_eq!(phase["approval"]["amount"], approval.amount.minor(), "the amount is what stands there");
        assert!(approval.amount.minor() > 0, "money is something");
    }
    let kept: Phase = serde_json::from_str(&serde_json::to_string(&operation.attempt.phase).unwrap()).unwrap();
    assert_eq!(kept, operation.attempt.phase, "it is written as it was read");
    // Whatever was read can go on.
    let _moved = operation.attempt.step(&Event::CancelWanted);
    Verdict::Taken
}
