//! Starting, checking, logging.

use serde_json::json;

use crate::support::*;

#[tokio::test]
async fn check_tells_line_by_line_what_works() {
    let mut bridge = Bridge::with(Setup { callbacks: true, ..Setup::default() }).await;
    bridge.stop().await;
    let output = bridge.run(&["check"]).await;
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    for word in
        ["configuration", "database", "ports", "token", "terminal-1", "terminal-2", "clock", "not checked", "callback"]
    {
        assert!(text.contains(word), "{word} in {text}");
    }
}

#[tokio::test]
async fn check_beside_a_bridge_that_runs_finds_nothing_wrong() {
    let bridge = Bridge::with(Setup { callbacks: true, ..Setup::default() }).await;
    let output = bridge.run(&["check"]).await;
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    assert!(text.contains("is in use by a bridge that runs now\n"), "{text}");
    assert!(text.contains("a bridge runs there"), "{text}");
}

#[tokio::test]
async fn check_fails_when_another_program_has_the_tills_address() {
    let mut bridge = Bridge::start().await;
    bridge.stop().await;
    let address = bridge.url("").trim_start_matches("http://").trim_end_matches('/').to_owned();
    let taken = tokio::net::TcpListener::bind(&address).await.unwrap();
    tokio::spawn(async move { while taken.accept().await.is_ok() {} });
    let output = bridge.run(&["check"]).await;
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains(&format!("server.listen: {address} cannot be listened on")), "{text}");
}

#[tokio::test]
async fn check_fails_with_what_to_do_when_the_provider_refuses() {
    let mut bridge = Bridge::start().await;
    bridge.stop().await;
    bridge.simulator.faults(json!([{ "call": "token", "fault": { "status": { "code": 403 } }, "times": 100 }])).await;
    let output = bridge.run(&["check"]).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stdout).unwrap().contains("client_id"));
}

fn dojo() -> Setup {
    Setup { provider: Behind::Dojo, ..Setup::default() }
}

#[tokio::test]
async fn check_tells_of_dojo_what_works() {
    let mut bridge = Bridge::with(Setup { callbacks: true, ..dojo() }).await;
    bridge.stop().await;
    let output = bridge.run(&["check"]).await;
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    for words in [
        "the key and the partners' ids work; no real money moves",
        "tm_sandbox_1 is available",
        "tm_sandbox_2 is available",
        "that of dojo",
        "not checked: ",
        "/callbacks/dojo leads here",
    ] {
        assert!(text.contains(words), "{words} in {text}");
    }
    assert!(!text.contains("sk_sandbox_simulated") && !text.contains("dintero"), "{text}");
}

#[tokio::test]
async fn check_beside_a_bridge_that_runs_finds_the_webhooks_way() {
    let bridge = Bridge::with(Setup { callbacks: true, ..dojo() }).await;
    let output = bridge.run(&["check"]).await;
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && text.contains("/callbacks/dojo leads here"), "{text}");
}

#[tokio::test]
async fn check_fails_with_what_to_do_when_dojo_refuses_the_key_or_a_terminal_is_off() {
    let mut bridge = Bridge::with(dojo()).await;
    bridge.stop().await;
    bridge.simulator.terminal_mode(2, "offline").await;
    let output = bridge.run(&["check"]).await;
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("tm_sandbox_1 is available") && text.contains("see that it is switched on"), "{text}");
    bridge.simulator.faults(json!([{ "call": "any", "fault": { "status": { "code": 401 } }, "times": 100 }])).await;
    let output = bridge.run(&["check"]).await;
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("check api_key in [dojo]") && text.contains("software_house_id"), "{text}");
}

/// No secret, no key and no card number is ever logged.
#[tokio::test]
async fn the_log_holds_no_secret() {
    let mut bridge = Bridge::start().await;
    bridge.stop().await;
    let log = bridge.folder.database().with_extension("log");
    let file = std::fs::File::create(&log).unwrap();
    let mut process = bridge.serve().stderr(file.try_clone().unwrap()).stdout(file).spawn().unwrap();
    bridge.ready().await;
    let till = bridge.till(1);
    till.pay("R-1", 39900).await;
    till.post("/pay", json!({ "reference": "R-2", "amount": 100, "description": "4111111111111111" })).await;
    Till { key: "a-wrong-key-that-must-not-show".to_owned(), ..till.clone() }.pay("R-3", 100).await;
    process.kill().unwrap();
    process.wait().unwrap();
    let text = std::fs::read_to_string(&log).unwrap();
    for step in ["begun", "accepted", "approved", "till-1", "terminal-1", "PB-"] {
        assert!(text.contains(step), "{step} in {text}");
    }
    for secret in
        ["simulated-secret", "simulated-signature", "the-key-of-till", "a-wrong-key", "4111111111111111", "Bearer "]
    {
        assert!(!text.contains(secret), "{secret} in the log");
    }
}

/// P37: an old number is old by the provider's clock. By this machine's, a jump would make a sale of a moment ago a new one.
#[tokio::test]
async fn p37_numbers_start_over_by_the_providers_clock() {
    let mut bridge = Bridge::with(Setup { profile: "reference_reuse_days = 30", ..Setup::default() }).await;
    let first = bridge.till(1).pay("R-1", 39900).await;
    for (days, is_new) in [(29, false), (31, true)] {
        bridge.stop().await;
        bridge.simulator.clock_ahead(days * 24 * 3600).await;
        bridge.boot().await;
        let again = bridge.till(1).pay("R-1", 39900).await;
        assert_eq!(again.word(), "approved", "{days} days");
        assert_eq!(again.body["operation_id"] != first.body["operation_id"], is_new, "{days} days");
    }
    bridge.books_agree().await;
}

/// P37: the provider's clock decides; this machine's may be years wrong.
#[tokio::test]
async fn p37_a_clock_that_is_years_off_is_no_trouble() {
    let mut bridge = Bridge::start().await;
    for years in [3, 10, 0] {
        bridge.stop().await;
        bridge.simulator.clock_ahead(years * 365 * 24 * 3600).await;
        bridge.boot().await;
        assert_eq!(bridge.till(1).pay(&format!("R-{years}"), 39900).await.word(), "approved", "{years} years");
    }
    bridge.books_agree().await;
}
