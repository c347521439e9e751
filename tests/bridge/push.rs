//! Results that are pushed to the tills' own addresses.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection};

use crate::support::*;

async fn pushing_to(receiver: &Receiver) -> Bridge {
    Bridge::with(Setup { push_to: Some(receiver.address), ..Setup::default() }).await
}

/// What `pos-bridge pushes` tells.
async fn pushes(bridge: &Bridge) -> (bool, Value) {
    let output = bridge.run(&["pushes", "--json"]).await;
    (output.status.success(), serde_json::from_slice(&output.stdout).unwrap())
}

async fn nothing_waits(bridge: &Bridge) {
    within(PUSH_PATIENCE, "the outbox to be empty", || async {
        (pushes(bridge).await.1["waiting"] == 0).then_some(())
    })
    .await;
}

/// Runs a statement on the journal of a bridge that is stopped.
async fn rewrite(bridge: &Bridge, statement: &'static str) {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(bridge.folder.database());
    let mut journal = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::query(statement).execute(&mut journal).await.unwrap();
    journal.close().await.unwrap();
}

#[tokio::test]
async fn every_result_is_pushed_once() {
    let receiver = Receiver::open().await;
    let bridge = pushing_to(&receiver).await;
    let till = bridge.till(1);
    let reply = till.pay("R-1", 39900).await.body;
    let first = receiver.messages(1).await.remove(0);
    assert_eq!((first.path.as_str(), first.header("content-type")), ("/till-1", "application/json"));
    let pushed = first.body();
    for field in ["operation_id", "reference", "status", "final", "amount_approved", "transaction_id", "card", "till"] {
        assert_eq!(pushed[field], reply[field], "{field}");
    }
    till.pay("R-2", 990_100).await;
    till.refund("B-1", "R-1", Some(10_000)).await;
    bridge.till(2).pay("R-1", 100).await;
    let got = receiver.messages(4).await;
    let mut told: Vec<String> = got.iter().map(|message| format!("{} {}", message.path, message.told())).collect();
    told.sort();
    assert_eq!(told, ["/till-1 B-1 approved", "/till-1 R-1 approved", "/till-1 R-2 declined", "/till-2 R-1 approved"]);
    nothing_waits(&bridge).await;
    till.pay("R-1", 39900).await;
    assert_eq!(receiver.got().len(), 4, "a replay is no new result");
    assert!(bridge.metric("pos_bridge_pushes_total").await.contains("result=\"delivered\"} 4"));
}

/// A till that cannot wait learns its result by push alone, and may then try again under the same reference.
#[tokio::test]
async fn a_pushed_result_has_reached_the_till() {
    let receiver = Receiver::open().await;
    let bridge = pushing_to(&receiver).await;
    let till = bridge.till(1);
    till.begin("R-1", 990_100).await;
    assert_eq!(receiver.messages(1).await[0].told(), "R-1 declined");
    nothing_waits(&bridge).await;
    let again = till.begin("R-1", 990_100).await;
    assert_eq!((again.word(), &again.body["attempt"]), ("pending", &json!(2)));
    assert_eq!(receiver.messages(2).await[1].body()["attempt"], 2);
}

#[tokio::test]
async fn a_late_approval_is_pushed_after_what_it_corrects() {
    let receiver = Receiver::open().await;
    let bridge = Bridge::with(Setup { push_to: Some(receiver.address), speed: 10, ..Setup::default() }).await;
    let till = bridge.till(1);
    till.begin("R-1", 990_106).await;
    assert_eq!(till.cancel("R-1").await.word(), "cancelled");
    let got = receiver.messages(2).await;
    assert_eq!([got[0].told(), got[1].told()], ["R-1 cancelled", "R-1 approved"]);
    assert_eq!(got[1].body()["late"], true);
    assert_ne!(got[0].header("webhook-id"), got[1].header("webhook-id"));
}

