//! What the log tells of requests.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use tracing::level_filters::LevelFilter;
use tracing::subscriber::set_default;

use super::support::*;

/// A log in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn answers(&self) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().filter(|line| line.contains("answered")).map(str::to_owned).collect()
    }
}

/// Anybody on the network could fill the disk with it.
#[tokio::test]
async fn what_needs_no_key_is_not_logged_each_time() {
    let log = Log::default();
    let writer = log.clone();
    let lines = tracing_subscriber::fmt().with_max_level(LevelFilter::INFO).with_ansi(false);
    let _logging = set_default(lines.with_writer(move || writer.clone()).finish());
    let border = border().await;
    for path in ["/health", "/metrics", "/docs", "/openapi.json"] {
        assert_eq!(border.bare_call("GET", path, "", "").await.status, 200, "{path}");
    }
    assert_eq!(log.answers(), Vec::<String>::new());
    border.call("GET", "/last", "", "").await;
    border.bare_call("GET", "/last", "", "").await;
    assert_eq!(log.answers().len(), 2, "a till, and a stranger who is refused: {:?}", log.answers());
}
