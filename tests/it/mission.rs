//! The examples of the mission document, each compared whole with what a real endpoint received.

use crate::support::endpoint::{Endpoint, Received, Speaks, reply};
use crate::support::pki::Authority;
use crate::support::process::{Gateway, Stage, toml_path};
use serde_json::{Value, json};

/// The data of the examples' button.
const CLICK: &str = r#"{"promotionId":123,"color":"red","buttonName":"Claim offer","buttonUrl":"https://example.com/spring-sale"}"#;

/// A gateway, the endpoint `https://api.example.com:<port>` that it may call, and what holds the
/// certificate.
struct Scene {
    gateway: Gateway,
    endpoint: Endpoint,
    _authority: Authority,
}

/// What an example sets up: a webhook's text with `ORIGIN` in the place of the endpoint's, and the
/// tile's type.
struct Example {
    tile: &'static str,
    webhook: &'static str,
}

// === impl Scene ===

impl Scene {
    /// The journey of the examples with a tile `t`.
    fn of(example: &Example, script: impl Fn(&Received) -> String + Send + Sync + 'static) -> Self {
        let authority = Authority::new();
        let identity = authority.issue(&["api.example.com"]);
        let speaks = Speaks::Https(identity.server(&[]));
        let endpoint = Endpoint::answering(speaks, move |request| {
            reply(200).body(script(request).into_bytes())
        });
        let origin = format!("https://api.example.com:{}", endpoint.port());
        let journey = format!(
            "workflow_id = 12345\nname = \"Welcome Sequence\"\n[[tiles]]\nid = \"t\"\ntype = \"{}\"\nwebhook = \"w\"\n",
            example.tile
        );
        let gateway = Stage::new()
            .set("egress.allow_http", "false")
            .set("egress.resolve", r#"{ "api.example.com" = "127.0.0.1" }"#)
            .set("egress.ca_file", &toml_path(&authority.file()))
            .webhook("w", example.webhook.replace("ORIGIN", &origin))
            .journey("welcome", journey)
            .start();
        Self {
            gateway,
            endpoint,
            _authority: authority,
        }
    }

    /// Sends a step with the id `s`, and gives the outcome without what differs from run to run.
    fn step(&self, step: &str) -> Value {
        let step = format!(r#"{{"id":"s","tile":"welcome/t",{step}}}"#);
        let (status, mut outcome) = self.gateway.step_text(&step);
        assert_eq!(status, 200, "{outcome}");
        let outcome_keys = outcome.as_object_mut().unwrap();
        assert!(outcome_keys.remove("elapsedMs").unwrap().is_u64());
        outcome
    }

    /// Every request that came, whole, the headers sorted.
    fn received(&self) -> Vec<String> {
        let port = format!(":{}", self.endpoint.port());
        let requests = self.endpoint.requests();
        let shown = requests.iter().map(shown);
        shown.map(|text| text.replace(&port, "")).collect()
    }
}

/// Method, target, headers in the order of their names, body.
fn shown(received: &Received) -> String {
    let mut headers: Vec<String> = received
        .headers
        .iter()
        .map(|(name, value)| format!("{}: {value}\n", name.to_ascii_lowercase()))
        .collect();
    headers.sort();
    format!(
        "{} {}\n{}\n{}",
        received.method,
        received.target,
        headers.concat(),
        received.text()
    )
}

/// What the journey goes on with when nothing is captured.
fn continued() -> Value {
    json!({"id": "s", "outcome": "continue", "status": 200, "attempts": 1,
        "message": "The endpoint answered 200."})
}

/// A whole JSON request with `body`.
fn request(method: &str, target: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "{method} {target}\naccept-encoding: identity\ncontent-length: {length}\n\
         content-type: application/json\nhost: api.example.com\nidempotency-key: s\n\
         user-agent: stepgate/0.1.0\n\n{body}"
    )
}

#[test]
fn a_post_carries_the_data_that_triggered_the_journey_then_email_and_workflow_id() {
    let scene = Scene::of(
        &Example {
            tile: "webhook",
            webhook: "name = \"W\"\nmethod = \"POST\"\nendpoint = \"ORIGIN/hook\"\n",
        },
        |_| String::new(),
    );

    let outcome = scene
        .step(r#""email":"test.user@example.com","dataFields":{"promotionId":123,"color":"red"}"#);

    assert_eq!(outcome, continued());
    let body =
        r#"{"promotionId":123,"color":"red","email":"test.user@example.com","workflowId":12345}"#;
    assert_eq!(scene.received(), [request("POST", "/hook", body)]);
}

#[test]
fn a_put_with_user_fields_carries_them_first() {
    let scene = Scene::of(
        &Example {
            tile: "webhook",
            webhook: "name = \"W\"\nmethod = \"PUT\"\nendpoint = \"ORIGIN/users\"\n\
                include_email_and_workflow_id = false\nuser_fields = [\"city\", \"state\"]\n",
        },
        |_| String::new(),
    );

    let outcome = scene.step(
        r#""email":"user@example.com","dataFields":{"promotionId":123,"color":"red"},
        "profile":{"age":7,"state":"California","city":"San Francisco"}"#,
    );

    assert_eq!(outcome, continued());
    let body = r#"{"city":"San Francisco","state":"California","promotionId":123,"color":"red"}"#;
    assert_eq!(scene.received(), [request("PUT", "/users", body)]);
}

#[test]
fn a_user_profile_get_appends_the_email_and_its_answer_updates_the_profile() {
    let scene = Scene::of(
        &Example {
            tile: "user_profile",
            webhook: "name = \"W\"\nmethod = \"GET\"\nendpoint = \"ORIGIN/webhook/endpoint\"\n",
        },
        |_| r#"{ "firstName": "Test", "lastName": "User" }"#.to_owned(),
    );

    let outcome = scene.step(r#""email":"user@example.com","dataFields":{"promotionId":123}"#);

    let mut expected = continued();
    expected["profile"] = json!({"firstName": "Test", "lastName": "User"});
    assert_eq!(outcome, expected);
    assert_eq!(
        scene.received(),
        [
            "GET /webhook/endpoint?email=user@example.com\naccept-encoding: identity\n\
          host: api.example.com\nidempotency-key: s\nuser-agent: stepgate/0.1.0\n\n"
        ]
    );
}

#[test]
fn a_button_click_without_a_custom_body_carries_the_click() {
    let scene = Scene::of(
        &Example {
            tile: "webhook",
            webhook: "name = \"W\"\nmethod = \"POST\"\nendpoint = \"ORIGIN/click\"\n",
        },
        |_| String::new(),
    );

    let step = format!(r#""email":"test.user@example.com","dataFields":{CLICK}"#);
    let outcome = scene.step(&step);

    assert_eq!(outcome, continued());
    let body = concat!(
        r#"{"promotionId":123,"color":"red","buttonName":"Claim offer","#,
        r#""buttonUrl":"https://example.com/spring-sale","email":"test.user@example.com","#,
        r#""workflowId":12345}"#
    );
    assert_eq!(scene.received(), [request("POST", "/click", body)]);
}

#[test]
fn a_button_click_with_a_custom_body_carries_its_fields_last() {
    let scene = Scene::of(
        &Example {
            tile: "webhook",
            webhook: r#"
                name = "W"
                method = "POST"
                endpoint = "ORIGIN/click"
                [body]
                json = '''
                {
                  "campaignName": "Spring Launch 2026",
                  "journeyStep": "clicked_offer_button",
                  "marketingContext": {"channel":"email","audienceSegment":"high_intent_returning_users"}
                }'''
                "#,
        },
        |_| String::new(),
    );

    let step = format!(r#""email":"test.user@example.com","dataFields":{CLICK}"#);
    let outcome = scene.step(&step);

    assert_eq!(outcome, continued());
    let body = concat!(
        r#"{"promotionId":123,"color":"red","buttonName":"Claim offer","#,
        r#""buttonUrl":"https://example.com/spring-sale","email":"test.user@example.com","#,
        r#""workflowId":12345,"campaignName":"Spring Launch 2026","#,
        r#""journeyStep":"clicked_offer_button","marketingContext":{"channel":"email","#,
        r#""audienceSegment":"high_intent_returning_users"}}"#
    );
    assert_eq!(scene.received(), [request("POST", "/click", body)]);
}

#[test]
fn a_custom_field_replaces_the_trigger_data_which_replaces_the_user_field() {
    let scene = Scene::of(
        &Example {
            tile: "webhook",
            webhook: "name = \"W\"\nmethod = \"POST\"\nendpoint = \"ORIGIN/names\"\n\
                user_fields = [\"firstName\", \"total\", \"city\", \"missing\"]\n\
                [body]\njson = '{\"firstName\":\"Custom\",\"email\":\"custom@example.com\"}'\n",
        },
        |_| String::new(),
    );

    let outcome = scene.step(
        r#""email":"user@example.com","profile":{"firstName":"Profile","total":1,"city":"Rome"},
        "dataFields":{"total":99.50,"firstName":"Trigger"}"#,
    );

    assert_eq!(outcome, continued());
    let body = r#"{"firstName":"Custom","total":99.50,"city":"Rome","email":"custom@example.com","workflowId":12345}"#;
    assert_eq!(scene.received(), [request("POST", "/names", body)]);
}

#[test]
fn a_basic_token_is_sent_as_it_was_given() {
    let scene = Scene::of(
        &Example {
            tile: "webhook",
            webhook: "name = \"W\"\nmethod = \"DELETE\"\nendpoint = \"ORIGIN/users\"\n\
                [auth]\ntype = \"basic\"\ntoken = \"user:not encoded\"\n",
        },
        |_| String::new(),
    );

    let outcome = scene.step(r#""email":"user@example.com""#);

    assert_eq!(outcome, continued());
    let body = r#"{"email":"user@example.com","workflowId":12345}"#;
    let expected = request("DELETE", "/users", body).replace(
        "content-length",
        "authorization: Basic user:not encoded\ncontent-length",
    );
    assert_eq!(scene.received(), [expected]);
}

#[test]
fn an_oauth_token_is_fetched_by_a_form_and_sent_as_bearer() {
    let scene = Scene::of(
        &Example {
            tile: "webhook",
            webhook: "name = \"W\"\nmethod = \"PATCH\"\nendpoint = \"ORIGIN/contacts\"\n\
                [auth]\ntype = \"oauth2\"\nclient_id = \"a client\"\nclient_secret = \"s&=cret\"\n\
                token_url = \"ORIGIN/oauth/token\"\n",
        },
        |request| match request.target.as_str() {
            "/oauth/token" => r#"{ "access_token": "tok-1", "expires_in": 0 }"#.to_owned(),
            _ => String::new(),
        },
    );

    let first = scene.step(r#""email":"user@example.com""#);
    // `expires_in` changes nothing: the second step fetches none.
    let (status, second) = scene
        .gateway
        .step_text(r#"{"id":"s2","tile":"welcome/t","email":"user@example.com"}"#);

    assert_eq!(first, continued());
    assert_eq!((status, &second["outcome"]), (200, &json!("continue")));
    let form = "client_id=a+client&client_secret=s%26%3Dcret&grant_type=client_credentials";
    let token = format!(
        "POST /oauth/token\naccept: application/json\ncontent-length: {}\n\
         content-type: application/x-www-form-urlencoded\nhost: api.example.com\n\
         user-agent: stepgate/0.1.0\n\n{form}",
        form.len()
    );
    let body = r#"{"email":"user@example.com","workflowId":12345}"#;
    let call = request("PATCH", "/contacts", body).replace(
        "content-length",
        "authorization: Bearer tok-1\ncontent-length",
    );
    let again = call.replace("idempotency-key: s", "idempotency-key: s2");
    assert_eq!(scene.received(), [token, call, again]);
}
