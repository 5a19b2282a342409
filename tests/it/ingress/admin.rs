//! The admin door: who may come in.

use super::running;
use crate::support::client::{Client, get};
use crate::support::gateway::{Scripted, Setup};
use stepgate::config::{AdminToken, Role};
use stepgate::model::Secret;

#[test]
fn health_is_for_all_and_the_rest_for_those_with_a_token_and_a_known_host() {
    let gateway = running();
    let token = format!("Authorization: Bearer {}\r\n", gateway.admin_token());
    let wrong = "Authorization: Bearer 0\r\n";
    for (host, path, headers, status) in [
        ("evil.example.com", "/healthz", "", 200),
        ("evil.example.com", "/readyz", "", 200),
        ("evil.example.com", "/metrics", &*token, 200),
        ("evil.example.com", "/metrics", "", 401),
        ("evil.example.com", "/admin/v1/stats", &*token, 421),
        ("evil.example.com", "/admin/v1/stats", "", 421),
        ("localhost", "/metrics", &*token, 200),
        ("localhost", "/metrics", wrong, 401),
        ("localhost", "/nothing", "", 401),
        ("localhost", "/nothing", &*token, 404),
        ("127.0.0.1:8081", "/v1/steps", &*token, 404),
    ] {
        let request = get(path, headers).replacen("localhost", host, 1);
        let answer = Client::to(gateway.admin).ask(&request);
        assert_eq!(answer.status, status, "{request}");
    }
}

#[test]
fn configured_tokens_are_taken_and_none_is_made_beside_an_admin_token() {
    let mut setup = Setup::new(Scripted::continuing());
    setup.gateway.admin.token = Some(Secret::new("chief"));
    setup.gateway.admin.tokens = vec![AdminToken {
        name: "ops".to_owned(),
        role: Role::Viewer,
        token: Secret::new("watcher"),
    }];
    let gateway = setup.start();

    let statuses = ["chief", "watcher", "guest"].map(|token| {
        let token = format!("Authorization: Bearer {token}\r\n");
        Client::to(gateway.admin)
            .ask(get("/metrics", &token))
            .status
    });

    assert_eq!(statuses, [200, 200, 401]);
    assert!(!gateway.folder.path().join("data/admin-token").exists());
}
