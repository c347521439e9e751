//! Dintero Checkout with its in-person terminals.

mod settings;

pub use settings::{RefundRoute, Settings, StartRule};
