//! The folder that the demonstration runs: `conf/`, with every endpoint moved to this machine.
//!
//! Nothing of the original is written to, and no secret of it is used: each is replaced by a made-up
//! one, so that the requests can be shown whole.

use super::endpoint::{Answers, Path as UrlPath};
use anyhow::Context as _;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use toml_edit::{Array, DocumentMut, InlineTable, Item, TableLike, value};
use url::Url;

mod sample;
mod url;

/// The fingerprint of the text of a webhook's file.
pub type Fingerprint<'a> = &'a dyn Fn(&str) -> anyhow::Result<String>;

/// The ports on this machine that take part.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ports {
    pub(super) endpoint: u16,
    pub(super) steps: u16,
    pub(super) admin: u16,
}

/// The copy; the folder is gone when this is.
pub(super) struct Copy {
    pub(super) folder: TempDir,
    /// Names that the endpoint answers to.
    pub(super) hosts: BTreeSet<String>,
    pub(super) answers: Answers,
}

/// One file of webhooks on its way into the copy.
struct Edit<'a> {
    ports: Ports,
    fingerprint: Fingerprint<'a>,
    hosts: BTreeSet<String>,
    answers: Answers,
}

// === impl Copy ===

impl Copy {
    /// Copies `conf`, the folder of a `gateway.toml`.
    ///
    /// # Errors
    /// When a file cannot be read or written, or `gateway.toml` is no TOML. A webhook that is none
    /// is copied as it is: the gateway says what is wrong with it, and serves the others.
    pub(super) fn make(
        conf: &Path,
        ports: Ports,
        fingerprint: Fingerprint<'_>,
    ) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("stepgate-demo-")
            .tempdir()?;
        let mut edit = Edit {
            ports,
            fingerprint,
            hosts: BTreeSet::from(["localhost".to_owned()]),
            answers: Answers::default(),
        };
        for part in ["webhooks", "journeys"] {
            fs::create_dir(folder.path().join(part))?;
            for file in toml_files(&conf.join(part))? {
                let text = read(&file)?;
                let text = match part {
                    "webhooks" => edit.webhook(&text)?,
                    _ => text,
                };
                let name = file.file_name().unwrap_or_default();
                fs::write(folder.path().join(part).join(name), text)?;
            }
        }
        let text = match fs::read_to_string(conf.join("gateway.toml")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            read => read.with_context(|| format!("cannot read {}/gateway.toml", conf.display()))?,
        };
        let gateway = edit
            .gateway(&text)
            .with_context(|| format!("cannot read {}/gateway.toml", conf.display()))?;
        fs::write(folder.path().join("gateway.toml"), gateway)?;
        Ok(Self {
            folder,
            hosts: edit.hosts,
            answers: edit.answers,
        })
    }

    /// Where the copy's `gateway.toml` is.
    pub(super) fn config(&self) -> PathBuf {
        self.folder.path().join("gateway.toml")
    }

    /// Has the gateway trust `ca_pem`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) fn trust(&self, ca_pem: &str) -> io::Result<()> {
        fs::write(self.folder.path().join("ca.pem"), ca_pem)
    }
}

// === impl Edit ===

