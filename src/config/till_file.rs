//! The tills of a configuration file, changed in place: comments, order and everything else stay as they are.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, Value, value};

use super::secret::BYTE_ORDER_MARK;
use super::section::PLACEHOLDER;
use super::{ConfigurationErrors, mistakes_of};
use crate::domain::directory::Scope;
use crate::domain::identifiers::{TerminalName, TillId};

/// Why a configuration file is not changed. It is as it was.
#[derive(Debug, thiserror::Error)]
pub enum TillFileError {
    /// The file cannot be read or written.
    #[error("{path} cannot be {done} ({source}); name the file by --config, and run this as its owner")]
    File {
        /// Which file.
        path: PathBuf,
        /// `read` or `changed`.
        done: &'static str,
        /// What the system says.
        source: io::Error,
    },
    /// The file is no text that is understood here.
    #[error("{0} is no text in UTF-8; save it as UTF-8")]
    Encoding(PathBuf),
    /// The file's mode says that nobody may change it.
    #[error("{0} is read-only; is it made by another program? Else: chmod u+w")]
    ReadOnly(PathBuf),
    /// Somebody else changed the file at the same time.
    #[error("{0} was changed by somebody else just now; nothing was written, so run this again")]
    Changed(PathBuf),
    /// The file is no TOML. The parser's words would quote the line, which may hold a secret.
    #[error("{0} is no valid TOML; `pos-bridge check` tells where")]
    Unreadable(PathBuf),
    /// No bridge runs with the file: it was not filled in.
    #[error(
        "{0} is not filled in (it shows \"...\" where values belong), so no bridge uses it; name yours by --config"
    )]
    Example(PathBuf),
    /// The list stands in the file in a form that is not changed here.
    #[error("{0} is not written as [[{0}]]; write it so, or change the file by hand")]
    Form(&'static str),
    /// A till of this name is there already.
    #[error("there is a till {0} already; `pos-bridge till key {0}` gives it a new key")]
    Exists(TillId),
    /// There is no such till.
    #[error("there is no till {0}; `pos-bridge till list` shows those that there are")]
    NoTill(TillId),
    /// There is no such terminal.
    #[error("there is no terminal {asked}; the file knows: {known}")]
    NoTerminal {
        /// What was asked for.
        asked: TerminalName,
        /// Those that there are.
        known: String,
    },
    /// No bridge would start with the change.
    #[error("nothing was written, because no bridge would start with it: {0}")]
    Refused(ConfigurationErrors),
}

const KEY: &str = "key_sha256";
const OLD_KEY: &str = "key_sha256_old";

type Result<T> = std::result::Result<T, TillFileError>;

/// A till as the file holds it. It has no hash: nobody needs to see one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedTill {
    /// Its id.
    pub id: String,
    /// Its terminal.
    pub terminal: String,
    /// What it may ask for; everything when empty.
    pub scopes: Vec<String>,
    /// It has a key.
    pub has_key: bool,
    /// Its key before is taken as well.
    pub has_old_key: bool,
    /// The addresses from which it needs none.
    pub trusted_addresses: Vec<String>,
}

/// A till to be added.
#[derive(Debug)]
pub struct NewTill<'a> {
    /// Its id.
    pub id: &'a TillId,
    /// Its terminal.
    pub terminal: &'a TerminalName,
    /// What it may ask for; the usual when empty.
    pub scopes: &'a [Scope],
    /// How much it may give back in a day without a sale, in minor units.
    pub unlinked_refund_max_per_day: Option<i64>,
    /// The SHA-256 of its key.
    pub key_sha256: &'a str,
}

/// A configuration file whose tills are read or changed.
#[derive(Debug)]
pub struct TillFile {
    path: PathBuf,
    before: String,
    document: DocumentMut,
}

