//! What of a file stays when JSON is worked into it.

use super::super::show;
use super::*;
use serde_json::json;

const FILE: &str = r#"# The CRM.
name = "CRM" # shown in lists
method = "POST"
endpoint = "https://api.example.com/users"

# Ask the team before you change this.
[auth]
type = "basic"
token = { env = "CRM_TOKEN" } # rotated monthly

[[headers]]
name = "X-Source"
value = "journey"

# For their log.
[[headers]]
name = "X-Key"
value = { file = "/run/key" }
"#;

fn applied(change: impl FnOnce(&mut Map<String, Json>)) -> Result<(String, Vec<Kept>), ApplyFault> {
    let mut json = show(FILE).unwrap();
    change(&mut json);
    apply(Some(FILE), &json)
}

fn kept(pointers: &[&str]) -> Vec<Kept> {
    pointers.iter().map(|at| Kept((*at).to_owned())).collect()
}

#[test]
fn what_is_shown_and_sent_back_changes_not_one_byte() {
    let (text, secrets) = applied(|_| {}).unwrap();
    assert_eq!(text, FILE);
    assert_eq!(secrets, kept(&["/auth/token", "/headers/1/value"]));
}

#[test]
fn a_changed_value_leaves_all_around_it() {
    let (text, _) = applied(|json| {
        json["name"] = json!("Customers");
        json["auth"]["token"] = json!("abc");
        json["headers"][0]["value"] = json!("{{workflowId}}");
    })
    .unwrap();

    let expected = FILE
        .replace("\"CRM\"", "\"Customers\"")
        .replace("{ env = \"CRM_TOKEN\" }", "\"abc\"")
        .replace("\"journey\"", "\"{{workflowId}}\"");
    assert_eq!(text, expected);
}

#[test]
fn what_is_left_out_goes_and_what_is_new_comes() {
    let (text, secrets) = applied(|json| {
        json.remove("auth");
        json["headers"].as_array_mut().unwrap().remove(0);
        json.insert("user_fields".into(), json!(["city"]));
        json.insert(
            "body".into(),
            json!({ "format": "form", "form": { "b": "1", "a": "2" } }),
        );
    })
    .unwrap();

    assert_eq!(
        text,
        r#"# The CRM.
name = "CRM" # shown in lists
method = "POST"
endpoint = "https://api.example.com/users"
user_fields = ["city"]

# For their log.
[[headers]]
name = "X-Key"
value = { file = "/run/key" }

[body]
format = "form"

[body.form]
b = "1"
a = "2"
"#
    );
    assert_eq!(secrets, kept(&["/headers/0/value"]));
}

#[test]
fn a_secret_is_kept_only_where_there_is_one() {
    let fault = |pointer: &str, detail: &str| {
        Err(ApplyFault {
            pointer: pointer.to_owned(),
            detail: detail.to_owned(),
        })
    };
    let nothing = "there is no secret here that could be kept";
    assert_eq!(
        applied(|json| json["headers"][0]["value"] = json!({ "set": "literal" })),
        fault("/headers/0/value", nothing)
    );
    assert_eq!(
        apply(
            None,
            json!({ "auth": { "token": { "set": "env" } } })
                .as_object()
                .unwrap()
        ),
        fault("/auth/token", nothing)
    );
    assert_eq!(
        applied(|json| json["auth"]["token"] = json!({ "env": "PATH" })),
        fault(
            "/auth/token",
            "a reference to the environment or to a file is written in the configuration's \
             files; here a secret is a string"
        )
    );
}

#[test]
fn a_new_file_has_its_keys_in_a_usual_order_and_means_what_was_said() {
    let json = json!({
        "data_retrieval": { "object": "o", "fields": [{ "name": "a", "pointer": "/a", "type": "string" }] },
        "endpoint": "https://a.example/{{x}}",
        "body": { "json": "{\"a\": \"{{b}}\"}" },
        "method": "PUT",
        "name": "N",
    });
    let (text, _) = apply(None, json.as_object().unwrap()).unwrap();
    assert!(
        text.starts_with("name = \"N\"\nmethod = \"PUT\"\nendpoint = "),
        "{text}"
    );
    assert_eq!(Json::Object(show(&text).unwrap()), json);
}
