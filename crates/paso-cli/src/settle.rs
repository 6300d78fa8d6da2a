//! `paso settle`: the main job.

use crate::find_lr;
use crate::folder;
use crate::interrupt;
use crate::localization::{Localization, SCHEDULE_FREE, UNSCHEDULED_DECAY};
use crate::progress;
use crate::settings::{self, SettingsArgs};
use crate::settle_output;
use crate::source::SourceArgs;
use crate::study_images::{EvaluateOn, Images};
use anyhow::{Context, Result, ensure};
use clap::Args;
use paso_locate::augment::Augment;
use paso_locate::data::Split;
use paso_locate::run::LAST;
use paso_locate::{BBox, TrainConfig, Trainer, checkpoint, files};
use paso_study::range_test::suggest;
use paso_study::{
    About, Arm, Event, Grid, RangeTestReport, Role, Session, Shard, Study, StudyConfig,
};
use std::path::{Path, PathBuf};
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
    /// The middle of the peak rates that are tried for every arm [default: what a range test says, else 0.002]
    #[arg(long, value_name = "RATE", value_parser = rate)]
    lr: Option<f64>,
    /// Tune nothing: every arm has the rate given by --lr. What is measured then is schedule and rate together
    #[arg(long)]
    fixed_lr: bool,
    /// Go on from this run (or checkpoint file) at its rate, with and without decay, instead of from fresh weights:
    /// the same question at a fraction of the cost, for the run that is there
    #[arg(long, value_name = "RUN", conflicts_with = "fixed_lr")]
    branch_from: Option<PathBuf>,
    /// Do part I of N of the study, as on one of N machines; needs --out, and the same command otherwise
    #[arg(long, value_name = "I/N", requires = "out", conflicts_with = "budget")]
    shard: Option<Shard>,
    /// Bring the finished runs of these folders into the one given by --out, then go on
    #[arg(long, value_name = "DIR", num_args = 1.., requires = "out")]
    merge: Vec<PathBuf>,
    /// One more decaying arm, as NAME=SPEC, such as 'slow=exponential(to 50%)'; may be given several times
    #[arg(long, value_name = "NAME=SPEC", value_parser = arm)]
    arm: Vec<Arm>,
    /// Differences of mean IoU below this are of no interest
    #[arg(long, value_name = "X", default_value_t = 0.01)]
    margin: f64,
    /// The images to evaluate the runs on [default: folds below 1000 photographs, else val]
    #[arg(long, value_enum, conflicts_with_all = ["folds", "branch_from"])]
    evaluate_on: Option<EvaluateOn>,
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

fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "it must be a number")?;
    if rate > 0.0 && rate <= 10.0 { Ok(rate) } else { Err("it must be above 0, at most 10".into()) }
}

fn arm(text: &str) -> Result<Arm, String> {
    let (name, spec) = text.split_once('=').ok_or("it must be NAME=SPEC")?;
    Ok(Arm::new(name.trim(), spec.trim(), Role::Decay))
}

pub(crate) fn run(args: &SettleArgs) -> Result<()> {
    let threads = settings::threads(args.threads)?;
    let (trial, lr) = settings::pool(threads)?.install(|| match &args.branch_from {
        Some(path) => branched(args, path),
        None => from_scratch(args),
    })?;
    let range = match (lr, args.fixed_lr) {
        (None, false) => Some(range_test(&trial, threads)?),
        _ => None,
    };
    let lr = lr.or_else(|| range.as_ref().and_then(center)).unwrap_or(LR);
    let study = Study::new(study_config(args, &trial, lr))?;
    if args.fixed_lr {
        eprintln!(
            "note: the peak rate is {lr} for every arm and tuned for none: a difference may be the rate's and not the schedule's"
        );
    }

    let folder = folder::chosen(args.out.as_deref(), "settle");
    if let Some(folder) = &folder {
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        if !args.merge.is_empty() {
            let merged = paso_study::merge(folder, &args.merge)?;
            eprintln!("merged: {} runs, {} of them twice", merged.runs, merged.duplicates);
        }
    }
    let bar = progress::bar(0, "settle");
    let observe = |event: &Event<'_>| settle_output::show(&bar, event);
    let cancel = interrupt::flag("this step; finished runs are kept")?;
    let session = Session {
        folder: folder.as_deref(),
        parallel_runs: threads,
        budget: args.budget,
        shard: args.shard,
        cancel: &cancel,
        observe: &observe,
    };
    let report = match study.report(&trial, &session, about(args, &trial, range)) {
        Err(waiting @ paso_study::Error::OtherShards { .. }) => {
            bar.finish_and_clear();
            eprintln!("{waiting}");
            return Ok(());
        }
        report => report?,
    };
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
        settle_output::print(answer, &trial);
    }
    Ok(())
}

