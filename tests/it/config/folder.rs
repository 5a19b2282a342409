//! Faults of files and folders, before anything in them is read.

use super::{Conf, WEBHOOK};
use std::fs;
use stepgate::config;

#[test]
fn a_file_that_is_no_configuration_is_a_fault_of_its_own() {
    let conf = Conf::with(&[
        ("webhooks/good.toml", WEBHOOK),
        ("webhooks/Bad Name.toml", WEBHOOK),
        ("webhooks/notes.txt", "not looked at"),
        ("webhooks/.good.toml.swp", "not looked at"),
        ("webhooks/.hidden.toml", "not looked at"),
    ]);
    conf.write(
        "webhooks/bytes.toml",
        b"name = \"n\"\nx = \"\xc3\xbc\xff\"\n",
    );
    fs::create_dir(conf.file("webhooks/folder.toml")).unwrap();

    assert_eq!(
        conf.faults(),
        [
            "webhooks/Bad Name.toml:1:1: the file's name is no id; expected [a-z0-9][a-z0-9_-]{0,63}.toml",
            "webhooks/bytes.toml:2:7: not UTF-8; expected TOML",
            "webhooks/folder.toml:1:1: cannot be read: not a file",
        ]
    );
}

#[test]
fn lines_that_end_in_two_characters_are_counted_as_one() {
    let conf = Conf::with(&[("gateway.toml", "[log]\r\n# a\r\nlevel = 3\r\n")]);

    assert_eq!(
        conf.faults(),
        [
            "gateway.toml:3:9: log.level: found an integer; expected one of \"error\", \"warn\", \"info\", \"debug\", \"trace\""
        ]
    );
}

#[test]
fn without_valid_settings_nothing_starts_and_all_errors_are_said() {
    let conf = Conf::with(&[
        ("gateway.toml", "[retry]\ndelay = 3\n"),
        ("webhooks/w.toml", "name = 3"),
    ]);
    let folder = format!("{}/", conf.path().display());
    let expected = "\
gateway.toml:2:9: retry.delay: found an integer; expected a duration such as \"10s\", \"3m\" or \"10d\"
webhooks/w.toml:1:1: endpoint: missing; expected a URL
webhooks/w.toml:1:1: method: missing; expected one of \"GET\", \"POST\", \"PUT\", \"PATCH\", \"DELETE\"
webhooks/w.toml:1:8: name: found an integer; expected a string";

    let refused = config::load(&conf.file("gateway.toml")).unwrap_err();

    assert_eq!(refused.to_string().replace(&folder, ""), expected);
    assert_eq!(conf.faults().join("\n"), expected);
}

#[test]
fn a_folder_without_gateway_toml_is_none() {
    let conf = Conf::with(&[]);
    fs::remove_file(conf.file("gateway.toml")).unwrap();

    assert_eq!(conf.faults(), ["gateway.toml:1:1: there is no such file"]);
}

#[test]
fn a_data_folder_that_cannot_be_made_is_a_fault() {
    let conf = Conf::with(&[("taken", "")]);
    let taken = conf.file("taken");
    conf.write("gateway.toml", format!("[store]\nfolder = {taken:?}\n"));
    let folder = format!("{}/", conf.path().display());

    let refused = config::load(conf.path()).unwrap_err();

    assert_eq!(
        refused.to_string().replace(&folder, ""),
        "gateway.toml:1:1: store.folder: `taken` cannot be made or used: File exists (os error 17)"
    );
}
