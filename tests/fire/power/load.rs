//! The tills inside the guest. What they hear, and what the provider sees, goes out to the host in the moment in which it
//! is known.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::machine::{PROVIDER, TERMINALS, TILL_ADDRESS};
use crate::client::client;
use crate::configuration::{key_of_till, sells_at_dojo};
use crate::shop::TILLS;

/// A guest on a busy machine is slow: with a load of ten a start took more than a minute.
const PATIENCE: Duration = Duration::from_secs(180);
/// What the providers were asked for, by our reference; Dojo's sessions by the payment that they run on.
pub(super) const REQUESTS: [&str; 5] = [
    "/create_requests",
    "/refund_requests",
    "/dojo/create_requests",
    "/dojo/session_requests",
    "/dojo/refund_requests",
];
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// The number of the boot, where this program is the load in a guest.
pub(crate) fn asked_as_guest() -> Option<usize> {
    let mut arguments = std::env::args().skip(1);
    if arguments.next()? == "guest" { arguments.next()?.parse().ok() } else { None }
}

pub(crate) fn load_for_ever(boot: usize) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        if tokio::time::timeout(PATIENCE, wait_for_bridge()).await.is_err() {
            return;
        }
        println!("READY");
        let tills: JoinSet<()> = (1..=TILLS).map(|till| sell(boot, till)).collect();
        tokio::join!(tills.join_all(), watch_provider());
    });
    ExitCode::FAILURE
}

fn url(path: &str) -> String {
    format!("http://{}{path}", std::net::SocketAddr::from(TILL_ADDRESS))
}

async fn wait_for_bridge() {
    loop {
        let answer = client().get(url("/ready")).send().await;
        if let Ok(answer) = answer
            && answer.text().await.is_ok_and(|text| !text.contains("starting:"))
        {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Each boot has terminals of its own: those of the last one wait for a provider that has forgotten everything.
async fn sell(boot: usize, till: usize) {
    let kind = if sells_at_dojo(till) { "machine" } else { "terminal" };
    let terminal = format!("{kind}-{}", 1 + (boot * TILLS / 2 + till) % TERMINALS);
    for number in 1.. {
        let sale = format!("S-{boot}-{till}-{number}");
        let body = json!({ "reference": sale, "amount": 1000 + number, "terminal": terminal, "wait": 4 });
        tell(ask(till, "/pay", &body).await);
        if number % 3 == 0 {
            let body =
                json!({ "reference": format!("R-{sale}"), "original_reference": sale, "amount": 100, "wait": 4 });
            tell(ask(till, "/refund", &body).await);
        }
    }
}

async fn ask(till: usize, path: &str, body: &Value) -> Option<Value> {
    let request = client().post(url(path)).bearer_auth(key_of_till(till)).json(body);
    request.send().await.ok()?.json().await.ok()
}

fn tell(reply: Option<Value>) {
    let Some(reply) = reply else { return };
    let (Some(operation), Some(status)) = (reply["operation_id"].as_str(), reply["status"].as_str()) else { return };
    println!("told {operation} {} {status}", reply["attempt"]);
}

async fn watch_provider() {
    let mut known = BTreeSet::new();
    loop {
        let books = client().get(format!("{}/simulator/ledger", PROVIDER.trim_end_matches("/v1"))).send().await;
        let Ok(books) = books else { continue };
        let Ok(books) = books.json::<Value>().await else { continue };
        for requests in REQUESTS {
            for name in books.pointer(requests).and_then(Value::as_object).into_iter().flat_map(|seen| seen.keys()) {
                if known.insert((requests, name.clone())) {
                    println!("seen {requests} {name}");
                }
            }
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}
