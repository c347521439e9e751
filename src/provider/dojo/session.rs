//! Terminal sessions: what a card machine was asked to do, and how it stands.

use jiff::{SignedDuration, Timestamp};

use super::wire::{NotificationEvent, Session};
use crate::domain::attempt::Reason;
use crate::domain::evidence::SessionState;
use crate::domain::prompt::{AtTerminal, Prompt};

/// How long Dojo waits for the word on a signature; silence takes it.
const SIGNATURE_TIME: SignedDuration = SignedDuration::from_secs(80);

const SIGNATURE_REQUIRED: &str = "SignatureVerificationRequired";
const SIGNATURE_REJECTED: &str = "SignatureVerificationRejected";
const SIGNATURE_ACCEPTED: &str = "SignatureVerificationAccepted";

/// How a session of a sale stands while its intent shows no payment. A word that is not known here never means "not paid".
///
/// A payment whose signature was refused has been seen captured a minute and a half later, so after a refusal a "no" counts
/// only once it has settled. `refused` tells that the refusal was ours.
pub(super) fn state(session: &Session, refused: bool, now: Timestamp, settle: SignedDuration) -> SessionState {
    let settled = |state| if is_settled(session, refused, now, settle) { state } else { SessionState::Started };
    match session.status.as_str() {
        "InitiateRequested" => SessionState::Waiting,
        "Initiated" | "CancelRequested" if !is_started(session) => SessionState::Waiting,
        "Declined" => settled(SessionState::Declined(Reason::new("declined", "the card's bank refused the payment"))),
        SIGNATURE_REJECTED => settled(SessionState::Declined(rejection())),
        "Canceled" => settled(SessionState::Cancelled),
        "Expired" => SessionState::Lapsed,
        _ => SessionState::Started,
    }
}

/// Nothing can come of it any more at the terminal.
pub(super) fn is_over(session: &Session) -> bool {
    matches!(session.status.as_str(), "Captured" | "Declined" | "Canceled" | "Expired" | SIGNATURE_REJECTED)
}

/// It had ended at `then`, or run out, as far as its record tells when. A signature that was taken for good may be the end of a
/// refund.
pub(super) fn was_over_at(session: &Session, then: Timestamp) -> bool {
    let has_ended = is_over(session) || session.status == SIGNATURE_ACCEPTED;
    let ended_at = entered_at(session, &session.status).filter(|_| has_ended);
    let ran_out_at = || session.expire_at.as_deref().and_then(moment);
    ended_at.or_else(ran_out_at).map_or(has_ended, |at| at <= then)
}

/// The card machine has it, and no card was presented yet: it can still be cancelled there.
pub(super) fn is_waiting(session: &Session) -> bool {
    matches!(session.status.as_str(), "InitiateRequested" | "Initiated")
}

/// Money was taken by it, or is about to be.
pub(super) fn is_taken(session: &Session) -> bool {
    matches!(session.status.as_str(), "Captured" | "Authorized" | SIGNATURE_ACCEPTED)
}

/// What was taken may go back yet: its signature is being compared, or was refused a moment ago.
pub(super) fn may_go_back(session: &Session, refused: bool, now: Timestamp, settle: SignedDuration) -> bool {
    match session.status.as_str() {
        "Captured" | SIGNATURE_ACCEPTED => false,
        SIGNATURE_REQUIRED => entered_at(session, SIGNATURE_REQUIRED)
            .is_none_or(|since| now.duration_since(since) < SIGNATURE_TIME + settle),
        _ => refused_at(session).is_some() && !is_settled(session, refused, now, settle),
    }
}

/// It is under way, and no signature was asked for so far.
pub(super) fn may_ask_to_sign_yet(session: &Session) -> bool {
    !is_over(session) && !matches!(session.status.as_str(), SIGNATURE_REQUIRED | SIGNATURE_ACCEPTED)
}

/// When a signature of it was taken for good.
pub(super) fn accepted_at(session: &Session) -> Option<Timestamp> {
    (session.status == SIGNATURE_ACCEPTED).then(|| entered_at(session, SIGNATURE_ACCEPTED)).flatten()
}

/// What goes on at the terminal, for the people who stand there.
pub(super) fn at_terminal(session: &Session, now: Timestamp) -> AtTerminal {
    if is_over(session) {
        return AtTerminal::default();
    }
    if session.status == SIGNATURE_REQUIRED {
        let since = entered_at(session, SIGNATURE_REQUIRED).unwrap_or(now);
        let until = since.checked_add(SIGNATURE_TIME).ok();
        return AtTerminal { prompt: Some(Prompt::Sign), signature_until: until };
    }
    let newest = session.notification_events.iter().flatten().max_by_key(|event| moment(&event.created_at));
    AtTerminal { prompt: newest.and_then(prompt), signature_until: None }
}

fn prompt(event: &NotificationEvent) -> Option<Prompt> {
    Some(match event.notification_type.as_str() {
        "PresentCard" => Prompt::PresentCard,
        "PresentOnlyOneCard" => Prompt::PresentOneCard,
        "InsertCard" => Prompt::InsertCard,
        "ReEnterCard" | "CardError" => Prompt::PresentCardAgain,
        "CardUnsupported" => Prompt::UseAnotherCard,
        "EnterPin" => Prompt::EnterPin,
        "PleaseWait" => Prompt::Wait,
        "RemoveCard" => Prompt::RemoveCard,
        "SignatureVerification" => Prompt::Sign,
        // `Approved` and `Declined` are no prompts, and the intent decides; new words come.
        _ => return None,
    })
}

/// A card was presented, as far as the machine has told.
fn is_started(session: &Session) -> bool {
    let waits = |event: &NotificationEvent| {
        matches!(event.notification_type.as_str(), "PresentCard" | "InsertCard" | "PresentOnlyOneCard")
    };
    session.notification_events.iter().flatten().any(|event| !waits(event))
}

/// Whether a no is to be believed by now. Without a time of the signature there is none from which to count.
pub(super) fn is_settled(session: &Session, refused: bool, now: Timestamp, settle: SignedDuration) -> bool {
    if !refused && !was_rejected(session) {
        return true;
    }
    refused_at(session).is_some_and(|since| now.duration_since(since) >= settle)
}

/// It is told when its signature was asked for, or refused.
pub(super) fn is_dated(session: &Session) -> bool {
    refused_at(session).is_some()
}

/// When its signature was refused, if it was; the question came no later than that.
fn refused_at(session: &Session) -> Option<Timestamp> {
    entered_at(session, SIGNATURE_REJECTED).or_else(|| entered_at(session, SIGNATURE_REQUIRED))
}

/// Why nothing is taken where the signature was not.
pub(super) fn rejection() -> Reason {
    Reason::new("signature_rejected", "the signature was not taken")
}

/// The customer's signature was not taken.
pub(super) fn was_rejected(session: &Session) -> bool {
    session.status == SIGNATURE_REJECTED || was_in(session, SIGNATURE_REJECTED)
}

/// The customer was asked to sign.
pub(super) fn was_signed(session: &Session) -> bool {
    was_in(session, SIGNATURE_REQUIRED)
}

fn was_in(session: &Session, status: &str) -> bool {
    session.status_events.iter().flatten().any(|event| event.status == status)
}

fn entered_at(session: &Session, status: &str) -> Option<Timestamp> {
    let event = session.status_events.iter().flatten().find(|event| event.status == status)?;
    moment(&event.created_at)
}

fn moment(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

#[cfg(test)]
mod tests;
