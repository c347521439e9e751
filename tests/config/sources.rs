//! File, environment and secret files.

use std::path::Path;
use std::time::Duration;

use pos_bridge::config::{LogFormat, TillFile, load, load_database};
use pos_bridge::domain::directory::Language;
use secrecy::ExposeSecret;

use super::support::{SECRET, file, good, load_with, with};

#[test]
fn values_arrive_typed_and_defaults_hold() {
    let text = with("id = \"till-2\"", "id = \"till-2\"\nlanguage = \"nb\"\nwait_seconds = 20");
    let configuration = load_with(&text, &[]).expect("a good configuration");
    assert_eq!(configuration.server.listen.expect("an address").to_string(), "127.0.0.1:7117");
    assert_eq!(configuration.callbacks.listen.to_string(), "127.0.0.1:7118");
    assert_eq!(configuration.callbacks.public_url, None);
    assert_eq!(configuration.database.path, Path::new("data/pos-bridge.db"));
    assert_eq!(configuration.database.operator_socket(), Path::new("data/pos-bridge.db.sock"));
    assert_eq!(configuration.poll_interval, Duration::from_secs(1));
    assert_eq!((configuration.sweep.interval, configuration.sweep.window.as_hours()), (Duration::from_secs(3600), 72));
    assert_eq!(configuration.telemetry.format, LogFormat::Text);
    let dintero = configuration.dintero.expect("an account");
    assert_eq!(dintero.checkout_url.as_str(), "https://checkout.dintero.com/v1");
    assert_eq!(dintero.session_ttl.as_secs(), 300);
    assert_eq!(dintero.client_secret.expose_secret(), SECRET);
    let tills = &configuration.directory.tills;
    assert_eq!((tills[0].profile.wait_seconds, tills[1].profile.wait_seconds), (45, 20));
    assert_eq!(tills[0].credentials.key_sha256.map(|key| key[0]), Some(0x9f));
    assert_eq!((tills[0].profile.language, tills[1].profile.language), (Language::English, Language::Norwegian));
    assert_eq!(configuration.directory.terminals_of(&tills[0]).count(), 2);
}

#[test]
fn the_environment_overrides_the_file() {
    let configuration = load_with(
        &good(),
        &[
            ("POS_BRIDGE__SERVER__LISTEN", "127.0.0.1:8000"),
            ("POS_BRIDGE__SERVER__INSECURE_LAN", "true"),
            ("POS_BRIDGE__SWEEP__WINDOW_HOURS", "24"),
            ("POS_BRIDGE__DINTERO__CLIENT_SECRET", "000123"),
            ("POS_BRIDGE_LOG", "debug"),
            ("POS_BRIDGE_CONFIG", "elsewhere.toml"),
            ("POS_BRIDGE_TILL_KEY", "a key"),
            ("PATH", "/bin"),
        ],
    )
    .expect("a good configuration");
    assert_eq!(configuration.warnings, Vec::<String>::new());
    assert_eq!(configuration.server.listen.expect("an address").port(), 8000);
    assert!(configuration.server.insecure_lan);
    assert_eq!(configuration.sweep.window.as_hours(), 24);
    assert_eq!(configuration.telemetry.level, "debug");
    let secret = configuration.dintero.expect("an account").client_secret;
    assert_eq!(secret.expose_secret(), "000123", "a secret of digits stays what it is");
}

#[test]
fn a_variable_that_names_no_key_is_told() {
    for (name, key) in [
        ("POS_BRIDGE__SERVER__LISEN", "server.lisen"),
        ("POS_BRIDGE__SERVER", "POS_BRIDGE__SERVER"),
        ("POS_BRIDGE__TILLS__0__ID", "POS_BRIDGE__TILLS__0__ID"),
        ("POS_BRIDGE__SERVER__A.B", "POS_BRIDGE__SERVER__A.B"),
        ("POS_BRIDGE__SERVER__ALLOWED_HOSTS", "server.allowed_hosts"),
        ("POS_BRIDGE_LOG", "POS_BRIDGE_LOG"),
    ] {
        let error = load_with(&good(), &[(name, "a=b=c")]).expect_err(name);
        let keys: Vec<&str> = error.0.iter().map(|mistake| mistake.key.as_str()).collect();
        assert_eq!(keys, [key]);
    }
}

#[test]
fn a_variable_that_means_nothing_is_warned_of() {
    for name in ["POS_BRIDGE_SERVER__LISTEN", "POS_BRIDGE_LISTEN", "pos_bridge_config"] {
        let configuration = load_with(&good(), &[(name, "127.0.0.1:8000")]).expect("a good configuration");
        assert_eq!(configuration.server.listen.expect("an address").port(), 7117, "{name}");
        assert_eq!(configuration.warnings.len(), 1, "{:?}", configuration.warnings);
        assert!(configuration.warnings[0].starts_with(name), "{:?}", configuration.warnings);
    }
}

#[test]
fn a_file_that_is_not_there_is_told() {
    let error = load(Some(Path::new("/nowhere/pos-bridge.toml")), std::iter::empty()).expect_err("no file");
    assert_eq!(error.0.len(), 1);
    assert_eq!(error.0[0].key, "config");
    assert!(error.0[0].message.contains("/nowhere/pos-bridge.toml"), "{error}");
}

