//! The listener over TLS: real clients, real handshakes, real files.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use pos_bridge::certificates::{
    Authority, CertificateError, CertificateFiles, Facts, Names, ServedCertificate, renewal,
};
use pos_bridge::http::Limits;
use reqwest::tls::{TlsInfo, Version};
use reqwest::{Client, ClientBuilder, Response};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;

use super::greed::pending;
use super::support::*;

/// A store with its own authority, and its bridge.
struct Shop {
    _folder: TempDir,
    files: CertificateFiles,
    served: Arc<ServedCertificate>,
    border: Border,
    authority: reqwest::Certificate,
}

fn days_ago(days: i64) -> Timestamp {
    Timestamp::now() - SignedDuration::from_hours(24 * days)
}

fn make(folder: &Path, when: Timestamp) -> CertificateFiles {
    let names = Names { names: vec![NAME.to_owned()], addresses: vec!["127.0.0.1".parse().unwrap()] };
    Authority::make(folder, &names, when).unwrap()
}

impl Shop {
    async fn open() -> Self {
        Self::with(days_ago(0), Limits::default()).await
    }

    /// A shop whose certificate was made some time ago.
    async fn with(made: Timestamp, limits: Limits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let files = make(folder.path(), made);
        let served = Arc::new(ServedCertificate::open(files.clone()).unwrap());
        let border = encrypted_border(pending(), limits, served.server_config().unwrap()).await;
        let authority = reqwest::Certificate::from_pem(&std::fs::read(files.authority()).unwrap()).unwrap();
        Self { _folder: folder, files, served, border, authority }
    }

    /// A till that trusts the store's authority and nobody else; every call is a new connection.
    fn till(&self) -> ClientBuilder {
        Client::builder()
            .tls_certs_only([self.authority.clone()])
            .resolve(NAME, self.border.address)
            .pool_max_idle_per_host(0)
            .no_proxy()
            .tls_info(true)
    }

    async fn get(&self, till: ClientBuilder, host: &str, path: &str) -> reqwest::Result<Response> {
        let url = format!("https://{host}:{}{path}", self.border.address.port());
        till.build().unwrap().get(url).header("X-Api-Key", KEY).send().await
    }

    /// The certificate that a new connection is shown.
    async fn shown(&self) -> Vec<u8> {
        let answer = self.get(self.till(), NAME, "/health").await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.extensions().get::<TlsInfo>().unwrap().peer_certificate().unwrap().to_vec()
    }

    fn until(&self) -> Timestamp {
        Facts::read(&self.files.certificate).unwrap().until
    }
}

#[tokio::test]
async fn a_till_is_served_over_tls_1_2_and_1_3_by_name_and_by_address() {
    let shop = Shop::open().await;
    for version in [Version::TLS_1_2, Version::TLS_1_3] {
        for host in [NAME, "127.0.0.1"] {
            let till = shop.till().tls_version_min(version).tls_version_max(version);
            let answer = shop.get(till, host, "/pay/R-1").await.unwrap_or_else(|error| panic!("{host}: {error:?}"));
            assert_eq!(answer.status(), 202, "{version:?} {host}");
            assert_eq!(answer.json::<Value>().await.unwrap()["status"], "pending");
        }
    }
}

#[tokio::test]
async fn a_till_that_does_not_trust_the_authority_or_calls_by_another_name_hangs_up() {
    let shop = Shop::open().await;
    let stranger = Client::builder().no_proxy().resolve(NAME, shop.border.address);
    assert!(shop.get(stranger, NAME, "/health").await.is_err(), "an authority that nobody trusts");
    let elsewhere = shop.till().resolve("other.example", shop.border.address);
    assert!(shop.get(elsewhere, "other.example", "/health").await.is_err(), "a name that is not in the certificate");
}

/// What OpenSSL gets when it insists on one version.
fn openssl(shop: &Shop, version: &str) -> Option<bool> {
    let address = shop.border.address.to_string();
    // Level 0 lets OpenSSL itself offer TLS 1.1.
    let arguments = ["s_client", "-connect", &address, version, "-cipher", "DEFAULT@SECLEVEL=0", "-alpn", "http/1.1"];
    let silent = || Stdio::null();
    let ran = Command::new("openssl").args(arguments).stdin(silent()).stdout(silent()).stderr(silent()).status();
    ran.ok().map(|status| status.success())
}

