//! `/webhooks`: who is told of what, and the secrets.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::{Extension, Json};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use url::{Host, Url};

use super::json_body::read_as;
use super::money::Mistakes;
use super::problem::Problem;
use crate::simulator::dojo::webhooks::{EVENTS, Subscription};
use crate::simulator::exchange::Stale;
use crate::simulator::identifiers;
use crate::simulator::world::World;

type Shared = State<Arc<World>>;

/// `GET /webhooks/events`
pub(super) async fn events() -> Json<Value> {
    Json(json!([{ "model": "PaymentIntent", "events": EVENTS }]))
}

/// `GET /webhooks`
pub(super) async fn list(State(world): Shared, stale: Option<Extension<Stale>>) -> Json<Value> {
    if stale.is_some() {
        return Json(json!([]));
    }
    let account_id = &world.options.dojo.account_id;
    Json(world.dojo.subscriptions().all().map(|it| it.document(account_id)).collect())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    events: Option<Vec<String>>,
    #[serde(default, deserialize_with = "address")]
    url: Option<Url>,
    description: Option<String>,
}

impl Request {
    fn check(&self) -> Result<(), Problem> {
        let mut mistakes = Mistakes::default();
        if self.url.as_ref().is_some_and(|url| url.scheme() != "https" && !is_loopback(url)) {
            mistakes.add("Url", "The Url field must be https.");
        }
        if self.events.iter().flatten().any(|event| !EVENTS.contains(&event.as_str())) {
            mistakes.add("Events", "An event is not known; see GET /webhooks/events.");
        }
        mistakes.done()
    }
}

fn address<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Url>, D::Error> {
    let text = Option::<String>::deserialize(input)?;
    text.map(|text| text.parse().map_err(D::Error::custom)).transpose()
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// `POST /webhooks`: 409 for a URL that has one already.
pub(super) async fn subscribe(State(world): Shared, headers: HeaderMap, body: Bytes) -> Result<Json<Value>, Problem> {
    let request: Request = read_as(&headers, &body)?;
    request.check()?;
    let (Some(events), Some(url)) = (request.events, request.url) else {
        return Err(Problem::new(StatusCode::BAD_REQUEST, "events and url are required."));
    };
    let mut subscriptions = world.dojo.subscriptions();
    if subscriptions.knows(&url) {
        return Err(Problem::new(StatusCode::CONFLICT, "There is a subscription for this URL."));
    }
    let subscription = subscriptions.add(events, url, request.description, identifiers::base58(22));
    Ok(Json(subscription.document(&world.options.dojo.account_id)))
}

/// `PATCH /webhooks/{id}`
pub(super) async fn update(
    State(world): Shared,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let request: Request = read_as(&headers, &body)?;
    request.check()?;
    change(&world, &id, |subscription| {
        subscription.events = request.events.unwrap_or_else(|| subscription.events.clone());
        subscription.url = request.url.unwrap_or_else(|| subscription.url.clone());
        subscription.description = request.description.or_else(|| subscription.description.clone());
        Ok(Json(subscription.document(&world.options.dojo.account_id)))
    })
}

/// `DELETE /webhooks/{id}`
pub(super) async fn unsubscribe(State(world): Shared, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    world.dojo.subscriptions().remove(&id).ok_or_else(unknown)?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /webhooks/{id}/secrets`
pub(super) async fn secrets(State(world): Shared, Path(id): Path<String>) -> Result<Json<Value>, Problem> {
    change(&world, &id, |subscription| Ok(Json(subscription.secrets_document())))
}

/// `POST /webhooks/{id}/secrets`: not active before it is activated, so that both sides can change over.
pub(super) async fn add_secret(State(world): Shared, Path(id): Path<String>) -> Result<Json<Value>, Problem> {
    change(&world, &id, |subscription| {
        subscription.add_secret();
        Ok(Json(subscription.secrets_document()))
    })
}

/// `PUT /webhooks/{id}/secrets/{secret}/activate`
pub(super) async fn activate_secret(
    State(world): Shared,
    Path((id, secret)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    change(&world, &id, |subscription| {
        let secret = subscription.secrets.iter_mut().find(|it| it.id == secret).ok_or_else(unknown)?;
        secret.is_active = true;
        Ok(StatusCode::NO_CONTENT)
    })
}

/// `DELETE /webhooks/{id}/secrets/{secret}`
pub(super) async fn delete_secret(
    State(world): Shared,
    Path((id, secret)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    change(&world, &id, |subscription| {
        let before = subscription.secrets.len();
        subscription.secrets.retain(|it| it.id != secret);
        if subscription.secrets.len() == before { Err(unknown()) } else { Ok(StatusCode::NO_CONTENT) }
    })
}

fn change<T>(
    world: &World,
    id: &str,
    with: impl FnOnce(&mut Subscription) -> Result<T, Problem>,
) -> Result<T, Problem> {
    let mut subscriptions = world.dojo.subscriptions();
    with(subscriptions.get_mut(id).ok_or_else(unknown)?)
}

fn unknown() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "The subscription or secret was not found.")
}
