//! The commented example tells the whole truth.

use std::collections::BTreeSet;

use pos_bridge::config::keys;
use pos_bridge::domain::directory::Till;

use super::support::{KEY, load_with};

const EXAMPLE: &str = include_str!("../../config/pos-bridge.toml");
const DEMO: &str = include_str!("../../config/demo.toml");

/// The example with dummies for everything that a reader must fill in.
fn filled_in() -> String {
    EXAMPLE
        .replace("account_id = \"...\"", "account_id = \"T12345678\"")
        .replace("client_secret = \"\"", "client_secret = \"dummy\"")
        .replace("api_key = \"\"", "api_key = \"sk_sandbox_dummy\"")
        .replace("key_sha256 = \"...\"", &format!("key_sha256 = \"{KEY}\""))
        .replace("\"...\"", "\"dummy\"")
}

/// Each line that sets a key, as `section.key` with `[]` behind the name of a list.
fn lines_with_keys(text: &str) -> Vec<(usize, String)> {
    let mut section = String::new();
    let mut keys = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if let Some(list) = line.strip_prefix("[[").and_then(|line| line.strip_suffix("]]")) {
            section = format!("{list}[]");
        } else if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            section = name.to_owned();
        } else if let Some((key, _)) = line.split_once(" = ").filter(|_| !line.starts_with('#')) {
            keys.push((number, format!("{section}.{key}")));
        }
    }
    keys
}

#[test]
fn the_example_works_once_it_is_filled_in() {
    load_with(&filled_in(), &[]).expect("the example");
}

#[test]
fn the_listeners_and_the_configuration_agree_on_how_many_connections_are_taken() {
    let configured = load_with(&filled_in(), &[]).expect("the example").server.limits;
    let built_in = pos_bridge::http::Limits::default();
    assert_eq!(
        (configured.connections, configured.connections_per_address, configured.bodies_bytes),
        (built_in.connections, built_in.connections_per_address, built_in.bodies_bytes)
    );
}

#[test]
fn no_address_takes_every_connection_unless_it_is_told_so_and_then_there_is_a_warning() {
    let connections = "connections_max = 4096";
    let per_address = "connections_per_address_max = 3072";
    for (in_place_of_it, taken, warns) in [
        ("", 225, false),
        ("connections_per_address_max = 7", 7, false),
        ("connections_per_address_max = 299", 299, false),
        ("connections_per_address_max = 300", 300, true),
        ("connections_per_address_max = 4096", 4096, true),
    ] {
        let text = filled_in().replace(per_address, in_place_of_it).replace(connections, "connections_max = 300");
        let configuration = load_with(&text, &[]).expect("the example");
        let limits = &configuration.server.limits;
        assert_eq!((limits.connections, limits.connections_per_address), (300, taken));
        let warned = configuration.warnings.iter().any(|line| line.starts_with("server.connections_per_address_max"));
        assert_eq!(warned, warns, "{taken}: {:?}", configuration.warnings);
    }
}

/// Whoever takes the address on the network has what it is trusted with.
#[test]
fn an_address_of_the_network_that_is_trusted_is_warned_of() {
    for (address, warns) in [("127.0.0.1", false), ("::1", false), ("192.168.1.20", true)] {
        let text = filled_in().replacen("trusted_addresses = []", &format!("trusted_addresses = [\"{address}\"]"), 1);
        let warnings = load_with(&text, &[]).expect("the example").warnings;
        let warned = warnings.iter().any(|line| line.starts_with("tills[0].trusted_addresses: "));
        assert_eq!(warned, warns, "{address}: {warnings:?}");
    }
}

#[test]
fn the_example_as_it_is_names_what_must_be_filled_in() {
    let error = load_with(EXAMPLE, &[]).expect_err("placeholders");
    let keys: BTreeSet<&str> = error.0.iter().map(|mistake| mistake.key.as_str()).collect();
    for key in ["dintero.account_id", "dintero.client_secret", "stores[0].id", "tills[0].key_sha256"] {
        assert!(keys.contains(key), "{key} in {keys:?}");
    }
}

#[test]
fn the_example_shows_every_key_that_exists() {
    let shown: BTreeSet<String> = lines_with_keys(EXAMPLE).into_iter().map(|(_, key)| key).collect();
    assert!(keys().contains("tills[].id") && keys().contains("server.listen"), "{:?}", keys());
    assert_eq!(shown, keys());
}

#[test]
fn what_the_example_shows_is_the_default_or_needed() {
    let text = filled_in();
    let whole = format!("{:?}", load_with(&text, &[]).expect("the example"));
    for (number, key) in lines_with_keys(&text) {
        let without: Vec<&str> =
            text.lines().enumerate().filter(|(line, _)| *line != number).map(|(_, line)| line).collect();
        match load_with(&without.join("\n"), &[]) {
            Ok(configuration) => assert_eq!(format!("{configuration:?}"), whole, "{key} shows another default"),
            Err(errors) => {
                let named = errors.0.iter().any(|mistake| mistake.key.replace("[0]", "[]") == key);
                assert!(named, "{key} is needed, and its absence is told as {errors}");
            }
        }
    }
}

const DATE: &str = "2026-11-20T10:15:02Z";
/// Values of every kind, none of which may be taken for something else.
const STRANGE: [&str; 10] = [
    "-1",
    "99999999999999999",
    "1.5",
    "true",
    "\"\"",
    "\"\\u0000\\u001b[2J\\n\"",
    "[1, \"\", []]",
    "{ a = { b = 1 } }",
    DATE,
    "\"😀\"",
];

#[test]
fn a_strange_value_is_taken_or_its_key_is_named() {
    let text = filled_in();
    for (number, key) in lines_with_keys(&text) {
        for strange in STRANGE {
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            let name = key.rsplit('.').next().expect("a name");
            lines[number] = format!("{name} = {strange}");
            let Err(errors) = load_with(&lines.join("\n"), &[]) else { continue };
            let named = errors.0.iter().any(|mistake| mistake.key.replacen("[0]", "[]", 1).starts_with(&key));
            // An empty secret is told by whoever needs it, a second one by the first; a date is as good as a text.
            let elsewhere = matches!(strange, "\"\"" | DATE)
                || ["dintero.client_secret_file", "dojo.api_key_file"].contains(&key.as_str());
            assert!(named || elsewhere, "{key} = {strange} is told as {errors}");
            assert!(!errors.to_string().replace('\n', "").contains(char::is_control), "{errors:?}");
        }
    }
}

#[test]
fn the_demo_works_as_it_is() {
    let configuration = load_with(DEMO, &[]).expect("the demo");
    // Nobody has to type a key, and a browser can.
    let both = |till: &Till| till.credentials.key_sha256.is_some() && !till.credentials.trusted_addresses.is_empty();
    assert!(configuration.directory.tills.iter().all(both));
}
