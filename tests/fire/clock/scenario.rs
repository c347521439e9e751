//! How the machine's clock is wrong, and when.

use std::fmt;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::dice::Dice;
use crate::shop::Shop;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
const LIBRARY: &str = "faketime/libfaketimeMT.so.1";
/// Seconds before the clocks of Oslo and London change, when the machine's clock jumps there.
const BEFORE_CHANGE: i64 = 2;
/// The program does nothing so long while the machine sleeps; the rest of the night is a jump.
const SLEEP: std::time::Duration = std::time::Duration::from_millis(400);
/// What a log line may lie behind.
const TOLERANCE: SignedDuration = SignedDuration::from_secs(120);

/// Where the clock jumps to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Jump {
    By(i64),
    /// Just before this moment, which passes while the tills work.
    Before(&'static str),
}

impl Jump {
    const ALL: [Self; 11] = [
        Self::By(HOUR),
        Self::By(-HOUR),
        Self::By(DAY),
        Self::By(-DAY),
        Self::By(400 * DAY),
        Self::By(-400 * DAY),
        Self::By(3_653 * DAY),
        Self::By(-3_653 * DAY),
        Self::By(-90),
        // Summer time begins, and ends.
        Self::Before("2027-03-28T01:00:00Z"),
        Self::Before("2026-10-25T01:00:00Z"),
    ];

    fn seconds(self) -> i64 {
        match self {
            Self::By(seconds) => seconds,
            Self::Before(moment) => {
                let moment: Timestamp = moment.parse().unwrap();
                moment.as_second() - Timestamp::now().as_second() - BEFORE_CHANGE
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    /// Right, and from the middle of the day on wrong.
    Jumps,
    /// Wrong from the start, and put right in the middle of the day.
    Corrected,
    /// Killed in the middle of the day, and started again with a wrong clock.
    Restarted,
    /// The machine sleeps in the middle of the day.
    Sleeps,
    /// Another time before everything that a till does.
    Wild,
}

impl Way {
    pub(super) const ALL: [Self; 5] = [Self::Jumps, Self::Corrected, Self::Restarted, Self::Sleeps, Self::Wild];
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Scenario {
    pub(super) way: Way,
    jump: Jump,
}

impl fmt::Display for Scenario {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(text, "{:?}, {:?}", self.way, self.jump)
    }
}

impl Scenario {
    /// A day with a clock that is right.
    pub(super) const NONE: Self = Self { way: Way::Jumps, jump: Jump::By(0) };

    pub(super) fn all() -> Vec<Self> {
        Way::ALL.into_iter().flat_map(|way| Jump::ALL.map(|jump| Self { way, jump })).collect()
    }

    pub(super) fn opens(self, machine: &Machine, shop: &mut Shop) {
        let begins_wrong = self.way == Way::Corrected;
        machine.set(if begins_wrong { self.jump.seconds() } else { 0 });
        machine.govern(shop);
    }

    /// Before each thing that a till does.
    pub(super) fn goes_on(self, machine: &Machine, dice: &mut Dice) {
        if self.way == Way::Wild {
            machine.set(dice.pick(&Jump::ALL).unwrap().seconds());
        }
    }

    /// In the middle of the day.
    pub(super) async fn turns(self, machine: &Machine, shop: &mut Shop) {
        match self.way {
            Way::Jumps => machine.set(self.jump.seconds()),
            Way::Corrected => machine.set(0),
            Way::Restarted => {
                shop.kill();
                machine.set(self.jump.seconds());
                shop.spawn(false);
            }
            Way::Sleeps => {
                let id = Pid::from_raw(i32::try_from(shop.id()).unwrap()).unwrap();
                kill_process(id, Signal::STOP).unwrap();
                tokio::time::sleep(SLEEP).await;
                machine.set(self.jump.seconds());
                kill_process(id, Signal::CONT).unwrap();
            }
            Way::Wild => {}
        }
    }
}

/// What the bridge takes for the machine's clock: `libfaketime` reads it from a file. The time since the machine was started
/// is not touched: no clock that is set moves that.
pub(super) struct Machine {
    folder: TempDir,
    library: PathBuf,
}

impl Machine {
    /// Where the library is, on a machine that has it.
    pub(super) fn library() -> Option<PathBuf> {
        let folders = std::fs::read_dir("/usr/lib").ok()?.map_while(Result::ok);
        folders.map(|folder| folder.path().join(LIBRARY)).find(|library| library.exists())
    }

    pub(super) fn new(library: &Path) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), library: library.to_owned() }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("offset")
    }

    fn set(&self, seconds: i64) {
        let new = self.folder.path().join("new");
        std::fs::write(&new, format!("{seconds:+}")).unwrap();
        // A file that is half written is no time.
        std::fs::rename(new, self.file()).unwrap();
    }

    fn govern(&self, shop: &mut Shop) {
        let file = self.file();
        let settings = [
            ("LD_PRELOAD", self.library.as_os_str()),
            ("FAKETIME_TIMESTAMP_FILE", file.as_os_str()),
            ("FAKETIME_NO_CACHE", "1".as_ref()),
            ("DONT_FAKE_MONOTONIC", "1".as_ref()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".as_ref()),
            ("TZ", "Europe/Oslo".as_ref()),
            // A busy machine must not decide anything either.
            ("POS_BRIDGE__DINTERO__SESSION_TTL_SECONDS", "300".as_ref()),
            ("POS_BRIDGE__DINTERO__REQUEST_TIMEOUT_MS", "5000".as_ref()),
            ("POS_BRIDGE__DOJO__REQUEST_TIMEOUT_MS", "5000".as_ref()),
        ];
        shop.environment = settings.map(|(name, value)| (name, value.to_owned())).to_vec();
    }

    /// Whether the bridge took this for the time; else nothing was tried.
    pub(super) fn is_believed_by(&self, shop: &Shop) -> bool {
        let offset: i64 = std::fs::read_to_string(self.file()).unwrap().parse().unwrap();
        let expected = Timestamp::now() + SignedDuration::from_secs(offset);
        shop.last_stamp().is_some_and(|stamp| stamp.duration_since(expected).abs() < TOLERANCE)
    }
}
