//! What a key is when it is not written.

use super::{Conf, WEBHOOK};
use std::path::PathBuf;
use std::time::Duration;
use stepgate::config::{
    self, Admin, Ambiguous, Auth, Body, Delivery, Destination, EgressRules, Gateway, Listen,
    LiveDataFailure, Log, LogFormat, Oauth2, Outcomes, Rate, Retry, Role, Service, Shutdown,
    Snapshot, Steps, Store, TileType,
};
use stepgate::model::{Method, Secret};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const MIB: u64 = 1024 * 1024;

fn defaults() -> Gateway {
    Gateway {
        listen: Listen {
            http: vec!["127.0.0.1:8080".parse().unwrap()],
            unix: vec![],
            admin: "127.0.0.1:8081".parse().unwrap(),
            threads: 0,
            token: None,
        },
        delivery: Delivery {
            timeout: Duration::from_secs(10),
            response_limit: 1024 * 1024,
            render_limit: 1024 * 1024,
            max_in_flight: 10_000,
            max_in_flight_per_host: 2_000,
            inline_wait: Duration::from_secs(2),
        },
        egress: EgressRules {
            allow_http: false,
            allow_addresses: vec![],
            resolve: [].into(),
            ca_file: None,
        },
        retry: Retry {
            delay: 3 * MINUTE,
            jitter: Duration::ZERO,
            max_retries: 3,
            statuses: vec![429, 502, 503, 504],
            ambiguous: Ambiguous::Retry,
        },
        oauth2: Oauth2 {
            token_lifetime: 10 * DAY,
            max_refreshes: 3,
        },
        steps: Steps {
            dedupe_window: 10 * MINUTE,
            dedupe_max: 1_000_000,
            dedupe_memory: 256 * MIB,
        },
        store: Store {
            folder: "data".into(),
            reserve: 256 * MIB,
        },
        outcomes: Outcomes { keep: 7 * DAY },
        shutdown: Shutdown {
            grace: Duration::from_secs(15),
        },
        log: Log {
            level: tracing::Level::INFO,
            format: None,
        },
        admin: Admin {
            hosts: vec![],
            token: None,
            tokens: vec![],
            inspector: true,
        },
    }
}

fn gateway(text: &str) -> Gateway {
    let conf = Conf::with(&[("gateway.toml", text)]);
    Gateway::clone(&config::read(conf.path()).unwrap().gateway)
}

/// What serves, of a map of things that may.
fn up<K: std::hash::Hash + Eq + std::borrow::Borrow<str>, T>(
    services: &stepgate::config::ById<K, Service<T>>,
    id: &str,
) -> std::sync::Arc<T> {
    match services.get(id) {
        Some(Service::Up(version)) => version.clone(),
        Some(Service::Invalid | Service::Untested) | None => panic!("`{id}` does not serve"),
    }
}

fn snapshot(files: &[(&str, &str)]) -> std::sync::Arc<Snapshot> {
    let snapshot = config::read(Conf::with(files).path()).unwrap();
    assert_eq!(*snapshot.faults, []);
    snapshot
}

#[test]
fn an_empty_gateway_toml_means_the_defaults() {
    assert_eq!(gateway(""), defaults());
}

#[test]
fn every_key_of_gateway_toml_takes_effect() {
    let text = r#"
[listen]
http = ["127.0.0.1:1", "[::1]:2"]
unix = ["/run/steps.sock"]
admin = "127.0.0.1:3"
threads = 4
token = "steps"
[delivery]
timeout = "1s"
response_limit = "2MiB"
render_limit = "64KiB"
max_in_flight = 5
max_in_flight_per_host = 6
inline_wait = "0s"
[egress]
allow_http = true
allow_addresses = ["10.0.0.0/8", "::1"]
resolve = { "API.example.com." = "127.0.0.1" }
[retry]
delay = "1s"
jitter = "500ms"
max_retries = 0
statuses = [500]
ambiguous = "exit"
[oauth2]
token_lifetime = "1h"
max_refreshes = 1
[steps]
dedupe_window = "1m"
dedupe_max = 7
dedupe_memory = "1GiB"
[store]
folder = "/var/lib/stepgate"
reserve = "0B"
[outcomes]
keep = "1d"
[shutdown]
grace = "0s"
[log]
level = "debug"
format = "text"
[admin]
hosts = ["Ops.example.com"]
token = "admin"
inspector = false
[[admin.tokens]]
name = "ops"
role = "viewer"
token = "ops"
"#;

    let read = gateway(text);

    assert_eq!(read, other());
}

