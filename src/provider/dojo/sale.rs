//! Sales: an intent is prepared, a session runs on it, and both are read.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::Method;
use tokio::time::sleep;

use super::api::{Api, Call};
use super::reader::Reader;
use super::settings::Settings;
use super::wire::{Details, Intent, SaleDetails, Session, SessionRequest};
use super::{classify, intent, runs, session};
use crate::domain::attempt::{Attempt, Kind, Preparation, Reason};
use crate::domain::evidence::{Finding, PaymentState, SessionRecord, SessionState, Sighting, judge};
use crate::domain::identifiers::Handle;
use crate::ports::{Answer, Prepared, ReadError, SaleOrder, Seen};
use crate::provider::client::Reply;
use crate::provider::record::unusable;

/// Between the searches for an intent whose reply was lost: Dojo does not say how long its list lags.
const SEARCH_PAUSES: [Duration; 3] = [Duration::ZERO, Duration::from_secs(1), Duration::from_secs(3)];

/// Has an intent to run a session on: the one of an earlier attempt, where that can still be paid, or a new one. None of
/// this moves money: an intent that is left over ends by itself.
pub(super) async fn prepare(api: &Api, order: SaleOrder<'_>) -> Prepared {
    let attempt = order.attempt;
    if let Some(earlier) = &attempt.preparation {
        match again(api, attempt, earlier).await {
            Ok(Some(prepared)) => return prepared,
            Ok(None) => {}
            Err(error) => return Prepared::Unreached(Reason::new("provider_unreachable", error.to_string())),
        }
    }
    let operation = attempt.operation.to_string();
    let segments = ["payment-intents"];
    let call = Call::new("create_intent", Method::POST, &segments).with_body(&intent::request(&order, &operation));
    let call = match call {
        Ok(call) => call,
        Err(error) => return Prepared::Refused(Reason::not_sent(error.to_string())),
    };
    match classify::answer(api.send(call).await, created) {
        Answer::Yes(preparation) | Answer::Undelivered(preparation) => Prepared::Ready(preparation),
        Answer::No(reason) => Prepared::Refused(reason),
        Answer::NotSent(reason) => Prepared::Unreached(reason),
        Answer::Unknown(cause) => search(api, attempt, &cause).await,
    }
}

fn created(reply: &Reply) -> Option<Preparation> {
    intent::preparation(&serde_json::from_slice(&reply.body).ok()?)
}

/// The intent of an earlier attempt; `None` when it cannot be paid any more, so that a new one is no second one.
async fn again(api: &Api, attempt: &Attempt, earlier: &Preparation) -> Result<Option<Prepared>, ReadError> {
    let mut reader = Reader::new(api);
    let found = reader.intent(earlier.payment.as_str()).await?;
    let found = found.ok_or_else(|| unusable("the payment of an earlier attempt was not found"))?;
    match found.status.as_str() {
        "Created" if !intent::runs(&found).all(session::is_over) => {
            Err(unusable("an earlier attempt is still on a terminal"))
        }
        "Created" if intent::is_still_wanted(&found, attempt.order.money, attempt.expires_at) => {
            Ok(intent::preparation(&found).map(|found| Prepared::Ready(found.with_runs_of(earlier))))
        }
        // It cannot be used again, and must not be paid beside the new one.
        "Created" => {
            let_go(api, &earlier.payment).await?;
            let left = reader.intent(earlier.payment.as_str()).await?;
            if left.as_ref().is_some_and(intent::is_let_go) {
                return Ok(None);
            }
            Err(unusable("the payment of an earlier attempt is still open"))
        }
        "Canceled" if intent::is_let_go(&found) => Ok(None),
        "Reversed" => Ok(None),
        "Captured" | "Refunded" => Ok(Some(Prepared::Decided)),
        // Authorized, let go and taken at once, a word that is not known here.
        _ => Ok(Some(Prepared::Undecided)),
    }
}

/// The reply to a new intent was lost. It is looked for, never asked for again; not finding it costs the sale and no money.
async fn search(api: &Api, attempt: &Attempt, cause: &str) -> Prepared {
    for pause in SEARCH_PAUSES {
        sleep(pause).await;
        let mut reader = Reader::new(api);
        let asked = api.clock().now();
        match reader.intents_of(attempt.order.reference, asked).await.as_deref() {
            Ok([found]) => {
                if let Some(preparation) = intent::preparation(found) {
                    return Prepared::Ready(preparation);
                }
            }
            Ok([_, _, ..]) => {
                return Prepared::Refused(Reason::new("several_intents", "several requests for one payment"));
            }
            Ok([]) | Err(_) => {}
        }
    }
    Prepared::Refused(Reason::not_sent(format!("the payment could not be prepared: {cause}")))
}

