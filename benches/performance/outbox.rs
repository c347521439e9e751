//! Results that are pushed, and ten thousand that cannot be delivered: neither may show in a sale.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use sqlx::{Connection, SqliteConnection};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::Outcome;
use crate::disk::Disk;
use crate::figure::{Figure, milliseconds, note, quantile};
use crate::shop::Shop;
use crate::till::{self, Pace, Till};

const RUSH: Duration = Duration::from_secs(5);
/// Each load is measured so often, in turns, so that a machine that gets busier meanwhile is unfair to none.
const ROUNDS: usize = 3;
/// A push lies between two sales then, as in a shop, and does not compete with the next one for the processors.
const PAUSE: Duration = Duration::from_millis(20);

/// Ten thousand results of the first sale's kind that were tried in vain, each of an operation of its own. They were to
/// be sent long ago, and each is due at once.
const UNDELIVERED: [&str; 5] = [
    "PRAGMA synchronous = OFF",
    "CREATE TEMP TABLE copy AS WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 10000) \
     SELECT n, printf('01%024d', n) AS id, printf('PB-01%024d', n) AS attempt, printf('OLD-%d', n) AS reference FROM n",
    "INSERT INTO operation (id, kind, till, reference, generation, amount, currency, original, deciding_attempt, status, \
     refunded_elsewhere, simulated, told_at, acknowledged_at, details, created_at, updated_at) SELECT copy.id, kind, till, \
     copy.reference, generation, amount, currency, original, copy.attempt, status, refunded_elsewhere, simulated, told_at, \
     acknowledged_at, details, created_at, updated_at FROM copy, operation WHERE sequence = 1 ORDER BY n",
    "INSERT INTO attempt (reference, operation, number, terminal, provider_terminal, store, provider, refunds, expires_at, \
     horizon, cancel_wanted, contradicted, phase, phase_since, phase_detail, leased_terminal, set_aside, transaction_id, \
     amount_approved, card_brand, card_masked_pan, card_entry_method) SELECT copy.attempt, copy.id, number, terminal, \
     provider_terminal, store, provider, refunds, expires_at, horizon, cancel_wanted, contradicted, phase, phase_since, \
     phase_detail, leased_terminal, set_aside, transaction_id || n, amount_approved, card_brand, card_masked_pan, \
     card_entry_method FROM copy, (SELECT * FROM attempt LIMIT 1) ORDER BY n",
    // Numbers that the log does not reach.
    "INSERT INTO push (number, till, operation, tries, since, due_at, last_error) SELECT 1000000000000 + n, \
     (SELECT till FROM operation WHERE sequence = 1), id, 3, (SELECT created_at FROM operation WHERE sequence = 1), \
     (SELECT created_at FROM operation WHERE sequence = 1), 'failed: connection refused' FROM copy ORDER BY n",
];

/// What a sale costs whose result is pushed, and what it costs beside a full outbox.
pub(crate) async fn outbox() -> Outcome<Vec<Figure>> {
    let taken = receiver().await?;
    // Nobody listens there any more.
    let refused = TcpListener::bind("127.0.0.1:0").await?.local_addr()?;
    let mut plain = Case::open(None).await?;
    let mut pushed = Case::open(Some(taken)).await?;
    let (mut plain_alone, mut pushed_alone) =
        (Case::open(None).await?.pausing(), Case::open(Some(taken)).await?.pausing());
    let mut empty = Case::open(Some(refused)).await?;
    let mut full = Case::open(Some(refused)).await?;
    full.fill().await?;
    for _ in 0..ROUNDS {
        for case in [&mut plain, &mut pushed, &mut plain_alone, &mut pushed_alone, &mut empty, &mut full] {
            case.measure().await?;
        }
    }
    let (plain_alone, pushed_alone) = (plain_alone.median(), pushed_alone.median());
    let (plain, pushed, empty, full) = (plain.median(), pushed.median(), empty.median(), full.result());
    for (what, median) in [
        ("one sale, not pushed, median", plain),
        ("one sale, pushed and taken, median", pushed),
        ("one sale after a pause, not pushed, median", plain_alone),
        ("one sale after a pause, pushed and taken, median", pushed_alone),
        ("one sale, pushed in vain, median", empty),
        ("one sale beside 10,000 undelivered results, median", full.0),
    ] {
        note(what, &format!("{:.2} ms", milliseconds(median)));
    }
    let ratio = |one: Duration, other: Duration| one.as_secs_f64() / other.as_secs_f64();
    note("a pushed sale right behind another, in sales that are not", &format!("{:.2}", ratio(pushed, plain)));
    Ok(vec![
        Figure::at_most("a pushed sale, in sales that are not", ratio(pushed_alone, plain_alone), 1.1, ""),
        Figure::at_most("a sale beside 10,000 undelivered results", ratio(full.0, empty), 1.1, ""),
        Figure::at_most("ready with 10,000 undelivered results", milliseconds(full.1), 1000.0, " ms"),
    ])
}

