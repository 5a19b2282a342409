//! The files of the campaign, as the team wrote them.

/// Each webhook's id and file; `PORT` is that of the endpoint.
pub(super) const WEBHOOKS: [(&str, &str); 7] = [
    (
        "spring-launch",
        r#"name = "Spring launch — reward points"
method = "POST"
endpoint = "http://rewards.example.com:PORT/v2/points?member={{#urlEncode}}{{userId}}{{/urlEncode}}"
user_fields = ["firstName", "city"]

[auth]
type = "basic"
token = "c3ByaW5nOmxhdW5jaA=="

[[headers]]
name = "X-Source"
value = "journey-{{workflowId}}"

[body]
json = '''{"campaign": "Spring Launch 2026", "points": {{defaultIfEmpty points 250}}, "note": "Hi {{capitalizeFirst firstName}}"}'''
"#,
    ),
    (
        "loyalty-tier",
        r#"name = "Loyalty tier of a member"
method = "GET"
endpoint = "http://loyalty.example.com:PORT/members/{{#urlEncode}}{{userId}}{{/urlEncode}}/tier"
"#,
    ),
    (
        "attribution",
        r#"name = "Attribution — install events"
method = "POST"
endpoint = "http://attribution.example.com:PORT/events"

[auth]
type = "oauth2"
client_id = "journey"
client_secret = "attribution-of-installs"
token_url = "http://auth.example.com:PORT/oauth/token"

[body]
format = "form"
[body.form]
event = "install"
promotion = "{{promotionId}}"
"#,
    ),
    (
        "crm-sync",
        r#"name = "CRM — contact sync"
method = "PUT"
endpoint = "http://crm.example.com:PORT/contacts/{{#urlEncode}}{{userId}}{{/urlEncode}}"

[[headers]]
name = "X-Tenant"
value = "emea"
"#,
    ),
    (
        "sms-consent",
        r#"name = "SMS consent"
method = "PATCH"
endpoint = "https://consent.example.com/v1/subscribers/{{#urlEncode}}{{userId}}{{/urlEncode}}"
"#,
    ),
    (
        "win-back",
        r#"name = "Win-back — store credit"
method = "POST"
endpoint = "http://rewards.example.com:PORT/v2/credit"
"#,
    ),
    (
        "birthday-card",
        r#"name = "Birthday card by post"
destination = "inkit"

[inkit]
api_token = "inkit-token"
template_id = "birthday-2026"
first_name = "{{firstName}}"
last_name = "{{lastName}}"
address_line_1 = "{{address}}"
"#,
    ),
];

/// A Live Data webhook: it comes with the fingerprint of its test.
pub(super) const OFFER: &str = r#"name = "Price offer of the day"
method = "GET"
endpoint = "http://offers.example.com:PORT/today?city={{#urlEncode}}{{city}}{{/urlEncode}}"

[[headers]]
name = "Accept"
value = "application/json"

[data_retrieval]
object = "offer"

[[data_retrieval.fields]]
name = "price"
pointer = "/offer/price"
type = "number"

[[data_retrieval.fields]]
name = "title"
pointer = "/offer/title"
type = "string"
"#;

pub(super) const JOURNEYS: [(&str, &str); 3] = [
    (
        "welcome",
        r#"workflow_id = 48211
name = "Welcome series"

[[tiles]]
id = "offer"
type = "live_data"
webhook = "price-offer"
on_failure = "branch"

[[tiles]]
id = "points"
type = "webhook"
webhook = "spring-launch"
rate_limit = "500/second"
[tiles.parameters]
experimentId = "{{experimentId}}"

[[tiles]]
id = "tier"
type = "user_profile"
webhook = "loyalty-tier"
"#,
    ),
    (
        "win-back",
        r#"workflow_id = 48305
name = "Win-back after 90 days"
published = true

[[tiles]]
id = "credit"
type = "webhook"
webhook = "win-back"

[[tiles]]
id = "contact"
type = "webhook"
webhook = "crm-sync"

[[tiles]]
id = "install"
type = "webhook"
webhook = "attribution"
rate_limit = "2/hour"
"#,
    ),
    (
        "birthday",
        r#"workflow_id = 48417
name = "Birthday"

[[tiles]]
id = "card"
type = "webhook"
webhook = "birthday-card"
rate_limit = "200/minute"
"#,
    ),
];
