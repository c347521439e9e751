//! The tills of `examples/`, each with its own runtime, against a running bridge: what they say happened is compared with
//! the simulated provider's books. A runtime that this machine has not is skipped, loudly.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "common/free_address.rs"]
mod free_address;
#[path = "common/sha256.rs"]
mod sha256;
#[allow(dead_code, unused_imports, reason = "shared with the tests of the bridge, which use all of it")]
#[path = "bridge/support/mod.rs"]
mod support;

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use free_address::free_address;
use rustix::process::{Signal, kill_process};
use support::{Bridge, eventually, output};
use tempfile::TempDir;

/// What the tills' exit codes mean.
const DONE: i32 = 0;
const NOT_DONE: i32 = 1;
const REFUSED: i32 = 2;
const OPEN: i32 = 3;

/// A till of the examples, in front of a bridge.
struct ExampleTill {
    runtime: &'static str,
    file: &'static str,
    bridge: Bridge,
    encrypted_address: SocketAddr,
    folder: TempDir,
}

impl ExampleTill {
    /// `None`, loudly, where its runtime is missing.
    async fn new(runtime: &'static str, file: &'static str) -> Option<Self> {
        if !is_installed(runtime) || (runtime == "sh" && !is_installed("wget")) {
            // Not by a macro, whose output a passing test does not show.
            let loud = format!("\n!!! NOT TESTED: examples/{file}: {runtime} is not installed !!!\n");
            std::io::stderr().write_all(loud.as_bytes()).unwrap();
            return None;
        }
        let bridge = Bridge::start().await;
        let folder = tempfile::tempdir().unwrap();
        let mut till = Self { runtime, file, bridge, encrypted_address: free_address(), folder };
        till.encrypt().await;
        Some(till)
    }

    /// Lets tills call the bridge over TLS too, by a certificate of its own authority.
    async fn encrypt(&mut self) {
        let folder = self.folder.path().join("tls");
        make_certificates(&folder).await;
        let server = format!(
            "[server]\ntls_listen = \"{}\"\ntls_cert = \"{folder}/server.pem\"\ntls_key = \"{folder}/server-key.pem\"\n",
            self.encrypted_address,
            folder = folder.display(),
        );
        self.bridge.stop().await;
        let configuration = self.bridge.folder.configuration();
        let text = std::fs::read_to_string(&configuration).unwrap();
        assert!(text.contains("[server]\n"));
        std::fs::write(&configuration, text.replacen("[server]\n", &server, 1)).unwrap();
        self.bridge.boot().await;
    }

    fn note(&self) -> PathBuf {
        self.folder.path().join("note")
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(self.runtime);
        let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples").join(self.file);
        command.arg(file).args(words).current_dir(self.folder.path()).stdin(Stdio::null());
        command.env("BRIDGE_URL", self.bridge.url("")).env("TILL_KEY", "the-key-of-till-1");
        command.env("TILL_NOTE", self.note());
        command
    }

    /// The same over TLS, trusting this authority.
    fn encrypted(&self, words: &[&str], authority: &str) -> Command {
        let mut command = self.command(words);
        command.env("BRIDGE_URL", format!("https://localhost:{}", self.encrypted_address.port()));
        command.env("TILL_CA", self.folder.path().join(authority));
        command
    }

    /// Runs the till, which must end like this; returns what it said.
    async fn says(&self, words: &[&str], exit: i32) -> String {
        self.told(output(self.command(words)).await, words, exit)
    }

