//! The settings: read from a file and the environment, checked as a whole, typed.
//!
//! [`load`] is the only way in. What it returns is valid: every name resolves, every address parses, every limit holds.

mod database;
mod dintero;
mod directory;
mod dojo;
mod findings;
mod layers;
mod listeners;
mod rules;
mod secret;
mod section;
mod settings;
mod till;
mod till_file;
mod times;
mod timing;

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Map, Value};

pub use findings::{ConfigurationErrors, Mistake};
pub use layers::is_variable_of_ours;
pub use settings::{Callbacks, Configuration, Database, Limits, LogFormat, Server, Sweep, Telemetry, Tls};
pub use till_file::{ListedTill, NewTill, TillFile, TillFileError};

use findings::Findings;
use section::Section;

/// The variable that sets the level of the log for one run, above the file.
pub const LOG_VARIABLE: &str = "POS_BRIDGE_LOG";

/// The environment of this process, without what is no valid text.
pub fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

/// Reads the file (none: the environment alone) and what the environment overrides, and checks all of it.
///
/// # Errors
/// [`ConfigurationErrors`] with every mistake at once.
pub fn load(
    path: Option<&Path>,
    environment: impl Iterator<Item = (String, String)>,
) -> Result<Configuration, ConfigurationErrors> {
    let environment: Vec<(String, String)> = environment.collect();
    let findings = Findings::default();
    let values = layers::merge(path, &environment, &findings);
    let configuration = values.and_then(|values| read(values, &environment, &findings));
    let (mistakes, warnings, _) = findings.into_parts();
    match configuration {
        Some(configuration) if mistakes.is_empty() => Ok(Configuration { warnings, ..configuration }),
        _ => Err(ConfigurationErrors(mistakes)),
    }
}

/// What is wrong with a file's text alone: how a bridge's environment overrides it is not known here.
fn mistakes_of(text: &str) -> Vec<Mistake> {
    let findings = Findings::default();
    let values = layers::merge_text(text, &[], &findings);
    let _incomplete = values.and_then(|values| read(values, &[], &findings));
    findings.into_parts().0
}

/// Reads where the journal is and nothing else: an operator's command needs neither the secrets nor a faultless rest.
///
/// # Errors
/// [`ConfigurationErrors`] when the file cannot be read or the section is wrong.
pub fn load_database(
    path: Option<&Path>,
    environment: impl Iterator<Item = (String, String)>,
) -> Result<Database, ConfigurationErrors> {
    let environment: Vec<(String, String)> = environment.collect();
    let findings = Findings::default();
    let values = layers::merge(path, &environment, &findings);
    let database = values.and_then(|mut values| database::read(section("database", &mut values, &findings)));
    let (mistakes, ..) = findings.into_parts();
    match database {
        Some(database) if mistakes.is_empty() => Ok(database),
        _ => Err(ConfigurationErrors(mistakes)),
    }
}

/// Every key that exists, with `[]` behind the name of a list: `server.listen`, `tills[].id`.
#[must_use]
pub fn keys() -> BTreeSet<String> {
    let one = || Value::Array(vec![Value::Object(Map::new())]);
    let mut values: Map<String, Value> =
        ["stores", "terminals", "tills"].into_iter().map(|list| (list.to_owned(), one())).collect();
    for provider in ["dintero", "dojo"] {
        values.insert(provider.to_owned(), Value::Object(Map::new()));
    }
    let findings = Findings::default();
    let _incomplete = read(values, &[], &findings);
    let (.., keys) = findings.into_parts();
    keys.into_iter().map(|key| key.replace("[0]", "[]")).filter(|key| key.contains('.')).collect()
}

