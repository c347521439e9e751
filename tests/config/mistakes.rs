//! Every mistake names its key and what to do.

use super::support::{KEY, OTHER_KEY, SECRET, good, load_with, with, wrong_keys};

#[test]
fn the_good_configuration_is_good() {
    assert_eq!(wrong_keys(&good()), Vec::<String>::new());
}

/// One change to the good configuration, and the key that must be named for it.
const MISTAKES: &[(&str, &str, &str)] = &[
    // spelling and kind
    ("[server]", "[server]\nlisen = 1", "server.lisen"),
    ("[server]", "[serve]", "serve"),
    ("[server]", "[\"\"]\n[server]", "\"\""),
    ("[server]\nlisten = \"127.0.0.1:7117\"", "", ""),
    ("[callbacks]", "telemtry = 1\n[callbacks]", "server.telemtry"),
    ("id = \"till-1\"", "id = \"till-1\"\ncolour = \"red\"", "tills[0].colour"),
    ("listen = \"127.0.0.1:7117\"", "listen = 7117", "server.listen"),
    ("listen = \"127.0.0.1:7117\"", "listen = \"localhost\"", "server.listen"),
    ("[server]", "[server]\ninsecure_lan = \"yes\"", "server.insecure_lan"),
    ("[server]", "[server]\ndrain_seconds = 301", "server.drain_seconds"),
    ("[server]", "[server]\nconnections_max = 0", "server.connections_max"),
    ("[server]", "[server]\nallowed_origins = \"https://till.example.com\"", "server.allowed_origins"),
    ("[server]", "[server]\nallowed_origins = [\"https://a.example\", \"*\"]", "server.allowed_origins[1]"),
    ("[server]", "[server]\nallowed_origins = [\"https://a.example/\"]", "server.allowed_origins[0]"),
    ("[server]", "[server]\nallowed_hosts = [\"http://bridge\"]", "server.allowed_hosts[0]"),
    ("[server]", "[server]\nallowed_hosts = [\"bridge\", \"*.shop.local\"]", "server.allowed_hosts[1]"),
    ("[server]", "[server]\nallowed_hosts = [\"*\"]", "server.allowed_hosts[0]"),
    ("[server]", "[telemetry]\nformat = \"xml\"\n[server]", "telemetry.format"),
    ("[server]", "[telemetry]\nlevel = \"a=b=c\"\n[server]", "telemetry.level"),
    ("[server]", "[telemetry]\nlevel = \"warning\"\n[server]", "telemetry.level"),
    ("[server]", "[telemetry]\nlevel = \"info,verbose\"\n[server]", "telemetry.level"),
    ("[server]", "[sweep]\nwindow_hours = 0\n[server]", "sweep.window_hours"),
    ("[server]", "[sweep]\ninterval_seconds = 1.5\n[server]", "sweep.interval_seconds"),
    // where the journal is
    ("[server]", "[database]\nurl = \"postgres://x\"\n[server]", "database.url"),
    ("[server]", "[database]\nurl = \"sqlite://:memory:\"\n[server]", "database.url"),
    ("[server]", "[database]\nurl = \"sqlite://a.db?mode=ro\"\n[server]", "database.url"),
    // listeners
    ("127.0.0.1:7117", "192.168.1.5:7117", "server.listen"),
    ("127.0.0.1:7118", "0.0.0.0:7118", "callbacks.listen"),
    ("127.0.0.1:7118", "127.0.0.1:7117", "callbacks.listen"),
    ("listen = \"127.0.0.1:7117\"", "listen = \"192.168.1.5:7117\"\ninsecure_lan = true", "tills[1].key_sha256"),
    ("listen = \"127.0.0.1:7117\"", "listen = \"\"", "server.listen"),
    ("[server]", "[server]\ntls_listen = \"192.168.1.5:7443\"\ntls_cert = \"c.pem\"\ntls_key = \"k.pem\"", ""),
    (
        "listen = \"127.0.0.1:7117\"",
        "listen = \"\"\ntls_listen = \"0.0.0.0:7443\"\ntls_cert = \"c.pem\"\ntls_key = \"k.pem\"",
        "",
    ),
    ("[server]", "[server]\ntls_listen = \"127.0.0.1:7443\"\ntls_cert = \"c.pem\"", "server.tls_key"),
    ("[server]", "[server]\ntls_listen = \"127.0.0.1:7443\"\ntls_key = \"k.pem\"", "server.tls_cert"),
    ("[server]", "[server]\ntls_cert = \"c.pem\"", "server.tls_cert"),
    (
        "[server]",
        "[server]\ntls_listen = \"127.0.0.1:7117\"\ntls_cert = \"c.pem\"\ntls_key = \"k.pem\"",
        "server.tls_listen",
    ),
    (
        "[server]",
        "[server]\ntls_listen = \"127.0.0.1:7118\"\ntls_cert = \"c.pem\"\ntls_key = \"k.pem\"",
        "callbacks.listen",
    ),
    ("[callbacks]", "[callbacks]\npublic_url = \"http://pos.example.com\"", "callbacks.public_url"),
    ("[callbacks]", "[callbacks]\npublic_url = \"https://pos.example.com/?a=1\"", "callbacks.public_url"),
    (
        "[callbacks]",
        "[callbacks]\npublic_url = \"https://me:canary-secret-000123@pos.example.com\"",
        "callbacks.public_url",
    ),
    ("[callbacks]", "[callbacks]\npublic_url = \"https://pos.example.com\"", "dintero.callback_secret"),
    // the account
    ("T12345678\"", "X12345678\"", "dintero.account_id"),
    ("T12345678\"", "T1234567\"", "dintero.account_id"),
    ("client_id = \"client\"", "", "dintero.client_id"),
    ("client_id = \"client\"", "client_id = \"...\"", "dintero.client_id"),
    ("client_secret = \"canary-secret-000123\"", "", "dintero.client_secret"),
    ("client_secret = ", "client_secret_file = \"/nowhere\"\nclient_secret = ", "dintero.client_secret"),
    ("client_secret = \"canary-secret-000123\"", "client_secret_file = \"/nowhere\"", "dintero.client_secret_file"),
    ("client_secret = \"canary-secret-000123\"", "client_secret = 123", "dintero.client_secret"),
    ("profile_id = \"T", "profile_id = \"P", "dintero.profile_id"),
    ("account_id = \"T", "account_id = \"P", "dintero.profile_id"),
    ("oslo-center", "P12345678-0001", "stores[0].id"),
    ("[dintero]", "[dintero]\ncheckout_url = \"http://checkout.dintero.com/v1\"", "dintero.checkout_url"),
    ("[dintero]", "[dintero]\ncheckout_url = \"http://127.0.0.1:9000/v1\"", "dintero.api_url"),
    ("[dintero]", "[dintero]\nstart = \"push\"", "dintero.start"),
    ("[dintero]", "[dintero]\nrefund = \"card\"", "dintero.refund"),
    ("[dintero]", "[dintero]\nsession_ttl_seconds = 5", "dintero.session_ttl_seconds"),
    ("[dintero]", "[dintero]\nsession_ttl_seconds = -1", "dintero.session_ttl_seconds"),
    ("[dintero]", "[dintero]\npoll_interval_ms = 1", "dintero.poll_interval_ms"),
    ("[dintero]", "[dintero]\nrequest_timeout_ms = 60000\nin_flight_seconds = 59", "dintero.in_flight_seconds"),
    // stores and terminals
    ("currency = \"NOK\"", "currency = \"kr\"", "stores[0].currency"),
    ("Europe/Oslo", "Europe/Osloo", "stores[0].time_zone"),
    (
        "store = \"oslo-center\"\nterminal_id = \"T0293\"",
        "store = \"bergen\"\nterminal_id = \"T0293\"",
        "terminals[1].store",
    ),
    ("name = \"front\"\nprovider = \"dintero\"", "name = \"front\"\nprovider = \"nets\"", "terminals[0].provider"),
    ("terminal_id = \"T0293\"", "terminal_id = \"T0292\"", "terminals[1].terminal_id"),
    ("terminal_id = \"T0293\"", "terminal_id = \"T 0293\"", "terminals[1].terminal_id"),
    // tills
    ("terminal = \"back\"", "terminal = \"frnt\"", "tills[1].terminal"),
    ("terminal = \"back\"", "terminal = \"back\"\nterminals = [\"front\", \"frnt\"]", "tills[1].terminals[1]"),
    ("id = \"till-2\"", "id = \"till-1\"", "tills[1].id"),
    ("trusted_addresses = [\"127.0.0.1\"]", "", "tills[1].key_sha256"),
    ("trusted_addresses = [\"127.0.0.1\"]", "trusted_addresses = [\"0.0.0.0\"]", "tills[1].trusted_addresses[0]"),
    ("trusted_addresses = [\"127.0.0.1\"]", "trusted_addresses = [\"127.0.0.0/8\"]", "tills[1].trusted_addresses[0]"),
    ("id = \"till-1\"", "id = \"till-1\"\ntrusted_addresses = [\"::ffff:127.0.0.1\"]", "tills[1].trusted_addresses"),
    ("id = \"till-2\"", "id = \"till-2\"\nkey_sha256 = \"abc\"", "tills[1].key_sha256"),
    ("id = \"till-2\"", "id = \"till-2\"\nkey_sha256 = \"canary-secret-000123\"", "tills[1].key_sha256"),
    ("id = \"till-2\"", "id = \"till-2\"\nkey_sha256_old = \"abc\"", "tills[1].key_sha256_old"),
    ("[server]", "[server]\nrequests_per_minute_per_address = 100001", "server.requests_per_minute_per_address"),
    ("id = \"till-2\"", "id = \"till-2\"\nwait_seconds = 301", "tills[1].wait_seconds"),
    ("id = \"till-2\"", "id = \"till-2\"\nwait_seconds = 60\nwait_seconds_max = 30", "tills[1].wait_seconds_max"),
    ("id = \"till-2\"", "id = \"till-2\"\nlanguage = \"fi\"", "tills[1].language"),
    ("id = \"till-2\"", "id = \"till-2\"\non_repeat = \"retry\"", "tills[1].on_repeat"),
    ("id = \"till-2\"", "id = \"till-2\"\nmay_refund_others = 1", "tills[1].may_refund_others"),
    ("id = \"till-2\"", "id = \"till-2\"\ndialect = \"yaml\"", "tills[1].dialect"),
    ("id = \"till-2\"", "id = \"till-2\"\ncharset = \"ebcdic\"", "tills[1].charset"),
    ("id = \"till-2\"", "id = \"till-2\"\namount_format = \"float\"", "tills[1].amount_format"),
    ("id = \"till-2\"", "id = \"till-2\"\nreceipt_columns = 41", "tills[1].receipt_columns"),
    ("id = \"till-2\"", "id = \"till-2\"\nreference = \"never\"", "tills[1].reference"),
    ("id = \"till-2\"", "id = \"till-2\"\nreference_reuse_days = -1", "tills[1].reference_reuse_days"),
    ("id = \"till-2\"", "id = \"till-2\"\nsupersede = \"yes\"", "tills[1].supersede"),
    ("id = \"till-2\"", "id = \"till-2\"\nqueue_seconds = 301", "tills[1].queue_seconds"),
    ("id = \"till-2\"", "id = \"till-2\"\nscopes = [\"pay\", \"all\"]", "tills[1].scopes[1]"),
    ("id = \"till-2\"", "id = \"till-2\"\nrefund_max = -1", "tills[1].refund_max"),
    ("id = \"till-2\"", "id = \"till-2\"\nrefund_max_per_day = 1.5", "tills[1].refund_max_per_day"),
    ("id = \"till-2\"", "id = \"till-2\"\nrequests_per_minute = true", "tills[1].requests_per_minute"),
    ("id = \"till-2\"", "id = \"till-2\"\nnotify_url = \"http://till/\"", "tills[1].notify_secret"),
    ("id = \"till-2\"", "id = \"till-2\"\nnotify_url = \"ftp://till/\"", "tills[1].notify_url"),
    (
        "id = \"till-2\"",
        "id = \"till-2\"\nnotify_secret = \"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"",
        "tills[1].notify_secret",
    ),
    (
        "id = \"till-2\"",
        "id = \"till-2\"\nnotify_url = \"http://till/\"\nnotify_secret = \"short\"",
        "tills[1].notify_secret",
    ),
];

