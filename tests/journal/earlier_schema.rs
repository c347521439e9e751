//! A journal of an earlier version is brought up to date with everything that it holds.

use std::fs;
use std::path::Path;

use pos_bridge::domain::attempt::Kind;
use pos_bridge::domain::directory::RefundLimits;
use pos_bridge::domain::refund::RefundRoute;
use pos_bridge::journal::{JournalOptions, Schema, SqliteJournal};
use pos_bridge::ports::{Begun, Journal, NewRefund};
use sqlx::migrate::Migrator;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, SqliteConnection};

use crate::fixture::*;

/// The last version in which a refund always had a sale.
const BEFORE: &str = "0005";

/// What an earlier bridge left: a sale of 399.00 with a refund of 100.00, an alarm and a result to push.
const LEFT: &str = r#"
INSERT INTO operation (id, kind, till, reference, generation, amount, currency, original, deciding_attempt, status,
    simulated, details, created_at, updated_at, asked_terminal)
VALUES ('01JD8X4S7R9M2E6K3T5V7W9Y1Z', 'sale', 'till-1', 'R-1', 1, 39900, 'NOK', NULL,
    'PB-01JD8X4S7R9M2E6K3T5V7W9Y20', 'approved', 1, '{}', 1000, 1000, 'front'),
    ('01JD8X4S7R9M2E6K3T5V7W9Y21', 'refund', 'till-1', 'F-1', 1, 10000, 'NOK', '01JD8X4S7R9M2E6K3T5V7W9Y1Z',
    'PB-01JD8X4S7R9M2E6K3T5V7W9Y22', 'approved', 1, '{}', 2000, 2000, NULL);
INSERT INTO attempt (reference, operation, number, terminal, provider_terminal, store, provider, refunds, expires_at,
    horizon, cancel_wanted, contradicted, phase, phase_since, phase_detail, set_aside, transaction_id, amount_approved)
VALUES ('PB-01JD8X4S7R9M2E6K3T5V7W9Y20', '01JD8X4S7R9M2E6K3T5V7W9Y1Z', 1, 'front', 'T-front', 'oslo-center', 'dintero',
    NULL, 1000, 1000, 0, 0, 'approved', 1000, '{"phase":"approved","approval":{"transaction":"T1.sale","amount":39900,
    "captured":true,"card":null,"receipt":null},"late":false,"resolution":null}', 39900, 'T1.sale', 39900),
    ('PB-01JD8X4S7R9M2E6K3T5V7W9Y22', '01JD8X4S7R9M2E6K3T5V7W9Y21', 1, 'front', 'T-front', 'oslo-center', 'dintero',
    'T1.sale', 1000, 1000, 0, 0, 'approved', 1000, '{"phase":"approved","approval":{"transaction":"T1.sale",
    "amount":10000,"captured":true,"card":null,"receipt":null},"late":false,"resolution":null}', 10000, 'T1.sale', 10000);
INSERT INTO event (at, operation, attempt, name, event, phase)
VALUES (1000, '01JD8X4S7R9M2E6K3T5V7W9Y1Z', 1, 'begun', '{}', 'sending');
INSERT INTO alarm (subject, kind, text, operation, raised_at)
VALUES ('01JD8X4S7R9M2E6K3T5V7W9Y1Z', 'orphan', 'look', '01JD8X4S7R9M2E6K3T5V7W9Y1Z', 1000);
INSERT INTO push (number, till, operation, since, due_at) VALUES (1, 'till-1', '01JD8X4S7R9M2E6K3T5V7W9Y1Z', 1000, 1000);
"#;

async fn earlier_journal(path: &Path) {
    let migrations = tempfile::tempdir().unwrap();
    for file in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations")).unwrap() {
        let file = file.unwrap();
        let name = file.file_name().into_string().unwrap();
        if name.get(..4).is_some_and(|number| number <= BEFORE) {
            fs::copy(file.path(), migrations.path().join(name)).unwrap();
        }
    }
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true).foreign_keys(true);
    let mut earlier = SqliteConnection::connect_with(&options).await.unwrap();
    Migrator::new(migrations.path()).await.unwrap().run(&mut earlier).await.unwrap();
    sqlx::raw_sql(LEFT).execute(&mut earlier).await.unwrap();
    earlier.close().await.unwrap();
}

#[tokio::test]
async fn a_journal_in_which_every_refund_had_a_sale_keeps_all_that_it_holds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    earlier_journal(&path).await;
    let journal = SqliteJournal::open(JournalOptions::at(&path)).await.unwrap();
    assert_eq!(journal.check_integrity().await, Ok(vec![]));
    let sale = journal.find(&till("till-1"), Kind::Sale, &reference("R-1"), false).await.unwrap().unwrap();
    assert_eq!((sale.money, sale.refunded), (nok(39_900), 10_000));
    let refund = journal.find(&till("till-1"), Kind::Refund, &reference("F-1"), false).await.unwrap().unwrap();
    assert_eq!(refund.original, Some(sale.id));
    assert_eq!(journal.history(sale.id).await.unwrap().len(), 1);
    assert_eq!(journal.alarms().await.unwrap()[0].operation, Some(sale.id));

    let limits = RefundLimits { unlinked_per_day: Some(500), ..RefundLimits::default() };
    let unlinked = NewRefund {
        original: None,
        asked: Some(nok(500)),
        allowance: allowance(limits),
        route: RefundRoute::Terminal,
        ..crate::fixture::refund("till-1", "F-2", sale.id, None)
    };
    let begun = journal.begin_refund(unlinked).await.unwrap();
    assert!(matches!(begun, Begun::New(operation) if operation.original.is_none()));
    journal.close().await;

    let mut raw = SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(&path)).await.unwrap();
    let broken = sqlx::query("PRAGMA foreign_key_check").fetch_all(&mut raw).await.unwrap();
    assert!(broken.is_empty());
    let indexes: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'operation' AND sql IS NOT NULL ORDER BY name",
    )
    .fetch_all(&mut raw)
    .await
    .unwrap();
    assert_eq!(
        indexes,
        [
            "operation_by_amount",
            "operation_by_asked_terminal",
            "operation_by_content",
            "operation_by_original",
            "operation_by_status",
            "operation_by_till",
            "operation_not_acknowledged",
            "operation_open",
            "operation_tried_again",
            "operation_unheard",
        ]
    );
}

/// Another user may look, who must not make the files, and a look must not make the way back to the version before longer.
#[tokio::test]
async fn a_look_at_a_journal_neither_makes_it_nor_brings_it_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let look = async || SqliteJournal::schema(&path).await.unwrap();
    assert_eq!(look().await, Schema::Missing);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "it made something");
    earlier_journal(&path).await;
    let left = fs::read(&path).unwrap();
    assert_eq!(look().await, Schema::Earlier);
    assert!(fs::read(&path).unwrap() == left, "it was changed");
    SqliteJournal::open(JournalOptions::at(&path)).await.unwrap().close().await;
    assert_eq!(look().await, Schema::Current);
}
