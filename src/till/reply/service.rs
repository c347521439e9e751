//! What is told of the bridge itself.

use schemars::JsonSchema;
use serde::Serialize;

/// The bridge lives.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Health {
    /// `ok`.
    status: &'static str,
    /// The program's version.
    version: &'static str,
}

impl Default for Health {
    fn default() -> Self {
        Self { status: "ok", version: env!("CARGO_PKG_VERSION") }
    }
}

/// Whether the bridge can take payments, and why not.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Readiness {
    /// `ready` or `not_ready`.
    status: &'static str,
    /// What stands in the way.
    reasons: Vec<String>,
}

impl Readiness {
    /// Ready unless there are reasons against it.
    #[must_use]
    pub fn new(reasons: Vec<String>) -> Self {
        Self { status: if reasons.is_empty() { "ready" } else { "not_ready" }, reasons }
    }
}
