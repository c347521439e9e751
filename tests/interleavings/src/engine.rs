//! The files of the program's `engine`, as `build.rs` takes them.

#[allow(dead_code, reason = "not everything is asked here")]
pub(crate) mod lines {
    include!(concat!(env!("OUT_DIR"), "/lines.rs"));
}

#[allow(dead_code, reason = "not everything is asked here")]
pub(crate) mod readers {
    include!(concat!(env!("OUT_DIR"), "/readers.rs"));
}
