//! What has lain in the journal for longer than it is kept: it goes while the bridge works, and makes room for what comes.

use std::path::Path;

use jiff::Timestamp;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};

/// Callbacks are kept for ninety days.
const DAYS_AGO: i64 = 100;
const MILLISECONDS_A_DAY: i64 = 24 * 60 * 60 * 1_000;
/// Each new one takes two old ones along.
const GO_WHERE_ONE_COMES: i64 = 2;

/// Callbacks that nobody needs any more.
pub(super) struct Old {
    planted: i64,
}

impl Old {
    /// Puts so many into the journal of a bridge that does not run.
    pub(super) async fn plant(database: &Path, planted: i64) -> Self {
        let mut file = SqliteConnectOptions::new().filename(database).connect().await.unwrap();
        let long_ago = Timestamp::now().as_millisecond() - DAYS_AGO * MILLISECONDS_A_DAY;
        sqlx::query(
            "INSERT INTO callback (provider, delivery, query, received_at) WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL \
             SELECT n + 1 FROM number WHERE n < ?) SELECT 'dintero', 'old-' || n, 'merchant_reference=old', ? FROM number",
        )
        .bind(planted)
        .bind(long_ago)
        .execute(&mut file)
        .await
        .unwrap();
        file.close().await.unwrap();
        Self { planted }
    }

    /// As many must have gone as those that came since took along.
    pub(super) async fn have_gone(&self, database: &Path) -> Result<(), Vec<String>> {
        let mut file = SqliteConnectOptions::new().filename(database).read_only(true).connect().await.unwrap();
        let left = count(&mut file, "SELECT count(*) FROM callback WHERE delivery LIKE 'old-%'").await;
        let came = count(&mut file, "SELECT count(*) FROM callback WHERE delivery NOT LIKE 'old-%'").await;
        file.close().await.unwrap();
        println!("{} old callbacks, {came} new ones came, {left} old ones are left", self.planted);
        let expected = (self.planted - GO_WHERE_ONE_COMES * came).max(0);
        match (came, left) {
            (0, _) => Err(vec!["vacuous: no callback came".to_owned()]),
            (_, left) if left > expected => Err(vec![format!("{left} old callbacks are left, not {expected}")]),
            _ => Ok(()),
        }
    }
}

async fn count(file: &mut SqliteConnection, query: &'static str) -> i64 {
    sqlx::query_scalar(query).fetch_one(file).await.unwrap()
}
