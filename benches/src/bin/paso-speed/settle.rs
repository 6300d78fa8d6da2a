//! `paso-speed settle`: a whole small study of the noisy quadratic: race, pairs, looks, verdict.
//!
//! The problem is one whose answer theory knows: with noise in the gradient, a constant rate leaves
//! the weights at a floor, and a decay lowers it. A study that says otherwise is a panic. Noise is
//! the number of set bits in a random word, minus its mean and over its standard deviation, so
//! nearly normal with variance 1.
//!
//! `seconds` is the median time of a study and `seconds_best` that of the fastest. It measures the
//! machinery of `paso-study` on a training that costs next to nothing, on one thread.

use paso_adam::{Adam, AdamConfig, AdamGroup};
use paso_study::stats::mean;
use paso_study::{
    Grid, Outcome, RunMonitor, RunSpec, Session, Study, StudyConfig, TrialError, Verdict,
};

use crate::timing::{self, Effort};

/// The loss is half the mean square of so many weights.
const WEIGHTS: usize = 64;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Seconds to sample for; at least 7 studies are run.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Run so many studies and time nothing: for counting instructions.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    steps: Option<u32>,
}

/// Prints the seconds of a study.
pub(crate) fn run(args: &Args) {
    let config = StudyConfig {
        steps: 300,
        grid: Grid { center: 0.02, ..Grid::default() },
        metric: "minus_loss".into(),
        margin: 1e-4,
        ..StudyConfig::default()
    };
    let study = Study::new(config).unwrap_or_else(|e| panic!("settle: {e}"));
    let settle = || study.run(&train, &Session::default()).unwrap_or_else(|e| panic!("{e}"));
    // Noise leaves a floor that a decay removes: theory knows the answer.
    let answer = settle();
    assert_eq!(answer.verdict, Verdict::Helps, "{answer}");
    let effort = Effort::new(args.seconds, args.steps);
    let (median, best) = effort.install(1, || timing::sample(effort, || drop(settle())));
    let line = serde_json::json!({ "seconds": median, "seconds_best": best });
    #[expect(clippy::print_stdout, reason = "the program's output")]
    {
        println!("{line}");
    }
}

/// Adam on weights that pull to 0, with noise in every gradient.
fn train(run: &RunSpec, watch: &RunMonitor<'_>) -> Result<Outcome, TrialError> {
    let schedule = run.schedule();
    let mut adam = AdamGroup::new(Adam::new(AdamConfig::default())?, [WEIGHTS]);
    let (mut weights, mut grads) = (vec![1.0_f32; WEIGHTS], vec![0.0_f32; WEIGHTS]);
    let mut averages = vec![weights.clone(); run.averaging.len()];
    let mut random = run.seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let minus_loss =
        |w: &[f32]| -w.iter().map(|w| f64::from(w * w)).sum::<f64>() / 2.0 / WEIGHTS as f64;
    let (mut metrics, mut averaged) = (Vec::new(), Vec::new());
    for t in 0..run.last_step() {
        if watch.should_stop() {
            return Err("stopped".into());
        }
        for (grad, weight) in grads.iter_mut().zip(&weights) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            *grad = weight + (random.count_ones() as f32 - 32.0) / 4.0;
        }
        adam.step(schedule.at(t), [(&mut weights[..], &grads[..])]);
        for (horizon, average) in run.averaging.iter().zip(&mut averages) {
            let share = 1.0 / *horizon as f32;
            average.iter_mut().zip(&weights).for_each(|(a, w)| *a += (w - *a) * share);
        }
        if run.evaluates_after(t + 1) {
            metrics.push(minus_loss(&weights));
        }
        if t + 1 == run.steps {
            averaged = averages.iter().map(|average| minus_loss(average)).collect();
        }
    }
    watch.advance(run.last_step());
    Ok(Outcome { metric: mean(&metrics), averaged, ..Outcome::default() })
}
