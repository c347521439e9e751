//! `[[stores]]`, `[[terminals]]` and `[[tills]]`

use jiff::tz::TimeZone;
use serde_json::Value;

use super::section::{Section, boolean, text};
use super::till;
use crate::domain::directory::{Directory, Store, Terminal, Till};
use crate::domain::identifiers::{InvalidIdentifier, ProviderTerminalId, StoreId, TerminalName, TillId};
use crate::domain::money::Currency;
use crate::domain::operation::ProviderName;

const PROVIDERS: [(&str, ProviderName); 2] =
    [(ProviderName::Dintero.name(), ProviderName::Dintero), (ProviderName::Dojo.name(), ProviderName::Dojo)];

/// The lists as far as they could be read, each element at its place.
pub(super) struct Draft {
    pub(super) stores: Vec<Option<Store>>,
    pub(super) terminals: Vec<Option<Terminal>>,
    pub(super) tills: Vec<Option<Till>>,
}

impl Draft {
    /// The directory, when every element is right.
    pub(super) fn complete(self) -> Option<Directory> {
        Some(Directory {
            stores: self.stores.into_iter().collect::<Option<_>>()?,
            terminals: self.terminals.into_iter().collect::<Option<_>>()?,
            tills: self.tills.into_iter().collect::<Option<_>>()?,
        })
    }
}

pub(super) fn read(stores: Vec<Section<'_>>, terminals: Vec<Section<'_>>, tills: Vec<Section<'_>>) -> Draft {
    let mut known = Known::default();
    Draft {
        stores: stores.into_iter().map(|section| store(section, &mut known)).collect(),
        terminals: terminals.into_iter().map(|section| terminal(section, &mut known)).collect(),
        tills: tills.into_iter().map(|section| till::read(section, &mut known)).collect(),
    }
}

/// What the elements read so far are called, and where each value that may stand once was seen first.
#[derive(Default)]
pub(super) struct Known {
    pub(super) stores: Names<StoreId>,
    pub(super) terminals: Names<TerminalName>,
    pub(super) tills: Names<TillId>,
    provider_terminals: Names<(ProviderName, ProviderTerminalId)>,
    pub(super) keys: Names<[u8; 32]>,
    pub(super) addresses: Names<std::net::IpAddr>,
}

/// Values that may stand once, each with its place.
pub(super) struct Names<T>(Vec<(T, String)>);

impl<T> Default for Names<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: PartialEq> Names<T> {
    /// Takes the value for this key, or reports who has it.
    pub(super) fn claim(&mut self, value: T, section: &Section<'_>, name: &str, way_out: &str) {
        match self.0.iter().find(|(taken, _)| *taken == value) {
            Some((_, place)) => section.mistake(name, format!("is the same as {place}: {way_out}")),
            None => self.0.push((value, section.key(name))),
        }
    }

    pub(super) fn contains(&self, value: &T) -> bool {
        self.0.iter().any(|(known, _)| known == value)
    }
}

impl<T: std::fmt::Display> Names<T> {
    /// What to say of a name that nothing has.
    pub(super) fn unknown(&self, what: &str, name: &str) -> String {
        let known: Vec<String> = self.0.iter().map(|(known, _)| known.to_string()).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        format!("no {what} is called {name:?}; the configuration knows: {known}")
    }
}

/// The parser of an identifier.
pub(super) fn identifier<T>(
    new: impl Fn(String) -> Result<T, InvalidIdentifier>,
) -> impl Fn(&Value) -> Result<T, String> {
    move |value| new(text(value)?).map_err(|rule| rule.to_string())
}

fn store(mut section: Section<'_>, known: &mut Known) -> Option<Store> {
    let id = section.read("id", None, identifier(StoreId::new));
    if let Some(id) = &id {
        known.stores.claim(id.clone(), &section, "id", "give each store an id of its own");
    }
    let payout_destination_id = section.read("payout_destination_id", Some(String::new()), text);
    let currency =
        section.read("currency", None, |value| Currency::from_code(&text(value)?).map_err(|rule| rule.to_string()));
    let time_zone = section.read("time_zone", None, time_zone);
    section.finish();
    Some(Store { id: id?, payout_destination_id: payout_destination_id?, currency: currency?, time_zone: time_zone? })
}

fn time_zone(value: &Value) -> Result<String, String> {
    let name = text(value)?;
    match TimeZone::get(&name) {
        Ok(_) => Ok(name),
        Err(_) => Err(format!(
            "{name:?} is no time zone that this machine knows; write it as Europe/Oslo (is tzdata installed?)"
        )),
    }
}

fn terminal(mut section: Section<'_>, known: &mut Known) -> Option<Terminal> {
    let name = section.read("name", None, identifier(TerminalName::new));
    if let Some(name) = &name {
        known.terminals.claim(name.clone(), &section, "name", "give each terminal a name of its own");
    }
    let provider = section.choice("provider", None, &PROVIDERS);
    let store = section.read("store", None, identifier(StoreId::new));
    if let Some(store) = store.as_ref().filter(|store| !known.stores.contains(store)) {
        section.mistake("store", known.stores.unknown("store", store.as_str()));
    }
    let terminal_id = section.read("terminal_id", None, identifier(ProviderTerminalId::new));
    if let (Some(provider), Some(id)) = (provider, &terminal_id) {
        // The lease goes by the device: under a second name it would be busy with what nobody sees there.
        let way_out = "one card terminal has one name; point both tills to that name";
        known.provider_terminals.claim((provider, id.clone()), &section, "terminal_id", way_out);
    }
    let tips = section.read("tips", Some(false), boolean);
    let unlinked_refund = section.read("unlinked_refund", Some(false), boolean);
    if let Some(provider) = provider.filter(|provider| *provider != ProviderName::Dojo) {
        for (key, is_on) in [("tips", tips), ("unlinked_refund", unlinked_refund)] {
            if is_on == Some(true) {
                section.mistake(key, format!("is nothing that a terminal of {} can do; leave it out", provider.name()));
            }
        }
    }
    section.finish();
    Some(Terminal {
        name: name?,
        provider: provider?,
        store: store?,
        terminal_id: terminal_id?,
        tips: tips?,
        unlinked_refund: unlinked_refund?,
    })
}
