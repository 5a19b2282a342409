//! Asks a gateway that runs, at its admin listener.

use crate::admin::{self, Question, Report};
use crate::cli::wire::{self, Message};
use crate::config::Gateway;
use crate::model::Secret;
use anyhow::{Context, anyhow, bail};
use humantime::format_duration;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Longest that a connection takes. The gateway is on this machine, or near it.
const CONNECT: Duration = Duration::from_secs(3);

/// Longest that an answer takes.
const ANSWER: Duration = Duration::from_secs(15);

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
pub(super) async fn running(gateway: &Gateway, question: &Question) -> Result<Report, Unanswered> {
    let address = reachable(gateway.listen.admin);
    let stream = timeout(CONNECT, TcpStream::connect(address)).await;
    let stream = stream
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
        .map_err(|source| Unanswered::Nobody { address, source })?;
    let report = match token(gateway) {
        Ok(token) => ask(stream, question, token.as_ref()).await,
        Err(fault) => Err(fault),
    };
    report
        .with_context(|| format!("asked what listens at {address}, the admin address"))
        .map_err(Unanswered::Fault)
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

async fn ask(
    stream: TcpStream,
    question: &Question,
    token: Option<&Secret>,
) -> anyhow::Result<Report> {
    let path = format!("/admin/v1/schedule?{}", question.query());
    let bearer = token
        .map(|token| format!("Authorization: Bearer {}\r\n", token.expose()))
        .unwrap_or_default();
    let answer = wire::ask(stream, &path, &bearer, None);
    match timeout(ANSWER, answer).await {
        Ok(answer) => read(answer),
        Err(_) => bail!("it gave no answer in {}", format_duration(ANSWER)),
    }
}

fn read(answer: io::Result<Message>) -> anyhow::Result<Report> {
    let answer = answer.map_err(|error| {
        let what = match error.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData => "it does not speak HTTP",
            _ => "it gave no answer",
        };
        anyhow::Error::new(error).context(what)
    })?;
    if !answer.start.starts_with("HTTP/1.1 ") {
        bail!("it does not speak HTTP/1.1");
    }
    match answer.status() {
        Some(200) => {
            serde_json::from_slice(&answer.body).context("it gave no report of a schedule")
        }
        Some(401) => bail!(
            "it knows no token of `admin` in the configuration, nor the one in the data folder: was it started with another configuration, or in another folder?"
        ),
        Some(status) => Err(anyhow!("it answered {status}: {}", detail(&answer.body))),
        None => bail!("it does not speak HTTP/1.1"),
    }
}

/// What a problem says of itself.
fn detail(body: &[u8]) -> String {
    let problem: Option<serde_json::Value> = serde_json::from_slice(body).ok();
    let detail = problem
        .as_ref()
        .and_then(|problem| problem["detail"].as_str());
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

    #[tokio::test]
    async fn what_is_no_report_is_said_in_words() {
        for (answer, said) in [
            ("SSH-2.0-x\r\n", "it does not speak HTTP"),
            ("NO\r\n\r\n", "it does not speak HTTP/1.1"),
            (
                "HTTP/1.1 200 OK\r\n\r\nhello",
                "it gave no report of a schedule",
            ),
            (
                "HTTP/1.1 503 No\r\n\r\n{\"detail\":\"the schedule is out of reach\"}",
                "it answered 503: the schedule is out of reach",
            ),
            (
                "HTTP/1.1 404 No\r\n\r\n",
                "it answered 404: no reason given",
            ),
        ] {
            let answer = Message::read(&mut answer.as_bytes()).await;
            let answer = answer.map(|answer| answer.expect("a message began"));
            assert_eq!(read(answer).unwrap_err().to_string(), said);
        }
        let lost = Err(io::ErrorKind::ConnectionReset.into());
        assert_eq!(
            format!("{:#}", read(lost).unwrap_err()),
            "it gave no answer: connection reset"
        );
    }
}