/// Loads the good configuration with its secret in a file of its own.
#[cfg(unix)]
fn with_secret_file(content: &str, mode: u32) -> (Result<String, String>, Vec<String>) {
    use std::os::unix::fs::PermissionsExt;
    let (_directory, path) = file(content);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("permissions");
    let name = format!("client_secret_file = {:?}", path.display().to_string());
    match load_with(&with(&format!("client_secret = \"{SECRET}\""), &name), &[]) {
        Ok(configuration) => {
            let secret = configuration.dintero.expect("an account").client_secret;
            (Ok(secret.expose_secret().to_owned()), configuration.warnings)
        }
        Err(errors) => (Err(errors.to_string()), Vec::new()),
    }
}

#[cfg(unix)]
#[test]
fn a_secret_file_holds_the_secret_alone() {
    for content in ["s3cret", "s3cret\n", "s3cret\r\n"] {
        assert_eq!(with_secret_file(content, 0o600), (Ok("s3cret".to_owned()), Vec::new()), "{content:?}");
    }
    assert_eq!(with_secret_file(" spaces stay \n", 0o600).0, Ok(" spaces stay ".to_owned()));
    for content in ["", "\n", "canary\nanother\n", &"canary".repeat(1000)] {
        let (result, _) = with_secret_file(content, 0o600);
        let error = result.expect_err("refused");
        assert!(error.contains("dintero.client_secret_file: "), "{error}");
        assert!(!error.contains("canary"), "{error}");
    }
}

/// Notepad's "UTF-8 with BOM" is read; its "Unicode" is told.
#[test]
fn a_file_from_windows_is_read_or_its_encoding_is_told() {
    let (_directory, secret) = file("\u{feff}s3cret\r\n");
    let text =
        with(&format!("client_secret = \"{SECRET}\""), &format!("client_secret_file = \"{}\"", secret.display()));
    let loaded = load_with(&format!("\u{feff}{}", text.replace('\n', "\r\n")), &[]).expect("it is read");
    assert_eq!(loaded.dintero.expect("an account").client_secret.expose_secret(), "s3cret");

    let unicode = |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
    std::fs::write(&secret, unicode("\u{feff}s3cret")).expect("written");
    let error = load_with(&text, &[]).expect_err("refused").to_string();
    assert!(error.contains("dintero.client_secret_file: ") && error.contains("save it as UTF-8"), "{error}");
    let (_directory, path) = file("");
    std::fs::write(&path, unicode(&format!("\u{feff}{text}"))).expect("written");
    let error = load(Some(&path), std::iter::empty()).expect_err("refused").to_string();
    assert!(error.contains("config: ") && error.contains("save it as UTF-8"), "{error}");
    let error = TillFile::read(&path).expect_err("refused").to_string();
    assert!(error.contains("save it as UTF-8"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_secret_that_every_user_can_read_is_warned_of() {
    let (secret, warnings) = with_secret_file("s3cret", 0o604);
    assert_eq!(secret, Ok("s3cret".to_owned()));
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].starts_with("dintero.client_secret_file: ") && warnings[0].contains("mode 0600"));
    assert!(!warnings[0].contains("chmod"), "the mode alone takes root's file away from the bridge: {warnings:?}");
    assert_eq!(with_secret_file("s3cret", 0o640).1, Vec::<String>::new());
}

#[cfg(unix)]
#[test]
fn a_configuration_that_every_user_can_read_is_warned_of_when_it_holds_a_real_secret() {
    use std::os::unix::fs::PermissionsExt;
    let simulated = with(SECRET, "simulated-secret");
    let with_dojo = |key: &str| {
        let section =
            format!("[dojo]\napi_key = \"{key}\"\nsoftware_house_id = \"house\"\nreseller_id = \"reseller\"\n");
        simulated.replace("[dintero]", &format!("{section}[dintero]"))
    };
    let pushed_to = "notify_url = \"http://127.0.0.1:9/\"\nnotify_secret = \"whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3\"";
    let texts = [
        (simulated.clone(), 0),
        (with(SECRET, "simulated-secret-2"), 1),
        (good(), 1),
        (with_dojo("sk_sandbox_simulated"), 0),
        (with_dojo("sk_sandbox_another"), 1),
        (simulated.replacen("[[tills]]", &format!("[[tills]]\n{pushed_to}"), 1), 1),
    ];
    for (text, count) in texts {
        let (_directory, path) = file(&text);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("permissions");
        let warnings = load(Some(&path), std::iter::empty()).expect("a good configuration").warnings;
        let of_the_file = warnings.iter().filter(|warning| warning.contains("it holds a secret")).count();
        assert_eq!(of_the_file, count, "{text}: {warnings:?}");
    }
}

#[test]
fn debug_shows_no_secret() {
    let text = with("[callbacks]", "[callbacks]\npublic_url = \"https://pos.example.com\"")
        .replace("[dintero]", "[dintero]\ncallback_secret = \"canary-callback\"");
    let configuration = load_with(&text, &[]).expect("a good configuration");
    assert!(configuration.dintero.as_ref().is_some_and(|dintero| dintero.callback_secret.is_some()));
    let shown = format!("{configuration:?} {configuration:#?}");
    assert!(shown.contains("oslo-center"), "it shows the rest");
    assert!(!shown.contains("canary"), "{shown}");
}

#[test]
fn an_operator_finds_the_database_of_a_configuration_that_is_wrong_elsewhere() {
    let (_directory, path) = file("[database]\nurl = \"sqlite:///var/lib/pos-bridge/a.db\"\n[server]\nlisten = 1\n");
    let database = load_database(Some(&path), std::iter::empty()).expect("a database");
    assert_eq!(database.operator_socket(), Path::new("/var/lib/pos-bridge/a.db.sock"));
}