fn read(
    mut values: Map<String, Value>,
    environment: &[(String, String)],
    findings: &Findings,
) -> Option<Configuration> {
    let server = listeners::server(section("server", &mut values, findings));
    let callbacks = listeners::callbacks(section("callbacks", &mut values, findings));
    let database = database::read(section("database", &mut values, findings));
    let public_url = callbacks.as_ref().and_then(|callbacks| callbacks.public_url.clone());
    let has_public_url = public_url.is_some();
    let has_dintero = values.contains_key("dintero");
    let dintero = has_dintero.then(|| dintero::read(section("dintero", &mut values, findings), public_url));
    let has_dojo = values.contains_key("dojo");
    let dojo = has_dojo.then(|| dojo::read(section("dojo", &mut values, findings), has_public_url));
    let sweep = timing::sweep(section("sweep", &mut values, findings));
    let log_level = environment.iter().find(|(name, _)| name == LOG_VARIABLE).map(|(_, level)| level.as_str());
    let telemetry = timing::telemetry(section("telemetry", &mut values, findings), log_level);
    let directory = directory::read(
        elements("stores", &mut values, findings),
        elements("terminals", &mut values, findings),
        elements("tills", &mut values, findings),
    );
    unknown_sections(&values, findings);
    rules::providers_where_needed(&directory, has_dintero, has_dojo, findings);
    rules::sandbox_or_production(&directory, dintero.as_ref(), findings);
    rules::providers_are_of_one_side(dintero.as_ref(), dojo.as_ref(), findings);
    rules::demo_key_is_for_the_simulator(&directory, dintero.as_ref(), dojo.as_ref(), findings);
    rules::dojo_fits(&directory, dojo.as_ref(), findings);
    rules::dintero_pays_out(&directory, findings);
    rules::pools_are_usable(&directory, findings);
    rules::listeners_are_safe(server.as_ref(), callbacks.as_ref(), &directory, findings);

    let intervals =
        [dintero.as_ref().and_then(|dintero| dintero.poll_interval), dojo.as_ref().and_then(|dojo| dojo.poll_interval)];
    let usual = times::milliseconds(times::POLL_INTERVAL_MILLISECONDS);
    let poll_interval = intervals.into_iter().flatten().min().unwrap_or(usual);
    let dintero = dintero.map(|draft| draft.settings.ok_or(())).transpose().ok()?;
    let dojo = dojo.map(|draft| draft.settings.ok_or(())).transpose().ok()?;
    Some(Configuration {
        server: server?,
        callbacks: callbacks?,
        database: database?,
        dintero,
        dojo,
        directory: directory.complete()?,
        poll_interval,
        sweep: sweep?,
        telemetry: telemetry?,
        warnings: Vec::new(),
    })
}

/// Takes a section out of the values; an absent one is an empty one.
fn section<'a>(name: &str, values: &mut Map<String, Value>, findings: &'a Findings) -> Section<'a> {
    let content = match values.remove(name) {
        None => Map::new(),
        Some(Value::Object(content)) => content,
        Some(_) => {
            findings.mistake(name, format!("must be a section; write [{name}] above its keys"));
            Map::new()
        }
    };
    Section::new(name, content, findings)
}

/// Takes a list of sections out of the values.
fn elements<'a>(name: &str, values: &mut Map<String, Value>, findings: &'a Findings) -> Vec<Section<'a>> {
    let elements = match values.remove(name) {
        Some(Value::Array(elements)) if !elements.is_empty() => elements,
        None | Some(Value::Array(_)) => {
            findings.mistake(name, format!("there is none; add [[{name}]]"));
            Vec::new()
        }
        Some(_) => {
            findings.mistake(name, format!("must be a list; write [[{name}]] above the keys of each"));
            Vec::new()
        }
    };
    let section = |(index, element)| {
        let path = format!("{name}[{index}]");
        let content = match element {
            Value::Object(content) => content,
            _ => {
                findings.mistake(&path, format!("must be a section; write [[{name}]] above its keys"));
                Map::new()
            }
        };
        Section::new(path, content, findings)
    };
    elements.into_iter().enumerate().map(section).collect()
}

fn unknown_sections(values: &Map<String, Value>, findings: &Findings) {
    for name in values.keys() {
        let known = "server, callbacks, database, dintero, dojo, sweep, telemetry, stores, terminals, tills";
        // A name of nothing is written so.
        let name = if name.is_empty() { "\"\"" } else { name };
        findings.mistake(name, format!("there is no such section; the sections are: {known}"));
    }
}
