//! Who and what the configuration knows, by name.

use pos_bridge::domain::attempt::Phase;
use pos_bridge::domain::directory::{Charset, Credentials, Directory, Profile, Scope, Scopes, Store, Terminal, Till};
use pos_bridge::domain::identifiers::{ProviderTerminalId, StoreId, TerminalName, TillId};
use pos_bridge::domain::money::Currency;
use pos_bridge::domain::operation::ProviderName;

use crate::support::{operation, sale};

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

/// Leases and freezes stay where the terminal is, when it gets another name or goes to another shop.
#[test]
fn a_device_is_its_provider_and_what_that_calls_it() {
    let front = terminal("front", "oslo");
    let renamed = Terminal { name: TerminalName::new("quay").unwrap(), ..terminal("front", "bergen") };
    let of_another = Terminal { provider: ProviderName::Dojo, ..front.clone() };
    assert_eq!(
        [&front, &renamed, &of_another].map(Terminal::device),
        ["dintero/T-front", "dintero/T-front", "dojo/T-front"]
    );

    let mut taken = operation(sale(Phase::Sending));
    taken.attempt.order.terminal = front.terminal_id.clone();
    assert_eq!(taken.device(), front.device());
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

/// The words of the configuration and of the replies.
#[test]
fn code_pages_and_scopes_have_one_name_each() {
    let pages = Charset::ALL.map(Charset::name);
    assert_eq!(pages, ["utf-8", "iso-8859-1", "windows-1252", "ibm850", "ibm865"]);
    assert_eq!(Scope::ALL.map(Scope::name), ["pay", "refund", "status", "unlinked_refund"]);
}

#[test]
fn a_till_may_do_everything_but_give_money_back_without_a_sale() {
    assert_eq!(Scope::ALL.map(|scope| Scopes::default().has(scope)), [true, true, true, false]);
    for only in Scope::ALL {
        let is = |scope: Scope| scope == only;
        let scopes = Scopes {
            pay: is(Scope::Pay),
            refund: is(Scope::Refund),
            status: is(Scope::Status),
            unlinked_refund: is(Scope::UnlinkedRefund),
        };
        assert_eq!(Scope::ALL.map(|scope| scopes.has(scope)), Scope::ALL.map(is), "{only:?}");
    }
}