#[test]
fn each_mistake_names_exactly_its_key() {
    for (from, to, key) in MISTAKES {
        let expected: Vec<String> = if key.is_empty() { Vec::new() } else { vec![(*key).to_owned()] };
        let found = wrong_keys(&with(from, to));
        assert_eq!(found, expected, "after {from:?} became {to:?}");
    }
}

#[test]
fn equal_keys_are_refused() {
    let text = with("trusted_addresses = [\"127.0.0.1\"]", &format!("key_sha256 = \"{}\"", KEY.to_uppercase()));
    assert_eq!(wrong_keys(&text), ["tills[1].key_sha256"]);
    let old = |hash: &str| with("id = \"till-2\"", &format!("id = \"till-2\"\nkey_sha256_old = \"{hash}\""));
    assert_eq!(wrong_keys(&old(KEY)), ["tills[1].key_sha256_old", "tills[1].key_sha256_old"], "another's, and alone");
    assert_eq!(wrong_keys(&old(OTHER_KEY)), ["tills[1].key_sha256_old"], "an old key without a new one");
    let text = with("trusted_addresses = [\"127.0.0.1\"]", &format!("key_sha256 = \"{OTHER_KEY}\""));
    assert_eq!(wrong_keys(&text), Vec::<String>::new());
}

