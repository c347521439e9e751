//! What cashiers live through, and what the till's profile does about it: tills without receipt numbers, numbers that
//! start over, a sale that takes another's place, a terminal that two tills share.

use serde_json::{Value, json};
use sqlx::Connection;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::support::*;

const NO_NUMBERS: &str = "reference = \"optional\"";
const DAY_SECONDS: i64 = 24 * 3600;

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
        self.stop().await;
        let journal = format!("sqlite://{}", self.folder.database().display());
        let mut connection = sqlx::SqliteConnection::connect(&journal).await.unwrap();
        let older = "UPDATE operation SET created_at = created_at - ?1, updated_at = updated_at - ?1";
        sqlx::query(older).bind(seconds * 1000).execute(&mut connection).await.unwrap();
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

fn flagged(answer: &Answer) -> bool {
    answer.body["possible_duplicate"] == json!(true)
}

// ── Tills without a number ──────────────────────────────────────────────────────────────────────────────────────────

#[tokio::test]
async fn a_till_without_numbers_gets_one_to_print_and_to_ask_by() {
    let bridge = with_profile(NO_NUMBERS).await;
    let till = bridge.till(1);
    let sold = till.sell(39900).await;
    assert_eq!((sold.status, sold.word()), (200, "approved"));
    assert_eq!(sold.body.get("possible_duplicate"), None, "said only when it is so");
    let reference = sold.body["reference"].as_str().unwrap();
    assert!(reference.len() <= 12 && reference.bytes().all(|byte| byte.is_ascii_graphic()), "{reference}");
    let asked = till.get(&format!("/pay/{reference}")).await;
    assert_eq!(asked.body, sold.body);
    // It still may send numbers of its own.
    assert_eq!(till.pay("R-1", 39900).await.body["reference"], "R-1");
    bridge.books_agree().await;
}

/// The cable was pulled in the middle of a sale: the cashier presses the button again.
#[tokio::test]
async fn a_cashier_who_presses_again_charges_once() {
    let bridge = with_profile(NO_NUMBERS).await;
    bridge.simulator.terminal_mode(1, "manual").await;
    let till = bridge.till(1);
    let first = till.post("/pay", json!({ "amount": 39900, "wait": 0 })).await;
    let again = tokio::spawn({
        let till = till.clone();
        async move { till.sell(39900).await }
    });
    bridge.waits_for(1).await;
    bridge.simulator.customer(1, "approve").await;
    let joined = again.await.unwrap();
    assert_eq!((joined.word(), flagged(&joined)), ("approved", true));
    assert_eq!(joined.body["reference"], first.body["reference"]);

    let replayed = till.sell(39900).await;
    assert_eq!((replayed.word(), &replayed.body["replayed"], flagged(&replayed)), ("approved", &json!(true), true));
    assert_eq!(replayed.body["operation_id"], first.body["operation_id"]);
    assert_eq!(bridge.operations().await.len(), 1);
    bridge.books_agree().await;
}

#[tokio::test]
async fn twenty_copies_without_a_number_are_one_sale() {
    let bridge = with_profile(NO_NUMBERS).await;
    let copies: Vec<_> = (0..20)
        .map(|_| {
            let till = bridge.till(1);
            tokio::spawn(async move { till.sell(39900).await })
        })
        .collect();
    let mut duplicates = 0;
    for copy in copies {
        let answer = copy.await.unwrap();
        assert_eq!(answer.word(), "approved");
        duplicates += usize::from(flagged(&answer));
    }
    assert_eq!((duplicates, bridge.operations().await.len()), (19, 1));
    bridge.books_agree().await;
}

/// Two customers in a row buy the same: the cashier, who sees both, says so.
#[tokio::test]
async fn force_makes_a_new_sale_of_the_same_amount() {
    let bridge = with_profile(NO_NUMBERS).await;
    let till = bridge.till(1);
    let first = till.sell(4900).await;
    let second = till.post("/pay", json!({ "amount": 4900, "force": true })).await;
    assert_eq!((second.word(), flagged(&second)), ("approved", false));
    assert_ne!(second.body["reference"], first.body["reference"]);
    // What comes again is the latest of the two.
    let again = till.post("/pay", json!({ "amount": 4900, "force": false })).await;
    assert_eq!((&again.body["reference"], flagged(&again)), (&second.body["reference"], true));
    bridge.books_agree().await;
}

