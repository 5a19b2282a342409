//! The same door over h2c.

use super::limits::until;
use super::{STEP, named};
use crate::support::gateway::{Running, Scripted, Setup, continued};
use bytes::Bytes;
use h2::client::{self, SendRequest};
use http::Request;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

async fn connect(gateway: &Running) -> SendRequest<Bytes> {
    let stream = TcpStream::connect(gateway.http).await.unwrap();
    let (requests, connection) = client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    requests.ready().await.unwrap()
}

fn request() -> Request<()> {
    Request::post("http://localhost/v1/steps")
        .header("content-type", "application/json")
        .body(())
        .unwrap()
}

/// Sends one step; its status and answer.
async fn ask(requests: &mut SendRequest<Bytes>, body: impl Into<Bytes>) -> (u16, String) {
    let (answer, mut stream) = requests.send_request(request(), false).unwrap();
    stream.send_data(body.into(), true).unwrap();
    let (head, mut body) = answer.await.unwrap().into_parts();
    let mut text = Vec::new();
    while let Some(piece) = body.data().await {
        let piece = piece.unwrap();
        body.flow_control().release_capacity(piece.len()).unwrap();
        text.extend_from_slice(&piece);
    }
    (head.status.as_u16(), String::from_utf8(text).unwrap())
}

#[tokio::test]
async fn steps_on_one_connection_run_beside_each_other() {
    let (runs, leave) = (Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(0)));
    let (begun, go) = (runs.clone(), leave.clone());
    let gateway = Setup::new(Scripted::new(move |arrival| {
        let (begun, go) = (begun.clone(), go.clone());
        async move {
            begun.fetch_add(1, Ordering::SeqCst);
            go.acquire().await.unwrap().forget();
            Ok(continued(&arrival))
        }
    }))
    .start();
    let mut requests = connect(&gateway).await;
    let mut other = requests.clone();
    let (a, b) = (named("a"), named("b"));
    let asking =
        tokio::spawn(async move { tokio::join!(ask(&mut requests, a), ask(&mut other, b)) });

    tokio::task::spawn_blocking(move || until(|| runs.load(Ordering::SeqCst) == 2))
        .await
        .unwrap();
    leave.add_permits(2);

    let ((first, a), (second, b)) = asking.await.unwrap();
    assert_eq!((first, second), (200, 200));
    assert!(
        a.contains(r#""id":"a""#) && b.contains(r#""id":"b""#),
        "{a} {b}"
    );
    tokio::task::spawn_blocking(move || drop(gateway))
        .await
        .unwrap();
}

#[tokio::test]
async fn refusals_read_the_same_over_h2c() {
    let gateway = Setup::new(Scripted::continuing()).start();
    let mut requests = connect(&gateway).await;

    let (taken, _) = ask(&mut requests, STEP).await;
    let (invalid, problem) = ask(&mut requests, "{}").await;
    let (large, _) = ask(&mut requests, vec![b' '; 1024 * 1024 + 1]).await;
    let (again, _) = ask(&mut requests, STEP).await;

    assert_eq!((taken, invalid, large, again), (200, 400, 413, 200));
    assert!(problem.contains(r#""type":"invalid-step""#), "{problem}");
    tokio::task::spawn_blocking(move || drop(gateway))
        .await
        .unwrap();
}

#[tokio::test]
async fn an_h2_connection_is_told_when_the_gateway_stops() {
    let gateway = Setup::new(Scripted::continuing()).start();
    let stream = TcpStream::connect(gateway.http).await.unwrap();
    let (requests, connection) = client::handshake(stream).await.unwrap();
    let connection = tokio::spawn(connection);
    let mut requests = requests.ready().await.unwrap();
    assert_eq!(ask(&mut requests, STEP).await.0, 200);

    gateway.stop();

    drop(requests);
    connection.await.unwrap().unwrap();
    tokio::task::spawn_blocking(move || until(|| gateway.stopped()))
        .await
        .unwrap();
}
