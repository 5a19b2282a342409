//! The egress guard: what may not be dialled, however it is spelled.

use crate::support::endpoint::{Endpoint, Reply, reply};
use crate::support::{exchange_with, http_rules, post_to};
use async_trait::async_trait;
use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use stepgate::config::EgressRules;
use stepgate::egress::{BodyUse, Egress, EgressError, Lookup, OwnListeners};
use stepgate::model::{Request, Scheme};

/// Plain HTTP, and nothing special-purpose.
fn strict() -> EgressRules {
    EgressRules {
        allow_addresses: Vec::new(),
        ..http_rules()
    }
}

/// A request to `host` as a URL spells it, read as a plan reads it.
fn request_to(host: &str, port: u16) -> Request {
    let url = url::Url::parse(&format!("http://{host}:{port}/")).unwrap();
    post_to(Scheme::Http, url.host_str().unwrap(), port)
}

async fn send(egress: &Egress, request: &Request, rules: &EgressRules) -> Result<u16, EgressError> {
    let response = exchange_with(egress, request, rules, BodyUse::Discard).await?;
    Ok(response.status)
}

/// The address that was refused.
fn blocked(result: Result<u16, EgressError>) -> String {
    match result {
        Err(error @ EgressError::Blocked { address, .. }) => {
            assert!(!error.may_have_been_seen());
            assert_eq!(error.cause(), None);
            address.to_string()
        }
        other => panic!("expected a refused address, got {other:?}"),
    }
}

