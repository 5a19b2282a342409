//! The files under the API: full disks, people who edit at the same moment, links, broken text.

use super::super::{Door, draft, file, stage, with};
use crate::support::process::{Gateway, webhook};
use serde_json::json;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::Duration;

/// Mounts a file system of its own at `conf`, with what was there, and becomes what follows.
const MOUNT: &str = "cp -a conf kept && mount -t tmpfs -o size=128k none conf && \
                     cp -a kept/. conf && exec \"$@\"";

const URL: &str = "http://127.0.0.1:1/";

/// How to have a file system of one's own, where this machine lets us.
fn namespace() -> Option<&'static str> {
    ["-m", "-rm"].into_iter().find(|namespace| {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("conf")).unwrap();
        let tried = Command::new("unshare")
            .args([namespace, "sh", "-c", MOUNT, "sh", "true"])
            .current_dir(folder.path())
            .output();
        tried.is_ok_and(|output| output.status.success())
    })
}

/// The folder of webhooks as the gateway sees it.
fn inside(gateway: &Gateway) -> PathBuf {
    let conf = gateway.path("conf/webhooks").canonicalize().unwrap();
    let root = PathBuf::from(format!("/proc/{}/root", gateway.id()));
    root.join(conf.strip_prefix("/").unwrap())
}

fn names(folder: &PathBuf) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_full_disk_refuses_a_write_and_leaves_the_file_as_it_was() {
    let Some(namespace) = namespace() else {
        eprintln!("no file system can be mounted here: nothing is tried");
        return;
    };
    let text = webhook("POST", URL, "");
    let words = ["unshare", namespace, "sh", "-c", MOUNT, "sh"];
    let gateway = stage().webhook("w", &text).under(words).start();
    let door = Door::of(&gateway);
    let folder = inside(&gateway);
    let mut filler = File::create(folder.join("filler")).unwrap();
    io::copy(&mut io::repeat(0).take(1024 * 1024), &mut filler).unwrap_err();

    let replaced = door.put("webhooks/w", &draft("w", "http://127.0.0.1:2/"));
    let made = door.post("webhooks", &draft("v", URL));

    assert_eq!(replaced.problem(), (507, "not-written", "none"));
    assert_eq!(made.problem(), (507, "not-written", "none"));
    assert_eq!(fs::read_to_string(folder.join("w.toml")).unwrap(), text);
    assert_eq!(names(&folder), ["filler", "w.toml"]);
    assert_eq!(door.get("webhooks/w").json["endpoint"], URL);

    drop(filler);
    fs::remove_file(folder.join("filler")).unwrap();
    door.put("webhooks/w", &draft("w", "http://127.0.0.1:2/"))
        .good(200);
}

/// Writes a webhook as an editor does: beside its place, then renamed.
fn write_by_hand(gateway: &Gateway, id: &str, text: &str) {
    let beside = gateway.path(&format!("conf/webhooks/.{id}.swp"));
    fs::write(&beside, text).unwrap();
    fs::rename(beside, gateway.path(&format!("conf/webhooks/{id}.toml"))).unwrap();
}

#[test]
fn an_edit_by_hand_is_never_lost_to_one_that_did_not_see_it() {
    let gateway = stage().webhook("w", webhook("POST", URL, "")).start();
    let door = Door::of(&gateway);
    for round in 0..60 {
        let read = door.get("webhooks/w");
        let seen = format!("If-Match: {}\r\n", read.etag());
        let body = with(&read.json, &json!({"name": format!("API {round}")})).to_string();
        let by_hand = webhook("POST", URL, &format!("# by hand, {round}\n"));

        let status = thread::scope(|scope| {
            let put = scope.spawn(|| door.ask("PUT", "webhooks/w", &seen, &body).status());
            thread::sleep(Duration::from_micros(fastrand::u64(..4000)));
            write_by_hand(&gateway, "w", &by_hand);
            put.join().unwrap()
        });

        // Before it or after it: the one by hand saw nothing, the other one had to.
        assert_eq!(file(&gateway, "w"), by_hand, "round {round}: {status}");
        assert!([200, 409, 412].contains(&status), "round {round}: {status}");
    }
    let left = names(&gateway.path("conf/webhooks"));
    assert_eq!(left, ["w.toml"]);
}

