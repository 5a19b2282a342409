//! `gateway.toml`: every key optional, every default here.

use super::field::Field;
use super::reference;
use super::table::Table;
use crate::config::{
    Admin, AdminToken, Ambiguous, Delivery, EgressRules, Gateway, Listen, Log, LogFormat, Oauth2,
    Outcomes, Retry, Role, Shutdown, Steps, Store,
};
use crate::model::Secret;
use ipnet::IpNet;
use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;
const GIB: u64 = 1024 * MIB;
const MINUTE: u64 = 60;
const DAY: u64 = 24 * 60 * MINUTE;

/// The statuses that a setting may name: an answer below 300 is never a failure.
pub(super) const STATUSES: std::ops::RangeInclusive<u16> = 300..=599;

/// Reads the whole file. A key with a fault counts as its default here: the faults that the sheet
/// collects keep the value out of use.
pub(in crate::config) fn read(root: &Table<'_>) -> Option<Gateway> {
    Some(Gateway {
        listen: root.section("listen", listen),
        delivery: root.section("delivery", delivery),
        egress: root.section("egress", egress),
        retry: root.section("retry", retry),
        oauth2: root.section("oauth2", oauth2),
        steps: root.section("steps", steps),
        store: root.section("store", store),
        outcomes: root.section("outcomes", |table| Outcomes {
            keep: table.get("keep", Field::duration).unwrap_or(days(7)),
        }),
        shutdown: root.section("shutdown", |table| Shutdown {
            grace: table
                .get("grace", Field::duration_or_zero)
                .unwrap_or(Duration::from_secs(15)),
        }),
        log: root.section("log", log),
        admin: root.section("admin", admin),
    })
}

/// What `ambiguous` may say.
pub(super) const AMBIGUOUS: [(&str, Ambiguous); 2] =
    [("retry", Ambiguous::Retry), ("exit", Ambiguous::Exit)];

fn listen(table: &Table<'_>) -> Listen {
    let http = table.get("http", |field| field.list(address));
    let unix = table.get("unix", |field| field.list(|item| item.path()));
    let admin = table.get("admin", address);
    let token = table.get("token", secret);
    let default = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let listen = Listen {
        http: http.unwrap_or_else(|| vec![default(8080)]),
        unix: unix.unwrap_or_default(),
        admin: admin.unwrap_or(default(8081)),
        threads: table
            .get("threads", |field| field.number(0..=1024))
            .unwrap_or(0),
        token,
    };
    if let Some(field) = table.field("http") {
        judge_doors(&listen, &field, table.field("token").is_some());
    }
    if let Some(field) = table.field("admin")
        && listen.admin.port() != 0
        && listen.http.contains(&listen.admin)
    {
        field.error("found an address of `listen.http`; expected another");
    }
    listen
}

/// What the addresses of the doors may not be together.
fn judge_doors(listen: &Listen, http: &Field<'_>, guarded: bool) {
    if listen.http.is_empty() && listen.unix.is_empty() {
        http.error("found none, and no `listen.unix`; expected one address or more");
    }
    let public = listen.http.iter().find(|a| !a.ip().is_loopback());
    if let Some(address) = public.filter(|_| !guarded) {
        http.error(format!(
            "{address} is not loopback; expected `listen.token` to be set, or loopback addresses only"
        ));
    }
}

fn delivery(table: &Table<'_>) -> Delivery {
    let limit = |name, default| {
        let size = table.get(name, |field| field.size(1..=GIB));
        usize::try_from(size.unwrap_or(default)).unwrap_or(usize::MAX)
    };
    let count = |name, default| {
        let count = table.get(name, |field| field.number(1..=10_000_000));
        count.unwrap_or(default)
    };
    Delivery {
        timeout: table
            .get("timeout", Field::duration)
            .unwrap_or(Duration::from_secs(10)),
        response_limit: limit("response_limit", MIB),
        render_limit: limit("render_limit", MIB),
        max_in_flight: count("max_in_flight", 10_000),
        max_in_flight_per_host: count("max_in_flight_per_host", 2_000),
        inline_wait: table
            .get("inline_wait", Field::duration_or_zero)
            .unwrap_or(Duration::from_secs(2)),
    }
}

fn egress(table: &Table<'_>) -> EgressRules {
    let network = |field: Field<'_>| {
        field.parsed("a network such as \"10.0.0.0/8\" or an address", |text| {
            let network = text.parse::<IpNet>().ok();
            network.or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
        })
    };
    EgressRules {
        allow_http: table.get("allow_http", Field::boolean).unwrap_or(false),
        allow_addresses: table
            .get("allow_addresses", |field| field.list(network))
            .unwrap_or_default(),
        resolve: table.get("resolve", fixed_names).unwrap_or_default(),
        ca_file: table.get("ca_file", roots),
    }
}

fn fixed_names(field: Field<'_>) -> Option<HashMap<String, IpAddr>> {
    field.table(|table| {
        let entries = table.entries().into_iter().filter_map(|(name, field)| {
            let address = field
                .clone()
                .parsed("an IP address", |text| text.parse().ok())?;
            let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
            if name.is_empty() {
                return field.refuse("found no name; expected a host name");
            }
            Some((name, address))
        });
        Some(entries.collect())
    })
}

