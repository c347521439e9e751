//! The access token: asking for one, and requiring it.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{ApiError, read_json};
use crate::simulator::identifiers;
use crate::simulator::world::World;

/// More than any bridge asks for; beyond it, expired ones are dropped.
const TOKENS_KEPT: usize = 1_000;

/// `POST /v1/accounts/{account}/auth/token`
pub(super) async fn token(
    State(world): State<Arc<World>>,
    Path(account): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, ApiError> {
    check_client(&world, &headers)?;
    if account != world.options.account_id {
        return Err(ApiError::Forbidden);
    }
    let request = read_json(&headers, &body)?;
    if request["grant_type"] != "client_credentials" {
        return Err(ApiError::invalid("grant_type must be client_credentials"));
    }
    // Always the api.dintero.com account URL, whichever host is asked.
    if request["audience"] != format!("https://api.dintero.com/v1/accounts/{account}") {
        return Err(ApiError::Forbidden);
    }
    let life = world.options.token_life_seconds;
    Ok(Json(json!({
        "access_token": issue(&world, life), "token_type": "Bearer", "expires_in": life,
    })))
}

fn check_client(world: &World, headers: &HeaderMap) -> Result<(), ApiError> {
    let options = &world.options;
    let expected = STANDARD.encode(format!("{}:{}", options.client_id, options.client_secret));
    match credentials(headers, "Basic ") {
        Some(given) if given == expected => Ok(()),
        _ => Err(ApiError::Unauthorized),
    }
}

fn credentials<'a>(headers: &'a HeaderMap, scheme: &str) -> Option<&'a str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix(scheme)
}

fn issue(world: &World, life: u64) -> String {
    let now = world.clock.now();
    let seconds = i64::try_from(life).unwrap_or(i64::MAX);
    let expires = now.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(now);
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let token = format!(
        "{}.{}.{}",
        part(json!({ "alg": "none", "typ": "JWT" })),
        part(json!({ "exp": expires.as_second(), "iss": "simulator" })),
        identifiers::base58(43),
    );
    let mut tokens = world.dintero.tokens();
    if tokens.len() >= TOKENS_KEPT {
        tokens.retain(|_, expiry| *expiry > now);
    }
    tokens.insert(token.clone(), expires);
    token
}

/// Lets a request through with a valid token, and only to the token's own account.
pub(super) async fn require_token(State(world): State<Arc<World>>, request: Request, next: Next) -> Response {
    if !has_valid_token(&world, request.headers()) {
        return ApiError::Unauthorized.into_response();
    }
    if !is_own_account(&world, request.uri().path()) {
        return ApiError::Forbidden.into_response();
    }
    next.run(request).await
}

/// Whether a request's token is one that was issued, and has not run out.
pub(crate) fn has_valid_token(world: &World, headers: &HeaderMap) -> bool {
    let Some(token) = credentials(headers, "Bearer ") else {
        return false;
    };
    world.dintero.tokens().get(token).is_some_and(|expiry| *expiry > world.clock.now())
}

fn is_own_account(world: &World, path: &str) -> bool {
    match path.strip_prefix("/v1/accounts/") {
        None => true,
        Some(rest) => rest.split('/').next() == Some(world.options.account_id.as_str()),
    }
}
