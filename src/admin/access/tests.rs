//! Which hosts, origins, tokens and sessions open the door.

use super::*;
use crate::config::AdminToken;
use http::Request;

fn head(method: &str, headers: &[(&str, &str)]) -> Parts {
    let mut request = Request::builder().method(method);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

fn access() -> Access {
    Access {
        made: Some(Secret::new("made")),
        sessions: Sessions::default(),
        failures: Failures::default(),
    }
}

fn admin() -> Admin {
    Admin {
        hosts: vec!["gate.example.com".to_owned()],
        tokens: vec![AdminToken {
            name: "ops".to_owned(),
            role: Role::Viewer,
            token: Secret::new("watcher"),
        }],
        ..Gateway::default().admin
    }
}

#[test]
fn only_loopback_and_the_listed_hosts_are_known() {
    let hosts = ["gate.example.com".to_owned()];
    for (host, known) in [
        ("localhost", true),
        ("LOCALHOST:8081", true),
        ("127.0.0.1:8081", true),
        ("127.1.2.3", true),
        ("[::1]", true),
        ("[::1]:8081", true),
        ("gate.example.com:443", true),
        ("Gate.Example.com", true),
        ("evil.example.com", false),
        ("localhost.evil.example.com", false),
        ("10.0.0.1:8081", false),
        ("", false),
    ] {
        assert_eq!(
            knows_host(&head("GET", &[("host", host)]), &hosts),
            known,
            "{host}"
        );
    }
    assert!(!knows_host(&head("GET", &[]), &hosts));
}

#[test]
fn a_token_says_who_comes_and_as_what() {
    let (access, admin) = (access(), admin());
    for (token, name, role) in [
        ("made", "admin", Role::Admin),
        ("watcher", "ops", Role::Viewer),
    ] {
        let bearer = format!("Bearer {token}");
        let caller = access.caller(&head("PUT", &[("authorization", &bearer)]), &admin, None);
        assert_eq!(
            caller,
            Ok(Caller {
                name: name.into(),
                role,
                from: None,
                by_session: false
            })
        );
    }
    let wrong = head("GET", &[("authorization", "Bearer x")]);
    assert_eq!(access.caller(&wrong, &admin, None), Err(Stranger::Unknown));
}

#[test]
fn a_session_writes_only_for_a_page_of_this_door() {
    let (access, admin) = (access(), admin());
    let cookie = access.sign_in("made", &admin, &head("POST", &[])).unwrap();
    let cookie = cookie.split(';').next().unwrap();
    let known = Ok(Caller {
        name: "admin".into(),
        role: Role::Admin,
        from: None,
        by_session: true,
    });
    let foreign = Err(Stranger::ForeignOrigin);
    for (method, host, origin, expected) in [
        ("GET", "localhost:8081", None, &known),
        ("PUT", "localhost:8081", None, &foreign),
        (
            "PUT",
            "localhost:8081",
            Some("http://localhost:8081"),
            &known,
        ),
        (
            "PUT",
            "gate.example.com",
            Some("https://gate.example.com"),
            &known,
        ),
        (
            "PUT",
            "localhost:8081",
            Some("http://localhost:9999"),
            &foreign,
        ),
        (
            "PUT",
            "localhost:8081",
            Some("https://evil.example.com"),
            &foreign,
        ),
        (
            "PUT",
            "evil.example.com",
            Some("https://evil.example.com"),
            &foreign,
        ),
        ("PUT", "localhost:8081", Some("null"), &foreign),
        (
            "GET",
            "localhost:8081",
            Some("https://evil.example.com"),
            &foreign,
        ),
    ] {
        let mut headers = vec![("host", host), ("cookie", cookie)];
        headers.extend(origin.map(|origin| ("origin", origin)));
        let caller = access.caller(&head(method, &headers), &admin, None);
        assert_eq!(caller, *expected, "{method} {host} {origin:?}");
    }
}

#[test]
fn a_token_that_is_taken_back_ends_its_sessions() {
    let (access, mut admin) = (access(), admin());
    let page = head("POST", &[]);
    let cookie = access.sign_in("watcher", &admin, &page).unwrap();
    let asked = head(
        "GET",
        &[
            ("host", "localhost"),
            ("cookie", cookie.split(';').next().unwrap()),
        ],
    );
    assert!(access.caller(&asked, &admin, None).is_ok());

    admin.tokens.clear();

    assert_eq!(access.caller(&asked, &admin, None), Err(Stranger::Unknown));
    assert_eq!(
        access.sign_in("watcher", &admin, &page),
        Err(Stranger::Unknown)
    );
}
