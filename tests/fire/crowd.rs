//! Many small experiments, a few at a time, because each of them mostly waits.

use std::future::Future;

use tokio::runtime::Handle;
use tokio::task::JoinSet;

use crate::arguments::Form;
use crate::progress::Progress;

const AT_ONCE: usize = 3;

/// Runs them from where the form says, and hands over what each found. The first broken promise ends it all.
pub(crate) async fn run<Unit, Found, Doing>(
    form: &Form,
    what: &str,
    units: &[Unit],
    experiment: impl Fn(u32, Unit) -> Doing + Clone + Send + 'static,
    mut count: impl FnMut(Unit, Found),
) -> Result<(), String>
where
    Unit: Copy + Send + 'static,
    Found: Send + 'static,
    Doing: Future<Output = Result<Found, String>>,
{
    let of = u32::try_from(units.len()).unwrap();
    let mut progress = Progress::default();
    let mut running = JoinSet::new();
    let mut under_way: Vec<u32> = Vec::new();
    let mut broken = Ok(());
    let mut waiting = (0..of).zip(units.iter().copied()).skip(form.from as usize).peekable();
    loop {
        let may_begin = broken.is_ok() && !form.is_over() && running.len() < AT_ONCE;
        if let Some((number, unit)) = waiting.next_if(|_| may_begin) {
            under_way.push(number);
            let experiment = experiment.clone();
            // Taking hold of a thread blocks.
            running.spawn_blocking(move || (number, unit, Handle::current().block_on(experiment(number, unit))));
            continue;
        }
        // What is under way is waited for, whatever went wrong: it holds processes.
        let Some(finished) = running.join_next().await else { break };
        let (number, unit, found) = finished.unwrap();
        under_way.retain(|it| *it != number);
        match found {
            Ok(found) => count(unit, found),
            Err(why) => broken = broken.and(Err(why)),
        }
        progress.tell(what, under_way.iter().copied().min().unwrap_or(number + 1), of);
    }
    broken
}
