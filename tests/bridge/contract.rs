//! What the bridge answers is what its own contract says: `GET /openapi.json`.

use reqwest::Method;
use serde_json::{Value, json};

use super::support::*;

/// The contract as the bridge serves it, strict: what it does not name may not be answered.
struct Contract(Value);

impl Contract {
    async fn of(bridge: &Bridge) -> Self {
        let served = bridge.client.get(bridge.url("/openapi.json")).send().await.unwrap();
        assert_eq!(served.headers()["content-type"], "application/json");
        let mut document: Value = served.json().await.unwrap();
        for schema in document["components"]["schemas"].as_object_mut().unwrap().values_mut() {
            if schema["properties"].is_object() {
                schema["additionalProperties"] = json!(false);
            }
        }
        Self(document)
    }

    /// Checks status, headers, media type and body of an answer.
    fn holds(&self, method: &Method, path: &str, answer: &Answer) {
        let asked = format!("{method} {path}: {answer:?}");
        let call = &self.0["paths"][template(path)][method.as_str().to_lowercase()];
        assert!(call.is_object(), "no such call: {asked}");
        let told = &call["responses"][answer.status.to_string()];
        assert!(told.is_object(), "no such status: {asked}");
        let media_type = answer.header("content-type").split(';').next().unwrap();
        let schema = &told["content"][media_type]["schema"];
        assert!(schema.is_object(), "no such media type: {asked}");
        let mut root = schema.clone();
        root["components"] = self.0["components"].clone();
        let validator = jsonschema::draft202012::options().build(&root).unwrap();
        if let Err(error) = validator.validate(&answer.body) {
            panic!("{}: {error}\n{asked}", error.instance_path());
        }
        for header in ["location", "retry-after", "www-authenticate"] {
            let sent = !answer.header(header).is_empty();
            let named = told["headers"]
                .as_object()
                .is_some_and(|names| names.keys().any(|name| name.eq_ignore_ascii_case(header)));
            assert!(!sent || named, "{header} is not in the contract: {asked}");
        }
    }
}

/// The path as the contract writes it: `/pay/R-1/cancel` is `/pay/{reference}/cancel`.
fn template(path: &str) -> String {
    let pieces: Vec<&str> = path.split('?').next().unwrap().split('/').collect();
    let known =
        |(position, piece): (usize, &&str)| if position == 2 { "{reference}".into() } else { (*piece).to_owned() };
    pieces.iter().enumerate().map(known).collect::<Vec<String>>().join("/")
}

#[tokio::test]
async fn every_answer_to_good_and_bad_requests_is_one_of_the_contract() {
    let bridge = Bridge::start().await;
    let contract = Contract::of(&bridge).await;
    let till = bridge.till(1);
    let sale = |reference: &str, amount: i64| Some(json!({"reference": reference, "amount": amount}));
    let no_wait = |reference: &str, amount: i64| Some(json!({"reference": reference, "amount": amount, "wait": 0}));
    let refund = |fields: Value| Some(fields);
    let table = [
        ("POST", "/pay", sale("R-1", 39900), 200),
        ("POST", "/pay", sale("R-1", 39900), 200),
        ("POST", "/pay", sale("R-1", 100), 409),
        ("POST", "/pay", sale("R-2", 990_100), 200),
        ("POST", "/pay", no_wait("R-3", 990_104), 202),
        ("POST", "/pay", sale("R-4", 100), 423),
        ("GET", "/pay/R-3", None, 202),
        ("GET", "/pay/R-3/receipt", None, 404),
        ("POST", "/refund", refund(json!({"reference": "B-0", "original_reference": "R-3"})), 422),
        ("POST", "/pay/R-3/cancel", Some(json!({"wait": 20})), 200),
        ("GET", "/pay/R-3?wait=20", None, 200),
        ("POST", "/pay/R-1/ack", None, 200),
        ("POST", "/pay", None, 400),
        ("POST", "/pay", Some(json!([])), 400),
        ("POST", "/pay", Some(json!({"reference": "R-5", "amount": 1.5})), 400),
        ("POST", "/pay", Some(json!({"reference": "R-5", "amount": 1, "tip": 1})), 400),
        ("POST", "/pay", Some(json!({"reference": "R-5", "amount": 1, "terminal": "kiosk"})), 422),
        ("GET", "/pay/R-9", None, 404),
        ("GET", "/pay/%0A", None, 400),
        ("POST", "/pay/R-9/cancel", None, 404),
        ("POST", "/pay/R-9/ack", None, 404),
        ("POST", "/refund", refund(json!({"reference": "B-1", "original_reference": "R-1", "amount": 100})), 200),
        ("POST", "/refund", refund(json!({"reference": "B-2", "original_reference": "R-1", "amount": 39_900})), 422),
        ("POST", "/refund", refund(json!({"reference": "B-3", "original_reference": "R-2"})), 422),
        ("POST", "/refund", refund(json!({"reference": "B-4", "original_reference": "R-9"})), 404),
        ("POST", "/refund", refund(json!({"reference": "B-5"})), 400),
        ("GET", "/refund/B-1", None, 200),
        ("POST", "/refund/B-1/cancel", None, 200),
        ("POST", "/refund/B-1/ack", Some(json!({})), 200),
        ("GET", "/last", None, 200),
        ("GET", "/operations?limit=2", None, 200),
        ("GET", "/operations?page=2", None, 400),
        ("GET", "/terminals", None, 200),
        ("GET", "/health", None, 200),
        ("GET", "/ready", None, 200),
        ("GET", "/openapi.json", None, 200),
    ];
    for (method, path, body, status) in table {
        let method: Method = method.parse().unwrap();
        let answer = till.call(method.clone(), path, body.as_ref()).await;
        assert_eq!(answer.status, status, "{method} {path} {body:?}: {answer:?}");
        contract.holds(&method, path, &answer);
    }
}

#[tokio::test]
async fn every_refusal_of_the_border_is_one_of_the_contract() {
    let bridge = Bridge::start().await;
    let contract = Contract::of(&bridge).await;
    let big = " ".repeat(70_000);
    let table = [
        ("POST", "/pay", "x-api-key", "wrong", "{}", 401),
        ("GET", "/last", "authorization", "Bearer wrong", "", 401),
        ("POST", "/pay", "origin", "https://evil.example", "{}", 403),
        ("GET", "/health", "host", "evil.example", "", 403),
        ("GET", "/openapi.json", "origin", "https://evil.example", "", 403),
        ("POST", "/pay", "content-type", "application/octet-stream", "{}", 415),
        ("POST", "/pay", "idempotency-key", "R 1 ", "{}", 400),
        ("POST", "/pay", "prefer", "wait=never", r#"{"reference":"R-1","amount":1}"#, 400),
        ("POST", "/refund", "content-type", "application/json", big.as_str(), 413),
    ];
    for (method, path, header, value, body, status) in table {
        let method: Method = method.parse().unwrap();
        let request =
            bridge.client.request(method.clone(), bridge.url(path)).header(header, value).body(body.to_owned());
        let shows_key = ["x-api-key", "authorization"].contains(&header);
        let request = if shows_key { request } else { request.bearer_auth(&bridge.till(1).key) };
        let answered = request.send().await.unwrap();
        let (status_code, headers) = (answered.status().as_u16(), answered.headers().clone());
        let answer = Answer { status: status_code, headers, body: answered.json().await.unwrap() };
        assert_eq!(answer.status, status, "{method} {path} {header}: {answer:?}");
        contract.holds(&method, path, &answer);
    }
}
