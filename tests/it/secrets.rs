//! A secret is told to the endpoint that it is for, and to nobody else.

use crate::support::client::{Client, get, post_with};
use crate::support::endpoint::{Endpoint, Received, Reply, Speaks, reply};
use crate::support::process::{Gateway, Stage, at, webhook};
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

const BASIC: &str = "basic-token-4711";
const CLIENT: &str = "client-secret-4712";
const ACCESS: &str = "access-token-4713";
const HEADER: &str = "header-value-4714";
const ADMIN: &str = "admin-token-4715";
const LISTEN: &str = "listen-token-4716";
const FAULTY: &str = "faulty-secret-4717";
const SECRETS: [&str; 7] = [BASIC, CLIENT, ACCESS, HEADER, ADMIN, LISTEN, FAULTY];

/// What is known of a user, and what is sent of it: not secret, and not for logs and metrics.
const PRIVATE: [&str; 4] = [
    "somebody@example.com",
    "Springfield",
    "in-the-query",
    "in-the-header",
];

/// Its tokens are good until told otherwise by the path.
fn endpoint() -> Endpoint {
    Endpoint::answering(Speaks::Http, |received: &Received| {
        let path = received.target.split('?').next().unwrap();
        match path {
            "/token" => reply(200).body(format!(r#"{{"access_token":"{ACCESS}"}}"#)),
            // Endpoints like to repeat what they were sent.
            "/token-500" => reply(500).body(received.body.clone()),
            "/401" => reply(401).body(received.raw.clone()),
            "/404" => reply(404).body(received.raw.clone()),
            "/503" => reply(503).body(received.raw.clone()),
            "/broken" => Reply::raw_then_close([&b"HTTP/1.1 "[..], &received.raw].concat()),
            "/lost" => Reply::raw_then_close(""),
            _ => reply(200).body(received.raw.clone()),
        }
    })
}

fn stage(endpoint: &Endpoint) -> Stage {
    let basic = format!("[auth]\ntype = 'basic'\ntoken = '{BASIC}'\n");
    let oauth = |token: &str| {
        format!(
            "[auth]\ntype = 'oauth2'\nclient_id = 'c'\nclient_secret = {{ file = 'client-secret' }}\n\
            token_url = '{}'\n",
            at(endpoint, token)
        )
    };
    let header = "[[headers]]\nname = 'X-Key'\nvalue = { env = 'SECRETS_HEADER' }\n\
        [[headers]]\nname = 'X-Plain'\nvalue = 'in-the-header'\n";
    let mut stage = Stage::new()
        .set("log.level", "'trace'")
        .set("delivery.timeout", "'500ms'")
        .set("listen.token", &format!("'{LISTEN}'"))
        .set("admin.token", "{ env = 'SECRETS_ADMIN' }")
        .environment("SECRETS_ADMIN", ADMIN)
        .environment("SECRETS_HEADER", HEADER)
        .file("conf/client-secret", format!("{CLIENT}\n"));
    for path in ["200", "401", "404", "503", "broken", "lost"] {
        let url = at(endpoint, &format!("/{path}?q=in-the-query"));
        for (auth, text) in [("basic", &basic), ("oauth", &oauth("/token"))] {
            let more = format!("user_fields = ['city']\n{text}{header}");
            stage = stage.webhook(&format!("{auth}-{path}"), webhook("POST", &url, &more));
        }
    }
    let url = at(endpoint, "/200");
    stage
        .webhook("no-token", webhook("POST", &url, &oauth("/token-500")))
        .webhook("profile", webhook("GET", &url, &basic))
        .journey(
            "j",
            "workflow_id = 1\nname = 'J'\n[[tiles]]\nid = 't'\ntype = 'user_profile'\nwebhook = 'profile'\n",
        )
}

/// Webhooks whose faults stand beside a secret, or are in one.
fn faulty(endpoint: &Endpoint) -> Vec<(&'static str, String)> {
    let url = at(endpoint, "/200");
    let more = [
        (
            "unclosed",
            format!("[auth]\ntype = 'basic'\ntoken = '{FAULTY}\n"),
        ),
        (
            "twice",
            format!("[auth]\ntype = 'basic'\ntoken = 't'\ntoken = '{FAULTY}'\n"),
        ),
        (
            "misspelt",
            format!("[auth]\ntype = 'basic'\ntokn = '{FAULTY}'\n"),
        ),
        (
            "shape",
            format!("[auth]\ntype = 'basic'\ntoken = ['{FAULTY}']\n"),
        ),
        (
            "control",
            format!("[auth]\ntype = 'basic'\ntoken = \"{FAULTY}\\n\"\n"),
        ),
        (
            "kind",
            format!("[auth]\ntype = 'none'\ntoken = '{FAULTY}'\n"),
        ),
        (
            "no-env",
            format!("[auth]\ntype = 'basic'\ntoken = {{ evn = '{FAULTY}' }}\n"),
        ),
        (
            "header",
            format!("[[headers]]\nname = 'X-Key'\nvalue = {{ secret = '{FAULTY}' }}\n"),
        ),
        (
            "url",
            format!(
                "[auth]\ntype = 'oauth2'\nclient_id = 'c'\nclient_secret = '{FAULTY}'\ntoken_url = 'no url'\n"
            ),
        ),
    ];
    more.into_iter()
        .map(|(id, more)| (id, webhook("POST", &url, &more)))
        .collect()
}

/// Sends `step` with the token of the listener; the whole answer as text.
fn tell(gateway: &Gateway, step: &str) -> String {
    let authorized = format!("Authorization: Bearer {LISTEN}\r\n");
    format!("{:?}", gateway.ask(&post_with(&authorized, step)))
}

/// All that can be read of a gateway after it has been through much, by where it was read.
fn all_that_is_told(gateway: &Gateway, endpoint: &Endpoint) -> Vec<(String, String)> {
    let user = r#""email":"somebody@example.com","profile":{"city":"Springfield"}"#;
    let mut told = Vec::new();
    let mut targets = vec![
        r#""webhook":"no-token""#.to_owned(),
        r#""tile":"j/t""#.to_owned(),
    ];
    for path in ["200", "401", "404", "503", "broken", "lost"] {
        for auth in ["basic", "oauth"] {
            targets.push(format!(r#""webhook":"{auth}-{path}""#));
        }
    }
    let faulty = faulty(endpoint);
    targets.extend(faulty.iter().map(|(id, _)| format!(r#""webhook":"{id}""#)));
    for target in targets {
        let answer = tell(gateway, &format!("{{{target},{user}}}"));
        told.push((format!("the answer to {target}"), answer));
    }
    for wrong in [
        String::new(),
        format!("Authorization: Bearer {LISTEN}x\r\n"),
    ] {
        let answer = gateway.ask(&post_with(&wrong, r#"{"webhook":"basic-200"}"#));
        assert_eq!(answer.status, 401);
        told.push((
            "the answer to a wrong token".to_owned(),
            format!("{answer:?}"),
        ));
    }
    let metrics = gateway.admin_with("/metrics", ADMIN);
    assert_eq!(metrics.status, 200);
    told.push(("the metrics".to_owned(), metrics.body));
    let refused = Client::to(gateway.door).ask(get("/metrics", ""));
    assert_eq!(refused.status, 401);
    told.push((
        "the answer to no admin token".to_owned(),
        format!("{refused:?}"),
    ));
    told
}

#[test]
fn a_secret_is_in_no_answer_no_log_line_no_metric_and_no_output() {
    let endpoint = endpoint();
    let mut stage = stage(&endpoint);
    for (id, text) in faulty(&endpoint) {
        stage = stage.webhook(id, text);
    }
    let step = r#"{"webhook":"basic-200","email":"somebody@example.com"}"#;
    let gateway = stage.file("step.json", step).start();

    let mut told = all_that_is_told(&gateway, &endpoint);
    told.push(("check".to_owned(), gateway.command(&["check", "conf"])));
    for webhook in ["basic-200", "oauth-200"] {
        let shown = gateway.command(&["render", webhook, "--step", "step.json"]);
        assert!(shown.contains("***"), "{shown}");
        told.push((format!("render {webhook}"), shown));
    }
    told.push(("the log".to_owned(), gateway.logs()));

    for (id, _) in faulty(&endpoint) {
        let file = format!("webhooks/{id}.toml:");
        for (place, text) in told
            .iter()
            .filter(|(place, _)| ["check", "the log"].contains(&&**place))
        {
            assert!(
                text.contains(&file),
                "{place} says nothing of {file} {text}"
            );
        }
    }
    for (place, text) in &told {
        for secret in SECRETS {
            assert!(!text.contains(secret), "`{secret}` in {place}: {text}");
        }
    }
    let sent: Vec<String> = endpoint
        .requests()
        .iter()
        .map(|received| String::from_utf8(received.raw.clone()).unwrap())
        .collect();
    for secret in [BASIC, CLIENT, ACCESS, HEADER] {
        assert!(
            sent.iter().any(|raw| raw.contains(secret)),
            "{secret} was never used"
        );
    }
}

#[test]
fn what_is_a_users_is_in_no_log_line_and_no_metric() {
    let endpoint = endpoint();
    let gateway = stage(&endpoint).set("log.level", "'info'").start();

    all_that_is_told(&gateway, &endpoint);

    let metrics = gateway.admin_with("/metrics", ADMIN).body;
    for (place, text) in [("the log", gateway.logs()), ("the metrics", metrics)] {
        for private in PRIVATE {
            assert!(!text.contains(private), "`{private}` in {place}: {text}");
        }
    }
}

#[test]
fn the_data_folder_is_for_its_owner_alone() {
    let endpoint = endpoint();
    let gateway = stage(&endpoint).start();
    tell(&gateway, r#"{"webhook":"oauth-200"}"#);

    let mut found = Vec::new();
    modes(&gateway.path("data"), &mut found);

    assert!(found.len() > 1, "nothing is kept there");
    for (path, is_folder, mode) in found {
        let expected = if is_folder { 0o700 } else { 0o600 };
        assert_eq!(mode, expected, "{path}");
    }
}

/// Everything at and under `path`: its name, whether it is a folder, its mode.
///
/// The gateway works there at the same time: a temporary file that got its own name between the
/// listing and the look is passed over.
fn modes(path: &Path, found: &mut Vec<(String, bool, u32)>) {
    let metadata = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return,
        metadata => metadata.unwrap(),
    };
    let mode = metadata.permissions().mode() & 0o777;
    found.push((path.display().to_string(), metadata.is_dir(), mode));
    if metadata.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            modes(&entry.unwrap().path(), found);
        }
    }
}
