//! The figures that `GET /metrics` shows: their names and meanings, in one place.

use std::sync::{Mutex, OnceLock, PoisonError};

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

/// From a commit on a fast disk to the longest wait of a till, in seconds.
const BUCKETS: [f64; 15] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0, 90.0, 300.0];

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
    let seconds = Matcher::Suffix("_seconds".to_owned());
    let handle = PrometheusBuilder::new().set_buckets_for_metric(seconds, &BUCKETS)?.install_recorder()?;
    describe();
    Ok(HANDLE.get_or_init(|| handle))
}

/// What the figures mean. Each is counted where it happens.
fn describe() {
    describe_counter!("pos_bridge_outcomes_total", "Attempts that reached a final outcome, by kind and outcome.");
    describe_counter!("pos_bridge_alarms_total", "Alarms that were raised, by kind.");
    describe_gauge!("pos_bridge_open_attempts", "Attempts that are under way or not proven.");
    describe_gauge!("pos_bridge_waiting_tills", "Calls of tills that are held until there is a result.");
    describe_counter!("pos_bridge_provider_calls_total", "Calls of a provider, by provider, call and result.");
    describe_histogram!("pos_bridge_provider_call_seconds", Unit::Seconds, "How long a call of a provider took.");
    describe_counter!("pos_bridge_http_requests_total", "Requests, by route, method and HTTP status.");
    describe_histogram!(
        "pos_bridge_http_request_duration_seconds",
        Unit::Seconds,
        "Until a request was answered, its wait included."
    );
    describe_counter!("pos_bridge_journal_commits_total", "Commits of the journal.");
    describe_histogram!("pos_bridge_journal_commit_seconds", Unit::Seconds, "How long a commit of the journal took.");
    describe_histogram!("pos_bridge_journal_queue_seconds", Unit::Seconds, "How long a step waited for its commit.");
    describe_histogram!("pos_bridge_journal_batch_size", "Steps that were committed together.");
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
            assert!(page.contains("# HELP pos_bridge_outcomes_total Attempts that reached"), "{page}");
        }
    }

    #[test]
    fn what_is_counted_is_described_and_what_is_described_is_counted() {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut counted = BTreeSet::new();
        for file in files_below(&source).iter().filter(|file| !file.ends_with("telemetry/metric.rs")) {
            counted.extend(names_in(&std::fs::read_to_string(file).unwrap()));
        }
        let (described, _) = include_str!("metric.rs").split_once("mod tests").unwrap();
        assert_eq!(counted, names_in(described));
    }

    /// Every `"pos_bridge_…"` in a source.
    fn names_in(source: &str) -> BTreeSet<String> {
        let literals = source.split('"').skip(1).filter(|text| text.starts_with("pos_bridge_"));
        literals.filter(|text| text.chars().all(|c| c.is_ascii_lowercase() || c == '_')).map(str::to_owned).collect()
    }

    fn files_below(folder: &Path) -> Vec<std::path::PathBuf> {
        let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        paths.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
    }
}
