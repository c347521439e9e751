//! The next certificate, in time.

use jiff::{SignedDuration, Timestamp};

use super::authority::{self, Authority};
use super::files::{self, CertificateFiles, PUBLIC};
use super::{CertificateError, Facts, facts};

/// How long before its end a certificate is renewed, and from when on its end is warned of.
pub const AHEAD: SignedDuration = SignedDuration::from_hours(30 * 24);

/// How long before its end an authority is warned of: every till must come to trust the next one.
const AUTHORITY_AHEAD: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Whether a certificate was made by an authority whose key lies beside it.
#[must_use]
pub fn is_ours(files: &CertificateFiles) -> bool {
    files.authority_key().exists() && is_of_the_authority_beside(files)
}

fn is_of_the_authority_beside(files: &CertificateFiles) -> bool {
    facts::is_signed_by(&files.certificate, &files.authority()).unwrap_or(false)
}

/// Whether a certificate ends soon, or does not count yet: this machine's clock was ahead when it was made.
#[must_use]
pub fn is_due(facts: &Facts, now: Timestamp) -> bool {
    facts.until.duration_since(now) < AHEAD || facts.from > now
}

/// That the authority which lies beside a certificate of its own ends, once that is soon; its key may be in a safe.
#[must_use]
pub fn authority_ends(files: &CertificateFiles, now: Timestamp) -> Option<CertificateError> {
    let until = Facts::read(&files.authority()).ok().filter(|_| is_of_the_authority_beside(files))?.until;
    (until.duration_since(now) < AUTHORITY_AHEAD).then(|| authority::ends(files, authority::date(until)))
}

/// Puts a new certificate for the same names and the same key in the place of the old one. The key stays, so that a
/// crash between two files can never leave a pair that does not fit.
///
/// # Errors
/// [`CertificateError`], and the old certificate stays; also when it counts as long as its authority already.
pub fn renew(files: &CertificateFiles, now: Timestamp) -> Result<Facts, CertificateError> {
    // First, so that a folder that is not there or may not be read is told as such.
    let Facts { names, from, until } = Facts::read(&files.certificate)?;
    if !is_ours(files) {
        return Err(CertificateError::NotOurs { certificate: files.certificate.clone() });
    }
    let key = authority::key(&files.key)?;
    let authority = Authority::beside(files, now)?;
    if from <= now && authority.until() <= authority::date(until) {
        return Err(authority::ends(files, authority.until()));
    }
    let issued = authority.issue(&names, &key, authority::date(now))?;
    files::replace(&files.certificate, &issued, PUBLIC)?;
    Facts::read(&files.certificate)
}
