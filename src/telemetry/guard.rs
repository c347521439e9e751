//! The last stop of every log line: no card number and no till's key passes it, and one event stays one line.

use std::borrow::Cow;
use std::io;

use tracing::Metadata;
use tracing_subscriber::fmt::MakeWriter;

use crate::domain::card::{separates, without_card_numbers};
use crate::domain::till_key::without_till_keys;

/// Makes writers whose lines are clean.
#[derive(Debug, Clone)]
pub(super) struct Guarded<W> {
    inner: W,
}

impl<W> Guarded<W> {
    /// Guards what goes to `inner`.
    pub(super) const fn new(inner: W) -> Self {
        Self { inner }
    }
}

impl<'writer, W: MakeWriter<'writer>> MakeWriter<'writer> for Guarded<W> {
    type Writer = Line<W::Writer>;

    fn make_writer(&'writer self) -> Self::Writer {
        Line { inner: self.inner.make_writer(), event: Vec::new() }
    }

    fn make_writer_for(&'writer self, metadata: &Metadata<'_>) -> Self::Writer {
        Line { inner: self.inner.make_writer_for(metadata), event: Vec::new() }
    }
}

/// Holds one event back until it is complete, so that nothing slips through between two writes.
pub(super) struct Line<W: io::Write> {
    inner: W,
    event: Vec<u8>,
}

impl<W: io::Write> io::Write for Line<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.event.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<W: io::Write> Drop for Line<W> {
    fn drop(&mut self) {
        if !self.event.is_empty() {
            let line = clean_line(&String::from_utf8_lossy(&self.event));
            // Nowhere to report it: this is the log.
            let _unwritten = self.inner.write_all(line.as_bytes());
        }
    }
}

/// The event with every separator that a debug format spelt out (`\u{a0}`, `\t`; with more backslashes in JSON) as a space:
/// a card number must not hide behind the spelling.
fn with_plain_spaces(event: &str) -> Cow<'_, str> {
    let mut pieces = event.split('\\');
    let Some((first, second)) = pieces.next().zip(pieces.next()) else { return event.into() };
    let (mut plain, mut backslashes) = (first.to_owned(), String::new());
    for piece in std::iter::once(second).chain(pieces) {
        backslashes.push('\\');
        if piece.is_empty() {
            continue;
        }
        match after_separator(piece) {
            Some(rest) => plain.extend([" ", rest]),
            None => plain.extend([backslashes.as_str(), piece]),
        }
        backslashes.clear();
    }
    (plain + &backslashes).into()
}

/// What follows the spelling of a separator, of which the backslash is gone.
fn after_separator(text: &str) -> Option<&str> {
    if let Some(rest) = text.strip_prefix('t') {
        return Some(rest);
    }
    let (number, rest) = text.strip_prefix("u{")?.split_once('}')?;
    let character = char::from_u32(u32::from_str_radix(number, 16).ok()?)?;
    separates(character).then_some(rest)
}

/// One event as one line: card numbers and keys masked, control characters spelt out, a newline at the end.
fn clean_line(event: &str) -> String {
    let event = event.strip_suffix('\n').unwrap_or(event);
    let mut line = String::with_capacity(event.len() + 1);
    for character in without_till_keys(&without_card_numbers(&with_plain_spaces(event))).chars() {
        match character {
            '\n' => line.push_str("\\n"),
            // As JSON spells it, so that a JSON line stays one.
            other if breaks_a_line(other) => line.push_str(&format!("\\u{:04x}", u32::from(other))),
            other => line.push(other),
        }
    }
    line.push('\n');
    line
}

/// Control characters, and the marks that move or hide text on a screen.
fn breaks_a_line(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

    use super::*;
    use crate::config::{LogFormat, Telemetry};

    #[derive(Clone, Default)]
    struct Memory(Arc<Mutex<Vec<u8>>>);

    struct Handle<'a>(MutexGuard<'a, Vec<u8>>);

    impl Write for Handle<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<'writer> MakeWriter<'writer> for Memory {
        type Writer = Handle<'writer>;
        fn make_writer(&'writer self) -> Handle<'writer> {
            Handle(self.0.lock().unwrap_or_else(PoisonError::into_inner))
        }
    }

    fn logged(format: LogFormat, log: impl FnOnce()) -> String {
        let memory = Memory::default();
        let telemetry = Telemetry { format, level: "info".to_owned() };
        let subscriber = crate::telemetry::subscriber(&telemetry, memory.clone()).unwrap();
        tracing::subscriber::with_default(subscriber, log);
        String::from_utf8(memory.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn a_till_cannot_forge_a_line_of_the_log() {
        let hostile = "R-1\n2026-11-20T10:00:00Z  INFO approved\r\u{1b}[2J\u{7f}\u{9b}\u{202e}\u{2028}";
        for format in [LogFormat::Text, LogFormat::Json] {
            let log = logged(format, || tracing::info!(reference = %hostile, again = ?hostile, "{hostile}"));
            assert_eq!(log.lines().count(), 1, "{log:?}");
            let body = log.strip_suffix('\n').unwrap();
            assert!(!body.chars().any(breaks_a_line), "{log:?}");
            assert!(body.contains("R-1\\n2026"), "{log:?}");
            assert!(format == LogFormat::Text || serde_json::from_str::<serde_json::Value>(body).is_ok(), "{log:?}");
        }
    }

    #[test]
    fn no_card_number_is_logged() {
        for format in [LogFormat::Text, LogFormat::Json] {
            let log = logged(format, || {
                tracing::info!(track = "4111 1111 1111 1111", "read 5500000000000004");
            });
            assert!(log.contains("4111 11** **** 1111") && log.contains("550000******0004"), "{log}");
            assert!(!crate::domain::card::holds_card_number(&log), "{log}");
        }
    }

    #[test]
    fn no_card_number_hides_behind_its_spelling() {
        for space in ["\u{a0}", "\u{2009}", "\u{3000}", "\u{200b}", "\t", ".", "/"] {
            let number = ["4111", "1111", "1111", "1111"].join(space);
            for format in [LogFormat::Text, LogFormat::Json] {
                let log = logged(format, || tracing::info!(track = number, again = ?number, "read {number}"));
                assert!(!log.contains("1111.1111") && log.matches("****").count() == 3, "{log}");
            }
        }
        assert_eq!(with_plain_spaces(r#"a\tb\u{a0}\\u{ad}c\n\\n\u{e9}\"\"#), r#"a b  c\n\\n\u{e9}\"\"#);
    }

    #[test]
    fn no_key_is_logged() {
        let key = crate::domain::till_key::till_key([7; 32]);
        for format in [LogFormat::Text, LogFormat::Json] {
            let log = logged(format, || tracing::warn!(detail = %key, "got {key:?}"));
            assert!(log.contains("pbk_***") && !log.contains(&key[4..]), "{log}");
        }
    }

    #[test]
    fn a_json_line_is_json() {
        let log = logged(LogFormat::Json, || tracing::warn!(terminal = "front", seconds = 3, "late \"success\""));
        let line: serde_json::Value = serde_json::from_str(&log).unwrap();
        assert_eq!((&line["level"], &line["terminal"]), (&"WARN".into(), &"front".into()));
        assert_eq!(line["message"], "late \"success\"");
    }

    #[test]
    fn the_level_decides_what_is_logged() {
        let log = logged(LogFormat::Text, || tracing::debug!("not this"));
        assert_eq!(log, "");
    }
}
