//! The tills' routes: parse, call the engine, encode.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};

use super::asked::{Asked, PathText, text_in_path};
use super::events::events;
use super::waiting::{Found, TimeGiven, after, in_time};
use super::{receipt, refusals};
use crate::domain::attempt::Kind;
use crate::domain::identifiers::Reference;
use crate::domain::operation::Operation;
use crate::domain::request::Naming;
use crate::engine::Refusal;
use crate::http::connections::telling;
use crate::http::{TillApi, respond};
use crate::till::dialect::Answer;
use crate::till::fields::{Fields, Invalid};
use crate::till::problem::Problem;
use crate::till::receipt::Paper;
use crate::till::reply::{OperationList, Reply, TerminalList, TerminalReply};
use crate::till::requests::{self, Asking};

/// How long a cancel waits for the proof of what became of it, unless the till says otherwise.
const CANCEL_WAIT_SECONDS: u32 = 5;

pub(in crate::http) fn routes(api: TillApi) -> Router {
    Router::new()
        .route("/pay", post(pay))
        .route("/pay/{reference}", get(|api, path, asked| find(api, path, asked, Kind::Sale)))
        .route("/pay/{reference}/cancel", post(|api, path, asked| cancel(api, path, asked, Kind::Sale)))
        .route("/pay/{reference}/signature", post(|api, path, asked| sign(api, path, asked, Kind::Sale)))
        .route("/pay/{reference}/ack", post(|api, path, asked| acknowledge(api, path, asked, Kind::Sale)))
        .route("/pay/{reference}/receipt", get(|api, path, asked| receipt::print(api, path, asked, Kind::Sale)))
        .route("/refund", post(refund))
        .route("/refund/{reference}", get(|api, path, asked| find(api, path, asked, Kind::Refund)))
        .route("/refund/{reference}/cancel", post(|api, path, asked| cancel(api, path, asked, Kind::Refund)))
        .route("/refund/{reference}/signature", post(|api, path, asked| sign(api, path, asked, Kind::Refund)))
        .route("/refund/{reference}/ack", post(|api, path, asked| acknowledge(api, path, asked, Kind::Refund)))
        .route("/refund/{reference}/receipt", get(|api, path, asked| receipt::print(api, path, asked, Kind::Refund)))
        .route("/last", get(last))
        .route("/operations", get(operations))
        .route("/terminals", get(terminals))
        .route("/events", get(events))
        .with_state(api)
}

async fn pay(State(api): State<TillApi>, mut asked: Asked) -> Response {
    let mut warning_of = None;
    let found = async {
        let (request, wait) = requests::sale(asked.sent_fields()?, asking(&api, &asked)?)?;
        note_named(&request.naming);
        let TimeGiven { seconds, deadline, patience, queueing } = api.time_given(&mut asked, wait)?;
        // Boxed: a future that waits is as large as its largest part (docs/performance.md).
        let started = in_time(seconds, Box::pin(api.engine.pay(&asked.till, request, patience))).await;
        drop(queueing);
        if let Err(Refusal::OlderSalePaid(older)) = &started {
            warning_of = Some(older.id);
        }
        Ok(api.followed(started.map_err(|refusal| refused(&refusal, &asked))?, deadline).await)
    }
    .await;
    let response = api.tell(&asked, found);
    match warning_of {
        // The warning is spent when it has reached the till, not before: a till that hung up is warned again.
        Some(older) => telling(response, asked.exchange.clone(), move || api.engine.warned(older)),
        None => response,
    }
}

async fn refund(State(api): State<TillApi>, mut asked: Asked) -> Response {
    let found = async {
        let (wish, wait) = requests::refund(asked.sent_fields()?, asking(&api, &asked)?)?;
        if let Some(reference) = wish.reference() {
            note(reference);
        }
        let TimeGiven { seconds, deadline, patience, queueing } = api.time_given(&mut asked, wait)?;
        let started = in_time(seconds, Box::pin(api.engine.give_back(&asked.till, wish, patience))).await;
        drop(queueing);
        Ok(api.followed(started.map_err(|refusal| refused(&refusal, &asked))?, deadline).await)
    }
    .await;
    api.tell(&asked, found)
}

async fn find(State(api): State<TillApi>, path: PathText, mut asked: Asked, kind: Kind) -> Response {
    let found = async {
        let reference = reference(path)?;
        let seconds = asked.wait_seconds(None, 0)?;
        asked.forget_request();
        let found = api.engine.find(&asked.till, kind, &reference).await;
        let mut operation = found.map_err(|refusal| refused(&refusal, &asked))?;
        api.settle(&mut operation, None, after(seconds)).await;
        Ok(operation.into())
    }
    .await;
    api.tell(&asked, found)
}

async fn cancel(State(api): State<TillApi>, path: PathText, asked: Asked, kind: Kind) -> Response {
    let found = async {
        let reference = reference(path)?;
        let wait = requests::wait_only(asked.fields()?)?;
        let seconds = asked.wait_seconds(wait, asked.till.profile.wait_seconds.min(CANCEL_WAIT_SECONDS))?;
        let asked_for = in_time(seconds, api.engine.cancel(&asked.till, kind, &reference)).await;
        let mut operation = asked_for.map_err(|refusal| refused(&refusal, &asked))?;
        api.settle(&mut operation, None, after(seconds)).await;
        Ok(operation.into())
    }
    .await;
    api.tell(&asked, found)
}

