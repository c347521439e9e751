//! One request and its answer, with whatever fault was drawn for it.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use tower::ServiceExt;

use super::connection::Handle;
use super::faults::{CallKind, Drawn, Fault, Moment, Severed, strike};
use super::server::never;
use super::world::World;
use super::{dintero, dojo};

const LARGEST_BODY: usize = 1 << 20;

/// What every exchange needs.
#[derive(Debug, Clone)]
pub(crate) struct Exchange {
    pub(crate) world: Arc<World>,
    pub(crate) router: Router,
}

/// Asks a handler for the state before the latest change.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stale;

/// Answers one request, or cuts the connection.
pub(crate) async fn exchange(
    context: Exchange,
    connection: Handle,
    request: Request<Incoming>,
) -> Result<Response<Body>, Severed> {
    let (parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body, LARGEST_BODY).collect().await else {
        return Ok(dated(&context.world, empty(StatusCode::PAYLOAD_TOO_LARGE)));
    };
    let body = body.to_bytes();
    let Some(call) = call_kind(&parts) else {
        let response = route(&context, parts, body, false).await;
        return Ok(dated(&context.world, response));
    };
    context.world.requests().record(&parts, &body);
    let drawn = context.world.faults().draw(call);
    if let Some(Drawn { fault: Fault::Delay(milliseconds), moment: Moment::Before }) = &drawn {
        // It is still on its way, and its token may expire meanwhile.
        tokio::time::sleep(Duration::from_millis(*milliseconds)).await;
    }
    count(&context.world, call, &parts, &body, drawn.as_ref());
    let response = answer(&context, connection, call, drawn, parts, body).await?;
    Ok(dated(&context.world, response))
}

async fn answer(
    context: &Exchange,
    connection: Handle,
    call: CallKind,
    drawn: Option<Drawn>,
    parts: Parts,
    body: Bytes,
) -> Result<Response<Body>, Severed> {
    let Some(Drawn { fault, moment }) = drawn else {
        return Ok(route(context, parts, body, false).await);
    };
    let uri = parts.uri.clone();
    let stale = fault == Fault::StaleRead;
    let honest = match (&fault, moment) {
        (Fault::Delay(_), Moment::Before) | (_, Moment::After) => Some(route(context, parts, body, stale).await),
        (_, Moment::Before) => None,
    };
    if let (Fault::Delay(milliseconds), Moment::After) = (&fault, moment) {
        tokio::time::sleep(Duration::from_millis(*milliseconds)).await;
    }
    strike(&fault, call, honest, &uri, &connection).await
}

async fn route(context: &Exchange, parts: Parts, body: Bytes, stale: bool) -> Response<Body> {
    let mut request = Request::from_parts(parts, Body::from(body));
    if stale {
        request.extensions_mut().insert(Stale);
    }
    never(context.router.clone().oneshot(request).await)
}

fn dated(world: &World, mut response: Response<Body>) -> Response<Body> {
    let date = world.clock.http_date().and_then(|date| HeaderValue::try_from(date).ok());
    if let Some(date) = date {
        response.headers_mut().insert(header::DATE, date);
    }
    response
}

fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// Which call of either provider this is; `None` for the control API and unknown paths.
fn call_kind(parts: &Parts) -> Option<CallKind> {
    let path = parts.uri.path();
    dintero::calls::kind(&parts.method, path).or_else(|| dojo::calls::kind(&parts.method, path))
}

fn count(world: &World, call: CallKind, parts: &Parts, body: &Bytes, drawn: Option<&Drawn>) {
    // A token is refused before anything is looked at, so nothing was asked for: the same goes out again with a new one.
    let is_refused = matches!(drawn, Some(Drawn { fault: Fault::Status { code: 401, .. }, moment: Moment::Before }));
    if !is_refused && dintero::api::has_valid_token(world, &parts.headers) {
        dintero::calls::count(world, call, body);
    }
    dojo::calls::count(world, call, parts, body);
}
