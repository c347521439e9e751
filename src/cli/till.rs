//! `pos-bridge till`: the tills of the configuration and their keys.

use std::io::Write;
use std::path::Path;

use clap::builder::PossibleValue;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{CommandError, Exit, amount};
use crate::config::{ListedTill, NewTill, TillFile};
use crate::domain::directory::{Scope, Scopes};
use crate::domain::identifiers::{TerminalName, TillId};
use crate::domain::till_key::till_key;

/// The tills of the configuration, and their keys
#[derive(Debug, Subcommand)]
#[allow(missing_docs, reason = "each variant's help is the doc of its arguments")]
pub enum TillCommand {
    Add(AddTillArguments),
    Key(TillKeyArguments),
    EndOldKey(EndOldKeyArguments),
    List(ListTillsArguments),
}

/// Add a till to the configuration and print its key, this one time
#[derive(Debug, Args)]
pub struct AddTillArguments {
    /// Your name for the till
    #[arg(value_parser = |text: &str| TillId::new(text))]
    pub id: TillId,
    /// The terminal that it uses
    #[arg(long, value_name = "NAME", value_parser = |text: &str| TerminalName::new(text))]
    pub terminal: TerminalName,
    /// What it may ask for [default: all but `unlinked_refund`]
    #[arg(long = "scope", value_name = "SCOPE", value_enum, value_delimiter = ',')]
    pub scopes: Vec<Scope>,
    /// How much it may give back in a day without a sale, in minor units
    #[arg(long, value_name = "AMOUNT", value_parser = amount::minor_units)]
    pub unlinked_refund_max_per_day: Option<i64>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Give a till a new key and print it, this one time; the bridge takes it from its next start on
#[derive(Debug, Args)]
pub struct TillKeyArguments {
    /// The till
    #[arg(value_parser = |text: &str| TillId::new(text))]
    pub id: TillId,
    /// The key before is taken as well, until `till end-old-key`: for a till that must not stand still meanwhile
    #[arg(long)]
    pub keep_old: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// End a till's old key, once the till uses the new one
#[derive(Debug, Args)]
pub struct EndOldKeyArguments {
    /// The till
    #[arg(value_parser = |text: &str| TillId::new(text))]
    pub id: TillId,
}

/// List the tills: terminal, scopes, and how each is known
#[derive(Debug, Args)]
pub struct ListTillsArguments {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

impl ValueEnum for Scope {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let help = match self {
            Self::Pay => "Sales",
            Self::Refund => "Refunds",
            Self::Status => "Every reading",
            Self::UnlinkedRefund => "Money back without a sale, beside `refund`; needs --unlinked-refund-max-per-day",
        };
        Some(PossibleValue::new(self.name()).help(help))
    }
}

impl TillCommand {
    pub(super) fn run(self, config: &Path, output: &mut dyn Write) -> Result<Exit, CommandError> {
        let mut file = TillFile::read(config)?;
        if !matches!(self, Self::List(_)) {
            file.check_is_filled_in()?;
        }
        if !self.prints_json() {
            writeln!(output, "Configuration: {}", file.path().display())?;
        }
        match self {
            Self::Add(arguments) => {
                let AddTillArguments { id, terminal, scopes, unlinked_refund_max_per_day, json } = &arguments;
                let key = till_key(rand::random());
                let key_sha256 = &sha256(&key);
                file.add(&NewTill {
                    id,
                    terminal,
                    scopes,
                    unlinked_refund_max_per_day: *unlinked_refund_max_per_day,
                    key_sha256,
                })?;
                file.save()?;
                show_key(&Shown { done: "was added to", id, key: &key, config }, *json, output)?;
            }
            Self::Key(TillKeyArguments { id, keep_old, json }) => {
                let key = till_key(rand::random());
                file.set_key(&id, &sha256(&key), keep_old)?;
                file.save()?;
                show_key(&Shown { done: "has a new key in", id: &id, key: &key, config }, json, output)?;
            }
            Self::EndOldKey(EndOldKeyArguments { id }) => {
                file.end_old_key(&id)?;
                file.save()?;
                writeln!(output, "Till {id} has one key. Restart the bridge; until then it takes the old one too.")?;
            }
            Self::List(ListTillsArguments { json }) => list(&file.tills()?, json, output)?,
        }
        Ok(Exit::Success)
    }

    const fn prints_json(&self) -> bool {
        match self {
            Self::Add(arguments) => arguments.json,
            Self::Key(arguments) => arguments.json,
            Self::List(arguments) => arguments.json,
            Self::EndOldKey(_) => false,
        }
    }
}

/// A key to be shown, and what became of it.
struct Shown<'a> {
    done: &'static str,
    id: &'a TillId,
    key: &'a str,
    config: &'a Path,
}

fn show_key(shown: &Shown<'_>, json: bool, output: &mut dyn Write) -> std::io::Result<()> {
    let Shown { done, id, key, config } = shown;
    if json {
        return writeln!(output, "{}", json!({ "till": id.as_str(), "key": key, "configuration": config }));
    }
    writeln!(
        output,
        "Till {id} {done} {config}. Its key, which is shown only now and kept nowhere:\n\n  {key}\n\n\
         Put it into the till, which sends it with every request:  Authorization: Bearer {key}\n\
         Then restart the bridge; until then it does not know the key:  systemctl restart pos-bridge",
        config = config.display(),
    )
}

fn list(tills: &[ListedTill], json: bool, output: &mut dyn Write) -> std::io::Result<()> {
    if json {
        let tills: Vec<Value> = tills.iter().map(as_json).collect();
        return writeln!(output, "{}", json!({ "tills": tills }));
    }
    if tills.is_empty() {
        return writeln!(output, "no tills; `pos-bridge till add` adds one");
    }
    for till in tills {
        let ListedTill { id, terminal, .. } = till;
        writeln!(
            output,
            "{id}  on {terminal}  may {}  known by {}",
            scopes(till).join(", "),
            known_by(till).join(", ")
        )?;
    }
    Ok(())
}

fn as_json(till: &ListedTill) -> Value {
    json!({
        "id": till.id, "terminal": till.terminal, "scopes": scopes(till), "key": till.has_key,
        "old_key": till.has_old_key, "trusted_addresses": till.trusted_addresses,
    })
}

/// All when the file names none.
fn scopes(till: &ListedTill) -> Vec<&str> {
    if till.scopes.is_empty() {
        let usual = Scopes::default();
        return Scope::ALL.into_iter().filter(|scope| usual.has(*scope)).map(Scope::name).collect();
    }
    till.scopes.iter().map(String::as_str).collect()
}

fn known_by(till: &ListedTill) -> Vec<&str> {
    let addresses = till.trusted_addresses.iter().map(String::as_str);
    let keys = [till.has_key.then_some("its key"), till.has_old_key.then_some("its old key")];
    let ways: Vec<&str> = keys.into_iter().flatten().chain(addresses).collect();
    if ways.is_empty() { vec!["nothing: give it a key"] } else { ways }
}

fn sha256(key: &str) -> String {
    Sha256::digest(key).iter().map(|byte| format!("{byte:02x}")).collect()
}
