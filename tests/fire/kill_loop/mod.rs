//! The program is killed with `kill -9` at random instants, again and again, while tills work and the provider behaves as
//! badly as it can.

mod deck;
mod epoch;
mod report;
mod till;

use crate::Verdict;
use crate::arguments::Form;
use crate::progress::Progress;
pub(crate) use deck::Deck;
use report::Report;
pub(crate) use till::{Shelf, Till};

const SHORT_CYCLES: u32 = 9;
/// So many that everything must have happened at least once.
const LONG_CYCLES: u32 = 100;
/// After so many kills the books are compared in full and a fresh shop is opened, so that no list grows too long.
const CYCLES_PER_SHOP: u32 = 25;

pub(crate) async fn run(form: &Form) -> Result<Verdict, String> {
    let mut report = Report::default();
    let outcome = open_shops(form, &mut report).await;
    report.print();
    outcome?;
    if report.cycles >= LONG_CYCLES {
        report.complete()?;
    }
    Ok(Verdict::Held)
}

async fn open_shops(form: &Form, report: &mut Report) -> Result<(), String> {
    let usual = if form.is_long { LONG_CYCLES } else { SHORT_CYCLES };
    let end = form.cycles.unwrap_or(if form.until.is_some() { u32::MAX } else { usual });
    let mut progress = Progress::default();
    // A shop's luck hangs on its number, so a run that goes on does so with a whole shop.
    let first = form.from / CYCLES_PER_SHOP;
    for number in first.. {
        let begun = number * CYCLES_PER_SHOP;
        if begun >= end || form.is_over() {
            break;
        }
        progress.tell("cycle", begun, end);
        epoch::run(form.seed, number.into(), CYCLES_PER_SHOP.min(end - begun), report).await?;
    }
    Ok(())
}