    /// Has the till do something that takes a while.
    fn begin(&self, words: &[&str]) -> Child {
        self.command(words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    fn told(&self, output: Output, words: &[&str], exit: i32) -> String {
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let complained = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(exit), "{} {words:?}: {said}{complained}", self.file);
        said
    }

    /// Waits for a till that was begun, which must end like this.
    async fn ended(&self, till: Child, words: &[&str], exit: i32) -> String {
        let ended = tokio::task::spawn_blocking(|| till.wait_with_output()).await.unwrap().unwrap();
        self.told(ended, words, exit)
    }

    /// Waits until so many requests lie in the stopped bridge's sockets, as the system's own table tells.
    async fn bridge_has_unread_requests(&self, count: usize) {
        const ENDED_OR_OPEN: [&str; 2] = ["01", "08"];
        let port = format!(":{:04X}", self.bridge.folder.till_address.port());
        eventually("the requests", || async {
            let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
            let unread = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).filter(|columns| {
                columns[1].ends_with(&port) && ENDED_OR_OPEN.contains(&columns[3]) && !columns[4].ends_with(":00000000")
            });
            (unread.count() >= count).then_some(())
        })
        .await;
    }

    /// Waits until the bridge's first terminal shows the customer an amount.
    async fn prompted(&self) {
        let path = "/terminals/T0292";
        eventually("the terminal's prompt", || async {
            let terminal = self.bridge.simulator.control(reqwest::Method::GET, path, &serde_json::Value::Null).await;
            (!terminal["prompt"].is_null()).then_some(())
        })
        .await;
    }
}