/// P34.
#[tokio::test]
async fn what_a_till_does_not_take_comes_again_as_the_same_message() {
    let receiver = Receiver::open().await;
    let bridge = pushing_to(&receiver).await;
    for (sale, status) in [500, 404, 302].into_iter().enumerate() {
        let before = receiver.got().len();
        receiver.answer(1, Answers::With(status));
        bridge.till(1).pay(&format!("R-{sale}"), 100).await;
        receiver.messages(before + 1).await;
        receiver.answer(1, Answers::With(204));
        nothing_waits(&bridge).await;
        let got = receiver.got().split_off(before);
        assert!(got.len() > 1, "{status} is no receipt");
        assert!(got.iter().all(|message| message.header("webhook-id") == got[0].header("webhook-id")));
        assert!(got.iter().all(|message| message.path == "/till-1"), "a redirect was followed");
    }
}

#[tokio::test]
async fn a_message_tells_how_things_stand_when_it_is_sent() {
    let mut receiver = Receiver::shut();
    let bridge = pushing_to(&receiver).await;
    bridge.simulator.terminal_mode(1, "manual").await;
    let till = bridge.till(1);
    for (attempt, (customer, result)) in (1..).zip([("decline", "declined"), ("approve", "approved")]) {
        assert_eq!(till.begin("R-1", 39900).await.body["attempt"], attempt);
        bridge.simulator.customer(1, customer).await;
        assert_eq!(till.result("R-1").await.word(), result);
        bridge.has_told("R-1").await;
    }
    receiver.reopen().await;
    let got = receiver.messages(2).await;
    nothing_waits(&bridge).await;
    assert!(got.iter().all(|message| message.told() == "R-1 approved" && message.body()["attempt"] == 2));
    assert_ne!(got[0].header("webhook-id"), got[1].header("webhook-id"));
}

#[tokio::test]
async fn a_result_that_is_none_any_more_is_not_sent() {
    let mut receiver = Receiver::shut();
    let bridge = pushing_to(&receiver).await;
    bridge.simulator.terminal_mode(1, "manual").await;
    let till = bridge.till(1);
    till.begin("R-1", 39900).await;
    bridge.simulator.customer(1, "decline").await;
    assert_eq!(till.result("R-1").await.word(), "declined");
    bridge.has_told("R-1").await;
    assert_eq!(till.begin("R-1", 39900).await.word(), "pending", "under way again");
    receiver.reopen().await;
    nothing_waits(&bridge).await;
    assert_eq!(receiver.got().len(), 0);
    bridge.simulator.customer(1, "approve").await;
    assert_eq!(receiver.messages(1).await[0].told(), "R-1 approved");
}

#[tokio::test]
async fn a_slow_till_holds_up_neither_the_others_nor_its_own_replies() {
    let receiver = Receiver::open().await;
    let bridge = pushing_to(&receiver).await;
    receiver.answer(1, Answers::Never);
    assert_eq!(bridge.till(1).pay("R-1", 100).await.word(), "approved");
    receiver.messages(1).await;
    for number in 0..5 {
        let reference = format!("R-{number}");
        assert_eq!(bridge.till(2).pay(&reference, 100).await.word(), "approved");
        let told = format!("{reference} approved");
        within(PUSH_PATIENCE, "the other till's result", || async {
            receiver.got().iter().any(|message| message.path == "/till-2" && message.told() == told).then_some(())
        })
        .await;
    }
    assert_eq!(bridge.till(1).pay("R-2", 100).await.word(), "approved", "while its first result is being pushed");
    assert_eq!(receiver.most_held(), 1, "one at a time");
}

/// P34.
#[tokio::test]
async fn a_result_that_was_not_delivered_survives_kill_9() {
    let mut receiver = Receiver::shut();
    let mut bridge = pushing_to(&receiver).await;
    for sale in 1..=3 {
        assert_eq!(bridge.till(1).pay(&format!("R-{sale}"), 100).await.word(), "approved");
    }
    bridge.kill();
    receiver.reopen().await;
    bridge.boot().await;
    let got = receiver.messages(3).await;
    let mut told: Vec<String> = got.iter().map(Message::told).collect();
    told.sort();
    assert_eq!(told, ["R-1 approved", "R-2 approved", "R-3 approved"]);
    nothing_waits(&bridge).await;
}