/// Starts the machine, once. A refusal that Dojo does not document (the machine is in use) is no proof by itself: the
/// intent is let go, and once that has worked, nothing can come of it any more.
pub(super) async fn start(api: &Api, order: SaleOrder<'_>) -> Answer<Handle> {
    let attempt = order.attempt;
    let Some(prepared) = &attempt.preparation else {
        return Answer::NotSent(Reason::not_sent("the payment was not prepared"));
    };
    let sale = SaleDetails { payment_intent_id: prepared.payment.as_str() };
    match send_session(api, attempt, Details::Sale { sale }).await {
        Started::Refused(reason) if prove_unpaid(api, prepared).await => Answer::No(reason),
        Started::Refused(reason) => Answer::Unknown(reason.text),
        Started::Answered(answer) => answer,
    }
}

/// What came of asking a machine to do something.
pub(super) enum Started {
    Answered(Answer<Handle>),
    /// Refused in a way that Dojo does not document.
    Refused(Reason),
}

/// Asks a machine to do something, once.
pub(super) async fn send_session(api: &Api, attempt: &Attempt, details: Details<'_>) -> Started {
    let request = SessionRequest { terminal_id: attempt.order.terminal.as_str(), details };
    let segments = ["terminal-sessions"];
    let call = match Call::new("create_session", Method::POST, &segments).with_body(&request) {
        Ok(call) => call,
        Err(error) => {
            let text = format!("the request cannot be written: {error}");
            return Started::Answered(Answer::NotSent(Reason::not_sent(text)));
        }
    };
    let outcome = api.send(call).await;
    match classify::undocumented_refusal(&outcome) {
        Some(reason) => Started::Refused(reason),
        None => Started::Answered(classify::answer(outcome, |reply| {
            let session: Session = serde_json::from_slice(&reply.body).ok()?;
            Handle::new(session.id).ok()
        })),
    }
}

/// Asks for an intent to be let go, which works only while nothing was paid. Whether it was, only a reading tells.
async fn let_go(api: &Api, payment: &Handle) -> Result<(), ReadError> {
    let segments = ["payment-intents", payment.as_str()];
    classify::wish(api.read(Call::new("delete_intent", Method::DELETE, &segments)).await)
}

/// Lets the intent go; whether its record then proves that nothing can come of it.
async fn prove_unpaid(api: &Api, prepared: &Preparation) -> bool {
    if let_go(api, &prepared.payment).await.is_err() {
        return false;
    }
    let left = Reader::new(api).intent(prepared.payment.as_str()).await;
    matches!(left, Ok(Some(left)) if intent::is_let_go(&left) && !runs::is_under_way(&left, prepared))
}

/// What Dojo's record means for a sale attempt. The session is read before the intent, so that what it says is never newer
/// than what the intent says.
pub(super) async fn look(api: &Api, settings: &Settings, attempt: &Attempt) -> Result<Seen, ReadError> {
    let mut reader = Reader::new(api);
    let Some(prepared) = &attempt.preparation else {
        return Ok(Seen::at(reader.at(), Finding::Nothing));
    };
    let started = attempt.phase.handle().or(prepared.run.as_ref());
    let known = match started {
        Some(handle) => reader.session(handle).await,
        None => Ok(None),
    };
    let Some(found) = reader.intent(prepared.payment.as_str()).await? else {
        return known.map(|_| Seen::at(reader.at(), Finding::Nothing));
    };
    let known = match known {
        // What the intent says of a payment decides over every session.
        Err(_) if intent::captured(&found)? > 0 && runs::is_known_payer(&found, prepared) => None,
        known => known?,
    };
    // The history leaves out the receipts; what was read before the money was taken may ask for a signature since.
    let is_stale = |run: &Session| match known {
        Some(_) => found.status == "Captured" && session::may_ask_to_sign_yet(run),
        None => started.is_none() && session::is_over(run),
    };
    let mut run = known.as_ref().or_else(|| runs::own(&found, prepared)).cloned();
    if let Some(stale) = run.as_ref().filter(|run| is_stale(run)) {
        let handle = Handle::new(stale.id.clone()).map_err(|_| unusable("a session has a name that none can have"))?;
        run = reader.session(&handle).await?.or(run);
    }
    let refused = attempt.signature_accepted == Some(false);
    let state = |run| session::state(run, refused, api.clock().now(), settings.signature_settle);
    let finding = match (conclude(attempt, &found, run.as_ref().map(|run| (run, state(run))))?, &run) {
        // A word on the signature is still passed on.
        (Finding::Approved(_), Some(run)) if may_go_back(attempt, run, refused, api.clock().now(), settings) => {
            Finding::Undecided { handle: Handle::new(run.id.clone()).ok(), started: true }
        }
        (finding, _) => finding,
    };
    let at_terminal = run.as_ref().map(|run| session::at_terminal(run, api.clock().now())).unwrap_or_default();
    let paid_by_another = intent::may_be_paid(&found)
        && runs::is_anothers(&found, prepared, run.as_ref())
        && !runs::took_twice(&found, run.as_ref());
    Ok(Seen { at_terminal, paid_by_another, ..Seen::at(reader.at(), finding) })
}