/// What `printf %s "$KEY" | sha256sum` prints when KEY is not set: with it, whoever sends an empty key would be the till.
#[test]
fn the_hash_of_an_empty_key_is_refused() {
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852B855";
    for name in ["key_sha256", "key_sha256_old"] {
        let line = format!("id = \"till-2\"\n{name} = \"{empty}\"");
        let error = load_with(&with("id = \"till-2\"", &line), &[]).expect_err("refused").to_string();
        assert!(error.contains(&format!("tills[1].{name}: is the hash of an empty key: KEY was not set")), "{error}");
    }
}

/// It stands in the documents and in every example: whoever reads them would be the till.
#[test]
fn the_hash_of_the_demos_key_is_for_the_simulator_alone() {
    let demo = "C48a01f49fd0f2cc404bc3cbbc80e91457a3d41bb429a695243de4c61794155c";
    let simulator = "[dintero]\ncheckout_url = \"http://127.0.0.1:9000/v1\"\napi_url = \"http://127.0.0.1:9000/v1\"";
    for (key, old_key, wrong) in [(demo, OTHER_KEY, "key_sha256"), (OTHER_KEY, demo, "key_sha256_old")] {
        let keys = format!("id = \"till-2\"\nkey_sha256 = \"{key}\"\nkey_sha256_old = \"{old_key}\"");
        let text = with("id = \"till-2\"", &keys);
        assert_eq!(wrong_keys(&text), [format!("tills[1].{wrong}")]);
        assert_eq!(wrong_keys(&text.replace("T12345678", "P12345678")), [format!("tills[1].{wrong}")]);
        assert_eq!(wrong_keys(&text.replace("[dintero]", simulator)), Vec::<String>::new());
    }
}

