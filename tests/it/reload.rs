//! What a change of the files does to what is in force.

mod lock;
mod restart;
mod storm;
mod watched;

use crate::config::{Conf, WEBHOOK};
use std::path::Path;
use std::time::Duration;
use stepgate::config::{self, Auth, Found, Live, NotFound, Snapshot, Watch};
use stepgate::model::{Target, TileRef, WebhookId};
use tokio::time::Instant;

/// A folder in force, and watched.
struct Running {
    conf: Conf,
    live: Live,
    /// Ends the watching when it is dropped.
    watch: Watch,
}

/// A journey with one tile, that calls `hook`.
const JOURNEY: &str = r#"
workflow_id = 1
name = "Journey"
[[tiles]]
id = "t"
type = "webhook"
webhook = "hook"
"#;

// === impl Running ===

impl Running {
    /// Starts from these files, and a data folder beside them.
    fn with(files: &[(&str, &str)]) -> Self {
        let conf = Conf::with(files);
        let store = conf.file("data");
        conf.write("gateway.toml", format!("[store]\nfolder = {store:?}\n"));
        Self::on(conf)
    }

    /// Starts from a folder that is there.
    fn on(conf: Conf) -> Self {
        let loaded = config::load(&conf.file("gateway.toml")).unwrap();
        let live = loaded.live();
        let watch = loaded.watch();
        // From here on, what is not seen is a fault and not a race with the start.
        watch.look();
        Self { conf, live, watch }
    }

    /// Stops, and starts anew from the same folder.
    fn restarted(self, meanwhile: impl FnOnce(&Conf)) -> Self {
        let Self {
            conf,
            live: _,
            watch,
        } = self;
        drop(watch);
        meanwhile(&conf);
        Self::on(conf)
    }

    /// Waits until `what` is so, as the watcher brings it about by itself.
    fn until(&self, what: impl Fn(&Snapshot) -> bool) {
        let start = Instant::now();
        while !what(&self.live.get()) {
            assert!(start.elapsed() < Duration::from_secs(10), "it never was");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The display name of the webhook in service.
    fn name(&self, id: &str) -> Result<String, NotFound> {
        name(&self.live.get(), id)
    }

    /// What is wrong, without the folder's own path.
    fn faults(&self) -> Vec<String> {
        let folder = format!("{}/", self.conf.path().display());
        let line = |fault: &config::Fault| fault.to_string().replace(&folder, "");
        self.live.get().faults.iter().map(line).collect()
    }
}

fn name(snapshot: &Snapshot, id: &str) -> Result<String, NotFound> {
    let found = snapshot.find(&Target::Webhook(WebhookId::new(id).unwrap()))?;
    Ok(found.webhook.name.clone())
}

fn tile(snapshot: &Snapshot, tile: &str) -> Result<Found, NotFound> {
    snapshot.find(&Target::Tile(TileRef::new(tile).unwrap()))
}

/// A webhook of this display name.
fn named(name: &str) -> String {
    WEBHOOK.replace("Hook", name)
}

/// The Basic token of the webhook in service.
fn token(snapshot: &Snapshot, id: &str) -> String {
    let target = Target::Webhook(WebhookId::new(id).unwrap());
    match &snapshot.find(&target).unwrap().webhook.auth {
        Auth::Basic(value) => value.to_str().unwrap().replacen("Basic ", "", 1),
        Auth::None | Auth::Oauth2(_) => String::new(),
    }
}

/// A webhook with `data_retrieval`, tested as it stands.
fn tested(name: &str, path: &str) -> String {
    tested_with(name, path, "", Path::new(""))
}

/// As [`tested`], with more tables; relative paths start at `base`.
fn tested_with(name: &str, path: &str, tables: &str, base: &Path) -> String {
    let text = format!(
        "name = {name:?}\nmethod = \"GET\"\nendpoint = \"https://api.example.com/{path}\"\n{tables}\
         [data_retrieval]\nobject = \"o\"\nfields = [{{ name = \"f\", pointer = \"/f\", type = \"number\" }}]\n"
    );
    let id = WebhookId::new("any").unwrap();
    let draft = config::draft(&id, &text, "any.toml", base);
    let fingerprint = draft.fingerprint.unwrap();
    format!("{text}[data_retrieval.test]\nfingerprint = {fingerprint:?}\n")
}
