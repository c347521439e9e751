//! `/terminal-sessions`: put one on a terminal, read it, cancel it, answer for its signature.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::Value;

use super::json_body::read_as;
use super::money::{Mistakes, Money};
use super::problem::Problem;
use crate::simulator::dojo::ledger::{Refused, SessionKind};
use crate::simulator::exchange::Stale;
use crate::simulator::world::World;

type Shared = State<Arc<World>>;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Request {
    terminal_id: String,
    details: Details,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Details {
    session_type: SessionType,
    sale: Option<Sale>,
    matched_refund: Option<MatchedRefund>,
    unlinked_refund: Option<UnlinkedRefund>,
}

#[derive(Debug, Deserialize)]
enum SessionType {
    Sale,
    MatchedRefund,
    UnlinkedRefund,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Sale {
    payment_intent_id: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct MatchedRefund {
    payment_intent_id: String,
    amount: Option<Money>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct UnlinkedRefund {
    amount: Money,
    cardholder_not_present: Option<bool>,
}

/// `POST /terminal-sessions`
pub(super) async fn create(State(world): Shared, headers: HeaderMap, body: Bytes) -> Result<Json<Value>, Problem> {
    let request: Request = read_as(&headers, &body)?;
    let kind = checked(request.details)?;
    let mut ledger = world.dojo.ledger();
    let (id, effects) = ledger.create_session(&request.terminal_id, kind, world.clock.now())?;
    let document = ledger.session(&id, false)?;
    drop(ledger);
    world.perform(effects);
    Ok(Json(document))
}

/// Exactly one member, and the one that the type names: the schema alone would let others through.
fn checked(details: Details) -> Result<SessionKind, Problem> {
    match (details.session_type, details.sale, details.matched_refund, details.unlinked_refund) {
        (SessionType::Sale, Some(sale), None, None) => Ok(SessionKind::Sale { intent_id: sale.payment_intent_id }),
        (SessionType::MatchedRefund, None, Some(refund), None) => {
            refund.amount.as_ref().map_or(Ok(()), right_amount)?;
            let (amount, currency) = refund.amount.map(|money| (money.value, money.currency_code)).unzip();
            Ok(SessionKind::MatchedRefund { intent_id: refund.payment_intent_id, amount, currency })
        }
        (SessionType::UnlinkedRefund, None, None, Some(refund)) => {
            right_amount(&refund.amount)?;
            Ok(SessionKind::UnlinkedRefund {
                amount: refund.amount.value,
                currency: refund.amount.currency_code,
                cardholder_not_present: refund.cardholder_not_present.unwrap_or(false),
            })
        }
        _ => {
            let detail = "The details must hold exactly the member that sessionType names.";
            Err(Problem::new(StatusCode::BAD_REQUEST, detail))
        }
    }
}

fn right_amount(money: &Money) -> Result<(), Problem> {
    let mut mistakes = Mistakes::default();
    mistakes.amount("Amount", money);
    mistakes.done()
}

/// `GET /terminal-sessions/{id}`
pub(super) async fn read(
    State(world): Shared,
    Path(id): Path<String>,
    stale: Option<Extension<Stale>>,
) -> Result<Json<Value>, Problem> {
    Ok(Json(world.dojo.ledger().session(&id, stale.is_some())?))
}

/// `PUT /terminal-sessions/{id}/cancel`: a request, not a verdict.
pub(super) async fn cancel(State(world): Shared, Path(id): Path<String>) -> Result<Json<Value>, Problem> {
    let mut ledger = world.dojo.ledger();
    let effects = ledger.cancel_session(&id, world.clock.now())?;
    let document = ledger.session(&id, false)?;
    let is_captured = ledger.is_captured(&id);
    drop(ledger);
    world.perform(effects);
    if is_captured { Err(Refused::TooLateToCancel.into()) } else { Ok(Json(document)) }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Verdict {
    accepted: bool,
}

/// `PUT /terminal-sessions/{id}/signature`
pub(super) async fn signature(
    State(world): Shared,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let verdict: Verdict = read_as(&headers, &body)?;
    let mut ledger = world.dojo.ledger();
    let effects = ledger.answer_signature(&id, verdict.accepted, world.clock.now())?;
    let document = ledger.session(&id, false)?;
    drop(ledger);
    world.perform(effects);
    Ok(Json(document))
}
