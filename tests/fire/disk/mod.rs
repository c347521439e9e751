//! The disk is the enemy: writes and syncs fail, it is full or read-only, bytes flip, files are cut short or gone, and an
//! old backup comes back.

mod backup;
mod damage;
mod full;
mod io_errors;

use crate::Verdict;
use crate::arguments::Form;
use crate::injection::Injection;

pub(crate) async fn run(form: &Form) -> Result<Verdict, String> {
    let mut mounted = true;
    // The calls that fail are what takes long, and what a run that was stopped goes on with.
    if form.from == 0 {
        backup::run(form).await?;
        damage::run(form).await?;
        mounted = full::run(form).await?;
    }
    if !Injection::is_possible() {
        return Ok(Verdict::NotTested("I/O errors: no strace that may trace".to_owned()));
    }
    io_errors::run(form).await?;
    if mounted { Ok(Verdict::Held) } else { Ok(Verdict::NotTested("full disks: nobody may mount one here".to_owned())) }
}
