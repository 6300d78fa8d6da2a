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
const CSV: &str = "metrics.csv";
const JSONL: &str = "metrics.jsonl";
/// More than the longest run can have: 100,000 epochs of some 300 bytes.
const LARGEST: u64 = 1 << 28;

#[derive(Debug)]
pub(crate) struct History {
    csv: PathBuf,
    jsonl: PathBuf,
    events: Events,
}

impl History {
    fn at(folder: &Path, events: Events) -> Self {
        Self { csv: folder.join(CSV), jsonl: folder.join(JSONL), events }
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

/// The record of the first `epochs` epochs. Nothing is changed.
///
/// A kill can cut the last line, which is then left out. Any other line that is no epoch was
/// changed by somebody or something else, and it is refused by its number: left out silently, it
/// would be lost when the file is written anew.
///
/// # Errors
/// When the file cannot be read, or a line is no epoch.
pub(crate) fn read(folder: &Path, epochs: u64) -> Result<Vec<Epoch>, Error> {
    let (path, csv) = (folder.join(JSONL), folder.join(CSV));
    if csv.is_dir() {
        let message = "is a folder, and the record is to be written there; move it away".into();
        return Err(Error::Folder { path: csv, message });
    }
    let text = paso_files::read(&path, LARGEST).map_err(Error::io(&path))?;
    let mut kept: Vec<Epoch> = Vec::new();
    let mut lines = text.split(|&byte| byte == b'\n').zip(1..).filter(|(line, _)| !line.is_empty());
    while let Some((line, number)) = lines.next() {
        match parse(line, kept.last()) {
            Ok(epoch) if epoch.epoch <= epochs => kept.push(epoch),
            Ok(_) => break,
            Err(_) if lines.next().is_none() => break,
            Err(what) => {
                let message = format!(
                    "line {number} is damaged: {what}; remove this line to go on without its epoch in the record"
                );
                return Err(Error::Folder { path, message });
            }
        }
    }
    Ok(kept)
}

/// The epoch of a line, after `last`.
fn parse(line: &[u8], last: Option<&Epoch>) -> Result<Epoch, String> {
    let epoch: Epoch = serde_json::from_slice(line).map_err(|e| e.to_string())?;
    // A loss of 0 may be rounded to just below.
    let (any, positive, share) = ("finite", "finite and at least 0", "0 to 1");
    for (name, value, allowed) in [
        ("lr", epoch.lr, positive),
        ("train_loss", epoch.train_loss, any),
        ("val_loss", epoch.val_loss, any),
        ("mean_iou", epoch.mean_iou, share),
        ("iou50", epoch.iou50, share),
        ("class_accuracy", epoch.class_accuracy, share),
        ("gradient_norm", epoch.gradient_norm.unwrap_or(0.0), positive),
    ] {
        let fits = value.is_finite() && (allowed == any || value >= 0.0);
        if !fits || (allowed == share && value > 1.0) {
            return Err(format!("{name} is {value}; it must be {allowed}"));
        }
    }
    let (before, steps) = last.map_or((0, 0), |last| (last.epoch, last.step));
    if epoch.epoch <= before || epoch.step <= steps {
        let Epoch { epoch, step, .. } = epoch;
        return Err(format!("epoch {epoch} at step {step} after epoch {before} at step {steps}"));
    }
    Ok(epoch)
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

    fn resume(folder: &Path, epochs: u64) -> Result<(History, Option<Epoch>), Error> {
        let kept = read(folder, epochs)?;
        Ok((History::resume(folder, &kept)?, kept.last().copied()))
    }

    #[test]
    fn resuming_cuts_off_what_the_checkpoint_does_not_know() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let history = History::create(folder.path()).expect("it is written");
        (1..=3).for_each(|e| history.append(&epoch(e)).expect("it is written"));
        append(&history.jsonl, "{\"epoch\":4,\"st").expect("it is written");
        resume(folder.path(), 2).expect("it is read");
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
            let (again, last) = resume(folder.path(), 9).expect("it is read");
            // A line without its end is whole if only the end is missing.
            let newlines = whole.iter().enumerate().filter(|(_, b)| **b == b'\n');
            let lines = newlines.filter(|(at, _)| *at <= cut).count();
            assert_eq!(last.map_or(0, |e| e.epoch), lines as u64, "cut at {cut}");
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
        let (_, last) = resume(folder.path(), 1).expect("it is read");
        assert_eq!(last, None, "JSON has no infinity");
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
        let message = resume(folder.path(), 1).expect_err("nothing is there").to_string();
        assert!(message.contains("metrics.jsonl"), "{message}");
    }

    #[test]
    fn a_damaged_line_within_the_record_is_refused_by_its_number_and_nothing_is_changed() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let history = History::create(folder.path()).expect("it is written");
        let line = |e: Epoch| json_line(&e);
        for (damaged, says) in [
            ("{\"epoch\":2,\"st\n".to_owned(), "EOF"),
            ("\u{0}\u{0}\n".to_owned(), "expected value"),
            (line(epoch(2)).replace("0.25", "null"), "null"),
            (line(epoch(2)).replace("0.25", "1e999"), "out of range"),
            (line(Epoch { class_accuracy: -0.25, ..epoch(2) }), "class_accuracy is -0.25"),
            (line(Epoch { mean_iou: 7.0, ..epoch(2) }), "mean_iou is 7; it must be 0 to 1"),
            (line(Epoch { lr: -1.0, ..epoch(2) }), "lr is -1; it must be finite"),
            (line(epoch(1)), "epoch 1 at step 7 after epoch 1 at step 7"),
            (line(Epoch { step: 3, ..epoch(2) }), "epoch 2 at step 3 after epoch 1 at step 7"),
        ] {
            let text = line(epoch(1)) + &damaged + &line(epoch(3));
            std::fs::write(&history.jsonl, &text).expect("it is written");
            let message = resume(folder.path(), 3).expect_err(says).to_string();
            let expected = ["metrics.jsonl: line 2 is damaged: ", says, "remove this line"];
            assert!(expected.iter().all(|part| message.contains(part)), "{message}");
            let after = std::fs::read_to_string(&history.jsonl).expect("it is there");
            assert_eq!(after, text, "nothing is changed");
            // Without the line it goes on.
            std::fs::write(&history.jsonl, line(epoch(1)) + &line(epoch(3))).expect("written");
            assert_eq!(resume(folder.path(), 3).expect("it is read").1, Some(epoch(3)));
        }
    }

    #[test]
    fn what_comes_after_the_last_epoch_of_the_checkpoint_is_not_looked_at() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let history = History::create(folder.path()).expect("it is written");
        let text = json_line(&epoch(1)) + &json_line(&epoch(2)) + "damaged\n\u{0}\n";
        std::fs::write(&history.jsonl, text).expect("it is written");
        assert_eq!(resume(folder.path(), 1).expect("it is read").1, Some(epoch(1)));
    }

    #[test]
    fn a_record_that_is_no_file_or_has_no_end_is_refused() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::create_dir(folder.path().join(JSONL)).expect("a folder");
        let message = resume(folder.path(), 1).expect_err("a folder").to_string();
        assert!(message.contains("metrics.jsonl: is a folder"), "{message}");
        std::fs::remove_dir(folder.path().join(JSONL)).expect("it is there");
        let file = std::fs::File::create(folder.path().join(JSONL)).expect("a file");
        file.set_len(1 << 40).expect("a sparse file");
        let message = resume(folder.path(), 1).expect_err("1 TB").to_string();
        assert!(message.contains("at most"), "{message}");
    }
}
