//! What the configuration makes of each part.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use super::StartError;
use crate::config::{Configuration, Server};
use crate::domain::operation::ProviderName;
use crate::engine::{Pace, Parts};
use crate::http::{CallbackRoute, Limits};
use crate::journal::{JournalOptions, SqliteJournal};
use crate::ports::{CallbackVerifier, Clock, Provider, ProvidersClock};
use crate::provider::dintero::{CallbackSignature, Dintero};
use crate::provider::dojo::{Dojo, WebhookSignature};
use crate::push::HttpPusher;

/// The journal knows whose results are pushed, so that it writes them to the outbox with their commit.
pub(super) fn journal_options(configuration: &Configuration) -> JournalOptions {
    let pushed_to = configuration.directory.tills.iter().filter(|till| till.profile.push.is_some());
    JournalOptions {
        pushed_to: pushed_to.map(|till| till.id.clone()).collect(),
        ..JournalOptions::at(&configuration.database.path)
    }
}

pub(super) fn parts(
    configuration: Configuration,
    journal: &Arc<SqliteJournal>,
    ours: &[SocketAddr],
) -> Result<Parts, StartError> {
    let mut providers: HashMap<ProviderName, Arc<dyn Provider>> = HashMap::new();
    if let Some(settings) = configuration.dintero {
        providers.insert(ProviderName::Dintero, Arc::new(Dintero::new(settings)?));
    }
    if let Some(settings) = configuration.dojo {
        providers.insert(ProviderName::Dojo, Arc::new(Dojo::new(settings)?));
    }
    let in_order = [ProviderName::Dintero, ProviderName::Dojo].into_iter();
    let clock: Arc<dyn Clock> =
        Arc::new(ProvidersClock::new(in_order.filter_map(|name| providers.get(&name).cloned()).collect()));
    let pusher = Arc::new(HttpPusher::new(&configuration.directory, ours)?);
    Ok(Parts {
        directory: configuration.directory,
        journal: journal.clone(),
        providers,
        pusher,
        clock,
        pace: Pace {
            poll_interval: configuration.poll_interval,
            sweep_interval: configuration.sweep.interval,
            sweep_window: configuration.sweep.window,
            ..Pace::default()
        },
    })
}

/// What tells genuine callbacks from others, for each provider that can be told.
pub(super) fn verifiers(configuration: &Configuration) -> HashMap<ProviderName, Arc<dyn CallbackVerifier>> {
    let mut verifiers: HashMap<ProviderName, Arc<dyn CallbackVerifier>> = HashMap::new();
    if let Some(signature) = configuration.dintero.as_ref().and_then(CallbackSignature::new) {
        verifiers.insert(ProviderName::Dintero, Arc::new(signature));
    }
    if let Some(signature) = configuration.dojo.as_ref().and_then(WebhookSignature::new) {
        verifiers.insert(ProviderName::Dojo, Arc::new(signature));
    }
    verifiers
}

/// A callback's age is told by its provider's clock: a wrong one in the shop must not refuse genuine ones for good.
pub(super) fn callback_routes(
    verifiers: HashMap<ProviderName, Arc<dyn CallbackVerifier>>,
    parts: &Parts,
) -> Vec<CallbackRoute> {
    let route = |(provider, verifier)| {
        let clock: Arc<dyn Clock> = match parts.providers.get(&provider) {
            Some(provider) => Arc::new(ProvidersClock::new(vec![provider.clone()])),
            None => Arc::clone(&parts.clock),
        };
        CallbackRoute { provider, verifier, clock }
    };
    verifiers.into_iter().map(route).collect()
}

pub(super) fn limits(server: &Server) -> Limits {
    Limits {
        connections: server.limits.connections,
        connections_per_address: server.limits.connections_per_address,
        requests_per_minute_per_address: server.limits.requests_per_minute_per_address,
        waiting_per_till: server.limits.waiting_per_till,
        streams_per_till: Limits::default().streams_per_till,
        header_read: server.limits.arrival,
        body_read: server.limits.arrival,
        write_stall: server.limits.arrival,
        header_bytes: server.limits.header_bytes,
        headers: server.limits.headers,
        body_bytes: server.limits.body_bytes,
        bodies_bytes: server.limits.bodies_bytes,
        drain: server.drain,
    }
}
