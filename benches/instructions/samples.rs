//! The fixed webhooks, tiles, steps and answers that the benchmarks of the parts work on.
//!
//! Nothing here depends on the clock, on dice or on the machine: what is counted today was counted
//! yesterday.

use bytes::Bytes;
use http::HeaderMap;
use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use stepgate::config::{
    self, ById, Gateway, Journey, LiveDataFailure, Service, Snapshot, Tile, TileType, Webhook,
};
use stepgate::egress::{EgressError, Response};
use stepgate::model::{JourneyId, Timing, WebhookId};
use stepgate::template::{Place, Template};

pub(crate) type Fault = Box<dyn Error>;

/// The fields of a step, of 0.5 KB with its target. No `workflowId`: a tile's journey has one.
const FIELDS: &str = r#""email":"test.user@example.com","userId":"u1234567","profile":{"firstName":"Test","lastName":"User","city":"San Francisco","state":"California","plan":"gold","signup":"2024-01-01"},"dataFields":{"promotionId":123,"color":"red","buttonName":"Claim offer","buttonUrl":"https://example.com/spring-sale","items":[{"sku":"A1","price":12.50},{"sku":"B2","price":7.25}],"campaign":"spring-launch","total":19.75,"currency":"USD","source":"email","variant":"b","x":"y""#;

const TEMPLATED: &str = r#"
name = "W"
method = "POST"
endpoint = "http://127.0.0.1/hooks/{{#urlEncode}}{{email}}{{/urlEncode}}"
[auth]
type = "basic"
token = "abc"
[[headers]]
name = "X-Source"
value = "journey-{{workflowId}}"
[body]
json = '''{"campaignName": "Spring Launch 2026", "firstName": "{{firstName}}"}'''
"#;

const LITERAL: &str = r#"
name = "W"
method = "POST"
endpoint = "http://127.0.0.1/hooks"
"#;

const FORM: &str = r#"
name = "W"
method = "POST"
endpoint = "http://127.0.0.1/hooks"
[body]
format = "form"
[body.form]
firstName = "{{firstName}}"
"#;

const HEAVY: &str = r##"
name = "W"
method = "POST"
endpoint = "http://127.0.0.1/hooks/{{lower color}}"
[body]
json = '''{"name": "{{capitalize firstName}} {{upper lastName}}", "items": [{{#each items}}{"sku": "{{lower sku}}", "price": {{price}}, "first": {{@first}}}{{#unless @last}},{{/unless}}{{/each}}], "offer": "{{#if promotionId}}{{buttonName}} ({{promotionId}}){{else}}none{{/if}}", "link": "{{#urlEncode}}{{buttonUrl}}{{/urlEncode}}", "digest": "{{sha256 email}}", "total": "{{numberFormat total "#,##0.00"}}"}'''
"##;

const PROFILE: &str = r#"
name = "W"
method = "GET"
endpoint = "http://127.0.0.1/users/{{#urlEncode}}{{userId}}{{/urlEncode}}"
[[headers]]
name = "X-Source"
value = "journey-{{workflowId}}"
"#;

const OFFER: &str = r#"
name = "W"
method = "POST"
endpoint = "http://127.0.0.1/offers"
user_fields = ["city", "plan"]
[body]
json = '''{"journey": "{{workflowId}}", "earlier": {{liveData.offer.price}}}'''
[data_retrieval]
object = "offer"
fields = [
    { name = "id", pointer = "/data/id", type = "string" },
    { name = "price", pointer = "/data/price", type = "number" },
    { name = "first", pointer = "/data/items/0", type = "object" },
    { name = "tags", pointer = "/data/tags", type = "array" },
    { name = "gone", pointer = "/data/nowhere", type = "boolean" },
]
"#;

const WEBHOOKS: [(&str, &str); 6] = [
    ("templated", TEMPLATED),
    ("literal", LITERAL),
    ("form", FORM),
    ("heavy", HEAVY),
    ("profile", PROFILE),
    ("offer", OFFER),
];