impl Edit<'_> {
    fn gateway(&self, text: &str) -> anyhow::Result<String> {
        let mut gateway: DocumentMut = text.parse()?;
        let local = |port| format!("127.0.0.1:{port}");
        let fixed = self.hosts.iter().map(|host| (host.as_str(), "127.0.0.1"));
        for (table, key, item) in [
            (
                "listen",
                "http",
                value(Array::from_iter([local(self.ports.steps)])),
            ),
            ("listen", "unix", value(Array::new())),
            ("listen", "admin", value(local(self.ports.admin))),
            ("listen", "token", Item::None),
            (
                "egress",
                "allow_addresses",
                value(Array::from_iter(["127.0.0.0/8"])),
            ),
            ("egress", "resolve", value(InlineTable::from_iter(fixed))),
            ("egress", "ca_file", value("ca.pem")),
            ("store", "folder", value("data")),
            ("store", "url", Item::None),
            ("admin", "token", Item::None),
            ("admin", "tokens", Item::None),
        ] {
            let table = gateway.entry(table).or_insert_with(toml_edit::table);
            if let Some(table) = table.as_table_like_mut() {
                table.remove(key);
                if !item.is_none() {
                    table.insert(key, item);
                }
            }
        }
        Ok(gateway.to_string())
    }

    fn webhook(&mut self, text: &str) -> anyhow::Result<String> {
        let Ok(mut webhook) = text.parse::<DocumentMut>() else {
            return Ok(text.to_owned());
        };
        let endpoint = self.moved(webhook.get_mut("endpoint"));
        if let Some(auth) = table(webhook.get_mut("auth")) {
            if let Some(path) = self.moved(auth.get_mut("token_url")) {
                self.answers.tokens.push(path);
            }
            made_up(auth.get_mut("token"), "demo-token");
            made_up(auth.get_mut("client_secret"), "demo-client-secret");
        }
        if let Some(inkit) = table(webhook.get_mut("inkit")) {
            made_up(inkit.get_mut("api_token"), "demo-token");
        }
        for value in header_values(&mut webhook) {
            // Text is a template, which may show; a table is where a secret is found.
            if value.is_table_like() {
                made_up(Some(value), "demo-secret");
            }
        }
        let sample = table(webhook.get_mut("data_retrieval")).map(sample::answer);
        if let (Some(path), Some(sample)) = (endpoint, sample) {
            self.answers.live.push((path, sample.to_string()));
        }
        self.tested(&mut webhook)?;
        Ok(webhook.to_string())
    }

    /// Moves the URL in `item` to the endpoint, and returns its path.
    fn moved(&mut self, item: Option<&mut Item>) -> Option<UrlPath> {
        let item = item?;
        let url = Url::split(item.as_str()?)?;
        // What is no plain name (a template, an address) can be reached under this one.
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'.' || b == b'-';
        let named =
            url.host.bytes().all(plain) && url.host.bytes().any(|b| b.is_ascii_alphabetic());
        let host = if named { url.host } else { "localhost" }.to_ascii_lowercase();
        let moved = format!("https://{host}:{}{}", self.ports.endpoint, url.rest);
        let path = url.path();
        self.hosts.insert(host);
        *item = value(moved);
        Some(path)
    }

    /// A webhook that was tested where it really is counts as tested here.
    fn tested(&self, webhook: &mut DocumentMut) -> anyhow::Result<()> {
        let text = webhook.to_string();
        let live = table(webhook.get_mut("data_retrieval"));
        let test = live.and_then(|live| table(live.get_mut("test")));
        if let Some(test) = test {
            test.insert("fingerprint", value((self.fingerprint)(&text)?));
        }
        Ok(())
    }
}

/// Every `value` of `[[headers]]`, however it is written.
fn header_values(webhook: &mut DocumentMut) -> Vec<&mut Item> {
    let Some(headers) = webhook.get_mut("headers") else {
        return Vec::new();
    };
    // One shape to walk: the copy is for the gateway to read, not for people to compare.
    *headers = match std::mem::take(headers).into_array_of_tables() {
        Ok(tables) => Item::ArrayOfTables(tables),
        Err(other) => other,
    };
    match headers.as_array_of_tables_mut() {
        Some(tables) => tables
            .iter_mut()
            .filter_map(|table| table.get_mut("value"))
            .collect(),
        None => Vec::new(),
    }
}

fn table(item: Option<&mut Item>) -> Option<&mut dyn TableLike> {
    item?.as_table_like_mut()
}

fn made_up(secret: Option<&mut Item>, text: &str) {
    if let Some(secret) = secret {
        *secret = value(text);
    }
}

/// The TOML files of a folder, sorted; none where there is no such folder.
fn toml_files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.with_context(|| format!("cannot read {}", folder.display()))?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension() == Some(OsStr::new("toml")) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn read(file: &Path) -> anyhow::Result<String> {
    fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}

#[cfg(test)]
mod tests;
