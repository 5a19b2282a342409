//! What a test of a webhook holds for.

use super::WEBHOOK;
use std::path::Path;
use stepgate::config;
use stepgate::model::WebhookId;

const AUTH: &str = "[auth]\ntype = \"basic\"\ntoken = \"one\"\n";

fn fingerprint(text: &str) -> String {
    let id = WebhookId::new("w").unwrap();
    let draft = config::draft(&id, text, "w.toml", Path::new(""));
    assert_eq!(draft.report.faults, []);
    draft.fingerprint.unwrap()
}

#[test]
fn it_changes_with_all_that_shapes_the_request() {
    let base = format!("{WEBHOOK}user_fields = [\"a\", \"b\"]\n{AUTH}");
    for (from, to) in [
        ("POST", "PUT"),
        ("/hook", "/other"),
        ("[\"a\", \"b\"]", "[\"b\", \"a\"]"),
        ("[auth]", "include_email_and_workflow_id = false\n[auth]"),
        ("\"one\"", "{ env = \"PATH\" }"),
        (AUTH, ""),
        (
            "token = \"one\"\n",
            "token = \"one\"\n[[headers]]\nname = \"X\"\nvalue = \"x\"\n",
        ),
        (
            "token = \"one\"\n",
            "token = \"one\"\n[[headers]]\nname = \"X\"\nvalue = { env = \"PATH\" }\n",
        ),
        (
            "token = \"one\"\n",
            "token = \"one\"\n[body]\njson = '{}'\n",
        ),
        (
            "token = \"one\"\n",
            "token = \"one\"\n[body]\nformat = \"form\"\n",
        ),
    ] {
        let changed = base.replace(from, to);
        assert_ne!(changed, base, "{from}");
        assert_ne!(fingerprint(&changed), fingerprint(&base), "{from} to {to}");
    }
}

#[test]
fn it_does_not_change_with_secrets_the_name_the_fields_or_the_writing() {
    let base = format!("{WEBHOOK}{AUTH}");
    let retrieval = "[data_retrieval]\nobject = \"o\"\n[[data_retrieval.fields]]\nname = \"f\"\npointer = \"\"\ntype = \"object\"\n";
    for (from, to) in [
        ("Hook", "Other"),
        ("\"one\"", "\"two\""),
        (
            "[auth]",
            "# a comment\ninclude_email_and_workflow_id = true\n[auth]",
        ),
        ("[auth]", "ambiguous = \"exit\"\n[auth]"),
        (AUTH, &format!("{AUTH}{retrieval}")),
        (AUTH, &format!("[body]\nformat = \"json\"\n{AUTH}")),
    ] {
        let changed = base.replace(from, to);
        assert_ne!(changed, base, "{from}");
        assert_eq!(fingerprint(&changed), fingerprint(&base), "{from} to {to}");
    }
}
