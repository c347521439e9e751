//! Proves that no reading walks through a whole table, so that a million operations are as quick as ten.

use jiff::Timestamp;
use sqlx::{AssertSqlSafe, Connection, Row, SqliteConnection};

use super::opening::{connection, files};
use super::results::{log, outbox, told};
use super::steps::{adopt, alarms, begin, callbacks, earlier, entries, note_refunded, sweeps};
use super::{JournalOptions, read};
use crate::domain::identifiers::{OperationId, TillId};
use crate::domain::operation::Status;
use crate::ports::OperationFilter;

async fn plan(connection: &mut SqliteConnection, statement: &str) -> Vec<String> {
    let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
    let rows = sqlx::query(explain).fetch_all(connection).await.unwrap();
    rows.iter().map(|row| row.get("detail")).collect()
}

/// Partial indexes hold only what is asked for; everything else must be searched by a key.
fn walks_a_table(step: &str) -> bool {
    let partial =
        ["attempt_live", "attempt_abandoned", "alarm_standing", "alarm_freezing", "push_due", "push_undelivered"];
    step.starts_with("SCAN")
        && !step.contains("CONSTANT ROW")
        && !step.contains("SCAN one")
        && !step.contains("SCAN told")
        && !step.contains("SCAN note")
        && !partial.iter().any(|index| step.contains(index))
}

async fn empty_journal() -> (tempfile::TempDir, SqliteConnection) {
    let folder = tempfile::tempdir().unwrap();
    let options = JournalOptions::at(folder.path().join("journal.db"));
    drop(files::prepare(&options.path).unwrap());
    let connection = connection::open_writer(&options).await.unwrap();
    (folder, connection)
}

#[tokio::test]
async fn every_reading_uses_an_index() {
    let (_folder, mut connection) = empty_journal().await;
    for statement in [
        entries::OPERATION,
        entries::RUNS,
        entries::STANDING_ALARM,
        earlier::BEFORE,
        earlier::BEFORE_SALE_WITHOUT_NUMBER,
        earlier::BEFORE_REFUND_WITHOUT_NUMBER,
        begin::PAID_UNHEARD,
        begin::SET_ASIDE,
        begin::GIVEN_BACK,
        begin::GIVEN_BACK_UNLINKED,
        begin::UNDECIDED_REFUND,
        adopt::NEWEST,
        adopt::GENERATIONS,
        adopt::RIVALS,
        note_refunded::REFUNDED_ELSEWHERE,
        note_refunded::SENT_BACK,
        alarms::SAME_ALARM,
        alarms::KNOWN_ALARM,
        alarms::ALARM,
        callbacks::SAME_CALLBACK,
        callbacks::FORGET_OLDEST_CALLBACKS,
        read::BY_REFERENCE,
        read::SALE_BY_REFERENCE,
        read::SALE_BY_TRANSACTION,
        read::ON_PAYMENT,
        read::TRIED_AGAIN,
        read::LIVE,
        read::ABANDONED,
        read::UNPAID_REFUNDS,
        read::TERMINAL,
        read::COUNT_ALARMS,
        read::ALARMS,
        read::HISTORY,
        sweeps::LAST,
        outbox::PUSH,
        outbox::FRESH_PUSH,
        outbox::NEXT_PUSH,
        outbox::OLDEST_PUSHES,
        outbox::COUNT_PUSHES,
        log::END,
        log::RESULT_AT,
        log::RESULTS,
        told::INSERT_TOLD_EVENTS,
        told::UPDATE_TOLD,
    ] {
        let plan = plan(&mut connection, statement).await;
        assert!(!plan.iter().any(|step| walks_a_table(step)), "{statement}\n{plan:#?}");
    }
    connection.close().await.unwrap();
}

#[tokio::test]
async fn every_filter_of_a_tills_list_uses_an_index_and_needs_no_sorting() {
    let (_folder, mut connection) = empty_journal().await;
    let till = TillId::new("till-1").unwrap();
    let (now, after) = (Timestamp::UNIX_EPOCH, OperationId(ulid::Ulid::nil()));
    let all = OperationFilter { limit: 50, ..OperationFilter::default() };
    for (filter, index) in [
        (all.clone(), "operation_by_till"),
        (OperationFilter { since: Some(now), until: Some(now), ..all.clone() }, "operation_by_till"),
        (OperationFilter { after: Some(after), ..all.clone() }, "operation_by_till"),
        (OperationFilter { open: Some(true), ..all.clone() }, "operation_open"),
        (OperationFilter { open: Some(false), ..all.clone() }, "operation_by_till"),
        (OperationFilter { acknowledged: Some(false), ..all.clone() }, "operation_not_acknowledged"),
        (OperationFilter { acknowledged: Some(true), ..all.clone() }, "operation_by_till"),
        (OperationFilter { status: Some(Status::Unknown), ..all.clone() }, "operation_by_status"),
        (OperationFilter { amount: Some(39900), ..all }, "operation_by_amount"),
    ] {
        let plan = plan(&mut connection, read::operations_query(&till, &filter).sql().as_str()).await;
        assert!(plan.iter().any(|step| step.contains(index)), "{filter:?}\n{plan:#?}");
        assert!(!plan.iter().any(|step| walks_a_table(step) || step.contains("TEMP B-TREE")), "{plan:#?}");
    }
    connection.close().await.unwrap();
}
