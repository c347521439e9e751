//! The one HTTP client: making one takes longer than many experiments.

use std::sync::LazyLock;
use std::time::Duration;

use reqwest::Client;

/// What the rig itself must know may take so long on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// No connection outlives its answer, because whoever answered may be killed.
pub(crate) fn client() -> &'static Client {
    static CLIENT: LazyLock<Client> =
        LazyLock::new(|| Client::builder().pool_max_idle_per_host(0).timeout(Duration::from_secs(5)).build().unwrap());
    &CLIENT
}