/// The middle of the rates where neither the user nor a range test says one.
const LR: f64 = 2e-3;

/// Runs that begin with fresh weights, and the rate that was asked for.
fn from_scratch(args: &SettleArgs) -> Result<(Localization, Option<f64>)> {
    let dataset = args.source.open()?;
    let preset =
        if demo(args) { demo_settings() } else { photographs(&dataset.boxes(Split::Train)) };
    let config = args.settings.merged(preset)?;
    config.check()?;
    ensure!(
        config.close_augment <= 0.0,
        "close_augment is {}, but the runs of a study share their steps as long as their learning rates agree, and with them their augmented images; \
         leave close_augment out of the settings, or make it 0",
        config.close_augment
    );
    let trial = Localization {
        images: Images::open(&args.source, &dataset, &config, args.evaluate_on)?,
        classes: dataset.classes,
        config,
        origin: match &args.settings.features {
            Some(path) => format!("features of crc32 {:08x}", files::checksum(path)?),
            None => "fresh weights".into(),
        },
        features: args.settings.features.clone(),
        base: None,
    };
    Ok((trial, args.lr))
}

/// Runs that go on from a checkpoint, at the rate that it was trained with at its end.
fn branched(args: &SettleArgs, path: &Path) -> Result<(Localization, Option<f64>)> {
    let path = if path.is_dir() { path.join(LAST) } else { path.to_owned() };
    let (meta, tensors) = checkpoint::load(&path)?;
    let config = args.settings.merged(meta.config.clone())?;
    ensure!(
        config == meta.config,
        "--branch-from goes on with the settings of {}: leave --config, --net, --size, --batch, --weight-decay and --no-augment out",
        path.display()
    );
    let dataset = args.source.open()?;
    let images = Images::split(&args.source, &dataset, &config)?;
    let (train, _) = images.of_seed(0)?;
    let base = Trainer::resume(&path, &meta, &tensors, train)?;
    ensure!(
        base.steps() > 0,
        "{}: no step was taken yet, there is nothing to branch from",
        path.display()
    );
    let rate = args.lr.unwrap_or_else(|| base.lr(base.steps() - 1));
    ensure!(
        args.lr.is_some() || rate >= config.lr / 10.0,
        "{}: its rate has decayed already, from {} to {rate:.1e}. Branch from a run at a constant rate \
         (`paso train --schedule constant`), or name the rate to go on with by --lr",
        path.display(),
        config.lr
    );
    eprintln!("{}: going on after {} steps, at the rate {rate}", path.display(), base.steps());
    let trial = Localization {
        classes: meta.classes,
        images,
        config,
        origin: format!(
            "step {} of the run in a checkpoint of crc32 {:08x}",
            base.steps(),
            files::checksum(&path)?
        ),
        features: None,
        base: Some(base),
    };
    Ok((trial, Some(rate)))
}

/// A range test on a run of its own: it places the grid of rates.
fn range_test(trial: &Localization, threads: usize) -> Result<RangeTestReport> {
    let bar = progress::bar(find_lr::SWEEPS * find_lr::STEPS, "range test");
    let sweeps = settings::pool(threads)?.install(|| {
        let Localization { config, classes, images, features, .. } = trial;
        let (train, _) = images.of_seed(0)?;
        let (sweeps, steps) = (find_lr::SWEEPS, find_lr::STEPS);
        let advance = || bar.inc(1);
        find_lr::sweeps(sweeps, steps, config, classes, &train, features.as_deref(), &advance)
    })?;
    bar.finish_and_clear();
    let (suggestion, refusal) = match suggest(&sweeps) {
        Ok(found) => (Some(found), None),
        Err(refusal) => (None, Some(refusal.to_string())),
    };
    let report = RangeTestReport { sweeps, suggestion, refusal };
    match (center(&report), &report.refusal) {
        (Some(lr), _) => eprintln!("range test: the rates to try are placed around {lr}"),
        (_, Some(refusal)) => {
            eprintln!("range test: {refusal}. The rates to try are placed around {LR}");
        }
        _ => {}
    }
    Ok(report)
}

