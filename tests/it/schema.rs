//! The JSON Schemas say what the contract says: the same keys, the same defaults, and they tell
//! good documents from bad ones.

mod check;
mod readme;
mod wire;

use check::faults;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use stepgate::schema::{Kind, bundle, schema};

/// Every key of gateway.toml; where a key has a default, that is its value here.
const GATEWAY: &str = r#"
[listen]
http = ["127.0.0.1:8080"]
unix = []
admin = "127.0.0.1:8081"
threads = 0
token = { env = "STEPGATE_TOKEN" }
[delivery]
timeout = "10s"
response_limit = "1MiB"
render_limit = "1MiB"
max_in_flight = 10000
max_in_flight_per_host = 2000
inline_wait = "2s"
[egress]
allow_http = false
allow_addresses = []
resolve = {}
ca_file = "roots.pem"
[retry]
delay = "3m"
jitter = "0s"
max_retries = 3
statuses = [429, 502, 503, 504]
ambiguous = "retry"
[oauth2]
token_lifetime = "10d"
max_refreshes = 3
[steps]
dedupe_window = "10m"
dedupe_max = 1000000
dedupe_memory = "256MiB"
[store]
folder = "data"
url = "redis://host:6379/0"
reserve = "256MiB"
[outcomes]
keep = "7d"
[shutdown]
grace = "15s"
[log]
level = "info"
format = "json"
[admin]
hosts = []
token = { env = "STEPGATE_ADMIN_TOKEN" }
tokens = []
inspector = true
"#;

/// Webhooks that have every key between them.
const WEBHOOKS: [&str; 4] = [
    r#"
name = "Attribution"
destination = "custom"
method = "POST"
endpoint = "https://api.example.com/update?email={{#urlEncode}}{{email}}{{/urlEncode}}"
include_email_and_workflow_id = true
ambiguous = "exit"
user_fields = ["city", "state"]
[auth]
type = "basic"
token = { env = "ATTRIBUTION_TOKEN" }
[[headers]]
name = "X-Source"
value = "journey-{{workflowId}}"
[[headers]]
name = "X-Key"
value = { env = "API_KEY" }
[body]
format = "json"
json = '{"firstName": "{{firstName}}"}'
[data_retrieval]
object = "offer"
[[data_retrieval.fields]]
name = "price"
pointer = "/data/price"
type = "number"
[data_retrieval.test]
fingerprint = "sha256:00"
at = "2026-11-23T10:00:00Z"
"#,
    r#"
name = "Form"
method = "PUT"
endpoint = "https://api.example.com/"
[auth]
type = "oauth2"
client_id = "journey"
client_secret = { file = "/run/secrets/attribution" }
token_url = "https://auth.example.com/oauth/token"
scope = "hooks:write"
refresh_statuses = [401]
[body]
format = "form"
[body.form]
firstName = "{{firstName}}"
"#,
    r#"
name = "Card"
destination = "inkit"
[inkit]
api_token = "t"
template_id = "1"
first_name = "{{firstName}}"
last_name = ""
email = ""
company = ""
phone = ""
address_line_1 = ""
address_line_2 = ""
address_city = ""
address_state = ""
address_zip = ""
address_country = ""
source = ""
"#,
    "name = 'Get'\nmethod = 'GET'\nendpoint = 'https://api.example.com'\nauth = { type = 'none' }",
];

const JOURNEY: &str = r#"
workflow_id = 12345
name = "Welcome Sequence"
published = true
[[tiles]]
id = "claim-offer"
type = "webhook"
webhook = "attribution"
rate_limit = "500/second"
on_failure = "exit"
[tiles.parameters]
experimentId = "{{experimentId}}"
"#;

fn read(kind: Kind) -> Value {
    serde_json::from_str(schema(kind)).unwrap()
}

fn toml(text: &str) -> Value {
    toml::from_str(text).unwrap()
}

/// The dotted keys that `schema` knows; a list counts as what its items are.
fn known(schema: &Value, at: &str, found: &mut BTreeSet<String>) {
    let inside = |key: &str| schema.get(key).into_iter();
    for (name, rule) in inside("properties").filter_map(Value::as_object).flatten() {
        if rule != &Value::Bool(false) {
            found.insert(format!("{at}{name}"));
            known(rule, &format!("{at}{name}."), found);
        }
    }
    inside("items").for_each(|items| known(items, at, found));
    for branch in inside("oneOf").filter_map(Value::as_array).flatten() {
        known(branch, at, found);
    }
}

/// The dotted keys of `value`, as far as they are keys of the format: the names in a table of free
/// names, and the spelling of a secret, are none.
fn used(value: &Value, at: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                if !matches!(name.as_str(), "env" | "file" | "firstName" | "experimentId") {
                    found.insert(format!("{at}{name}"));
                    used(member, &format!("{at}{name}."), found);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| used(item, at, found)),
        _ => {}
    }
}

