//! The measure: a reverse proxy on Pingora's own proxy crate, of the version that the gateway is
//! built on, that passes requests through and does nothing else.
//!
//! `passthrough LISTEN ENDPOINT [tls]`, run by `benches/load.sh`; one thread, until it is killed.

use async_trait::async_trait;
use pingora_core::Result;
use pingora_core::server::Server;
use pingora_core::server::configuration::ServerConf;
use pingora_core::upstreams::peer::HttpPeer;
use pingora_proxy::{ProxyHttp, Session, http_proxy_service};
use std::net::SocketAddr;

/// As in the gateway.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Passes everything to one address.
struct Passthrough {
    endpoint: SocketAddr,
    tls: bool,
}

#[async_trait]
impl ProxyHttp for Passthrough {
    type CTX = ();

    fn new_ctx(&self) -> Self::CTX {}

    #[expect(
        clippy::disallowed_methods,
        reason = "nothing is resolved: this is an address"
    )]
    async fn upstream_peer(&self, _: &mut Session, _: &mut Self::CTX) -> Result<Box<HttpPeer>> {
        let mut peer = HttpPeer::new(self.endpoint, self.tls, "bench".to_owned());
        // What is measured is what connections cost that are open.
        peer.options.verify_cert = false;
        peer.options.verify_hostname = false;
        Ok(Box::new(peer))
    }
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    // Run as a benchmark by itself it has nothing to say.
    let [listen, endpoint, tls @ ..] = &words[..] else {
        return;
    };
    let conf = ServerConf {
        threads: 1,
        grace_period_seconds: Some(0),
        graceful_shutdown_timeout_seconds: Some(0),
        ..ServerConf::default()
    };
    let mut server = Server::new_with_opt_and_conf(None, conf);
    server.bootstrap();
    let passthrough = Passthrough {
        endpoint: endpoint.parse().expect("an address"),
        tls: tls == ["tls"],
    };
    let mut service = http_proxy_service(&server.configuration.clone(), passthrough);
    service.add_tcp(listen);
    server.add_service(service);
    server.run_forever();
}
