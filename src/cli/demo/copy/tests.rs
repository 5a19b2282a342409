//! Whole files in, whole files out.

use super::*;

const PORTS: Ports = Ports {
    endpoint: 4430,
    steps: 8080,
    admin: 8081,
};

/// A webhook with all that is changed, and some that is not.
const OFFER: &str = r#"# Kept.
name = "Offer"
endpoint = "https://API.example.com/offers/{{id}}?a={{b}}"
[auth]
type = "oauth2"
client_secret = { file = "/run/secret" }
token_url = "https://auth.example.com/token"
[[headers]]
name = "X-Source"
value = "journey-{{workflowId}}"
[[headers]]
name = "X-Key"
value = { env = "KEY" }
[data_retrieval]
object = "offer"
[[data_retrieval.fields]]
name = "price"
pointer = "/data/price"
type = "number"
[data_retrieval.test]
fingerprint = "sha256:old"
"#;

const OFFER_COPIED: &str = r#"# Kept.
name = "Offer"
endpoint = "https://api.example.com:4430/offers/{{id}}?a={{b}}"
[auth]
type = "oauth2"
client_secret = "demo-client-secret"
token_url = "https://auth.example.com:4430/token"
[[headers]]
name = "X-Source"
value = "journey-{{workflowId}}"
[[headers]]
name = "X-Key"
value = "demo-secret"
[data_retrieval]
object = "offer"
[[data_retrieval.fields]]
name = "price"
pointer = "/data/price"
type = "number"
[data_retrieval.test]
fingerprint = "sha256:2"
"#;

fn conf(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn copied(files: &[(&str, &str)]) -> Copy {
    let conf = conf(files);
    // Tells that the text it is asked about is that of the copy: how many URLs of it were moved.
    let fingerprint = |text: &str| Ok(format!("sha256:{}", text.matches(":4430/").count()));
    Copy::make(conf.path(), PORTS, &fingerprint).unwrap()
}

fn text(copy: &Copy, path: &str) -> String {
    fs::read_to_string(copy.folder.path().join(path)).unwrap()
}

#[test]
fn a_gateway_listens_and_dials_on_this_machine_only() {
    let copy = copied(&[
        (
            "gateway.toml",
            "[listen]\nhttp = ['0.0.0.0:80']\ntoken = { env = 'T' }\n[retry]\ndelay = '1s'\n\
             [store]\nurl = 'redis://a'\n[[admin.tokens]]\nname = 'a'\n",
        ),
        (
            "webhooks/a.toml",
            "endpoint = 'https://api.example.com/a'\n",
        ),
    ]);

    assert_eq!(
        text(&copy, "gateway.toml"),
        "[listen]\nhttp = [\"127.0.0.1:8080\"]\nunix = []\nadmin = \"127.0.0.1:8081\"\n\
         [retry]\ndelay = '1s'\n[store]\nfolder = \"data\"\n\n[egress]\n\
         allow_addresses = [\"127.0.0.0/8\"]\n\
         resolve = { \"api.example.com\" = \"127.0.0.1\", localhost = \"127.0.0.1\" }\n\
         ca_file = \"ca.pem\"\n"
    );
}

#[test]
fn a_webhook_goes_to_the_endpoint_with_made_up_secrets_and_counts_as_tested() {
    let copy = copied(&[("webhooks/offer.toml", OFFER)]);

    assert_eq!(text(&copy, "webhooks/offer.toml"), OFFER_COPIED);
    let path = |literal: &str, open| UrlPath {
        literal: literal.into(),
        open,
    };
    assert_eq!(
        copy.answers,
        Answers {
            tokens: vec![path("/token", false)],
            live: vec![(path("/offers/", true), r#"{"data":{"price":12}}"#.into())],
        }
    );
    let hosts = ["api.example.com", "auth.example.com", "localhost"].map(String::from);
    assert_eq!(copy.hosts, BTreeSet::from(hosts));
}

#[test]
fn a_host_that_is_no_plain_name_becomes_localhost() {
    for url in [
        "https://{{region}}.example.com/a",
        "https://10.0.0.1/a",
        "http://[::1]/a",
    ] {
        let copy = copied(&[("webhooks/a.toml", &format!("endpoint = '{url}'\n"))]);
        let moved = "endpoint = \"https://localhost:4430/a\"\n";
        assert_eq!(text(&copy, "webhooks/a.toml"), moved, "{url}");
    }
}

#[test]
fn journeys_and_what_is_no_toml_are_copied_as_they_are() {
    let copy = copied(&[
        ("journeys/a.toml", "name = 'a'\n"),
        ("webhooks/b.toml", "name = \n"),
    ]);

    assert_eq!(text(&copy, "journeys/a.toml"), "name = 'a'\n");
    assert_eq!(text(&copy, "webhooks/b.toml"), "name = \n");
}
