//! What happens, and when: the tills' calls, callbacks, crashes, a clock that jumps, a full disk, a backup that is put back. All
//! of it from the seed.

use std::time::Duration;

use crate::dice::Dice;

/// One thing that happens, so long after the one before.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) pause: Duration,
    pub(crate) what: What,
}

#[derive(Debug, Clone)]
pub(crate) enum What {
    Pay {
        till: usize,
        number: usize,
        amount: i64,
        wait: Duration,
        hangs_up_after: Option<Duration>,
    },
    /// So many tills ask at once, from this one on, for money of the same sale.
    Refund {
        till: usize,
        tills: usize,
        number: usize,
        sale: usize,
        amount: Option<i64>,
    },
    CancelSale {
        till: usize,
        number: usize,
    },
    CancelRefund {
        till: usize,
        number: usize,
    },
    Ask {
        till: usize,
        number: usize,
    },
    Book {
        till: usize,
        number: usize,
    },
    /// A callback about one of the attempts, or about none that is known, delivered so often.
    CallBack {
        about: usize,
        known: bool,
        times: usize,
    },
    /// A person decides whatever waits for one, and sees to every alarm.
    Operator,
    ClockJump {
        milliseconds: i64,
    },
    DiskFull {
        full: bool,
    },
    /// Pulls the plug; the process starts again after the next pause.
    Crash,
    /// The process is told to stop, and started again.
    Stop,
    /// A copy of the journal is made.
    BackUp,
    /// The disk is lost, and the last copy is put in its place; an empty one where there is none.
    Restore,
}

impl What {
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Pay { hangs_up_after: Some(_), .. } => "pay and hang up",
            Self::Pay { .. } => "pay",
            Self::Refund { .. } => "refund",
            Self::CancelSale { .. } => "cancel a sale",
            Self::CancelRefund { .. } => "cancel a refund",
            Self::Ask { .. } => "ask",
            Self::Book { .. } => "book",
            Self::CallBack { known: true, .. } => "callback",
            Self::CallBack { .. } => "callback about nothing",
            Self::Operator => "operator",
            Self::ClockJump { .. } => "clock jump",
            Self::DiskFull { full: true } => "disk full",
            Self::DiskFull { .. } => "disk has room",
            Self::Crash => "crash",
            Self::Stop => "stop",
            Self::BackUp => "backup",
            Self::Restore => "restore",
        }
    }
}

/// So many events. What was lost with a disk excuses some of what goes wrong, so most shops never lose one.
pub(crate) fn schedule(seed: u64, length: usize) -> Vec<Event> {
    let mut dice = Dice::new(seed, 1);
    let loses_disks = Dice::new(seed, 6).percent(25);
    let mut event = || Event {
        pause: pause(&mut dice),
        what: if loses_disks && dice.percent(8) { backup(&mut dice) } else { what(&mut dice) },
    };
    (0..length).map(|_| event()).collect()
}

fn backup(dice: &mut Dice) -> What {
    if dice.percent(60) { What::BackUp } else { What::Restore }
}

/// Mostly close together, now and then after everything has run out.
fn pause(dice: &mut Dice) -> Duration {
    match dice.below(100) {
        0..60 => dice.milliseconds(0, 800),
        60..90 => dice.milliseconds(1_000, 20_000),
        90..98 => dice.milliseconds(20_000, 120_000),
        _ => dice.milliseconds(300_000, 900_000),
    }
}

fn what(dice: &mut Dice) -> What {
    let (till, number) = (dice.below(3), dice.below(4));
    match dice.below(100) {
        0..32 => What::Pay {
            till,
            number,
            amount: if dice.percent(95) { 10_000 } else { 20_000 },
            wait: *dice.pick(&[Duration::ZERO, Duration::from_secs(5), Duration::from_secs(45)]).unwrap(),
            hangs_up_after: dice.percent(20).then(|| dice.milliseconds(0, 3_000)),
        },
        32..47 => What::Refund {
            till,
            tills: dice.below(3) + 1,
            number,
            sale: dice.below(4),
            amount: *dice.pick(&[None, Some(4_000), Some(4_000), Some(7_000)]).unwrap(),
        },
        47..55 => What::CancelSale { till, number },
        55..58 => What::CancelRefund { till, number },
        58..68 => What::Ask { till, number },
        68..71 => What::Book { till, number },
        71..80 => What::CallBack { about: dice.below(8), known: dice.percent(80), times: dice.below(3) + 1 },
        80..84 => What::Operator,
        84..87 => What::ClockJump { milliseconds: dice.between(-86_400_000 * 400, 86_400_000 * 400) },
        87..89 => What::DiskFull { full: true },
        89..93 => What::DiskFull { full: false },
        93..98 => What::Crash,
        _ => What::Stop,
    }
}
