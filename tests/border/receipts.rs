//! A till that prints what it is given.

use jiff::Timestamp;
use pos_bridge::domain::attempt::{Phase, Reason};
use pos_bridge::domain::operation::Operation;
use pos_bridge::http::Limits;

use super::greed::pending;
use super::support::*;

/// A sale that was declined and that the till was not told of.
fn declined() -> Operation {
    let mut sale = pending();
    sale.simulated = false;
    sale.attempt.phase = Phase::Declined { reason: Reason::new("51", "Insufficient funds") };
    sale
}

async fn border_with_sale(sale: Operation) -> Border {
    border_that_knows(sale, Limits::default()).await
}

#[tokio::test]
async fn a_receipt_is_plain_text_with_the_line_ends_of_printers() {
    let border = border_with_sale(declined()).await;
    let reply = border.call("GET", "/pay/R-1/receipt", "", "").await;
    assert_eq!((reply.status, reply.header("Content-Type")), (200, Some("text/plain; charset=utf-8")));
    let expected = [
        "                  oslo",
        "            CUSTOMER RECEIPT",
        "",
        "Date                    1970-01-01 01:00",
        "Till                              till-1",
        "Terminal                           front",
        "Reference                            R-1",
        "----------------------------------------",
        "SALE                          399.00 NOK",
        "----------------------------------------",
        "                DECLINED",
        "",
    ];
    assert_eq!(reply.body, expected.join("\r\n"));
}

#[tokio::test]
async fn a_till_says_whose_receipt_it_prints_and_in_which_language() {
    let border = border_with_sale(declined()).await;
    let table = [
        ("?copy=customer", "", "CUSTOMER RECEIPT"),
        ("?copy=merchant", "", "MERCHANT RECEIPT"),
        ("?copy=merchant&wait=1", "Accept-Language: da\r\n", "BUTIKKENS KVITTERING"),
        ("", "Accept-Language: sv\r\n", "NEKAT"),
    ];
    for (query, headers, expected) in table {
        let reply = border.call("GET", &format!("/pay/R-1/receipt{query}"), headers, "").await;
        assert!(reply.status == 200 && reply.body.contains(expected), "{query}: {reply:?}");
        assert!(!reply.body.contains("COPY"), "{reply:?}");
    }
    for (query, field) in [("?copy=both", "copy"), ("?copy=customer&copy=merchant", "copy"), ("?columns=24", "columns")]
    {
        let reply = border.call("GET", &format!("/pay/R-1/receipt{query}"), "", "").await;
        assert_eq!((reply.status, reply.code().as_str()), (400, "invalid_request"), "{query}");
        assert!(reply.json()["detail"].as_str().unwrap().starts_with(field), "{query}");
    }
}

#[tokio::test]
async fn what_is_printed_after_the_result_was_told_is_marked_as_a_copy() {
    let told = Operation { told_at: Some(Timestamp::UNIX_EPOCH), ..declined() };
    let border = border_with_sale(told).await;
    let reply = border.call("GET", "/pay/R-1/receipt?copy=customer", "", "").await;
    assert_eq!(reply.body.lines().next(), Some("              *** COPY ***"));
}

/// WinINet, which old Windows tills ask through, answers a repeated GET from its cache.
#[tokio::test]
async fn nothing_that_a_till_is_told_may_be_kept_in_a_cache() {
    let border = border_with_sale(declined()).await;
    for path in ["/pay/R-1", "/pay/R-1/receipt", "/last", "/ready", "/health", "/terminals", "/nowhere"] {
        let reply = border.call("GET", path, "", "").await;
        assert_eq!(reply.header("Cache-Control"), Some("no-store"), "{path}: {reply:?}");
    }
}

#[tokio::test]
async fn there_is_no_receipt_of_what_is_not_proven() {
    let mut abandoned = pending();
    abandoned.attempt.phase = Phase::Abandoned { handle: None };
    let table = [
        (pending(), "same_reference", "pending", "Nothing to print yet. Wait for the result"),
        (abandoned, "operator", "unknown", "Result not known. Keep the terminal's receipt and call the manager"),
    ];
    for (sale, retry, status, message) in table {
        let id = sale.id.to_string();
        let reply = border_with_sale(sale).await.call("GET", "/pay/R-1/receipt", "", "").await;
        assert_eq!((reply.status, reply.code().as_str()), (404, "not_found"));
        let problem = reply.json();
        let detail = format!("there is no receipt yet: the sale is {status}; ask again when its result is final");
        assert_eq!((&problem["retry"], &problem["detail"]), (&retry.into(), &detail.into()));
        assert_eq!(problem["message"], message);
        assert_eq!((problem["operation_id"].as_str(), reply.header("Location")), (Some(id.as_str()), Some("/pay/R-1")));
    }
}

#[tokio::test]
async fn a_receipt_is_read_and_nothing_else() {
    let border = border_with_sale(declined()).await;
    let reply = border.call("POST", "/pay/R-1/receipt", "", "{}").await;
    assert_eq!((reply.status, reply.header("Allow")), (405, Some("GET,HEAD")));
    let stranger = border.bare_call("GET", "/pay/R-1/receipt", "", "").await;
    assert_eq!(stranger.status, 401);
}