/// A shop, and what was measured of it.
struct Case {
    shop: Shop,
    pause: Duration,
    latencies: Vec<Duration>,
    ready_after: Duration,
}

impl Case {
    async fn open(push_to: Option<SocketAddr>) -> Outcome<Self> {
        let shop = Shop::open(1).await?.pushing_to(push_to);
        Ok(Self { shop, pause: Duration::ZERO, latencies: Vec::new(), ready_after: Duration::ZERO })
    }

    fn pausing(self) -> Self {
        Self { pause: PAUSE, ..self }
    }

    /// Sells once, and copies what came of it.
    async fn fill(&mut self) -> Outcome<()> {
        let bridge = self.shop.start(&Disk::AsItIs).await?;
        let sold = Till::connect(self.shop.address, 1).await?.pay("R-1", 39900).await?;
        bridge.process.stop()?;
        if sold.status != 200 {
            return Err(format!("the sale to copy failed: {}", sold.body).into());
        }
        undelivered(&self.shop.database()).await
    }

    /// Sells for a while, on a bridge that is started for it.
    async fn measure(&mut self) -> Outcome<()> {
        let bridge = self.shop.start(&Disk::AsItIs).await?;
        let round = self.latencies.len();
        // Later starts compare what this bench has sold with the provider's list, which has nothing to do with the outbox.
        if round == 0 {
            self.ready_after = bridge.ready_after;
        }
        let pace = Pace { round, pause: self.pause };
        let load = till::rush_at(self.shop.address, 1, RUSH, pace).await?;
        self.latencies.extend(load.latencies);
        bridge.process.stop()
    }

    fn median(mut self) -> Duration {
        quantile(&mut self.latencies, 0.5)
    }

    /// The median sale, and how long the first start took.
    fn result(self) -> (Duration, Duration) {
        let ready_after = self.ready_after;
        (self.median(), ready_after)
    }
}

async fn undelivered(journal: &Path) -> Outcome<()> {
    let mut connection = SqliteConnection::connect(&format!("sqlite://{}", journal.display())).await?;
    for statement in UNDELIVERED {
        sqlx::query(statement).execute(&mut connection).await?;
    }
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut connection).await?;
    Ok(connection.close().await?)
}

/// A till that takes every result at once.
async fn receiver() -> Outcome<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // Whoever breaks off is not answered.
            tokio::spawn(async move { take(stream).await.unwrap_or_default() });
        }
    });
    Ok(address)
}

async fn take(mut stream: TcpStream) -> std::io::Result<()> {
    let mut received = Vec::new();
    while !is_whole(&received) {
        if stream.read_buf(&mut received).await? == 0 {
            return Ok(());
        }
    }
    stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").await
}

fn is_whole(received: &[u8]) -> bool {
    let text = String::from_utf8_lossy(received);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    length.is_some_and(|length| body.len() >= length)
}
