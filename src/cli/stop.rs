//! The wish of whoever started a command that it may end.

use std::io::Read;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

/// Returns on SIGTERM and on Ctrl-C. From the first poll on neither ends the process by itself.
pub(super) async fn requested() {
    tokio::select! {
        () = signalled(SignalKind::terminate()) => {}
        () = signalled(SignalKind::interrupt()) => {}
    }
}

async fn signalled(kind: SignalKind) {
    match signal(kind) {
        Ok(mut signal) => drop(signal.recv().await),
        Err(_) => std::future::pending().await,
    }
}

/// Returns when standard input ends. The thread that reads it is waited for by nobody: tokio's own would keep the
/// process from ending for another reason while the input stays open.
pub(super) async fn input_ended() {
    let (ended, end) = oneshot::channel();
    std::thread::spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        let _ = ended.send(());
    });
    if end.await.is_err() {
        std::future::pending::<()>().await;
    }
}