impl TillFile {
    /// Reads the file. A link is followed, and stays one.
    ///
    /// # Errors
    /// [`TillFileError`] when it cannot be read or is no TOML.
    pub fn read(path: &Path) -> Result<Self> {
        let failed = |source| TillFileError::File { path: path.to_owned(), done: "read", source };
        let real = path.canonicalize().map_err(failed)?;
        let before = fs::read_to_string(&real).map_err(|error| match error.kind() {
            ErrorKind::InvalidData => TillFileError::Encoding(path.to_owned()),
            _ => failed(error),
        })?;
        let document = before.parse().map_err(|_| TillFileError::Unreadable(path.to_owned()))?;
        Ok(Self { path: real, before, document })
    }

    /// Where it is, links followed.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether a bridge can use it: the example with its gaps is changed by mistake only. Tills may have gaps.
    ///
    /// # Errors
    /// [`TillFileError::Example`].
    pub fn check_is_filled_in(&self) -> Result<()> {
        let others = self.document.iter().filter(|(name, _)| *name != "tills");
        if others.flat_map(|(_, item)| values(item)).any(|value| value.as_str() == Some(PLACEHOLDER)) {
            return Err(TillFileError::Example(self.path.clone()));
        }
        Ok(())
    }

    /// The tills, in the order of the file.
    ///
    /// # Errors
    /// [`TillFileError::Form`] when they are not written as `[[tills]]`.
    pub fn tills(&self) -> Result<Vec<ListedTill>> {
        let tables = self.list("tills")?.into_iter().flatten();
        Ok(tables.map(listed).collect())
    }

    /// Adds a till at the end of the list.
    ///
    /// # Errors
    /// [`TillFileError`] when the id is taken or the terminal is not in the file.
    pub fn add(&mut self, till: &NewTill<'_>) -> Result<()> {
        let NewTill { id, terminal, .. } = *till;
        if self.tills()?.iter().any(|till| till.id == id.as_str()) {
            return Err(TillFileError::Exists(id.clone()));
        }
        let terminals = self.list("terminals")?.into_iter().flatten();
        let known: Vec<String> = terminals.map(|table| text(table, "name")).collect();
        if !known.iter().any(|name| name == terminal.as_str()) {
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            return Err(TillFileError::NoTerminal { asked: terminal.clone(), known });
        }
        let list = self.document.entry("tills").or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
        list.as_array_of_tables_mut().ok_or(TillFileError::Form("tills"))?.push(section(till));
        Ok(())
    }

    /// Gives a till another key. The one before ends with it, or is kept as the old one, in place of an older one.
    ///
    /// # Errors
    /// [`TillFileError::NoTill`].
    pub fn set_key(&mut self, id: &TillId, key_sha256: &str, keep_old: bool) -> Result<()> {
        let till = self.till(id)?;
        let before = text(till, KEY);
        put(till, KEY, key_sha256);
        if keep_old && !before.is_empty() {
            put(till, OLD_KEY, &before);
        } else {
            till.remove(OLD_KEY);
        }
        Ok(())
    }

    /// Ends a till's old key.
    ///
    /// # Errors
    /// [`TillFileError::NoTill`].
    pub fn end_old_key(&mut self, id: &TillId) -> Result<()> {
        self.till(id)?.remove(OLD_KEY);
        Ok(())
    }

    fn till(&mut self, id: &TillId) -> Result<&mut Table> {
        self.list("tills")?;
        let tills = self.document.get_mut("tills").and_then(Item::as_array_of_tables_mut);
        let mut tills = tills.map(ArrayOfTables::iter_mut).into_iter().flatten();
        tills.find(|table| text(table, "id") == id.as_str()).ok_or_else(|| TillFileError::NoTill(id.clone()))
    }

    /// Writes the file whole or not at all: a new one is written beside it and takes its place, with its mode and owner.
    ///
    /// # Errors
    /// [`TillFileError`] when it may not be written or would have a mistake that it has not; it is as it was then.
    pub fn save(self) -> Result<()> {
        let text = as_before(&self.before, &self.document.to_string());
        self.check_makes_no_mistake(&text)?;
        let failed = |source| TillFileError::File { path: self.path.clone(), done: "changed", source };
        let known = fs::metadata(&self.path).map_err(failed)?;
        if known.permissions().readonly() {
            return Err(TillFileError::ReadOnly(self.path));
        }
        if fs::read_to_string(&self.path).map_err(failed)? != self.before {
            return Err(TillFileError::Changed(self.path));
        }
        // Whoever may change the folder alone may not change the file.
        let writable = OpenOptions::new().write(true).open(&self.path);
        writable.and_then(|_| replace(&self.path, &known, &text)).map_err(failed)
    }