#[test]
fn in_a_storm_of_edits_the_file_is_always_one_that_somebody_wrote() {
    let gateway = stage().webhook("w", webhook("POST", URL, "")).start();
    let door = Door::of(&gateway);

    let written: Vec<String> = thread::scope(|scope| {
        let editors = (0..4).map(|editor| {
            let door = &door;
            scope.spawn(move || {
                let name = |round| format!("API {editor}-{round}");
                let put = |name: &String| {
                    let json = with(&draft("w", URL), &json!({"name": name}));
                    let said = door.put("webhooks/w", &json);
                    assert!([200, 409].contains(&said.status()), "{said:?}");
                    said.status() == 200
                };
                (0..25).map(name).filter(put).collect::<Vec<_>>()
            })
        });
        let editors: Vec<_> = editors.collect();
        let by_hand = (0..50).map(|round| {
            let name = format!("hand {round}");
            let text = webhook("POST", URL, "").replace("\"W\"", &format!("{name:?}"));
            write_by_hand(&gateway, "w", &text);
            thread::sleep(Duration::from_millis(1));
            name
        });
        let by_hand: Vec<_> = by_hand.collect();
        let by_api = editors
            .into_iter()
            .flat_map(|editor| editor.join().unwrap());
        by_api.chain(by_hand).collect()
    });

    assert!(written.len() > 50, "no edit of the API was taken");
    let last = door.get("webhooks/w").json["name"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(written.contains(&last), "{last} of {written:?}");
    let expected = webhook("POST", URL, "").replace("\"W\"", &format!("{last:?}"));
    assert_eq!(file(&gateway, "w"), expected);
    assert_eq!(names(&gateway.path("conf/webhooks")), ["w.toml"]);
}

#[test]
fn a_file_that_is_a_link_stays_one() {
    let gateway = stage().file("w.toml", webhook("POST", URL, "")).start();
    let link = gateway.path("conf/webhooks/w.toml");
    gateway.reload(|_| symlink("../../w.toml", &link).unwrap());
    let door = Door::of(&gateway);

    let replaced = door.put("webhooks/w", &draft("w", "http://127.0.0.1:2/"));

    assert_eq!(replaced.good(200)["endpoint"], "http://127.0.0.1:2/");
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    let text = fs::read_to_string(gateway.path("w.toml")).unwrap();
    assert!(text.contains("http://127.0.0.1:2/"), "{text}");

    assert_eq!(door.delete("webhooks/w").status(), 204);
    assert!(fs::symlink_metadata(&link).is_err());
    assert!(
        gateway.path("w.toml").exists(),
        "what it led to is another's"
    );
}

#[test]
fn a_file_keeps_its_mode_and_a_new_one_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let gateway = stage().webhook("w", webhook("POST", URL, "")).start();
    let door = Door::of(&gateway);
    let path = |id: &str| gateway.path(&format!("conf/webhooks/{id}.toml"));
    fs::set_permissions(path("w"), fs::Permissions::from_mode(0o640)).unwrap();

    door.put("webhooks/w", &draft("w", "http://127.0.0.1:2/"))
        .good(200);
    door.post("webhooks", &draft("v", URL)).good(201);

    let mode = |id| fs::metadata(path(id)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("w"), mode("v")), (0o640, 0o600));
}

#[test]
fn a_file_that_is_no_toml_is_listed_by_its_id_and_can_be_replaced() {
    let broken = "name = \"W\"\nmethod = \n[auth]\ntoken = \"hunter2\"\n";
    let gateway = stage()
        .webhook("w", broken)
        .webhook("v", webhook("POST", URL, ""))
        .start();
    let door = Door::of(&gateway);

    let list = door.get("webhooks").good(200);
    let read = door.get("webhooks/w");

    assert_eq!(list["webhooks"], json!([draft("v", URL), {"id": "w"}]));
    assert_eq!(read.problem().0, 422);
    assert!(
        !read.answer.body.contains("hunter2"),
        "{}",
        read.answer.body
    );
    assert_eq!(file(&gateway, "w"), broken);
    assert_eq!(
        door.put("webhooks/w", &draft("w", URL)).good(200),
        draft("w", URL)
    );
}

#[test]
fn a_file_by_a_name_that_is_no_id_is_no_webhook() {
    let gateway = stage()
        .webhook("w", webhook("POST", URL, ""))
        .webhook("Not an id", webhook("POST", URL, ""))
        .webhook(".hidden", webhook("POST", URL, ""))
        .start();

    let list = Door::of(&gateway).get("webhooks").good(200);

    assert_eq!(list, json!({"webhooks": [draft("w", URL)]}));
}
