//! Which calls a till may make: the scopes of its profile.
//!
//! Cancelling and booking belong to the scope of their kind. A till that may begin something may always ask what became
//! of it; everything else that is read needs `status`.

use axum::extract::{MatchedPath, Request};
use axum::http::Method;
use axum::response::Response;

use crate::domain::directory::{Scope, Scopes, Till};
use crate::http::respond;
use crate::till::problem::{Code, Problem};

/// Refuses a call that the till has no scope for. What is not known here needs `status`.
pub(super) fn check(till: &Till, request: &Request) -> Result<(), Box<Response>> {
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let Some(scope) = missing(till.profile.scopes, request.method(), route) else { return Ok(()) };
    let detail =
        format!("this needs the scope {:?}, which this till does not have; add it to its scopes", scope.name());
    Err(Box::new(respond::refused_to(till, request.headers(), Problem::new(Code::Forbidden, detail))))
}

/// The scope that a till would need for this, when it has not.
fn missing(scopes: Scopes, method: &Method, route: &str) -> Option<Scope> {
    let reads = method != Method::POST;
    let is_below =
        |resource: &str| route.strip_prefix(resource).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let (scope, granted) = if is_below("/pay") {
        (Scope::Pay, scopes.pay || reads && scopes.status)
    } else if is_below("/refund") {
        (Scope::Refund, scopes.refund || reads && scopes.status)
    } else {
        (Scope::Status, scopes.status)
    };
    (!granted).then_some(scope)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Scopes = Scopes { pay: false, refund: false, status: false, unlinked_refund: false };

    #[test]
    fn each_call_needs_its_scope() {
        let (pay, refund, status) =
            (Scopes { pay: true, ..NONE }, Scopes { refund: true, ..NONE }, Scopes { status: true, ..NONE });
        for (method, route, allowed) in [
            (Method::POST, "/pay", &[pay][..]),
            (Method::POST, "/pay/{reference}/cancel", &[pay]),
            (Method::POST, "/pay/{reference}/ack", &[pay]),
            (Method::GET, "/pay/{reference}", &[pay, status]),
            (Method::HEAD, "/pay/{reference}", &[pay, status]),
            (Method::GET, "/pay/{reference}/receipt", &[pay, status]),
            (Method::POST, "/refund", &[refund]),
            (Method::POST, "/refund/{reference}/cancel", &[refund]),
            (Method::POST, "/refund/{reference}/ack", &[refund]),
            (Method::GET, "/refund/{reference}", &[refund, status]),
            (Method::GET, "/last", &[status]),
            (Method::GET, "/operations", &[status]),
            (Method::GET, "/terminals", &[status]),
            (Method::POST, "/payments", &[status]),
            (Method::POST, "", &[status]),
        ] {
            for scopes in [NONE, pay, refund, status] {
                let refused = missing(scopes, &method, route).is_some();
                assert_eq!(refused, !allowed.contains(&scopes), "{method} {route} {scopes:?}");
            }
            assert_eq!(missing(Scopes::default(), &method, route), None);
        }
    }
}