#[test]
fn the_schemas_of_the_files_have_every_key_of_the_contract_and_no_other() {
    let tokens = toml("admin = { tokens = [{ name = 'ops', role = 'viewer', token = 't' }] }");
    let webhooks = WEBHOOKS.map(toml);
    for (kind, documents) in [
        (Kind::Gateway, vec![toml(GATEWAY), tokens]),
        (Kind::Webhook, webhooks.into()),
        (Kind::Journey, vec![toml(JOURNEY)]),
    ] {
        let (mut in_schema, mut in_contract) = (BTreeSet::new(), BTreeSet::new());
        known(&read(kind), "", &mut in_schema);
        for document in &documents {
            used(document, "", &mut in_contract);
            let found = faults(&read(kind), document);
            assert_eq!(found, Vec::<String>::new(), "{document:#}");
        }
        assert_eq!(in_schema, in_contract);
    }
}

#[test]
fn the_defaults_of_gateway_toml_are_those_of_the_contract() {
    let (schema, documented) = (read(Kind::Gateway), toml(GATEWAY));
    for (table, rule) in schema["properties"].as_object().unwrap() {
        for (key, rule) in rule["properties"].as_object().unwrap() {
            if let Some(default) = rule.get("default") {
                assert_eq!(default, &documented[table][key], "{table}.{key}");
                assert_eq!(
                    faults(&wrap(&schema, rule), default),
                    [""; 0],
                    "{table}.{key}"
                );
            }
        }
    }
}

/// `rule` with the definitions of the schema that it stands in.
fn wrap(schema: &Value, rule: &Value) -> Value {
    json!({ "$defs": schema["$defs"], "allOf": [rule] })
}

#[test]
fn a_wrong_gateway_toml_is_refused_where_it_is_wrong() {
    for (text, fault) in [
        ("[listn]", "/listn: false"),
        ("delivery.timeout = 10", "/delivery/timeout: type"),
        ("delivery.timeout = '10'", "/delivery/timeout: pattern"),
        (
            "delivery.render_limit = '1 mile'",
            "/delivery/render_limit: pattern",
        ),
        ("listen.http = ['localhost']", "/listen/http/0: pattern"),
        (
            "listen.token = { env = 'A', file = 'b' }",
            "/listen/token: oneOf",
        ),
        ("retry.ambiguous = 'perhaps'", "/retry/ambiguous: enum"),
        ("retry.statuses = [1]", "/retry/statuses/0: minimum"),
        ("store.url = 'http://a'", "/store/url: pattern"),
    ] {
        assert_eq!(faults(&read(Kind::Gateway), &toml(text)), [fault], "{text}");
    }
}

#[test]
fn a_wrong_webhook_is_refused_where_it_is_wrong() {
    let (custom, get) = (
        "method='POST'\nendpoint='https://a'",
        "method='GET'\nendpoint='https://a'",
    );
    for (base, more, fault) in [
        ("endpoint='https://a'", "", "/method: required"),
        ("destination='inkit'", "", "/inkit: required"),
        (custom, "auth = { type = 'basic' }", "/auth: oneOf"),
        (custom, "inkit = { api_token = 'a' }", "/inkit: false"),
        (
            custom,
            "body = { format = 'form', json = '' }",
            "/body/json: false",
        ),
        (custom, "body.form.a = 'b'", "/body/form: false"),
        (
            custom,
            "data_retrieval = { object = 'a', fields = [] }",
            "/data_retrieval/fields: minItems",
        ),
        (get, "user_fields = ['city']", "/user_fields: maxItems"),
        (get, "body = {}", "/body: false"),
    ] {
        let text = format!("name = 'a'\n{base}\n{more}");
        assert_eq!(
            faults(&read(Kind::Webhook), &toml(&text)),
            [fault],
            "{text}"
        );
    }
}

#[test]
fn a_wrong_tile_is_refused_where_it_is_wrong() {
    for (tile, fault) in [
        (
            "type = 'webhook', webhook = 'A'",
            "/tiles/0/webhook: pattern",
        ),
        ("type = 'mail', webhook = 'a'", "/tiles/0/type: enum"),
        (
            "type = 'webhook', webhook = 'a', rate_limit = '5/day'",
            "/tiles/0/rate_limit: pattern",
        ),
    ] {
        let text = format!("workflow_id = 1\nname = 'a'\ntiles = [{{ id = 'a', {tile} }}]");
        assert_eq!(
            faults(&read(Kind::Journey), &toml(&text)),
            [fault],
            "{text}"
        );
    }
}

#[test]
fn the_bundle_holds_every_schema_under_its_name() {
    let bundle: Value = serde_json::from_str(&bundle()).unwrap();

    for kind in Kind::ALL {
        assert_eq!(bundle["$defs"][kind.as_str()], read(kind));
    }
    assert_eq!(bundle["$defs"].as_object().unwrap().len(), Kind::ALL.len());
}

/// The TOML files of a folder of the checkout, with their text.
fn files(folder: &str) -> Vec<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    let toml = paths.filter(|path| path.extension().is_some_and(|end| end == "toml"));
    toml.map(|path| (path.clone(), fs::read_to_string(path).unwrap()))
        .collect()
}

#[test]
fn every_file_of_the_example_is_what_its_schema_asks_for() {
    for (folder, kind) in [
        ("conf", Kind::Gateway),
        ("conf/webhooks", Kind::Webhook),
        ("conf/journeys", Kind::Journey),
    ] {
        for (path, text) in files(folder) {
            let found = faults(&read(kind), &toml(&text));
            assert_eq!(found, Vec::<String>::new(), "{}", path.display());
        }
    }
}