#[test]
fn the_demos_key_is_told_together_with_what_else_is_wrong() {
    let demo = "c48a01f49fd0f2cc404bc3cbbc80e91457a3d41bb429a695243de4c61794155c";
    for (text, other) in [
        (with("client_id = \"client\"\n", ""), "dintero.client_id"),
        (with_dojo("software_house_id = \"softwareHouse1\"\n", ""), "dojo.software_house_id"),
    ] {
        assert_eq!(wrong_keys(&text.replace(KEY, demo)), [other, "tills[0].key_sha256"]);
    }
}

#[test]
fn a_terminal_of_dintero_needs_the_account() {
    let text = good();
    let (before, account) = text.split_once("[dintero]").expect("a section");
    let (_, after) = account.split_once("[[stores]]").expect("a list");
    assert_eq!(wrong_keys(&format!("{before}[[stores]]{after}")), ["dintero"]);
}

/// The good configuration with Dojo in Dintero's place.
fn with_dojo(from: &str, to: &str) -> String {
    let text = good();
    let (before, account) = text.split_once("[dintero]").expect("a section");
    let (_, after) = account.split_once("[[stores]]").expect("a list");
    let after = after.replace("payout_destination_id = \"seller-1\"\n", "");
    let after = after.replace("\"NOK\"", "\"GBP\"").replace("provider = \"dintero\"", "provider = \"dojo\"");
    let after = after.replace("\"T029", "\"tm_sandbox_029");
    let dojo = "[dojo]\napi_key = \"sk_sandbox_canary-secret-000123\"\nsoftware_house_id = \"softwareHouse1\"\n\
                reseller_id = \"reseller1\"\n";
    let text = format!("{before}{dojo}\n[[stores]]{after}");
    assert!(text.contains(from), "Dojo's configuration holds no {from:?}");
    text.replace(from, to)
}

