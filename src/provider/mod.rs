//! The cloud APIs that drive terminals. `client` makes one exchange with any of them, `clock` knows their time, `record` and
//! `list` read what they hold.

mod client;
mod clock;
pub mod dintero;
pub mod dojo;
mod list;
mod record;

/// Why a provider cannot be called at all with its settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// An address that would carry credentials in the clear.
    #[error("[{section}] {key} = {url:?} must be an https address (http is for a simulator on this machine only)")]
    Url {
        /// Whose section of the configuration.
        section: &'static str,
        /// Which setting.
        key: &'static str,
        /// What it says.
        url: String,
    },
    /// A setting that cannot stand in a request.
    #[error("[{section}] {key} holds characters that no request can carry; copy it anew")]
    Header {
        /// Whose section of the configuration.
        section: &'static str,
        /// Which setting.
        key: &'static str,
    },
    /// The machine's certificates or the TLS library cannot be used.
    #[error("no encrypted connections can be made on this machine ({0}); install its CA certificates")]
    Client(String),
}
