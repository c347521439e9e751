//! What Dintero says, for the scripted server.

use serde_json::json;

pub(crate) use crate::scripted_server::{Act, Request, Server, dead_url, reply, reply_with};

pub(crate) const TOKEN: &str = "/api/accounts/T12345678/auth/token";
pub(crate) const CREATE: &str = "/checkout/sessions-profile";

pub(crate) fn token(name: &str) -> Act {
    reply(200, json!({"access_token": name, "token_type": "Bearer", "expires_in": 3600}))
}

/// What Dintero says when it refuses.
pub(crate) fn error(status: u16, code: &str) -> Act {
    reply(status, json!({"error": {"code": code, "message": "refused"}}))
}
