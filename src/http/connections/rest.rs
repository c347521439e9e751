//! What still comes of a request that is answered already. Closing over it would be a reset, at which a till's machine may
//! throw away the answer before the till has read it (RFC 9112, 9.6).

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, ReadBuf};
use tokio::time::{Sleep, sleep};

/// How long the rest of a request is waited for.
const PATIENCE: Duration = Duration::from_secs(1);
/// How many bytes of it are read.
const MOST: usize = 256 * 1024;
const PIECE: usize = 4096;

/// What still comes, read and thrown away.
#[derive(Default)]
pub(super) struct Rest {
    discarded: usize,
    deadline: Option<Pin<Box<Sleep>>>,
}

impl Rest {
    /// Reads until the other side ends, or for long enough.
    pub(super) fn poll_discarded<S: AsyncRead + Unpin>(
        &mut self,
        stream: &mut S,
        context: &mut Context<'_>,
    ) -> Poll<()> {
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(sleep(PATIENCE)));
        while self.discarded < MOST && deadline.as_mut().poll(context).is_pending() {
            let mut piece = [0; PIECE];
            let mut piece = ReadBuf::new(&mut piece);
            let read = ready!(Pin::new(&mut *stream).poll_read(context, &mut piece));
            if read.is_err() || piece.filled().is_empty() {
                break;
            }
            self.discarded += piece.filled().len();
        }
        Poll::Ready(())
    }
}
