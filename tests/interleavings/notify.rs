//! What the program uses of tokio's `Notify`, over shuttle's lock: one who waits, one permit that is kept for it.

use core::future::poll_fn;
use core::task::{Poll, Waker};

use shuttle::sync::Mutex;

#[derive(Debug, Default)]
pub(crate) struct Notify {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    permit: bool,
    waiting: Option<Waker>,
}

impl Notify {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn notify_one(&self) {
        let mut state = self.state.lock().unwrap();
        state.permit = true;
        if let Some(waiting) = state.waiting.take() {
            waiting.wake();
        }
    }

    pub(crate) async fn notified(&self) {
        poll_fn(|context| {
            let mut state = self.state.lock().unwrap();
            if core::mem::take(&mut state.permit) {
                return Poll::Ready(());
            }
            state.waiting = Some(context.waker().clone());
            Poll::Pending
        })
        .await;
    }
}