#[tokio::test]
async fn force_is_refused_beside_a_reference_and_a_number_where_it_must_be() {
    let bridge = with_profile(NO_NUMBERS).await;
    let till = bridge.till(1);
    for force in [true, false] {
        let refused = till.post("/pay", json!({ "reference": "R-1", "amount": 100, "force": force })).await;
        assert_eq!((refused.status, refused.word()), (400, "invalid_request"));
        assert!(refused.body["detail"].as_str().unwrap().starts_with("force: "), "{:?}", refused.body);
    }
    let strict = Bridge::start().await;
    for body in [json!({ "amount": 100 }), json!({ "amount": 100, "force": true })] {
        let refused = strict.till(1).post("/pay", body).await;
        assert!(refused.body["detail"].as_str().unwrap().starts_with("reference: "), "{:?}", refused.body);
    }
    assert!(bridge.operations().await.is_empty() && strict.operations().await.is_empty());
}

/// Another amount, terminal, till or kind is another operation.
#[tokio::test]
async fn only_the_same_thing_asked_for_is_the_same_operation() {
    let bridge = with_profile(NO_NUMBERS).await;
    let till = bridge.till(1);
    let sold = till.sell(39900).await;
    let refund = json!({ "original_reference": sold.body["reference"], "amount": 100 });
    for (path, body) in [
        ("/pay", json!({ "amount": 39901 })),
        ("/pay", json!({ "amount": 39900, "terminal": "terminal-2" })),
        ("/refund", refund.clone()),
    ] {
        let answer = till.post(path, body).await;
        assert_eq!((answer.word(), flagged(&answer)), ("approved", false), "{path}");
        assert_ne!(answer.body["operation_id"], sold.body["operation_id"]);
    }
    let other = bridge.till(2).post("/pay", json!({ "amount": 39900 })).await;
    assert_eq!((other.word(), flagged(&other)), ("approved", false));
    // The same refund again gives nothing back twice.
    let again = till.post("/refund", refund).await;
    assert_eq!((again.word(), flagged(&again), &again.body["replayed"]), ("approved", true, &json!(true)));
    bridge.books_agree().await;
}

/// A sale that was booked is another customer's after a minute and a half, and not before.
#[tokio::test]
async fn a_booked_sale_is_a_possible_duplicate_for_ninety_seconds() {
    let mut bridge = with_profile(NO_NUMBERS).await;
    let till = bridge.till(1);
    let first = till.sell(4900).await;
    let path = format!("/pay/{}/ack", first.body["reference"].as_str().unwrap());
    assert_eq!(till.post(&path, json!({})).await.body["acknowledged"], true);
    assert!(flagged(&till.sell(4900).await));
    bridge.time_passes(91).await;
    let second = till.sell(4900).await;
    assert_eq!((second.word(), flagged(&second)), ("approved", false));
    bridge.books_agree().await;
}

/// A till that never books: what it was told of counts as booked when it has gone on to the next customer.
#[tokio::test]
async fn a_till_that_never_books_is_not_held_to_one_amount_for_ever() {
    let mut bridge = with_profile(NO_NUMBERS).await;
    let till = bridge.till(1);
    let first = till.sell(4900).await;
    bridge.time_passes(3600).await;
    let repeated = till.sell(4900).await;
    assert_eq!((&repeated.body["reference"], flagged(&repeated)), (&first.body["reference"], true), "not booked");
    assert!(!flagged(&till.sell(5000).await), "the next customer");
    let second = till.sell(4900).await;
    assert_eq!((second.word(), flagged(&second)), ("approved", false));
    assert_ne!(second.body["reference"], first.body["reference"]);
    bridge.books_agree().await;
}

/// The card was refused and the till knows: the customer takes another card.
#[tokio::test]
async fn after_a_decline_the_next_try_without_a_number_goes_through() {
    for (on_repeat, same_operation) in [("new_attempt", true), ("replay", false)] {
        let bridge = Bridge::with(Setup { profile: NO_NUMBERS, on_repeat, ..Setup::default() }).await;
        bridge.simulator.terminal_mode(1, "manual").await;
        let till = bridge.till(1);
        let mut operations = Vec::new();
        for does in ["decline", "approve"] {
            let trying = tokio::spawn({
                let till = till.clone();
                async move { till.sell(39900).await }
            });
            bridge.simulator.customer(1, does).await;
            let answer = trying.await.unwrap();
            assert_eq!(answer.word(), if does == "decline" { "declined" } else { "approved" });
            operations.push(answer.body["operation_id"].clone());
        }
        assert_eq!(operations[0] == operations[1], same_operation, "{on_repeat}");
        bridge.books_agree().await;
    }
}

