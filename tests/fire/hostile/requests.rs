//! Requests that are none, or two, or too much: each is refused or closed, once, and nothing of it reaches a provider.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::wire::answers;
use crate::arguments::Form;
use crate::client::client;
use crate::configuration::key_of_till;
use crate::dice::Dice;
use crate::progress::Progress;
use crate::provider::Ledger;
use crate::world::{World, sound};

/// The numbers before are those of the lying providers.
const FIRST_MUTATION: u32 = 1_000;
const SHORT_MUTATIONS: u32 = 100;
const LONG_MUTATIONS: u32 = 20_000;
/// A till that sells nothing itself.
const TILL: usize = 2;
const DEPTH: usize = 20_000;

struct Malformed {
    name: &'static str,
    bytes: Vec<u8>,
}

pub(super) async fn refuse_all(world: &mut World, form: &Form) -> Result<(), Vec<String>> {
    let mut before = asked(&world.provider.ledger().await);
    let mut broken = Vec::new();
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    for bridge in [world.shop.address, world.shop.callback_address] {
        for Malformed { name, bytes } in every_request(bridge) {
            let heard = answers(bridge, &bytes).await;
            *counts.entry(format!("{heard:?}")).or_default() += 1;
            if !is_refusal(&heard) {
                broken.push(format!("{name}: answered with {heard:?}"));
            }
            let now = asked(&world.provider.ledger().await);
            if now != before {
                broken.push(format!("{name}: reached a provider"));
                before = now;
            }
        }
    }
    println!("malformed requests by their answers: {counts:?}");
    let mutations = mutate(world, form, &mut broken).await;
    println!("mutated requests by their answers: {mutations:?}");
    if mutations.values().sum::<u32>() >= SHORT_MUTATIONS && !mutations.keys().any(|heard| is_served(heard)) {
        broken.push("vacuous: no mutated request was served".to_owned());
    }
    if client().get(format!("http://{}/health", world.shop.address)).send().await.is_err() {
        broken.push("whoever only asks is not answered any more".to_owned());
    }
    if asked(&world.provider.ledger().await) != before {
        broken.push("a mutated question reached a provider".to_owned());
    }
    sound(broken)
}

/// One refusal at most, of the caller's making.
fn is_refusal(heard: &[u16]) -> bool {
    matches!(heard, [] | [400..=499])
}

/// Understood and answered by whoever it was for; a question after something that is not there was one, too.
fn is_served(heard: &[u16]) -> bool {
    heard.iter().any(|status| matches!(status, 200..=299 | 404))
}

/// How often the providers were asked for anything that moves money.
fn asked(ledger: &Ledger) -> u64 {
    let dintero = ledger.create_requests.values().chain(ledger.refund_requests.values());
    let dojo = &ledger.dojo;
    let dojo = dojo.create_requests.values().chain(dojo.session_requests.values()).chain(dojo.refund_requests.values());
    dintero.chain(dojo).sum()
}

/// A question with some bytes changed, doubled or lost. It may still be a good question, but never the bridge's defect. How
/// often each answer was heard.
async fn mutate(world: &World, form: &Form, broken: &mut Vec<String>) -> BTreeMap<Vec<u16>, u32> {
    let (usual, bridge) = (if form.is_long { LONG_MUTATIONS } else { SHORT_MUTATIONS }, world.shop.address);
    let (first, end) = (form.from.max(FIRST_MUTATION), FIRST_MUTATION + form.cycles.unwrap_or(usual));
    let (mut counts, mut progress) = (BTreeMap::new(), Progress::default());
    for number in first..end {
        if form.is_over() {
            break;
        }
        progress.tell("mutated request", number, end);
        let mut dice = Dice::new(form.seed, number.into(), 9);
        let path =
            *dice.pick(&["/pay/R-1", "/operations?limit=5", "/last", "/terminals", "/refund/R-1?wait=0"]).unwrap();
        let mut bytes = head("GET", path, bridge, "Accept: application/json\r\n");
        for _ in 0..=dice.below(4) {
            change(&mut bytes, &mut dice);
        }
        // Whatever was left open ends here, instead of being waited for.
        bytes.extend_from_slice(b"\r\n\r\n\0\r\n\r\n");
        let heard = answers(bridge, &bytes).await;
        if heard.iter().any(|status| !(100..500).contains(status)) {
            broken.push(format!("mutation {number}: {heard:?} to {:?}", String::from_utf8_lossy(&bytes)));
        }
        *counts.entry(heard).or_default() += 1;
    }
    counts
}

