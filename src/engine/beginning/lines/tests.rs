use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::time::{Duration, timeout};

use super::*;

fn terminal() -> ProviderTerminalId {
    ProviderTerminalId::new("T0292").unwrap()
}

async fn is_woken(place: &LinePlace) -> bool {
    // A permit that is there is taken at the first poll.
    timeout(Duration::ZERO, pin!(place.turn())).await.is_ok()
}

#[tokio::test]
async fn only_the_first_is_woken_and_the_next_when_it_leaves() {
    let lines = Lines::default();
    let places: Vec<_> = (0..1000).map(|_| lines.join(&terminal())).collect();
    assert!(is_woken(&places[0]).await, "the terminal may have been freed meanwhile");
    assert!(!is_woken(&places[0]).await);
    lines.ring(&terminal());
    assert!(is_woken(&places[0]).await);
    assert!(!is_woken(&places[1]).await);
    let mut places = places.into_iter();
    drop(places.next());
    let second = places.next().unwrap();
    assert!(second.is_first() && is_woken(&second).await);
}

#[tokio::test]
async fn whoever_leaves_from_the_middle_wakes_nobody_and_an_empty_line_is_gone() {
    let lines = Lines::default();
    let (first, second, third) = (lines.join(&terminal()), lines.join(&terminal()), lines.join(&terminal()));
    assert!(is_woken(&first).await);
    drop(second);
    assert!(!is_woken(&first).await && !is_woken(&third).await);
    drop(first);
    assert!(is_woken(&third).await);
    drop(third);
    assert!(lines.lock().is_empty());
}

/// Whoever gets it leaves the line at once, holds it for a while and rings when it is free; every fifth gives up.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn everybody_who_waits_gets_the_terminal_and_nobody_beside_another() {
    let (lines, held) = (Lines::default(), Arc::new(AtomicBool::new(false)));
    let tills = (0..500).map(|number| {
        let (lines, held) = (lines.clone(), held.clone());
        tokio::spawn(async move {
            let place = lines.join(&terminal());
            if number % 5 == 0 {
                tokio::task::yield_now().await;
                return;
            }
            loop {
                place.turn().await;
                if !held.swap(true, Ordering::SeqCst) {
                    break;
                }
            }
            drop(place);
            tokio::task::yield_now().await;
            assert!(held.swap(false, Ordering::SeqCst), "somebody else let go of it");
            lines.ring(&terminal());
        })
    });
    for till in tills.collect::<Vec<_>>() {
        timeout(Duration::from_secs(30), till).await.expect("a till waits for ever").unwrap();
    }
    assert!(lines.lock().is_empty());
}
