//! The gateway as it is shipped: the program itself, `stepgate serve`, on a folder of its own.
//!
//! What a test says of it is `gateway.toml` keys, webhooks and journeys; the rest is made so that
//! this machine may be called over plain HTTP, on ports of its own.

use super::client::{Answer, Client, get, post, post_with};
use super::endpoint::Endpoint;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::thread::sleep;
use std::time::Duration;
use tempfile::TempDir;
use tokio::time::Instant;

/// Longest that anything here is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// Below the range that the kernel takes ports of its own accord from: none of the sockets of the
/// tests beside this one can come by such a port between its choice and its use.
const PORTS: std::ops::Range<u16> = 10_000..30_000;

/// A gateway to be: its folder, and what it is started with.
pub(crate) struct Stage {
    folder: TempDir,
    keys: BTreeMap<String, String>,
    environment: Vec<(String, String)>,
    /// Words before the program's name when it serves.
    under: Vec<String>,
}

/// A gateway that runs. Dropped, it is killed.
pub(crate) struct Gateway {
    pub(crate) http: SocketAddr,
    pub(crate) door: SocketAddr,
    stage: Stage,
    process: Child,
}

// === impl Stage ===

impl Stage {
    /// Plain HTTP and this machine are allowed; nothing is served yet.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for part in ["conf/webhooks", "conf/journeys"] {
            fs::create_dir_all(folder.path().join(part)).unwrap();
        }
        let stage = Self {
            folder,
            keys: BTreeMap::new(),
            environment: Vec::new(),
            under: Vec::new(),
        };
        stage
            .set("egress.allow_http", "true")
            .set("egress.allow_addresses", r#"["127.0.0.0/8"]"#)
            .set("listen.threads", "2")
            .set("store.reserve", "'1MiB'")
    }

    /// One key of `gateway.toml`, dotted, with its value as TOML.
    pub(crate) fn set(mut self, key: &str, value: &str) -> Self {
        self.keys.insert(key.to_owned(), value.to_owned());
        self
    }

    pub(crate) fn webhook(self, id: &str, text: impl AsRef<str>) -> Self {
        self.file(&format!("conf/webhooks/{id}.toml"), text)
    }

    pub(crate) fn journey(self, id: &str, text: impl AsRef<str>) -> Self {
        self.file(&format!("conf/journeys/{id}.toml"), text)
    }

    /// A file, by its path from the working directory.
    pub(crate) fn file(self, path: &str, text: impl AsRef<str>) -> Self {
        fs::write(self.folder.path().join(path), text.as_ref()).unwrap();
        self
    }

    pub(crate) fn environment(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Serves as an argument of another program, which becomes it.
    pub(crate) fn under<const N: usize>(mut self, words: [&str; N]) -> Self {
        self.under = words.map(str::to_owned).to_vec();
        self
    }

    /// The working directory.
    pub(crate) fn folder(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap()
    }

    /// Another command of the program in the same folder: all that it prints.
    pub(crate) fn command(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        let all = [output.stdout, output.stderr].concat();
        String::from_utf8(all).unwrap()
    }

    /// As [`command`](Self::command), with its exit code.
    pub(crate) fn output(&self, arguments: &[&str]) -> Output {
        self.program().args(arguments).output().unwrap()
    }

    /// Starts it, and waits until it is ready.
    pub(crate) fn start(self) -> Gateway {
        let (http, door) = (free_address(), free_address());
        let mut text = String::new();
        for (key, value) in &self.keys {
            writeln!(text, "{key} = {value}").unwrap();
        }
        writeln!(
            text,
            "listen.http = [\"{http}\"]\nlisten.admin = \"{door}\""
        )
        .unwrap();
        fs::write(self.folder.path().join("conf/gateway.toml"), text).unwrap();
        let mut gateway = Gateway {
            http,
            door,
            process: self.serve(),
            stage: self,
        };
        gateway.ready();
        gateway
    }

    /// Starts the process; what it logs goes after what was logged before.
    fn serve(&self) -> Child {
        let mut log = File::options();
        let log = log.create(true).append(true).open(self.log()).unwrap();
        let program = env!("CARGO_BIN_EXE_stepgate");
        let words = [program, "serve", "--config", "conf/gateway.toml"];
        let mut words = self.under.iter().map(String::as_str).chain(words);
        let mut command = self.here(words.next().expect("the program itself"));
        command
            .args(words)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        command.spawn().unwrap()
    }

    fn program(&self) -> Command {
        self.here(env!("CARGO_BIN_EXE_stepgate"))
    }

    fn here(&self, program: &str) -> Command {
        let mut program = Command::new(program);
        let environment = self.environment.iter().map(|(name, value)| (name, value));
        program.current_dir(self.folder.path()).envs(environment);
        program
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("gateway.log")
    }
}

