//! A journal with a million operations: one real sale, copied. Kept under `target/`, for the next run.

use std::path::PathBuf;

use sha2::{Digest, Sha256};
use sqlx::{Connection, SqliteConnection};

use crate::Outcome;
use crate::disk::Disk;
use crate::shop::Shop;
use crate::till::Till;

/// A day of a big shop after another: a sale a minute for two years.
const COPIES: [&str; 5] = [
    "PRAGMA synchronous = OFF",
    "CREATE TEMP TABLE copy AS WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1000000) \
     SELECT n, printf('01%024d', n) AS id, printf('PB-01%024d', n) AS attempt, printf('OLD-%d', n) AS reference, \
     (1000000 - n) * 60000 AS age FROM n",
    "INSERT INTO operation (id, kind, till, reference, generation, amount, currency, original, deciding_attempt, status, \
     refunded_elsewhere, simulated, told_at, acknowledged_at, details, created_at, updated_at) SELECT copy.id, kind, till, \
     copy.reference, generation, amount, currency, original, copy.attempt, status, refunded_elsewhere, simulated, \
     created_at - age, created_at - age, details, created_at - age, updated_at - age FROM copy, operation \
     WHERE sequence = 1 ORDER BY n",
    "INSERT INTO attempt (reference, operation, number, terminal, provider_terminal, store, provider, refunds, expires_at, \
     horizon, cancel_wanted, contradicted, phase, phase_since, phase_detail, leased_terminal, set_aside, transaction_id, \
     amount_approved, card_brand, card_masked_pan, card_entry_method) SELECT copy.attempt, copy.id, number, terminal, \
     provider_terminal, store, provider, refunds, expires_at - age, horizon - age, cancel_wanted, contradicted, phase, \
     phase_since - age, phase_detail, leased_terminal, set_aside, transaction_id || n, amount_approved, card_brand, \
     card_masked_pan, card_entry_method FROM copy, (SELECT * FROM attempt LIMIT 1) ORDER BY n",
    "INSERT INTO event (at, operation, attempt, name, event, phase) SELECT at - age, copy.id, attempt_number, name, event, \
     phase FROM copy, (SELECT at, attempt AS attempt_number, name, event, phase FROM event ORDER BY sequence) ORDER BY n",
];

/// The journal's path; it is made when this schema's is not there yet.
pub(crate) async fn journal() -> Outcome<PathBuf> {
    let mut fingerprint = Sha256::new_with_prefix(include_str!("../../migrations/0001_journal.sql"));
    fingerprint.update(include_str!("million.rs"));
    let fingerprint =
        fingerprint.finalize().iter().take(6).fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("million-operations").join(fingerprint);
    let journal = folder.join("pos-bridge.db");
    if !journal.exists() {
        println!("     making a journal of a million operations, once, in {}", folder.display());
        let unfinished = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        fill(unfinished.path().join("pos-bridge.db")).await?;
        std::fs::create_dir_all(folder.parent().ok_or("no folder for the journal")?)?;
        std::fs::rename(unfinished.keep(), &folder)?;
    }
    Ok(journal)
}

async fn fill(journal: PathBuf) -> Outcome<()> {
    let mut shop = Shop::open(1).await?;
    let bridge = shop.start_on(&journal, &Disk::AsItIs).await?;
    let sold = Till::connect(shop.address, 1).await?.pay("R-1", 39900).await?;
    bridge.process.stop()?;
    if sold.status != 200 {
        return Err(format!("the sale to copy failed: {}", sold.body).into());
    }
    let mut connection = SqliteConnection::connect(&format!("sqlite://{}", journal.display())).await?;
    for statement in COPIES {
        sqlx::query(statement).execute(&mut connection).await?;
    }
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut connection).await?;
    Ok(connection.close().await?)
}
