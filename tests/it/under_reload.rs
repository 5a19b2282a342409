//! The configuration changes all the time, and no step notices.

use crate::support::client::post;
use crate::support::endpoint::{Endpoint, Received, reply};
use crate::support::process::{Gateway, Stage, at, until, webhook};
use serde_json::Value;
use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// At least so many changes, and on until more than so many versions were served: how many changes
/// there are for each look is the machine's to say.
const CHANGES: u32 = 300;
const VERSIONS: usize = 40;

/// The version after all of them.
const LAST: u32 = 10_000;

/// Between two changes: some of them fall into one reload, as they do when people save in haste.
const PAUSE: Duration = Duration::from_millis(12);

const JOURNEY: &str = "workflow_id = 1\nname = 'J'\n\
    [[tiles]]\nid = 't'\ntype = 'webhook'\nwebhook = 'plain'\n";

/// A webhook that says its version in its URL, a header and its body.
fn version(endpoint: &Endpoint, name: &str, version: u32) -> String {
    webhook(
        "POST",
        &at(endpoint, &format!("/{name}/{version}")),
        &format!(
            "[[headers]]\nname = 'X-Version'\nvalue = '{version}'\n\
            [body]\njson = '{{\"version\":{version}}}'\n"
        ),
    )
}

/// By temp file and rename, as editors do it.
fn replace(path: &Path, text: &str) {
    let beside = path.with_extension("tmp");
    fs::write(&beside, text).unwrap();
    fs::rename(beside, path).unwrap();
}

/// By a new folder and a symbolic link to it that is moved over the old one, as Kubernetes does it.
fn swap(webhooks: &Path, number: u32, text: &str) {
    let folder = format!("..{number}");
    fs::create_dir(webhooks.join(&folder)).unwrap();
    fs::write(webhooks.join(&folder).join("mapped.toml"), text).unwrap();
    let old = fs::read_link(webhooks.join("..data"));
    symlink(&folder, webhooks.join("..tmp")).unwrap();
    fs::rename(webhooks.join("..tmp"), webhooks.join("..data")).unwrap();
    if let Ok(old) = old {
        fs::remove_dir_all(webhooks.join(old)).unwrap();
    }
}

/// One change of the kind that is `number`'s turn.
fn change(gateway: &Gateway, endpoint: &Endpoint, number: u32) {
    let webhooks = gateway.path("conf/webhooks");
    let (plain, other) = (webhooks.join("plain.toml"), webhooks.join("other.toml"));
    let text = version(endpoint, "plain", number);
    match number % 8 {
        0 => fs::write(plain, text).unwrap(),
        1 | 5 => replace(&plain, &text),
        2 | 6 => swap(&webhooks, number, &version(endpoint, "mapped", number)),
        3 => fs::write(plain, &text[..text.len() / 2]).unwrap(),
        4 => {
            fs::write(other, text).unwrap();
            let journey = JOURNEY.replace("'J'", &format!("'{number}'"));
            replace(&gateway.path("conf/journeys/j.toml"), &journey);
        }
        7.. => fs::remove_file(other).unwrap_or_default(),
    }
}

/// Sends steps to all targets in turn, until told to stop; how many.
fn load(gateway: &Gateway, stop: &AtomicBool) -> usize {
    let mut client = gateway.client();
    let targets = [
        r#"{"webhook":"plain"}"#,
        r#"{"webhook":"mapped"}"#,
        r#"{"tile":"j/t"}"#,
    ];
    let mut count = 0;
    while !stop.load(Ordering::SeqCst) {
        for step in targets {
            let answer = client.ask(post(step));
            let outcome: Value = serde_json::from_str(&answer.body).unwrap();
            assert_eq!(outcome["outcome"], "continue", "{step}: {}", answer.body);
            count += 1;
        }
        thread::sleep(Duration::from_millis(1));
    }
    count
}

/// Which webhook and version a request is of; each of its parts says the same.
fn version_of(received: &Received) -> (String, u32) {
    let (name, number) = received.target[1..].split_once('/').unwrap();
    assert_eq!(
        received.header("x-version"),
        Some(number),
        "{}",
        received.target
    );
    let body: Value = serde_json::from_slice(&received.body).unwrap();
    assert_eq!(body["version"].to_string(), number, "{}", received.target);
    (name.to_owned(), number.parse().unwrap())
}

#[test]
fn no_step_fails_and_none_mixes_two_configurations() {
    let endpoint = Endpoint::replying([reply(200)]);
    let gateway = Stage::new()
        .webhook("plain", version(&endpoint, "plain", 0))
        .journey("j", JOURNEY)
        .start();
    let webhooks = gateway.path("conf/webhooks");
    gateway.reload(|_| {
        swap(&webhooks, 0, &version(&endpoint, "mapped", 0));
        symlink("..data/mapped.toml", webhooks.join("mapped.toml")).unwrap();
    });

    let stop = AtomicBool::new(false);
    let sent: usize = thread::scope(|scope| {
        let loads = [(); 3].map(|()| scope.spawn(|| load(&gateway, &stop)));
        for number in 1..LAST {
            change(&gateway, &endpoint, number);
            thread::sleep(PAUSE);
            if number % CHANGES == 0 && versions(&endpoint) > VERSIONS {
                break;
            }
        }
        stop.store(true, Ordering::SeqCst);
        loads.into_iter().map(|load| load.join().unwrap()).sum()
    });

    assert_eq!(endpoint.requests().len(), sent);
    let served = versions(&endpoint);
    assert!(served > VERSIONS, "only {served} versions were served");
    assert_the_last_version_serves(&gateway, &endpoint);
}

/// How many versions were served so far, each of them whole.
fn versions(endpoint: &Endpoint) -> usize {
    let received = endpoint.requests();
    received
        .iter()
        .map(version_of)
        .collect::<HashSet<_>>()
        .len()
}

fn assert_the_last_version_serves(gateway: &Gateway, endpoint: &Endpoint) {
    let webhooks = gateway.path("conf/webhooks");
    fs::write(
        webhooks.join("plain.toml"),
        version(endpoint, "plain", LAST),
    )
    .unwrap();
    swap(&webhooks, LAST, &version(endpoint, "mapped", LAST));
    for name in ["plain", "mapped"] {
        until(&format!("the last version of `{name}` serves"), || {
            gateway.ask(&post(&format!(r#"{{"webhook":"{name}"}}"#)));
            let received = endpoint.requests();
            version_of(received.last().unwrap()) == (name.to_owned(), LAST)
        });
    }
}
