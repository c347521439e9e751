//! A disk that does not fail but stands still: a till has an answer within its time all the same.

use std::time::{Duration, Instant};

use super::greed::pending;
use super::support::*;

#[tokio::test]
async fn a_disk_that_stands_still_keeps_no_till_waiting_for_ever() {
    let border = border_on_a_disk_that_stands_still(pending()).await;
    let begun = Instant::now();
    let calls = ["/pay/R-1/cancel", "/refund/R-1/cancel"].map(|path| border.call("POST", path, "", ""));
    for answer in futures_util::future::join_all(calls).await {
        assert_eq!((answer.status, answer.code().as_str()), (503, "storage_stalled"), "{answer:?}");
        assert_eq!(answer.field("retry"), "same_reference");
        assert!(answer.field("detail").contains("ask again with the same reference"), "{answer:?}");
    }
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}