// ── Numbers that start over ─────────────────────────────────────────────────────────────────────────────────────────

/// New year: the till begins again at number 1.
#[tokio::test]
async fn a_number_that_starts_over_is_a_new_sale_over_an_old_one() {
    let mut bridge = with_profile("reference_reuse_days = 30").await;
    let till = bridge.till(1);
    let old = till.pay("1", 39900).await;
    bridge.time_passes(29 * DAY_SECONDS).await;
    assert_eq!(till.pay("1", 39900).await.body["replayed"], true);
    assert_eq!(till.pay("1", 4900).await.word(), "reference_conflict");

    bridge.time_passes(DAY_SECONDS).await;
    let new = till.pay("1", 4900).await;
    assert_eq!((new.word(), &new.body["amount"], &new.body["attempt"]), ("approved", &json!(4900), &json!(1)));
    assert_ne!(new.body["operation_id"], old.body["operation_id"]);
    // From now on the number means the new one.
    assert_eq!(till.get("/pay/1").await.body["operation_id"], new.body["operation_id"]);
    assert_eq!(till.pay("1", 39900).await.word(), "reference_conflict");
    assert_eq!(till.cancel("1").await.body["operation_id"], new.body["operation_id"]);
    let booked = till.post("/pay/1/ack", json!({})).await;
    assert_eq!(booked.body["operation_id"], new.body["operation_id"]);
    let refund = till.refund("F-1", "1", None).await;
    assert_eq!((refund.word(), &refund.body["amount"]), ("approved", &json!(4900)));
    // The old one is found by the bridge's own number.
    let by_number = json!({ "reference": "F-2", "operation_id": old.body["operation_id"] });
    assert_eq!(till.post("/refund", by_number).await.body["amount"], 39900);
    bridge.books_agree().await;
}

/// Goods of last year come back while the new sale of that number was declined: the refund means what was paid.
#[tokio::test]
async fn a_refund_by_a_number_means_the_newest_sale_that_was_paid() {
    let mut bridge = with_profile("reference_reuse_days = 1").await;
    let till = bridge.till(1);
    assert_eq!(till.pay("1", 39900).await.word(), "approved");
    bridge.time_passes(DAY_SECONDS).await;
    assert_eq!(till.pay("1", 990_100).await.word(), "declined");
    let refund = till.refund("F-1", "1", None).await;
    assert_eq!((refund.word(), &refund.body["amount"]), ("approved", &json!(39900)));
    bridge.books_agree().await;
}

#[tokio::test]
async fn a_number_over_an_open_sale_joins_it_however_old_it_is() {
    let mut bridge = with_profile("reference_reuse_days = 1").await;
    bridge.simulator.terminal_mode(1, "manual").await;
    let till = bridge.till(1);
    let open = till.begin("1", 39900).await;
    bridge.time_passes(2 * DAY_SECONDS).await;
    let joined = till.begin("1", 39900).await;
    assert_eq!((joined.status, &joined.body["operation_id"]), (202, &open.body["operation_id"]));
    assert_eq!(till.begin("1", 4900).await.word(), "reference_conflict");
    bridge.simulator.customer(1, "approve").await;
    assert_eq!(till.result("1").await.word(), "approved");
    bridge.books_agree().await;
}

// ── A sale that takes another's place ───────────────────────────────────────────────────────────────────────────────

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

// ── A terminal that several tills share ─────────────────────────────────────────────────────────────────────────────

/// Three tills at one terminal: each gets it in the order in which they asked.
#[tokio::test]
async fn tills_that_wait_for_a_terminal_get_it_in_their_order() {
    let bridge = one_terminal("queue_seconds = 20", 4).await;
    bridge.till(1).begin("R-1", 100).await;
    let mut waiting = Vec::new();
    for (number, reference) in [(2, "R-2"), (3, "R-3"), (4, "R-4")] {
        waiting.push((number, reference, bridge.till(number).paying(reference, 100)));
        bridge.queues(number - 1).await;
        assert_eq!(bridge.till(number).get(&format!("/pay/{reference}")).await.status, 404, "nothing is on disk");
    }
    bridge.simulator.customer(1, "approve").await;
    for (number, reference, paying) in waiting {
        let till = bridge.till(number);
        bridge.listed(&till, &json!(reference), "pending").await;
        bridge.simulator.customer(1, "approve").await;
        assert_eq!(paying.await.unwrap().word(), "approved", "{reference}");
    }
    assert_eq!(bridge.simulator.ledger().await["captured"], 400);
}

