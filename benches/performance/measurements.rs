//! The measurements, one function each.

use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::Outcome;
use crate::disk::Disk;
use crate::figure::{Figure, milliseconds, note, quantile};
use crate::million;
use crate::reference::{self, Commits};
use crate::shop::Shop;
use crate::till::{self, Till};

const TILLS: usize = 64;
const WAITING_TILLS: usize = 1000;
/// On the simulator nobody presents a card for this amount.
const NOBODY_PAYS: i64 = 990_104;
/// How long each load lasts.
const RUSH: Duration = Duration::from_secs(5);

/// What a sale adds to the provider's time, for a till that is alone.
pub(crate) async fn lone_till(disk: &Disk) -> Outcome<Vec<Figure>> {
    let mut shop = Shop::open(1).await?;
    let commits = Commits::measure(disk)?;
    let _bridge = shop.start(disk).await?;
    let mut load = till::rush(shop.address, 1, RUSH).await?;
    let median = quantile(&mut load.latencies, 0.5);
    note("one durable commit, median", &format!("{:.2} ms", milliseconds(commits.median)));
    note("one approved sale, median", &format!("{:.2} ms", milliseconds(median)));
    note("one approved sale, p99", &format!("{:.2} ms", milliseconds(quantile(&mut load.latencies, 0.99))));
    let ratio = median.as_secs_f64() / commits.median.as_secs_f64();
    Ok(match disk {
        Disk::Slow(_) => vec![Figure::at_most("a sale takes as long as so many commits", ratio, 3.5, "")],
        Disk::AsItIs => Vec::new(),
    })
}

/// Sales per second of many tills, compared with what has the same disk, or the same protocol, and does nothing else.
pub(crate) async fn many_tills(disk: &Disk) -> Outcome<Vec<Figure>> {
    let commits = Commits::measure(disk)?;
    let mut shop = Shop::open(TILLS).await?;
    let bridge = shop.start(disk).await?;
    let mut load = till::rush(shop.address, TILLS, RUSH).await?;
    let usage = bridge.process.usage()?;
    drop(bridge);
    note("durable commits per second, one by one", &format!("{:.0}", commits.per_second));
    note("sales per second, 64 tills", &format!("{:.0}", load.per_second));
    note("one approved sale, median", &format!("{:.2} ms", milliseconds(quantile(&mut load.latencies, 0.5))));
    note("one approved sale, p99", &format!("{:.2} ms", milliseconds(quantile(&mut load.latencies, 0.99))));
    note("resident memory afterwards", &format!("{:.1} MiB", usage.resident));
    if let Disk::Slow(_) = disk {
        let ratio = load.per_second / commits.per_second;
        return Ok(vec![Figure::at_least("sales per single commit", ratio, 5.0, "")]);
    }
    let bare = reference::measure_handler(TILLS, RUSH).await?;
    note("requests per second of a bare handler", &format!("{:.0}", bare.per_second));
    Ok(vec![Figure::at_least("sales per request of a bare handler", load.per_second / bare.per_second, 0.01, "")])
}

/// A thousand tills wait; others ask.
pub(crate) async fn waiting_tills() -> Outcome<Vec<Figure>> {
    let mut shop = Shop::open(WAITING_TILLS).await?;
    let bridge = shop.start(&Disk::AsItIs).await?;
    note("resident memory before", &format!("{:.1} MiB", bridge.process.usage()?.resident));
    let mut waiting = JoinSet::new();
    for number in 1..=WAITING_TILLS {
        let mut till = Till::connect(shop.address, number).await?;
        waiting.spawn(async move { till.pay("R-1", NOBODY_PAYS).await.map(|answer| answer.body) });
    }
    tokio::time::sleep(Duration::from_secs(5)).await;
    let before = bridge.process.usage()?;
    let (mut latencies, began) = (Vec::new(), Instant::now());
    for number in 1..=WAITING_TILLS {
        let mut till = Till::connect(shop.address, number).await?;
        let asked = Instant::now();
        let answer = till.get("/pay/R-1").await?;
        latencies.push(asked.elapsed());
        if answer.status != 202 || !answer.body.contains("\"pending\"") {
            return Err(format!("a waiting sale is not pending: {} {}", answer.status, answer.body).into());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let after = bridge.process.usage()?;
    if let Some(ended) = waiting.try_join_next() {
        return Err(format!("a till stopped waiting: {ended:?}").into());
    }
    let busy = (after.ticks - before.ticks) as f64 / began.elapsed().as_secs_f64();
    note("processor time, in percent of one core", &format!("{busy:.0}"));
    note("a status read, median", &format!("{:.2} ms", milliseconds(quantile(&mut latencies, 0.5))));
    Ok(vec![
        Figure::at_most("resident memory while 1,000 tills wait", after.resident.max(before.resident), 64.0, " MiB"),
        Figure::at_most("a status read meanwhile, p99", milliseconds(quantile(&mut latencies, 0.99)), 10.0, " ms"),
    ])
}

/// A bridge that has nothing to do.
pub(crate) async fn idle() -> Outcome<Vec<Figure>> {
    let mut shop = Shop::open(1).await?;
    let mut starts = Vec::new();
    for _ in 0..5 {
        for suffix in ["", "-wal", "-shm", ".lock", ".sock"] {
            let _ = std::fs::remove_file(format!("{}{suffix}", shop.database().display()));
        }
        let bridge = shop.start(&Disk::AsItIs).await?;
        starts.push(bridge.ready_after);
        bridge.process.stop()?;
    }
    let bridge = shop.start(&Disk::AsItIs).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = bridge.process.usage()?;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let after = bridge.process.usage()?;
    note("threads", &after.threads.to_string());
    drop(bridge);
    let journal = million::journal().await?;
    let bridge = shop.start_on(&journal, &Disk::AsItIs).await?;
    Ok(vec![
        Figure::at_most("resident memory, idle", after.resident, 20.0, " MiB"),
        Figure::at_most("processor time in five idle seconds", (after.ticks - before.ticks) as f64 * 10.0, 0.0, " ms"),
        Figure::at_most("ready on an empty disk, median", milliseconds(quantile(&mut starts, 0.5)), 200.0, " ms"),
        Figure::at_most("ready on a million operations", milliseconds(bridge.ready_after), 1000.0, " ms"),
    ])
}