/// Half way, in decades, from where the loss falls fastest, a rate to begin with, to where it is lowest, a rate too high to
/// stay at: peaks lie between. With one digit: more would be invented.
fn center(report: &RangeTestReport) -> Option<f64> {
    let suggestion = report.suggestion.as_ref()?;
    format!("{:.0e}", (suggestion.steepest * suggestion.lowest).sqrt()).parse().ok()
}

/// What the report says of the study beside its answer.
fn about(args: &SettleArgs, trial: &Localization, range_test: Option<RangeTestReport>) -> About {
    let c = &trial.config;
    let [images, evaluate_on] = trial.images.describe();
    let conditions = [
        images,
        evaluate_on,
        ("classes", trial.classes.len().to_string()),
        ("net", format!("{}, {} pixels", c.net, c.size)),
        ("start", trial.origin.clone()),
        ("batch", format!("{} images", c.batch)),
        ("optimizer", format!("AdamW, weight decay {}", c.weight_decay)),
        ("version", format!("paso {}", env!("CARGO_PKG_VERSION"))),
        ("machine", format!("{} {}", std::env::consts::ARCH, std::env::consts::OS)),
    ];
    About {
        subject: format!("{}, {} images", args.source.data, trial.images.len()),
        command: std::env::args().collect::<Vec<_>>().join(" "),
        conditions: conditions.map(|(name, value)| (name.into(), value)).into(),
        range_test,
    }
}

/// Small enough that the whole demo takes minutes on two slow cores.
fn demo_settings() -> TrainConfig {
    TrainConfig { net: paso_locate::NetName::Tiny, size: 32, ..TrainConfig::default() }
}

/// Half the pixels of a single training: a study is some eighty of them.
fn photographs(boxes: &[BBox]) -> TrainConfig {
    let usual = Augment::default();
    let augment = if boxes.is_empty() { usual } else { usual.fitting(boxes) };
    TrainConfig { size: 64, augment, ..TrainConfig::default() }
}

fn demo(args: &SettleArgs) -> bool {
    args.source.data == "demo"
}

/// The least share of a weight that weight decay takes in a run for its schedule to be worth an arm.
const DECAYED: f64 = 0.05;

/// The arms of runs that begin anew: the usual ones, Schedule-Free, and where weight decay has time to act in so few
/// steps, a linear decay of the rate that leaves the weight decay alone.
fn from_start(config: &TrainConfig, lr: f64, steps: u64) -> Vec<Arm> {
    let mut arms = Arm::usual();
    let free = Arm::new("schedule-free", "constant", Role::Alternative);
    arms.push(free.with_variant(SCHEDULE_FREE));
    if lr * config.weight_decay * steps as f64 >= DECAYED {
        let control = Arm::new("linear-lr-only", "linear(to 0)", Role::Decay);
        arms.push(control.with_variant(UNSCHEDULED_DECAY));
    }
    arms
}

fn study_config(args: &SettleArgs, trial: &Localization, lr: f64) -> StudyConfig {
    let fixed = args.fixed_lr || trial.base.is_some();
    let (mut arms, steps) = match &trial.base {
        None => {
            let steps = args.steps.unwrap_or(if demo(args) { 400 } else { 600 });
            (from_start(&trial.config, lr, steps), steps)
        }
        // A quarter of the way so far, so that an average has something to average over.
        Some(base) => {
            let tail = |arm: &Arm| ["constant", "averaged", "linear"].contains(&&arm.name[..]);
            (Arm::usual().into_iter().filter(tail).collect(), (base.steps() / 4).max(100))
        }
    };
    arms.extend(args.arm.iter().cloned());
    let grid = Grid { center: lr, points: 3, max_points: 5, ..Grid::default() };
    StudyConfig {
        arms,
        steps: args.steps.unwrap_or(steps),
        seeds: args.seeds,
        tuning_seeds: if fixed { 1 } else { 2 },
        grid: if fixed { Grid::fixed(lr) } else { grid },
        metric: "mean_iou".into(),
        margin: args.margin,
        fingerprint: trial.fingerprint(),
        ..StudyConfig::default()
    }
}
