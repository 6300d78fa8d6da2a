//! The record of a run, a line an epoch: `metrics.csv` for spreadsheets, `metrics.jsonl` for
//! programs, and the events of `crate::run::events` for TensorBoard.
//!
//! Lines are appended. A kill can leave a line too much, or a part of one; resuming keeps the lines
//! of the epochs that the checkpoint knows, and nothing else.
//!
//! The checkpoint is the truth and the record follows it: a line that no checkpoint knows is of an
//! epoch that will be repeated. All three files are replaced when a run is resumed, from the
//! lines of `metrics.jsonl`, which is the only one that epochs are read from.

use crate::run::Epoch;
use crate::run::events::Events;
use crate::{Error, files};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

const HEADER: &str =
    "epoch,step,lr,train_loss,val_loss,mean_iou,iou50,class_accuracy,gradient_norm\n";
const JSONL: &str = "metrics.jsonl";

#[derive(Debug)]
pub(crate) struct History {
    csv: PathBuf,
    jsonl: PathBuf,
    events: Events,
}

impl History {
    fn at(folder: &Path, events: Events) -> Self {
        Self { csv: folder.join("metrics.csv"), jsonl: folder.join(JSONL), events }
    }

    /// An empty record in a new run folder.
    pub(crate) fn create(folder: &Path) -> Result<Self, Error> {
        let history = Self::at(folder, Events::begin(folder, &[])?);
        history.rewrite(&[])?;
        Ok(history)
    }

    /// The record goes on after these epochs, and forgets what it has beyond them.
    pub(crate) fn resume(folder: &Path, kept: &[Epoch]) -> Result<Self, Error> {
        let history = Self::at(folder, Events::begin(folder, kept)?);
        history.rewrite(kept)?;
        Ok(history)
    }

    fn rewrite(&self, epochs: &[Epoch]) -> Result<(), Error> {
        let csv: String =
            std::iter::once(HEADER.to_owned()).chain(epochs.iter().map(csv_line)).collect();
        let jsonl: String = epochs.iter().map(json_line).collect();
        files::write_whole(&self.csv, csv.as_bytes())?;
        files::write_whole(&self.jsonl, jsonl.as_bytes())
    }

    pub(crate) fn append(&self, epoch: &Epoch) -> Result<(), Error> {
        append(&self.csv, &csv_line(epoch))?;
        append(&self.jsonl, &json_line(epoch))?;
        self.events.append(epoch)
    }
}

/// The first `epochs` epochs of the record in a folder. Nothing is changed.
pub(crate) fn read(folder: &Path, epochs: u64) -> Result<Vec<Epoch>, Error> {
    let jsonl = folder.join(JSONL);
    let text = std::fs::read_to_string(&jsonl).map_err(Error::io(&jsonl))?;
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Epoch>(line).ok());
    Ok(lines.filter(|e| e.epoch <= epochs).collect())
}

fn append(path: &Path, line: &str) -> Result<(), Error> {
    let mut file =
        OpenOptions::new().append(true).create(true).open(path).map_err(Error::io(path))?;
    file.write_all(line.as_bytes()).map_err(Error::io(path))
}

fn csv_line(e: &Epoch) -> String {
    let norm = e.gradient_norm.map(|norm| norm.to_string()).unwrap_or_default();
    format!(
        "{},{},{},{},{},{},{},{},{norm}\n",
        e.epoch, e.step, e.lr, e.train_loss, e.val_loss, e.mean_iou, e.iou50, e.class_accuracy
    )
}

fn json_line(epoch: &Epoch) -> String {
    // Numbers only: it cannot fail, and an infinite loss would be `null`.
    serde_json::to_string(epoch).unwrap_or_default() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epoch(epoch: u64) -> Epoch {
        Epoch {
            epoch,
            step: 7 * epoch,
            lr: 1e-3,
            train_loss: 0.5,
            val_loss: 0.25,
            mean_iou: 0.1,
            iou50: 0.0,
            class_accuracy: 1.0,
            gradient_norm: (epoch > 1).then_some(2.5),
        }
    }

    #[test]
    fn resuming_cuts_off_what_the_checkpoint_does_not_know() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let history = History::create(folder.path()).expect("it is written");
        (1..=3).for_each(|e| history.append(&epoch(e)).expect("it is written"));
        append(&history.jsonl, "{\"epoch\":4,\"st").expect("it is written");
        let kept = read(folder.path(), 2).expect("it is read");
        History::resume(folder.path(), &kept).expect("it is written");
        let csv = std::fs::read_to_string(&history.csv).expect("it is there");
        assert_eq!(
            csv,
            format!("{HEADER}1,7,0.001,0.5,0.25,0.1,0,1,\n2,14,0.001,0.5,0.25,0.1,0,1,2.5\n")
        );
        assert_eq!(
            std::fs::read_to_string(&history.jsonl).expect("it is there").lines().count(),
            2
        );
    }

    #[test]
    fn a_record_that_was_cut_anywhere_keeps_its_whole_lines() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let history = History::create(folder.path()).expect("it is written");
        (1..=3).for_each(|e| history.append(&epoch(e)).expect("it is written"));
        let whole = std::fs::read(&history.jsonl).expect("it is there");
        for cut in 0..=whole.len() {
            std::fs::write(&history.jsonl, &whole[..cut]).expect("it is written");
            let kept = read(folder.path(), 9).expect("it is read");
            let again = History::resume(folder.path(), &kept).expect("it is written");
            // A line without its end is whole if only the end is missing.
            let newlines = whole.iter().enumerate().filter(|(_, b)| **b == b'\n');
            let lines = newlines.filter(|(at, _)| *at <= cut).count();
            assert_eq!(kept.last().map_or(0, |e| e.epoch), lines as u64, "cut at {cut}");
            let jsonl = std::fs::read(&again.jsonl).expect("it is there");
            assert!(whole.starts_with(&jsonl), "cut at {cut}");
            let csv = std::fs::read_to_string(&again.csv).expect("it is there");
            assert_eq!(csv.lines().count(), lines + 1, "cut at {cut}");
        }
    }

    #[test]
    fn a_loss_that_is_not_finite_is_written_and_its_line_is_not_read_back() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let history = History::create(folder.path()).expect("it is written");
        let infinite = Epoch { val_loss: f64::INFINITY, ..epoch(1) };
        history.append(&infinite).expect("it is written");
        let csv = std::fs::read_to_string(&history.csv).expect("it is there");
        assert!(csv.contains(",inf,"), "{csv}");
        assert_eq!(read(folder.path(), 1).expect("it is read"), [], "JSON has no infinity");
    }

    #[test]
    fn a_record_of_an_earlier_version_has_no_norm() {
        let line = json_line(&epoch(1));
        assert!(!line.contains("gradient_norm"), "{line}");
        assert_eq!(serde_json::from_str::<Epoch>(&line).expect("an epoch"), epoch(1));
        let line = json_line(&epoch(2));
        assert_eq!(serde_json::from_str::<Epoch>(&line).expect("an epoch"), epoch(2));
    }

    #[test]
    fn a_folder_without_a_record_is_an_error_that_names_the_file() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let message = read(folder.path(), 1).expect_err("nothing is there").to_string();
        assert!(message.contains("metrics.jsonl"), "{message}");
    }
}
