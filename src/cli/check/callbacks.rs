//! Whether the providers' callbacks reach this machine.

use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use url::Url;

use super::{Line, ok, warning};
use crate::config::Configuration;
use crate::domain::operation::ProviderName;
use crate::outbound;

/// How long the way from the provider's side to the callback listener may take.
const CALLBACK_TIMEOUT: Duration = Duration::from_secs(10);

/// Calls the public address as each provider would; only our own listener answers an unsigned call with 401.
pub(super) async fn check(configuration: &Configuration) -> Vec<Line> {
    let Some(public_url) = &configuration.callbacks.public_url else {
        return vec![ok("callback", "no public_url: results are polled, which is complete by itself")];
    };
    // Where no bridge runs, something must stand at the end of the way. A bridge that runs answers by itself.
    let stand_in = tokio::net::TcpListener::bind(configuration.callbacks.listen).await.ok();
    let stand_in = stand_in.map(|listener| {
        let refuse = || async { StatusCode::UNAUTHORIZED };
        tokio::spawn(axum::serve(listener, Router::new().fallback(refuse)).into_future())
    });
    let mut lines = Vec::new();
    for (provider, has_secret) in callers(configuration) {
        lines.push(if has_secret { check_way(public_url, provider).await } else { without_secret(provider) });
    }
    if let Some(stand_in) = stand_in {
        stand_in.abort();
    }
    lines
}

/// Who may call, and whether what he says could be told from a forgery.
fn callers(configuration: &Configuration) -> impl Iterator<Item = (ProviderName, bool)> {
    let dintero = configuration.dintero.as_ref().map(|settings| settings.callback_secret.is_some());
    let dojo = configuration.dojo.as_ref().map(|settings| !settings.webhook_secrets.is_empty());
    let dintero = dintero.map(|has_secret| (ProviderName::Dintero, has_secret));
    dintero.into_iter().chain(dojo.map(|has_secret| (ProviderName::Dojo, has_secret)))
}

fn without_secret(provider: ProviderName) -> Line {
    let key = match provider {
        ProviderName::Dintero => "callback_secret",
        ProviderName::Dojo => "webhook_secret",
    };
    let name = provider.name();
    ok("callback", format!("no {key} in [{name}]: its results are polled, which is complete by itself"))
}

async fn check_way(public_url: &Url, provider: ProviderName) -> Line {
    let address = format!("{}/callbacks/{}", public_url.as_str().trim_end_matches('/'), provider.name());
    let advice =
        "check the tunnel or proxy that should lead from it to callbacks.listen; until then results are polled";
    match call(&address).await {
        Ok(401) => ok("callback", format!("{address} leads here")),
        Ok(status) => warning("callback", format!("{address} answers {status}, not this bridge; {advice}")),
        Err(error) => warning("callback", format!("{address} cannot be reached ({error}); {advice}")),
    }
}

/// Both providers post; an empty call is no callback of either.
async fn call(address: &str) -> Result<u16, reqwest::Error> {
    let client = outbound::client().timeout(CALLBACK_TIMEOUT).build()?;
    Ok(client.post(address).send().await?.status().as_u16())
}
