//! `paso settle`: the main job.
//!
//! The order: read the images, continue from a run or start with fresh weights, place the grid of
//! learning rates by a range test unless `--lr` names its center, run the study, print and keep the
//! answer. The statistics are in `paso-study`; this folder decides only what is compared, and with
//! which settings.
//!
//! What is kept: every finished run in the folder of `--out`, or in a new `runs/settle-N`;
//! at every look `report.html` and `settled.toml`, the settings of a training with what was settled;
//! at the end `report.json`. The same command with the same folder continues and trains
//! only what is missing. Runs of other settings, images or versions in the folder are an error.
//!
//! Stdout has the answer, as a table or as one JSON object; the full report is only in the files.
//! Exit code 0 means that the study was carried out, whatever its verdict. Ctrl-C ends with exit
//! code 130, keeps every finished run and says the command that continues; the same command without a
//! folder continues there as well.
//!
//! The answer is printed before the report is written, and whatever becomes of the report.
//!
//! The range test is kept in `range-test.json`, so that a command that continues does not repeat it.

mod about;
mod arguments;
mod branching;
mod fresh;
mod output;
mod placement;
mod presets;
mod settled;
mod study;
mod submit;

pub(super) use arguments::SettleArgs;

use crate::command::Command;
use crate::interrupt::{self, Interrupted};
use crate::{command_line, folder, progress, terminal, threads};
use about::about;
use anyhow::Result;
use branching::branched;
use fresh::from_scratch;
use paso_study::{Event, Session, Study, StudyReport, Worker};
use placement::{LR, center, range_test};
pub(super) use settled::settled;
use std::path::{Path, PathBuf};
use std::sync::Once;
use study::{steps, study_config};

impl Command for SettleArgs {
    const NAME: &'static str = "settle";
    const ABOUT: &'static str =
        "Settle whether the learning rate should decay, by pairs of runs at tuned rates";
    const EXAMPLES: &'static [&'static str] = &[
        "paso settle --data demo",
        "paso settle --data photos --budget 1h",
        "paso settle --data photos --branch-from runs/train-1",
    ];

    fn run(&self) -> Result<()> {
        study::check(self)?;
        let threads = threads::count(self.threads)?;
        if self.print_config {
            return fresh::print_config(self);
        }
        if let Some(submission) = &self.submit {
            return submission.submit(self);
        }
        let (trial, lr) = threads::pool(threads)?.install(|| match &self.branch_from {
            Some(path) => branched(self, path),
            None => from_scratch(self),
        })?;
        let out = self.out.clone().or_else(|| self.unfinished(&trial.fingerprint()));
        // Everything that can be refused is refused before minutes of sweeps: whether the study makes
        // sense, which does not depend on where a range test places it, and whether it can be kept.
        let steps = steps(self, &trial)?;
        Study::new(study_config(self, &trial, lr.unwrap_or(LR), steps))?;
        if let Some(folder) = &out {
            paso_study::check_folder(folder, &trial.fingerprint())?;
        }
        let worker = self.worker.then(Worker::new);
        let range = match (lr, self.fixed_lr) {
            (None, false) => {
                let known = out.as_deref().and_then(|folder| placement::kept(folder, &trial));
                Some(match (known, &out, &worker) {
                    (Some(known), ..) => known,
                    (None, Some(folder), Some(worker)) => {
                        placement::shared(folder, worker, &trial, threads)?
                    }
                    _ => range_test(&trial, threads)?,
                })
            }
            _ => None,
        };
        let lr = lr.or_else(|| range.as_ref().and_then(center)).unwrap_or(LR);
        let study = Study::new(study_config(self, &trial, lr, steps))?;
        if self.fixed_lr {
            eprintln!(
                "note: the peak learning rate is {lr} for every arm and tuned for none: a difference may come from the learning rate and not from the schedule"
            );
        }

        let folder = folder::chosen(out.as_deref(), "settle");
        // What cannot be written here is an error of the study, which writes there next.
        if let Some(folder) =
            folder.as_ref().filter(|folder| folder::make_own(folder, "settle").is_ok())
        {
            folder::keep_command(folder);
            self.source.keep_notes(folder);
            range
                .iter()
                .filter(|_| worker.is_none())
                .for_each(|range| placement::keep(folder, &trial, range));
        }
        terminal::keep_going(); // finished runs are kept, whoever reads the lines
        let bar = progress::without_time_left("settle");
        let observe = |event: &Event<'_>| output::show(&bar, event);
        let cancel = interrupt::flag("this step; finished runs are kept")?;
        let opened = Once::new();
        let on_report = |report: &StudyReport| {
            let Some(folder) = &folder else { return };
            let written = settled::write(folder, &report.answer, &trial)
                .and_then(|()| output::write_page(folder, report));
            match written {
                Ok(()) if self.open => opened.call_once(|| output::open_page(folder)),
                Ok(()) => {}
                Err(e) => bar.suspend(|| eprintln!("note: the report is not written yet: {e:#}")),
            }
        };
        let machine = machine()?;
        let session = Session {
            folder: folder.as_deref(),
            parallel_runs: threads,
            budget: self.budget,
            // Workers come and go, so none can say how long all of them will take.
            estimate: worker.is_none(),
            worker: worker.as_ref(),
            machine: Some(&machine),
            cancel: &cancel,
            observe: &observe,
            on_report: Some(&on_report),
        };
        let about = about(self, &trial, range, folder.as_deref());
        let report = match study.report(&trial, &session, &about) {
            Err(paso_study::Error::Cancelled { finished }) => {
                bar.finish_and_clear();
                return Err(Interrupted(interrupted(finished, folder.as_deref())).into());
            }
            report => report?,
        };
        bar.finish_and_clear();
        // The verdict first: it has taken hours, and a full disk must not keep it.
        if self.json {
            let answer =
                output::AnswerInFolder { answer: &report.answer, folder: folder.as_deref() };
            println!("{}", serde_json::to_string(&answer)?);
        } else {
            output::print(self, &report, &trial, folder.as_deref());
        }
        if let Some(folder) = &folder {
            settled::write(folder, &report.answer, &trial)?;
            output::write_report(folder, &report)?;
        }
        Ok(())
    }
}

impl SettleArgs {
    /// The folder of the same study, if this command was interrupted in it.
    fn unfinished(&self, fingerprint: &str) -> Option<PathBuf> {
        let mut of_this_command = folder::of_this_command("settle").into_iter();
        let is_unfinished = |folder: &PathBuf| {
            !folder.join(output::REPORT).exists()
                && paso_study::check_folder(folder, fingerprint).is_ok()
        };
        let found = of_this_command.find(is_unfinished).filter(|_| !self.new);
        found.inspect(|folder| folder::continues(folder))
    }
}

/// What trains the runs: sums have other last digits with another instruction set.
fn machine() -> Result<String> {
    let isa = paso_locate::Isa::from_env()?;
    Ok(format!("{} ({})", isa.name(), std::env::consts::ARCH))
}

/// What a study that was interrupted says, with the command that continues it.
fn interrupted(finished: usize, folder: Option<&Path>) -> String {
    match folder {
        Some(_) => format!(
            "stopped; {finished} finished runs are kept; to continue:\n  {}",
            command_line::in_folder(folder, "")
        ),
        None => "stopped; nothing was kept".into(),
    }
}