#[test]
fn each_mistake_about_dojo_names_exactly_its_key() {
    let production = "sk_prod_canary-secret-000123";
    let table: &[(&str, &str, &[&str])] = &[
        ("", "", &[]),
        ("sk_sandbox_", "sk_live_", &["dojo.api_key"]),
        (
            "sk_sandbox_canary-secret-000123",
            production,
            &["dojo.software_house_id", "dojo.reseller_id", "terminals[0].terminal_id", "terminals[1].terminal_id"],
        ),
        ("tm_sandbox_0293", "tm_0293", &["terminals[1].terminal_id"]),
        ("tm_sandbox_0293", "T0293", &["terminals[1].terminal_id"]),
        ("\"GBP\"", "\"NOK\"", &["terminals[0].store", "terminals[1].store"]),
        ("\"GBP\"", "\"EUR\"", &[]),
        ("[dojo]", "[dojo]\napi_url = \"http://api.dojo.tech\"", &["dojo.api_url"]),
        ("[dojo]", "[dojo]\napi_url = \"http://127.0.0.1:9000\"\nsession_ttl_seconds = 1", &[]),
        ("[dojo]", "[dojo]\nversion = \"new\"", &["dojo.version"]),
        ("[dojo]", "[dojo]\nrefund = \"plain\"", &["dojo.refund"]),
        ("[dojo]", "[dojo]\nreseller_id_on = [\"all\"]", &["dojo.reseller_id_on[0]"]),
        ("[dojo]", "[dojo]\nsignature_settle_seconds = 0", &["dojo.signature_settle_seconds"]),
        ("[dojo]", "[dojo]\nsignature_settle_seconds = 121", &["dojo.signature_settle_seconds"]),
        ("[dojo]", "[dojo]\nsignature_settle_seconds = 121\nin_flight_seconds = 121", &[]),
        ("[dojo]", "[dojo]\nwebhook_secret = \"ws_one\"", &["dojo.webhook_secret"]),
        ("[dojo]", "[dojo]\nrequest_timeout_ms = 60000\nin_flight_seconds = 59", &["dojo.in_flight_seconds"]),
        ("id = \"oslo-center\"", "id = \"oslo-center\"\npayout_destination_id = \"seller-1\"", &[]),
        ("name = \"front\"", "name = \"front\"\ntips = 1", &["terminals[0].tips"]),
    ];
    for (from, to, keys) in table {
        let text = if from.is_empty() { with_dojo("[dojo]", "[dojo]") } else { with_dojo(from, to) };
        assert_eq!(wrong_keys(&text), *keys, "after {from:?} became {to:?}");
    }
}

#[test]
fn a_terminal_needs_its_own_providers_section_and_store() {
    assert_eq!(
        wrong_keys(&with("name = \"back\"\nprovider = \"dintero\"", "name = \"back\"\nprovider = \"dojo\"")),
        ["dojo", "terminals[1].store"]
    );
    assert_eq!(wrong_keys(&with("payout_destination_id = \"seller-1\"", "")), ["stores[0].payout_destination_id"]);
}

#[test]
fn all_mistakes_are_told_at_once() {
    let text = with("terminal = \"back\"", "terminal = \"frnt\"")
        .replace("T12345678\"", "T1\"")
        .replace("\"NOK\"", "\"kr\"")
        .replace("[server]", "[server]\nlisen = 1\ndrain_seconds = 999");
    let expected =
        ["server.drain_seconds", "server.lisen", "dintero.account_id", "stores[0].currency", "tills[1].terminal"];
    assert_eq!(wrong_keys(&text), expected);
}

#[test]
fn a_mistake_tells_what_to_do() {
    let error = load_with(&with("terminal = \"back\"", "terminal = \"frnt\""), &[]).expect_err("refused");
    assert_eq!(
        error.to_string(),
        "the configuration cannot be used (lists count from 0: [0] is the first):\n  \
         tills[1].terminal: no terminal is called \"frnt\"; the configuration knows: front, back"
    );
}

#[test]
fn an_empty_file_names_everything_that_is_needed() {
    assert_eq!(wrong_keys(""), ["stores", "terminals", "tills", "dintero"]);
}

