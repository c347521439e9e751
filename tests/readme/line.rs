//! One line of the tour: a command, and behind it what it brings.

use std::time::Duration;

use reqwest::{Client, Method};
use serde_json::Value;

/// A line to paste, and what stands behind it.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) command: String,
    expected: Vec<String>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Line {
    /// `curl …    # approved, amount 100: why`
    pub(crate) fn read(text: &str) -> Self {
        let (command, comment) = text.split_once("    # ").unwrap_or_else(|| panic!("what does this bring? {text}"));
        let outcome = comment.split(": ").next().unwrap();
        Self { command: command.to_owned(), expected: outcome.split(", ").map(str::to_owned).collect() }
    }

    pub(crate) fn is_kill(&self) -> bool {
        self.command.starts_with("kill ")
    }

    /// The same line for another place than the demo's usual one.
    pub(crate) fn at(&self, replacements: &[(&str, &str)]) -> Self {
        let replace = |text: String, (from, to): &(&str, &str)| text.replace(from, to);
        Self { command: replacements.iter().fold(self.command.clone(), replace), ..self.clone() }
    }

    /// Everything that stands behind the line is so.
    pub(crate) fn check(&self, answer: &Answer) {
        for expected in &self.expected {
            assert!(holds(expected, answer), "{}\nshould bring: {expected}\nbut brings: {answer:?}", self.command);
        }
    }

    /// Does what curl would do.
    pub(crate) async fn perform(&self) -> Answer {
        let words = words(&self.command);
        let mut words = words.iter().map(String::as_str);
        assert_eq!(words.next(), Some("curl"), "{}", self.command);
        let (mut method, mut url, mut body, mut retries) = (None, None, None, 0);
        let mut headers = Vec::new();
        while let Some(word) = words.next() {
            let mut value = || words.next().unwrap_or_else(|| panic!("{word} of what? {}", self.command));
            match word {
                "-X" => method = Some(value().to_owned()),
                "-H" => headers.push(value().split_once(": ").unwrap()),
                "--json" => body = Some(("application/json", value().to_owned())),
                "-d" => body = Some(("application/x-www-form-urlencoded", value().to_owned())),
                "--retry" => retries = value().parse().unwrap(),
                "--retry-all-errors" => {}
                option if option.starts_with('-') => panic!("this test does not know {option}: {}", self.command),
                address => url = Some(address.to_owned()),
            }
        }
        let method = method.unwrap_or_else(|| if body.is_some() { "POST" } else { "GET" }.to_owned());
        let client = Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap();
        loop {
            let mut request = client.request(Method::from_bytes(method.as_bytes()).unwrap(), url.clone().unwrap());
            for (name, value) in &headers {
                request = request.header(*name, *value);
            }
            if let Some((content_type, body)) = &body {
                let is_said = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("Content-Type"));
                request = if is_said { request } else { request.header("Content-Type", *content_type) };
                request = request.body(body.clone());
            }
            match request.send().await {
                Ok(answer) => return Answer::of(answer.status().as_u16(), &answer.text().await.unwrap()),
                Err(error) if retries == 0 => panic!("{}: {error:?}", self.command),
                Err(_) => retries -= 1,
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
}

impl Answer {
    pub(crate) fn of(status: u16, text: &str) -> Self {
        Self { status, body: serde_json::from_str(text).unwrap_or_else(|_| fields_of(text)) }
    }
}

/// The lines of the form dialect, or the elements of XML, as far as they are simple.
fn fields_of(text: &str) -> Value {
    let elements = text.split('<').filter_map(|element| element.split_once('>'));
    let lines = text.split("\r\n").filter_map(|line| line.split_once('='));
    let fields = elements.chain(lines).filter(|(_, value)| !value.is_empty());
    fields.map(|(name, value)| (name.to_owned(), Value::from(value))).collect()
}

/// `202` is the HTTP status, `approved` the outcome, `replayed` a flag, `5 operations` a list, `amount 100` a field.
fn holds(expected: &str, Answer { status, body }: &Answer) -> bool {
    match expected.split_once(' ') {
        None => match expected.parse::<u16>() {
            Ok(number) => *status == number,
            Err(_) => {
                body["status"] == expected
                    || body["code"] == expected
                    || body[expected] == true
                    || body[expected] == "true"
            }
        },
        Some((first, second)) => match first.parse::<usize>() {
            Ok(count) => body[second].as_array().is_some_and(|list| list.len() == count),
            Err(_) => body[first].to_string().trim_matches('"') == second,
        },
    }
}

/// The words as a shell would split them; single quotes hold a word together.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for character in command.chars() {
        match character {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            other => words.last_mut().unwrap().push(other),
        }
    }
    assert!(!quoted, "a quote is open: {command}");
    words.retain(|word| !word.is_empty());
    words
}
