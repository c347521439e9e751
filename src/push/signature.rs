//! The signature of a pushed result, as Standard Webhooks 1.0.0 has it (<https://www.standardwebhooks.com>).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The value of `webhook-signature`; `time` is in Unix seconds. `None`: the key cannot sign (HMAC takes any).
pub(super) fn signature(key: &[u8], message_id: &str, time: i64, body: &[u8]) -> Option<String> {
    let mut code = Hmac::<Sha256>::new_from_slice(key).ok()?;
    code.update(format!("{message_id}.{time}.").as_bytes());
    code.update(body);
    Some(format!("v1,{}", STANDARD.encode(code.finalize().into_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with the package `standardwebhooks` 1.1.0 of Python.
    #[test]
    fn signatures_are_those_of_the_reference_library() {
        let key = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        for (message, time, body, signed) in [
            (
                "msg_p5jXN8AQM9LWM0D4loKWxJek",
                1_614_265_330,
                r#"{"test": 2432232314}"#,
                "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            ),
            (
                "01JD8X4S7R9M2E6K3T5V7W9Y1Z-42",
                1_795_860_000,
                r#"{"message":"Godkjent – blåbær"}"#,
                "v1,oRizrarkEAwEHD3pG4flRmXzgCwrE+FbxPyIWa+4bmU=",
            ),
            ("a", 1, "", "v1,PSRSUeDIET2rOqW2tXRRNPtaDHUhM5hP9vypna1/Ouo="),
        ] {
            assert_eq!(signature(&key, message, time, body.as_bytes()).as_deref(), Some(signed), "{message}");
        }
    }
}
