//! Which of an intent's sessions an attempt started, and which of them brought the payment: after a decline, attempts share
//! an intent.

use super::intent;
use super::session;
use super::wire::{Intent, Session};
use crate::domain::attempt::Preparation;
use crate::domain::identifiers::Handle;

/// The session that an attempt started: the one that is known, else the first that came to those that were there before.
pub(super) fn own<'a>(found: &'a Intent, prepared: &Preparation) -> Option<&'a Session> {
    match &prepared.run {
        Some(run) => sales(found).find(|session| session.id == run.as_str()),
        None => sales(found).find(|session| is_new(prepared, session)),
    }
}

/// The session that brought the payment, as far as the history tells; `read` is a later word on one of them, or on one that the
/// history does not show yet.
pub(super) fn payer<'a>(found: &'a Intent, read: Option<&'a Session>) -> Option<&'a Session> {
    let latest = |session: &'a Session| read.filter(|read| read.id == session.id).unwrap_or(session);
    let unlisted = read.filter(|read| sales(found).all(|session| session.id != read.id));
    sales(found)
        .map(latest)
        .chain(unlisted)
        .enumerate()
        .max_by_key(|(place, session)| (nearness(session), *place))
        .map(|(_, it)| it)
}

/// The payment came of another attempt's session.
pub(super) fn is_anothers(found: &Intent, prepared: &Preparation, read: Option<&Session>) -> bool {
    payer(found, read).is_some_and(|payer| match (&prepared.run, read) {
        (Some(run), _) => payer.id != run.as_str(),
        (None, Some(read)) => payer.id != read.id,
        (None, None) => !is_new(prepared, payer),
    })
}

/// The history tells that the payment came of the session that this attempt is known to have started, and where.
pub(super) fn is_known_payer(found: &Intent, prepared: &Preparation) -> bool {
    let known = prepared.run.as_ref().map(Handle::as_str);
    payer(found, None).is_some_and(|payer| Some(payer.id.as_str()) == known && payer.terminal_id.is_some())
}

/// More than one session took the money, and this is one of them.
pub(super) fn took_twice(found: &Intent, read: Option<&Session>) -> bool {
    let took = |session: &&Session| session.status == "Captured";
    read.filter(took).is_some_and(|own| sales(found).filter(took).any(|other| other.id != own.id))
}

/// Something may still come of a session that was not there before.
pub(super) fn is_under_way(found: &Intent, prepared: &Preparation) -> bool {
    sales(found).any(|session| is_new(prepared, session) && !session::is_over(session))
}

fn sales(found: &Intent) -> impl DoubleEndedIterator<Item = &Session> {
    let is_sale = |run: &&Session| run.details.as_ref().is_none_or(|details| details.session_type == "Sale");
    intent::runs(found).filter(is_sale)
}

fn is_new(prepared: &Preparation, session: &Session) -> bool {
    prepared.earlier_runs.iter().all(|earlier| earlier.as_str() != session.id)
}

/// How near a session is to a payment: some were captured in spite of their signature or after their expiry.
fn nearness(session: &Session) -> u8 {
    match session.status.as_str() {
        "Captured" => 4,
        "Authorized" | "SignatureVerificationAccepted" => 3,
        _ if session::was_signed(session) => 2,
        "Expired" => 1,
        _ => 0,
    }
}