/// Whether what was taken may go back yet. A question without a date is believed until nothing more is waited for.
fn may_go_back(attempt: &Attempt, run: &Session, refused: bool, now: Timestamp, settings: &Settings) -> bool {
    (now < attempt.horizon || session::is_dated(run))
        && session::may_go_back(run, refused, now, settings.signature_settle)
}

/// What the intent and its session, with how that one stands, mean together.
fn conclude(attempt: &Attempt, found: &Intent, run: Option<(&Session, SessionState)>) -> Result<Finding, ReadError> {
    if let Some(paid) = run.as_ref().and_then(|(run, _)| intent_of(run)).filter(|paid| *paid != found.id) {
        return Err(unusable(&format!("a session of another payment ({paid})")));
    }
    let read = run.as_ref().map(|(run, _)| *run);
    let mut payments: Vec<_> = intent::payment(found, read)?.into_iter().collect();
    if runs::took_twice(found, read) {
        payments.extend(payments.first().cloned());
    } else if attempt.preparation.as_ref().is_some_and(|prepared| runs::is_anothers(found, prepared, read)) {
        // What was let go, or given back, proves of each of them that nothing is taken, once none goes on at a machine.
        let is_over = read.is_none_or(session::is_over) && !intent::may_be_paid(found);
        payments.retain(|payment| is_over && payment.state == PaymentState::Voided);
    }
    let session = match run {
        Some((run, state)) => Some(SessionRecord {
            handle: Handle::new(run.id.clone()).map_err(|_| unusable("a session has a name that none can have"))?,
            terms: intent::terms(found, Some(run))?,
            state,
        }),
        None => None,
    };
    Ok(judge(&attempt.as_sent(), &Sighting { session, payments }))
}

fn intent_of(run: &Session) -> Option<&str> {
    run.details.as_ref()?.sale.as_ref()?.payment_intent_id.as_deref()
}

/// Asks for a sale or a refund at a machine to be stopped. A session that waits is cancelled there; where none is under
/// way, the intent is let go, which only succeeds while nothing was paid: its record proves then that nothing can be.
pub(super) async fn cancel(api: &Api, attempt: &Attempt) -> Result<bool, ReadError> {
    match run_to_cancel(api, attempt).await? {
        Some(run) if session::is_waiting(&run) => {
            let segments = ["terminal-sessions", run.id.as_str(), "cancel"];
            classify::wish(api.read(Call::new("cancel_session", Method::PUT, &segments)).await)?;
            return Ok(true);
        }
        // A card is there, or was: it is too late.
        Some(run) if !session::is_over(&run) || session::is_taken(&run) => return Ok(true),
        _ => {}
    }
    let Some(prepared) = attempt.preparation.as_ref().filter(|_| attempt.kind == Kind::Sale) else { return Ok(false) };
    let_go(api, &prepared.payment).await?;
    Ok(true)
}

/// The attempt's session, also where only the history of its intent knows it.
async fn run_to_cancel(api: &Api, attempt: &Attempt) -> Result<Option<Session>, ReadError> {
    let mut reader = Reader::new(api);
    if let Some(handle) = attempt.phase.handle() {
        return match reader.session(handle).await? {
            None => Err(unusable("the session of this attempt was not found")),
            run => Ok(run),
        };
    }
    let Some(prepared) = attempt.preparation.as_ref().filter(|_| attempt.kind == Kind::Sale) else { return Ok(None) };
    let found = reader.intent(prepared.payment.as_str()).await?;
    Ok(found.as_ref().and_then(|found| runs::own(found, prepared)).cloned())
}

#[cfg(test)]
mod tests;
