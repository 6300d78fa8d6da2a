//! Studies of the noisy quadratic, where theory knows the answer.
//!
//! The loss is `h * w^2 / 2` a coordinate, gradients carry noise of standard deviation `sigma`, and the optimizer is Adam. With
//! noise a constant rate keeps a floor that decay removes; without noise there is nothing to remove.

use paso_study::{
    Answer, Arm, Error, Event, Grid, LEAST_SEEDS, Outcome, Role, Run, Session, Study, StudyConfig,
    TrialError, Verdict, Watch,
};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

const COORDINATES: usize = 200;
const STEPS: u64 = 2_000;

/// Noise, start; the curvature is 1.
#[derive(Clone, Copy)]
struct Quadratic {
    sigma: f64,
    start: f64,
}

impl paso_study::Trial for Quadratic {
    fn train(&self, run: &Run, watch: &Watch<'_>) -> Result<Outcome, TrialError> {
        let mut rng = ChaCha8Rng::seed_from_u64(run.seed);
        let mut w = [self.start; COORDINATES];
        let (mut m, mut v) = ([0.0; COORDINATES], [0.0; COORDINATES]);
        let schedule = run.schedule();
        let mut averages = vec![w; run.averaging.len()];
        for t in 0..run.steps {
            if watch.stop() {
                return Err("stopped".into());
            }
            let (beta1, beta2) = (0.9f64, 0.999f64);
            let count = i32::try_from(t + 1)?;
            let rate = schedule.at(t) / (1.0 - beta1.powi(count));
            let correction = 1.0 / (1.0 - beta2.powi(count));
            for i in 0..COORDINATES {
                // 64 coin flips: symmetric, of variance 1 after scaling, and the same on every machine.
                let noise = (f64::from(rng.next_u64().count_ones()) - 32.0) / 4.0;
                let gradient = w[i] + self.sigma * noise;
                m[i] = beta1 * m[i] + (1.0 - beta1) * gradient;
                v[i] = beta2 * v[i] + (1.0 - beta2) * gradient * gradient;
                w[i] -= rate * m[i] / ((v[i] * correction).sqrt() + 1e-8);
            }
            for (average, horizon) in averages.iter_mut().zip(&run.averaging) {
                for (a, w) in average.iter_mut().zip(&w) {
                    *a += (w - *a) / *horizon as f64;
                }
            }
        }
        let metric = |w: &[f64; COORDINATES]| {
            -w.iter().map(|w| w * w / 2.0).sum::<f64>() / COORDINATES as f64
        };
        let averaged = averages.iter().map(metric).collect();
        Ok(Outcome { metric: metric(&w), averaged, loss: Some(-metric(&w)), ..Outcome::default() })
    }
}

fn config() -> StudyConfig {
    StudyConfig {
        arms: vec![
            Arm::new("constant", "constant", Role::Baseline),
            Arm::new("averaged", "constant", Role::Alternative).averaged(),
            Arm::new("linear", "linear(to 0)", Role::Decay),
            Arm::new("cosine", "cosine(to 0)", Role::Decay),
        ],
        steps: STEPS,
        tuning_seeds: 1,
        grid: Grid { center: 0.02, ..Grid::default() },
        metric: "minus_loss".into(),
        margin: 1e-5,
        ..StudyConfig::default()
    }
}

const NOISY: Quadratic = Quadratic { sigma: 1.0, start: 1.0 };

fn settle(config: StudyConfig, trial: Quadratic) -> Answer {
    Study::new(config)
        .expect("a valid configuration")
        .run(&trial, &Session::default())
        .expect("nothing fails")
}

#[test]
fn with_noise_linear_and_cosine_help() {
    let answer = settle(config(), NOISY);
    assert_eq!(answer.verdict, Verdict::Helps, "{}", answer.sentence());
    for name in ["linear", "cosine"] {
        let arm = answer.arms.iter().find(|arm| arm.name == name).expect("an arm of the study");
        assert_eq!(arm.verdict, Verdict::Helps, "{name}: {arm:?}");
        assert!(arm.ci_low > 0.0 && arm.p <= 0.05, "{name}: {arm:?}");
    }
}

#[test]
fn without_noise_there_is_no_difference() {
    let answer = settle(config(), Quadratic { sigma: 0.0, ..NOISY });
    assert_eq!(answer.verdict, Verdict::NoDifference, "{}", answer.sentence());
}

#[test]
fn a_decay_far_too_early_harms() {
    let config = StudyConfig {
        arms: vec![
            Arm::new("constant", "constant", Role::Baseline),
            Arm::new("early", "linear(to 0, 1%)", Role::Decay),
        ],
        grid: Grid { center: 0.02, max_points: 3, ..Grid::default() },
        ..config()
    };
    let answer = settle(config, Quadratic { start: 10.0, ..NOISY });
    assert_eq!(answer.verdict, Verdict::Harms, "{}", answer.sentence());
    assert!(
        answer
            .notes
            .iter()
            .any(|note| note.starts_with("early: the best peak rate is the highest")),
        "{:?}",
        answer.notes
    );
}

#[test]
fn two_seeds_leave_it_undecided_and_say_how_many_more() {
    let answer = settle(StudyConfig { seeds: 2, ..config() }, NOISY);
    assert_eq!(answer.verdict, Verdict::Undecided, "{}", answer.sentence());
    assert_eq!(answer.more_seeds, Some(LEAST_SEEDS - 2), "{}", answer.sentence());
}

#[test]
fn no_arm_is_tuned_with_more_rates_than_another() {
    // The constant rate wants to be small here, so its grid widens; the others' must follow.
    let answer = settle(config(), NOISY);
    let rates = |arm: &paso_study::ArmAnswer| {
        let mut rates: Vec<f64> = arm.tuned.tried.iter().map(|tried| tried.peak_lr).collect();
        rates.dedup();
        rates
    };
    let first = rates(&answer.arms[0]);
    assert!(first.len() > 3, "widened: {first:?}");
    assert!(answer.arms.iter().all(|arm| rates(arm) == first), "the same rates for all");
}

#[test]
fn side_by_side_or_stopped_and_continued_the_answer_is_the_same() {
    let reference = settle(config(), NOISY);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let study = Study::new(config()).expect("a valid configuration");
    for stop_after in [3, 11] {
        let (cancel, finished) = (AtomicBool::new(false), AtomicUsize::new(0));
        let observe = |event: &Event<'_>| {
            if matches!(event, Event::Finished { .. })
                && finished.fetch_add(1, Ordering::Relaxed) + 1 >= stop_after
            {
                cancel.store(true, Ordering::Relaxed);
            }
        };
        let session = Session {
            folder: Some(folder.path()),
            side_by_side: 2,
            cancel: &cancel,
            observe: &observe,
            ..Session::default()
        };
        let error = study.run(&NOISY, &session).expect_err("stopped");
        assert!(
            matches!(error, Error::Cancelled { finished } if finished >= stop_after),
            "{error}"
        );
    }
    // A crash in mid-line: the end of the file is cut off.
    let path = folder.path().join("runs.jsonl");
    let text = std::fs::read_to_string(&path).expect("the journal");
    std::fs::write(&path, &text[..text.len() - 20]).expect("cut");
    let session = Session { folder: Some(folder.path()), side_by_side: 2, ..Session::default() };
    let answer = study.run(&NOISY, &session).expect("goes on to the end");
    assert_eq!(answer, reference, "the same to the last bit");
}