/// P34.
#[tokio::test]
async fn what_is_not_taken_for_a_day_is_given_up_listed_and_sent_again_on_demand() {
    let mut receiver = Receiver::shut();
    let mut bridge = pushing_to(&receiver).await;
    bridge.till(1).pay("R-1", 100).await;
    let (none_given_up, waiting) = pushes(&bridge).await;
    assert!(none_given_up, "it is still tried");
    assert_eq!((&waiting["waiting"], &waiting["pushes"][0]["state"]), (&json!(1), &json!("waiting")));
    bridge.stop().await;
    rewrite(&bridge, "UPDATE push SET since = since - 86400000").await;
    bridge.boot().await;
    let given_up = within(PUSH_PATIENCE, "the bridge to give up", || async {
        let (success, answer) = pushes(&bridge).await;
        (!success).then_some(answer)
    })
    .await;
    let push = &given_up["pushes"][0];
    assert_eq!(
        (&given_up["undelivered"], &push["state"], &push["till"]),
        (&json!(1), &json!("undelivered"), &json!("till-1"))
    );
    assert!(push["last_error"].as_str().unwrap().contains("refused") && push["next_try_at"].is_null(), "{push}");
    eventually("the figure", || async {
        (bridge.metric("pos_bridge_pushes_undelivered").await.ends_with(" 1")).then_some(())
    })
    .await;
    assert!(!bridge.run(&["pushes", "resend", "999999"]).await.status.success(), "there is none");

    receiver.reopen().await;
    let number = push["id"].to_string();
    let shown = bridge.run(&["pushes", "resend", &number]).await;
    assert!(shown.status.success(), "{shown:?}");
    assert_eq!(receiver.messages(1).await[0].told(), "R-1 approved");
    nothing_waits(&bridge).await;
    assert!(bridge.run(&["pushes", "resend", "--all"]).await.status.success());
}

/// P34: the shop was closed for two days, and so was the bridge.
#[tokio::test]
async fn the_time_in_which_the_bridge_was_off_is_no_day_of_trying() {
    let mut receiver = Receiver::shut();
    let mut bridge = pushing_to(&receiver).await;
    bridge.till(1).pay("R-1", 100).await;
    bridge.stop().await;
    rewrite(&bridge, "UPDATE push SET tries = 1, since = since - 2 * 86400000, due_at = since - 2 * 86400000").await;
    bridge.boot().await;
    within(PUSH_PATIENCE, "a try in vain", || async {
        let (_, answer) = pushes(&bridge).await;
        (answer["pushes"][0]["tries"].as_i64().unwrap() > 1).then_some(())
    })
    .await;
    receiver.reopen().await;
    assert_eq!(receiver.messages(1).await[0].told(), "R-1 approved");
    nothing_waits(&bridge).await;
}

/// Somebody took the till out of the configuration, or its `notify_url`.
#[tokio::test]
async fn what_waits_for_a_till_that_is_pushed_to_no_more_is_given_up() {
    let mut bridge = pushing_to(&Receiver::shut()).await;
    bridge.till(1).pay("R-1", 100).await;
    bridge.stop().await;
    rewrite(&bridge, "UPDATE push SET till = 'till-9'").await;
    bridge.boot().await;
    let given_up = eventually("the end of it", || async {
        let (success, answer) = pushes(&bridge).await;
        (!success).then_some(answer)
    })
    .await;
    assert_eq!((&given_up["undelivered"], &given_up["waiting"]), (&json!(1), &json!(0)));
    assert!(given_up["pushes"][0]["last_error"].as_str().unwrap().contains("any more"), "{given_up}");
    assert!(bridge.run(&["pushes", "resend", "--all"]).await.status.success());
    assert_eq!(pushes(&bridge).await.1["undelivered"], 1, "nobody would send it");
}

