//! Steps at fixed moments, on one thread that does little else: no runtime, no clock of its own, so
//! that what is measured has the rest of the core.

use super::{Fault, is_whole, request};
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use std::collections::VecDeque;
use std::fs::read_to_string;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::os::fd::OwnedFd;
use std::time::Duration;
use tokio::time::Instant;

/// Most connections; past them a step that is due waits for one.
const MOST_CONNECTIONS: usize = 256;

/// How long a run goes before it is measured.
const WARM_UP: Duration = Duration::from_millis(500);

/// A server that is silent for so long has lost a step.
const PATIENCE: Duration = Duration::from_secs(15);

/// One connection, with one request on it at a time.
struct Client {
    stream: TcpStream,
    /// When its request was due.
    due: Instant,
    /// How much of the answer is here.
    came: usize,
    room: [u8; 4096],
}

/// A run under way.
struct Run<'a> {
    address: &'a str,
    request: Vec<u8>,
    epoll: OwnedFd,
    clients: Vec<Client>,
    idle: Vec<usize>,
    due: VecDeque<Instant>,
    /// What steps took that were due after `measured`.
    took: Vec<Duration>,
    measured: Instant,
}

/// Sends `rate` steps a second and prints `p50_us p99_us p999_us answered`.
pub(super) fn run(address: &str, step: &str, rate: f64, seconds: f64) -> Result<(), Fault> {
    let begin = Instant::now();
    let mut run = Run {
        address,
        request: request(address, &read_to_string(step)?),
        epoll: epoll::create(CreateFlags::CLOEXEC)?,
        clients: Vec::new(),
        idle: Vec::new(),
        due: VecDeque::new(),
        took: Vec::new(),
        measured: begin + WARM_UP,
    };
    let total = (rate * (seconds + WARM_UP.as_secs_f64())) as u64;
    let at = |n: u64| begin + Duration::from_secs_f64(n as f64 / rate);
    let mut sent = 0;
    loop {
        let now = Instant::now();
        while sent < total && at(sent) <= now {
            run.due.push_back(at(sent));
            sent += 1;
        }
        run.send()?;
        let next = (sent < total).then(|| at(sent));
        if next.is_none() && run.is_done() {
            break;
        }
        run.wait(next)?;
    }
    run.took.sort_unstable();
    let took = &run.took;
    let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize].as_micros();
    println!("{} {} {} {}", at(0.5), at(0.99), at(0.999), took.len());
    Ok(())
}

// === impl Run ===

impl Run<'_> {
    fn is_done(&self) -> bool {
        self.due.is_empty() && self.idle.len() == self.clients.len()
    }

    /// Sends what is due, as far as there are connections.
    fn send(&mut self) -> Result<(), Fault> {
        while !self.due.is_empty() {
            let which = match self.idle.pop() {
                Some(which) => which,
                None if self.clients.len() < MOST_CONNECTIONS => self.connect()?,
                None => return Ok(()),
            };
            let client = &mut self.clients[which];
            client.came = 0;
            client.due = self.due.pop_front().expect("looked at above");
            // A request is far smaller than what a socket takes at once.
            client.stream.write_all(&self.request)?;
        }
        Ok(())
    }

    fn connect(&mut self) -> Result<usize, Fault> {
        let stream = TcpStream::connect(self.address)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let which = self.clients.len();
        epoll::add(
            &self.epoll,
            &stream,
            EventData::new_u64(which as u64),
            EventFlags::IN,
        )?;
        self.clients.push(Client {
            stream,
            due: self.measured,
            came: 0,
            room: [0; 4096],
        });
        Ok(which)
    }

    /// Reads what comes until the next step is due.
    fn wait(&mut self, next: Option<Instant>) -> Result<(), Fault> {
        let wait = next.map_or(PATIENCE, |next| {
            next.saturating_duration_since(Instant::now())
        });
        let wait = Timespec::try_from(wait)?;
        let mut events = Vec::with_capacity(MOST_CONNECTIONS);
        epoll::wait(
            &self.epoll,
            rustix::buffer::spare_capacity(&mut events),
            Some(&wait),
        )?;
        if events.is_empty() && next.is_none() {
            return Err("a step was not answered".into());
        }
        for event in &events {
            self.read(event)?;
        }
        Ok(())
    }

    fn read(&mut self, event: &Event) -> Result<(), Fault> {
        let which = usize::try_from(event.data.u64())?;
        let client = &mut self.clients[which];
        match client.stream.read(&mut client.room[client.came..]) {
            Ok(0) => return Err("a connection was closed, or an answer too long".into()),
            Ok(length) => client.came += length,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        let came = &client.room[..client.came];
        if !is_whole(came)? {
            return Ok(());
        }
        if client.due > self.measured {
            self.took.push(client.due.elapsed());
        }
        self.idle.push(which);
        Ok(())
    }
}
