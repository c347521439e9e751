//! What becomes of an authorisation: captured, or voided.

use jiff::Timestamp;

use super::payment::event_notice;
use super::transaction::{Event, Status};
use super::{Effect, EventKind, Ledger, Refused};

impl Ledger {
    /// Captures what was authorised, in full or in part.
    pub(crate) fn capture(
        &mut self,
        transaction_id: &str,
        amount: i64,
        reference: Option<String>,
        now: Timestamp,
    ) -> Result<Vec<Effect>, Refused> {
        let transaction = self.transactions.get_mut(transaction_id).ok_or(Refused::NotFound)?;
        let status = transaction.status();
        if !matches!(status, Status::Authorized | Status::PartiallyCaptured) {
            return Err(Refused::WrongStatus(status.name()));
        }
        let captured = transaction.captured.saturating_add(amount);
        if captured > transaction.amount {
            return Err(Refused::ExceedsRest);
        }
        let status = if captured == transaction.amount { Status::Captured } else { Status::PartiallyCaptured };
        transaction.begin_change();
        transaction.captured = captured;
        let mut event = Event::new(EventKind::Capture, status, amount, now);
        event.reference = reference;
        let event_id = transaction.record(event);
        Ok(vec![event_notice(&transaction.session_id, "CAPTURE", event_id)])
    }

    /// Releases what was initiated or authorised and not captured.
    pub(crate) fn void(&mut self, transaction_id: &str, now: Timestamp) -> Result<Vec<Effect>, Refused> {
        let transaction = self.transactions.get_mut(transaction_id).ok_or(Refused::NotFound)?;
        let status = transaction.status();
        if !matches!(status, Status::Initiated | Status::Authorized) {
            return Err(Refused::WrongStatus(status.name()));
        }
        transaction.begin_change();
        let amount = transaction.amount;
        let event = Event::new(EventKind::Void, Status::AuthorizationVoided, amount, now);
        let event_id = transaction.record(event);
        if let Some(session) = self.sessions.get_mut(&transaction.session_id) {
            session.settled = true;
        }
        Ok(vec![event_notice(&transaction.session_id, "VOID", event_id)])
    }
}
