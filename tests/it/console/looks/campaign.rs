//! A gateway as a team has it some weeks after they began: webhooks, journeys, and what became of
//! the steps.

mod files;

use crate::admin::{self, Door, stage};
use crate::support::browser::Browser;
use crate::support::client::Client;
use crate::support::endpoint::{Endpoint, Received, Reply, Speaks, reply};
use crate::support::process::{Gateway, Stage};
use files::{JOURNEYS, OFFER, WEBHOOKS};
use serde_json::{Value, json};
use std::time::Duration;

/// Names that are all this machine.
const HOSTS: [&str; 6] = [
    "rewards.example.com",
    "offers.example.com",
    "loyalty.example.com",
    "attribution.example.com",
    "crm.example.com",
    "auth.example.com",
];

const TEAM: &str = "[{ name = 'Ines', role = 'editor', token = 'token-of-ed' }]";

/// Of ten users, where each one's step is sent.
const TILES: [&str; 10] = [
    "welcome/offer",
    "welcome/points",
    "welcome/tier",
    "win-back/contact",
    "welcome/points",
    "win-back/install",
    "welcome/offer",
    "welcome/points",
    "win-back/credit",
    "welcome/tier",
];

/// A gateway at work, and the endpoint of all its webhooks.
pub(super) struct Campaign {
    pub(super) gateway: Gateway,
    endpoint: Endpoint,
}

// === impl Campaign ===

impl Campaign {
    /// A gateway that has run steps already.
    pub(super) fn running() -> Self {
        let endpoint = Endpoint::answering(Speaks::Http, answer);
        let gateway = stage_of(&endpoint).start();
        let campaign = Self { gateway, endpoint };
        campaign.publish();
        campaign.steps();
        campaign
    }

    /// A browser in which the editor is signed in.
    pub(super) fn editor(&self) -> Browser {
        super::super::editor(&self.gateway)
    }

    /// Thirty steps and what becomes of them.
    pub(super) fn steps(&self) {
        let cities = ["San Francisco", "Lisbon", "Kraków"];
        for number in 0..30 {
            let step = json!({
                "tile": TILES[number % TILES.len()], "userId": format!("m-{}", 1180 + number),
                "email": "test.user@example.com",
                "profile": {"firstName": "ada", "city": cities[number % cities.len()]},
                "dataFields": {"promotionId": 123},
            });
            self.gateway.step(&step);
        }
    }

    /// Calls an endpoint of the inspector as a webhook would.
    pub(super) fn inspect(&self, url: &str) {
        let path = url.split_at(url.find("/inspect/").unwrap()).1;
        let body =
            r#"{"campaign":"Spring Launch 2026","points":250,"email":"test.user@example.com"}"#;
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n\
             X-Source: journey-48211\r\nContent-Length: {}\r\n\r\n{body}",
            self.gateway.door,
            body.len()
        );
        assert_eq!(Client::to(self.gateway.door).ask(request).status, 200);
    }

    /// Has the Live Data webhook tested, and the journey that relies on it published.
    fn publish(&self) {
        let door = Door::of(&self.gateway);
        let fingerprint = admin::fingerprint(&door, "price-offer");
        let test = format!("\n[data_retrieval.test]\nfingerprint = \"{fingerprint}\"\n");
        let tested = written(OFFER, &self.endpoint) + &test;
        self.gateway.serve_webhook("price-offer", &tested);
        door.post("journeys/welcome/publish", &Value::Null)
            .good(200);
    }
}

fn stage_of(endpoint: &Endpoint) -> Stage {
    let hosts = HOSTS.map(|host| format!("{host:?} = \"127.0.0.1\""));
    let mut stage = stage()
        .set("admin.tokens", TEAM)
        .set("egress.resolve", &format!("{{ {} }}", hosts.join(", ")))
        .webhook("price-offer", written(OFFER, endpoint));
    for (id, text) in WEBHOOKS {
        stage = stage.webhook(id, written(text, endpoint));
    }
    for (id, text) in JOURNEYS {
        stage = stage.journey(id, text);
    }
    stage
}

fn written(text: &str, endpoint: &Endpoint) -> String {
    text.replace("PORT", &endpoint.port().to_string())
}

/// What the endpoint says: some contacts are not known, and no credit can be given at the moment.
fn answer(received: &Received) -> Reply {
    let path = received.target.split('?').next().unwrap_or_default();
    let json = |body: Value| {
        reply(200)
            .after(Duration::from_millis(3 + body.to_string().len() as u64 % 9))
            .header("Content-Type", "application/json")
            .header("Cache-Control", "no-store")
            .body(body.to_string())
    };
    match path {
        "/v2/points" => json(json!({"accepted": true, "balance": 1250})),
        "/today" => json(
            json!({"offer": {"price": 12.5, "currency": "EUR", "title": "Trail shoes"},
            "validUntil": "2026-11-30"}),
        ),
        "/oauth/token" => json(json!({"access_token": "of-the-day", "expires_in": 3600})),
        "/v2/credit" => reply(503),
        "/contacts/m-1193" => reply(404),
        _ => json(json!({"tier": "gold", "since": "2024-03-01"})),
    }
}
