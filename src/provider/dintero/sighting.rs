//! Looks for a sale attempt: by its session where that is known, by its reference where it is not.

use super::reader::Reader;
use super::session;
use super::transaction;
use super::wire::{Session, Transaction};
use crate::domain::attempt::Attempt;
use crate::domain::evidence::{Finding, PaymentState, SessionState, Sighting, judge};
use crate::domain::identifiers::{Handle, TransactionId};
use crate::ports::{Look, ReadError};
use crate::provider::record::unusable;

/// What Dintero's record means for a sale attempt.
///
/// A session brings at most one payment, so a known session and its payment tell all in one or two calls. No such short
/// cut is taken by the last look, nor before "not paid" is concluded from a session alone: a twin of it, or a payment
/// that it does not name yet, would say otherwise.
pub(super) async fn look(reader: &mut Reader<'_>, attempt: &Attempt, look: Look) -> Result<Finding, ReadError> {
    let ours = attempt.order.reference;
    let mut sessions = Vec::new();
    let known = attempt.phase.handle();
    if let Some(handle) = known {
        sessions.extend(reader.session(handle).await?);
    }
    let mut transactions = Vec::new();
    if sessions.iter().all(session::is_cancelled) || look == Look::Fresh {
        transactions = reader.transactions_of(ours).await?;
        let is_paid = |found: &Transaction| matches!(transaction::state(found), PaymentState::Approved { .. });
        let others = match reader.sessions_of(ours).await {
            // An approval decides over every session, and this search is documented nowhere for terminals.
            Err(_) if transactions.iter().any(is_paid) => Vec::new(),
            others => others?,
        };
        sessions.extend(others.into_iter().filter(|other| Some(other.id.as_str()) != known.map(Handle::as_str)));
    }
    for id in sessions.iter().filter_map(|session| session.transaction_id.clone()) {
        if !transactions.iter().any(|known| known.id == id) {
            let id = TransactionId::new(id).map_err(|_| unusable("a session names a payment that none can be"))?;
            transactions.push(reader.transaction(&id).await?);
        }
    }
    conclude(attempt, &sessions, &transactions)
}

/// A record that cannot be taken down whole is no evidence: what is missing may be the payment.
fn conclude(attempt: &Attempt, sessions: &[Session], transactions: &[Transaction]) -> Result<Finding, ReadError> {
    let nameless = || unusable("a session or a payment has a name that none can have");
    let sessions: Vec<_> = sessions.iter().map(session::record).collect::<Option<_>>().ok_or_else(nameless)?;
    let sighting = Sighting {
        // One that can still be paid speaks before one that was cancelled.
        session: sessions.into_iter().min_by_key(|session| session.state == SessionState::Cancelled),
        payments: transactions.iter().map(transaction::record).collect::<Option<_>>().ok_or_else(nameless)?,
    };
    Ok(match judge(&attempt.order, &sighting) {
        Finding::Declined(reason) if transactions.iter().any(transaction::is_taken_back) => Finding::Corrected(reason),
        finding => finding,
    })
}
