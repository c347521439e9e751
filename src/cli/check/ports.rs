//! Whether the bridge could listen where it should.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::time::Duration;

use url::Url;

use super::{Line, fault, ok};
use crate::cli::client::Bridge;
use crate::config::Configuration;

/// How long whoever has the tills' address may take to say that it is a bridge.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// Takes each address and lets it go again. One that is taken is right only when a bridge that runs has it.
pub(super) async fn check(configuration: &Configuration) -> Line {
    let tills = configuration.server.listen;
    let taken = TcpListener::bind(tills).err();
    let bridge_runs = taken.is_some() && is_a_bridge(tills).await;
    let mut found = match taken {
        None => vec![format!("{tills} is free")],
        Some(_) if bridge_runs => vec![format!("{tills}: a bridge runs there")],
        Some(error) => return refused("server.listen", tills, &error),
    };
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

async fn is_a_bridge(listen: SocketAddr) -> bool {
    let address = SocketAddr::new(reachable(listen.ip()), listen.port());
    let Ok(url) = Url::parse(&format!("http://{address}")) else { return false };
    let Ok(bridge) = Bridge::at(&url, None) else { return false };
    match tokio::time::timeout(ANSWER_TIMEOUT, bridge.get(&["health"], 0)).await {
        Ok(Ok(answer)) => answer.body["status"] == "ok" && answer.body["version"].is_string(),
        _ => false,
    }
}

/// Where to call somebody who listens on all addresses.
fn reachable(listen: IpAddr) -> IpAddr {
    match listen {
        IpAddr::V4(address) if address.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(address) if address.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        address => address,
    }
}