#[tokio::test(flavor = "multi_thread")]
async fn older_versions_are_refused() {
    let shop = Shop::open().await;
    let Some(newer) = openssl(&shop, "-tls1_2") else {
        std::io::stderr().write_all(b"\n!!! NOT TESTED: there is no openssl on this machine !!!\n").unwrap();
        return;
    };
    assert!(newer, "OpenSSL does not even get TLS 1.2");
    for version in ["-tls1", "-tls1_1"] {
        assert_eq!(openssl(&shop, version), Some(false), "{version}");
    }
}

#[tokio::test]
async fn plain_http_is_told_to_encrypt() {
    let shop = Shop::open().await;
    let reply = shop.border.bare_call("GET", "/health", "", "").await;
    assert_eq!((reply.status, reply.code().as_str()), (400, "invalid_request"));
    assert!(reply.json()["detail"].as_str().unwrap().contains("https://"), "{reply:?}");
}

#[tokio::test]
async fn a_handshake_has_its_time() {
    let shop = Shop::with(days_ago(0), short_limits()).await;
    for half in [&b""[..], b"\x16\x03\x01\x02\x00"] {
        let mut stream = shop.border.connect().await;
        stream.write_all(half).await.unwrap();
        assert_eq!(read_to_close(&mut stream).await, "");
    }
}

#[tokio::test]
async fn a_till_without_a_place_is_told_so_over_tls_too() {
    let shop = Shop::with(days_ago(0), Limits { connections: 1, header_read: PATIENCE, ..Limits::default() }).await;
    let idle = shop.border.connect().await;
    let refused = shop.get(shop.till(), NAME, "/health").await.unwrap();
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.json::<Value>().await.unwrap()["code"], "overloaded");
    drop(idle);
    let served = async { while shop.get(shop.till(), NAME, "/health").await.unwrap().status() != 200 {} };
    tokio::time::timeout(PATIENCE, served).await.expect("the place was never given back");
}

#[tokio::test]
async fn a_new_certificate_is_taken_up_while_a_till_waits() {
    let shop = Shop::open().await;
    let before = shop.shown().await;
    let till = shop.till().pool_max_idle_per_host(1).build().unwrap();
    let call = |path: &str| {
        let url = format!("https://{NAME}:{}{path}", shop.border.address.port());
        till.get(url).header("X-Api-Key", KEY).send()
    };
    call("/health").await.unwrap().bytes().await.unwrap();
    let changing = async {
        renewal::renew(&shop.files, Timestamp::now()).unwrap();
        shop.served.take_up_changes();
        shop.shown().await
    };
    let (waiting, after) = tokio::join!(call("/pay/R-1?wait=1"), changing);
    assert_ne!(before, after, "new connections are shown the new one");
    let waiting = waiting.unwrap();
    assert_eq!(waiting.extensions().get::<TlsInfo>().unwrap().peer_certificate(), Some(before.as_slice()));
    assert_eq!(waiting.status(), 202, "the one that waits goes on, over the connection that it has");
}

#[tokio::test]
async fn files_that_are_wrong_change_nothing() {
    let shop = Shop::open().await;
    let before = shop.shown().await;
    let other = tempfile::tempdir().unwrap();
    let other = make(other.path(), days_ago(0));
    let good = std::fs::read(&shop.files.key).unwrap();
    for bad in [std::fs::read(&other.key).unwrap(), b"no key".to_vec(), Vec::new()] {
        std::fs::write(&shop.files.key, bad).unwrap();
        shop.served.take_up_changes();
        assert_eq!(shop.shown().await, before);
    }
    std::fs::remove_file(&shop.files.key).unwrap();
    shop.served.take_up_changes();
    assert_eq!(shop.shown().await, before, "no key at all");
    std::fs::write(&shop.files.key, good).unwrap();
    renewal::renew(&shop.files, Timestamp::now()).unwrap();
    shop.served.take_up_changes();
    assert_ne!(shop.shown().await, before, "mended");
}

#[test]
fn a_start_with_wrong_files_says_which_and_shows_no_key() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (one, other) = (make(one.path(), days_ago(0)), make(other.path(), days_ago(0)));
    let mixed = CertificateFiles { certificate: one.certificate.clone(), key: other.key.clone() };
    let error = ServedCertificate::open(mixed).unwrap_err();
    assert!(matches!(error, CertificateError::OtherKey { .. }), "{error}");
    let swapped = CertificateFiles { certificate: one.key.clone(), key: one.certificate.clone() };
    let missing = CertificateFiles { certificate: "/nowhere/server.pem".into(), key: one.key.clone() };
    for (files, named) in [(swapped, "server-key.pem"), (missing, "/nowhere/server.pem")] {
        let error = ServedCertificate::open(files).unwrap_err().to_string();
        assert!(error.contains(named) && !error.contains("PRIVATE KEY"), "{error}");
    }
}

