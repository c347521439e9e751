//! Plays one schedule from its first event until everything has come to rest, through as many processes as it takes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use pos_bridge::domain::attempt::{Attempt, Kind, OperatorVerdict, Resolution};
use pos_bridge::domain::identifiers::{AttemptReference, Reference};
use pos_bridge::domain::money::{Amount, Currency, Money};
use pos_bridge::domain::operation::{Operation, ProviderName};
use pos_bridge::domain::request::{Details, Naming, Original, RefundRequest, SaleRequest};
use pos_bridge::engine::{Engine, Patience};
use pos_bridge::ports::{Callback, Subject};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use ulid::Ulid;

use crate::audit;
use crate::bug::Bug;
use crate::cloud::Cloud;
use crate::journal::{Disk, MemoryJournal};
use crate::schedule::{Event, What};
use crate::shop::{process, tills};
use crate::time::Time;

/// From the last event until everything is decided or given up: a session's life, its horizon, the second empty look,
/// and the sweep behind it.
const REST: Duration = Duration::from_secs(25 * 60);

/// Everything that was ever told to a till.
pub(crate) type Said = Arc<Mutex<Vec<Operation>>>;

/// How a schedule went.
pub(crate) struct Played {
    pub(crate) wrongs: Vec<String>,
    pub(crate) hits: BTreeMap<&'static str, u64>,
    /// The same for the same schedule, always.
    pub(crate) digest: u64,
}

struct World {
    time: Time,
    disk: Disk,
    cloud: Cloud,
    said: Said,
    delay: Duration,
    bug: Option<Bug>,
}

impl World {
    /// The last copy of the journal is put in place of the one that is lost, and with it all that tills were told since.
    fn restore(&self) {
        self.disk.restore();
        let pages = self.disk.pages();
        self.said.lock().unwrap().retain(|told| pages.still_tells(told));
        drop(pages);
        self.cloud.lose_what_is_not_on_disk();
    }
}

/// How a process ended.
enum End {
    Crashed,
    Stopped,
    DiskLost,
    Rest,
}

pub(crate) fn play(seed: u64, events: &[Event], bug: Option<Bug>) -> Played {
    let (time, disk) = (Time::new(seed), Disk::default());
    let cloud = Cloud::new(seed, time.clone(), disk.clone(), bug);
    let delay = Duration::from_millis(seed % 4);
    let world = World { time, disk, cloud, said: Said::default(), delay, bug };
    let mut left = events;
    let mut hits = BTreeMap::new();
    loop {
        let runtime = runtime(seed);
        let end = runtime.block_on(async {
            world.time.start();
            let end = live(&world, &mut left, &mut hits).await;
            world.time.stop();
            end
        });
        // Whatever is under way in it ends here, as with `kill -9`.
        drop(runtime);
        match end {
            End::Crashed | End::Stopped => {}
            End::DiskLost => world.restore(),
            End::Rest => break,
        }
    }
    let mut wrongs =
        audit::audit(&world.disk.pages(), &world.cloud.books(), world.time.now(), &world.said.lock().unwrap());
    let books = world.cloud.books();
    wrongs.extend(books.wrongs.iter().cloned());
    for (what, count) in &books.hits {
        *hits.entry(*what).or_default() += count;
    }
    audit::outcomes(&world.disk.pages(), &mut hits);
    Played { wrongs, hits, digest: audit::digest(&world.disk.pages(), &world.said.lock().unwrap()) }
}

/// Where the build allows it, tokio's own chance comes from the seed too: whom it wakes first of several who wait for the
/// same.
fn runtime(_seed: u64) -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    #[cfg(tokio_unstable)]
    builder.rng_seed(tokio::runtime::RngSeed::from_bytes(&_seed.to_le_bytes()));
    builder.enable_time().start_paused(true).build().unwrap()
}

async fn live(world: &World, left: &mut &[Event], hits: &mut BTreeMap<&'static str, u64>) -> End {
    let journal = MemoryJournal::new(world.disk.clone(), world.delay, world.bug);
    let engine = process(journal, &world.cloud, &world.time);
    if engine.recover().await.is_err() {
        // It does not start on a full disk; somebody makes room.
        world.disk.fill(false);
        return End::Crashed;
    }
    while let Some((event, rest)) = left.split_first() {
        sleep(event.pause).await;
        *left = rest;
        *hits.entry(event.what.name()).or_default() += 1;
        match &event.what {
            What::Crash => return End::Crashed,
            What::Stop => {
                engine.stop().await;
                return End::Stopped;
            }
            What::Restore => return End::DiskLost,
            what => perform(world, &engine, what),
        }
    }
    world.disk.fill(false);
    world.cloud.books().calm = true;
    sleep(REST).await;
    End::Rest
}

