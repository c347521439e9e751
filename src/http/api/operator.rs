//! The operator's routes, on a local socket: what happened, what stands open, and decisions.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use super::asked::{PathText, decoded, text_in_path};
use super::refusals;
use crate::domain::directory::{Language, Profile};
use crate::domain::identifiers::OperationId;
use crate::engine::{Engine, Refusal};
use crate::http::respond;
use crate::till::dialect::{Answer, Dialect};
use crate::till::fields::Invalid;
use crate::till::problem::Problem;
use crate::till::reply::{AlarmList, HistoryReply, PushList, Reply};
use crate::till::requests;

pub(in crate::http) fn routes(engine: Engine) -> Router {
    Router::new()
        .route("/operations/{id}", get(history))
        .route("/operations/{id}/resolve", post(resolve))
        .route("/pushes", get(pushes))
        .route("/pushes/resend", post(push_all_again))
        .route("/pushes/{id}/resend", post(push_again))
        .route("/alarms", get(alarms))
        .route("/alarms/{id}/acknowledge", post(acknowledge_alarm))
        .with_state(engine)
}

async fn history(State(engine): State<Engine>, path: PathText) -> Response {
    respond::answered(Dialect::default(), Language::English, async {
        let (operation, history) = engine.history(operation_id(path)?).await.map_err(refused)?;
        Ok(Answer::History(Box::new(HistoryReply::new(&operation, history))))
    })
    .await
}

async fn resolve(State(engine): State<Engine>, path: PathText, headers: HeaderMap, body: Bytes) -> Response {
    respond::answered(Dialect::default(), Language::English, async {
        let id = operation_id(path)?;
        let resolution = requests::resolution(decoded(&headers, &Profile::default(), &body)?)?;
        let operation = engine.resolve(id, resolution).await.map_err(refused)?;
        Ok(Answer::Operation(Box::new(Reply::new(&operation, false, Language::English))))
    })
    .await
}

async fn pushes(State(engine): State<Engine>) -> Response {
    respond::answered(Dialect::default(), Language::English, pushes_now(&engine)).await
}

async fn push_again(State(engine): State<Engine>, path: PathText) -> Response {
    respond::answered(Dialect::default(), Language::English, async {
        let number = text_in_path(path, "id")?.parse();
        let number = number.map_err(|_| Invalid::new("id", "must be the number of a result to push"))?;
        engine.push_again(Some(number)).await.map_err(refused)?;
        pushes_now(&engine).await
    })
    .await
}

async fn push_all_again(State(engine): State<Engine>) -> Response {
    respond::answered(Dialect::default(), Language::English, async {
        engine.push_again(None).await.map_err(refused)?;
        pushes_now(&engine).await
    })
    .await
}

async fn pushes_now(engine: &Engine) -> Result<Answer, Problem> {
    Ok(Answer::Pushes(PushList::new(engine.pushes().await.map_err(refused)?)))
}

async fn alarms(State(engine): State<Engine>) -> Response {
    respond::answered(Dialect::default(), Language::English, async {
        Ok(Answer::Alarms(AlarmList::new(engine.alarms().await.map_err(refused)?)))
    })
    .await
}

async fn acknowledge_alarm(State(engine): State<Engine>, path: PathText, headers: HeaderMap, body: Bytes) -> Response {
    let acknowledged = async {
        let id = text_in_path(path, "id")?.parse().map_err(|_| Invalid::new("id", "must be the number of an alarm"))?;
        let by = requests::acknowledged_by(decoded(&headers, &Profile::default(), &body)?)?;
        engine.acknowledge_alarm(id, &by).await.map_err(refused)
    };
    match acknowledged.await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(problem) => respond::problem(Dialect::default(), problem),
    }
}

#[allow(clippy::needless_pass_by_value, reason = "the shape that map_err calls")]
fn refused(refusal: Refusal) -> Problem {
    refusals::problem(&refusal, None)
}

fn operation_id(path: PathText) -> Result<OperationId, Invalid> {
    OperationId::parse(&text_in_path(path, "id")?).map_err(|error| Invalid::new("operation_id", error.to_string()))
}