/// Makes an authority, and a certificate of it for this machine.
async fn make_certificates(folder: &Path) {
    let mut make = Command::new(env!("CARGO_BIN_EXE_pos-bridge"));
    make.args(["tls", "init", "--name", "localhost", "--address", "127.0.0.1", "--folder"]).arg(folder);
    let made = output(make).await;
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// A day of a till: it trades, a sale is stopped, and the plug is pulled, of everything.
async fn a_day_at(runtime: &'static str, file: &'static str) {
    let Some(mut till) = ExampleTill::new(runtime, file).await else { return };
    trades(&till).await;
    encrypts(&till).await;
    till.bridge.simulator.terminal_mode(1, "manual").await;
    stops_a_sale(&till).await;
    loses_power_in_a_sale(&mut till).await;
    loses_power_before_a_sale_is_sent(&mut till).await;
    loses_power_behind_a_stalled_bridge(&till).await;
    stops_at_faults_that_last(&till).await;
    hears_of_a_late_approval(&till).await;

    let ledger = till.bridge.simulator.ledger().await;
    assert_eq!(ledger["captured"], 39_900 + 12_300 + 2_500 + 990_106, "{ledger}");
    assert_eq!(ledger["refunded"], 10_000, "{ledger}");
    till.bridge.books_agree().await;
    for operation in till.bridge.operations().await {
        assert_eq!(operation["acknowledged"], true, "{operation}");
        assert_eq!(operation["attempt"], 1, "{operation}");
    }
}

async fn trades(till: &ExampleTill) {
    let sold = till.says(&["sale", "S-1", "39900"], DONE).await;
    assert!(sold.contains("Approved") && sold.contains("CUSTOMER COPY"), "{sold}");
    assert!(sold.contains("sale S-1 399.00 NOK"), "{sold}");
    let refunded = till.says(&["refund", "B-1", "S-1", "10000"], DONE).await;
    assert!(refunded.contains("Approved"), "{refunded}");
    let declined = till.says(&["sale", "S-2", "990100"], NOT_DONE).await;
    assert!(declined.contains("Not approved for this amount. Try another card"), "{declined}");
    let refused = till.says(&["refund", "B-2", "no-such-sale"], REFUSED).await;
    assert!(refused.contains("not_found"), "{refused}");
    till.says(&[], REFUSED).await;
}

/// Asks over TLS, and hangs up on a bridge that another authority vouches for.
async fn encrypts(till: &ExampleTill) {
    let too_late = ["cancel", "S-1"];
    let asked = output(till.encrypted(&too_late, "tls/authority.pem")).await;
    let said = String::from_utf8_lossy(&asked.stdout).into_owned();
    if asked.status.code() == Some(REFUSED) && said.starts_with("For https ") {
        let loud = format!("\n!!! NOT TESTED: https of examples/{}: {said} !!!\n", till.file);
        std::io::stderr().write_all(loud.as_bytes()).unwrap();
        return;
    }
    let said = till.told(asked, &too_late, NOT_DONE);
    assert!(said.contains("Approved"), "{said}");
    make_certificates(&till.folder.path().join("stranger")).await;
    let sale = ["sale", "S-8", "100"];
    let said = till.told(output(till.encrypted(&sale, "stranger/authority.pem")).await, &sale, REFUSED);
    assert!(said.contains("certificate") && said.contains("TILL_CA"), "{said}");
    assert!(!till.note().exists(), "nothing was sent");
}

async fn stops_a_sale(till: &ExampleTill) {
    let waiting = till.begin(&["sale", "S-3", "5000"]);
    till.prompted().await;
    till.says(&["sale", "S-4", "100"], OPEN).await;
    till.says(&["cancel", "S-3"], DONE).await;
    till.ended(waiting, &["sale", "S-3"], NOT_DONE).await;
}

async fn loses_power_in_a_sale(till: &mut ExampleTill) {
    let mut unplugged = till.begin(&["sale", "S-5", "12300"]);
    till.prompted().await;
    till.bridge.kill();
    unplugged.kill().unwrap();
    unplugged.wait().unwrap();
    till.bridge.boot().await;
    till.bridge.simulator.customer(1, "approve").await;

    for (setting, other) in [("TILL_KEY", "the-key-of-till-2"), ("BRIDGE_URL", "http://127.0.0.1:1")] {
        let mut stranger = till.command(&["recover"]);
        stranger.env(setting, other);
        let refused = till.told(output(stranger).await, &["recover"], REFUSED);
        assert!(refused.contains("/pay/S-5") && refused.contains(setting), "{refused}");
    }
    let note = std::fs::read_to_string(till.note()).unwrap();
    assert!(note.contains("S-5") && !note.contains("the-key-of-till-1"), "{note}");
    let recovered = till.says(&["recover"], DONE).await;
    assert!(recovered.contains("Approved") && recovered.contains("sale S-5 123.00 NOK"), "{recovered}");
    let nothing = till.says(&["recover"], DONE).await;
    assert!(nothing.contains("Nothing is open"), "{nothing}");
}

/// The customer may be gone when the power is back: nothing may begin.
async fn loses_power_before_a_sale_is_sent(till: &mut ExampleTill) {
    let before = till.bridge.operations().await.len();
    till.bridge.kill();
    let mut unplugged = till.begin(&["sale", "S-6", "4500"]);
    eventually("the till's note", || async {
        std::fs::read_to_string(till.note()).ok()?.contains("S-6").then_some(())
    })
    .await;
    unplugged.kill().unwrap();
    unplugged.wait().unwrap();
    till.bridge.boot().await;

    let not_known = till.says(&["recover"], OPEN).await;
    assert!(not_known.contains("does not know /pay/S-6") && not_known.contains("sale S-6 4500"), "{not_known}");
    assert_eq!(till.bridge.operations().await.len(), before, "recover began something");
    till.says(&["sale", "S-6", "4600"], OPEN).await;
    till.says(&["sale", "S-7", "4500"], OPEN).await;

    let again = till.begin(&["sale", "S-6", "4500"]);
    till.prompted().await;
    till.says(&["cancel", "S-6"], DONE).await;
    till.ended(again, &["sale", "S-6", "4500"], NOT_DONE).await;
    // The power went while the note was written, which is before anything is asked.
    std::fs::write(till.note(), "").unwrap();
    let nothing = till.says(&["recover"], DONE).await;
    assert!(nothing.contains("Nothing is open"), "{nothing}");
}

/// The dead till's request lies in the bridge's socket still, so that the bridge's "not found" proves nothing.
async fn loses_power_behind_a_stalled_bridge(till: &ExampleTill) {
    let sale = ["sale", "S-7", "2500"];
    kill_process(till.bridge.id(), Signal::STOP).unwrap();
    let mut unplugged = till.begin(&sale);
    till.bridge_has_unread_requests(1).await;
    unplugged.kill().unwrap();
    unplugged.wait().unwrap();
    let asking = till.begin(&["recover"]);
    till.bridge_has_unread_requests(2).await;
    kill_process(till.bridge.id(), Signal::CONT).unwrap();
    till.prompted().await;
    till.bridge.simulator.customer(1, "approve").await;

    let asked = tokio::task::spawn_blocking(|| asking.wait_with_output()).await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&asked.stdout).into_owned();
    assert!(!said.contains("nothing was taken"), "{said}");
    if asked.status.code() != Some(DONE) {
        till.told(asked, &["recover"], OPEN);
        assert!(said.contains("does not know /pay/S-7") && said.contains("sale S-7 2500"), "{said}");
        let joined = till.says(&sale, DONE).await;
        assert!(joined.contains("Approved") && joined.contains("sale S-7 25.00 NOK"), "{joined}");
    }
    assert!(!till.note().exists());
}

