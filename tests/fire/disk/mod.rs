//! The disk is the enemy: writes and syncs fail, it is full or read-only, bytes flip, files are cut short or gone, and an
//! old backup comes back.

mod backup;
mod damage;
mod full;
mod io_errors;

use crate::Verdict;
use crate::arguments::Form;
use crate::injection::Injection;

/// Where the other parts begin in the numbers of `--from`: behind every call that can fail.
const FIRST_RESTORE: u32 = 10_000;
const FIRST_DAMAGE: u32 = 11_000;
const FIRST_ROOM: u32 = 13_000;

pub(crate) async fn run(form: &Form) -> Result<Verdict, String> {
    let struck = Injection::is_possible();
    if struck && form.from < FIRST_RESTORE {
        io_errors::run(form).await?;
    }
    backup::run(form).await?;
    damage::run(form).await?;
    let mounted = full::run(form).await?;
    Ok(match (struck, mounted) {
        (false, _) => Verdict::NotTested("I/O errors: no strace that may trace".to_owned()),
        (true, false) => Verdict::NotTested("full disks: nobody may mount one here".to_owned()),
        (true, true) => Verdict::Held,
    })
}
