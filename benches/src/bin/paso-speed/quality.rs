//! `paso-speed quality`: what a fixed small training learns. A change that makes steps faster and
//! learning worse is no improvement, so this is tracked like the times.
//!
//! The training is 96 drawn scenes of 32 pixels, the net `tiny`, 400 steps unless asked otherwise,
//! a warmup and a cosine, no augmentation. The keys are `isa`, `seed`, `steps`, `loss` and `iou`;
//! the last two are evaluated after the last step. `cargo xtask perf` compares them seed by seed
//! (`xtask/src/perf/quality.rs`).

use std::sync::Arc;

use paso_locate::augment::Augment;
use paso_locate::data::{PrepareOptions, Prepared, Split};
use paso_locate::demo::{self, DemoOptions};
use paso_locate::{Error, NetName, TrainConfig, Trainer};

/// Pixels of a side: small, so that a training takes about a second.
const SIDE: u32 = 32;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Of the initial weights, the order of the samples and their augmentation.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Steps of 16 images.
    #[arg(long, default_value_t = 400, value_parser = clap::value_parser!(u64).range(1..))]
    steps: u64,
}

/// Prints the loss and the mean `IoU` on the scenes that it trains on: in a second a net learns
/// these by heart, and nothing yet about others. The same seed gives the same line, to the last
/// digit.
pub(crate) fn run(args: &Args) {
    let line = train(args).unwrap_or_else(|e| panic!("quality: {e}"));
    #[expect(clippy::print_stdout, reason = "the program's output")]
    {
        println!("{line}");
    }
}

/// Trains and evaluates, and returns the line.
fn train(args: &Args) -> Result<serde_json::Value, Error> {
    let scenes = demo::dataset(&DemoOptions { train: 96, val: 1, seed: 0 })?;
    let options = PrepareOptions { size: SIDE as usize, ..PrepareOptions::default() };
    let (train, _) = Prepared::new(&scenes, &scenes.indices(Split::Train), &options)?;
    let train = Arc::new(train);
    let config = TrainConfig {
        net: NetName::Tiny,
        size: SIDE,
        steps: Some(args.steps),
        schedule: "warmup(5%) then cosine(to 1%)".into(),
        seed: args.seed,
        augment: Augment::none(),
        ..TrainConfig::default()
    };
    let mut trainer = Trainer::new(&config, scenes.classes.clone(), Arc::clone(&train))?;
    for _ in 0..trainer.total_steps() {
        trainer.step()?;
    }
    let found = trainer.evaluate(&train)?;
    Ok(serde_json::json!({
        "isa": paso_tape::Isa::from_env().map_or("?", paso_tape::Isa::name),
        "seed": args.seed,
        "steps": args.steps,
        "loss": found.loss,
        "iou": found.metrics.mean_iou,
    }))
}
