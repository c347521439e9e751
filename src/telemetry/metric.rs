//! The figures that `GET /metrics` shows: their names and meanings, in one place.

use std::sync::{Mutex, OnceLock, PoisonError};

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

/// Operations that reached a final outcome. Labels: `kind` (`sale`, `refund`), `status`.
pub const OPERATIONS: &str = "pos_bridge_operations_total";
/// Seconds from a till's question to a final outcome. Labels: `kind`.
pub const OPERATION_SECONDS: &str = "pos_bridge_operation_seconds";
/// Attempts that are under way or not proven.
pub const LIVE_ATTEMPTS: &str = "pos_bridge_live_attempts";
/// Alarms that nobody has seen to.
pub const OPEN_ALARMS: &str = "pos_bridge_open_alarms";
/// Alarms that were raised. Labels: `alarm`.
pub const ALARMS: &str = "pos_bridge_alarms_total";
/// Calls of a provider. Labels: `provider`, `call`, `answer` (`yes`, `no`, `not_sent`, `unknown`, `read`, `unreadable`).
pub const PROVIDER_CALLS: &str = "pos_bridge_provider_calls_total";
/// Seconds that a call of a provider took. Labels: `provider`, `call`.
pub const PROVIDER_CALL_SECONDS: &str = "pos_bridge_provider_call_seconds";
/// Callbacks that came in. Labels: `provider`, `result` (`kept`, `ask_again`, `ignored`, `not_genuine`).
pub const CALLBACKS: &str = "pos_bridge_callbacks_total";
/// Requests of tills. Labels: `route`, `status` (the HTTP status).
pub const REQUESTS: &str = "pos_bridge_requests_total";
/// Seconds until a request of a till was answered, its wait included. Labels: `route`.
pub const REQUEST_SECONDS: &str = "pos_bridge_request_seconds";
/// Seconds that a commit of the journal took.
pub const COMMIT_SECONDS: &str = "pos_bridge_commit_seconds";

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

fn describe() {
    describe_counter!(OPERATIONS, "Operations that reached a final outcome, by kind and status.");
    describe_histogram!(OPERATION_SECONDS, Unit::Seconds, "From the till's question to a final outcome, by kind.");
    describe_gauge!(LIVE_ATTEMPTS, "Attempts that are under way or not proven.");
    describe_gauge!(OPEN_ALARMS, "Alarms that nobody has seen to.");
    describe_counter!(ALARMS, "Alarms that were raised, by alarm.");
    describe_counter!(PROVIDER_CALLS, "Calls of a provider, by provider, call and answer.");
    describe_histogram!(PROVIDER_CALL_SECONDS, Unit::Seconds, "How long a call took, by provider and call.");
    describe_counter!(CALLBACKS, "Callbacks that came in, by provider and result.");
    describe_counter!(REQUESTS, "Requests of tills, by route and HTTP status.");
    describe_histogram!(REQUEST_SECONDS, Unit::Seconds, "Until a request was answered, its wait included, by route.");
    describe_histogram!(COMMIT_SECONDS, Unit::Seconds, "How long a commit of the journal took.");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_recorder_is_installed_once_and_shows_what_is_counted() {
        let first = recorder().unwrap();
        let again = recorder().unwrap();
        metrics::counter!(OPERATIONS, "kind" => "sale", "status" => "approved").increment(2);
        metrics::histogram!(COMMIT_SECONDS).record(0.002);
        for page in [first.render(), again.render()] {
            assert!(page.contains("pos_bridge_operations_total{kind=\"sale\",status=\"approved\"} 2"), "{page}");
            assert!(page.contains("pos_bridge_commit_seconds_bucket{le=\"0.0025\"} 1"), "{page}");
            assert!(page.contains("# HELP pos_bridge_operations_total Operations that reached"), "{page}");
        }
    }
}
