//! What cashiers live through, and what the till's profile does about it: tills without receipt numbers, numbers that
//! start over, a sale that takes another's place, a terminal that two tills share.

mod shared_terminal;
mod starting_over;
mod without_number;

use serde_json::{Value, json};
use sqlx::Connection;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::support::*;

async fn with_profile(profile: &'static str) -> Bridge {
    Bridge::with(Setup { profile, ..Setup::default() }).await
}

/// Two tills at one terminal, where somebody has to act.
async fn one_terminal(profile: &'static str, tills: usize) -> Bridge {
    let bridge = Bridge::with(Setup { profile, tills, terminals: 1, ..Setup::default() }).await;
    bridge.simulator.terminal_mode(1, "manual").await;
    bridge
}

impl Till {
    /// A sale of a till that has no number for it.
    async fn sell(&self, amount: i64) -> Answer {
        self.post("/pay", json!({ "amount": amount })).await
    }

    /// A sale under way, in a task of its own.
    fn paying(&self, reference: &'static str, amount: i64) -> JoinHandle<Answer> {
        let till = self.clone();
        tokio::spawn(async move { till.pay(reference, amount).await })
    }
}

impl Bridge {
    /// Waits until so many calls wait for a result or a terminal.
    async fn waits_for(&self, calls: usize) {
        self.counts("pos_bridge_waiting_tills", calls).await;
    }

    /// Waits until so many calls wait for a terminal.
    async fn queues(&self, calls: usize) {
        self.counts("pos_bridge_queued_tills", calls).await;
    }

    async fn counts(&self, name: &str, calls: usize) {
        let wanted = format!("{name} {calls}");
        eventually(&wanted, || async { (self.metric(name).await == wanted).then_some(()) }).await;
    }

    /// Lets time pass: everything in the journal is so much older.
    async fn time_passes(&mut self, seconds: i64) {
        let older = "UPDATE operation SET created_at = created_at - ?1, updated_at = updated_at - ?1";
        let earlier = "UPDATE attempt SET expires_at = expires_at - ?1, horizon = horizon - ?1";
        self.age(&[older, earlier], seconds).await;
    }

    /// The provider's clock stands still, so no session ends.
    async fn only_the_shops_clock_passes(&mut self, seconds: i64) {
        let older = "UPDATE operation SET created_at = created_at - ?1, updated_at = updated_at - ?1";
        self.age(&[older], seconds).await;
    }

