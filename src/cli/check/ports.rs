//! Whether the bridge could listen where it should.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::time::Duration;

use super::{Line, fault, ok};
use crate::config::Configuration;
use crate::outbound;

/// How long whoever has the tills' address may take to say that it is a bridge.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// Takes each address and lets it go again. One that is taken is right only when a bridge that runs has it.
pub(super) async fn check(configuration: &Configuration) -> Line {
    let plain = configuration.server.listen.map(|listen| ("server.listen", "http", listen));
    let encrypted = configuration.server.tls.as_ref().map(|tls| ("server.tls_listen", "https", tls.listen));
    let (mut found, mut bridge_runs) = (Vec::new(), false);
    for (key, scheme, tills) in plain.into_iter().chain(encrypted) {
        match TcpListener::bind(tills) {
            Ok(_) => found.push(format!("{tills} is free")),
            Err(_) if is_a_bridge(scheme, tills).await => {
                bridge_runs = true;
                found.push(format!("{tills}: a bridge runs there"));
            }
            Err(error) => return refused(key, tills, &error),
        }
    }
    let callbacks = configuration.callbacks.listen;
    if configuration.callbacks.public_url.is_some() {
        match TcpListener::bind(callbacks) {
            Ok(_) => found.push(format!("{callbacks} is free")),
            // The callbacks' listener says nothing of itself; it belongs to the bridge that runs.
            Err(_) if bridge_runs => {}
            Err(error) => return refused("callbacks.listen", callbacks, &error),
        }
    }
    ok("ports", found.join(", "))
}

fn refused(key: &str, address: SocketAddr, error: &std::io::Error) -> Line {
    let advice = "end the program that has it, or choose another address of this machine";
    fault("ports", format!("{key}: {address} cannot be listened on ({error}); {advice}"))
}

/// Whether a bridge answers there, by whatever certificate: nothing is told to it that it should not know.
async fn is_a_bridge(scheme: &str, listen: SocketAddr) -> bool {
    let address = SocketAddr::new(reachable(listen.ip()), listen.port());
    let client = outbound::client().timeout(ANSWER_TIMEOUT).tls_danger_accept_invalid_certs(true).build();
    let asked = async {
        let answer = client?.get(format!("{scheme}://{address}/health")).send().await?;
        answer.json::<serde_json::Value>().await
    };
    asked.await.is_ok_and(|answer: serde_json::Value| answer["status"] == "ok" && answer["version"].is_string())
}

/// Where to call somebody who listens on all addresses.
fn reachable(listen: IpAddr) -> IpAddr {
    match listen {
        IpAddr::V4(address) if address.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(address) if address.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        address => address,
    }
}