#[tokio::test]
async fn what_a_till_refuses_holds_up_no_other_result() {
    let receiver = Receiver::open().await;
    let bridge = pushing_to(&receiver).await;
    receiver.answer(1, Answers::With(500));
    for sale in 1..=6 {
        bridge.till(1).pay(&format!("R-{sale}"), 100).await;
    }
    receiver.messages(6 * 3).await;
    assert_eq!(bridge.till(1).pay("R-7", 100).await.word(), "approved");
    within(Duration::from_secs(5), "the fresh result", || async {
        receiver.got().iter().any(|message| message.told() == "R-7 approved").then_some(())
    })
    .await;
    receiver.answer(1, Answers::With(200));
    nothing_waits(&bridge).await;
}

const WAITING: usize = 10;

/// So many results of each till wait that nobody has tried to push, and the bridge begins to.
async fn results_waiting_at(tills: usize, receiver: &mut Receiver) -> Bridge {
    let setup = Setup { push_to: Some(receiver.address), tills, terminals: tills, ..Setup::default() };
    let mut bridge = Bridge::with(setup).await;
    for till in 1..=tills {
        for sale in 0..WAITING {
            assert_eq!(bridge.till(till).pay(&format!("R-{sale}"), 100).await.word(), "approved");
        }
    }
    bridge.stop().await;
    rewrite(&bridge, "UPDATE push SET tries = 0").await;
    receiver.reopen().await;
    bridge.boot().await;
    bridge
}

/// The pauses are by chance, each of up to a second.
#[tokio::test]
async fn a_till_that_refuses_everything_has_a_rest_before_the_next() {
    let mut receiver = Receiver::shut();
    receiver.answer(1, Answers::With(500));
    let _bridge = results_waiting_at(1, &mut receiver).await;
    let got = receiver.messages(WAITING).await;
    let (first, last) = (got[0].came_at, got[WAITING - 1].came_at);
    assert!(last.duration_since(first) > Duration::from_secs(1), "all of them at once");
}

/// One answer tells that it would take no other result either: the rest grows, as where nobody answers.
#[tokio::test]
async fn a_till_that_is_busy_or_away_is_left_alone() {
    let statuses = [429, 502, 503, 504];
    let mut receiver = Receiver::shut();
    for (till, status) in (1..).zip(statuses) {
        receiver.answer(till, Answers::With(status));
    }
    let _bridge = results_waiting_at(statuses.len(), &mut receiver).await;
    receiver.messages(1).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    for (till, status) in (1..).zip(statuses) {
        let path = format!("/till-{till}");
        let asked = receiver.got().iter().filter(|message| message.path == path).count();
        assert!(asked < WAITING, "{asked} times, each answered with {status}");
    }
}

#[tokio::test]
async fn a_result_that_cannot_be_read_holds_up_no_other() {
    let mut receiver = Receiver::shut();
    let mut bridge = pushing_to(&receiver).await;
    bridge.till(1).pay("R-1", 990_100).await;
    bridge.till(1).pay("R-2", 100).await;
    bridge.stop().await;
    rewrite(&bridge, "UPDATE push SET due_at = 1 WHERE number = (SELECT MIN(number) FROM push)").await;
    let broken = "UPDATE attempt SET phase_detail = '{}' WHERE reference = (SELECT deciding_attempt FROM operation \
                  WHERE reference = 'R-1')";
    rewrite(&bridge, broken).await;
    receiver.reopen().await;
    // It may not become ready: its sweep cannot read that either.
    bridge.spawn();
    assert_eq!(receiver.messages(1).await[0].told(), "R-2 approved");
    let left = within(PUSH_PATIENCE, "the other one to be postponed", || async {
        let (_, answer) = pushes(&bridge).await;
        answer["pushes"][0]["last_error"].as_str().filter(|why| why.contains("unreadable")).map(str::to_owned)
    });
    left.await;
}

