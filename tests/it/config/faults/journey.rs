//! Faults of a journey, and of its tiles' webhooks.

use super::{Row, assert_rows, journey};

const ROWS: &[Row] = &[
    (
        "",
        &[
            "journeys/j.toml:1:1: name: missing; expected a name",
            "journeys/j.toml:1:1: workflow_id: missing; expected a whole number or a string",
        ],
    ),
    (
        r#"workflow_id = 1.5
name = 3
publihsed = true
"#,
        &[
            "journeys/j.toml:1:15: workflow_id: found a float; expected a whole number or a string",
            "journeys/j.toml:2:8: name: found an integer; expected a string",
            "journeys/j.toml:3:1: publihsed: unknown key; did you mean `published`?",
        ],
    ),
    (
        r#"workflow_id = 99999999999999999999
name = "n"
"#,
        &[
            "journeys/j.toml:1:15: workflow_id: found a number over 64 bits; expected it as a string",
        ],
    ),
    (
        r#"workflow_id = 1
name = "n"
[[tiles]]
"#,
        &[
            "journeys/j.toml:3:1: tiles[0].id: missing; expected the tile's id",
            r#"journeys/j.toml:3:1: tiles[0].type: missing; expected "webhook", "live_data" or "user_profile""#,
            "journeys/j.toml:3:1: tiles[0].webhook: missing; expected the id of a webhook",
        ],
    ),
    (
        r#"workflow_id = 1
name = "n"
[[tiles]]
id = "A"
type = "web"
webhook = "W"
"#,
        &[
            r#"journeys/j.toml:4:6: tiles[0].id: found "A"; expected [a-z0-9][a-z0-9_-]{0,63}"#,
            r#"journeys/j.toml:5:8: tiles[0].type: found "web"; expected one of "webhook", "live_data", "user_profile""#,
            r#"journeys/j.toml:6:11: tiles[0].webhook: found "W"; expected the id of a webhook, [a-z0-9][a-z0-9_-]{0,63}"#,
        ],
    ),
    (
        r#"workflow_id = 1
name = "n"
[[tiles]]
id = "a"
type = "webhook"
webhook = "ww"
rate_limit = "5/day"
on_failure = "exit"
[tiles.parameters]
a = 5
"" = "x"
"#,
        &[
            "journeys/j.toml:6:11: warning: tiles[0].webhook: no such webhook `ww`: every step will exit; did you mean `w`?",
            r#"journeys/j.toml:7:14: tiles[0].rate_limit: found "5/day"; expected "N/second", "N/minute" or "N/hour" with N from 1 to 1000000"#,
            r#"journeys/j.toml:8:14: tiles[0].on_failure: only a tile of type "live_data" has it; expected no such key"#,
            "journeys/j.toml:10:5: tiles[0].parameters.a: found an integer; expected a string, which may hold {{expressions}}",
            r#"journeys/j.toml:11:6: tiles[0].parameters."": found no name; expected the name of a query parameter"#,
        ],
    ),
    (
        r#"workflow_id = 1
name = "n"
[[tiles]]
id = "a"
type = "webhook"
webhook = "ww"
[[tiles]]
id = "a"
type = "user_profile"
webhook = "w"
[[tiles]]
id = "b"
type = "live_data"
webhook = "w"
"#,
        &[
            "journeys/j.toml:6:11: warning: tiles[0].webhook: no such webhook `ww`: every step will exit; did you mean `w`?",
            r#"journeys/j.toml:8:6: tiles[1].id: found "a", the id of the tile at line 4; expected another"#,
            "journeys/j.toml:14:11: tiles[2].webhook: webhook `w` has no `[data_retrieval]`; a live_data tile needs one that has",
        ],
    ),
    (
        r#"workflow_id = 1
name = "n"
[[tiles]]
id = "a"
type = "webhook"
webhook = "ww"
[[tiles]]
id = "c"
type = "user_profile"
webhook = "w"
[[tiles]]
id = "b"
type = "live_data"
webhook = "w"
"#,
        &[
            "journeys/j.toml:6:11: warning: tiles[0].webhook: no such webhook `ww`: every step will exit; did you mean `w`?",
            "journeys/j.toml:10:11: tiles[1].webhook: webhook `w` is a POST; a user_profile tile needs a GET",
            "journeys/j.toml:14:11: tiles[2].webhook: webhook `w` has no `[data_retrieval]`; a live_data tile needs one that has",
        ],
    ),
    (
        r#"workflow_id = 1
name = "n"
[[tiles]]
id = "a"
type = "user_profile"
webhook = "g"
"#,
        &[],
    ),
    (
        r#"name = 3
[[tiles]]
id = "a"
type = "webhook"
webhook = "gone"
"#,
        &[
            "journeys/j.toml:1:1: workflow_id: missing; expected a whole number or a string",
            "journeys/j.toml:1:8: name: found an integer; expected a string",
            "journeys/j.toml:5:11: warning: tiles[0].webhook: no such webhook `gone`: every step will exit",
        ],
    ),
    (
        r#"workflow_id = ""
name = "n"
tiles = 3
"#,
        &[
            r#"journeys/j.toml:1:15: workflow_id: found ""; expected text"#,
            "journeys/j.toml:3:9: tiles: found an integer; expected an array",
        ],
    ),
];

#[test]
fn a_fault_of_a_journey_says_what_was_found_and_what_is_accepted() {
    assert_rows(journey, ROWS);
}
