//! What the pages for users say, and what the code does.

use clap::CommandFactory;
use pos_bridge::cli::Arguments;
use pos_bridge::domain::attempt::AlarmKind;
use pos_bridge::domain::operation::Status;
use pos_bridge::simulator::{outcome_table, virtual_terminals};
use pos_bridge::till::problem::Code;

use crate::document::{FOR_USERS, OPERATING, SETUP, SIMULATOR, TILL_API};

fn word(value: impl serde::Serialize) -> String {
    serde_json::to_value(value).unwrap().as_str().unwrap().to_owned()
}

#[test]
fn the_outcomes_are_the_simulators() {
    let told: Vec<_> = SIMULATOR.table("amount");
    let known: Vec<_> = outcome_table()
        .iter()
        .map(|outcome| vec![outcome.amount.to_string(), outcome.what_happens.to_owned()])
        .collect();
    assert_eq!(told, known);
}

#[test]
fn the_virtual_terminals_are_the_simulators() {
    let told: Vec<_> = SIMULATOR.table("terminal");
    let known: Vec<_> = virtual_terminals()
        .iter()
        .map(|terminal| {
            let amount = terminal.amount.map(|amount| amount.to_string()).unwrap_or_default();
            vec![terminal.suffix.to_owned(), amount, terminal.what_happens.to_owned()]
        })
        .collect();
    assert_eq!(told, known);
}

#[test]
fn the_errors_are_the_tills_with_status_and_retry() {
    let told: Vec<Vec<String>> = TILL_API.table("`code`").iter().map(|row| row[..3].to_vec()).collect();
    let known: Vec<_> = Code::ALL
        .iter()
        .map(|code| vec![code.word().to_owned(), code.status().to_string(), word(code.retry())])
        .collect();
    assert_eq!(told, known);
}

#[test]
fn every_status_is_told() {
    let told: Vec<_> = TILL_API.table("`status`").iter().map(|row| row[0].clone()).collect();
    assert_eq!(told, Status::ALL.map(Status::name));
}

#[test]
fn every_alarm_is_told() {
    use AlarmKind::{
        Abandoned, Corrected, LateApproval, LostRefund, Mismatch, NotCaptured, Orphan, SeveralPayments, Unreadable,
    };
    let told: Vec<_> = OPERATING.table("alarm").iter().map(|row| row[0].clone()).collect();
    let known =
        [LateApproval, Abandoned, Mismatch, SeveralPayments, Orphan, LostRefund, NotCaptured, Corrected, Unreadable];
    assert_eq!(told, known.map(AlarmKind::name));
}

#[test]
fn every_command_is_told() {
    let told: String = OPERATING.table("command").iter().map(|row| format!("{} ", row[0])).collect();
    let told: Vec<&str> = told.split([' ', ',', '`']).collect();
    for command in Arguments::command().get_subcommands() {
        let name = command.get_name();
        assert!(told.contains(&name), "`pos-bridge {name}` is not in the table of commands");
    }
}

#[test]
fn every_figure_that_is_named_exists() {
    let described = include_str!("../../src/telemetry/metric.rs");
    let quoted = FOR_USERS.iter().flat_map(|page| page.text.split('`'));
    let named: Vec<&str> = quoted.filter(|text| text.starts_with("pos_bridge_")).collect();
    assert!(named.len() > 3);
    for name in named {
        assert!(described.contains(&format!("\"{name}\"")), "{name}");
    }
}

/// The smallest configuration works, once its placeholders are filled in.
#[test]
fn the_smallest_configuration_is_one() {
    assert!(loads(""));
}

/// The keys for tills that are not like that belong to a till's section, with which the smallest configuration ends.
#[test]
fn every_option_of_a_till_is_one() {
    let section = TILL_API.text.split("## Tills that are not like that").nth(1).unwrap();
    let section = section.split("\n## Errors").next().unwrap();
    let options: Vec<&str> = fenced(section).collect();
    assert!(options.len() > 3);
    for option in options {
        assert!(loads(option), "{option}");
    }
    assert!(!loads("no_such_key = true"));
}

/// Some options name one more terminal than the smallest configuration has.
const SECOND_TERMINAL: &str = "[[terminals]]\nname = \"back\"\nprovider = \"dintero\"\nstore = \"oslo-center\"\n\
    terminal_id = \"T0293\"\n\n[[tills]]";

/// Whether the smallest configuration is one with more lines for its till.
fn loads(more: &str) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("client_secret");
    std::fs::write(&secret, "a secret").unwrap();
    let section = SETUP.text.split("smallest real configuration").nth(1).unwrap();
    let filled = fenced(section)
        .next()
        .unwrap()
        .replace("/etc/pos-bridge/client_secret", secret.to_str().unwrap())
        .replace("key_sha256 = \"...\"", &format!("key_sha256 = \"{}\"", "0123456789abcdef".repeat(4)))
        .replace("\"...\"", "\"something\"")
        .replace("[[tills]]", SECOND_TERMINAL);
    let file = folder.path().join("pos-bridge.toml");
    std::fs::write(&file, filled + more).unwrap();
    pos_bridge::config::load(Some(&file), std::iter::empty()).is_ok()
}

/// The blocks of configuration in a part of a page.
fn fenced(text: &str) -> impl Iterator<Item = &str> {
    text.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap())
}