#[tokio::test]
async fn a_certificate_is_renewed_before_it_ends() {
    for (made, renews) in [(days_ago(300), false), (days_ago(380), true)] {
        let shop = Shop::with(made, Limits::default()).await;
        let (before, until) = (shop.shown().await, shop.until());
        shop.served.see_to_its_end(Timestamp::now());
        assert_eq!(shop.until() > until, renews);
        assert_eq!(shop.shown().await != before, renews);
    }
}

#[tokio::test]
async fn an_expired_certificate_is_refused_by_tills_and_renewed_by_its_authority_alone() {
    let shop = Shop::with(days_ago(500), Limits::default()).await;
    assert!(shop.get(shop.till(), NAME, "/health").await.is_err());

    let (key, aside) = (shop.files.authority_key(), shop.files.key.with_file_name("in-the-safe"));
    std::fs::rename(&key, &aside).unwrap();
    shop.served.see_to_its_end(Timestamp::now());
    assert!(shop.get(shop.till(), NAME, "/health").await.is_err(), "nobody here can renew it");
    let refused = renewal::renew(&shop.files, Timestamp::now());
    assert!(matches!(refused, Err(CertificateError::NotOurs { .. })), "{refused:?}");

    std::fs::rename(&aside, &key).unwrap();
    shop.served.see_to_its_end(Timestamp::now());
    assert_eq!(shop.get(shop.till(), NAME, "/health").await.unwrap().status(), 200);
}

/// A clock that was ahead for an hour, and a certificate that was renewed in it.
#[tokio::test]
async fn a_certificate_of_a_day_to_come_is_renewed_once_the_clock_is_right() {
    let ahead = Timestamp::now() + SignedDuration::from_hours(24 * 400);
    for made in [0, 3000] {
        let shop = Shop::with(days_ago(made), Limits::default()).await;
        renewal::renew(&shop.files, ahead).unwrap();
        shop.served.take_up_changes();
        assert!(shop.get(shop.till(), NAME, "/health").await.is_err(), "it does not count yet");
        shop.served.see_to_its_end(Timestamp::now());
        let answer = shop.get(shop.till(), NAME, "/health").await.expect("renewed, also back from the authority's end");
        assert_eq!(answer.status(), 200);
    }
}

/// A machine that starts without knowing the time would make one that has ended when it knows.
#[tokio::test]
async fn a_clock_from_before_the_authority_renews_nothing() {
    let shop = Shop::open().await;
    let before = shop.shown().await;
    shop.served.see_to_its_end(days_ago(20_000));
    assert_eq!(shop.shown().await, before);
    let refused = renewal::renew(&shop.files, days_ago(20_000));
    assert!(matches!(refused, Err(CertificateError::AuthorityBegins { .. })), "{refused:?}");
}

/// It was taken for a day to come; what took its place has ended by the right clock.
#[tokio::test]
async fn a_certificate_that_a_clock_behind_made_short_is_renewed_once_the_clock_is_right() {
    let shop = Shop::with(days_ago(800), Limits::default()).await;
    renewal::renew(&shop.files, Timestamp::now()).unwrap();
    shop.served.see_to_its_end(days_ago(500));
    assert!(shop.get(shop.till(), NAME, "/health").await.is_err(), "it has ended");
    shop.served.see_to_its_end(Timestamp::now());
    assert_eq!(shop.get(shop.till(), NAME, "/health").await.expect("renewed").status(), 200);
}

#[test]
fn a_certificate_lasts_no_longer_than_its_authority_and_the_authority_ends() {
    let folder = tempfile::tempdir().unwrap();
    let files = make(folder.path(), days_ago(3600));
    let renewed = renewal::renew(&files, Timestamp::now()).unwrap();
    assert_eq!(renewed.until, Facts::read(&files.authority()).unwrap().until);
    let before = std::fs::read(&files.certificate).unwrap();
    for days in [0, 45, 100] {
        let error = renewal::renew(&files, Timestamp::now() + SignedDuration::from_hours(24 * days)).unwrap_err();
        assert!(matches!(error, CertificateError::AuthorityEnds { .. }), "after {days} days: {error}");
    }
    assert_eq!(std::fs::read(&files.certificate).unwrap(), before, "one that ends on the same day is no renewal");
    let soon = |days| renewal::authority_ends(&files, days_ago(days)).is_some();
    assert_eq!([soon(0), soon(60)], [true, false], "told of three months before");
    std::fs::remove_file(files.authority_key()).unwrap();
    assert!(soon(0), "also where its key is kept elsewhere");
}

