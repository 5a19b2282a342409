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
    folder.look(&HashSet::new());
    let parsed = folder.parsed();

    fs::write(conf.path().join("webhooks/hook-7.toml"), webhook("New")).unwrap();
    let look = folder.look(&HashSet::new());

    assert!(look.snapshot.is_some());
    assert_eq!(folder.parsed() - parsed, 1);
}
