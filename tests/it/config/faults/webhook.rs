//! Faults of a webhook.

use super::{Row, assert_rows, webhook};

const WHOLE: &[Row] = &[
    (
        "",
        &[
            "webhooks/w.toml:1:1: endpoint: missing; expected a URL",
            r#"webhooks/w.toml:1:1: method: missing; expected one of "GET", "POST", "PUT", "PATCH", "DELETE""#,
            "webhooks/w.toml:1:1: name: missing; expected a name",
        ],
    ),
    (
        r#"name = ""
method = "post"
endpoint = 5
"#,
        &[
            r#"webhooks/w.toml:1:8: name: found ""; expected text"#,
            r#"webhooks/w.toml:2:10: method: found "post"; expected one of "GET", "POST", "PUT", "PATCH", "DELETE"; did you mean "POST"?"#,
            "webhooks/w.toml:3:12: endpoint: found an integer; expected a string, which may hold {{expressions}}",
        ],
    ),
    (
        r#"name = "n"
method = "POST"
endpoint = ""
"#,
        &[r#"webhooks/w.toml:3:12: endpoint: found ""; expected a URL"#],
    ),
    (
        r#"name = "n"
method = "PSOT"
endpiont = "https://a.example/"
"#,
        &[
            "webhooks/w.toml:1:1: endpoint: missing; expected a URL",
            r#"webhooks/w.toml:2:10: method: found "PSOT"; expected one of "GET", "POST", "PUT", "PATCH", "DELETE"; did you mean "POST"?"#,
            "webhooks/w.toml:3:1: endpiont: unknown key; did you mean `endpoint`?",
        ],
    ),
    (
        r#"name = "n"
method = "GET"
endpoint = "https://a.example/"
user_fields = ["a"]
[body]
json = '{}'
"#,
        &[
            "webhooks/w.toml:4:15: user_fields: a GET sends no body; expected no such key",
            "webhooks/w.toml:5:1: body: a GET sends no body; expected no such key",
        ],
    ),
    (
        r#"name = "n"
method = "POST"
endpoint = "https://{{host}}/"
[auth]
type = "basic"
token = "t"
"#,
        &[
            "webhooks/w.toml:3:21: warning: endpoint: `{{host}}` goes into the URL as it is; if it can hold anything but letters, digits, `.`, `-`, `*` or `_`, wrap it: `{{#urlEncode}}{{host}}{{/urlEncode}}`",
            "webhooks/w.toml:3:21: endpoint: an expression before the end of the origin, in a request with a secret; expected a literal scheme, host and port, and `/`, `?` or `#` after them",
        ],
    ),
    (
        r#"name = "n"
method = "POST"
endpoint = "https://a.example{{path}}"
[[headers]]
name = "X"
value = { env = "PATH" }
"#,
        &[
            "webhooks/w.toml:3:30: warning: endpoint: `{{path}}` goes into the URL as it is; if it can hold anything but letters, digits, `.`, `-`, `*` or `_`, wrap it: `{{#urlEncode}}{{path}}{{/urlEncode}}`",
            "webhooks/w.toml:3:30: endpoint: an expression before the end of the origin, in a request with a secret; expected a literal scheme, host and port, and `/`, `?` or `#` after them",
        ],
    ),
    (
        r#"name = "n"
method = "POST"
endpoint = "https://a.example/{{#urlEncode}}{{path}}{{/urlEncode}}"
[auth]
type = "basic"
token = "t"
"#,
        &[],
    ),
    (
        r#"name = "n"
method = "POST"
endpoint = "http://a.example"
"#,
        &[
            "webhooks/w.toml:3:12: warning: endpoint: not https, and `egress.allow_http` is false: every step will exit",
        ],
    ),
    (
        r#"name = "n"
method = "POST"
endpoint = "http://127.0.0.1:8081/inspect/0a"
"#,
        &[],
    ),
    (
        r#"name = "n"
method = "POST"
endpoint = "http://localhost:8081/inspect/0a?e={{urlEncode email}}"
"#,
        &[],
    ),
    (
        r#"name = "n"
method = "POST"
endpoint = "http://127.0.0.1:8080/inspect/0a"
"#,
        &[
            "webhooks/w.toml:3:12: warning: endpoint: not https, and `egress.allow_http` is false: every step will exit",
        ],
    ),
    (
        r#"name = "n"
method = "POST"
endpoint = "http://127.0.0.1:8081/inspect/0a/b"
"#,
        &[
            "webhooks/w.toml:3:12: warning: endpoint: not https, and `egress.allow_http` is false: every step will exit",
        ],
    ),
    (
        r#"name = "n"
method = "POST"
endpoint = "https://0x7f.1/{{urlEncode a}}"
"#,
        &[
            "webhooks/w.toml:3:12: warning: endpoint: 127.0.0.1 is refused (Loopback): every step will exit; `egress.allow_addresses` may allow it",
        ],
    ),
    (
        r#"name = "n"
method = "POST"
endpoint = "a.example"
"#,
        &[
            "webhooks/w.toml:3:12: warning: endpoint: not a URL: every step will exit with `invalid_url`",
        ],
    ),
    (
        r#"name = "n"
destination = "inkit"
method = "POST"
[inkit]
template_id = 3
fist_name = "x"
"#,
        &[
            "webhooks/w.toml:3:10: method: `[inkit]` takes its place; expected no such key",
            "webhooks/w.toml:4:1: warning: inkit: a letter without `address_line_1`",
            "webhooks/w.toml:4:1: warning: inkit: a letter without `first_name`, `last_name` or `company`",
            "webhooks/w.toml:4:1: inkit.api_token: missing; expected a secret",
            "webhooks/w.toml:5:15: inkit.template_id: found an integer; expected a string",
            "webhooks/w.toml:6:1: inkit.fist_name: unknown key; did you mean `first_name`?",
        ],
    ),
    (
        r#"name = "n"
destination = "inkit"
"#,
        &["webhooks/w.toml:1:1: inkit: missing; expected a table: `[inkit]`"],
    ),
    (
        r#"name = "n"
destination = "inkit"
[inkit]
api_token = "s"
template_id = "t"
"#,
        &[
            "webhooks/w.toml:3:1: warning: inkit: a letter without `address_line_1`",
            "webhooks/w.toml:3:1: warning: inkit: a letter without `first_name`, `last_name` or `company`",
        ],
    ),
    (
        r#"name = "n"
method = "POST"
endpoint = """
https://\u0061.\
   {{host}}/"""
[auth]
type = "basic"
token = "t"
"#,
        &[
            "webhooks/w.toml:5:4: warning: endpoint: `{{host}}` goes into the URL as it is; if it can hold anything but letters, digits, `.`, `-`, `*` or `_`, wrap it: `{{#urlEncode}}{{host}}{{/urlEncode}}`",
            "webhooks/w.toml:5:4: endpoint: an expression before the end of the origin, in a request with a secret; expected a literal scheme, host and port, and `/`, `?` or `#` after them",
        ],
    ),
    (
        r#"name = "n"
method = "POST"
endpoint = "https://\u0061.\u00fc{{host}}/"
[auth]
type = "basic"
token = "t"
"#,
        &[
            "webhooks/w.toml:3:34: warning: endpoint: `{{host}}` goes into the URL as it is; if it can hold anything but letters, digits, `.`, `-`, `*` or `_`, wrap it: `{{#urlEncode}}{{host}}{{/urlEncode}}`",
            "webhooks/w.toml:3:34: endpoint: an expression before the end of the origin, in a request with a secret; expected a literal scheme, host and port, and `/`, `?` or `#` after them",
        ],
    ),
    (
        r#"name = "n"
method = "POST"
endpoint = "https://{{host}}/"
[[headers]]
name = "X"
value = { env = "STEPGATE_TEST_UNSET" }
"#,
        &[
            "webhooks/w.toml:3:21: warning: endpoint: `{{host}}` goes into the URL as it is; if it can hold anything but letters, digits, `.`, `-`, `*` or `_`, wrap it: `{{#urlEncode}}{{host}}{{/urlEncode}}`",
            "webhooks/w.toml:3:21: endpoint: an expression before the end of the origin, in a request with a secret; expected a literal scheme, host and port, and `/`, `?` or `#` after them",
            "webhooks/w.toml:6:17: headers[0].value.env: the environment variable `STEPGATE_TEST_UNSET` is not set",
        ],
    ),
    (
        r#"name = "n"
method = "POST"
endpoint = "https://LocalHost./"
"#,
        &[
            "webhooks/w.toml:3:12: warning: endpoint: 127.0.0.1 is refused (Loopback): every step will exit; `egress.allow_addresses` may allow it",
        ],
    ),
];

#[test]
fn a_webhook_must_be_whole() {
    assert_rows(webhook, WHOLE);
}
