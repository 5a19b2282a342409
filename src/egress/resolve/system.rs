//! The hosts file and the name servers of this machine.

use super::Lookup;
use async_trait::async_trait;
use hickory_resolver::config::{LookupIpStrategy, ResolveHosts};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::op::Query;
use hickory_resolver::proto::rr::{Name, RecordType};
use hickory_resolver::{Hosts, ResolverBuilder, TokioResolver};
use std::io;
use std::net::IpAddr;
use std::time::Duration;

/// One question to one name server; twice asked and unanswered is still well below a delivery's
/// usual 10 s, so that the failure says DNS and not time-out.
const QUESTION_TIMEOUT: Duration = Duration::from_secs(2);

/// Longest that «no such name» is remembered, whatever its zone says: the next user's attempt is
/// to be a real one.
const NEGATIVE_TTL: Duration = Duration::from_secs(1);

/// Names are looked for in the hosts file, then asked for; answers are kept for as long as they
/// say themselves.
pub(in crate::egress) struct SystemLookup {
    hosts: Hosts,
    resolver: Option<TokioResolver>,
}

// === impl SystemLookup ===

impl SystemLookup {
    /// Reads the machine's settings. Without any, names of the hosts file still resolve.
    pub(in crate::egress) fn new() -> Self {
        let hosts = Hosts::from_system().unwrap_or_default();
        let resolver = match TokioResolver::builder_tokio().and_then(build) {
            Ok(resolver) => Some(resolver),
            Err(error) => {
                tracing::warn!(%error, "no name server: only the hosts file resolves names");
                None
            }
        };
        Self { hosts, resolver }
    }

    fn in_hosts_file(&self, name: &Name) -> Vec<IpAddr> {
        let mut found = Vec::new();
        for kind in [RecordType::A, RecordType::AAAA] {
            let query = Query::query(name.clone(), kind);
            if let Some(lookup) = self.hosts.lookup_static_host(&query) {
                let records = lookup.answers().iter();
                found.extend(records.filter_map(|record| record.data.ip_addr()));
            }
        }
        found
    }
}

#[async_trait]
impl Lookup for SystemLookup {
    async fn lookup(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let mut absolute = Name::from_ascii(name).map_err(io::Error::other)?;
        absolute.set_fqdn(true);
        let listed = self.in_hosts_file(&absolute);
        if !listed.is_empty() {
            return Ok(listed);
        }
        let resolver = self.resolver.as_ref().ok_or(io::ErrorKind::NotConnected)?;
        let found = resolver.lookup_ip(absolute).await;
        Ok(found.map_err(io::Error::other)?.iter().collect())
    }
}

fn build(mut builder: ResolverBuilder<TokioRuntimeProvider>) -> Result<TokioResolver, NetError> {
    let options = builder.options_mut();
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    // It is read here, so that a name in the file never waits for a name server.
    options.use_hosts_file = ResolveHosts::Never;
    options.timeout = QUESTION_TIMEOUT;
    options.negative_max_ttl = Some(NEGATIVE_TTL);
    builder.build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
    use hickory_resolver::proto::op::{Message, ResponseCode};
    use hickory_resolver::proto::rr::{RData, Record};
    use std::sync::{Arc, Mutex};
    use tokio::net::UdpSocket;

    /// A name server: names that begin with `no` are not there, the others have one address of
    /// each family. It remembers what it was asked.
    async fn name_server(ttl: u32) -> (SystemLookup, Arc<Mutex<Vec<String>>>) {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let mut connection = ConnectionConfig::udp();
        connection.port = socket.local_addr().unwrap().port();
        let mut server = NameServerConfig::udp([127, 0, 0, 1].into());
        server.connections = vec![connection];
        let search = vec![Name::from_ascii("search.example.").unwrap()];
        let config = ResolverConfig::from_parts(None, search, vec![server]);
        let asked = Arc::new(Mutex::new(Vec::new()));
        tokio::spawn(serve(socket, ttl, asked.clone()));
        let provider = TokioRuntimeProvider::default();
        let resolver = build(TokioResolver::builder_with_config(config, provider)).unwrap();
        let lookup = SystemLookup {
            hosts: Hosts::default(),
            resolver: Some(resolver),
        };
        (lookup, asked)
    }

    async fn serve(socket: UdpSocket, ttl: u32, asked: Arc<Mutex<Vec<String>>>) {
        let mut packet = [0; 2048];
        loop {
            let (count, client) = socket.recv_from(&mut packet).await.unwrap();
            let question = Message::from_vec(&packet[..count]).unwrap();
            let query = question.queries[0].clone();
            let name = query.name().to_string().to_lowercase();
            asked
                .lock()
                .unwrap()
                .push(format!("{} {name}", query.query_type()));
            let mut answer = Message::response(question.id, question.op_code);
            answer.add_query(query.clone());
            let address: IpAddr = match query.query_type() {
                RecordType::A => "192.0.2.1".parse().unwrap(),
                _ => "2001:db8::1".parse().unwrap(),
            };
            if name.starts_with("no") {
                answer.metadata.response_code = ResponseCode::NXDomain;
            } else {
                let record = Record::from_rdata(query.name().clone(), ttl, RData::from(address));
                answer.add_answer(record);
            }
            let answer = answer.to_vec().unwrap();
            socket.send_to(&answer, client).await.unwrap();
        }
    }

    fn sorted(asked: &Mutex<Vec<String>>) -> Vec<String> {
        let mut asked = asked.lock().unwrap().clone();
        asked.sort();
        asked
    }

    #[tokio::test]
    async fn a_name_is_asked_for_as_it_is_and_once_while_its_answer_is_good() {
        let (lookup, asked) = name_server(60).await;
        for _ in 0..3 {
            let found = lookup.lookup("intranet").await.unwrap();
            assert_eq!(found.len(), 2);
        }
        assert_eq!(sorted(&asked), ["A intranet.", "AAAA intranet."]);
    }

    #[tokio::test]
    async fn an_answer_that_is_good_for_no_time_is_asked_for_each_time() {
        let (lookup, asked) = name_server(0).await;
        for _ in 0..2 {
            lookup.lookup("api.example.com").await.unwrap();
        }
        assert_eq!(sorted(&asked).len(), 4);
    }

    #[tokio::test]
    async fn a_name_that_is_not_there_is_an_error_and_no_search_is_made() {
        let (lookup, asked) = name_server(60).await;
        assert!(lookup.lookup("no.example.com").await.is_err());
        assert_eq!(
            sorted(&asked),
            ["A no.example.com.", "AAAA no.example.com."]
        );
    }

    #[tokio::test]
    async fn a_listed_name_is_not_asked_for() {
        let (mut lookup, asked) = name_server(60).await;
        let file = "10.0.0.1 listed.example.com\n::1 listed.example.com\n";
        lookup.hosts.read_hosts_conf(file.as_bytes()).unwrap();

        let found = lookup.lookup("listed.example.com").await.unwrap();

        let texts: Vec<_> = found.iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["10.0.0.1", "::1"]);
        assert_eq!(sorted(&asked), [""; 0]);
    }
}
