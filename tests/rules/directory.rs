//! Who and what the configuration knows, by name.

use pos_bridge::domain::directory::{Credentials, Directory, Profile, Store, Terminal, Till};
use pos_bridge::domain::identifiers::{ProviderTerminalId, StoreId, TerminalName, TillId};
use pos_bridge::domain::money::Currency;
use pos_bridge::domain::operation::ProviderName;

fn store(id: &str) -> Store {
    Store {
        id: StoreId::new(id).unwrap(),
        payout_destination_id: String::new(),
        currency: Currency::from_code("NOK").unwrap(),
        time_zone: "Europe/Oslo".to_owned(),
    }
}

fn terminal(name: &str, store: &str) -> Terminal {
    Terminal {
        name: TerminalName::new(name).unwrap(),
        provider: ProviderName::Dintero,
        store: StoreId::new(store).unwrap(),
        terminal_id: ProviderTerminalId::new(format!("T-{name}")).unwrap(),
        tips: false,
        unlinked_refund: false,
    }
}

fn till(id: &str, terminal: &str, terminals: &[&str]) -> Till {
    Till {
        id: TillId::new(id).unwrap(),
        terminal: TerminalName::new(terminal).unwrap(),
        terminals: terminals.iter().map(|name| TerminalName::new(*name).unwrap()).collect(),
        credentials: Credentials::default(),
        profile: Profile::default(),
    }
}

fn directory() -> Directory {
    Directory {
        stores: vec![store("oslo"), store("bergen")],
        terminals: vec![terminal("front", "oslo"), terminal("back", "oslo"), terminal("quay", "bergen")],
        tills: vec![till("till-1", "front", &[]), till("till-2", "quay", &["quay"])],
    }
}

#[test]
fn each_is_found_by_its_own_name_only() {
    let directory = directory();
    for id in ["oslo", "bergen"] {
        let id = StoreId::new(id).unwrap();
        assert_eq!(directory.store(&id).map(|store| &store.id), Some(&id));
    }
    for name in ["front", "back", "quay"] {
        let name = TerminalName::new(name).unwrap();
        assert_eq!(directory.terminal(&name).map(|terminal| &terminal.name), Some(&name));
    }
    for id in ["till-1", "till-2"] {
        let id = TillId::new(id).unwrap();
        assert_eq!(directory.till(&id).map(|till| &till.id), Some(&id));
    }
    assert!(directory.store(&StoreId::new("Oslo").unwrap()).is_none());
    assert!(directory.terminal(&TerminalName::new("Front").unwrap()).is_none());
    assert!(directory.till(&TillId::new("till-3").unwrap()).is_none());
}

/// A till uses its own terminal whatever its profile names, and those of another shop only when they are named.
#[test]
fn a_till_uses_the_terminals_that_it_names_or_those_of_its_shop() {
    let directory = directory();
    for (own, named, expected) in [
        ("front", &[][..], &["front", "back"][..]),
        ("quay", &[], &["quay"]),
        ("front", &["front"], &["front"]),
        ("front", &["back"], &["front", "back"]),
        ("front", &["quay"], &["front", "quay"]),
        ("gone", &[], &[]),
        ("gone", &["back"], &["back"]),
    ] {
        let till = till("till-1", own, named);
        let names: Vec<&str> = directory.terminals_of(&till).map(|terminal| terminal.name.as_str()).collect();
        assert_eq!(names, expected, "{own}, which names {named:?}");
    }
}
