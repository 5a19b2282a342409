//! Addresses: which are refused at start, and what a unix socket is like.

use super::STEP;
use crate::support::client::{Client, post};
use crate::support::gateway::{Running, Scripted, Setup};
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;

fn on_a_socket() -> (Setup, PathBuf) {
    let mut setup = Setup::new(Scripted::continuing());
    let path = setup.folder.path().join("steps.sock");
    setup.gateway.listen.unix = vec![path.clone()];
    (setup, path)
}

fn refusal(setup: Setup) -> String {
    match setup.try_start() {
        Ok(_) => panic!("it started"),
        Err(fault) => format!("{:#}", anyhow::Error::from(fault)),
    }
}

fn step_over(path: &PathBuf) -> u16 {
    let mut client = Client::on(UnixStream::connect(path).unwrap());
    client.ask(post(STEP)).status
}

#[test]
fn a_unix_socket_takes_steps_and_is_for_owner_and_group() {
    let (setup, path) = on_a_socket();

    let _gateway: Running = setup.start();

    let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    assert_eq!(
        (format!("{mode:o}"), step_over(&path)),
        ("660".to_owned(), 200)
    );
}

#[test]
fn a_stale_unix_socket_is_replaced() {
    let (setup, path) = on_a_socket();
    drop(UnixListener::bind(&path).unwrap());

    let _gateway = setup.start();

    assert_eq!(step_over(&path), 200);
}

#[test]
fn a_unix_socket_that_is_served_or_no_socket_is_left_alone() {
    let (setup, path) = on_a_socket();
    let _other = UnixListener::bind(&path).unwrap();
    assert_eq!(
        refusal(setup),
        format!(
            "cannot listen on {}: another process serves it",
            path.display()
        )
    );

    let (setup, path) = on_a_socket();
    fs::write(&path, "precious").unwrap();
    assert_eq!(
        refusal(setup),
        format!(
            "cannot listen on {}: there is a file that is no socket",
            path.display()
        )
    );
}

#[test]
fn an_address_in_use_is_an_error_that_names_it() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let mut setup = Setup::new(Scripted::continuing());
    setup.gateway.listen.http = vec![address];

    assert_eq!(
        refusal(setup),
        format!("cannot listen on {address}: Address already in use (os error 98)")
    );
}

#[test]
fn an_address_that_others_can_reach_needs_a_token() {
    let mut setup = Setup::new(Scripted::continuing());
    setup.gateway.listen.http = vec![([0, 0, 0, 0], 0).into()];

    assert_eq!(
        refusal(setup),
        "`listen.http` has 0.0.0.0:0, which others can reach: set `listen.token`, or listen on a \
         loopback address"
    );
}