#[tokio::test]
async fn an_address_of_the_bridge_itself_stops_the_start() {
    let mut bridge = Bridge::start().await;
    bridge.stop().await;
    let own = format!("http://{}/pay", bridge.folder.till_address);
    let file = bridge.folder.configuration();
    let text = std::fs::read_to_string(&file).unwrap();
    for (url, says) in [(own.as_str(), "is the bridge itself"), ("http://169.254.169.254/", "is no address of a till")]
    {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        std::fs::write(&file, format!("{text}\nnotify_url = \"{url}\"\nnotify_secret = \"{secret}\"\n")).unwrap();
        let mut serve = bridge.serve();
        serve.stderr(Stdio::piped());
        let ended = output(serve).await;
        let said = String::from_utf8(ended.stderr).unwrap();
        assert!(ended.status.code() == Some(1) && said.contains(says) && said.contains("till-2"), "{said}");
    }
}

/// What a till vendor runs: the reference library, in its own language.
const VERIFY: &str = "\
import json, sys
from standardwebhooks import Webhook
message = json.load(sys.stdin)
webhook = Webhook(message['secret'])
webhook.verify(message['body'], message['headers'])
try:
    webhook.verify(message['body'] + ' ', message['headers'])
except Exception:
    print('genuine')
";

/// The Python that `.ci/run` set up, which must have the library; else this machine's, which may have it.
fn python() -> Option<Command> {
    let set_up = std::env::var_os("POS_BRIDGE_TEST_PYTHON");
    let program = set_up.clone().unwrap_or_else(|| "python3".into());
    let found = Command::new(&program).args(["-c", "import standardwebhooks"]).output();
    if found.is_ok_and(|output| output.status.success()) {
        return Some(Command::new(program));
    }
    assert!(set_up.is_none(), "{program:?} has no standardwebhooks");
    // Not by a macro, whose output a passing test does not show.
    let loud = b"\n!!! NOT TESTED: no python3 with standardwebhooks (pip install standardwebhooks) !!!\n";
    std::io::stderr().write_all(loud).unwrap();
    None
}

#[tokio::test]
async fn the_signature_is_what_the_reference_library_wants() {
    let Some(mut python) = python() else { return };
    let receiver = Receiver::open().await;
    let bridge = pushing_to(&receiver).await;
    bridge.till(1).pay("Kvittering æøå 1", 39900).await;
    let message = receiver.messages(1).await.remove(0);
    let body = String::from_utf8(message.bytes.clone()).unwrap();
    let asked = json!({ "secret": PUSH_SECRET, "headers": message.headers, "body": body });
    let mut checking = python
        .args(["-c", VERIFY])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    checking.stdin.take().unwrap().write_all(asked.to_string().as_bytes()).unwrap();
    let checked = checking.wait_with_output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&checked.stdout), String::from_utf8_lossy(&checked.stderr));
    assert_eq!(said.trim(), "genuine");
}

/// The receiver that `docs/till-api.md` gives to till vendors, as it stands there.
#[tokio::test]
async fn the_documented_receiver_takes_what_is_genuine_and_nothing_else() {
    let receiver = Receiver::shut();
    let port = receiver.address.port().to_string();
    let script = documented_script("## Results pushed to the till").replace("8080", &port);
    let Some(mut vendor) = VendorScript::start(&script) else { return };
    let bridge = pushing_to(&receiver).await;
    bridge.till(1).pay("R-1", 39900).await;
    assert_eq!(vendor.line().await, "R-1 approved 39900");
    nothing_waits(&bridge).await;
    let url = format!("http://{}/", receiver.address);
    let forged = bridge.client.post(url).header("webhook-id", "x").header("webhook-timestamp", "1").body("{}");
    let forged = forged.header("webhook-signature", "v1,Zm9yZ2Vk").send().await.unwrap();
    assert_eq!(forged.status(), 401);
}
