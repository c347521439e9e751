use super::*;

const PROBLEM: &str = r#"{"type":"t","title":"Bad request","status":400,"detail":"Field is wrong","traceId":"x","errors":{"Reference":["too long"]}}"#;
const TERMINAL: &str = r#"{"code":"TERMINAL_UNAVAILABLE","title":"Terminal is offline","type":"t","status":404,"traceId":"x","errors":{}}"#;
const CAPITALS: &str =
    r#"{"Status":400,"Detail":"Your refund request was not successful. Status: Failed.","Extensions":{}}"#;

fn reply(status: u16, body: &'static str) -> Exchanged {
    Exchanged::Replied(Reply { status, body: body.into(), ..Reply::default() })
}

#[test]
fn every_outcome_of_a_money_call_has_its_class() {
    let class = |outcome| match answer(outcome, |reply| (reply.body == "good").then_some(())) {
        Answer::Yes(()) | Answer::Undelivered(()) => "yes",
        Answer::No(_) => "no",
        Answer::NotSent(_) => "not_sent",
        Answer::Unknown(_) => "unknown",
    };
    let table = [
        (Exchanged::NotConnected("refused".into()), "not_sent"),
        (Exchanged::Broken("timed out".into()), "unknown"),
        (reply(200, "good"), "yes"),
        (reply(201, "good"), "yes"),
        (reply(200, ""), "unknown"),
        (reply(200, r#"{"id":"#), "unknown"),
        (reply(400, PROBLEM), "no"),
        (reply(400, CAPITALS), "no"),
        (reply(401, PROBLEM), "no"),
        (reply(403, PROBLEM), "no"),
        (reply(404, TERMINAL), "no"),
        (reply(401, ""), "unknown"),
        (reply(403, "<html>blocked</html>"), "unknown"),
        (reply(404, ""), "unknown"),
        (reply(404, "{}"), "unknown"),
        (reply(400, r#"{"message":"Missing Authentication Token"}"#), "unknown"),
        (reply(302, ""), "unknown"),
        (reply(307, PROBLEM), "unknown"),
        (reply(408, PROBLEM), "unknown"),
        (reply(409, TERMINAL), "unknown"),
        (reply(422, TERMINAL), "unknown"),
        (reply(429, PROBLEM), "unknown"),
        (reply(500, PROBLEM), "unknown"),
        (reply(503, ""), "unknown"),
    ];
    for (outcome, expected) in table {
        let shown = format!("{outcome:?}");
        assert_eq!(class(outcome), expected, "{shown}");
    }
}

#[test]
fn each_shape_of_an_error_is_understood() {
    let reason = |status, body: &'static str| {
        let reply = Reply { status, body: body.into(), ..Reply::default() };
        provider_error(&reply).map(|reason| (reason.code, reason.text))
    };
    assert_eq!(reason(400, PROBLEM), Some(("http_400".into(), "Field is wrong; Reference: too long".into())));
    assert_eq!(reason(404, TERMINAL), Some(("TERMINAL_UNAVAILABLE".into(), "Terminal is offline".into())));
    let refund = "Your refund request was not successful. Status: Failed.";
    assert_eq!(reason(400, CAPITALS), Some(("http_400".into(), refund.into())));
    for none in ["", "<html>", "[]", "{}", "null", r#"{"title":""}"#, r#"{"detail":7}"#] {
        assert_eq!(reason(500, none), None, "{none}");
    }
}

#[test]
fn every_outcome_of_a_reading_and_of_a_wish_has_its_class() {
    let read = |outcome| match reading::<Vec<u8>>(outcome) {
        Ok(Some(_)) => "found",
        Ok(None) => "none",
        Err(ReadError::Unreachable { .. }) => "unreachable",
        Err(ReadError::Refused(_)) => "refused",
    };
    let wished = |outcome| match wish(outcome) {
        Ok(()) => "told",
        Err(ReadError::Unreachable { .. }) => "unreachable",
        Err(ReadError::Refused(_)) => "refused",
    };
    let table = [
        (200, "[1]", "found", "told"),
        (200, "[1", "unreachable", "told"),
        (404, TERMINAL, "none", "told"),
        (404, "<html>", "unreachable", "told"),
        (401, "", "refused", "refused"),
        (403, PROBLEM, "refused", "told"),
        (403, "<html>", "unreachable", "told"),
        (422, TERMINAL, "unreachable", "told"),
        (409, TERMINAL, "unreachable", "told"),
        (429, PROBLEM, "unreachable", "unreachable"),
        (500, PROBLEM, "unreachable", "unreachable"),
        (302, "", "unreachable", "unreachable"),
    ];
    for (status, body, reading, wish) in table {
        assert_eq!((read(reply(status, body)), wished(reply(status, body))), (reading, wish), "{status} {body}");
    }
    assert_eq!(read(Exchanged::Broken("reset".into())), "unreachable");
    assert_eq!(wished(Exchanged::NotConnected("refused".into())), "unreachable");
}
