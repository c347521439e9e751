//! A computer with a disk of its own, whose plug can be pulled: user-mode Linux.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;

use crate::configuration::{Configuration, Dojo, Pace};

const KERNEL: &str = "linux.uml";
const DISK_BYTES: u64 = 64 << 20;
const PATIENCE: Duration = Duration::from_secs(240);
const INIT: &str = include_str!("init.sh");
const PROCESSOR_STATE: &str = include_str!("xstate.c");
/// Of either provider's.
pub(super) const TERMINALS: usize = 24;
/// In the guest nobody else listens.
pub(super) const TILL_ADDRESS: ([u8; 4], u16) = ([127, 0, 0, 1], 7802);
pub(super) const PROVIDER: &str = "http://127.0.0.1:7801/v1";

/// The computer while it is off.
pub(crate) struct Machine {
    folder: TempDir,
    /// What lets an old guest run on a new processor, where it could be built.
    preload: Option<PathBuf>,
}

impl Machine {
    /// What is missing for one.
    pub(crate) fn lacks() -> Option<&'static str> {
        let there = |program: &str| Command::new(program).arg("--version").output().is_ok();
        ["linux.uml", "mkfs.ext4", "ip"].into_iter().find(|program| !there(program))
    }

    pub(crate) fn build() -> Self {
        let folder = tempfile::Builder::new().prefix("power-").tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let machine = Self { preload: build_preload(folder.path()), folder };
        std::fs::create_dir(machine.path("disk")).unwrap();
        std::fs::write(machine.path("init"), INIT).unwrap();
        std::fs::set_permissions(machine.path("init"), PermissionsExt::from_mode(0o755)).unwrap();
        let configuration = Configuration {
            till_address: TILL_ADDRESS.into(),
            callback_address: ([127, 0, 0, 1], 7803).into(),
            is_called_back: false,
            database: &machine.path("disk/data/pos-bridge.db"),
            provider: PROVIDER,
            terminals: TERMINALS,
            dojo: Some(&Dojo { refund: "api", webhook_secret: String::new() }),
            machines: TERMINALS,
            pace: Pace::EAGER,
            profile: "",
        };
        std::fs::write(machine.path("pos-bridge.toml"), configuration.to_string()).unwrap();
        machine.format();
        machine
    }

    /// A new disk.
    pub(crate) fn format(&self) {
        let image = std::fs::File::create(self.path("image")).unwrap();
        image.set_len(DISK_BYTES).unwrap();
        let made = Command::new("mkfs.ext4").arg("-q").arg(self.path("image")).output().unwrap();
        assert!(made.status.success(), "mkfs.ext4: {made:?}");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What the guest found on its disk when it was started again.
    pub(crate) fn recovered(&self) -> PathBuf {
        self.path("recovered/pos-bridge.db")
    }

    pub(crate) fn boot(&self, number: &str) -> Guest {
        let _ = std::fs::remove_dir_all(self.path("recovered"));
        std::fs::create_dir(self.path("recovered")).unwrap();
        let mut command = Command::new(KERNEL);
        command
            .args(["mem=256M", "rootfstype=hostfs", "rootflags=/", "ro", "quiet", "con=null", "con0=null,fd:1"])
            .arg(format!("ubd0={}", self.path("image").display()))
            .arg(format!("init={}", self.path("init").display()))
            .arg("--")
            .args([self.folder.path(), Path::new(number), Path::new(env!("CARGO_BIN_EXE_pos-bridge"))])
            .arg(std::env::current_exe().unwrap())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0);
        if let Some(preload) = &self.preload {
            command.env("LD_PRELOAD", preload);
        }
        let mut process = command.spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let (tell, said) = channel();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| tell.send(line)));
        Guest { process, said }
    }
}

fn build_preload(folder: &Path) -> Option<PathBuf> {
    let (source, library) = (folder.join("xstate.c"), folder.join("xstate.so"));
    std::fs::write(&source, PROCESSOR_STATE).unwrap();
    let built =
        Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).args([&library, &source]).arg("-ldl").status();
    built.is_ok_and(|status| status.success()).then_some(library)
}

/// The computer while it is on.
pub(crate) struct Guest {
    process: Child,
    said: Receiver<String>,
}

impl Guest {
    /// Waits until the guest says this; everything that it said.
    pub(crate) fn wait_for(&self, word: &str) -> Result<Vec<String>, String> {
        let begun = Instant::now();
        let mut said = Vec::new();
        while let Ok(line) = self.said.recv_timeout(PATIENCE.saturating_sub(begun.elapsed())) {
            let line = line.trim_end().to_owned();
            let is_it = line == word;
            let is_broken = line.starts_with("BROKEN");
            said.push(line);
            if is_it {
                return Ok(said);
            }
            if is_broken {
                break;
            }
        }
        Err(format!("the guest did not come to say {word}:\n{}", said.join("\n")))
    }

    /// Pulls the plug; what was said before it went dark.
    pub(crate) fn pull_plug(mut self) -> Vec<String> {
        self.kill();
        self.said.iter().map(|line| line.trim_end().to_owned()).collect()
    }

    fn kill(&mut self) {
        // All of it: a part that went on would go on writing.
        let _ = kill_process_group(Pid::from_child(&self.process), Signal::KILL);
        self.process.wait().unwrap();
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.kill();
    }
}
