//! What a till may do, and what everybody else leaves behind: nothing in the journal, and a line in the log.

use std::fs::File;
use std::process::{Child, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::*;

/// A bridge whose tills have these lines in their profiles.
async fn bridge_where_each_till_has(profile: &'static str) -> Bridge {
    Bridge::with(Setup { profile, may_refund_others: true, ..Setup::default() }).await
}

#[tokio::test]
async fn a_till_gives_back_no_more_than_its_limits() {
    let bridge = bridge_where_each_till_has("refund_max = 10000\nrefund_max_per_day = 15000").await;
    let till = bridge.till(1);
    till.pay("R-1", 39900).await;
    for (reference, amount) in [("B-1", None), ("B-2", Some(10001))] {
        let refused = till.refund(reference, "R-1", amount).await;
        assert_eq!((refused.status, refused.word()), (403, "forbidden"), "{:?}", refused.body);
        assert_eq!(refused.body["retry"], "never");
        assert!(refused.body["detail"].as_str().unwrap().contains("10000"), "{:?}", refused.body);
        assert_eq!(till.get(&format!("/refund/{reference}")).await.status, 404, "nothing is written");
    }
    assert_eq!(till.refund("B-3", "R-1", Some(10000)).await.word(), "approved");
    let rest = till.refund("B-4", "R-1", Some(5001)).await;
    assert_eq!((rest.status, rest.word()), (403, "forbidden"));
    assert!(rest.body["detail"].as_str().unwrap().contains("5000"), "{:?}", rest.body);
    assert_eq!(till.refund("B-5", "R-1", Some(5000)).await.word(), "approved");
    assert_eq!(till.refund("B-3", "R-1", Some(10000)).await.body["replayed"], true, "a repeat is answered");

    let other = bridge.till(2);
    let of_another =
        json!({ "reference": "B-1", "original_reference": "R-1", "original_till": "till-1", "amount": 100 });
    assert_eq!(other.post("/refund", of_another).await.word(), "approved", "another till's day is its own");
    bridge.books_agree().await;
}

#[tokio::test]
async fn refunds_at_once_share_the_tills_day() {
    let bridge = bridge_where_each_till_has("refund_max_per_day = 10000").await;
    let till = bridge.till(1);
    till.pay("R-1", 100_000).await;
    let refunds: Vec<_> = (0..10)
        .map(|number| {
            let till = till.clone();
            // One at a time may use the terminal, so a refused one asks again.
            tokio::spawn(async move {
                loop {
                    let answer = till.refund(&format!("B-{number}"), "R-1", Some(3000)).await;
                    if answer.word() != "terminal_busy" {
                        return answer.word().to_owned();
                    }
                    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                }
            })
        })
        .collect();
    let mut words = Vec::new();
    for refund in refunds {
        words.push(refund.await.unwrap());
    }
    let count = |word: &str| words.iter().filter(|found| *found == word).count();
    assert_eq!((count("approved"), count("forbidden")), (3, 7), "{words:?}");
    bridge.books_agree().await;
}

#[tokio::test]
async fn a_till_that_may_only_sell_follows_its_sale_and_gives_nothing_back() {
    let bridge = bridge_where_each_till_has("scopes = [\"pay\"]").await;
    let till = bridge.till(1);
    assert_eq!(till.pay("R-1", 39900).await.word(), "approved");
    assert_eq!(till.result("R-1").await.word(), "approved");
    assert_eq!(till.call(Method::POST, "/pay/R-1/ack", None).await.body["acknowledged"], true);
    let refused = till.refund("B-1", "R-1", None).await;
    assert_eq!((refused.status, refused.word()), (403, "forbidden"));
    assert!(refused.body["detail"].as_str().unwrap().contains("\"refund\""));
    for path in ["/refund/B-1", "/last", "/operations", "/terminals"] {
        assert_eq!(till.get(path).await.status, 403, "{path}");
    }
    assert_eq!(bridge.simulator.ledger().await["refunded"], 0);
}

/// A bridge whose log goes to a file; it ends with the test.
struct Logged {
    bridge: Bridge,
    process: Child,
}

impl Logged {
    async fn new(profile: &'static str) -> Self {
        let mut bridge = bridge_where_each_till_has(profile).await;
        bridge.stop().await;
        let log = File::create(bridge.folder.data().join("log")).unwrap();
        let process = bridge.serve().stdout(Stdio::null()).stderr(log).spawn().unwrap();
        bridge.ready().await;
        Self { bridge, process }
    }

    /// The line of the log with all of these words, once it is written.
    async fn line(&self, words: &[&str]) -> String {
        let path = self.bridge.folder.data().join("log");
        eventually(&format!("a line of the log with {words:?}"), || {
            let log = std::fs::read_to_string(&path).unwrap();
            let found = log.lines().find(|line| words.iter().all(|word| line.contains(word))).map(str::to_owned);
            async move { found }
        })
        .await
    }
}

impl Drop for Logged {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test]
async fn every_refusal_is_logged_with_the_till_and_the_address_and_none_with_a_key() {
    let logged = Logged::new("scopes = [\"pay\", \"status\"]\nrequests_per_minute = 3").await;
    let (bridge, till) = (&logged.bridge, logged.bridge.till(1));
    let (ours, guess) = (till.key.clone(), "pbk_5f4dcc3b5aa765d61d8327deb882cf995f4dcc3b5aa765d61d8327deb882cf99");
    let ask = |path: &str, name: &'static str, value: String| {
        bridge.client.post(bridge.url(path)).header(name, value).json(&json!({ "reference": "R-1", "amount": 100 }))
    };
    let basic = |till: &str, key: &str| format!("Basic {}", STANDARD.encode(format!("{till}:{key}")));

    assert_eq!(ask("/pay", "X-Api-Key", guess.into()).send().await.unwrap().status(), 401);
    assert_eq!(ask("/pay", "Authorization", basic("till-2", guess)).send().await.unwrap().status(), 401);
    // `curl -u KEY:` puts the key where the till's id belongs.
    assert_eq!(ask("/pay", "Authorization", basic(&ours, "")).send().await.unwrap().status(), 401);
    assert_eq!(ask("/pay", "Authorization", basic("till\r\n-3", guess)).send().await.unwrap().status(), 401);
    assert_eq!(
        ask("/pay", "Origin", "https://evil.example".into()).bearer_auth(&ours).send().await.unwrap().status(),
        403
    );
    assert_eq!(ask("/pay", "Host", "evil.example".into()).bearer_auth(&ours).send().await.unwrap().status(), 403);
    assert_eq!(till.refund("B-1", "R-1", None).await.status, 403);
    assert_eq!(till.post("/pay", json!({ "reference": guess, "amount": 100 })).await.status, 400);
    assert_eq!(till.get("/last").await.status, 404);
    assert_eq!(till.get("/last").await.status, 429);
    for _ in 0..10 {
        ask("/pay", "X-Api-Key", guess.into()).send().await.unwrap();
    }

    for words in [
        &["unauthorized", "path=/pay"][..],
        &["unauthorized", "claimed_till=\"till-2\""],
        &["forbidden", "Origin"],
        &["forbidden", "Host"],
        &["forbidden", "till=\"till-1\"", "scope"],
        &["invalid_request", "till=\"till-1\""],
        &["not_found", "till=\"till-1\""],
        &["rate_limited", "till=\"till-1\"", "of this till"],
        &["rate_limited", "wrong keys"],
    ] {
        let line = logged.line(&[words, &["refused", "127.0.0.1"]].concat()).await;
        assert!(line.contains("WARN"), "{line}");
    }
    let log = std::fs::read_to_string(bridge.folder.data().join("log")).unwrap();
    for secret in [ours.as_str(), &guess[4..], &STANDARD.encode(format!("till-2:{guess}"))] {
        assert!(!log.contains(secret), "a key is in the log");
    }
}

/// The hostile requests of `tests/border/hostile_pages.rs` on a whole bridge: the journal and the provider know of none.
#[tokio::test]
async fn a_hostile_page_leaves_nothing_behind() {
    let bridge = Bridge::start().await;
    let till = bridge.till(1);
    for (name, value) in [
        ("Origin", "https://evil.example"),
        ("Origin", "null"),
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
        ("Host", "evil.example"),
    ] {
        for with_key in [false, true] {
            for content_type in ["application/json", "text/plain", "application/x-www-form-urlencoded"] {
                let body = r#"{"reference":"R-1","amount":100}"#;
                let request = bridge.client.post(bridge.url("/pay")).header(name, value).body(body);
                let request = request.header("Content-Type", content_type);
                let request = if with_key { request.bearer_auth(&till.key) } else { request };
                assert_eq!(request.send().await.unwrap().status(), 403, "{name}: {value}, {content_type}, {with_key}");
            }
        }
    }
    assert_eq!(till.get("/operations").await.body["operations"], json!([]));
    let ledger = bridge.simulator.ledger().await;
    assert_eq!(ledger["transactions"], Value::Array(Vec::new()));
    assert_eq!(ledger["create_requests"], json!({}));
}
