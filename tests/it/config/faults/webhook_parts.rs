//! Faults in the tables of a webhook that is otherwise whole.

use super::{Row, assert_rows, webhook_with};

const ADDED: &[Row] = &[
    (
        r#"[auth]
type = "basic"
"#,
        &["webhooks/w.toml:5:1: auth.token: missing; expected a secret"],
    ),
    (
        r#"[auth]
type = "bearer"
token = "x"
"#,
        &[
            r#"webhooks/w.toml:6:8: auth.type: found "bearer"; expected one of "none", "basic", "oauth2""#,
        ],
    ),
    (
        r#"[auth]
token = "x"
"#,
        &[r#"webhooks/w.toml:5:1: auth.type: missing; expected one of "none", "basic", "oauth2""#],
    ),
    (
        r#"[auth]
type = "basic"
token = { enw = "x" }
"#,
        &[
            r#"webhooks/w.toml:7:9: auth.token: found neither; expected a string, { env = "NAME" } or { file = "path" }"#,
            "webhooks/w.toml:7:11: auth.token.enw: unknown key; did you mean `env`?",
        ],
    ),
    (
        r#"[auth]
type = "basic"
token = { env = "x", file = "y" }
"#,
        &[
            r#"webhooks/w.toml:7:9: auth.token: found both; expected a string, { env = "NAME" } or { file = "path" }"#,
        ],
    ),
    (
        r#"[auth]
type = "basic"
token = { file = "none" }
"#,
        &[
            "webhooks/w.toml:7:18: auth.token.file: the file `none` cannot be read: No such file or directory (os error 2)",
        ],
    ),
    (
        r#"[auth]
type = "basic"
token = "a\nb"
"#,
        &["webhooks/w.toml:7:9: auth.token: the secret holds a control character"],
    ),
    (
        r#"[auth]
type = "basic"
token = ""
"#,
        &["webhooks/w.toml:7:9: auth.token: the secret is empty"],
    ),
    (
        r#"[auth]
type = "oauth2"
client_id = "c"
client_secret = 5
token_url = "nope"
refresh_statuses = [99]
token = "x"
"#,
        &[
            r#"webhooks/w.toml:8:17: auth.client_secret: found an integer; expected a string, { env = "NAME" } or { file = "path" }"#,
            r#"webhooks/w.toml:9:13: auth.token_url: not a URL; expected one such as "https://auth.example.com/token""#,
            "webhooks/w.toml:10:21: auth.refresh_statuses[0]: found 99; expected a whole number from 300 to 599",
            "webhooks/w.toml:11:1: auth.token: unknown key; expected one of `type`, `client_id`, `client_secret`, `token_url`, `scope`, `refresh_statuses`",
        ],
    ),
    (
        r#"[auth]
type = "oauth2"
client_id = "c"
client_secret = "s"
token_url = "http://127.0.0.1/{{x}}"
"#,
        &["webhooks/w.toml:9:13: auth.token_url: found an expression; expected a literal URL"],
    ),
    (
        r#"[auth]
type = "oauth2"
client_id = "c"
client_secret = "s"
token_url = "https://127.0.0.1/"
"#,
        &[
            "webhooks/w.toml:9:13: warning: auth.token_url: 127.0.0.1 is refused (Loopback): every step will exit; `egress.allow_addresses` may allow it",
        ],
    ),
    (
        r#"[auth]
type = "basic"
[[headers]]
name = "Authorization"
value = "x"
"#,
        &[
            "webhooks/w.toml:5:1: auth.token: missing; expected a secret",
            "webhooks/w.toml:8:8: headers[0].name: `authorization` is set by `[auth]`; expected another header",
        ],
    ),
    (
        r#"[[headers]]
name = "Content-Length"
value = "x"
[[headers]]
name = "a b"
value = "x\ny"
[[headers]]
name = "X"
[[headers]]
name = "x"
value = 5
"#,
        &[
            "webhooks/w.toml:6:8: headers[0].name: `content-length` is set by the gateway; expected another header",
            r#"webhooks/w.toml:9:8: headers[1].name: found "a b"; expected the name of a header"#,
            "webhooks/w.toml:10:11: headers[1].value: found a control character; expected text without any",
            "webhooks/w.toml:11:1: headers[2].value: missing; expected a string or a secret",
            "webhooks/w.toml:14:8: headers[3].name: a second `x`; expected each header once",
            "webhooks/w.toml:15:9: headers[3].value: found an integer; expected a string, which may hold {{expressions}}",
        ],
    ),
    (
        r#"headers = 5
"#,
        &["webhooks/w.toml:5:11: headers: found an integer; expected an array"],
    ),
    (
        r#"[headers]
name = "x"
"#,
        &["webhooks/w.toml:5:1: headers: found a table; expected an array"],
    ),
    (
        r#"[body]
format = "from"
"#,
        &[
            r#"webhooks/w.toml:6:10: body.format: found "from"; expected one of "json", "form"; did you mean "form"?"#,
        ],
    ),
    (
        r#"[body]
json = { a = 1 }
"#,
        &[
            "webhooks/w.toml:6:8: body.json: found a table; expected a string, which may hold {{expressions}}",
        ],
    ),
    (
        r#"[body]
format = "form"
json = '{}'
[body.form]
a = 5
"#,
        &[
            r#"webhooks/w.toml:7:8: body.json: found with format "form"; expected `[body.form]`, or `format = "json"`"#,
            "webhooks/w.toml:9:5: body.form.a: found an integer; expected a string, which may hold {{expressions}}",
        ],
    ),
    (
        r#"[body.form]
a = "x"
"#,
        &[
            r#"webhooks/w.toml:5:1: body.form: found with format "json"; expected `body.json`, or `format = "form"`"#,
        ],
    ),
    (
        r#"[data_retrieval]
"#,
        &[
            "webhooks/w.toml:5:1: data_retrieval.fields: missing; expected 1 to 10 fields",
            "webhooks/w.toml:5:1: data_retrieval.object: missing; expected the name in {{liveData.<name>}}",
        ],
    ),
    (
        r#"[data_retrieval]
object = "o"
fields = []
"#,
        &["webhooks/w.toml:7:10: data_retrieval.fields: found 0 fields; expected 1 to 10"],
    ),
    (
        r#"[data_retrieval]
object = "o"
[[data_retrieval.fields]]
name="a"
pointer="data"
type="int"
[[data_retrieval.fields]]
name="a"
pointer="/b"
type="number"
"#,
        &[
            r#"webhooks/w.toml:9:9: data_retrieval.fields[0].pointer: found "data"; expected a JSON pointer such as "/data/price""#,
            r#"webhooks/w.toml:10:6: data_retrieval.fields[0].type: found "int"; expected one of "string", "number", "boolean", "object", "array""#,
            r#"webhooks/w.toml:12:6: data_retrieval.fields[1].name: a second "a"; expected each name once"#,
        ],
    ),
    (
        r#"[data_retrieval]
object = "o"
[[data_retrieval.fields]]
name="a"
pointer=""
type="object"
[data_retrieval.test]
fingerprint="sha256:00"
at="yesterday"
"#,
        &[
            r#"webhooks/w.toml:13:4: data_retrieval.test.at: found "yesterday"; expected a time such as "2026-11-23T10:00:00Z""#,
        ],
    ),
    (
        r#"[inkit]
"#,
        &[
            r#"webhooks/w.toml:5:1: inkit: found with destination "custom"; expected `destination = "inkit"`"#,
        ],
    ),
    (
        r#"[[headers]]
name = "X"
value = '''
a
  b{{c}}'''
"#,
        &[
            "webhooks/w.toml:8:2: headers[0].value: found a control character; expected text without any",
        ],
    ),
];

#[test]
fn a_fault_of_a_webhook_says_what_was_found_and_what_is_accepted() {
    assert_rows(webhook_with, ADDED);
}
