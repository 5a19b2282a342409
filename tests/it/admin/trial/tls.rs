//! Tests over TLS: how long it took, and whom it does not talk to.

use super::super::{Door, draft, stage, with};
use crate::support::endpoint::{Endpoint, Speaks, reply};
use crate::support::pki::Authority;
use crate::support::process::{Gateway, toml_path};
use serde_json::json;

const HOST: &str = "hooks.example.com";

fn trusting(authority: &Authority) -> Gateway {
    stage()
        .set("egress.ca_file", &toml_path(&authority.file()))
        .set(
            "egress.resolve",
            &format!("{{ \"{HOST}\" = \"127.0.0.1\" }}"),
        )
        .start()
}

fn https(endpoint: &Endpoint) -> String {
    format!("https://{HOST}:{}/", endpoint.port())
}

#[test]
fn a_test_over_tls_tells_how_long_the_handshake_took() {
    let authority = Authority::new();
    let server = authority.issue(&[HOST]).server(&[]);
    let endpoint = Endpoint::start(Speaks::Https(server), [reply(200).body("{}")]);
    let gateway = trusting(&authority);

    let said = Door::of(&gateway)
        .post(
            "webhooks/test",
            &json!({"webhook": draft("w", &https(&endpoint))}),
        )
        .good(200);

    assert_eq!(said["response"]["status"], 200, "{said}");
    assert!(said["timing"]["tls"].as_f64().unwrap() > 0.0, "{said}");
}

#[test]
fn a_certificate_that_is_not_trusted_is_the_reason_and_gets_no_secret() {
    let (trusted, other) = (Authority::new(), Authority::new());
    let server = other.issue(&[HOST]).server(&[]);
    let endpoint = Endpoint::start(Speaks::Https(server), [reply(200).body("{}")]);
    let gateway = trusting(&trusted);
    let auth = json!({"auth": {"type": "basic", "token": "hunter2"}});
    let webhook = with(&draft("w", &https(&endpoint)), &auth);

    let said = Door::of(&gateway)
        .post("webhooks/test", &json!({"webhook": webhook}))
        .good(200);

    assert_eq!(said["reason"], "tls_error", "{said}");
    assert_eq!(endpoint.application_bytes(), 0);
}

#[test]
fn an_answer_that_is_too_long_is_the_reason() {
    let endpoint = Endpoint::replying([reply(200).body(vec![b' '; 64 * 1024])]);
    let gateway = stage().set("delivery.response_limit", "'32KiB'").start();
    let url = crate::support::process::at(&endpoint, "/");

    let said = Door::of(&gateway)
        .post("webhooks/test", &json!({"webhook": draft("w", &url)}))
        .good(200);

    assert_eq!(said["reason"], "response_too_large", "{said}");
}
