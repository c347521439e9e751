//! A bridge to test, a simulator behind it, and tills in front of it.

mod bridge;
mod campaign;
mod disk;
mod folder;
mod receiver;
mod simulator;
mod stream;
mod till;
mod vendor;

pub(crate) use bridge::{A_WHILE, Behind, Bridge, Setup, output};
pub(crate) use campaign::Campaign;
pub(crate) use disk::Disk;
pub(crate) use folder::PUSH_SECRET;
pub(crate) use receiver::{Answers, Message, PUSH_PATIENCE, Receiver};
pub(crate) use simulator::{MOMENTS, Simulator, every_fault};
pub(crate) use stream::Stream;
pub(crate) use till::{Answer, Till};
pub(crate) use vendor::{VendorScript, documented_script};

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

/// They mostly wait.
const CELLS_AT_ONCE: usize = 6;

/// Asks again until the question is answered with something, for half a minute: a busy machine takes its time.
pub(crate) async fn eventually<T, Asking>(what: &str, ask: impl FnMut() -> Asking) -> T
where
    Asking: Future<Output = Option<T>>,
{
    within(Duration::from_secs(30), what, ask).await
}

/// The same for as long as one wants.
pub(crate) async fn within<T, Asking>(patience: Duration, what: &str, mut ask: impl FnMut() -> Asking) -> T
where
    Asking: Future<Output = Option<T>>,
{
    let deadline = Instant::now() + patience;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        sleep(Duration::from_millis(10)).await;
    }
}

/// Goes through the cells of a table, each with a bridge of its own.
pub(crate) async fn in_every_cell<Cell>(cells: impl IntoIterator<Item = Cell>)
where
    Cell: Future<Output = ()> + Send + 'static,
{
    let mut under_way = JoinSet::new();
    for cell in cells {
        if under_way.len() == CELLS_AT_ONCE {
            under_way.join_next().await.unwrap().unwrap();
        }
        under_way.spawn(cell);
    }
    under_way.join_all().await;
}
