//! `paso settle`: the main job. Here a localization run becomes a trial of the study.

use crate::folder;
use crate::progress;
use crate::settings::{self, SettingsArgs};
use crate::source::{self, SourceArgs};
use crate::watched::Watched;
use anyhow::{Context, Result};
use clap::Args;
use indicatif::ProgressBar;
use paso_locate::data::{Prepared, Split};
use paso_locate::{Error, TrainConfig, Trainer, files};
use paso_study::{
    About, Answer, Arm, Event, Grid, Outcome, Role, Run, Session, Study, StudyConfig, Trial,
    TrialError, Watch,
};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// Settle whether a decaying learning rate helps.
#[derive(Debug, Args)]
pub(crate) struct SettleArgs {
    #[command(flatten)]
    source: SourceArgs,
    #[command(flatten)]
    settings: SettingsArgs,
    /// Seeds of the verdict; with fewer than 6 no difference can be significant at 5 %
    #[arg(long, value_name = "N", default_value_t = 6)]
    seeds: usize,
    /// Steps of every run [default: 400 on the demo, 600 otherwise]
    #[arg(long, value_name = "N")]
    steps: Option<u64>,
    /// About how long it may take, such as 90s, 8m or 2h; cuts rates and seeds to fit, and says what that costs
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    budget: Option<Duration>,
    /// The middle of the peak rates that are tried for every arm
    #[arg(long, value_name = "RATE", default_value_t = 2e-3)]
    lr: f64,
    /// Tune nothing: every arm has the rate given by --lr. What is measured then is schedule and rate together
    #[arg(long)]
    fixed_lr: bool,
    /// One more decaying arm, as NAME=SPEC, such as 'slow=exponential(to 50%)'; may be given several times
    #[arg(long, value_name = "NAME=SPEC", value_parser = arm)]
    arm: Vec<Arm>,
    /// Differences of mean IoU below this are of no interest
    #[arg(long, value_name = "X", default_value_t = 0.01)]
    margin: f64,
    /// Runs at the same time, a thread each [default: one a core]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Keep every finished run and the answer in this folder; the same command goes on where it stopped
    /// [default: a new runs/settle-N]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print the answer as one JSON object
    #[arg(long)]
    json: bool,
}

fn arm(text: &str) -> Result<Arm, String> {
    let (name, spec) = text.split_once('=').ok_or("it must be NAME=SPEC")?;
    Ok(Arm::new(name.trim(), spec.trim(), Role::Decay))
}