/// What will not go away by itself, and kept anything from being sent, is said at once, and leaves nothing open.
async fn stops_at_faults_that_last(till: &ExampleTill) {
    let sale = ["sale", "S-9", "100"];
    for (setting, wrong, word) in [
        ("BRIDGE_URL", "http://no-such-name.invalid:7117", "no-such-name.invalid"),
        ("BRIDGE_URL", "127.0.0.1:7117", "http://"),
        ("TILL_NOTE", "/no-such-folder/note", "TILL_NOTE"),
    ] {
        let mut command = till.command(&sale);
        command.env(setting, wrong);
        let said = till.told(output(command).await, &sale, REFUSED);
        assert!(said.contains(word) && !said.contains("does not answer"), "{said}");
        assert!(!till.note().exists(), "nothing was sent");
    }
    let mut untrusting = till.encrypted(&sale, "no-such-file.pem");
    untrusting.env_remove("TILL_NOTE");
    let said = till.told(output(untrusting).await, &sale, REFUSED);
    assert!(said.contains("TILL_CA") || said.starts_with("For https "), "{said}");
}

/// The provider corrects itself: the customer paid in spite of the cancel.
async fn hears_of_a_late_approval(till: &ExampleTill) {
    let sale = ["sale", "S-10", "990106"];
    let slow = serde_json::json!({"mode": "automatic", "speed": 5});
    till.bridge.simulator.control(reqwest::Method::PUT, "/terminals/T0292", &slow).await;
    let waiting = till.begin(&sale);
    till.prompted().await;
    // Not by the till: some runtimes take longer to start than the customer takes to pay.
    till.bridge.till(1).cancel("S-10").await;
    till.ended(waiting, &sale, NOT_DONE).await;
    eventually("the late approval", || async {
        (till.bridge.till(1).get("/pay/S-10").await.body["late"] == true).then_some(())
    })
    .await;
    let said = till.says(&sale, DONE).await;
    assert!(said.contains("LATE") && said.contains("Approved late"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_python_till_sells_refunds_cancels_and_recovers() {
    a_day_at("python3", "python/till.py").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_java_till_sells_refunds_cancels_and_recovers() {
    a_day_at("java", "java/Till.java").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_node_till_sells_refunds_cancels_and_recovers() {
    a_day_at("node", "node/till.js").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_perl_till_sells_refunds_cancels_and_recovers() {
    a_day_at("perl", "perl/till.pl").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tcl_till_sells_refunds_cancels_and_recovers() {
    a_day_at("tclsh", "tcl/till.tcl").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_shell_till_sells_refunds_cancels_and_recovers() {
    a_day_at("sh", "shell/till.sh").await;
}
