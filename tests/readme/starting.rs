//! A demo never takes another program for its bridge.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;

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