/// The cashier's word on a signature; what comes of it is waited for as a cancel's is.
async fn sign(State(api): State<TillApi>, path: PathText, asked: Asked, kind: Kind) -> Response {
    let found = async {
        let reference = reference(path)?;
        let (accepted, wait) = requests::signature(asked.sent_fields()?)?;
        let seconds = asked.sent_wait_seconds(wait, asked.till.profile.wait_seconds.min(CANCEL_WAIT_SECONDS))?;
        let compared = in_time(seconds, api.engine.compare_signature(&asked.till, kind, &reference, accepted)).await;
        let mut operation = compared.map_err(|refusal| refused(&refusal, &asked))?;
        api.settle(&mut operation, None, after(seconds)).await;
        Ok(operation.into())
    }
    .await;
    api.tell(&asked, found)
}

async fn acknowledge(State(api): State<TillApi>, path: PathText, asked: Asked, kind: Kind) -> Response {
    let found = async {
        let reference = reference(path)?;
        no_query(&asked)?;
        requests::nothing(asked.fields()?)?;
        let booked = in_time(0, api.engine.acknowledge(&asked.till, kind, &reference)).await;
        Ok(booked.map_err(|refusal| refused(&refusal, &asked))?.into())
    }
    .await;
    api.tell(&asked, found)
}

async fn last(State(api): State<TillApi>, asked: Asked) -> Response {
    let found = async {
        no_query(&asked)?;
        let operation = api.engine.last(&asked.till).await.map_err(|refusal| refused(&refusal, &asked))?;
        Ok(operation.into())
    }
    .await;
    api.tell(&asked, found)
}

async fn operations(State(api): State<TillApi>, asked: Asked) -> Response {
    respond::answered(asked.reply_in, asked.language, async {
        let filter = requests::operation_filter(Fields::from_query(&asked.query)?, asking(&api, &asked)?)?;
        let found = api.engine.operations(&asked.till, &filter).await.map_err(|refusal| refused(&refusal, &asked))?;
        Ok(Answer::Operations(OperationList::new(&found, filter.limit, asked.language)))
    })
    .await
}

async fn terminals(State(api): State<TillApi>, asked: Asked) -> Response {
    respond::answered(asked.reply_in, asked.language, async {
        no_query(&asked)?;
        let views = api.engine.terminals(&asked.till).await.map_err(|refusal| refused(&refusal, &asked))?;
        let terminals = views
            .iter()
            .map(|view| {
                let reply = TerminalReply::new(&view.terminal, view.usage.as_ref(), view.enrolment.as_ref());
                reply.with_capabilities(view.capabilities.as_ref())
            })
            .collect();
        Ok(Answer::Terminals(TerminalList { terminals }))
    })
    .await
}

impl TillApi {
    /// Answers with an operation, and tells the engine when the till is given a final result.
    fn tell(&self, asked: &Asked, found: Result<Found, Problem>) -> Response {
        let Found { operation, replayed, possible_duplicate } = match found {
            Ok(found) => found,
            Err(problem) => return respond::problem(asked.reply_in, problem.told_in(asked.language)),
        };
        let reply =
            Reply::new(&operation, replayed, asked.language).with_receipts(&operation, self.paper(&operation, asked));
        let reply = reply.with_terminal(&operation, self.engine.at_terminal(&operation), asked.language);
        let answer = Answer::Operation(Box::new(reply.of_possible_duplicate(possible_duplicate)));
        let response = respond::operation(asked.reply_in, &operation, &answer);
        if !operation.status().is_final() {
            return response;
        }
        let engine = self.engine.clone();
        telling(response, asked.exchange.clone(), move || engine.told(&operation))
    }

    /// What the asking till prints an operation on.
    pub(super) fn paper(&self, operation: &Operation, asked: &Asked) -> Paper<'_> {
        Paper::of(&asked.till, self.engine.directory().store(&operation.store), asked.language)
    }
}

fn asking<'a>(api: &'a TillApi, asked: &'a Asked) -> Result<Asking<'a>, Invalid> {
    Ok(Asking { directory: api.engine.directory(), till: &asked.till, idempotency_key: asked.idempotency_key()? })
}

pub(super) fn refused(refusal: &Refusal, asked: &Asked) -> Problem {
    refusals::problem(refusal, Some(&asked.till.id))
}

pub(super) fn reference(path: PathText) -> Result<Reference, Invalid> {
    let reference = requests::reference_in_path(&text_in_path(path, "reference")?)?;
    note(&reference);
    Ok(reference)
}

fn no_query(asked: &Asked) -> Result<(), Invalid> {
    requests::nothing(Fields::from_query(&asked.query)?)
}

fn note_named(naming: &Naming) {
    if let Some(reference) = naming.reference() {
        note(reference);
    }
}

/// Writes a checked reference to the log lines of this request.
fn note(reference: &Reference) {
    tracing::Span::current().record("reference", reference.as_str());
}