#[test]
fn broken_toml_is_placed_and_not_quoted() {
    let text = with(&format!("client_secret = \"{SECRET}\""), &format!("client_secret = {SECRET}"));
    let error = load_with(&text, &[]).expect_err("refused").to_string();
    assert!(error.contains("config: the file is no valid TOML at line 11, column"), "{error}");
    assert!(!error.contains("canary"), "{error}");
}

#[test]
fn a_number_that_fits_nowhere_is_told_by_its_key() {
    for number in ["99999999999999999999", "-99999999999999999999", "9223372036854775808"] {
        let text = with("[server]", &format!("[sweep]\nwindow_hours = {number}\n[server]"));
        let error = load_with(&text, &[]).expect_err("refused").to_string();
        assert!(error.contains("config: the number of window_hours in line 3 is larger than"), "{error}");
    }
}

#[test]
fn production_and_sandbox_are_both_accepted_unmixed() {
    let production = good().replace("T12345678", "P12345678");
    assert_eq!(wrong_keys(&production), Vec::<String>::new());
}

/// One till may use both: the cashier would see two approvals, and the shop would have the money of one.
#[test]
fn production_at_one_provider_and_the_sandbox_at_the_other_are_refused() {
    for (account, key, wrong) in [
        ("T12345678", "sk_sandbox_x", &[][..]),
        ("P12345678", "sk_prod_x", &[]),
        ("P12345678", "sk_sandbox_x", &["dojo.api_key"]),
        ("T12345678", "sk_prod_x", &["dojo.api_key"]),
    ] {
        let dojo = format!("[dojo]\napi_key = \"{key}\"\nsoftware_house_id = \"house\"\n\n[dintero]");
        let text = with("[dintero]", &dojo).replace("T12345678", account);
        assert_eq!(wrong_keys(&text), wrong, "{account} beside {key}");
    }
}

#[test]
fn the_simulator_is_for_sandbox_accounts_alone() {
    let simulator = "[dintero]\ncheckout_url = \"http://127.0.0.1:9000/v1\"\napi_url = \"http://localhost:9000/v1\"";
    assert_eq!(wrong_keys(&with("[dintero]", simulator)), Vec::<String>::new());
    let production = with("[dintero]", simulator).replace("T12345678", "P12345678");
    assert_eq!(wrong_keys(&production), ["dintero.checkout_url"]);
    let short = format!("{simulator}\nsession_ttl_seconds = 1\nprompt_seconds = 1\nin_flight_seconds = 10");
    assert_eq!(wrong_keys(&with("[dintero]", &short)), Vec::<String>::new());
}

fn first_till(lines: &str) -> String {
    with("id = \"till-1\"\n", &format!("id = \"till-1\"\n{lines}\n"))
}

#[test]
fn a_pool_names_terminals_of_the_till_once_and_does_not_go_with_supersede() {
    let pool = |more: &str| wrong_keys(&first_till(more));
    assert_eq!(pool("terminal_pool = [\"front\", \"back\"]"), Vec::<String>::new());
    assert_eq!(pool("terminal_pool = [\"front\", \"kiosk\"]"), ["tills[0].terminal_pool[1]"]);
    assert_eq!(pool("terminal_pool = [\"front\", \"front\"]"), ["tills[0].terminal_pool[1]"]);
    assert_eq!(pool("terminal_pool = [\"front\"]\nsupersede = true"), ["tills[0].terminal_pool"]);
    assert_eq!(pool("terminals = [\"front\"]\nterminal_pool = [\"front\", \"back\"]"), ["tills[0].terminal_pool[1]"]);
}

#[test]
fn money_without_a_sale_is_named_as_a_scope_and_limited_in_a_day() {
    let till = |more: &str| wrong_keys(&first_till(more));
    let scopes = "scopes = [\"refund\", \"unlinked_refund\"]";
    assert_eq!(till(&format!("{scopes}\nunlinked_refund_max_per_day = 50000")), Vec::<String>::new());
    assert_eq!(till(scopes), ["tills[0].unlinked_refund_max_per_day"]);
    assert_eq!(till("scopes = [\"unlinked_refund\"]\nunlinked_refund_max_per_day = 1"), ["tills[0].scopes"]);
    for text in [good(), first_till("unlinked_refund_max_per_day = 1")] {
        let configuration = load_with(&text, &[]).expect("right");
        assert!(!configuration.directory.tills[0].profile.scopes.unlinked_refund, "nobody named it");
    }
}
