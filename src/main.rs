//! The `pos-bridge` program.
fn main() {}
