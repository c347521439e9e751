//! What is wrong with a configuration: all of it at once, each with the key, the mistake and the way out.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;

/// A mistake in the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Where: `tills[2].terminal`; lists count from 0.
    pub key: String,
    /// What is wrong and what to do. Never holds a secret.
    pub message: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.key.escape_debug(), self.message)
    }
}

/// Every mistake of a configuration. Nothing starts before all of them are mended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConfigurationErrors(pub Vec<Mistake>);

impl fmt::Display for ConfigurationErrors {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let in_a_list = self.0.iter().any(|mistake| mistake.key.contains('['));
        let counting = if in_a_list { " (lists count from 0: [0] is the first)" } else { "" };
        write!(formatter, "the configuration cannot be used{counting}:")?;
        self.0.iter().try_for_each(|mistake| write!(formatter, "\n  {mistake}"))
    }
}

/// Collects what comes up while a configuration is read.
#[derive(Debug, Default)]
pub(super) struct Findings {
    mistakes: RefCell<Vec<Mistake>>,
    warnings: RefCell<Vec<String>>,
    keys: RefCell<BTreeSet<String>>,
}

impl Findings {
    /// Something is wrong.
    pub(super) fn mistake(&self, key: impl Into<String>, message: impl Into<String>) {
        self.mistakes.borrow_mut().push(Mistake { key: key.into(), message: message.into() });
    }

    /// Something is unwise.
    pub(super) fn warning(&self, key: &str, message: &str) {
        self.warnings.borrow_mut().push(format!("{key}: {message}"));
    }

    /// There is a key of this name.
    pub(super) fn key(&self, key: String) {
        self.keys.borrow_mut().insert(key);
    }

    /// Everything that came up: mistakes, warnings, and the keys that exist.
    pub(super) fn into_parts(self) -> (Vec<Mistake>, Vec<String>, BTreeSet<String>) {
        (self.mistakes.into_inner(), self.warnings.into_inner(), self.keys.into_inner())
    }
}
