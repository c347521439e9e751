//! Looks for a sale attempt: by its session where that is known, by its reference where it is not.

use super::reader::Reader;
use super::session;
use super::transaction;
use super::wire::{Session, Transaction};
use crate::domain::attempt::Attempt;
use crate::domain::evidence::{Finding, Sighting, judge};
use crate::domain::identifiers::Handle;
use crate::ports::{Look, ReadError};

/// What Dintero's record means for a sale attempt.
///
/// A session brings at most one payment, so a known session and its payment tell all in one or two calls. The last
/// look takes no such short cut.
pub(super) async fn look(reader: &mut Reader<'_>, attempt: &Attempt, look: Look) -> Result<Finding, ReadError> {
    let ours = attempt.order.reference;
    let mut sessions = Vec::new();
    let known = attempt.phase.handle();
    if let Some(handle) = known {
        sessions.extend(reader.session(handle).await?);
    }
    let mut transactions = Vec::new();
    if sessions.is_empty() || look == Look::Fresh {
        transactions = reader.transactions_of(ours).await?;
        let others = reader.sessions_of(ours).await?;
        sessions.extend(others.into_iter().filter(|other| Some(other.id.as_str()) != known.map(Handle::as_str)));
    }
    for id in sessions.iter().filter_map(session::transaction) {
        if !transactions.iter().any(|known| known.id == id.as_str()) {
            transactions.push(reader.transaction(&id).await?);
        }
    }
    Ok(conclude(attempt, &sessions, &transactions))
}

fn conclude(attempt: &Attempt, sessions: &[Session], transactions: &[Transaction]) -> Finding {
    let sighting = Sighting {
        // One that can still be paid speaks before one that was cancelled.
        session: sessions.iter().filter_map(session::record).min_by_key(|session| session.cancelled),
        payments: transactions.iter().filter_map(transaction::record).collect(),
    };
    match judge(&attempt.order, &sighting) {
        Finding::Declined(reason) if transactions.iter().any(transaction::is_taken_back) => Finding::Corrected(reason),
        finding => finding,
    }
}
