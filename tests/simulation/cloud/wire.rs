//! The way to the provider and back, and what may go wrong on it.

use std::time::Duration;

use pos_bridge::domain::attempt::{Attempt, Phase, Reason};
use pos_bridge::domain::identifiers::Handle;
use pos_bridge::ports::{Answer, ReadError};
use tokio::time::sleep;

use super::machines::RefundRun;
use super::{Arrival, Books, Cloud, LAG, LATE_MAX, Session, handle_of};
use crate::bug::Bug;

/// The bridge gives a call up after this.
pub(super) const TIME_OUT: Duration = Duration::from_secs(10);

impl Cloud {
    /// An order leaves the bridge: it must stand on disk, and leaves once.
    fn leaves(&self, books: &mut Books, attempt: &Attempt) {
        let reference = attempt.order.reference;
        let pages = self.disk.pages();
        let known = pages.position(reference).map(|at| pages.wanted(at).1);
        if !known.is_some_and(|known| matches!(known.phase, Phase::Sending)) {
            books.wrongs.push(format!("I4: {reference} leaves without standing on disk as being sent"));
        }
        let sends = books.sends.entry((reference, attempt.card_present)).or_default();
        *sends += 1;
        if *sends > 1 {
            books.wrongs.push(format!("I18: {reference} leaves {sends} times"));
        }
    }

    /// Sends what moves money: once, where no bug is planted.
    pub(super) async fn send(&self, attempt: &Attempt, arrival: Arrival) -> Answer<Handle> {
        match self.send_once(attempt, arrival.clone()).await {
            Answer::Unknown(_) if self.bug == Some(Bug::SentAgainAfterSilence) => {
                self.send_once(attempt, arrival).await
            }
            answer => answer,
        }
    }

    async fn send_once(&self, attempt: &Attempt, arrival: Arrival) -> Answer<Handle> {
        match self.deliver(arrival, |books| self.leaves(books, attempt)).await {
            Answer::Yes(()) | Answer::Undelivered(()) => self.accepted(attempt),
            Answer::No(reason) => Answer::No(reason),
            Answer::NotSent(reason) => Answer::NotSent(reason),
            Answer::Unknown(cause) => Answer::Unknown(cause),
        }
    }

    /// Brings something to the provider; `leaves` is told when it does leave.
    pub(super) async fn deliver(&self, arrival: Arrival, leaves: impl FnOnce(&mut Books) + Send) -> Answer<()> {
        let faults =
            ["not sent", "refused", "request lost", "reply lost", "reply lost", "arrives late", "server error"];
        let (fault, there, back) = {
            let mut books = self.books();
            let fault = books.fault(&faults, 35);
            if fault != "not sent" {
                leaves(&mut books);
            }
            let there =
                if fault == "arrives late" { books.dice.between(5_000, LATE_MAX) } else { books.dice.between(5, 900) };
            let arrives = match fault {
                "not sent" | "refused" | "request lost" => false,
                "server error" => books.dice.percent(50),
                _ => true,
            };
            if arrives {
                books.under_way.push((self.time.now() + there, arrival));
            }
            (fault, there, books.dice.milliseconds(5, 900))
        };
        if !["none", "refused", "not sent", "server error"].contains(&fault) {
            sleep(TIME_OUT).await;
            return Answer::Unknown(fault.to_owned());
        }
        sleep(Duration::from_millis(u64::try_from(there).unwrap()) + back).await;
        match fault {
            "not sent" => Answer::NotSent(Reason::not_sent("connection refused")),
            "refused" => Answer::No(Reason::new("refused", "no")),
            "server error" => Answer::Unknown("500".to_owned()),
            _ => Answer::Yes(()),
        }
    }

    /// Brings a wish to cancel to the provider.
    pub(super) async fn wish(&self, wish: Arrival) -> Result<bool, ReadError> {
        let pause = {
            let mut books = self.books();
            let fault = books.fault(&["cancel lost", "cancel late"], 20);
            let delay = if fault == "cancel late" { 8_000 } else { 100 };
            if fault != "cancel lost" {
                let due = self.time.now() + delay;
                books.under_way.push((due, wish));
            }
            if fault == "cancel lost" { TIME_OUT } else { Duration::from_millis(200) }
        };
        sleep(pause).await;
        if pause == TIME_OUT {
            return Err(ReadError::Unreachable { cause: "nothing came".to_owned(), retry_after: None });
        }
        Ok(true)
    }

    fn accepted(&self, attempt: &Attempt) -> Answer<Handle> {
        let books = self.books();
        let same = |known: &Attempt| known.order.reference == attempt.order.reference;
        let session = books.sessions.iter().find(|session| same(&session.attempt)).map(Session::handle);
        let refund = books.refunds.iter().find(|refund| same(&refund.attempt)).map(|refund| handle_of(&refund.attempt));
        let run = books.refund_runs.iter().find(|run| same(&run.session.attempt)).map(RefundRun::handle);
        session.or(run).or(refund).map_or_else(|| Answer::No(Reason::new("expired", "too late")), Answer::Yes)
    }

    /// Whether a reading comes through, after how long, and as of when it is.
    pub(super) async fn read(&self) -> Result<i64, ReadError> {
        let (fault, pause) = {
            let mut books = self.books();
            (books.fault(&["read fails", "read lags", "read is slow"], 20), books.dice.milliseconds(5, 600))
        };
        sleep(pause).await;
        let asked_at = self.time.now();
        match fault {
            "read fails" => Err(ReadError::Unreachable { cause: "reset".to_owned(), retry_after: None }),
            "read lags" => Ok(asked_at - LAG),
            "read is slow" => {
                sleep(Duration::from_secs(4)).await;
                Ok(asked_at)
            }
            _ => Ok(asked_at),
        }
    }
}
