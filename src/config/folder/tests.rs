//! A folder of the size that production has.

use super::*;
use std::fmt::Write as _;
use std::fs;
use tempfile::TempDir;

/// A folder with so many webhooks and journeys, so many tiles in each journey.
fn large(webhooks: usize, journeys: usize, tiles: usize) -> TempDir {
    let conf = TempDir::new().unwrap();
    let write = |name: String, text: &str| fs::write(conf.path().join(name), text).unwrap();
    for part in ["webhooks", "journeys"] {
        fs::create_dir(conf.path().join(part)).unwrap();
    }
    let store = conf.path().join("data");
    write(
        "gateway.toml".into(),
        &format!("[store]\nfolder = {store:?}\n"),
    );
    for i in 0..webhooks {
        write(
            format!("webhooks/hook-{i}.toml"),
            &webhook(&format!("Hook {i}")),
        );
    }
    for i in 0..journeys {
        let mut text = format!("workflow_id = {i}\nname = \"Journey {i}\"\n");
        for tile in 0..tiles {
            let hook = (i * tiles + tile) % webhooks;
            let _ = write!(
                text,
                "[[tiles]]\nid = \"tile-{tile}\"\ntype = \"webhook\"\nwebhook = \"hook-{hook}\"\n"
            );
        }
        write(format!("journeys/journey-{i}.toml"), &text);
    }
    conf
}

fn webhook(name: &str) -> String {
    format!(
        "name = {name:?}\nmethod = \"POST\"\nendpoint = \"https://api.example.com/hook?id={{{{#urlEncode}}}}{{{{id}}}}{{{{/urlEncode}}}}\"\n\
         user_fields = [\"city\", \"state\"]\n\
         [auth]\ntype = \"basic\"\ntoken = \"abc\"\n\
         [[headers]]\nname = \"X-Source\"\nvalue = \"journey-{{{{workflowId}}}}\"\n\
         [body]\njson = '''{{\"campaignName\": \"Spring\", \"firstName\": \"{{{{firstName}}}}\"}}'''\n"
    )
}

#[test]
fn of_ten_thousand_webhooks_and_a_hundred_thousand_tiles_only_the_changed_file_is_parsed() {
    let conf = large(10_000, 1_000, 100);
    let mut folder = Folder::read(conf.path()).unwrap();
    let snapshot = folder.judge();
    let tiles = |snapshot: &Snapshot| -> usize {
        let journeys = snapshot.journeys.values();
        let tiles = journeys.map(|service| match service {
            crate::config::Service::Up(journey) => journey.tiles.len(),
            crate::config::Service::Invalid | crate::config::Service::Untested => 0,
        });
        tiles.sum()
    };
    assert_eq!(
        (snapshot.webhooks.len(), tiles(&snapshot), &*snapshot.faults),
        (10_000, 100_000, [].as_slice())
    );
    // What was written just before it was read is read once more.
    std::thread::sleep(std::time::Duration::from_millis(30));
    folder.look(&Scope::Everything, &HashSet::new());
    let parsed = folder.parsed();

    fs::write(conf.path().join("webhooks/hook-7.toml"), webhook("New")).unwrap();
    let look = folder.look(&Scope::Everything, &HashSet::new());

    assert!(look.snapshot.is_some());
    assert_eq!(folder.parsed() - parsed, 1);
}

/// A look at these of a folder's webhooks.
fn look_at(folder: &mut Folder, names: &[&str]) -> Option<Arc<Snapshot>> {
    let webhooks = &folder.parts()[0];
    let files = names.iter().map(|name| webhooks.join(name)).collect();
    folder.look(&Scope::Files(files), &HashSet::new()).snapshot
}

#[test]
fn a_look_at_named_files_sees_what_was_changed_made_and_deleted_of_them_and_of_no_other() {
    let conf = large(3, 1, 2);
    let mut folder = Folder::read(conf.path()).unwrap();
    folder.judge();
    std::thread::sleep(std::time::Duration::from_millis(30));
    folder.look(&Scope::Everything, &HashSet::new());
    let file = |name: &str| conf.path().join("webhooks").join(name);
    fs::write(file("hook-0.toml"), webhook("Unnamed")).unwrap();
    fs::write(file("hook-1.toml"), webhook("Changed")).unwrap();
    fs::write(file("hook-3.toml"), webhook("Made")).unwrap();
    fs::remove_file(file("hook-2.toml")).unwrap();
    let names = |snapshot: &Snapshot| {
        let webhooks = snapshot.webhooks.values();
        let mut names: Vec<_> = webhooks
            .map(|service| match service {
                crate::config::Service::Up(webhook) => webhook.name.clone(),
                other => format!("{other:?}"),
            })
            .collect();
        names.sort();
        names
    };

    let named = ["hook-1.toml", "hook-2.toml", "hook-3.toml"];
    let snapshot = look_at(&mut folder, &named).expect("something is new");
    assert_eq!(names(&snapshot), ["Changed", "Hook 0", "Made"]);

    let look = folder.look(&Scope::Everything, &HashSet::new());
    let snapshot = look.snapshot.expect("one more is new");
    assert_eq!(names(&snapshot), ["Changed", "Made", "Unnamed"]);
}

#[test]
fn a_look_at_a_link_or_at_a_name_that_is_no_id_is_a_look_at_everything() {
    for other in ["link.toml", "No Id.toml"] {
        let conf = large(2, 1, 1);
        let mut folder = Folder::read(conf.path()).unwrap();
        folder.judge();
        let file = |name: &str| conf.path().join("webhooks").join(name);
        std::os::unix::fs::symlink(file("hook-1.toml"), file(other)).unwrap();
        fs::write(file("hook-0.toml"), webhook("Unnamed")).unwrap();

        let snapshot = look_at(&mut folder, &[other]).expect("something is new");
        let found = &snapshot.webhooks["hook-0"];
        assert!(
            matches!(found, crate::config::Service::Up(webhook) if webhook.name == "Unnamed"),
            "{other}: {found:?}"
        );
    }
}
