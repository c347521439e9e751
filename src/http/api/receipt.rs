//! A till's receipts as plain text, for tills that print what they are given.

use axum::extract::State;
use axum::response::Response;

use super::asked::{Asked, PathText};
use super::till::{reference, refused};
use super::waiting::after;
use crate::domain::attempt::Kind;
use crate::domain::operation::Operation;
use crate::http::connections::telling;
use crate::http::{TillApi, respond};
use crate::till::problem::{Code, Problem};
use crate::till::receipt::{Edition, receipt};
use crate::till::requests::{self, Wait};

/// `GET /pay/{reference}/receipt?copy=customer`: the receipt, or why there is none.
pub(super) async fn print(State(api): State<TillApi>, path: PathText, asked: Asked, kind: Kind) -> Response {
    let printed = async {
        let reference = reference(path)?;
        let (recipient, wait) = requests::receipt_wanted(&asked.query)?;
        let found = api.engine.find(&asked.till, kind, &reference).await;
        let mut operation = found.map_err(|refusal| refused(&refusal, &asked))?;
        let seconds = Wait { query: wait, ..Wait::default() }.seconds(&asked.till, 0);
        api.settle(&mut operation, None, after(seconds)).await;
        let paper = api.paper(&operation, &asked);
        match receipt(&operation, recipient, edition(&operation), paper) {
            Some(text) => Ok((operation, text)),
            None => Err(nothing_yet(&operation)),
        }
    };
    match printed.await {
        Ok((operation, text)) => {
            // The receipt tells the result as well as a reply does.
            let engine = api.engine.clone();
            let printed = respond::plain_text(asked.charset_of_text(), &text);
            telling(printed, asked.exchange.clone(), move || engine.told(&operation))
        }
        Err(problem) => respond::problem(asked.reply_in, problem.told_in(asked.language)),
    }
}

/// The answer that told the result held the receipts too: what is printed after it is a copy.
const fn edition(operation: &Operation) -> Edition {
    match operation.told_at {
        None => Edition::Original,
        Some(_) => Edition::Copy,
    }
}

fn nothing_yet(operation: &Operation) -> Problem {
    let detail = format!(
        "there is no receipt yet: the {} is {}; ask again when its result is final",
        operation.kind.name(),
        operation.status().name()
    );
    Problem {
        retry: operation.attempt.phase.retry(),
        operation: Some(operation.id),
        location: Some(respond::path_of(operation)),
        ..Problem::new(Code::NotFound, detail)
    }
}
