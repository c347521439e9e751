//! Whether tills will take the bridge's certificate.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use jiff::Timestamp;

use super::{Line, fault, ok, warning};
use crate::certificates::{CertificateFiles, Facts, ServedCertificate, renewal};
use crate::config::{Server, Tls};

/// Reads the certificate as the bridge would.
pub(super) fn check(server: &Server, tls: &Tls) -> Line {
    let files = &CertificateFiles { certificate: tls.certificate.clone(), key: tls.key.clone() };
    match ServedCertificate::open(files.clone()).and_then(|_| Facts::read(&files.certificate)) {
        Ok(facts) => judge(&server.allowed_hosts, files, &facts, Timestamp::now()),
        Err(error) => fault("certificate", error.to_string()),
    }
}

fn judge(allowed_hosts: &[String], files: &CertificateFiles, facts: &Facts, now: Timestamp) -> Line {
    let found = format!("{} counts until {} for {}", files.certificate.display(), facts.until, facts.names);
    let renews = renewal::is_ours(files);
    let renew = format!("run `pos-bridge tls renew --folder {}`", files.folder().display());
    if facts.until <= now {
        let advice = if renews { &renew } else { "put a new one in its place" };
        return fault("certificate", format!("{found}; it has expired and tills refuse it: {advice}"));
    }
    if facts.from > now {
        let advice = if renews { format!("; if that is right, {renew}") } else { String::new() };
        let text = format!("{found}, but from {} on only; check this machine's clock{advice}", facts.from);
        return fault("certificate", text);
    }
    if let Some(ends) = renewal::authority_ends(files, now) {
        return warning("certificate", format!("{found}; {ends}"));
    }
    if renewal::is_due(facts, now) {
        let advice = if renews {
            format!("it should be renewed by now: start the bridge, or {renew} and see what it says")
        } else {
            "put a new one in its place".to_owned()
        };
        return warning("certificate", format!("{found}; it ends soon: {advice}"));
    }
    if is_readable_by_everyone(&files.key) {
        let key = files.key.display();
        let advice = "give it to the user that the bridge runs as, with mode 0600";
        return warning("certificate", format!("every user of this machine can read {key}; {advice}"));
    }
    if let Some(name) = facts.names.names.iter().find(|name| !is_known(allowed_hosts, name)) {
        let advice = format!("calls by the name {name} are refused: add it to allowed_hosts");
        return warning("certificate", format!("{found}; {advice}"));
    }
    if renews {
        return ok("certificate", format!("{found}; the bridge renews it 30 days before"));
    }
    ok("certificate", format!("{found}; a new one is taken up when you put it in its place"))
}

fn is_known(allowed_hosts: &[String], name: &str) -> bool {
    name == "localhost" || allowed_hosts.iter().any(|known| known.eq_ignore_ascii_case(name))
}

fn is_readable_by_everyone(key: &Path) -> bool {
    std::fs::metadata(key).is_ok_and(|found| found.permissions().mode() & 0o004 != 0)
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::certificates::{Authority, Names};
    use crate::cli::check::Verdict;

    #[test]
    fn a_certificate_is_judged_by_its_end_and_by_who_can_renew_it() {
        let folder = tempfile::tempdir().unwrap();
        let now = Timestamp::now();
        let names = Names { names: vec!["localhost".to_owned()], addresses: Vec::new() };
        let files = Authority::make(folder.path(), &names, now).unwrap();
        let facts = Facts::read(&files.certificate).unwrap();
        let days = |days: i64| now + SignedDuration::from_hours(24 * days);
        let verdict = |when| judge(&[], &files, &facts, when).verdict;
        let ours = [days(-30), now, days(380), days(400)].map(verdict);
        assert_eq!(ours, [Verdict::Fault, Verdict::Ok, Verdict::Warning, Verdict::Fault]);
        let early = judge(&[], &files, &facts, days(-30)).text;
        let renew = format!("tls renew --folder {}`", folder.path().display());
        assert!(early.contains("check this machine's clock") && early.contains(&renew), "{early}");

        std::fs::remove_file(files.authority_key()).unwrap();
        let verdict = |when| judge(&[], &files, &facts, when).verdict;
        let anothers = [now, days(380), days(400)].map(verdict);
        assert_eq!(anothers, [Verdict::Ok, Verdict::Warning, Verdict::Fault]);
    }

    #[test]
    fn the_end_of_the_authority_is_told_three_months_before() {
        let folder = tempfile::tempdir().unwrap();
        let now = Timestamp::now();
        let names = Names { names: vec!["localhost".to_owned()], addresses: Vec::new() };
        let made = now - SignedDuration::from_hours(24 * 3590);
        let files = Authority::make(folder.path(), &names, made).unwrap();
        renewal::renew(&files, now).unwrap();
        let facts = Facts::read(&files.certificate).unwrap();
        let judged = judge(&[], &files, &facts, now);
        assert_eq!(judged.verdict, Verdict::Warning);
        assert!(judged.text.contains("the authority in"), "{}", judged.text);
    }
}
