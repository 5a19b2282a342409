//! Faults of `gateway.toml`.

use super::{Row, assert_rows, gateway};

const VALUES: &[Row] = &[
    (
        r#"[delivery]
timeot = "1s"
"#,
        &["gateway.toml:2:1: delivery.timeot: unknown key; did you mean `timeout`?"],
    ),
    (
        r#"[delivery]
timeout = 10
"#,
        &[
            r#"gateway.toml:2:11: delivery.timeout: found an integer; expected a duration such as "10s", "3m" or "10d""#,
        ],
    ),
    (
        r#"[delivery]
timeout = "10"
"#,
        &[
            r#"gateway.toml:2:11: delivery.timeout: found "10"; expected a duration such as "10s", "3m" or "10d""#,
        ],
    ),
    (
        r#"[delivery]
timeout = "0s"
"#,
        &["gateway.toml:2:11: delivery.timeout: found zero; expected more"],
    ),
    (
        r#"[delivery]
timeout = "99999999999999d"
"#,
        &[
            r#"gateway.toml:2:11: delivery.timeout: found "99999999999999d"; expected at most "3650d""#,
        ],
    ),
    (
        r#"[delivery]
response_limit = "1 MeB"
"#,
        &[
            r#"gateway.toml:2:18: delivery.response_limit: found "1 MeB"; expected a size such as "512KiB" or "1MiB""#,
        ],
    ),
    (
        r#"[delivery]
response_limit = "0B"
"#,
        &[
            r#"gateway.toml:2:18: delivery.response_limit: found "0B"; expected 1 bytes or more, and at most 1.0 GiB"#,
        ],
    ),
    (
        r#"[delivery]
render_limit = "99999999999999GiB"
"#,
        &[
            r#"gateway.toml:2:16: delivery.render_limit: found "99999999999999GiB"; expected 1 bytes or more, and at most 1.0 GiB"#,
        ],
    ),
    (
        r#"[delivery]
max_in_flight = 0
"#,
        &[
            "gateway.toml:2:17: delivery.max_in_flight: found 0; expected a whole number from 1 to 10000000",
        ],
    ),
    (
        r#"[delivery]
max_in_flight = 99999999999999999999
"#,
        &[
            "gateway.toml:2:17: delivery.max_in_flight: found 99999999999999999999; expected a whole number from 1 to 10000000",
        ],
    ),
    (
        r#"[delivery]
max_in_flight_per_host = 1.5
"#,
        &[
            "gateway.toml:2:26: delivery.max_in_flight_per_host: found a float; expected a whole number from 1 to 10000000",
        ],
    ),
    (
        r#"[egres]
"#,
        &["gateway.toml:1:2: egres: unknown key; did you mean `egress`?"],
    ),
    (
        r#"egress = 1
"#,
        &["gateway.toml:1:10: egress: found an integer; expected a table"],
    ),
    (
        r#"[egress]
allow_http = "yes"
allow_addresses = ["10.0.0.0/33", "127.0.0.1", 3]
"#,
        &[
            "gateway.toml:2:14: egress.allow_http: found a string; expected true or false",
            r#"gateway.toml:3:20: egress.allow_addresses[0]: found "10.0.0.0/33"; expected a network such as "10.0.0.0/8" or an address"#,
            r#"gateway.toml:3:48: egress.allow_addresses[2]: found an integer; expected a network such as "10.0.0.0/8" or an address"#,
        ],
    ),
    (
        r#"[egress]
resolve = { "a.example" = "b" }
"#,
        &[r#"gateway.toml:2:27: egress.resolve."a.example": found "b"; expected an IP address"#],
    ),
    (
        r#"[retry]
statuses = [429, 200, 600]
ambiguous = "exti"
max_retries = -1
"#,
        &[
            "gateway.toml:2:18: retry.statuses[1]: found 200; expected a whole number from 300 to 599",
            "gateway.toml:2:23: retry.statuses[2]: found 600; expected a whole number from 300 to 599",
            r#"gateway.toml:3:13: retry.ambiguous: found "exti"; expected one of "retry", "exit"; did you mean "exit"?"#,
            "gateway.toml:4:15: retry.max_retries: found -1; expected a whole number from 0 to 1000",
        ],
    ),
    (
        r#"[listen]
http = ["0.0.0.0:8080"]
"#,
        &[
            "gateway.toml:2:8: listen.http: 0.0.0.0:8080 is not loopback; expected `listen.token` to be set, or loopback addresses only",
        ],
    ),
    (
        r#"[listen]
http = ["0.0.0.0:8080"]
token = "t"
"#,
        &[],
    ),
    (
        r#"[listen]
http = []
"#,
        &[
            "gateway.toml:2:8: listen.http: found none, and no `listen.unix`; expected one address or more",
        ],
    ),
    (
        r#"[listen]
http = ["localhost:80"]
admin = "127.0.0.1"
"#,
        &[
            r#"gateway.toml:2:9: listen.http[0]: found "localhost:80"; expected an address such as "127.0.0.1:8080""#,
            r#"gateway.toml:3:9: listen.admin: found "127.0.0.1"; expected an address such as "127.0.0.1:8080""#,
        ],
    ),
    (
        r#"[listen]
admin = "127.0.0.1:8080"
"#,
        &["gateway.toml:2:9: listen.admin: found an address of `listen.http`; expected another"],
    ),
    (
        r#"[listen]
token = { env = "STEPGATE_TEST_UNSET" }
"#,
        &[
            "gateway.toml:2:17: listen.token.env: the environment variable `STEPGATE_TEST_UNSET` is not set",
        ],
    ),
    (
        r#"[store]
url = "redis://host:6379/0"
"#,
        &["gateway.toml:2:7: store.url: Redis is not supported yet; remove `store.url`"],
    ),
    (
        r#"[log]
level = "INFO"
format = "xml"
"#,
        &[
            r#"gateway.toml:2:9: log.level: found "INFO"; expected one of "error", "warn", "info", "debug", "trace"; did you mean "info"?"#,
            r#"gateway.toml:3:10: log.format: found "xml"; expected one of "json", "text""#,
        ],
    ),
    (
        r#"[admin]
token = 5
hosts = [""]
[[admin.tokens]]
name = "a"
role = "root"
"#,
        &[
            r#"gateway.toml:2:9: admin.token: found an integer; expected a string, { env = "NAME" } or { file = "path" }"#,
            r#"gateway.toml:3:10: admin.hosts[0]: found ""; expected text"#,
            "gateway.toml:4:1: admin.tokens[0].token: missing; expected a secret",
            r#"gateway.toml:6:8: admin.tokens[0].role: found "root"; expected one of "viewer", "editor", "admin""#,
        ],
    ),
    (
        r#"[[admin.tokens]]
name = "b"
role = "admin"
token = "x"
[[admin.tokens]]
name = "b"
role = "admin"
token = "x"
"#,
        &[r#"gateway.toml:5:1: admin.tokens[1]: a second token named "b"; expected another name"#],
    ),
    (
        r#"[retry]
"de lay" = 1
"#,
        &[r#"gateway.toml:2:1: retry."de lay": unknown key; did you mean `delay`?"#],
    ),
];

const SYNTAX: &[Row] = &[
    (
        r#"[listen
http = 3
[log]
level = 3
"#,
        &[
            "gateway.toml:1:8: not TOML: unclosed table, expected `]`",
            r#"gateway.toml:4:9: log.level: found an integer; expected one of "error", "warn", "info", "debug", "trace""#,
        ],
    ),
    (
        r#"a = 
[log]
level = "infoo"
 b = = 3
"#,
        &[
            "gateway.toml:1:5: not TOML: string values must be quoted, expected literal string",
            r#"gateway.toml:3:9: log.level: found "infoo"; expected one of "error", "warn", "info", "debug", "trace"; did you mean "info"?"#,
            "gateway.toml:4:6: not TOML: extra `=`, expected nothing",
            "gateway.toml:4:8: not TOML: unexpected key or value, expected newline, `#`",
        ],
    ),
    (
        "x",
        &["gateway.toml:1:2: not TOML: key with no value, expected `=`"],
    ),
    (
        r#"[delivery]
timeout = "1s
inline_wait = "x"
"#,
        &[
            r#"gateway.toml:2:14: not TOML: invalid basic string, expected `"`"#,
            r#"gateway.toml:3:15: delivery.inline_wait: found "x"; expected a duration such as "10s", "3m" or "10d""#,
        ],
    ),
    (
        r#"[log]
level = "info"
level = "warn"
"#,
        &["gateway.toml:3:1: not TOML: duplicate key"],
    ),
];

#[test]
fn a_fault_of_gateway_toml_says_what_was_found_and_what_is_accepted() {
    assert_rows(gateway, VALUES);
}

#[test]
fn broken_syntax_hides_no_fault_but_those_that_follow_from_it() {
    assert_rows(gateway, SYNTAX);
}
