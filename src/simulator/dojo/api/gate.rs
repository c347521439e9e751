//! What every request must carry: the key, the version, the partner's identifiers.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::problem::Problem;
use crate::simulator::world::World;

/// The versions that know terminals.
const VERSIONS: &[&str] = &["2026-02-27", "2025-09-10", "2024-02-05"];
/// Knows payment intents only.
const VERSION_WITHOUT_TERMINALS: &str = "2022-04-07";

/// Lets a request through if it says who it is.
pub(super) async fn pass(State(world): State<Arc<World>>, request: Request, next: Next) -> Response {
    match check(&world, &request) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

fn check(world: &World, request: &Request) -> Result<(), Problem> {
    let path = request.uri().path();
    let headers = request.headers();
    let is_list = path.starts_with("/terminals");
    let is_terminal = is_list || path.starts_with("/terminal-sessions");
    let worded = |problem: Problem| if is_list { problem.coded() } else { problem };
    framed(request.method(), headers)?;
    key(headers, &world.options.dojo.api_key).map_err(worded)?;
    version(headers, is_terminal).map_err(worded)?;
    if is_terminal { partner(world, headers).map_err(worded) } else { Ok(()) }
}

/// Dojo's gateway refuses a `PUT` or `DELETE` that does not say how long it is.
fn framed(method: &Method, headers: &HeaderMap) -> Result<(), Problem> {
    let says_length = headers.contains_key(header::CONTENT_LENGTH) || headers.contains_key(header::TRANSFER_ENCODING);
    if says_length || !matches!(*method, Method::PUT | Method::DELETE) {
        return Ok(());
    }
    Err(Problem::new(StatusCode::LENGTH_REQUIRED, "A Content-Length header is required."))
}

/// The literal word and the key as it is: neither base64 nor a bearer.
fn key(headers: &HeaderMap, expected: &str) -> Result<(), Problem> {
    let given = named(headers, "authorization").and_then(|value| value.strip_prefix("Basic "));
    if given == Some(expected) {
        return Ok(());
    }
    Err(Problem::new(StatusCode::UNAUTHORIZED, "The API key is missing or wrong."))
}

fn version(headers: &HeaderMap, is_terminal: bool) -> Result<(), Problem> {
    let Some(version) = named(headers, "version") else {
        return Err(Problem::new(StatusCode::BAD_REQUEST, "A version header is required."));
    };
    if VERSIONS.contains(&version) || (version == VERSION_WITHOUT_TERMINALS && !is_terminal) {
        return Ok(());
    }
    Err(Problem::new(StatusCode::BAD_REQUEST, "The version is not known."))
}

fn partner(world: &World, headers: &HeaderMap) -> Result<(), Problem> {
    let options = &world.options.dojo;
    let Some(software_house) = named(headers, "software-house-id") else {
        return Err(Problem::new(StatusCode::BAD_REQUEST, "A software house ID header is required."));
    };
    let reseller = named(headers, "reseller-id");
    if reseller.is_none() && world.dojo.ledger().policy.reseller_required {
        return Err(Problem::new(StatusCode::UNAUTHORIZED, "A reseller ID header is required."));
    }
    if software_house != options.software_house_id || reseller.is_some_and(|it| it != options.reseller_id) {
        return Err(Problem::new(StatusCode::FORBIDDEN, "The software house or reseller is not known."));
    }
    Ok(())
}

fn named<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().filter(|value| !value.is_empty())
}
