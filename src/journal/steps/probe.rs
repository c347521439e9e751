//! One durable write, to measure the disk.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::journal::error::Result;
use crate::journal::writing::{Step, Transaction, Writes};

/// Writes one row durably, to measure the disk.
pub(in crate::journal) struct Probe {
    pub(in crate::journal) now: Timestamp,
}

#[async_trait]
impl Step for Probe {
    type Outcome = ();

    async fn decide(self, _: &mut Transaction<'_>) -> Result<(Writes, ())> {
        let mut writes = Writes::default();
        writes
            .add("INSERT INTO probe (id, at) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET at = excluded.at")
            .bind(self.now.as_millisecond());
        Ok((writes, ()))
    }
}
