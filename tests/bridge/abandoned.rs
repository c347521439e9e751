//! What the provider's record does not tell (P11, P27, P30, P36): given up after the horizon, decided by a person, watched
//! for ever.

use serde_json::{Value, json};

use crate::support::*;

/// A sale that never arrived, past its horizon.
async fn abandoned_sale(bridge: &Bridge) {
    bridge.simulator.faults(json!([{ "call": "create_session", "fault": "lose_request" }])).await;
    bridge.till(1).begin("R-1", 39900).await;
    eventually("the unknown outcome", || async {
        (bridge.till(1).get("/pay/R-1").await.word() == "unknown").then_some(())
    })
    .await;
    for jump in [600, 640] {
        bridge.simulator.clock_ahead(jump).await;
        tokio::time::sleep(A_WHILE).await;
    }
    eventually("the attempt to be given up", || async {
        (bridge.till(1).get("/pay/R-1").await.body["retry"] == "operator").then_some(())
    })
    .await;
}

async fn resolve(bridge: &Bridge, operation: &Value, verdict: &str) -> std::process::Output {
    let operation = operation.as_str().unwrap();
    let reason = "the terminal printed no receipt";
    bridge.run(&["resolve", operation, "--verdict", verdict, "--by", "Kari", "--reason", reason]).await
}

#[tokio::test]
async fn p11_a_sale_that_never_arrived_is_given_to_a_person_after_the_horizon() {
    let bridge = Bridge::start().await;
    abandoned_sale(&bridge).await;
    let till = bridge.till(1);
    let answer = till.get("/pay/R-1").await;
    assert_eq!((answer.status, answer.word(), &answer.body["final"]), (202, "unknown", &json!(false)));
    let again = till.pay("R-1", 39900).await;
    assert_eq!((again.word(), &again.body["attempt"]), ("unknown", &json!(1)), "P36: no new attempt by itself");
    assert_eq!(till.pay("R-2", 100).await.word(), "approved", "the terminal is free");

    let alarms = String::from_utf8(bridge.run(&["alarms"]).await.stdout).unwrap();
    assert!(alarms.contains("abandoned  till-1  R-1  "), "{alarms}");

    let output = resolve(&bridge, &answer.body["operation_id"], "not-taken").await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let decided = String::from_utf8(output.stdout).unwrap();
    assert!(decided.contains("then: pos-bridge acknowledge 1 --by NAME"), "{decided}");
    let resolved = till.pay("R-1", 39900).await;
    assert_eq!((resolved.word(), &resolved.body["replayed"]), ("cancelled", &json!(true)));
    // That the till was told is noted right behind the answer.
    eventually("now the customer may pay", || async {
        (till.pay("R-1", 39900).await.word() == "approved").then_some(())
    })
    .await;
    bridge.books_agree().await;
}

/// P27: the payment that came after all is approved, late and loud, whatever a person had decided.
#[tokio::test]
async fn p27_a_payment_that_came_after_all_is_late_and_loud() {
    let mut bridge = Bridge::start().await;
    bridge.simulator.terminal_mode(1, "manual").await;
    // The record cannot be found, although the session is there.
    bridge
        .simulator
        .faults(json!([
            { "call": "create_session", "fault": "lose_reply" },
            { "call": "list_transactions", "fault": "stale_read", "times": 100_000 },
            { "call": "list_sessions", "fault": "stale_read", "times": 100_000 },
        ]))
        .await;
    let till = bridge.till(1);
    till.begin("R-1", 39900).await;
    bridge.simulator.customer(1, "approve").await;
    for jump in [600, 640] {
        bridge.simulator.clock_ahead(jump).await;
        tokio::time::sleep(A_WHILE).await;
    }
    let given_up = eventually("the attempt to be given up", || async {
        let answer = till.get("/pay/R-1").await;
        (answer.body["retry"] == "operator").then_some(answer)
    })
    .await;
    assert!(resolve(&bridge, &given_up.body["operation_id"], "not-taken").await.status.success());
    assert_eq!(till.get("/pay/R-1").await.word(), "cancelled");

    bridge.simulator.faults(json!([])).await;
    bridge.kill();
    bridge.boot().await;
    let late = till.get("/pay/R-1").await;
    assert_eq!((late.word(), &late.body["late"], &late.body["retry"]), ("approved", &json!(true), &json!("never")));
    let alarms = String::from_utf8(bridge.run(&["alarms", "--json"]).await.stdout).unwrap();
    assert!(alarms.contains("late_approval"), "{alarms}");
    bridge.books_agree().await;
}

/// An operator cannot call unpaid what may still be paid, nor undo what is proven.
#[tokio::test]
async fn an_operator_cannot_decide_too_early_or_too_late() {
    let bridge = Bridge::start().await;
    bridge.simulator.terminal_mode(1, "manual").await;
    let open = bridge.till(1).begin("R-1", 39900).await.body;
    assert_eq!(resolve(&bridge, &open["operation_id"], "not-taken").await.status.code(), Some(1));
    bridge.simulator.customer(1, "approve").await;
    assert_eq!(bridge.till(1).result("R-1").await.word(), "approved");
    assert_eq!(resolve(&bridge, &open["operation_id"], "not-taken").await.status.code(), Some(1));
    assert_eq!(bridge.till(1).get("/pay/R-1").await.word(), "approved");
}

/// P28, P30: what cannot be read long after its horizon holds its terminal, and a person hears of it.
#[tokio::test]
async fn p28_a_record_that_stays_unreadable_is_told_to_a_person() {
    let bridge = Bridge::start().await;
    bridge.simulator.terminal_mode(1, "manual").await;
    let till = bridge.till(1);
    till.begin("R-1", 39900).await;
    let down = json!([{ "call": "read_session", "fault": { "status": { "code": 503 } }, "times": 100_000 }]);
    bridge.simulator.faults(down).await;
    bridge.simulator.clock_ahead(600).await;
    tokio::time::sleep(A_WHILE).await;
    let alarms = async || String::from_utf8(bridge.run(&["alarms", "--json"]).await.stdout).unwrap();
    assert!(!alarms().await.contains("unreadable"), "not yet");
    bridge.simulator.clock_ahead(900).await;
    eventually("the alarm", || async { alarms().await.contains("unreadable").then_some(()) }).await;
    assert_eq!(till.begin("R-2", 100).await.word(), "terminal_busy");
    bridge.simulator.faults(json!([])).await;
    assert_eq!(
        till.result("R-1").await.word(),
        "cancelled",
        "once it can be read, the prompt that ran out is cancelled"
    );
}
