//! A demo has a bridge and a journal of its own, whatever runs beside it and whatever the shell sets.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;

use crate::demo::Demo;

#[test]
fn a_demo_whose_address_is_taken_says_so_and_prints_no_tour() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for mut call in taken.incoming().flatten() {
            let _ = call.read(&mut [0; 1024]);
            let _ = call.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        }
    });
    let demo = Command::new(env!("CARGO_BIN_EXE_pos-bridge"))
        .args(["demo", "--listen", &address, "--simulator", "127.0.0.1:0"])
        .output()
        .unwrap();
    let words = String::from_utf8(demo.stderr).unwrap();
    assert_eq!(demo.status.code(), Some(1), "{words}");
    assert!(words.contains(&address) && words.contains("--listen"), "{words}");
    assert_eq!(String::from_utf8(demo.stdout).unwrap(), "");
}

/// Whoever runs the shop from this shell has its journal, address and account set there.
#[test]
fn a_demo_in_a_shell_that_is_set_up_for_the_shop_has_a_journal_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("shop.db");
    let url = format!("sqlite://{}", journal.display());
    let demo = Demo::start_in(&[
        ("POS_BRIDGE__DATABASE__URL", &url),
        ("POS_BRIDGE__SERVER__LISTEN", "127.0.0.1:1"),
        ("POS_BRIDGE__DINTERO__ACCOUNT_ID", "P12345678"),
        ("POS_BRIDGE__TILLS__0__ID", "kiosk"),
        ("POS_BRIDGE_CONFIG", "/nowhere"),
    ]);
    assert!(demo.text.contains("No money moves"), "{}", demo.text);
    assert!(!journal.exists(), "the demo opened the shop's journal");
}