// === impl Gateway ===

impl Gateway {
    /// Sends one step; the status and the JSON that answer it.
    pub(crate) fn step(&self, step: &Value) -> (u16, Value) {
        self.step_text(&step.to_string())
    }

    /// As [`step`](Self::step), of a step whose very text matters.
    pub(crate) fn step_text(&self, step: &str) -> (u16, Value) {
        parsed(&self.ask(&post(step)))
    }

    /// Sends one step with `headers`, each ended by CRLF.
    pub(crate) fn step_with(&self, headers: &str, step: &Value) -> Answer {
        self.ask(&post_with(headers, &step.to_string()))
    }

    /// What is known of a step: `GET /v1/steps/{id}`.
    pub(crate) fn state(&self, id: &str) -> (u16, Value) {
        parsed(&self.ask(&get(&format!("/v1/steps/{id}"), "")))
    }

    /// The status that answers `DELETE path`.
    pub(crate) fn delete(&self, path: &str) -> u16 {
        self.ask(&get(path, "").replacen("GET", "DELETE", 1)).status
    }

    /// The final outcome of a step that is pending, once it has one.
    pub(crate) fn finally(&self, id: &str) -> Value {
        let mut state = Value::Null;
        until(&format!("a final outcome of `{id}`"), || {
            state = self.state(id).1;
            state["outcome"] != "pending"
        });
        state
    }

    /// One request to the steps' door, on a connection of its own.
    pub(crate) fn ask(&self, request: &str) -> Answer {
        self.client().ask(request)
    }

    pub(crate) fn client(&self) -> Client<TcpStream> {
        Client::to(self.http)
    }

    /// `GET` at the admin door, with a token.
    pub(crate) fn admin_with(&self, path: &str, token: &str) -> Answer {
        let request = get(path, &format!("Authorization: Bearer {token}\r\n"));
        Client::to(self.door).ask(request)
    }

    /// Writes a file anew, by its path from the working directory.
    pub(crate) fn rewrite(&self, path: &str, text: impl AsRef<[u8]>) {
        fs::write(self.path(path), text).unwrap();
    }

    /// Kills it, as no process can prevent.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Starts it again after its end, in the same folder and at the same addresses.
    pub(crate) fn start_again(&mut self) {
        self.process = self.stage.serve();
        self.ready();
    }

    /// Asks it to stop: SIGTERM.
    pub(crate) fn stop(&self) {
        let id = self.id().try_into().ok().and_then(Pid::from_raw);
        kill_process(id.unwrap(), Signal::TERM).unwrap();
    }

