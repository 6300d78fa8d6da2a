//! `paso train`: one training run, with its folder.
//!
//! A run keeps its folder complete at every moment: settings, metrics per epoch, the last and the
//! best checkpoint. Killed at any time, it continues with `--resume` and ends with the bits of a
//! run that was never stopped.
//!
//! The folder is that of `--out`, or a new `runs/train-N`. A folder that holds a run is never begun
//! anew without `--resume`. Where no folder can be made, the run is trained and nothing is kept.
//!
//! Stdout has the result of the last and of the best epoch; with `--json` a line for each epoch and
//! a last one with `"event": "done"`; with `--print-config` TOML and nothing else. Text for people
//! goes to stderr.

mod arguments;
mod config;
mod epochs;
mod output;
mod sheets;

pub(super) use arguments::TrainArgs;

use crate::command::Command;
use crate::{folder, interrupt, terminal, threads};
use anyhow::Result;
use config::{SCHEDULE, SHORT};
use paso_locate::TrainConfig;
use paso_locate::data::{Dataset, Prepared, Split};
use paso_locate::run::{Run, check_new, check_resume, is_unfinished};
use std::sync::Arc;
use std::time::Instant;

impl Command for TrainArgs {
    const NAME: &'static str = "train";
    const ABOUT: &'static str = "Train a network, with checkpoints and a record of how it went";
    const EXAMPLES: &'static [&'static str] = &[
        "paso train --data demo",
        "paso train --data photos --out runs/first",
        "paso train --data photos --out runs/first --resume",
    ];

    fn run(&self) -> Result<()> {
        let pool = threads::pool(threads::count(self.threads)?)?;
        // Before the images are read, which can take minutes.
        self.source.check()?;
        if let Some(schedule) = &self.schedule {
            super::schedule::parse(schedule)?;
        }
        if !self.print_config {
            check_folder(self)?;
        }
        if !self.resume {
            let config = config::config(self, &[])?;
            if !self.print_config {
                self.settings.check(&config)?;
            }
        }
        let dataset =
            pool.install(|| self.source.open(self.settled.as_deref().or(self.out.as_deref())))?;
        let mut config = config::config(self, &dataset.boxes(Split::Train))?;
        if self.print_config {
            print!("{}", toml::to_string(&config)?);
            return Ok(());
        }
        config.check()?;
        let start = Instant::now();
        pool.install(|| {
            let train = Arc::new(self.source.prepare(&dataset, Split::Train, config.size)?);
            let validation = self.source.prepare(&dataset, Split::Val, config.size)?;
            output::baseline(&train, &validation);
            let steps = config.total_steps(train.len());
            if self.schedule.is_none() && config.schedule == SCHEDULE && steps < 20 && !self.resume
            {
                eprintln!(
                    "note: {steps} steps are too few for a warm-up of 5 %; the schedule is {SHORT}"
                );
                config.schedule = SHORT.into();
            }
            // From here on there is something to keep.
            let interrupted = interrupt::flag("this epoch, which is kept")?;
            let mut run = new_or_resumed(self, &config, &dataset, train, validation)?;
            output::idle_half(&run);
            let limits = self.source.limits();
            sheets::write_first(&run, &dataset, &limits);
            epochs::all_epochs(self, &mut run, &interrupted)?;
            sheets::write_worst(&run, &dataset, &limits);
            output::finish(self.json, &self.source, &run, start)
        })
    }
}

/// Whether the folder of `--out` can be used.
fn check_folder(args: &TrainArgs) -> Result<()> {
    match &args.out {
        Some(folder) if args.resume => Ok(check_resume(folder)?),
        Some(folder) => Ok(check_new(folder)?),
        None => Ok(()),
    }
}

/// The run that is asked for. Its folder is made last, when nothing can be refused any more; from
/// then on the run goes on whatever becomes of its lines.
fn new_or_resumed(
    args: &TrainArgs,
    config: &TrainConfig,
    dataset: &Dataset,
    train: Arc<Prepared>,
    validation: Prepared,
) -> Result<Run> {
    let (mut resumed, mut out) =
        (args.resume.then(|| args.out.clone()).flatten(), args.out.clone());
    if args.out.is_none() && !args.new {
        for folder in folder::of_this_command("train") {
            let unfinished = is_unfinished(&folder, config, &train, &validation);
            // One that was stopped before its first epoch begins again.
            if unfinished || check_new(&folder).is_ok() {
                folder::continues(&folder);
                (resumed, out) = (unfinished.then(|| folder.clone()), Some(folder));
                break;
            }
        }
    }
    let run = match (resumed, out) {
        (Some(folder), _) => {
            let run = Run::resume(&folder, Some(config), train, validation)?;
            eprintln!("{}: continues after epoch {}", folder.display(), run.epochs());
            run
        }
        (None, out) => {
            let classes = dataset.classes.clone();
            let features = args.settings.features.as_deref();
            let mut run = Run::new(config, classes, train, validation, features, None)?;
            if let Some(folder) = folder::chosen(out.as_deref(), "train") {
                run.keep_in(&folder)?;
                folder::keep_command(&folder);
                args.source.keep_notes(&folder);
            }
            run
        }
    };
    terminal::keep_going();
    let model = run.trainer().model();
    eprintln!(
        "net {}: {} parameters, {} steps",
        config.net,
        model.parameters(),
        run.trainer().total_steps()
    );
    if model.config().averages_weights() {
        eprintln!("averaged weights are evaluated, and kept for use");
    }
    Ok(run)
}