#[test]
fn what_is_made_is_for_its_owner_alone_lasts_as_long_as_it_may_and_overwrites_nothing() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let files = make(&folder.path().join("tls"), days_ago(0));
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&files.key), mode(&files.authority_key())), (0o600, 0o600));
    let (server, authority) = (Facts::read(&files.certificate).unwrap(), Facts::read(&files.authority()).unwrap());
    assert_eq!(server.names.to_texts(), [NAME, "127.0.0.1"]);
    let days = |facts: &Facts| facts.until.duration_since(facts.from).as_hours() / 24;
    assert!((390..=398).contains(&days(&server)), "{}", days(&server));
    assert!((3650..=3660).contains(&days(&authority)), "{}", days(&authority));

    let all = [files.authority(), files.authority_key(), files.certificate.clone(), files.key.clone()];
    for kept in &all {
        let others: Vec<_> =
            all.iter().filter(|path| *path != kept).map(|path| (path, std::fs::read(path).unwrap())).collect();
        others.iter().for_each(|(path, _)| std::fs::remove_file(path).unwrap());
        let again = Authority::make(&folder.path().join("tls"), &server.names, Timestamp::now()).err().unwrap();
        assert!(matches!(&again, CertificateError::Exists { path } if path == kept), "{again}");
        others.iter().for_each(|(path, bytes)| std::fs::write(path, bytes).unwrap());
    }
}

/// Each is another way to run a command in the wrong place, or too early.
#[test]
fn what_cannot_be_renewed_is_told_by_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let renewed = |files: &CertificateFiles| renewal::renew(files, Timestamp::now()).unwrap_err();
    let nowhere = CertificateFiles::in_folder(&folder.path().join("nowhere"));
    let error = renewed(&nowhere);
    assert!(matches!(&error, CertificateError::Read { path, .. } if *path == nowhere.certificate), "{error}");
    let files = make(folder.path(), days_ago(0));
    std::fs::remove_file(files.authority_key()).unwrap();
    let error = renewed(&files).to_string();
    assert!(error.contains("authority-key.pem"), "{error}");
}

/// A disk that is full when half of it is written, here: a file that cannot be made.
#[test]
fn an_authority_that_is_made_in_part_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let files = CertificateFiles::in_folder(folder.path());
    let names = Names { names: vec![NAME.to_owned()], addresses: Vec::new() };
    std::os::unix::fs::symlink(folder.path().join("nowhere"), &files.certificate).unwrap();
    assert!(Authority::make(folder.path(), &names, Timestamp::now()).is_err());
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(left, std::slice::from_ref(&files.certificate), "what was in the way");
    std::fs::remove_file(&files.certificate).unwrap();
    make(folder.path(), days_ago(0));
}

/// The folder is the service's, and it is root who renews there.
#[test]
fn a_renewal_writes_to_no_place_that_a_link_leads_to() {
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let files = make(folder.path(), days_ago(30));
    let target = elsewhere.path().join("passwd");
    std::fs::write(&target, "root").unwrap();
    let link = files.certificate.with_file_name("server.pem.new");
    std::os::unix::fs::symlink(&target, &link).unwrap();
    let before = Facts::read(&files.certificate).unwrap().until;
    assert!(renewal::renew(&files, Timestamp::now()).unwrap().until > before);
    assert_eq!(std::fs::read_to_string(&target).unwrap(), "root");
    assert!(!link.is_symlink() && !files.certificate.is_symlink());
}

/// Whoever is not root could write there anyway.
#[test]
fn root_makes_nothing_in_a_folder_that_is_a_link() {
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let link = folder.path().join("tls");
    std::os::unix::fs::symlink(elsewhere.path(), &link).unwrap();
    let names = Names { names: vec![NAME.to_owned()], addresses: Vec::new() };
    let made = Authority::make(&link, &names, Timestamp::now());
    if rustix::process::geteuid().is_root() {
        assert!(matches!(made, Err(CertificateError::Link { .. })));
        assert_eq!(std::fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    } else {
        made.unwrap();
    }
}

/// The files are looked at by themselves, as long as the bridge runs.
#[tokio::test]
async fn a_running_bridge_notices_a_change() {
    let shop = Shop::open().await;
    let before = shop.shown().await;
    let stop = tokio_util::sync::CancellationToken::new();
    let looking = tokio::spawn(shop.served.clone().look_after(stop.clone()));
    renewal::renew(&shop.files, Timestamp::now()).unwrap();
    let noticed = async {
        while shop.shown().await == before {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, noticed).await.expect("nobody looked");
    stop.cancel();
    looking.await.unwrap();
}