/// Starts what happens; nobody waits for its end.
fn perform(world: &World, engine: &Engine, what: &What) {
    match what.clone() {
        What::ClockJump { milliseconds } => world.time.jump(milliseconds),
        What::DiskFull { full } => world.disk.fill(full),
        What::BackUp => world.disk.back_up(),
        What::CallBack { about, known, times } => {
            let callback = callback(world, about, known);
            let engine = engine.clone();
            tokio::spawn(async move {
                for _ in 0..times {
                    let _ = engine.called_back(callback.clone()).await;
                }
            });
        }
        What::Operator => drop(tokio::spawn(operate(engine.clone(), world.cloud.clone(), world.time.clone()))),
        What::Refund { till, tills, number, sale, amount } => {
            for till in (till..till + tills).map(|till| till % 3) {
                let call = What::Refund { till, tills: 1, number, sale, amount };
                drop(tokio::spawn(ask(engine.clone(), call, world.said.clone())));
            }
        }
        call => drop(tokio::spawn(ask(engine.clone(), call, world.said.clone()))),
    }
}

fn callback(world: &World, about: usize, known: bool) -> Callback {
    let pages = world.disk.pages();
    let attempts: Vec<&Attempt> = pages.runs().map(|(_, _, run)| &run.attempt).collect();
    let attempt = attempts.get(about % attempts.len().max(1)).filter(|_| known);
    let provider = world.cloud.provider().name();
    let subject = match (provider, attempt) {
        // Dojo's tell of a payment, whichever attempt it is of.
        (ProviderName::Dojo, Some(attempt)) => {
            attempt.preparation.as_ref().map(|prepared| Subject::Payment(prepared.payment.clone()))
        }
        (ProviderName::Dintero, Some(attempt)) => Some(Subject::Attempt(attempt.order.reference)),
        (_, None) => {
            let nobodys = Ulid::from_parts(7, about.try_into().unwrap());
            Some(Subject::Attempt(AttemptReference::new(nobodys)))
        }
    };
    Callback {
        provider,
        delivery: format!("{subject:?}-{}", world.time.now() / 60_000),
        about: subject,
        query: String::new(),
        received_at: Timestamp::from_millisecond(world.time.now()).unwrap(),
    }
}

/// A person with the terminal's receipts.
async fn operate(engine: Engine, cloud: Cloud, time: Time) {
    for alarm in engine.alarms().await.unwrap_or_default() {
        if let Some(id) = alarm.operation
            && let Ok((operation, _)) = engine.history(id).await
        {
            let reference = operation.attempt.order.reference;
            let taken = cloud.books().moved_money(reference, time.now());
            let verdict = if taken { OperatorVerdict::Approved } else { OperatorVerdict::NotTaken };
            let resolution = Resolution { verdict, by: "Kari".to_owned(), reason: "receipt".to_owned() };
            let _ = engine.resolve(id, resolution).await;
        }
        let _ = engine.acknowledge_alarm(alarm.id, "Kari").await;
    }
}

fn reference(kind: &str, number: usize) -> Reference {
    Reference::new(format!("{kind}-{number}")).unwrap()
}

fn nok(minor: i64) -> Money {
    Money { amount: Amount::new(minor).unwrap(), currency: Currency::from_code("NOK").unwrap() }
}

/// A till calls, and hears what it is told.
async fn ask(engine: Engine, call: What, said: Said) {
    let tell = |operation: &Operation| {
        said.lock().unwrap().push(operation.clone());
        engine.told(operation);
    };
    let tills = tills();
    match call {
        What::Pay { till, number, amount, wait, hangs_up_after } => {
            let gone = CancellationToken::new();
            let paying = async {
                let naming = Naming::Reference(reference("R", number));
                let request = SaleRequest { naming, money: nok(amount), terminal: None, details: Details::default() };
                let progress =
                    engine.pay(&tills[till], request, Patience::starting_now(wait, gone.clone())).await.ok()?;
                engine.settled(&progress.operation, progress.waiting, wait).await.ok()
            };
            let told = match hangs_up_after {
                Some(patience) => timeout(patience, paying).await.ok().flatten(),
                None => paying.await,
            };
            if let Some(operation) = told {
                tell(&operation);
            }
        }
        What::Refund { till, number, sale, amount, .. } => {
            let request = RefundRequest {
                naming: Naming::Reference(reference("B", number)),
                original: Original::Reference {
                    reference: reference("R", sale),
                    till: Some(tills[sale % 2].id.clone()),
                },
                amount: amount.map(|minor| Amount::new(minor).unwrap()),
                currency: None,
                terminal: None,
                details: Details::default(),
            };
            let wait = Duration::from_secs(30);
            let patience = Patience::starting_now(wait, CancellationToken::new());
            if let Ok(progress) = engine.refund(&tills[till], request, patience).await
                && let Ok(operation) = engine.settled(&progress.operation, progress.waiting, wait).await
            {
                tell(&operation);
            }
        }
        What::CancelSale { till, number } => {
            let _ = engine.cancel(&tills[till], Kind::Sale, &reference("R", number)).await;
        }
        What::CancelRefund { till, number } => {
            let _ = engine.cancel(&tills[till], Kind::Refund, &reference("B", number)).await;
        }
        What::Ask { till, number } => {
            if let Ok(operation) = engine.find(&tills[till], Kind::Sale, &reference("R", number)).await {
                tell(&operation);
            }
        }
        What::Book { till, number } => {
            let _ = engine.acknowledge(&tills[till], Kind::Sale, &reference("R", number)).await;
        }
        _ => {}
    }
}
