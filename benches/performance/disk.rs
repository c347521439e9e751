//! The disk that a measured program sees: this machine's, or one whose every sync takes 5 ms longer.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Outcome;

/// How durable writes go.
#[derive(Debug, Clone)]
pub(crate) enum Disk {
    /// As on this machine.
    AsItIs,
    /// As on a store PC: the library at this path delays every sync.
    Slow(PathBuf),
}

impl Disk {
    /// Compiles the library that slows the disk down.
    pub(crate) fn slow(folder: &Path) -> Outcome<Self> {
        let (source, library) = (folder.join("slow_disk.c"), folder.join("slow_disk.so"));
        std::fs::write(&source, include_str!("slow_disk.c"))?;
        let mut compile = Command::new("cc");
        let compiled =
            compile.args(["-O2", "-shared", "-fPIC", "-o"]).arg(&library).arg(&source).arg("-ldl").status()?;
        if compiled.success() { Ok(Self::Slow(library)) } else { Err("cc could not compile slow_disk.c".into()) }
    }

    /// The command, on this disk.
    pub(crate) fn under(&self, mut command: Command) -> Command {
        if let Self::Slow(library) = self {
            command.env("LD_PRELOAD", library);
        }
        command
    }

    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::AsItIs => "the disk as it is",
            Self::Slow(_) => "every sync 5 ms slower",
        }
    }
}