/// A file of PEM roots, which must be readable and hold one at least.
fn roots(field: Field<'_>) -> Option<PathBuf> {
    use rustls_pki_types::{CertificateDer, pem::PemObject as _};

    let path = field.clone().path()?;
    field.sheet().depends_on(path.clone());
    let file = path.display();
    let pem = match std::fs::read(&path) {
        Ok(pem) => pem,
        Err(error) => return field.refuse(format!("`{file}` cannot be read: {error}")),
    };
    let roots: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match roots {
        Ok(roots) if roots.is_empty() => {
            field.refuse(format!("`{file}` holds no certificate; expected PEM"))
        }
        Ok(_) => Some(path),
        Err(_) => field.refuse(format!("`{file}` is broken; expected PEM certificates")),
    }
}

fn retry(table: &Table<'_>) -> Retry {
    Retry {
        delay: table
            .get("delay", Field::duration)
            .unwrap_or(Duration::from_secs(3 * MINUTE)),
        jitter: table
            .get("jitter", Field::duration_or_zero)
            .unwrap_or(Duration::ZERO),
        max_retries: table
            .get("max_retries", |field| field.number(0..=1_000))
            .unwrap_or(3),
        statuses: table
            .get("statuses", |field| field.list(|item| item.number(STATUSES)))
            .unwrap_or_else(|| vec![429, 502, 503, 504]),
        ambiguous: table
            .get("ambiguous", |field| field.choice(&AMBIGUOUS))
            .unwrap_or(Ambiguous::Retry),
    }
}

fn oauth2(table: &Table<'_>) -> Oauth2 {
    Oauth2 {
        token_lifetime: table
            .get("token_lifetime", Field::duration)
            .unwrap_or(days(10)),
        max_refreshes: table
            .get("max_refreshes", |field| field.number(0..=1_000))
            .unwrap_or(3),
    }
}

fn steps(table: &Table<'_>) -> Steps {
    Steps {
        dedupe_window: table
            .get("dedupe_window", Field::duration_or_zero)
            .unwrap_or(Duration::from_secs(10 * MINUTE)),
        dedupe_max: table
            .get("dedupe_max", |field| field.number(0..=1_000_000_000))
            .unwrap_or(1_000_000),
        dedupe_memory: table
            .get("dedupe_memory", |field| field.size(0..=1024 * GIB))
            .unwrap_or(256 * MIB),
    }
}

fn store(table: &Table<'_>) -> Store {
    if let Some(url) = table.field("url") {
        url.error("Redis is not supported yet; remove `store.url`");
    }
    Store {
        folder: table
            .get("folder", Field::name)
            .map_or_else(|| PathBuf::from("data"), PathBuf::from),
        reserve: table
            .get("reserve", |field| field.size(0..=1024 * GIB))
            .unwrap_or(256 * MIB),
    }
}

fn log(table: &Table<'_>) -> Log {
    let level = table.get("level", |field| {
        field.choice(&[
            ("error", tracing::Level::ERROR),
            ("warn", tracing::Level::WARN),
            ("info", tracing::Level::INFO),
            ("debug", tracing::Level::DEBUG),
            ("trace", tracing::Level::TRACE),
        ])
    });
    Log {
        level: level.unwrap_or(tracing::Level::INFO),
        format: table.get("format", |field| {
            field.choice(&[("json", LogFormat::Json), ("text", LogFormat::Text)])
        }),
    }
}

fn admin(table: &Table<'_>) -> Admin {
    let host = |field: Field<'_>| field.name().map(str::to_ascii_lowercase);
    let tokens = table.get("tokens", |field| {
        let mut names = HashSet::new();
        field.list(|item| {
            item.table(|table| {
                let token = admin_token(table)?;
                if !names.insert(token.name.clone()) {
                    table.error(format!(
                        "a second token named {:?}; expected another name",
                        token.name
                    ));
                }
                Some(token)
            })
        })
    });
    Admin {
        hosts: table
            .get("hosts", |field| field.list(host))
            .unwrap_or_default(),
        token: table.get("token", secret),
        tokens: tokens.unwrap_or_default(),
        inspector: table.get("inspector", Field::boolean).unwrap_or(true),
    }
}

fn admin_token(table: &Table<'_>) -> Option<AdminToken> {
    let name = table.need("name", "a name", Field::name);
    let role = table.need("role", "\"viewer\", \"editor\" or \"admin\"", |field| {
        field.choice(&[
            ("viewer", Role::Viewer),
            ("editor", Role::Editor),
            ("admin", Role::Admin),
        ])
    });
    let token = table.need("token", "a secret", secret);
    Some(AdminToken {
        name: name?.to_owned(),
        role: role?,
        token: token?,
    })
}

fn address(field: Field<'_>) -> Option<SocketAddr> {
    field.parsed("an address such as \"127.0.0.1:8080\"", |text| {
        text.parse().ok()
    })
}

fn secret(field: Field<'_>) -> Option<Secret> {
    reference::read(field).map(|reference| reference.secret)
}

const fn days(count: u64) -> Duration {
    Duration::from_secs(count * DAY)
}
