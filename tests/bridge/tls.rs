//! Store IT encrypts: the files are made, the bridge is started with them, a till pays over them.

use reqwest::{Certificate, Client};
use serde_json::{Value, json};

use super::free_address::free_address;
use super::support::{Bridge, Setup, output};

#[tokio::test]
async fn a_store_makes_its_own_authority_and_a_till_pays_over_tls() {
    let folder = tempfile::tempdir().unwrap();
    let tls = folder.path().join("tls");
    let path = |name: &str| tls.join(name).display().to_string();
    let init = |name: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_pos-bridge"));
        command.args(["tls", "init", "--name", name, "--address", "192.168.1.10", "--folder"]).arg(&tls);
        output(command)
    };
    let made = init("kasse.local").await;
    let told = String::from_utf8(made.stdout).unwrap();
    assert!(made.status.success(), "{told}");
    for line in ["certutil -addstore -f Root", "update-ca-certificates", "tls_listen = \"192.168.1.10:7443\""] {
        assert!(told.contains(line), "{line} is not in {told}");
    }
    assert!(told.contains(&path("authority-key.pem")) && !told.contains("PRIVATE KEY"), "{told}");
    let again = init("other.local").await;
    let told = String::from_utf8(again.stderr).unwrap();
    assert!(!again.status.success() && told.contains("stays as it is"), "{told}");

    let address = free_address();
    let environment = vec![
        ("POS_BRIDGE__SERVER__TLS_LISTEN", address.to_string()),
        ("POS_BRIDGE__SERVER__TLS_CERT", path("server.pem")),
        ("POS_BRIDGE__SERVER__TLS_KEY", path("server-key.pem")),
    ];
    let bridge = Bridge::with(Setup { environment, ..Setup::default() }).await;
    let authority = Certificate::from_pem(&std::fs::read(tls.join("authority.pem")).unwrap()).unwrap();
    let till = Client::builder().tls_certs_only([authority]).no_proxy().build().unwrap();
    let sale = till.post(format!("https://{address}/pay")).bearer_auth(bridge.till(1).key);
    let answer = sale.json(&json!({ "reference": "R-1", "amount": 39900 })).send().await.unwrap();
    assert_eq!(answer.json::<Value>().await.unwrap()["status"], "approved");
    assert_eq!(bridge.till(1).result("R-1").await.word(), "approved", "plain HTTP goes on beside it");

    let status = async |authority: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_pos-bridge"));
        command.args(["status", "R-1", "--url", &format!("https://{address}")]);
        command.env("POS_BRIDGE_TILL_KEY", bridge.till(1).key).env("TILL_CA", authority);
        output(command).await
    };
    let asked = status(&path("authority.pem")).await;
    assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
    let stranger = status(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bridge/tls.rs")).await;
    let told = String::from_utf8(stranger.stderr).unwrap();
    assert!(!stranger.status.success() && told.contains("TILL_CA"), "{told}");
    let mut untrusting = std::process::Command::new(env!("CARGO_BIN_EXE_pos-bridge"));
    untrusting.args(["status", "R-1", "--url", &format!("https://{address}")]);
    let told = String::from_utf8(output(untrusting).await.stderr).unwrap();
    assert!(told.contains("certificate") && told.contains("--ca authority.pem"), "{told}");

    let checked = bridge.run(&["check", "--json"]).await;
    let lines: Value = serde_json::from_slice(&checked.stdout).unwrap();
    let line = |part: &str| lines.as_array().unwrap().iter().find(|line| line["part"] == part).unwrap().clone();
    assert_eq!(line("ports")["verdict"], "ok", "{lines}");
    let certificate = line("certificate");
    assert_eq!(certificate["verdict"], "warning", "kasse.local is not in allowed_hosts: {certificate}");
    assert!(certificate["text"].as_str().unwrap().contains("192.168.1.10"), "{certificate}");
    bridge.books_agree().await;
}
