//! The certificate that the listener shows: the one on disk, as it is now.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use jiff::{SignedDuration, Timestamp};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use rustls::server::{ClientHello, ResolvesServerCert, ServerConfig};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls::{Error, InconsistentKeys};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::files::{self, CertificateFiles};
use super::{CertificateError, Facts, facts, renewal};

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(2);
/// How often the end of the certificate is thought of.
const THINK: Duration = Duration::from_hours(1);
/// A clock that went so much otherwise than time itself since the last look was set.
const SET_BY: Duration = Duration::from_mins(1);

/// The certificate that new connections are shown.
#[derive(Debug)]
pub struct ServedCertificate {
    files: CertificateFiles,
    shown: RwLock<Arc<CertifiedKey>>,
    seen: Mutex<Option<Stamps>>,
}

/// What tells that a file was changed: when, how long it is, and which one it is.
type Stamp = (SystemTime, u64, u64);
type Stamps = (Stamp, Stamp);

impl ServedCertificate {
    /// Reads the files for the first time.
    ///
    /// # Errors
    /// [`CertificateError`] when they are no certificate with its key.
    pub fn open(files: CertificateFiles) -> Result<Self, CertificateError> {
        let seen = Mutex::new(stamps(&files));
        let shown = RwLock::new(Arc::new(certified_key(&files)?));
        Ok(Self { files, shown, seen })
    }

    /// What connections are encrypted by: TLS 1.2 or 1.3, with the certificate as it is when they come.
    ///
    /// # Errors
    /// [`CertificateError::Make`] when this machine can do neither.
    pub fn server_config(self: &Arc<Self>) -> Result<Arc<ServerConfig>, CertificateError> {
        let versions = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(|error| CertificateError::Make(error.to_string()))?;
        let mut config = versions.with_no_client_auth().with_cert_resolver(self.clone());
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    /// Takes the files up again when they changed. Connections that are open keep what they have; of files that are
    /// wrong nothing is taken, and the log says so once.
    pub fn take_up_changes(&self) {
        let now = stamps(&self.files);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if now == *seen {
            return;
        }
        *seen = now;
        match certified_key(&self.files).and_then(|key| Ok((key, self.facts()?))) {
            Ok((key, facts)) => {
                *self.shown.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(key);
                tracing::info!(names = %facts.names, until = %facts.until, "a new certificate is shown from now on");
            }
            Err(error) => tracing::error!(%error, "the new certificate cannot be used; the old one stays"),
        }
    }

    /// Renews the certificate when it ends soon or does not count yet and is of the store's own authority; warns when it
    /// is of another, and when that authority itself ends.
    pub fn see_to_its_end(&self, now: Timestamp) {
        if let Some(warning) = renewal::authority_ends(&self.files, now) {
            tracing::warn!("{warning}");
        }
        let facts = match self.facts() {
            Ok(facts) if renewal::is_due(&facts, now) => facts,
            // What cannot be read was told when it changed.
            Ok(_) | Err(_) => return,
        };
        if renewal::is_ours(&self.files) {
            match renewal::renew(&self.files, now) {
                Ok(renewed) => tracing::info!(until = %renewed.until, "the certificate was renewed"),
                Err(error) => tracing::error!(%error, until = %facts.until, "the certificate could not be renewed"),
            }
            self.take_up_changes();
        } else if facts.from > now {
            let from = facts.from;
            tracing::error!(%from, "the certificate does not count yet: tills refuse it; check this machine's clock");
        } else if facts.until <= now {
            tracing::error!(until = %facts.until, "the certificate has expired: tills refuse it; put a new one in place");
        } else {
            tracing::warn!(until = %facts.until, "the certificate ends soon; put a new one in place");
        }
    }

    /// Looks after the certificate until `shutdown`.
    pub async fn look_after(self: Arc<Self>, shutdown: CancellationToken) {
        let mut round = tokio::time::interval(LOOK);
        // Not by the clock, which may be set back.
        let mut think_at = Instant::now();
        let mut last_look = (Timestamp::now(), think_at);
        while shutdown.run_until_cancelled(round.tick()).await.is_some() {
            let (served, now, instant) = (self.clone(), Timestamp::now(), Instant::now());
            // What was renewed by a wrong clock may have ended by the right one.
            let thinks = instant >= think_at || was_set(now.duration_since(last_look.0), instant - last_look.1);
            last_look = (now, instant);
            if thinks {
                think_at = instant + THINK;
            }
            let looked = tokio::task::spawn_blocking(move || {
                served.take_up_changes();
                if thinks {
                    served.see_to_its_end(now);
                }
            });
            if let Err(error) = looked.await {
                tracing::error!(%error, "the certificate could not be looked after");
            }
        }
    }

    fn facts(&self) -> Result<Facts, CertificateError> {
        Facts::read(&self.files.certificate)
    }
}

impl ResolvesServerCert for ServedCertificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.shown.read().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

/// Whether somebody set the clock, which went by so much while so much time passed.
fn was_set(clock_went: SignedDuration, passed: Duration) -> bool {
    let passed = SignedDuration::try_from(passed).unwrap_or(SignedDuration::MAX);
    clock_went.saturating_sub(passed).unsigned_abs() > SET_BY
}

fn certified_key(files: &CertificateFiles) -> Result<CertifiedKey, CertificateError> {
    let unusable = |path: &Path, what, cause: String| CertificateError::Unusable { path: path.to_owned(), what, cause };
    let chain = facts::chain(&files.certificate)?;
    let key = PrivateKeyDer::from_pem_slice(files::read(&files.key)?.as_bytes())
        .map_err(|error| unusable(&files.key, "private key", error.to_string()))?;
    CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider()).map_err(|error| match error {
        Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
            CertificateError::OtherKey { certificate: files.certificate.clone(), key: files.key.clone() }
        }
        Error::InvalidCertificate(error) => unusable(&files.certificate, "certificate", error.to_string()),
        other => unusable(&files.key, "private key", other.to_string()),
    })
}

fn stamps(files: &CertificateFiles) -> Option<Stamps> {
    let stamp = |path: &Path| {
        let found = std::fs::metadata(path).ok()?;
        Some((found.modified().ok()?, found.len(), found.ino()))
    };
    Some((stamp(&files.certificate)?, stamp(&files.key)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_goes_otherwise_than_time_was_set() {
        let year = 365 * 24 * 3600;
        for (clock_went, passed, expected) in [
            (2, 2, false),
            (0, 2, false),
            (62, 2, false),
            (63, 2, true),
            (-58, 2, false),
            (-59, 2, true),
            (3600, 3600, false),
            (year, 2, true),
            (-year, 2, true),
            (i64::MIN, u64::MAX, true),
        ] {
            let was_set = was_set(SignedDuration::from_secs(clock_went), Duration::from_secs(passed));
            assert_eq!(was_set, expected, "{clock_went} s by the clock in {passed} s");
        }
    }
}
