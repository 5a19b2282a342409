//! A load that does not wait for its answers: steps are due at fixed moments, and what one took
//! counts from when it was due, so that a stall shows in all that came after it.
//!
//! Run by `benches/scale.sh`, on one thread each:
//! - `open_loop rate ADDRESS STEP RATE SECONDS` prints `p50_us p99_us p999_us answered`;
//! - `open_loop hold ADDRESS STEP COUNT` sends so many steps at once and waits for their answers;
//! - `open_loop slow ADDRESS SECONDS` is an endpoint that answers after so long.

mod rate;

use std::error::Error;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::sleep;

type Fault = Box<dyn Error>;

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// Whether `came` is a whole answer; another than a 200 is a fault.
fn is_whole(came: &[u8]) -> Result<bool, Fault> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut answer = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(head) = answer.parse(came)? else {
        return Ok(false);
    };
    if answer.code != Some(200) {
        return Err(String::from_utf8_lossy(came).into());
    }
    let mut lengths = answer.headers.iter();
    let length = lengths.find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let length: usize = match length {
        Some(header) => std::str::from_utf8(header.value)?.parse()?,
        None => return Err("an answer without a length".into()),
    };
    Ok(came.len() >= head + length)
}

fn request(address: &str, step: &str) -> Vec<u8> {
    format!(
        "POST /v1/steps HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{step}",
        step.len()
    )
    .into_bytes()
}

async fn hold(address: &str, step: &str, count: usize) -> Result<(), Fault> {
    let request: &'static [u8] = request(address, step).leak();
    let mut running = Vec::new();
    for _ in 0..count {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(request).await?;
        running.push(stream);
    }
    for mut stream in running {
        let mut came = Vec::with_capacity(1024);
        while !is_whole(&came)? {
            if stream.read_buf(&mut came).await? == 0 {
                return Err("a connection was closed".into());
            }
        }
    }
    Ok(())
}

/// Answers each request that comes in one piece, and the next on the same connection.
async fn slow(address: &str, after: Duration) -> Result<(), Fault> {
    // Thousands connect at once.
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address.parse()?)?;
    let listener = socket.listen(4096)?;
    loop {
        let (mut stream, _) = listener.accept().await?;
        tokio::spawn(async move {
            let mut room = vec![0; 4096];
            while let Ok(1..) = stream.read(&mut room).await {
                sleep(after).await;
                if stream.write_all(ANSWER).await.is_err() {
                    return;
                }
            }
        });
    }
}

fn main() -> Result<(), Fault> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let step = |path: &str| std::fs::read_to_string(path);
    match words[..] {
        ["rate", address, path, rate, seconds] => {
            rate::run(address, path, rate.parse()?, seconds.parse()?)
        }
        ["hold", address, path, count] => {
            runtime.block_on(hold(address, &step(path)?, count.parse()?))
        }
        ["slow", address, seconds] => {
            runtime.block_on(slow(address, Duration::from_secs_f64(seconds.parse()?)))
        }
        // Run as a benchmark by itself it has nothing to say.
        _ => Ok(()),
    }
}
