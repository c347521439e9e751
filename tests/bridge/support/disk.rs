//! Disks that fail: full, read-only, broken. They need no root where users may have namespaces of their own.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

use rustix::process::{Resource, Rlimit, getuid, prlimit};

use super::Bridge;
use super::folder::Folder;

/// What the journal of a bridge lies on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Disk {
    /// The machine's own.
    Usual,
    /// A small one, which begins empty at every start and can be filled.
    Small,
    /// One that takes no change.
    ReadOnly,
    /// The machine's own, whose writes can be made to fail.
    Breakable,
}

const MOUNT: &str = "mount -t tmpfs -o \"$1\" tmpfs \"$2\" && shift 2 && exec \"$@\"";
/// Without this a write beyond the limit would kill the process, and no error would be seen.
const IGNORE_LIMIT_SIGNAL: &str = "trap '' XFSZ && exec \"$@\"";

impl Disk {
    /// The command that runs the program on this disk.
    pub(super) fn command(self, folder: &Folder, program: &str) -> Command {
        let mut command = match self {
            Self::Usual => return Command::new(program),
            Self::Small => mounted("size=8m,mode=700", folder),
            Self::ReadOnly => mounted("size=8m,mode=700,ro", folder),
            Self::Breakable => {
                let mut command = Command::new("sh");
                command.args(["-c", IGNORE_LIMIT_SIGNAL, "sh"]);
                command
            }
        };
        command.arg(program);
        command
    }

    /// Whether this machine lets a test mount disks; says so loudly when it does not.
    pub(crate) fn can_be_mounted() -> bool {
        let allowed = namespace().args(["sh", "-c", "mount -t tmpfs tmpfs /mnt"]).output();
        let allowed = allowed.is_ok_and(|output| output.status.success());
        if !allowed {
            // Not by a macro, whose output a passing test does not show.
            let loud = b"\n!!! NOT TESTED: this machine lets nobody mount a small disk (unshare --mount) !!!\n";
            std::io::stderr().write_all(loud).unwrap();
        }
        allowed
    }
}

/// Mounts are seen by one process alone.
fn namespace() -> Command {
    let mut command = Command::new("unshare");
    command.arg("--mount");
    if !getuid().is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    command
}

fn mounted(options: &str, folder: &Folder) -> Command {
    let mut command = namespace();
    command.args(["sh", "-c", MOUNT, "sh", options]).arg(folder.data());
    command
}

impl Bridge {
    /// A bridge that runs on a small disk; `None`, loudly, where nobody may mount one.
    pub(crate) async fn on_a_small_disk(setup: super::Setup) -> Option<Self> {
        if !Disk::can_be_mounted() {
            return None;
        }
        let mut bridge = Self::with(setup).await;
        bridge.stop().await;
        bridge.disk = Disk::Small;
        bridge.boot().await;
        Some(bridge)
    }

    /// Fills the small disk to the last page.
    pub(crate) fn fill_disk(&self) {
        let mut file = File::create(self.ballast()).unwrap();
        while file.write_all(&[0; 4096]).is_ok() {}
    }

    /// Makes room on the small disk again.
    pub(crate) fn free_disk(&self) {
        std::fs::remove_file(self.ballast()).unwrap();
    }

    /// From now on no file of the breakable disk can grow: the write of a commit fails.
    pub(crate) fn break_disk(&self) {
        let mut log = self.folder.database().into_os_string();
        log.push("-wal");
        let limit = std::fs::metadata(log).unwrap().len();
        prlimit(Some(self.id()), Resource::Fsize, Rlimit { current: Some(limit), maximum: Some(limit) }).unwrap();
    }

    fn ballast(&self) -> PathBuf {
        let inside = format!("/proc/{}/root{}", self.id().as_raw_nonzero(), self.folder.data().display());
        PathBuf::from(inside).join("ballast")
    }
}
