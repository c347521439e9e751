//! A till follows its results as a stream, and takes it up again where it was.

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::support::*;

#[tokio::test]
async fn a_till_hears_its_own_results_as_they_come() {
    let bridge = Bridge::start().await;
    let till = bridge.till(1);
    till.pay("R-0", 100).await;
    let mut stream = till.follow(None).await;
    assert_eq!(stream.header("content-type"), Some("text/event-stream"));
    assert_eq!((stream.header("content-length"), stream.header("cache-control")), (None, Some("no-store")));
    bridge.till(2).pay("R-1", 100).await;
    let reply = till.pay("R-1", 39900).await.body;
    let first = stream.next().await.unwrap();
    assert_eq!(first.told(), "R-1 approved", "not what was before, and not the other till's");
    for field in ["operation_id", "till", "final", "amount_approved", "transaction_id", "card", "receipt"] {
        assert_eq!(first.data[field], reply[field], "{field}");
    }
    till.pay("R-2", 990_100).await;
    till.refund("B-1", "R-1", Some(100)).await;
    let (second, third) = (stream.next().await.unwrap(), stream.next().await.unwrap());
    assert_eq!([second.told(), third.told()], ["R-2 declined", "B-1 approved"]);
    assert!(first.id < second.id && second.id < third.id);
}

#[tokio::test]
async fn a_stream_goes_on_after_any_event_even_when_the_plug_was_pulled() {
    let mut bridge = Bridge::start().await;
    let till = bridge.till(1);
    let mut stream = till.follow(None).await;
    for sale in 1..=3 {
        till.pay(&format!("R-{sale}"), 100).await;
    }
    let first = stream.next().await.unwrap();
    bridge.kill();
    // What was on its way may still come; then there is an end.
    while stream.next().await.is_some() {}
    bridge.boot().await;
    let mut again = till.follow(Some(first.id)).await;
    assert_eq!(
        [again.next().await.unwrap().told(), again.next().await.unwrap().told()],
        ["R-2 approved", "R-3 approved"]
    );

    let path = format!("http://{}/events?last_event_id={}", till.address, first.id);
    let mut by_query = Stream::of(till.client.get(path).bearer_auth(&till.key).send().await.unwrap()).await;
    assert_eq!(by_query.next().await.unwrap().told(), "R-2 approved");
    let mut everything = till.follow(Some(0)).await;
    assert_eq!(everything.next().await, Some(first));
    let mut from_beyond = till.follow(Some(i64::MAX)).await;
    till.pay("R-4", 100).await;
    assert_eq!(from_beyond.next().await.unwrap().told(), "R-4 approved");
}

/// Whenever a till comes back, it misses nothing and hears nothing twice, however much is going on.
#[tokio::test]
async fn nothing_is_lost_and_nothing_comes_twice_however_often_a_till_comes_back() {
    const SALES: usize = 60;
    let bridge = Bridge::with(Setup { tills: 4, terminals: 4, speed: 10_000, ..Setup::default() }).await;
    let mut selling = tokio::task::JoinSet::new();
    for number in 1..=4 {
        let till = bridge.till(number);
        selling.spawn(async move {
            for sale in 0..SALES {
                let amount = if sale % 3 == 0 { 990_100 } else { 100 };
                till.pay(&format!("R-{sale}"), amount).await;
            }
        });
    }
    let mut following = tokio::task::JoinSet::new();
    for number in 1..=4 {
        let till = bridge.till(number);
        following.spawn(async move {
            let (mut heard, mut last, mut round) = (Vec::new(), 0, 0);
            while heard.len() < SALES {
                let mut stream = till.follow(Some(last)).await;
                round += 1;
                // A few events, more or fewer each time, and then it hangs up.
                for _ in 0..(round * 7 + number) % 5 + 1 {
                    let Some(event) = stream.next().await else { break };
                    last = event.id;
                    heard.push(event.data["reference"].as_str().unwrap().to_owned());
                    if heard.len() == SALES {
                        break;
                    }
                }
            }
            heard
        });
    }
    selling.join_all().await;
    let sold: Vec<String> = (0..SALES).map(|sale| format!("R-{sale}")).collect();
    for heard in following.join_all().await {
        assert_eq!(heard, sold);
    }
}

#[tokio::test]
async fn a_stream_ends_when_the_bridge_stops_and_holds_nothing_up() {
    let mut bridge = Bridge::start().await;
    let mut stream = bridge.till(1).follow(None).await;
    bridge.stop().await;
    assert_eq!(stream.next().await, None);
}

#[tokio::test]
async fn a_till_that_never_reads_its_stream_holds_nobody_up() {
    let bridge = Bridge::start().await;
    let till = bridge.till(1);
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(1024).unwrap();
    let mut silent = socket.connect(till.address).await.unwrap();
    let request = format!("GET /events HTTP/1.1\r\nHost: {}\r\nX-Api-Key: {}\r\n\r\n", till.address, till.key);
    silent.write_all(request.as_bytes()).await.unwrap();
    let mut stream = till.follow(None).await;
    for sale in 0..40 {
        let reference = format!("R-{sale}");
        assert_eq!(till.pay(&reference, 100).await.word(), "approved");
        assert_eq!(stream.next().await.unwrap().told(), format!("{reference} approved"));
    }
}

