//! What a certificate vouches for.

use std::fmt;
use std::net::IpAddr;

/// The names and addresses that a certificate vouches for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// `kasse.local`
    pub names: Vec<String>,
    /// `192.168.1.10`
    pub addresses: Vec<IpAddr>,
}

impl Names {
    /// As texts, names first.
    #[must_use]
    pub fn to_texts(&self) -> Vec<String> {
        self.names.iter().cloned().chain(self.addresses.iter().map(IpAddr::to_string)).collect()
    }
}

impl fmt::Display for Names {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.to_texts().join(", "))
    }
}
