//! Who and what the configuration knows: shops, terminals and tills.

use std::net::IpAddr;

use secrecy::SecretSlice;
use url::Url;

use super::identifiers::{ProviderTerminalId, StoreId, TerminalName, TillId};
use super::money::Currency;
use super::operation::ProviderName;
use super::repeat::OnRepeat;

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
    /// Where its money goes, by Dintero's id; empty where none of its terminals is driven by Dintero.
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
    /// The customer may add to the amount there: a tip, cash back.
    pub tips: bool,
    /// It gives money back without a sale.
    pub unlinked_refund: bool,
}

impl Terminal {
    /// The terminal itself, whatever it is called here ([`ProviderName::device`]).
    #[must_use]
    pub fn device(&self) -> String {
        self.provider.device(&self.terminal_id)
    }
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
    /// How it talks, and what it may do.
    pub profile: Profile,
}

/// How a till talks, and what it may do. The default is a modern till without limits.
#[derive(Debug, Clone)]
pub struct Profile {
    /// The language of its bodies, unless a request says otherwise.
    pub dialect: Dialect,
    /// The code page of its bodies, unless a request says otherwise.
    pub charset: Charset,
    /// How it spells amounts.
    pub amounts: AmountFormat,
    /// The language of its cashiers.
    pub language: Language,
    /// The characters of a line of its receipt printer.
    pub receipt_columns: u8,
    /// How long a call is held when the till does not say, in seconds.
    pub wait_seconds: u32,
    /// The longest that it may ask for, in seconds.
    pub wait_seconds_max: u32,
    /// It may leave the reference to the bridge.
    pub reference_optional: bool,
    /// After so many days a reference over a final result may mean something new; never when absent.
    pub reference_reuse_days: Option<u32>,
    /// What a repeated reference means after a result that took no money.
    pub on_repeat: OnRepeat,
    /// A new sale cancels its own older one that is still open on the same terminal.
    pub supersede: bool,
    /// How long a new operation waits for a terminal that another one holds, in seconds.
    pub queue_seconds: u32,
    /// Where it sells when it does not say: on the first of these that is free; on its usual terminal when empty.
    pub terminal_pool: Vec<TerminalName>,
    /// What it may ask for.
    pub scopes: Scopes,
    /// It may refund the sales of other tills.
    pub may_refund_others: bool,
    /// How much it may give back.
    pub refund_limits: RefundLimits,
    /// The most requests in a minute; no limit when absent.
    pub requests_per_minute: Option<u32>,
    /// Where its results are pushed to.
    pub push: Option<Push>,
    /// Who says whether a customer's signature is the card's.
    pub signature: SignaturePolicy,
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            dialect: Dialect::default(),
            charset: Charset::default(),
            amounts: AmountFormat::default(),
            language: Language::default(),
            receipt_columns: 40,
            wait_seconds: 45,
            wait_seconds_max: WAIT_SECONDS_MAX,
            reference_optional: false,
            reference_reuse_days: None,
            on_repeat: OnRepeat::NewAttempt,
            supersede: false,
            queue_seconds: 0,
            terminal_pool: Vec::new(),
            scopes: Scopes::default(),
            may_refund_others: false,
            refund_limits: RefundLimits::default(),
            requests_per_minute: None,
            push: None,
            signature: SignaturePolicy::default(),
        }
    }
}

/// Who says whether a customer's signature is the card's, when a terminal asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SignaturePolicy {
    /// The cashier; the till shows the question and sends the answer.
    #[default]
    Ask,
    /// Nobody compares it: every signature is taken.
    Accept,
    /// Nobody compares it: no signature is taken, and the payment is reversed.
    Reject,
}

/// A language of tills.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dialect {
    /// `application/json`.
    #[default]
    Json,
    /// `application/x-www-form-urlencoded` in, `text/plain` lines of `key=value` out.
    Form,
    /// `application/xml`.
    Xml,
}

/// A code page of tills.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Charset {
    /// `utf-8`.
    #[default]
    Utf8,
    /// `iso-8859-1`.
    Latin1,
    /// `windows-1252`.
    Windows1252,
    /// `ibm850`: DOS in western Europe.
    Ibm850,
    /// `ibm865`: DOS in the Nordic countries.
    Ibm865,
}

impl Charset {
    /// Every code page, for choices and tables.
    pub const ALL: [Self; 5] = [Self::Utf8, Self::Latin1, Self::Windows1252, Self::Ibm850, Self::Ibm865];

    /// The name that the configuration and the replies use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Latin1 => "iso-8859-1",
            Self::Windows1252 => "windows-1252",
            Self::Ibm850 => "ibm850",
            Self::Ibm865 => "ibm865",
        }
    }
}

/// How a till spells amounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AmountFormat {
    /// Whole minor units: `39900` is 399.00 NOK.
    #[default]
    Minor,
    /// Major units with the currency's decimals: `399.00` or `399,00`.
    Decimal,
    /// The same, and groups of three digits may stand apart: `1 234,50`.
    GroupedDecimal,
}

/// One thing that a till may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// To begin and cancel sales.
    Pay,
    /// To begin and cancel refunds.
    Refund,
    /// To read its own operations, totals and terminals.
    Status,
    /// To give money back without a sale.
    UnlinkedRefund,
}

impl Scope {
    /// Every scope, for choices and tables.
    pub const ALL: [Self; 4] = [Self::Pay, Self::Refund, Self::Status, Self::UnlinkedRefund];

    /// The word that the configuration and the refusals use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pay => "pay",
            Self::Refund => "refund",
            Self::Status => "status",
            Self::UnlinkedRefund => "unlinked_refund",
        }
    }
}

/// What a till may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scopes {
    /// To begin and cancel sales.
    pub pay: bool,
    /// To begin and cancel refunds.
    pub refund: bool,
    /// To read its own operations, totals and terminals.
    pub status: bool,
    /// To give money back without a sale; never unless it is named.
    pub unlinked_refund: bool,
}

impl Default for Scopes {
    fn default() -> Self {
        Self { pay: true, refund: true, status: true, unlinked_refund: false }
    }
}

impl Scopes {
    /// Whether this is one of them.
    #[must_use]
    pub const fn has(self, scope: Scope) -> bool {
        match scope {
            Scope::Pay => self.pay,
            Scope::Refund => self.refund,
            Scope::Status => self.status,
            Scope::UnlinkedRefund => self.unlinked_refund,
        }
    }
}

/// How much a till may give back, in minor units of its store's currency; no limit when absent, unless it says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RefundLimits {
    /// In one refund.
    pub each: Option<i64>,
    /// In a business day of its store.
    pub per_day: Option<i64>,
    /// Without a sale, in a business day of its store; nothing when absent.
    pub unlinked_per_day: Option<i64>,
}

/// Where a till's results are pushed to, and the secret that signs them.
#[derive(Debug, Clone)]
pub struct Push {
    /// The till's own address, from the configuration only.
    pub url: Url,
    /// The key of the signatures (Standard Webhooks).
    pub secret: SecretSlice<u8>,
}

/// How a till shows who it is; at least one of the two is present.
#[derive(Debug, Clone, Default)]
pub struct Credentials {
    /// The SHA-256 of its key.
    pub key_sha256: Option<[u8; 32]>,
    /// The SHA-256 of its key before, which is taken as well while the till changes over.
    pub old_key_sha256: Option<[u8; 32]>,
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

impl Language {
    /// Every language, for tables.
    pub const ALL: [Self; 4] = [Self::English, Self::Norwegian, Self::Swedish, Self::Danish];
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
