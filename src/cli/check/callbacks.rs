//! Whether the providers' callbacks reach this machine.

use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::http::header::WWW_AUTHENTICATE;
use url::Url;

use super::{Line, ok, warning};
use crate::config::Configuration;
use crate::domain::operation::ProviderName;
use crate::outbound;

/// How long the way from the provider's side to the callback listener may take.
const CALLBACK_TIMEOUT: Duration = Duration::from_secs(10);

/// Calls the public address as each provider would; only our own listener answers an unsigned call with a bare 401.
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
        Ok(Answer::Ours) => ok("callback", format!("{address} leads here")),
        Ok(Answer::AsksForAPassword) => {
            let text = format!("{address} answers 401, but not as this bridge does");
            let way_out = "a proxy that asks for a password must let /callbacks/ pass";
            warning("callback", format!("{text}: {way_out}; {advice}"))
        }
        Ok(Answer::Other(status)) => {
            warning("callback", format!("{address} answers {status}, not this bridge; {advice}"))
        }
        Err(error) => warning("callback", format!("{address} cannot be reached ({error}); {advice}")),
    }
}

/// Who answers at the public address.
enum Answer {
    /// The callback listener.
    Ours,
    /// A proxy before it.
    AsksForAPassword,
    /// Something else, with this status.
    Other(u16),
}

/// Both providers post; an empty call is no callback of either.
async fn call(address: &str) -> Result<Answer, reqwest::Error> {
    let client = outbound::client().timeout(CALLBACK_TIMEOUT).build()?;
    let answer = client.post(address).send().await?;
    if answer.status() != StatusCode::UNAUTHORIZED {
        return Ok(Answer::Other(answer.status().as_u16()));
    }
    // A proxy's refusal names how to log in; ours gives no reason.
    let is_bare = !answer.headers().contains_key(WWW_AUTHENTICATE) && answer.bytes().await?.is_empty();
    Ok(if is_bare { Answer::Ours } else { Answer::AsksForAPassword })
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use axum::body::Body;
    use axum::http::HeaderMap;

    use super::*;
    use crate::cli::check::Verdict;

    async fn serve(router: Router) -> Url {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        tokio::spawn(axum::serve(listener, router).into_future());
        url
    }

    async fn verdict(headers: &[(&'static str, &'static str)], body: &'static str) -> Verdict {
        let headers: HeaderMap =
            headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        let answer = (StatusCode::UNAUTHORIZED, headers, body);
        let url = serve(Router::new().fallback(move || async move { answer })).await;
        check_way(&url, ProviderName::Dintero).await.verdict
    }

    #[tokio::test]
    async fn a_proxy_that_asks_for_a_password_is_not_taken_for_the_bridge() {
        assert_eq!(verdict(&[], "").await, Verdict::Ok);
        assert_eq!(verdict(&[("www-authenticate", "Basic realm=\"shop\"")], "").await, Verdict::Warning);
        assert_eq!(verdict(&[], "<h1>401 Authorization Required</h1>").await, Verdict::Warning);
    }

    /// Another's page may be as long as it likes.
    #[tokio::test]
    async fn what_is_not_the_bridge_is_told_by_its_status_alone() {
        let endless = || async { Body::from_stream(futures_util::stream::pending::<Result<Vec<u8>, Infallible>>()) };
        let url = serve(Router::new().fallback(endless)).await;
        let line = check_way(&url, ProviderName::Dintero).await;
        assert_eq!(line.verdict, Verdict::Warning);
        assert!(line.text.contains("answers 200, not this bridge"), "{}", line.text);
    }
}
