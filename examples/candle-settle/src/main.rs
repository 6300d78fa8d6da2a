//! Does decay help a small candle net that learns a surface from noisy samples?
//! `RAYON_NUM_THREADS=1 cargo run --release` settles it in seconds; the study runs two trainings at
//! a time, so that candle's own threads would only be in the way.
//!
//! A study needs one function: from a `RunSpec` (seed, schedule, steps) to an `Outcome`. Here the
//! metric is the negative squared error on noise-free points, since a study takes higher values as
//! better. The answer is a sentence on stdout and `report.html` in the working folder, which is
//! replaced. No folder is given to the session, so a study that is stopped begins again. The function
//! keeps no averages, so the arm with averaged weights is left out, and a note says so.

use candle_core::{Device, Result, Tensor, Var};
use candle_nn::{AdamW, Optimizer, ParamsAdamW, loss::mse};
use paso_study::{
    About, Outcome, RunMonitor, RunSpec, Session, Study, StudyConfig, TrialError, stats::mean,
};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Nearly normal numbers with the standard deviation `scale`: the number of ones among 64 random
/// bits, centered and divided by its own standard deviation of 4.
fn normal(rng: &mut ChaCha8Rng, scale: f32, rows: usize, columns: usize) -> Result<Tensor> {
    let mut one = || scale * (rng.next_u64().count_ones() as f32 - 32.0) / 4.0;
    let values: Vec<f32> = (0..rows * columns).map(|_| one()).collect();
    Tensor::from_vec(values, (rows, columns), &Device::Cpu)
}

/// The function to be learned: the sum of `sin(2 x)` over the inputs.
fn surface(x: &Tensor) -> Result<Tensor> {
    x.affine(2.0, 0.0)?.sin()?.sum_keepdim(1)
}

/// A layer of 64 `tanh` units and a linear one without bias.
fn predict(net: &[Var], x: &Tensor) -> Result<Tensor> {
    let hidden = x.matmul(net[0].as_tensor())?.broadcast_add(net[1].as_tensor())?.tanh()?;
    hidden.matmul(net[2].as_tensor())
}

/// One run of the study. It returns an error as soon as the study asks it to stop.
fn train(run: &RunSpec, watch: &RunMonitor<'_>) -> std::result::Result<Outcome, TrialError> {
    // Everything random comes from the run's seed: so arms with the same seed are a pair.
    let mut rng = ChaCha8Rng::seed_from_u64(run.seed);
    let mut weights = |scale, rows, columns| {
        normal(&mut rng, scale, rows, columns).and_then(|w| Var::from_tensor(&w))
    };
    let net = vec![weights(1.0, 3, 64)?, weights(1.0, 1, 64)?, weights(0.1, 64, 1)?];
    let config = ParamsAdamW { weight_decay: 0.0, ..ParamsAdamW::default() };
    let mut adam = AdamW::new(net.clone(), config)?;
    let schedule = run.schedule();
    let test = normal(&mut ChaCha8Rng::seed_from_u64(u64::MAX), 1.0, 4_000, 3)?;
    let mut metrics = Vec::new();
    for t in 0..run.last_step() {
        let x = normal(&mut rng, 1.0, 32, 3)?;
        let y = (surface(&x)? + normal(&mut rng, 0.5, 32, 1)?)?;
        adam.set_learning_rate(schedule.at(t));
        adam.backward_step(&mse(&predict(&net, &x)?, &y)?)?;
        // Once after the last step, or five times around it while the learning rate is still high.
        if run.evaluates_after(t + 1) {
            let error = mse(&predict(&net, &test)?, &surface(&test)?)?.to_scalar::<f32>()?;
            metrics.push(-f64::from(error));
        }
        if watch.should_stop() {
            return Err("stopped".into());
        }
    }
    Ok(Outcome { metric: mean(&metrics), ..Outcome::default() })
}

fn main() -> std::result::Result<(), TrialError> {
    let metric = "minus squared error".into();
    let config = StudyConfig { steps: 500, metric, margin: 0.005, ..StudyConfig::default() };
    let session = Session { parallel_runs: 2, ..Session::default() };
    let report = Study::new(config)?.report(&train, &session, &About::default())?;
    std::fs::write("report.html", report.html())?;
    println!("{}", report.answer);
    report.answer.notes.iter().for_each(|note| println!("note: {note}"));
    Ok(())
}
