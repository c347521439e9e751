//! `[sweep]` and `[telemetry]`

use std::time::Duration;

use jiff::SignedDuration;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use super::LOG_VARIABLE;
use super::section::{Section, text};
use super::settings::{LogFormat, Sweep, Telemetry};

pub(super) fn sweep(mut section: Section<'_>) -> Option<Sweep> {
    let interval = section.whole("interval_seconds", 3600, 10..=86_400);
    let window = section.whole("window_hours", 72, 1..=720);
    section.finish();
    Some(Sweep {
        interval: Duration::from_secs(u64::from(interval?)),
        window: SignedDuration::from_hours(i64::from(window?)),
    })
}

/// `above` is the level that the environment gives for this run.
pub(super) fn telemetry(mut section: Section<'_>, above: Option<&str>) -> Option<Telemetry> {
    let formats = [("text", LogFormat::Text), ("json", LogFormat::Json)];
    let format = section.choice("format", Some(LogFormat::Text), &formats);
    let level = section.read("level", Some("info".to_owned()), |value| level(text(value)?));
    let above = above.filter(|text| !text.is_empty()).map(|text| level_of_variable(text, &section));
    section.finish();
    Some(Telemetry { format: format?, level: above.unwrap_or(level)? })
}

fn level_of_variable(text: &str, section: &Section<'_>) -> Option<String> {
    level(text.to_owned()).map_err(|message| section.mistake_elsewhere(LOG_VARIABLE, message)).ok()
}

fn level(text: String) -> Result<String, String> {
    if EnvFilter::try_new(&text).is_ok() && !text.split(',').any(|part| is_mistaken_for_a_target(part.trim())) {
        return Ok(text);
    }
    Err(format!("{text:?} is no level; write error, warn, info, debug or trace"))
}

/// A word that is no level is the name of a module to a filter, and everything else is silent then: `warning` would log
/// nothing at all.
fn is_mistaken_for_a_target(part: &str) -> bool {
    !part.contains(['=', '[']) && !part.is_empty() && part.parse::<LevelFilter>().is_err()
}
