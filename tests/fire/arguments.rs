//! What `cargo test` hands to every test binary, as far as it concerns this one, and what says how much to do.

use std::time::{Duration, Instant};

const USUAL_SEED: u64 = 20_261_120;
/// Options of libtest whose value is the next argument.
const WITH_VALUE: [&str; 6] = ["--test-threads", "--format", "--color", "--logfile", "-Z", "--shuffle-seed"];

/// One way to break the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rig {
    KillLoop,
    CrashPoints,
    Disk,
    Power,
    Network,
    Callbacks,
    Clock,
    Hostile,
    Soak,
}

impl Rig {
    const ALL: [Self; 9] = [
        Self::KillLoop,
        Self::CrashPoints,
        Self::Disk,
        Self::Power,
        Self::Network,
        Self::Callbacks,
        Self::Clock,
        Self::Hostile,
        Self::Soak,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::KillLoop => "kill_loop",
            Self::CrashPoints => "crash_points",
            Self::Disk => "disk",
            Self::Power => "power",
            Self::Network => "network",
            Self::Callbacks => "callbacks",
            Self::Clock => "clock",
            Self::Hostile => "hostile",
            Self::Soak => "soak",
        }
    }
}

/// How much to do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Form {
    pub(crate) seed: u64,
    /// Where a run that was stopped goes on; the progress line names it.
    pub(crate) from: u32,
    /// `None` for as many as the form has of itself.
    pub(crate) cycles: Option<u32>,
    /// Nothing new is begun after it.
    pub(crate) until: Option<Instant>,
    /// Everything is tried, and what must have happened did.
    pub(crate) is_long: bool,
}

impl Form {
    pub(crate) fn is_over(&self) -> bool {
        self.until.is_some_and(|until| Instant::now() >= until)
    }

    /// Nothing of the form is left out, so that everything must have happened.
    pub(crate) fn is_whole(&self) -> bool {
        self.from == 0 && self.until.is_none() && self.cycles.is_none()
    }
}

/// What is wanted.
#[derive(Debug)]
pub(crate) enum Asked {
    Run {
        rigs: Vec<Rig>,
        form: Form,
        /// How many rigs were not meant.
        others: usize,
    },
    List(Vec<Rig>),
}

impl Asked {
    pub(crate) fn read(mut arguments: impl Iterator<Item = String>) -> Self {
        let mut form = Form { seed: USUAL_SEED, from: 0, cycles: None, until: None, is_long: false };
        let (mut list, mut exact, mut only_ignored) = (false, false, false);
        let (mut filters, mut skipped) = (Vec::new(), Vec::new());
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--seed" => form.seed = number(arguments.next()),
                "--from" => form.from = number(arguments.next()),
                "--cycles" => form.cycles = Some(number(arguments.next())),
                "--seconds" => form.until = Some(Instant::now() + Duration::from_secs(number(arguments.next()))),
                "--long" => form.is_long = true,
                "--list" => list = true,
                "--exact" => exact = true,
                "--ignored" => only_ignored = true,
                "--skip" => skipped.extend(arguments.next()),
                option if WITH_VALUE.contains(&option) => drop(arguments.next()),
                option if option.starts_with('-') => {}
                filter => filters.push(filter.to_owned()),
            }
        }
        let fits =
            |rig: &Rig, text: &String| if exact { rig.name() == text } else { rig.name().contains(text.as_str()) };
        let is_meant = |rig: &Rig| {
            let asked = filters.is_empty() || filters.iter().any(|filter| fits(rig, filter));
            asked && !only_ignored && !skipped.iter().any(|text| fits(rig, text))
        };
        let rigs: Vec<Rig> = Rig::ALL.into_iter().filter(is_meant).collect();
        let others = Rig::ALL.len() - rigs.len();
        if list { Self::List(rigs) } else { Self::Run { rigs, form, others } }
    }
}

fn number<T: std::str::FromStr>(text: Option<String>) -> T {
    let number = text.and_then(|text| text.parse().ok());
    number.unwrap_or_else(|| panic!("--seed, --from, --cycles and --seconds want a number"))
}