    async fn age(&mut self, statements: &[&'static str], seconds: i64) {
        self.stop().await;
        let journal = format!("sqlite://{}", self.folder.database().display());
        let mut connection = sqlx::SqliteConnection::connect(&journal).await.unwrap();
        for statement in statements {
            sqlx::query(*statement).bind(seconds * 1000).execute(&mut connection).await.unwrap();
        }
        connection.close().await.unwrap();
        self.boot().await;
    }

    /// Waits for the result of the till's operation as its list shows it.
    async fn listed(&self, till: &Till, reference: &Value, status: &str) {
        eventually("the result in the till's list", || async {
            let all = till.get("/operations").await.body;
            let found = all["operations"].as_array().unwrap().iter().find(|one| one["reference"] == *reference)?;
            (found["status"] == *status).then_some(())
        })
        .await;
    }
}

/// The customer left. The cashier begins the next sale, and the terminal forgets the old one first.
#[tokio::test]
async fn a_new_sale_has_the_tills_own_older_one_cancelled_first() {
    let bridge = one_terminal("supersede = true", 2).await;
    let till = bridge.till(1);
    till.begin("R-1", 39900).await;
    let next = till.paying("R-2", 4900);
    assert_eq!(till.result("R-1").await.word(), "cancelled");
    bridge.listed(&till, &json!("R-2"), "pending").await;
    bridge.simulator.customer(1, "approve").await;
    assert_eq!(next.await.unwrap().word(), "approved");
    bridge.books_agree().await;
}

/// The other outcome of the race: the customer paid in the last moment. The till hears of that before anything else is
/// charged, and the new sale begins when it asks again.
#[tokio::test]
async fn an_older_sale_that_was_paid_after_all_is_told_before_the_new_one_begins() {
    let bridge = one_terminal("supersede = true", 2).await;
    let till = bridge.till(1);
    let older = till.begin("R-1", 39900).await;
    // The cancel comes too late.
    bridge.simulator.faults(json!([{ "call": "cancel_session", "fault": "lose_request", "times": 1000 }])).await;
    let next = till.paying("R-2", 4900);
    eventually("the cancel", || async {
        (bridge.simulator.hits().await["lose_request"].as_u64() > Some(0)).then_some(())
    })
    .await;
    bridge.simulator.customer(1, "approve").await;
    let next = next.await.unwrap();
    assert_eq!((next.status, next.word()), (423, "terminal_busy"), "{:?}", next.body);
    assert_eq!((&next.body["operation_id"], next.header("location")), (&older.body["operation_id"], "/pay/R-1"));
    assert!(next.body["detail"].as_str().unwrap().contains("was paid"), "{:?}", next.body);
    assert_eq!(next.body["message"], "Sale R-1 was paid after all. Give its goods or refund it first");
    assert_eq!(next.body["retry"], "operator", "no till repeats this by itself");
    assert_eq!(next.header("retry-after"), "");
    assert_eq!(till.get("/pay/R-2").await.status, 404, "nothing was begun");
    assert_eq!(till.get("/pay/R-1").await.word(), "approved");
    eventually("the alarm", || async {
        let alarms = String::from_utf8(bridge.run(&["alarms", "--json"]).await.stdout).unwrap();
        alarms.contains("late_approval").then_some(())
    })
    .await;
    bridge.simulator.terminal_mode(1, "automatic").await;
    assert_eq!(till.pay("R-2", 4900).await.word(), "approved");
    bridge.books_agree().await;
}

#[tokio::test]
async fn another_tills_sale_is_never_superseded_and_without_the_option_none_is() {
    let bridge = one_terminal("supersede = true", 2).await;
    bridge.till(1).begin("R-1", 39900).await;
    let busy = bridge.till(2).pay("R-2", 4900).await;
    assert_eq!((busy.status, busy.word()), (423, "terminal_busy"));
    let plain = one_terminal("", 2).await;
    plain.till(1).begin("R-1", 39900).await;
    let busy = plain.till(1).pay("R-2", 4900).await;
    assert_eq!((busy.word(), busy.header("location")), ("terminal_busy", "/pay/R-1"));
    for bridge in [&bridge, &plain] {
        bridge.simulator.customer(1, "approve").await;
        assert_eq!(bridge.till(1).result("R-1").await.word(), "approved");
        bridge.books_agree().await;
    }
}

/// The provider does not answer the cancel: the till is told who holds the terminal, in time.
#[tokio::test]
async fn a_sale_whose_place_is_not_proven_free_in_time_does_not_begin() {
    let bridge = one_terminal("supersede = true", 2).await;
    let till = bridge.till(1);
    till.begin("R-1", 39900).await;
    bridge.simulator.faults(json!([{ "call": "cancel_session", "fault": "lose_request", "times": 1000 }])).await;
    for wait in [0, 1] {
        let busy = till.post("/pay", json!({ "reference": "R-2", "amount": 4900, "wait": wait })).await;
        assert_eq!((busy.word(), busy.header("location")), ("terminal_busy", "/pay/R-1"));
        assert_eq!(till.get("/pay/R-2").await.status, 404);
    }
    bridge.simulator.customer(1, "approve").await;
    assert_eq!(till.result("R-1").await.word(), "approved");
    bridge.books_agree().await;
}

/// The proof came after the till's call was over, and it was a payment: the till hears of that before its new sale begins,
/// once, because the two may be one basket.
#[tokio::test]
async fn a_superseded_sale_that_was_paid_after_the_call_stands_in_the_way_once() {
    let bridge = one_terminal("supersede = true", 2).await;
    let till = bridge.till(1);
    till.begin("R-1", 39900).await;
    bridge.simulator.faults(json!([{ "call": "cancel_session", "fault": "lose_request", "times": 1000 }])).await;
    let next = json!({ "reference": "R-2", "amount": 39900, "wait": 0 });
    assert_eq!(till.post("/pay", next.clone()).await.word(), "terminal_busy");
    bridge.simulator.customer(1, "approve").await;
    bridge.listed(&till, &json!("R-1"), "approved").await;
    let paid = till.post("/pay", next.clone()).await;
    assert_eq!((paid.word(), paid.header("location")), ("terminal_busy", "/pay/R-1"));
    assert_eq!(till.get("/pay/R-2").await.status, 404);
    assert_eq!(till.pay("R-1", 39900).await.word(), "approved", "its own number is answered as ever");
    assert_eq!(till.post("/pay", next).await.word(), "pending");
}

/// The till's own timeout: every way to say how long it waits, an answer before that, and a second call that joins.
#[tokio::test]
async fn a_till_is_answered_before_it_gives_up_and_its_next_call_gets_the_result() {
    let bridge = with_profile("wait_seconds_max = 20").await;
    bridge.simulator.terminal_mode(1, "manual").await;
    let till = bridge.till(1);
    let body = json!({ "reference": "R-1", "amount": 100 });
    for path in ["/pay?wait=0", "/pay?wait=1"] {
        let pending = till.post(path, body.clone()).await;
        assert_eq!(
            (pending.status, pending.word(), &pending.body["retry"]),
            (202, "pending", &json!("same_reference"))
        );
        assert_eq!((pending.header("location"), pending.header("retry-after")), ("/pay/R-1", "1"));
    }
    let gone = hanging_call(&till, &body).await;
    bridge.waits_for(1).await;
    let joined = till.paying("R-1", 100);
    bridge.waits_for(2).await;
    drop(gone);
    bridge.simulator.customer(1, "approve").await;
    assert_eq!((joined.await.unwrap().word(), till.pay("R-1", 100).await.word()), ("approved", "approved"));
    assert_eq!(bridge.operations().await.len(), 1);
    bridge.books_agree().await;
}

/// A call on a connection of its own, which is hung up when it is dropped.
async fn hanging_call(till: &Till, body: &Value) -> TcpStream {
    hanging_call_with(till, body, "").await
}

/// The same with something behind the request.
async fn hanging_call_with(till: &Till, body: &Value, behind: &str) -> TcpStream {
    let mut connection = TcpStream::connect(till.address).await.unwrap();
    connection.write_all((post(till, "/pay", body) + behind).as_bytes()).await.unwrap();
    connection
}

/// The bytes of a call.
fn post(till: &Till, path: &str, body: &Value) -> String {
    let body = body.to_string();
    format!(
        "POST {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        till.address,
        till.key,
        body.len()
    )
}