    /// A file may wait for more than its tills, which is not for us to say.
    fn check_makes_no_mistake(&self, text: &str) -> Result<()> {
        let before = mistakes_of(&self.before);
        let made: Vec<_> = mistakes_of(text).into_iter().filter(|mistake| !before.contains(mistake)).collect();
        if made.is_empty() { Ok(()) } else { Err(TillFileError::Refused(ConfigurationErrors(made))) }
    }

    fn list(&self, name: &'static str) -> Result<Option<&ArrayOfTables>> {
        match self.document.get(name) {
            None => Ok(None),
            Some(item) => item.as_array_of_tables().map(Some).ok_or(TillFileError::Form(name)),
        }
    }
}

/// TOML is written without the mark and the line ends of Windows: a file that had them has them still; the ends only where
/// every line had them.
fn as_before(before: &str, text: &str) -> String {
    let is_of_windows = before.contains("\r\n") && !before.replace("\r\n", "").contains('\n');
    let ends = if is_of_windows { text.replace("\r\n", "\n").replace('\n', "\r\n") } else { text.to_owned() };
    if before.starts_with(BYTE_ORDER_MARK) { format!("{BYTE_ORDER_MARK}{ends}") } else { ends }
}

fn replace(path: &Path, known: &fs::Metadata, text: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    let mut file = tempfile::Builder::new()
        .prefix(".pos-bridge-")
        .permissions(Permissions::from_mode(0o600))
        .tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    let made = file.as_file().metadata()?;
    if (made.uid(), made.gid()) != (known.uid(), known.gid()) {
        fchown(file.as_file(), Some(known.uid()), Some(known.gid()))?;
    }
    file.as_file().set_permissions(known.permissions())?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    File::open(folder)?.sync_all()
}

/// The values of a section, or of every section of a list.
fn values(item: &Item) -> impl Iterator<Item = &Value> {
    let sections = item.as_table().into_iter().chain(item.as_array_of_tables().into_iter().flatten());
    sections.flat_map(|section| section.iter()).filter_map(|(_, item)| item.as_value())
}

fn section(till: &NewTill<'_>) -> Table {
    let mut table = Table::new();
    table.decor_mut().set_prefix("\n");
    table["id"] = value(till.id.as_str());
    table["terminal"] = value(till.terminal.as_str());
    table[KEY] = value(till.key_sha256);
    if !till.scopes.is_empty() {
        table["scopes"] = value(till.scopes.iter().map(|scope| scope.name()).collect::<Value>());
    }
    if let Some(limit) = till.unlinked_refund_max_per_day {
        table["unlinked_refund_max_per_day"] = value(limit);
    }
    table
}

fn listed(table: &Table) -> ListedTill {
    ListedTill {
        id: text(table, "id"),
        terminal: text(table, "terminal"),
        scopes: texts(table, "scopes"),
        has_key: !text(table, KEY).is_empty(),
        has_old_key: !text(table, OLD_KEY).is_empty(),
        trusted_addresses: texts(table, "trusted_addresses"),
    }
}

/// Sets a text, with the spaces and the comment around it as they were.
fn put(table: &mut Table, key: &str, text: &str) {
    match table.get_mut(key).and_then(Item::as_value_mut) {
        Some(old) => {
            let decor = old.decor().clone();
            *old = text.into();
            *old.decor_mut() = decor;
        }
        None => table[key] = value(text),
    }
}

fn text(table: &Table, key: &str) -> String {
    table.get(key).and_then(Item::as_str).unwrap_or_default().to_owned()
}

fn texts(table: &Table, key: &str) -> Vec<String> {
    let array = table.get(key).and_then(Item::as_array);
    array.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}
