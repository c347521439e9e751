//! `GET /events`: a till's results as server-sent events
//! (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::HeaderName;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use hyper::body::{Body as HttpBody, Frame};
use tokio::sync::mpsc;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::asked::Asked;
use super::refusals;
use crate::domain::directory::{Language, Till};
use crate::domain::operation::Operation;
use crate::engine::{Engine, News, ResultStream};
use crate::http::capacity::Counted;
use crate::http::{TillApi, respond};
use crate::till::dialect::{Answer, Dialect};
use crate::till::format::Format;
use crate::till::problem::{Code, Problem};
use crate::till::receipt::Paper;
use crate::till::reply::Reply;

/// Between two signs of life while nothing happens. A till that hears none for longer should connect anew.
const HEARTBEAT: Duration = Duration::from_secs(15);
const SIGN_OF_LIFE: &[u8] = b": \n\n";
/// The first line: how long a till should wait, in milliseconds, until it connects anew.
const OPENING: &[u8] = b"retry: 2000\n\n";
/// How many events wait for a till that reads slowly. The rest waits in the journal.
const WAITING: usize = 4;
const NO_BUFFER: HeaderName = HeaderName::from_static("x-accel-buffering");

pub(super) async fn events(State(api): State<TillApi>, asked: Asked) -> Response {
    match stream(&api, &asked).await {
        Ok(stream) => {
            let headers = [(CONTENT_TYPE, "text/event-stream"), (CACHE_CONTROL, "no-store"), (NO_BUFFER, "no")];
            (headers, Body::new(stream)).into_response()
        }
        Err(problem) => respond::problem(asked.reply_in, problem.told_in(asked.language)),
    }
}

async fn stream(api: &TillApi, asked: &Asked) -> Result<EventBody, Problem> {
    let till = &asked.till;
    let after = asked.last_event_id()?;
    let most = api.settings.limits.streams_per_till;
    let share = api.streams.take(till.id.clone(), most).ok_or_else(|| {
        Problem::new(Code::RateLimited, format!("this till has {most} streams open already; close one of them"))
    })?;
    let results =
        api.engine.results(till, after).await.map_err(|refusal| refusals::problem(&refusal, Some(&till.id)))?;
    let (events, body) = mpsc::channel(WAITING);
    let feed = Feed {
        events,
        results,
        engine: api.engine.clone(),
        till: till.clone(),
        language: asked.language,
        shutdown: api.shutdown.clone(),
    };
    let following = Counted::new(share, metrics::gauge!("pos_bridge_event_streams"));
    tokio::spawn(async move {
        feed.run().await;
        drop(following);
    });
    Ok(EventBody(body))
}

/// What writes a stream. It is never ahead of its till by more than a few events, and ends with its till.
struct Feed {
    events: mpsc::Sender<Bytes>,
    results: ResultStream,
    engine: Engine,
    till: Till,
    language: Language,
    shutdown: CancellationToken,
}

impl Feed {
    async fn run(mut self) {
        let mut going = self.events.send(Bytes::from_static(OPENING)).await.is_ok();
        while going {
            let shutdown = self.shutdown.clone();
            going = tokio::select! {
                () = shutdown.cancelled() => false,
                going = self.tell_next() => going,
            };
        }
    }

    /// Sends what comes next; `false` when nothing can any more.
    async fn tell_next(&mut self) -> bool {
        let news = tokio::select! {
            () = self.events.closed() => return false,
            () = sleep(HEARTBEAT) => return self.events.send(Bytes::from_static(SIGN_OF_LIFE)).await.is_ok(),
            news = self.results.next() => news,
        };
        let news = match news {
            Ok(news) => news,
            Err(refusal) => {
                // The till connects anew, and begins where it was.
                tracing::warn!(%refusal, "a stream of results ended");
                return false;
            }
        };
        for event in self.events(&news) {
            let Some(event) = event else { return false };
            if self.events.send(event).await.is_err() {
                return false;
            }
        }
        true
    }

    /// What a terminal asks has no id: a till that connects anew goes on behind its last result, and hears of its
    /// terminals as they are then.
    fn events(&self, news: &News) -> Vec<Option<Bytes>> {
        match news {
            News::Results(results) => results
                .iter()
                .map(|result| self.event(&format!("id: {}\nevent: result", result.sequence), &result.operation))
                .collect(),
            News::AtTerminals(open) => open.iter().map(|operation| self.event("event: prompt", operation)).collect(),
        }
    }

    /// Always in JSON, which has no line breaks of its own. `None` never happens: every reply can be written.
    fn event(&self, head: &str, operation: &Operation) -> Option<Bytes> {
        let paper = Paper::of(&self.till, self.engine.directory().store(&operation.store), self.language);
        let reply = Reply::new(operation, false, self.language)
            .with_terminal(operation, self.engine.at_terminal(operation), self.language)
            .with_receipts(operation, paper);
        let (_, data) = Format::from(Dialect::Json).encode(&Answer::Operation(Box::new(reply))).ok()?;
        let mut event = format!("{head}\ndata: ").into_bytes();
        event.extend_from_slice(&data);
        event.extend_from_slice(b"\n\n");
        Some(event.into())
    }
}

/// A body that goes on until its writer or its reader ends.
struct EventBody(mpsc::Receiver<Bytes>);

impl HttpBody for EventBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(context).map(|event| event.map(|bytes| Ok(Frame::data(bytes))))
    }
}