/// Many tills' platforms know no chunks: to them the end of the connection is the end of the stream.
#[tokio::test]
async fn an_old_till_gets_its_stream_without_chunks() {
    let bridge = Bridge::start().await;
    let till = bridge.till(1);
    let mut old = TcpStream::connect(till.address).await.unwrap();
    old.write_all(format!("GET /events HTTP/1.0\r\nX-Api-Key: {}\r\n\r\n", till.key).as_bytes()).await.unwrap();
    let mut received = String::new();
    read_until(&mut old, &mut received, "retry: 2000\n\n").await;
    till.pay("R-1", 100).await;
    read_until(&mut old, &mut received, "\n\n").await;
    let (head, body) = received.split_once("\r\n\r\n").unwrap();
    let head = head.to_ascii_lowercase();
    assert!(
        head.contains("200 ok") && !head.contains("transfer-encoding") && !head.contains("content-length"),
        "{head}"
    );
    assert!(!head.contains("keep-alive"), "{head}");
    assert!(body.starts_with("retry: 2000\n\nid: "), "{body}");
}

async fn read_until(stream: &mut TcpStream, received: &mut String, end: &str) {
    let from = received.len();
    while !received[from..].contains(end) {
        let mut bytes = [0; 4096];
        let read = tokio::time::timeout(std::time::Duration::from_secs(20), stream.read(&mut bytes)).await;
        let count = read.expect("nothing came").unwrap();
        assert!(count > 0, "the stream ended: {received}");
        received.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
    }
}

#[tokio::test]
async fn a_till_may_follow_in_a_few_places_and_a_stream_that_ends_makes_room() {
    let bridge = Bridge::start().await;
    let till = bridge.till(1);
    let mut streams = Vec::new();
    for _ in 0..8 {
        streams.push(till.follow(None).await);
    }
    let refused = till.get("/events").await;
    assert_eq!((refused.status, refused.word()), (429, "rate_limited"));
    assert_eq!(bridge.till(2).follow(None).await.header("content-type"), Some("text/event-stream"));
    streams.pop();
    eventually("room for one more", || async {
        let url = format!("http://{}/events", till.address);
        let answer = till.client.get(url).bearer_auth(&till.key).send().await.unwrap();
        (answer.status() == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_position_that_is_none_is_refused() {
    let bridge = Bridge::start().await;
    let till = bridge.till(1);
    for query in
        ["last_event_id=x", "last_event_id=-1", "last_event_id=1.5", "after=1", "last_event_id=1&last_event_id=2"]
    {
        let refused = till.get(&format!("/events?{query}")).await;
        assert_eq!((refused.status, refused.word()), (400, "invalid_request"), "{query}");
    }
    for header in ["x", "-1"] {
        let url = format!("http://{}/events", till.address);
        let answer = till.client.get(url).bearer_auth(&till.key).header("Last-Event-ID", header).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{header:?}");
        let problem: serde_json::Value = answer.json().await.unwrap();
        assert!(problem["detail"].as_str().unwrap().starts_with("Last-Event-ID: "), "{problem}");
    }
    assert_eq!(till.post("/events", json!({})).await.status, 405);
}

/// The script that `docs/till-api.md` gives to till vendors, as it stands there; from the beginning of the log on.
fn follower_of(till: &Till) -> Option<VendorScript> {
    let script = documented_script("## Results as a stream")
        .replace("http://127.0.0.1:7117", &format!("http://{}", till.address))
        .replace("the till's key", &till.key)
        .replace("last = None", "last = \"0\"");
    VendorScript::start(&script)
}

#[tokio::test]
async fn the_documented_script_follows_the_results() {
    let bridge = Bridge::start().await;
    let till = bridge.till(1);
    till.pay("R-1", 100).await;
    let Some(mut vendor) = follower_of(&till) else { return };
    assert_eq!(vendor.line().await, "R-1 approved 100");
    till.pay("R-2", 990_100).await;
    assert_eq!(vendor.line().await, "R-2 declined 0");
}

/// What a terminal asks comes as an event too, and is no result.
#[tokio::test]
async fn the_documented_script_takes_no_prompt_for_a_result() {
    let bridge = Bridge::with(Setup { provider: Behind::Dojo, machine: "SIS0", ..Setup::default() }).await;
    let till = bridge.till(1);
    let Some(mut vendor) = follower_of(&till) else { return };
    for reference in ["R-1", "R-2"] {
        assert_eq!(till.pay(reference, 39_900).await.body["prompt"], "sign");
        till.post(&format!("/pay/{reference}/signature"), json!({ "accepted": true })).await;
        assert_eq!(vendor.line().await, format!("{reference} approved 39900"));
    }
}