fn other() -> Gateway {
    Gateway {
        listen: Listen {
            http: vec!["127.0.0.1:1".parse().unwrap(), "[::1]:2".parse().unwrap()],
            unix: vec!["/run/steps.sock".into()],
            admin: "127.0.0.1:3".parse().unwrap(),
            threads: 4,
            token: Some(Secret::new("steps")),
        },
        delivery: Delivery {
            timeout: Duration::from_secs(1),
            response_limit: 2 * 1024 * 1024,
            render_limit: 64 * 1024,
            max_in_flight: 5,
            max_in_flight_per_host: 6,
            inline_wait: Duration::ZERO,
        },
        egress: EgressRules {
            allow_http: true,
            allow_addresses: vec!["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()],
            resolve: [("api.example.com".into(), "127.0.0.1".parse().unwrap())].into(),
            ca_file: None,
        },
        retry: Retry {
            delay: Duration::from_secs(1),
            jitter: Duration::from_millis(500),
            max_retries: 0,
            statuses: vec![500],
            ambiguous: Ambiguous::Exit,
        },
        oauth2: Oauth2 {
            token_lifetime: 60 * MINUTE,
            max_refreshes: 1,
        },
        steps: Steps {
            dedupe_window: MINUTE,
            dedupe_max: 7,
            dedupe_memory: 1024 * MIB,
        },
        store: Store {
            folder: PathBuf::from("/var/lib/stepgate"),
            reserve: 0,
        },
        outcomes: Outcomes { keep: DAY },
        shutdown: Shutdown {
            grace: Duration::ZERO,
        },
        log: Log {
            level: tracing::Level::DEBUG,
            format: Some(LogFormat::Text),
        },
        admin: Admin {
            hosts: vec!["ops.example.com".into()],
            token: Some(Secret::new("admin")),
            tokens: vec![ops()],
            inspector: false,
        },
    }
}

fn ops() -> config::AdminToken {
    config::AdminToken {
        name: "ops".into(),
        role: Role::Viewer,
        token: Secret::new("ops"),
    }
}

#[test]
fn relative_paths_start_at_the_folder_of_gateway_toml_but_the_data_folders() {
    let text = "[listen]\nunix = [\"steps.sock\"]\n[store]\nfolder = \"d\"\n";
    let conf = Conf::with(&[("gateway.toml", text)]);
    let gateway = &config::read(conf.path()).unwrap().gateway;

    assert_eq!(
        (&gateway.listen.unix, &gateway.store.folder),
        (&vec![conf.file("steps.sock")], &PathBuf::from("d"))
    );
}

#[test]
fn a_webhook_with_the_required_keys_only_has_the_defaults() {
    let snapshot = snapshot(&[("webhooks/w.toml", WEBHOOK)]);
    let webhook = up(&snapshot.webhooks, "w");

    assert_eq!(webhook.destination, Destination::Custom);
    assert_eq!(webhook.method, Method::Post);
    assert_eq!(webhook.endpoint.source(), "https://api.example.com/hook");
    assert!(webhook.include_email_and_workflow_id);
    assert_eq!(webhook.ambiguous, None);
    assert_eq!(webhook.user_fields, Vec::<String>::new());
    assert!(matches!(webhook.auth, Auth::None));
    assert!(webhook.headers.is_empty());
    assert!(matches!(webhook.body, Body::Json(None)));
    assert!(webhook.secret_fields.is_empty());
    assert_eq!(webhook.data_retrieval, None);
}

#[test]
fn oauth2_refreshes_on_401_unless_told_otherwise() {
    let auth = "[auth]\ntype = \"oauth2\"\nclient_id = \"c\"\nclient_secret = \"s\"\ntoken_url = \"https://a.example/t\"\n";
    let snapshot = snapshot(&[("webhooks/w.toml", &format!("{WEBHOOK}{auth}"))]);

    let Auth::Oauth2(client) = &up(&snapshot.webhooks, "w").auth else {
        panic!("not oauth2");
    };
    assert_eq!(
        **client,
        config::Oauth2Client {
            client_id: "c".into(),
            client_secret: Secret::new("s"),
            token_url: "https://a.example/t".into(),
            scope: None,
            refresh_statuses: vec![401],
        }
    );
}

#[test]
fn a_journey_is_not_published_and_a_live_data_failure_exits_unless_told_otherwise() {
    let journey = "workflow_id = 12_345\nname = \"n\"\n\
         [[tiles]]\nid = \"a\"\ntype = \"webhook\"\nwebhook = \"gone\"\nrate_limit = \"5/minute\"\n\
         [[tiles]]\nid = \"b\"\ntype = \"live_data\"\nwebhook = \"gone\"\n";
    let conf = Conf::with(&[("journeys/j.toml", journey)]);
    let journey = up(&config::read(conf.path()).unwrap().journeys, "j");

    assert_eq!((&*journey.workflow_id, journey.published), ("12345", false));
    let rate = Rate {
        count: 5.try_into().unwrap(),
        per: MINUTE,
    };
    let tile = |id: &str| (journey.tiles[id].tile_type, journey.tiles[id].rate_limit);
    assert_eq!(tile("a"), (TileType::Webhook, Some(rate)));
    let on_failure = LiveDataFailure::Exit;
    assert_eq!(tile("b"), (TileType::LiveData { on_failure }, None));
}
