//! The record of a run once more, for TensorBoard: `events.out.tfevents.SECONDS.paso`, up to seven
//! scalars an epoch.
//!
//! A run has one such file. Resuming begins a new one with the epochs that the checkpoint knows, at
//! the times at which they were done, and removes the old one. The file opens by saying that a
//! session starts at step 0, so that a TensorBoard which has seen the old file forgets it.
//!
//! The format is TensorFlow's: records with checksums (`record.rs`), each a message of protocol
//! buffers (`proto.rs`). Both are small enough to be written here; their readers are checked by
//! `tests/python` against TensorBoard itself.

mod proto;
mod record;
#[cfg(test)]
mod tests;

use crate::run::Epoch;
use crate::{Error, files};
use prost::Message;
use proto::{Event, START, SessionLog, Summary, Value};
use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// What every event file says first.
const VERSION: &str = "brain.Event:2";

/// The event file of a run.
#[derive(Debug)]
pub(crate) struct Events {
    path: PathBuf,
}

impl Events {
    /// A file with these epochs, in the place of those that are there.
    pub(crate) fn begin(folder: &Path, epochs: &[Epoch]) -> Result<Self, Error> {
        let old = event_files(folder)?;
        let times: BTreeMap<i64, f64> = old.iter().flat_map(|path| times(path)).collect();
        let now = seconds();
        let about = |event: Event| Event { wall_time: now, ..event };
        let mut file = Vec::new();
        push(&mut file, &about(Event { file_version: Some(VERSION.into()), ..Event::default() }));
        let session_log = Some(SessionLog { status: START });
        push(&mut file, &about(Event { session_log, ..Event::default() }));
        for epoch in epochs {
            // Present for a run that had no events.
            let time = times.get(&step(epoch)).copied().unwrap_or(now);
            push(&mut file, &scalars(epoch, time));
        }
        // TensorBoard reads the files of a folder in the order of their names: ten digits do for
        // centuries.
        let path = folder.join(format!("{PREFIX}{:010}{SUFFIX}", now.floor()));
        files::write_whole(&path, &file)?;
        for old in old.iter().filter(|&old| *old != path) {
            std::fs::remove_file(old).map_err(Error::io(old))?;
        }
        Ok(Self { path })
    }

    pub(crate) fn append(&self, epoch: &Epoch) -> Result<(), Error> {
        let mut bytes = Vec::new();
        push(&mut bytes, &scalars(epoch, seconds()));
        let open = OpenOptions::new().append(true).create(true).open(&self.path);
        open.and_then(|mut file| file.write_all(&bytes)).map_err(Error::io(&self.path))
    }
}

const PREFIX: &str = "events.out.tfevents.";
const SUFFIX: &str = ".paso";

/// The event files of paso in a folder: those of other programs are not touched.
fn event_files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let entries = std::fs::read_dir(folder).map_err(Error::io(folder))?;
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(Error::io(folder))?;
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        let path = entry.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let number = name.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(SUFFIX));
        if number.is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit())) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// When each step's scalars were written. Only the times would be lost with a file that cannot be
/// read: one that is damaged, that is too large, or that is no file.
fn times(path: &Path) -> Vec<(i64, f64)> {
    /// More than the longest run can have: 100,000 epochs of some 200 bytes.
    const LARGEST: u64 = 1 << 28;
    let file = paso_files::read(path, LARGEST).unwrap_or_default();
    let events = record::read(&file).into_iter().filter_map(|data| Event::decode(data).ok());
    let sound = |e: &Event| e.summary.is_some() && e.wall_time.is_finite() && e.wall_time >= 0.0;
    events.filter(sound).map(|e| (e.step, e.wall_time)).collect()
}

fn scalars(epoch: &Epoch, wall_time: f64) -> Event {
    let numbers = [
        ("loss/train", Some(epoch.train_loss)),
        ("loss/val", Some(epoch.val_loss)),
        ("iou/mean", Some(epoch.mean_iou)),
        ("iou/50", Some(epoch.iou50)),
        ("class/accuracy", Some(epoch.class_accuracy)),
        ("lr", Some(epoch.lr)),
        ("gradient/norm", epoch.gradient_norm),
    ];
    #[expect(clippy::cast_possible_truncation, reason = "the format's scalars are f32")]
    let value = |(tag, number): (&str, Option<f64>)| {
        number.map(|number| Value { tag: tag.into(), simple_value: Some(number as f32) })
    };
    let summary = Some(Summary { value: numbers.into_iter().filter_map(value).collect() });
    Event { wall_time, step: step(epoch), summary, ..Event::default() }
}

fn step(epoch: &Epoch) -> i64 {
    i64::try_from(epoch.step).unwrap_or(i64::MAX)
}

fn push(file: &mut Vec<u8>, event: &Event) {
    record::push(file, &event.encode_to_vec());
}

/// Seconds since 1970; 0 for a clock that is set before.
fn seconds() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}