fn change(bytes: &mut Vec<u8>, dice: &mut Dice) {
    if bytes.is_empty() {
        return;
    }
    let at = dice.below(bytes.len());
    match dice.below(5) {
        0 => bytes[at] = u8::try_from(dice.below(256)).unwrap(),
        1 => drop(bytes.remove(at)),
        2 => bytes.insert(at, *dice.pick(b"\r\n\0 :%/?\xff\t,;").unwrap()),
        3 => {
            let end = (at + 1 + dice.below(20)).min(bytes.len());
            let piece = bytes[at..end].to_vec();
            bytes.splice(at..at, piece);
        }
        _ => bytes.truncate(at.max(1)),
    }
}

fn head(method: &str, target: &str, host: SocketAddr, more: &str) -> Vec<u8> {
    let key = key_of_till(TILL);
    format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\nX-Api-Key: {key}\r\n{more}\r\n").into_bytes()
}

/// With a body that is announced as long as it is.
fn post(host: SocketAddr, media: &str, body: &[u8]) -> Vec<u8> {
    let more = format!("Content-Type: {media}\r\nContent-Length: {}\r\n", body.len());
    [head("POST", "/pay", host, &more), body.to_vec()].concat()
}

fn every_request(host: SocketAddr) -> Vec<Malformed> {
    let all = smuggled(host).into_iter().chain(heads(host)).chain(bodies(host));
    all.map(|(name, bytes)| Malformed { name, bytes }).collect()
}

/// A genuine sale, hidden behind a request that ends in two ways.
fn smuggled(host: SocketAddr) -> Vec<(&'static str, Vec<u8>)> {
    let sale = post(host, "application/json", br#"{"reference":"SMUGGLED-1","amount":39900}"#);
    let length = sale.len();
    let behind = |more: &str, body: &[u8]| [head("POST", "/pay", host, more), body.to_vec(), sale.clone()].concat();
    let chunked = "Transfer-Encoding: chunked\r\n";
    vec![
        ("chunks and a length", behind(&format!("Content-Length: {}\r\n{chunked}", length + 5), b"0\r\n\r\n")),
        ("a length and chunks", behind(&format!("{chunked}Content-Length: 5\r\n"), b"0\r\n\r\n")),
        ("two lengths", behind(&format!("Content-Length: 2\r\nContent-Length: {length}\r\n"), b"{}")),
        ("two lengths in one", behind(&format!("Content-Length: 2, {length}\r\n"), b"{}")),
        ("a length with a sign", behind("Content-Length: +2\r\n", b"{}")),
        ("a hexadecimal length", behind("Content-Length: 0x2\r\n", b"{}")),
        ("a length beyond every number", behind("Content-Length: 99999999999999999999999999\r\n", b"{}")),
        ("a length with a space before its colon", behind(&format!("Content-Length : {length}\r\n"), b"")),
        ("chunks by another name", behind("Transfer-Encoding: xchunked\r\n", b"0\r\n\r\n")),
        ("chunks that are not last", behind("Transfer-Encoding: chunked, identity\r\n", b"0\r\n\r\n")),
        ("chunks behind a tab", behind("Transfer-Encoding:\tchunked\r\nContent-Length: 2\r\n", b"0\r\n\r\n")),
        ("chunks behind a folded line", behind("Transfer-Encoding:\r\n chunked\r\nContent-Length: 2\r\n", b"{}")),
        ("a chunk beyond every number", behind(chunked, b"fffffffffffffffff\r\n{}\r\n0\r\n\r\n")),
        ("a chunk that is longer than it says", behind(chunked, b"1\r\n{}\r\n0\r\n\r\n")),
        ("a chunk that ends with a bare line feed", behind(chunked, b"2\n{}\n0\n\n")),
        ("a sale in a header", head("POST", "/pay", host, &format!("X: a\nX: {}\r\n", String::from_utf8_lossy(&sale)))),
        ("a sale behind a bare carriage return", behind("X: a\rContent-Length: 0\r\n", b"")),
    ]
}

fn heads(host: SocketAddr) -> Vec<(&'static str, Vec<u8>)> {
    let get = |more: &str| head("GET", "/pay/R-1", host, more);
    let at = |target: &str| head("GET", target, host, "");
    vec![
        ("no HTTP", b"hello, is this the bridge?\r\n\r\n".to_vec()),
        ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03hello".repeat(40)),
        ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec()),
        ("HTTP/0.9", b"GET /pay/R-1\r\n\r\n".to_vec()),
        ("a version of the future", b"GET /pay/R-1 HTTP/9.9\r\nHost: x\r\n\r\n".to_vec()),
        ("a null byte in a header", get("X: a\0b\r\n")),
        ("a null byte in a name", get("X\0: a\r\n")),
        ("a null byte in the path", at("/pay/R\0-1")),
        ("a folded header", get("X: a\r\n b\r\n")),
        ("a header without a name", get(": a\r\n")),
        ("a header without a colon", get("X\r\n")),
        ("no host", b"GET /pay/R-1 HTTP/1.1\r\n\r\n".to_vec()),
        ("two hosts", get(&format!("Host: {host}\r\n"))),
        ("a strange host", b"GET /pay/R-1 HTTP/1.1\r\nHost: evil.example\r\n\r\n".to_vec()),
        ("a host with a user", format!("GET /pay/R-1 HTTP/1.1\r\nHost: a@{host}\r\n\r\n").into_bytes()),
        ("another host in the target", at("http://evil.example/pay/R-1")),
        ("a scheme of another kind", at("file:///etc/passwd")),
        ("a strange page", get("Origin: https://evil.example\r\n")),
        ("a header of a mebibyte", get(&format!("X: {}\r\n", "a".repeat(1 << 20)))),
        ("ten thousand headers", get(&"X: a\r\n".repeat(10_000))),
        ("a path of a mebibyte", at(&format!("/pay/{}", "a".repeat(1 << 20)))),
        ("a path out of the house", at("/pay/../../etc/passwd")),
        ("an encoded path out of the house", at("/pay/%2e%2e%2f%2e%2e%2fetc%2fpasswd")),
        ("an encoded null byte", at("/pay/R-1%00")),
        ("an encoding that is none", at("/pay/R-1%zz")),
        ("bytes that are no text", at("/pay/%ff%fe")),
        ("a wait beyond every number", at("/pay/R-1?wait=99999999999999999999")),
        ("a method of its own", head("MONEY", "/pay", host, "")),
        ("TRACE", head("TRACE", "/pay", host, "")),
        ("CONNECT", head("CONNECT", "evil.example:443", host, "")),
    ]
}

