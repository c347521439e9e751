//! Who and what the configuration knows: shops, terminals and tills.

use std::net::IpAddr;

use super::identifiers::{ProviderTerminalId, StoreId, TerminalName, TillId};
use super::money::Currency;
use super::operation::{OnRepeat, ProviderName};

/// The longest that a till may wait for a result, in seconds.
pub const WAIT_SECONDS_MAX: u32 = 300;

/// Everything that is known by name. Built once from the configuration, which checks that every name resolves.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    /// The shops.
    pub stores: Vec<Store>,
    /// The terminals.
    pub terminals: Vec<Terminal>,
    /// The tills.
    pub tills: Vec<Till>,
}

/// A shop.
#[derive(Debug, Clone)]
pub struct Store {
    /// The id that the merchant gave it at the provider.
    pub id: StoreId,
    /// Where its money goes, by the provider's id.
    pub payout_destination_id: String,
    /// What its tills pay in when they do not say.
    pub currency: Currency,
    /// Where its business day begins and ends (an IANA name).
    pub time_zone: String,
}

/// A card terminal.
#[derive(Debug, Clone)]
pub struct Terminal {
    /// Its local name.
    pub name: TerminalName,
    /// The service that drives it.
    pub provider: ProviderName,
    /// The shop that it stands in.
    pub store: StoreId,
    /// The provider's id for it.
    pub terminal_id: ProviderTerminalId,
}

/// A cash register and its profile.
#[derive(Debug, Clone)]
pub struct Till {
    /// Its id.
    pub id: TillId,
    /// The terminal that it uses when it does not say.
    pub terminal: TerminalName,
    /// The terminals that it may name; all of its shop when empty.
    pub terminals: Vec<TerminalName>,
    /// How it shows who it is.
    pub credentials: Credentials,
    /// How long a call is held when the till does not say, in seconds.
    pub wait_seconds: u32,
    /// The longest that it may ask for, in seconds.
    pub wait_seconds_max: u32,
    /// What a repeated reference means after a result that took no money.
    pub on_repeat: OnRepeat,
    /// It may refund the sales of other tills.
    pub may_refund_others: bool,
    /// The language of its cashiers.
    pub language: Language,
}

/// How a till shows who it is; at least one of the two is present.
#[derive(Debug, Clone, Default)]
pub struct Credentials {
    /// The SHA-256 of its key.
    pub key_sha256: Option<[u8; 32]>,
    /// The addresses from which it needs no key.
    pub trusted_addresses: Vec<IpAddr>,
}

/// The language of a cashier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Norwegian Bokmål.
    Norwegian,
    /// Swedish.
    Swedish,
    /// Danish.
    Danish,
}

impl Directory {
    /// The shop with this id.
    #[must_use]
    pub fn store(&self, id: &StoreId) -> Option<&Store> {
        self.stores.iter().find(|store| store.id == *id)
    }

    /// The terminal with this local name.
    #[must_use]
    pub fn terminal(&self, name: &TerminalName) -> Option<&Terminal> {
        self.terminals.iter().find(|terminal| terminal.name == *name)
    }

    /// The till with this id.
    #[must_use]
    pub fn till(&self, id: &TillId) -> Option<&Till> {
        self.tills.iter().find(|till| till.id == *id)
    }

    /// The terminals that a till may use: those that its profile names, else all of the shop of its own one.
    pub fn terminals_of<'a>(&'a self, till: &'a Till) -> impl Iterator<Item = &'a Terminal> {
        let own_store = self.terminal(&till.terminal).map(|terminal| &terminal.store);
        self.terminals.iter().filter(move |terminal| {
            terminal.name == till.terminal
                || if till.terminals.is_empty() {
                    Some(&terminal.store) == own_store
                } else {
                    till.terminals.contains(&terminal.name)
                }
        })
    }
}
