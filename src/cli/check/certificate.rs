//! Whether tills will take the bridge's certificate.

use std::net::IpAddr;
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
        Ok(facts) => judge(&Callers::of(server), files, &facts, Timestamp::now()),
        Err(error) => fault("certificate", error.to_string()),
    }
}

/// How tills call the bridge.
struct Callers<'a> {
    allowed_hosts: &'a [String],
    /// From other machines they can call over TLS alone.
    only_by_tls: bool,
}

impl<'a> Callers<'a> {
    fn of(server: &'a Server) -> Self {
        let only_by_tls = server.listen.is_none_or(|listen| listen.ip().is_loopback());
        Self { allowed_hosts: &server.allowed_hosts, only_by_tls }
    }
}

fn judge(callers: &Callers<'_>, files: &CertificateFiles, facts: &Facts, now: Timestamp) -> Line {
    let found = &format!("{} counts until {} for {}", files.certificate.display(), facts.until, facts.names);
    let renews = renewal::is_ours(files);
    let wrong = time_left(found, renews, files, facts, now)
        .or_else(|| open_key(&files.key))
        .or_else(|| names(found, renews, callers, facts));
    wrong.unwrap_or_else(|| {
        let next = if renews {
            "the bridge renews it 30 days before"
        } else {
            "a new one is taken up when you put it in its place"
        };
        ok("certificate", format!("{found}; {next}"))
    })
}

/// What is wrong with when it counts.
fn time_left(found: &str, renews: bool, files: &CertificateFiles, facts: &Facts, now: Timestamp) -> Option<Line> {
    let renew = format!("run `pos-bridge tls renew --folder {}`", files.folder().display());
    if facts.until <= now {
        let advice = if renews { &renew } else { "put a new one in its place" };
        return Some(fault("certificate", format!("{found}; it has expired and tills refuse it: {advice}")));
    }
    if facts.from > now {
        let advice = if renews { format!("; if that is right, {renew}") } else { String::new() };
        let text = format!("{found}, but from {} on only; check this machine's clock{advice}", facts.from);
        return Some(fault("certificate", text));
    }
    if let Some(ends) = renewal::authority_ends(files, now) {
        return Some(warning("certificate", format!("{found}; {ends}")));
    }
    if !renewal::is_due(facts, now) {
        return None;
    }
    let advice = if renews {
        format!("it should be renewed by now: start the bridge, or {renew} and see what it says")
    } else {
        "put a new one in its place".to_owned()
    };
    Some(warning("certificate", format!("{found}; it ends soon: {advice}")))
}

/// That others can read its key.
fn open_key(key: &Path) -> Option<Line> {
    let is_open = std::fs::metadata(key).is_ok_and(|found| found.permissions().mode() & 0o004 != 0);
    let advice = "give it to the user that the bridge runs as, with mode 0600";
    let key = key.display();
    is_open.then(|| warning("certificate", format!("every user of this machine can read {key}; {advice}")))
}

/// A name that the bridge or a till refuses.
fn names(found: &str, renews: bool, callers: &Callers<'_>, facts: &Facts) -> Option<Line> {
    if let Some(name) = facts.names.names.iter().find(|name| !is_known(callers.allowed_hosts, name)) {
        let advice = format!("calls by the name {name} are refused: add it to allowed_hosts");
        return Some(warning("certificate", format!("{found}; {advice}")));
    }
    let host = callers.allowed_hosts.iter().find(|host| !vouches_for(facts, host));
    let host = host.filter(|_| callers.only_by_tls)?;
    let advice = if renews {
        "make a new authority in another --folder with `pos-bridge tls init`, and have every till trust it"
    } else {
        "get a new one that has it"
    };
    let text = format!("{found}; tills that call {host}, which allowed_hosts has, refuse it: {advice}");
    Some(warning("certificate", text))
}

fn is_known(allowed_hosts: &[String], name: &str) -> bool {
    name == "localhost" || allowed_hosts.iter().any(|known| covers(name, known))
}

/// Whether a till that calls this takes the certificate. What is called localhost is this machine alone.
fn vouches_for(facts: &Facts, host: &str) -> bool {
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    address.is_ok_and(|address| address.is_loopback() || facts.names.addresses.contains(&address))
        || host.eq_ignore_ascii_case("localhost")
        || facts.names.names.iter().any(|name| covers(name, host))
}

/// Whether a certificate's name, which may begin with `*.`, is this one.
fn covers(name: &str, host: &str) -> bool {
    let below = name.strip_prefix("*.").zip(host.split_once('.'));
    name.eq_ignore_ascii_case(host) || below.is_some_and(|(domain, (_, above))| domain.eq_ignore_ascii_case(above))
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::certificates::{Authority, Names};
    use crate::cli::check::Verdict;

    /// By localhost alone, over TLS or not.
    const HERE: Callers<'_> = Callers { allowed_hosts: &[], only_by_tls: true };

    #[test]
    fn a_certificate_is_judged_by_its_end_and_by_who_can_renew_it() {
        let folder = tempfile::tempdir().unwrap();
        let now = Timestamp::now();
        let names = Names { names: vec!["localhost".to_owned()], addresses: Vec::new() };
        let files = Authority::make(folder.path(), &names, now).unwrap();
        let facts = Facts::read(&files.certificate).unwrap();
        let days = |days: i64| now + SignedDuration::from_hours(24 * days);
        let verdict = |when| judge(&HERE, &files, &facts, when).verdict;
        let ours = [days(-30), now, days(380), days(400)].map(verdict);
        assert_eq!(ours, [Verdict::Fault, Verdict::Ok, Verdict::Warning, Verdict::Fault]);
        let early = judge(&HERE, &files, &facts, days(-30)).text;
        let renew = format!("tls renew --folder {}`", folder.path().display());
        assert!(early.contains("check this machine's clock") && early.contains(&renew), "{early}");

        std::fs::remove_file(files.authority_key()).unwrap();
        let verdict = |when| judge(&HERE, &files, &facts, when).verdict;
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
        let judged = judge(&HERE, &files, &facts, now);
        assert_eq!(judged.verdict, Verdict::Warning);
        assert!(judged.text.contains("the authority in"), "{}", judged.text);
    }

    #[test]
    fn a_name_that_tills_call_and_the_certificate_lacks_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let now = Timestamp::now();
        let addresses = vec!["192.168.1.10".parse().unwrap()];
        let names = Names { names: vec!["kasse.local".to_owned(), "*.shop.example".to_owned()], addresses };
        let files = Authority::make(folder.path(), &names, now).unwrap();
        let facts = Facts::read(&files.certificate).unwrap();
        let known = ["kasse.local", "till.shop.example", "192.168.1.10", "localhost"].map(str::to_owned);
        let judged = |more: &str, only_by_tls| {
            let allowed_hosts = &[&known[..], &[more.to_owned()]].concat();
            judge(&Callers { allowed_hosts, only_by_tls }, &files, &facts, now)
        };
        for host in ["KASSE.local", "127.0.0.1", "[::1]"] {
            assert_eq!(judged(host, true).verdict, Verdict::Ok, "{host}");
        }
        for host in ["bridge.local", "192.168.1.11", "a.till.shop.example", "shop.example"] {
            let told = judged(host, true);
            assert_eq!(told.verdict, Verdict::Warning, "{host}");
            assert!(told.text.contains(host) && told.text.contains("another --folder"), "{}", told.text);
            assert_eq!(judged(host, false).verdict, Verdict::Ok, "by {host} they may call unencrypted");
        }
    }
}
