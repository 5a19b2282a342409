//! Asks a gateway that runs, at its admin listener.

use crate::admin::{self, Question, Report};
use crate::config::Gateway;
use crate::model::Secret;
use anyhow::{Context, anyhow, bail};
use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// Longest that a connection takes. The gateway is on this machine, or near it.
const CONNECT: Duration = Duration::from_secs(3);

/// Longest silence of a gateway that was asked.
const ANSWER: Duration = Duration::from_secs(15);

/// Most bytes of an answer: some hundred thousand tiles.
const MOST_BYTES: u64 = 256 * 1024 * 1024;

/// Why there is no report.
#[derive(Debug)]
pub(super) enum Unanswered {
    /// There is no gateway.
    Nobody {
        address: SocketAddr,
        source: io::Error,
    },
    /// There is one, or something else that listens at its address.
    Fault(anyhow::Error),
}

/// What the gateway that runs on `gateway` says.
///
/// # Errors
/// [`Unanswered`].
pub(super) fn running(gateway: &Gateway, question: &Question) -> Result<Report, Unanswered> {
    let address = reachable(gateway.listen.admin);
    let stream = TcpStream::connect_timeout(&address, CONNECT)
        .map_err(|source| Unanswered::Nobody { address, source })?;
    let report = token(gateway)
        .and_then(|token| ask(stream, question, token.as_ref()))
        .with_context(|| format!("asked what listens at {address}, the admin address"));
    report.map_err(Unanswered::Fault)
}

/// Where a listener at `address` is reached from this machine.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// The configured admin token, or the one that was made, or any other: all may read.
fn token(gateway: &Gateway) -> anyhow::Result<Option<Secret>> {
    if let Some(token) = &gateway.admin.token {
        return Ok(Some(token.clone()));
    }
    let named = gateway.admin.tokens.first().map(|named| &named.token);
    match admin::kept_token(gateway) {
        Ok(kept) => Ok(kept.or_else(|| named.cloned())),
        Err(_) if named.is_some() => Ok(named.cloned()),
        Err(fault) => Err(fault.into()),
    }
}

fn ask(mut stream: TcpStream, question: &Question, token: Option<&Secret>) -> anyhow::Result<Report> {
    stream.set_read_timeout(Some(ANSWER))?;
    stream.set_write_timeout(Some(ANSWER))?;
    // Whatever the address, `localhost` is a name that the gateway knows.
    let mut request = format!(
        "GET /admin/v1/schedule?{} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n",
        question.query()
    );
    if let Some(token) = token {
        let _ = write!(request, "Authorization: Bearer {}\r\n", token.expose());
    }
    request.push_str("\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.take(MOST_BYTES).read_to_end(&mut answer)?;
    read(&answer)
}

/// Reads a whole answer; its body is as long as the connection.
fn read(answer: &[u8]) -> anyhow::Result<Report> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
    let (head, body) = answer.split_at(end.context("it does not speak HTTP")? + 4);
    let head = String::from_utf8_lossy(head);
    let status = head.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3));
    match status {
        Some("200") => serde_json::from_slice(body).context("it gave no report of a schedule"),
        Some("401") => bail!(
            "it knows no token of `admin` in the configuration, nor the one in the data folder: was it started with another configuration, or in another folder?"
        ),
        Some(status) => Err(anyhow!("it answered {status}: {}", detail(body))),
        None => bail!("it does not speak HTTP/1.1"),
    }
}

/// What a problem says of itself.
fn detail(body: &[u8]) -> String {
    let problem: Option<serde_json::Value> = serde_json::from_slice(body).ok();
    let detail = problem.as_ref().and_then(|problem| problem["detail"].as_str());
    detail.unwrap_or("no reason given").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_at_every_address_is_reached_over_loopback() {
        for (listens, reached) in [
            ("0.0.0.0:8081", "127.0.0.1:8081"),
            ("[::]:8081", "[::1]:8081"),
            ("10.0.0.5:1", "10.0.0.5:1"),
        ] {
            let reached: SocketAddr = reached.parse().unwrap();
            assert_eq!(reachable(listens.parse().unwrap()), reached, "{listens}");
        }
    }

    #[test]
    fn what_is_no_report_is_said_in_words() {
        for (answer, said) in [
            ("SSH-2.0-x\r\n", "it does not speak HTTP"),
            ("NO\r\n\r\n", "it does not speak HTTP/1.1"),
            ("HTTP/1.1 200 OK\r\n\r\nhello", "it gave no report of a schedule"),
            (
                "HTTP/1.1 503 No\r\n\r\n{\"detail\":\"the schedule is out of reach\"}",
                "it answered 503: the schedule is out of reach",
            ),
            ("HTTP/1.1 404 No\r\n\r\n", "it answered 404: no reason given"),
        ] {
            assert_eq!(read(answer.as_bytes()).unwrap_err().to_string(), said);
        }
    }
}
