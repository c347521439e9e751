//! What `cargo test` hands to every test binary, as far as it concerns this one.

/// The one test in here.
pub(crate) const NAME: &str = "kill_loop";

const SHORT_CYCLES: u32 = 12;
const USUAL_SEED: u64 = 20_261_120;
/// Options of libtest whose value is the next argument.
const WITH_VALUE: [&str; 6] = ["--test-threads", "--format", "--color", "--logfile", "-Z", "--shuffle-seed"];

/// How much to do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Form {
    pub(crate) cycles: u32,
    pub(crate) seed: u64,
    /// Long enough that everything must have happened at least once.
    pub(crate) is_long: bool,
}

/// What is wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Asked {
    Run(Form),
    List,
    /// Another test is meant.
    Nothing,
}

impl Asked {
    pub(crate) fn read(mut arguments: impl Iterator<Item = String>) -> Self {
        let mut form = Form { cycles: SHORT_CYCLES, seed: USUAL_SEED, is_long: false };
        let (mut list, mut exact, mut skipped) = (false, false, false);
        let mut filters = Vec::new();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--cycles" => {
                    form.cycles = number(arguments.next());
                    form.is_long = form.cycles >= 100;
                }
                "--seed" => form.seed = number(arguments.next()),
                "--list" => list = true,
                "--exact" => exact = true,
                "--ignored" => skipped = true,
                "--skip" => skipped |= arguments.next().is_some_and(|text| NAME.contains(&text)),
                option if WITH_VALUE.contains(&option) => drop(arguments.next()),
                option if option.starts_with('-') => {}
                filter => filters.push(filter.to_owned()),
            }
        }
        let matches = |filter: &String| if exact { NAME == filter } else { NAME.contains(filter.as_str()) };
        match (skipped || !(filters.is_empty() || filters.iter().any(matches)), list) {
            (true, _) => Self::Nothing,
            (false, true) => Self::List,
            (false, false) => Self::Run(form),
        }
    }
}

fn number<T: std::str::FromStr>(text: Option<String>) -> T {
    text.and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("--cycles and --seed want a number"))
}