fn bodies(host: SocketAddr) -> Vec<(&'static str, Vec<u8>)> {
    let json = |body: &str| post(host, "application/json", body.as_bytes());
    let xml = |body: &str| post(host, "application/xml", body.as_bytes());
    let laughs = format!(
        "<!DOCTYPE l [<!ENTITY a \"ha\">{}]><pay><reference>&z;</reference></pay>",
        ('b'..='z')
            .map(|name| format!("<!ENTITY {name} \"{}\">", format!("&{};", char::from(name as u8 - 1)).repeat(10)))
            .collect::<String>()
    );
    vec![
        ("a body of a gibibyte", head("POST", "/pay", host, "Content-Length: 1073741824\r\n")),
        ("a body over the limit", post(host, "application/json", &vec![b' '; 1 << 20])),
        (
            "chunks without end",
            [head("POST", "/pay", host, "Transfer-Encoding: chunked\r\n"), b"1000\r\n".to_vec(), vec![b' '; 1 << 20]]
                .concat(),
        ),
        ("deep JSON", json(&"[".repeat(DEPTH))),
        ("deep JSON in a field", json(&format!("{{\"reference\":{}", "{\"a\":".repeat(DEPTH / 2)))),
        ("deep XML", xml(&"<a>".repeat(DEPTH))),
        ("laughs by the billion", xml(&laughs)),
        (
            "a file for an entity",
            xml("<!DOCTYPE p [<!ENTITY f SYSTEM \"file:///etc/passwd\">]><pay><reference>&f;</reference></pay>"),
        ),
        ("a field twice", json(r#"{"reference":"X-1","amount":1,"amount":2}"#)),
        ("an amount beyond every number", json(r#"{"reference":"X-1","amount":1e999}"#)),
        ("a fraction", json(r#"{"reference":"X-1","amount":1.5}"#)),
        ("no number", json(r#"{"reference":"X-1","amount":NaN}"#)),
        ("less than nothing", json(r#"{"reference":"X-1","amount":-1}"#)),
        ("half a character", json(r#"{"reference":"\ud800","amount":1}"#)),
        ("bytes that are no text", post(host, "application/json", b"{\"reference\":\"\xff\xfe\",\"amount\":1}")),
        ("a null byte", json("{\"reference\":\"X\\u0000\",\"amount\":1}")),
        ("a list", json("[]")),
        ("two documents", json(r#"{"reference":"X-1","amount":1}{"reference":"X-2","amount":1}"#)),
        (
            "a form of ten thousand fields",
            post(host, "application/x-www-form-urlencoded", "a=1&".repeat(10_000).as_bytes()),
        ),
        (
            "a packed body",
            [head("POST", "/pay", host, "Content-Encoding: gzip\r\nContent-Length: 4\r\n"), b"\x1f\x8b\x08\0".to_vec()]
                .concat(),
        ),
        (
            "an upgrade",
            [
                head("POST", "/pay", host, "Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n"),
                b"{}".to_vec(),
            ]
            .concat(),
        ),
        ("a media type of its own", post(host, "application/x-money", b"all of it")),
    ]
}
