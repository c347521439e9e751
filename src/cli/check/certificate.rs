//! Whether tills will take the bridge's certificate.

use jiff::Timestamp;

use super::{Line, fault, ok, warning};
use crate::certificates::{CertificateFiles, Facts, ServedCertificate, renewal};
use crate::config::{Server, Tls};

/// Reads the certificate as the bridge would.
pub(super) fn check(server: &Server, tls: &Tls) -> Line {
    let files = &CertificateFiles { certificate: tls.certificate.clone(), key: tls.key.clone() };
    match ServedCertificate::open(files.clone()).and_then(|_| Facts::read(&files.certificate)) {
        Ok(facts) => judge(server, files, &facts, Timestamp::now()),
        Err(error) => fault("certificate", error.to_string()),
    }
}

fn judge(server: &Server, files: &CertificateFiles, facts: &Facts, now: Timestamp) -> Line {
    let found = format!("{} counts until {} for {}", files.certificate.display(), facts.until, facts.names);
    let renews = renewal::is_ours(files);
    if facts.until <= now {
        let advice = if renews { "run `pos-bridge tls renew`" } else { "put a new one in its place" };
        return fault("certificate", format!("{found}; it has expired and tills refuse it: {advice}"));
    }
    if facts.from > now {
        let text = format!("{found}, but from {} on only; check this machine's clock", facts.from);
        return fault("certificate", text);
    }
    if let Some(name) = facts.names.names.iter().find(|name| !is_known(server, name)) {
        let advice = format!("calls by the name {name} are refused: add it to allowed_hosts");
        return warning("certificate", format!("{found}; {advice}"));
    }
    if renews {
        return ok("certificate", format!("{found}; the bridge renews it 30 days before"));
    }
    if renewal::is_due(facts, now) {
        return warning("certificate", format!("{found}; it ends soon: put a new one in its place"));
    }
    ok("certificate", format!("{found}; a new one is taken up when you put it in its place"))
}

fn is_known(server: &Server, name: &str) -> bool {
    name == "localhost" || server.allowed_hosts.iter().any(|known| known.eq_ignore_ascii_case(name))
}