#[tokio::test]
async fn a_forbidden_address_is_refused_in_every_spelling() {
    let table = [
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.1.", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("0x7f000001", "127.0.0.1"),
        ("0x7f.0.0x1", "127.0.0.1"),
        ("017700000001", "127.0.0.1"),
        ("0177.0.0.01", "127.0.0.1"),
        ("１２７。０。０。１", "127.0.0.1"),
        ("%31%32%37.0.0.1", "127.0.0.1"),
        ("127.255.255.254", "127.255.255.254"),
        ("[::1]", "::1"),
        ("[0:0:0:0:0:0:0:1]", "::1"),
        ("[::ffff:127.0.0.1]", "::ffff:127.0.0.1"),
        ("[::ffff:7f00:1]", "::ffff:127.0.0.1"),
        ("[::127.0.0.1]", "::7f00:1"),
        ("[2002:7f00:1::]", "2002:7f00:1::"),
        ("[64:ff9b::127.0.0.1]", "64:ff9b::7f00:1"),
        ("[64:ff9b:1::8.8.8.8]", "64:ff9b:1::808:808"),
        ("0", "0.0.0.0"),
        ("0.0.0.0", "0.0.0.0"),
        ("[::]", "::"),
        ("10.0.0.1", "10.0.0.1"),
        ("172.16.0.1", "172.16.0.1"),
        ("192.168.0.1", "192.168.0.1"),
        ("100.64.0.1", "100.64.0.1"),
        ("169.254.169.254", "169.254.169.254"),
        ("0xa9fea9fe", "169.254.169.254"),
        ("168.63.129.16", "168.63.129.16"),
        ("224.0.0.1", "224.0.0.1"),
        ("255.255.255.255", "255.255.255.255"),
        ("[fd00::1]", "fd00::1"),
        ("[fe80::1]", "fe80::1"),
        ("[fec0::1]", "fec0::1"),
        ("[ff02::1]", "ff02::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("localhost", "127.0.0.1"),
        ("LocalHost.", "127.0.0.1"),
        ("fixed.example.com", "10.0.0.9"),
        ("FIXED.example.com.", "10.0.0.9"),
    ];
    let egress = Egress::with_lookup(OwnListeners::default(), Answers::always(&["127.0.0.1"]));
    let mut rules = strict();
    rules.resolve = HashMap::from([("fixed.example.com".to_owned(), "10.0.0.9".parse().unwrap())]);
    for (host, address) in table {
        let result = send(&egress, &request_to(host, 9), &rules).await;
        assert_eq!(blocked(result), address, "{host}");
    }
}

#[tokio::test]
async fn one_bad_address_refuses_the_name() {
    let endpoint = Endpoint::replying([reply(200)]);
    let mut rules = strict();
    rules.allow_addresses = vec!["127.0.0.1/32".parse().unwrap()];
    let lookup = Answers::always(&["127.0.0.1", "127.0.0.2"]);
    let egress = Egress::with_lookup(OwnListeners::default(), lookup);

    let result = send(
        &egress,
        &request_to("two.example.com", endpoint.port()),
        &rules,
    )
    .await;

    assert_eq!(blocked(result), "127.0.0.2");
    assert_eq!(endpoint.connections(), 0);
}

#[tokio::test]
async fn a_resolver_that_changes_its_answer_after_the_check_is_not_asked_again() {
    let endpoint = Endpoint::replying([reply(200)]);
    let mut rules = strict();
    rules.allow_addresses = vec!["127.0.0.1/32".parse().unwrap()];
    let lookup = Answers::in_turn(&[&["127.0.0.1"], &["127.0.0.2"]]);
    let egress = Egress::with_lookup(OwnListeners::default(), lookup.clone());
    let request = request_to("rebinding.example.com", endpoint.port());

    assert_eq!(send(&egress, &request, &rules).await.unwrap(), 200);
    assert_eq!(lookup.asked(), 1);

    // A new connection asks anew, and judges anew.
    let fresh = Egress::with_lookup(OwnListeners::default(), lookup.clone());
    assert_eq!(blocked(send(&fresh, &request, &rules).await), "127.0.0.2");
    assert_eq!((lookup.asked(), endpoint.connections()), (2, 1));
}

#[tokio::test]
async fn a_connection_to_a_fixed_address_ends_with_the_rule_that_fixed_it() {
    let endpoint = Endpoint::replying([reply(200)]);
    let lookup = Answers::always(&["127.0.0.2"]);
    let egress = Egress::with_lookup(OwnListeners::default(), lookup);
    let mut rules = strict();
    rules.allow_addresses = vec!["127.0.0.1/32".parse().unwrap()];
    let here = "127.0.0.1".parse().unwrap();
    rules.resolve = HashMap::from([("hooks.example.com".to_owned(), here)]);
    let request = request_to("hooks.example.com", endpoint.port());
    assert_eq!(send(&egress, &request, &rules).await.unwrap(), 200);

    rules.resolve.clear();

    assert_eq!(blocked(send(&egress, &request, &rules).await), "127.0.0.2");
    assert_eq!(endpoint.requests().len(), 1);
}

#[tokio::test]
async fn an_allowed_range_holds_for_the_forms_that_embed_its_addresses() {
    let endpoint = Endpoint::replying([reply(200)]);
    let egress = Egress::new(OwnListeners::default());
    let request = request_to("[::ffff:127.0.0.1]", endpoint.port());

    assert_eq!(send(&egress, &request, &http_rules()).await.unwrap(), 200);
}

#[tokio::test]
async fn plain_http_needs_leave() {
    let endpoint = Endpoint::replying([reply(200)]);
    let egress = Egress::new(OwnListeners::default());
    let mut rules = http_rules();
    rules.allow_http = false;

    let result = send(&egress, &request_to("127.0.0.1", endpoint.port()), &rules).await;

    assert!(
        matches!(result, Err(EgressError::SchemeNotAllowed)),
        "{result:?}"
    );
    assert_eq!(endpoint.connections(), 0);
}

#[tokio::test]
async fn the_gateways_own_listeners_are_never_dialled() {
    let endpoint = Endpoint::replying([reply(200)]);
    let port = endpoint.port();
    let everywhere = SocketAddr::from(([0, 0, 0, 0], port));
    let mut rules = http_rules();
    rules.allow_addresses = vec!["0.0.0.0/0".parse().unwrap(), "::/0".parse().unwrap()];
    let listeners = [
        OwnListeners {
            http: vec![endpoint.address()],
            admin: None,
        },
        OwnListeners {
            http: vec![everywhere],
            admin: None,
        },
        OwnListeners {
            http: Vec::new(),
            admin: Some(endpoint.address()),
        },
    ];
    for own in listeners {
        let egress = Egress::new(own.clone());
        for host in ["127.0.0.1", "0.0.0.0", "[::ffff:127.0.0.1]"] {
            let result = send(&egress, &request_to(host, port), &rules).await;
            blocked(result);
        }
    }
    assert_eq!(endpoint.connections(), 0);
}

#[tokio::test]
async fn of_the_own_listeners_only_the_inspector_is_dialled_and_no_door_opens_beside_it() {
    let admin = Endpoint::replying([reply(204)]);
    let own = OwnListeners {
        http: Vec::new(),
        admin: Some(admin.address()),
    };
    let egress = Egress::new(own);
    // Neither plain HTTP nor loopback is allowed: the inspector is for everyone.
    let mut rules = strict();
    rules.allow_http = false;
    let mut request = request_to("127.0.0.1", admin.port());

    request.path = "/inspect/abc?x=1".to_owned();
    assert_eq!(send(&egress, &request, &rules).await.unwrap(), 204);

    // The connection to it is still open, and serves nothing else.
    rules.allow_http = true;
    for path in ["/admin/v1/stats", "/inspect/", "/inspect/../admin/v1/stats"] {
        request.path = path.to_owned();
        assert_eq!(blocked(send(&egress, &request, &rules).await), "127.0.0.1");
    }

    // And the path opens no other address.
    let other = Endpoint::replying([Reply::silent()]);
    rules.allow_http = false;
    let mut request = request_to("127.0.0.1", other.port());
    request.path = "/inspect/abc".to_owned();
    let result = send(&egress, &request, &rules).await;
    assert!(
        matches!(result, Err(EgressError::SchemeNotAllowed)),
        "{result:?}"
    );
    assert_eq!((admin.connections(), other.connections()), (1, 0));
}

/// Answers in their order; the last one goes on for ever.
struct Answers {
    left: Mutex<VecDeque<Vec<IpAddr>>>,
    asked: Mutex<usize>,
}

impl Answers {
    fn always(addresses: &[&str]) -> Arc<Self> {
        Self::in_turn(&[addresses])
    }

    fn in_turn(answers: &[&[&str]]) -> Arc<Self> {
        let parse = |answer: &&[&str]| answer.iter().map(|it| it.parse().unwrap()).collect();
        Arc::new(Self {
            left: Mutex::new(answers.iter().map(parse).collect()),
            asked: Mutex::new(0),
        })
    }

    fn asked(&self) -> usize {
        *self.asked.lock().unwrap()
    }
}

#[async_trait]
impl Lookup for Answers {
    async fn lookup(&self, _name: &str) -> io::Result<Vec<IpAddr>> {
        *self.asked.lock().unwrap() += 1;
        let mut left = self.left.lock().unwrap();
        Ok(match left.len() {
            1 => left[0].clone(),
            _ => left.pop_front().unwrap(),
        })
    }
}
