//! A till that follows its results, as a browser's `EventSource` does.

use std::time::Duration;

use reqwest::Response;
use serde_json::Value;
use tokio::time::timeout;

use super::Till;

const PATIENCE: Duration = Duration::from_secs(20);

/// A stream of events that is open.
pub(crate) struct Stream {
    response: Response,
    received: String,
}

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Event {
    pub(crate) id: i64,
    pub(crate) data: Value,
}

impl Event {
    /// `R-1 approved`
    pub(crate) fn told(&self) -> String {
        format!("{} {}", self.data["reference"].as_str().unwrap(), self.data["status"].as_str().unwrap())
    }
}

impl Till {
    /// Follows from now on, or from what comes after an event.
    pub(crate) async fn follow(&self, last_event_id: Option<i64>) -> Stream {
        let request = self.client.get(format!("http://{}/events", self.address)).bearer_auth(&self.key);
        let request = match last_event_id {
            Some(id) => request.header("Last-Event-ID", id),
            None => request,
        };
        Stream::of(request.send().await.unwrap()).await
    }
}

impl Stream {
    /// The stream in a response; its first line shows that what happens from now on will be heard.
    pub(crate) async fn of(response: Response) -> Self {
        assert_eq!(response.status().as_u16(), 200);
        let mut stream = Self { response, received: String::new() };
        assert_eq!(stream.block().await.as_deref(), Some("retry: 2000"));
        stream
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.response.headers().get(name).map(|value| value.to_str().unwrap())
    }

    /// The next event; `None` when the stream has ended.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        loop {
            let block = self.block().await?;
            if block.starts_with(':') {
                continue;
            }
            let lines: Vec<&str> = block.lines().collect();
            let [id, event, data] = lines[..] else { panic!("no event: {block:?}") };
            assert_eq!(event, "event: result");
            return Some(Event {
                id: id.strip_prefix("id: ").unwrap().parse().unwrap(),
                data: serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap(),
            });
        }
    }

    async fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.received.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.received = rest;
                return Some(block);
            }
            // A connection that breaks off is an end too.
            let chunk = timeout(PATIENCE, self.response.chunk()).await.expect("no event in time").ok().flatten()?;
            self.received.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }
}