/// A configuration with all the webhooks, and a journey `welcome` with a tile of each type.
pub(crate) fn snapshot() -> Result<Snapshot, Fault> {
    let mut gateway = Gateway::default();
    gateway.egress.allow_http = true;
    let webhooks = WEBHOOKS.iter().map(|(id, text)| {
        let id = WebhookId::new(id)?;
        let webhook = webhook(&id, text)?;
        Ok((id, Service::Up(webhook)))
    });
    let webhooks: Result<ById<_, _>, Fault> = webhooks.collect();
    let journey = journey()?;
    let journeys = [(journey.id.clone(), Service::Up(journey))];
    Ok(Snapshot::new(
        gateway,
        webhooks?,
        journeys.into_iter().collect(),
    ))
}

/// A step for `target`, its member as JSON has it: 0.5 KB, and `more` fields of 50 bytes each.
pub(crate) fn step(target: &str, more: usize) -> Bytes {
    let more: String = (0..more)
        .map(|n| format!(",\"more{n:04}\":\"the quick brown fox jumps over a dog\""))
        .collect();
    // Named, since an id that is made here takes now more instructions and now fewer.
    format!("{{\"id\":\"step-1\",{target},{FIELDS}{more}}}}}").into()
}

/// An answer with the fields that the tiles keep, among `items` objects of about 80 bytes.
pub(crate) fn answer(status: u16, items: usize) -> Result<Response, EgressError> {
    let item =
        |n| format!(r#"{{"sku": "A{n:05}", "price": {n}.50, "name": "An article for sale"}}"#);
    let items: Vec<String> = (0..items).map(item).collect();
    let body = format!(
        r#"{{"data": {{"id": "offer-1", "items": [{}], "price": 19.75, "tags": ["new", "red"]}}}}"#,
        items.join(", ")
    );
    Ok(Response {
        status,
        headers: HeaderMap::new(),
        body: body.into(),
        timing: Timing::default(),
    })
}

fn webhook(id: &WebhookId, text: &str) -> Result<Arc<Webhook>, Fault> {
    let draft = config::draft(id, text, "w.toml", Path::new("."));
    let faults = format!("{id}: {:?}", draft.report.faults);
    Ok(draft.webhook.ok_or(faults)?)
}

fn journey() -> Result<Arc<Journey>, Fault> {
    let parameters = [
        ("experimentId", "{{variant}}"),
        ("offer", "{{upper color}}-{{promotionId}}"),
        ("link", "{{buttonUrl}}"),
    ];
    let branch = LiveDataFailure::Branch;
    let tiles = [
        tile("claim-offer", TileType::Webhook, "templated", &parameters)?,
        tile("profile", TileType::UserProfile, "profile", &[])?,
        tile(
            "offer",
            TileType::LiveData { on_failure: branch },
            "offer",
            &[],
        )?,
    ];
    Ok(Arc::new(Journey {
        id: JourneyId::new("welcome")?,
        workflow_id: "12345".into(),
        name: "Welcome Sequence".to_owned(),
        published: true,
        tiles: tiles
            .into_iter()
            .map(|tile| (tile.id.clone(), tile))
            .collect(),
    }))
}

fn tile(
    id: &str,
    tile_type: TileType,
    webhook: &str,
    parameters: &[(&str, &str)],
) -> Result<Arc<Tile>, Fault> {
    let parameter = |(name, value): &(&str, &str)| {
        let value = Template::parse(value, Place::FormValue);
        let value = value.map_err(|faults| format!("{name}: {faults:?}"))?;
        Ok(((*name).to_owned(), value))
    };
    let parameters: Result<_, Fault> = parameters.iter().map(parameter).collect();
    Ok(Arc::new(Tile {
        id: id.to_owned(),
        tile_type,
        webhook: WebhookId::new(webhook)?,
        rate_limit: None,
        parameters: parameters?,
    }))
}