#[tokio::test]
async fn a_terminal_is_waited_for_no_longer_than_the_profile_and_the_till_allow() {
    for (profile, wait) in [("queue_seconds = 1", 20), ("queue_seconds = 300", 1), ("queue_seconds = 300", 0)] {
        let bridge = one_terminal(profile, 2).await;
        let holder = bridge.till(1).begin("R-1", 100).await;
        let asked = std::time::Instant::now();
        let busy = bridge.till(2).post("/pay", json!({ "reference": "R-2", "amount": 100, "wait": wait })).await;
        assert_eq!((busy.status, busy.word()), (423, "terminal_busy"), "{profile}, {wait}");
        assert_eq!(busy.body["operation_id"], holder.body["operation_id"]);
        assert!(asked.elapsed().as_secs() < 15, "{profile}, {wait}");
        // Its own older sale is not waited for: it would wait for its own cashier.
        assert_eq!(bridge.till(1).pay("R-2", 100).await.header("location"), "/pay/R-1");
    }
}

/// The cashier gave up and switched the till off: nobody is charged behind her back, and the next till moves up.
#[tokio::test]
async fn a_till_that_hangs_up_in_the_line_begins_nothing() {
    let bridge = one_terminal("queue_seconds = 20", 3).await;
    bridge.till(1).begin("R-1", 100).await;
    let gone = hanging_call(&bridge.till(2), &json!({ "reference": "R-2", "amount": 100 })).await;
    bridge.queues(1).await;
    let next = bridge.till(3).paying("R-3", 100);
    bridge.queues(2).await;
    drop(gone);
    bridge.queues(1).await;
    bridge.simulator.customer(1, "approve").await;
    bridge.listed(&bridge.till(3), &json!("R-3"), "pending").await;
    bridge.simulator.customer(1, "approve").await;
    assert_eq!(next.await.unwrap().word(), "approved");
    assert_eq!(bridge.till(2).get("/pay/R-2").await.status, 404);
    assert_eq!(bridge.simulator.ledger().await["create_requests"].as_object().unwrap().len(), 2);
}

/// From the commit on a sale goes on, whoever hangs up.
#[tokio::test]
async fn a_till_that_hangs_up_after_its_turn_came_finds_its_result() {
    let bridge = one_terminal("queue_seconds = 20", 2).await;
    bridge.till(1).begin("R-1", 100).await;
    let till = bridge.till(2);
    let call = hanging_call(&till, &json!({ "reference": "R-2", "amount": 100 })).await;
    bridge.queues(1).await;
    bridge.simulator.customer(1, "approve").await;
    bridge.listed(&till, &json!("R-2"), "pending").await;
    drop(call);
    bridge.waits_for(0).await;
    bridge.simulator.customer(1, "approve").await;
    assert_eq!(till.pay("R-2", 100).await.word(), "approved");
    bridge.books_agree().await;
}

/// A refund waits for its terminal as a sale does.
#[tokio::test]
async fn a_refund_waits_for_its_terminal_too() {
    let bridge = Bridge::with(Setup { profile: "queue_seconds = 20", terminals: 1, ..Setup::default() }).await;
    let till = bridge.till(2);
    assert_eq!(till.pay("R-1", 100).await.word(), "approved");
    bridge.simulator.terminal_mode(1, "manual").await;
    bridge.till(1).begin("R-2", 200).await;
    let refunding = tokio::spawn({
        let till = till.clone();
        async move { till.refund("F-1", "R-1", None).await }
    });
    bridge.queues(1).await;
    bridge.simulator.customer(1, "approve").await;
    bridge.listed(&till, &json!("F-1"), "pending").await;
    bridge.simulator.customer(1, "approve").await;
    assert_eq!(refunding.await.unwrap().word(), "approved");
    bridge.books_agree().await;
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
    let body = body.to_string();
    let request = format!(
        "POST /pay HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: \
         {}\r\n\r\n{body}",
        till.address,
        till.key,
        body.len()
    );
    let mut connection = TcpStream::connect(till.address).await.unwrap();
    connection.write_all(request.as_bytes()).await.unwrap();
    connection
}
