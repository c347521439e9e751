//! `dojo-signature`: over the body as it is sent, in capital hexadecimal pairs joined by `-`.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The header's value.
pub(super) fn header(secret: &str, body: &[u8]) -> Option<String> {
    let mut code = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    code.update(body);
    let digest = code.finalize().into_bytes();
    let pairs: Vec<String> = digest.iter().map(|byte| format!("{byte:02X}")).collect();
    Some(format!("sha256={}", pairs.join("-")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = r#"{"id":"evt_hnnHxIKR_Uy6bhZCusCltw","event":"payment_intent.created","accountId":"acc_test","createdAt":"2022-02-01T13:07:41.8667859Z","data":{"paymentIntentId":"pi_vpwd4ooAPEqyNAQe4z89WQ","paymentStatus":"Created","captureMode":"Auto"}}"#;

    /// The vectors of Dojo's documents and of its .NET library.
    #[test]
    fn agrees_with_both_published_vectors() {
        for (secret, pairs) in [
            (
                "ws_OYsyzcrH70GpJfs8MMkKpg",
                "94-AC-93-67-D6-8B-69-6D-15-A2-C2-45-40-98-B5-E7-64-72-38-C5-1F-6D-32-D0-5F-CB-91-20-A9-20-64-F4",
            ),
            (
                "PDYkJQq6sESYHp_zJuTTBQ",
                "4B-49-F8-FE-25-A7-E6-7D-00-4F-A7-9C-F8-0B-63-00-C7-77-B4-F2-2D-E5-E1-22-84-FA-04-18-50-A1-76-FD",
            ),
        ] {
            assert_eq!(header(secret, BODY.as_bytes()), Some(format!("sha256={pairs}")));
        }
    }
}