    /// Waits for its end.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let mut ended = None;
        until("the end of the gateway", || {
            ended = self.process.try_wait().unwrap();
            ended.is_some()
        });
        ended.expect("it has ended")
    }

    /// The process.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Changes the configuration, and waits until another one is in force.
    pub(crate) fn reload(&self, change: impl FnOnce(&Self)) {
        let versions = || self.logs().matches(" is in force").count();
        let before = versions();
        change(self);
        until("another configuration in force", || versions() > before);
    }

    /// Writes a webhook, and waits until it is in service.
    pub(crate) fn serve_webhook(&self, id: &str, text: &str) {
        self.reload(|gateway| gateway.rewrite(&format!("conf/webhooks/{id}.toml"), text));
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.stage.folder.path().join(path)
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> String {
        self.stage.command(arguments)
    }

    pub(crate) fn output(&self, arguments: &[&str]) -> Output {
        self.stage.output(arguments)
    }

    /// All that it wrote so far.
    pub(crate) fn logs(&self) -> String {
        fs::read_to_string(self.stage.log()).unwrap()
    }

    /// Memory that the process has resident, in KiB.
    pub(crate) fn resident_kib(&self) -> u64 {
        self.status("VmRSS:")
    }

    /// The most that it ever had resident, in KiB.
    pub(crate) fn most_resident_kib(&self) -> u64 {
        self.status("VmHWM:")
    }

    fn status(&self, name: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let number = line.unwrap().trim().strip_suffix(" kB").unwrap();
        number.parse().unwrap()
    }

    fn ready(&mut self) {
        let begin = Instant::now();
        while !self.is_ready() {
            let ended = self.process.try_wait().unwrap();
            assert_eq!(ended, None, "the gateway ended:\n{}", self.logs());
            let late = begin.elapsed() > PATIENCE;
            assert!(!late, "the gateway is not ready:\n{}", self.logs());
            sleep(Duration::from_millis(10));
        }
    }

    fn is_ready(&self) -> bool {
        let ask = || -> io::Result<String> {
            let mut door = TcpStream::connect(self.door)?;
            let request = get("/readyz", "Connection: close\r\n");
            door.write_all(request.as_bytes())?;
            let mut answer = String::new();
            door.read_to_string(&mut answer)?;
            // The doors open one after the other.
            TcpStream::connect(self.http)?;
            Ok(answer)
        };
        ask().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200 "))
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.process.kill());
        drop(self.process.wait());
        if std::thread::panicking() {
            eprintln!("the gateway's log:\n{}", self.logs());
        }
    }
}

/// Waits, in real time, until `done` says so; fails the test after a while.
pub(crate) fn until(what: &str, mut done: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !done() {
        assert!(begin.elapsed() < PATIENCE, "never: {what}");
        sleep(Duration::from_millis(5));
    }
}

/// The text of a webhook that calls `method` at `endpoint`; `more` is TOML that follows.
pub(crate) fn webhook(method: &str, endpoint: &str, more: &str) -> String {
    format!("name = \"W\"\nmethod = \"{method}\"\nendpoint = \"{endpoint}\"\n{more}")
}

/// The URL of `path` at an endpoint that speaks plain HTTP.
pub(crate) fn at(endpoint: &Endpoint, path: &str) -> String {
    format!("http://{}{path}", endpoint.address())
}

/// `members` is a part of `whole`: each of its members stands there with the same value.
#[track_caller]
pub(crate) fn assert_part(whole: &Value, members: &Value, case: &str) {
    for (name, value) in members.as_object().unwrap() {
        assert_eq!(&whole[name], value, "{case}: `{name}` of {whole}");
    }
}

/// A file's path as TOML text.
pub(crate) fn toml_path(path: &Path) -> String {
    format!("{:?}", path.to_str().unwrap())
}

/// The status and the JSON of an answer.
pub(crate) fn parsed(answer: &Answer) -> (u16, Value) {
    let body = serde_json::from_str(&answer.body).unwrap();
    (answer.status, body)
}

/// Where nobody listens. Asked by connecting: a listener of our own, however short, would live on
/// in the processes that other tests are starting at the time.
fn free_address() -> SocketAddr {
    let is_free = |at: &SocketAddr| TcpStream::connect(at).is_err();
    (0..1000)
        .map(|_| (Ipv4Addr::LOCALHOST, fastrand::u16(PORTS)).into())
        .find(is_free)
        .expect("an address is free")
}
