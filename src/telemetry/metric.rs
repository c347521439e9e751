//! The figures that `GET /metrics` shows: their names and meanings, in one place.
//!
//! The inner rooms name them where they count, because they may not know this room; a test keeps both in step.

use std::sync::{Mutex, OnceLock, PoisonError};

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

/// How a figure moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Counter,
    Gauge,
    Seconds,
    Size,
}

/// Every figure: its name, how it moves, and what it means with its labels.
const METRICS: &[(&str, Kind, &str)] = &[
    ("pos_bridge_outcomes_total", Kind::Counter, "Attempts that were decided, by kind and outcome."),
    ("pos_bridge_open_attempts", Kind::Gauge, "Attempts whose record is being read."),
    ("pos_bridge_alarms_total", Kind::Counter, "Alarms that were raised, by kind."),
    ("pos_bridge_alarms_standing", Kind::Gauge, "Alarms that nobody has acknowledged yet, by kind."),
    ("pos_bridge_waiting_tills", Kind::Gauge, "Tills whose call is being held."),
    ("pos_bridge_queued_tills", Kind::Gauge, "Those of them that wait for a terminal, not for a result."),
    ("pos_bridge_http_requests_total", Kind::Counter, "Requests, by route, method and status."),
    ("pos_bridge_http_request_seconds", Kind::Seconds, "Until a request was answered, its wait included, by route."),
    ("pos_bridge_connections_refused_total", Kind::Counter, "Connections for which there was no room, by reason."),
    ("pos_bridge_callbacks_total", Kind::Counter, "Callbacks that came in, by provider and result."),
    ("pos_bridge_provider_calls_total", Kind::Counter, "Calls of a provider, by provider, call and result."),
    ("pos_bridge_provider_call_seconds", Kind::Seconds, "How long a call took, by provider and call."),
    ("pos_bridge_pushes_total", Kind::Counter, "Tries to push a result to its till, by result."),
    ("pos_bridge_pushes_undelivered", Kind::Gauge, "Results whose till did not take them for a day."),
    ("pos_bridge_event_streams", Kind::Gauge, "Tills that follow their results."),
    ("pos_bridge_journal_commits_total", Kind::Counter, "Commits of the journal."),
    ("pos_bridge_journal_commit_seconds", Kind::Seconds, "How long a commit took."),
    ("pos_bridge_journal_queue_seconds", Kind::Seconds, "How long a step waited for the writer."),
    ("pos_bridge_journal_batch_size", Kind::Size, "Steps that one commit took."),
];

/// From a commit on a fast disk to the longest wait of a till, in seconds.
const SECONDS: [f64; 15] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0, 90.0, 300.0];
/// From a lone till to a full batch.
const SIZES: [f64; 8] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0];

static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
static INSTALLING: Mutex<()> = Mutex::new(());

/// The process's recorder, installed by the first call. Whoever owns the process calls
/// [`PrometheusHandle::run_upkeep`] every few seconds, so that durations do not pile up when nobody scrapes.
///
/// # Errors
/// [`BuildError`] when another recorder was installed before.
pub fn recorder() -> Result<&'static PrometheusHandle, BuildError> {
    let _one_at_a_time = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(handle) = HANDLE.get() {
        return Ok(handle);
    }
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
        .set_buckets_for_metric(Matcher::Suffix("_size".to_owned()), &SIZES)?
        .install_recorder()?;
    describe();
    Ok(HANDLE.get_or_init(|| handle))
}

fn describe() {
    for &(name, kind, text) in METRICS {
        match kind {
            Kind::Counter => describe_counter!(name, text),
            Kind::Gauge => describe_gauge!(name, text),
            Kind::Seconds => describe_histogram!(name, Unit::Seconds, text),
            Kind::Size => describe_histogram!(name, text),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    #[test]
    fn the_recorder_is_installed_once_and_shows_what_is_counted() {
        let first = recorder().unwrap();
        let again = recorder().unwrap();
        metrics::counter!("pos_bridge_outcomes_total", "kind" => "sale", "outcome" => "approved").increment(2);
        metrics::histogram!("pos_bridge_journal_commit_seconds").record(0.002);
        for page in [first.render(), again.render()] {
            assert!(page.contains("pos_bridge_outcomes_total{kind=\"sale\",outcome=\"approved\"} 2"), "{page}");
            assert!(page.contains("pos_bridge_journal_commit_seconds_bucket{le=\"0.0025\"} 1"), "{page}");
            assert!(page.contains("# HELP pos_bridge_outcomes_total Attempts that were decided"), "{page}");
        }
    }

    #[test]
    fn what_is_counted_and_what_is_described_are_the_same() {
        let described: BTreeSet<String> = METRICS.iter().map(|(name, ..)| (*name).to_owned()).collect();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut counted = BTreeSet::new();
        for room in ["engine", "http", "journal", "provider"] {
            collect(&source.join(room), &mut counted);
        }
        assert_eq!(counted, described);
    }

    fn collect(folder: &Path, names: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, names);
                continue;
            }
            let text = std::fs::read_to_string(path).unwrap();
            let quoted = text.split('"').filter(|part| part.starts_with("pos_bridge_") && !part.contains([' ', '=']));
            names.extend(quoted.map(str::to_owned));
        }
    }
}
