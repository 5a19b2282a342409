//! Batches over what else carries steps.

use super::{endpoint, gateway, line, shorts, stage, step};
use crate::support::batch::Batch;
use bytes::Bytes;
use h2::client;
use http::Request;
use serde_json::Value;
use std::net::TcpStream;
use std::os::unix::net::UnixStream;

#[test]
fn a_batch_comes_with_its_length_too() {
    let (_endpoint, gateway) = gateway();
    let text = step("a", "x") + &step("b", "x");
    let stream = TcpStream::connect(gateway.http).unwrap();
    let mut batch = Batch::on(
        stream,
        &format!("Content-Length: {}\r\nExpect: 100-continue\r\n", text.len()),
    );
    // Who asks is told to go on.
    assert_eq!(batch.head().0, 100);
    batch.send_raw(&text);

    assert_eq!(batch.head().0, 200);
    assert_eq!(
        shorts(&batch.rest()),
        [line(1, "a", "continue"), line(2, "b", "continue")]
    );
}

#[test]
fn a_batch_comes_over_a_unix_socket() {
    let endpoint = endpoint();
    let stage = stage(&endpoint);
    let path = stage.folder().join("steps.sock");
    let gateway = stage
        .set("listen.unix", &format!("['{}']", path.display()))
        .start();
    let stream = UnixStream::connect(gateway.path("steps.sock")).unwrap();
    let mut batch = Batch::on(stream, "Transfer-Encoding: chunked\r\n");
    batch.send(&(step("a", "x") + &step("b", "x")));
    batch.end();

    assert_eq!(batch.head().0, 200);
    assert_eq!(
        shorts(&batch.rest()),
        [line(1, "a", "continue"), line(2, "b", "continue")]
    );
}

#[tokio::test]
async fn a_batch_comes_over_h2c_and_its_outcomes_come_while_it_does() {
    let (_endpoint, gateway) = tokio::task::spawn_blocking(gateway).await.unwrap();
    let stream = tokio::net::TcpStream::connect(gateway.http).await.unwrap();
    let (requests, connection) = client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let mut requests = requests.ready().await.unwrap();
    let head = Request::post("http://localhost/v1/steps")
        .header("content-type", "application/x-ndjson")
        .body(())
        .unwrap();
    let (answer, mut lines) = requests.send_request(head, false).unwrap();
    lines.send_data(Bytes::from(step("a", "x")), false).unwrap();
    let (head, mut body) = answer.await.unwrap().into_parts();

    let first = body.data().await.unwrap().unwrap();
    lines.send_data(Bytes::from(step("b", "x")), true).unwrap();
    let mut rest = Vec::new();
    while let Some(piece) = body.data().await {
        rest.extend_from_slice(&piece.unwrap());
    }

    assert_eq!(head.status.as_u16(), 200);
    let values = |bytes: &[u8]| -> Vec<Value> {
        let lines = serde_json::Deserializer::from_slice(bytes).into_iter();
        lines.map(Result::unwrap).collect()
    };
    assert_eq!(shorts(&values(&first)), [line(1, "a", "continue")]);
    assert_eq!(shorts(&values(&rest)), [line(2, "b", "continue")]);
    tokio::task::spawn_blocking(move || drop(gateway))
        .await
        .unwrap();
}

#[test]
fn an_old_client_gets_its_outcomes_until_the_end_of_the_connection() {
    use std::io::{Read, Write};
    let (_endpoint, gateway) = gateway();
    let text = step("a", "x");
    let mut stream = TcpStream::connect(gateway.http).unwrap();
    let head = format!(
        "POST /v1/steps HTTP/1.0\r\nContent-Type: application/x-ndjson\r\nContent-Length: {}\r\n\r\n",
        text.len()
    );
    stream.write_all((head + &text).as_bytes()).unwrap();

    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();

    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(
        !head.to_ascii_lowercase().contains("transfer-encoding"),
        "{head}"
    );
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(shorts(&[body]), [line(1, "a", "continue")]);
}
