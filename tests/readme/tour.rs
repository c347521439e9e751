//! The tour, pasted line by line.

use std::io::Write;
use std::process::Command;

use crate::demo::Demo;
use crate::document::{SIMULATOR_ADDRESS, TILL_ADDRESS, tour};
use crate::line::{Answer, Line};

/// The tour's lines for this demo instead of the usual one.
fn tour_of(demo: &Demo) -> Vec<Line> {
    let replacements = [
        (TILL_ADDRESS, demo.till_address.to_string()),
        (SIMULATOR_ADDRESS, demo.simulator_address.clone()),
        ("PROCESS", demo.bridge.clone()),
    ];
    let replacements: Vec<_> = replacements.iter().map(|(from, to)| (*from, to.as_str())).collect();
    tour().iter().map(|line| line.at(&replacements)).collect()
}

#[tokio::test]
async fn every_line_brings_what_stands_behind_it() {
    let demo = Demo::start();
    for line in tour_of(&demo) {
        if line.is_kill() {
            assert!(Command::new("sh").args(["-c", &line.command]).status().unwrap().success(), "{}", line.command);
        } else {
            line.check(&line.perform().await);
        }
    }
}

/// The same by the real curl, where there is one that knows `--json`.
#[test]
fn every_line_works_as_it_stands_with_curl() {
    let help = Command::new("curl").args(["--help", "all"]).output();
    if !help.is_ok_and(|help| String::from_utf8_lossy(&help.stdout).contains("--json")) {
        // Not by a macro, whose output a passing test does not show.
        let loud =
            b"\n!!! NOT TESTED with curl: there is none from 7.82 on here. The lines were tested without it. !!!\n";
        std::io::stderr().write_all(loud).unwrap();
        return;
    }
    let settings = tempfile::tempdir().unwrap();
    std::fs::write(settings.path().join(".curlrc"), "silent\nnoproxy = \"*\"\nwrite-out = \"\\n%{http_code}\"\n")
        .unwrap();
    let demo = Demo::start();
    for line in tour_of(&demo) {
        let output = Command::new("sh").args(["-c", &line.command]).env("CURL_HOME", settings.path()).output().unwrap();
        assert!(output.status.success(), "{}: {output:?}", line.command);
        if line.is_kill() {
            continue;
        }
        let printed = String::from_utf8(output.stdout).unwrap();
        let (body, status) = printed.rsplit_once('\n').unwrap();
        line.check(&Answer::of(status.parse().unwrap(), body));
    }
}

/// What the demo prints stands in the tour too, line by line.
#[test]
fn the_demo_prints_lines_of_the_tour() {
    let demo = Demo::start();
    let printed = demo
        .text
        .replace(&demo.till_address.to_string(), TILL_ADDRESS)
        .replace(&demo.simulator_address, SIMULATOR_ADDRESS)
        .replace(&format!("kill -9 {}", demo.bridge), "kill -9 PROCESS");
    let commands: Vec<&str> = printed
        .lines()
        .filter_map(|line| line.find("curl ").or_else(|| line.find("kill ")).map(|start| &line[start..]))
        .collect();
    assert!(commands.len() >= 10, "{printed}");
    let told = tour();
    for command in commands {
        let outcomes = "curl http://127.0.0.1:7119/simulator/outcomes";
        assert!(command == outcomes || told.iter().any(|line| line.command == command), "not in the tour: {command}");
    }
}