pub(crate) fn run(args: &SettleArgs) -> Result<()> {
    let demo = args.source.data == "demo";
    // Half the pixels of a single training: a study is some eighty of them.
    let photographs = TrainConfig { size: 64, ..TrainConfig::default() };
    let preset = if demo { demo_settings() } else { photographs };
    let config = args.settings.merged(preset)?;
    config.check()?;
    let threads = settings::threads(args.threads)?;
    let dataset = args.source.open()?;
    let images = settings::pool(threads)?.install(|| -> Result<_> {
        let train = Arc::new(source::prepare(&dataset, Split::Train, config.size)?);
        Ok((train, source::prepare(&dataset, Split::Val, config.size)?))
    })?;
    let trial = Localization {
        config: config.clone(),
        classes: dataset.classes.clone(),
        train: images.0,
        validation: images.1,
    };
    let study = Study::new(study_config(args, &trial, if demo { 400 } else { 600 }))?;
    if args.fixed_lr {
        eprintln!(
            "note: the peak rate is {} for every arm and tuned for none: a difference may be the rate's and not the schedule's",
            args.lr
        );
    }

    let folder = folder::chosen(args.out.as_deref(), "settle");
    if let Some(folder) = &folder {
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    let bar = progress::bar(0, "settle");
    let observe = |event: &Event<'_>| show(&bar, event);
    let cancel = AtomicBool::new(false);
    let session = Session {
        folder: folder.as_deref(),
        side_by_side: threads,
        budget: args.budget,
        cancel: &cancel,
        observe: &observe,
        ..Session::default()
    };
    let report = study.report(&trial, &session, about(args, &trial))?;
    let answer = &report.answer;
    bar.finish_and_clear();
    if let Some(folder) = &folder {
        let json = serde_json::to_string_pretty(&report)?;
        files::write_whole(&folder.join("report.json"), json.as_bytes())?;
        files::write_whole(&folder.join("report.html"), report.html().as_bytes())?;
        eprintln!("report: {}", folder.join("report.html").display());
    }
    if args.json {
        println!("{}", serde_json::to_string(answer)?);
    } else {
        print(answer, &trial);
    }
    Ok(())
}

/// What the report says of the study beside its answer.
fn about(args: &SettleArgs, trial: &Localization) -> About {
    let c = &trial.config;
    let (train, validation) = (trial.train.len(), trial.validation.len());
    let conditions = [
        (
            "images",
            format!(
                "{train} to train on, {validation} to judge by, {} classes",
                trial.classes.len()
            ),
        ),
        ("net", format!("{}, {} pixels", c.net, c.size)),
        ("batch", format!("{} images", c.batch)),
        ("optimizer", format!("AdamW, weight decay {}", c.weight_decay)),
        ("version", format!("paso {}", env!("CARGO_PKG_VERSION"))),
        ("machine", format!("{} {}", std::env::consts::ARCH, std::env::consts::OS)),
    ];
    About {
        subject: format!("{}, {} images", args.source.data, train + validation),
        command: std::env::args().collect::<Vec<_>>().join(" "),
        conditions: conditions.map(|(name, value)| (name.into(), value)).into(),
        range_test: None,
    }
}

/// Small enough that the whole demo takes minutes on two slow cores.
fn demo_settings() -> TrainConfig {
    TrainConfig { net: paso_locate::NetName::Tiny, size: 32, ..TrainConfig::default() }
}

fn study_config(args: &SettleArgs, trial: &Localization, steps: u64) -> StudyConfig {
    let mut arms = Arm::usual();
    arms.extend(args.arm.iter().cloned());
    let points = if args.fixed_lr { 1 } else { 3 };
    StudyConfig {
        arms,
        steps: args.steps.unwrap_or(steps),
        seeds: args.seeds,
        tuning_seeds: if args.fixed_lr { 1 } else { 2 },
        grid: Grid {
            center: args.lr,
            points,
            max_points: if args.fixed_lr { 1 } else { 5 },
            ..Grid::default()
        },
        metric: "mean_iou".into(),
        margin: args.margin,
        fingerprint: trial.fingerprint(&args.source.data),
        ..StudyConfig::default()
    }
}

/// One localization run, as the study asks for it.
struct Localization {
    config: TrainConfig,
    classes: Vec<String>,
    train: Arc<Prepared>,
    validation: Prepared,
}

impl Localization {
    /// What else a run depends on: runs kept under other circumstances are refused.
    fn fingerprint(&self, data: &str) -> String {
        let c = &self.config;
        let (train, validation) = (self.train.len(), self.validation.len());
        format!(
            "paso {}, {data}: {train} + {validation} images, net {}, {} px, batch {}, weight decay {}, class weight {}, {:?}",
            env!("CARGO_PKG_VERSION"),
            c.net,
            c.size,
            c.batch,
            c.weight_decay,
            c.class_weight,
            c.augment
        )
    }

    fn train(&self, run: &Run, watch: &Watch<'_>) -> Result<Outcome, TrialError> {
        let config = TrainConfig {
            steps: Some(run.steps),
            schedule: run.spec.clone(),
            lr: run.peak_lr,
            seed: run.seed,
            ..self.config.clone()
        };
        let mut trainer = Trainer::new(&config, self.classes.clone(), Arc::clone(&self.train))?;
        trainer.keep_averages(
            &run.averaging.iter().map(|&h| 1.0 - 1.0 / h as f64).collect::<Vec<_>>(),
        );
        let mut watched = Watched::new(run.steps);
        for _ in 0..run.steps {
            match trainer.step_audited() {
                Err(Error::Diverged { .. }) => return Ok(diverged(run)),
                step => watched.see(&step?),
            }
            watch.advance(1);
            if watch.stop() {
                return Err("stopped".into());
            }
        }
        let judged = trainer.evaluate(&self.validation);
        let averages = trainer.evaluate_averages(&self.validation);
        Ok(Outcome {
            metric: judged.metrics.mean_iou,
            averaged: averages.iter().map(|e| e.metrics.mean_iou).collect(),
            averaged_loss: averages.iter().map(|e| e.loss).collect(),
            loss: Some(judged.loss),
            audit: Some(watched.audit(&trainer)),
            curve: watched.curve,
            ..Outcome::default()
        })
    }
}

/// A run that came to nothing: worse than any other.
fn diverged(run: &Run) -> Outcome {
    Outcome {
        metric: f64::NAN,
        averaged: vec![f64::NAN; run.averaging.len()],
        ..Outcome::default()
    }
}

impl Trial for Localization {
    fn train(&self, run: &Run, watch: &Watch<'_>) -> Result<Outcome, TrialError> {
        // A pool of one: the study runs several trainings side by side instead.
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
        pool.install(|| Self::train(self, run, watch))
    }
}

fn show(bar: &ProgressBar, event: &Event<'_>) {
    match event {
        Event::Planned(plan) => bar.suspend(|| eprintln!("{plan}")),
        Event::Cut(cut) => bar.suspend(|| cut.costs().iter().for_each(|line| eprintln!("{line}"))),
        Event::Finished { progress, .. } => {
            bar.set_length(progress.total as u64);
            bar.set_position(progress.done as u64);
            bar.set_message(format!(
                "about {} left",
                humantime::format_duration(Duration::from_secs(progress.left.as_secs()))
            ));
        }
        Event::Tuned { arm, peak_lr, .. } => {
            bar.suspend(|| eprintln!("{arm}: peak rate {peak_lr:.2e}"));
        }
        _ => {}
    }
}

/// The answer in words and a table.
fn print(answer: &Answer, trial: &Localization) {
    println!(
        "\n{:<14} {:>9} {:>8} {:>9}   {:<19} {:>7}",
        "arm", "peak rate", "mean IoU", "against", "95 % interval", "p"
    );
    for arm in &answer.arms {
        let interval = match arm.role {
            Role::Baseline => String::new(),
            _ => format!("{:+.4} to {:+.4}", arm.ci_low, arm.ci_high),
        };
        println!(
            "{:<14} {:>9.1e} {:>8.4} {:>+9.4}   {interval:<19} {:>7.4}",
            arm.name, arm.peak_lr, arm.mean, arm.diff, arm.p
        );
    }
    println!("\n{}", answer.sentence());
    answer.notes.iter().for_each(|note| println!("note: {note}"));
    let c = &trial.config;
    println!(
        "It holds for these {} images, net {} at {} pixels, {} steps of {} images, AdamW with weight decay {}.",
        trial.train.len() + trial.validation.len(),
        c.net,
        c.size,
        answer.config.steps,
        c.batch,
        c.weight_decay
    );
}
