//! What is told of the bridge itself.

use serde::Serialize;

/// The bridge lives.
#[derive(Debug, Clone, Serialize)]
pub struct Health {
    status: &'static str,
    version: &'static str,
}

impl Default for Health {
    fn default() -> Self {
        Self { status: "ok", version: env!("CARGO_PKG_VERSION") }
    }
}

/// Whether the bridge can take payments, and why not.
#[derive(Debug, Clone, Serialize)]
pub struct Readiness {
    status: &'static str,
    reasons: Vec<String>,
}

impl Readiness {
    /// Ready unless there are reasons against it.
    #[must_use]
    pub fn new(reasons: Vec<String>) -> Self {
        Self { status: if reasons.is_empty() { "ready" } else { "not_ready" }, reasons }
    }
}
