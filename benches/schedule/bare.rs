//! The least that a promise to keep something costs: the bytes of a step appended to a file and
//! synced before it is answered, by one thread that takes what has come, as the store does.

use crate::meter::Mark;
use crate::parts::{produce, step};
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;
use tokio::sync::oneshot;

/// Most that is synced at once, as in the store.
const MOST: usize = 2048;

/// Bytes of a step beside its body: its id, its place in line and what a row needs.
const BESIDE_BODY: usize = 100;

/// Bytes, and where it is said that they are on the disk.
type Asked = (Vec<u8>, oneshot::Sender<()>);

pub(crate) async fn bare(folder: &Path, steps: u64) {
    let file = File::create(folder.join("bare")).unwrap();
    let (ask, asked) = channel();
    // It outlives the measurement, so that its CPU time is counted.
    std::thread::spawn(move || write(file, &asked));
    let mark = Mark::now();
    produce(steps, move |n| append(ask.clone(), n)).await;
    mark.used().say(steps);
}

async fn append(ask: Sender<Asked>, n: u64) {
    let step = step(n, Duration::ZERO);
    let mut bytes = Vec::with_capacity(step.step.body().len() + BESIDE_BODY);
    bytes.extend_from_slice(step.step.body());
    bytes.resize(bytes.len() + BESIDE_BODY, 7);
    let (answer, said) = oneshot::channel();
    ask.send((bytes, answer)).unwrap();
    said.await.unwrap();
}

fn write(mut file: File, asked: &Receiver<Asked>) {
    let (mut group, mut answers) = (Vec::new(), Vec::new());
    while let Ok(first) = asked.recv() {
        for (bytes, answer) in std::iter::once(first).chain(asked.try_iter()).take(MOST) {
            group.extend_from_slice(&bytes);
            answers.push(answer);
        }
        file.write_all(&group).unwrap();
        file.sync_data().unwrap();
        group.clear();
        for answer in answers.drain(..) {
            answer.send(()).unwrap();
        }
    }
    std::thread::sleep(Duration::from_secs(600));
}
