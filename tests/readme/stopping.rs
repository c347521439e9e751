//! A demo that ends takes its bridge with it.

use crate::demo::Demo;

#[test]
fn a_demo_that_is_asked_to_stop_stops_its_bridge() {
    let mut demo = Demo::start();
    assert!(demo.terminate().success());
    demo.wait_until_the_bridge_is_gone();
}

#[test]
fn a_demo_that_is_killed_leaves_no_bridge_behind() {
    let mut demo = Demo::start();
    demo.process.kill().unwrap();
    demo.process.wait().unwrap();
    demo.wait_until_the_bridge_is_gone();
}
