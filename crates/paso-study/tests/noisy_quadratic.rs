//! Studies of the noisy quadratic, where theory knows the answer.

mod quadratic;

use paso_study::theory::NoisyQuadratic;
use paso_study::{
    Answer, Arm, Error, Event, Grid, MIN_SEEDS, Role, Session, Study, StudyConfig, Verdict,
};
use quadratic::Quadratic;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

const STEPS: u64 = 2_000;

/// With noise, and the problem's own start.
fn noisy() -> Quadratic {
    Quadratic::new(1.0, 1.0, 200)
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

fn settle(config: StudyConfig, trial: &Quadratic) -> Answer {
    Study::new(config)
        .expect("a valid configuration")
        .run(trial, &Session::default())
        .expect("nothing fails")
}

#[test]
fn with_noise_linear_and_cosine_help() {
    let answer = settle(config(), &noisy());
    assert_eq!(answer.verdict, Verdict::Helps, "{}", answer.sentence());
    for name in ["linear", "cosine"] {
        let arm = answer.arms.iter().find(|arm| arm.name == name).expect("an arm of the study");
        assert_eq!(arm.verdict, Verdict::Helps, "{name}: {arm:?}");
        assert!(arm.ci_low > 0.0 && arm.p <= 0.05, "{name}: {arm:?}");
    }
}

#[test]
fn without_noise_there_is_no_difference() {
    let answer = settle(config(), &Quadratic::new(0.0, 1.0, 200));
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
    let answer = settle(config, &Quadratic::new(1.0, 10.0, 200));
    assert_eq!(answer.verdict, Verdict::Harms, "{}", answer.sentence());
    assert!(
        answer
            .notes
            .iter()
            .any(|note| note.starts_with("early: the best peak learning rate is the highest")),
        "{:?}",
        answer.notes
    );
}

#[test]
fn two_seeds_leave_it_undecided_and_say_how_many_more() {
    let answer = settle(StudyConfig { seeds: 2, ..config() }, &noisy());
    assert_eq!(answer.verdict, Verdict::Undecided, "{}", answer.sentence());
    assert_eq!(answer.more_seeds, Some(MIN_SEEDS - 2), "{}", answer.sentence());
}

#[test]
fn no_arm_is_tuned_with_more_rates_than_another() {
    // The constant learning rate wants to be small here, so its grid widens; the others' must
    // follow.
    let answer = settle(config(), &noisy());
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
    let reference = settle(config(), &noisy());
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
            parallel_runs: 2,
            cancel: &cancel,
            observe: &observe,
            ..Session::default()
        };
        let error = study.run(&noisy(), &session).expect_err("stopped");
        assert!(
            matches!(error, Error::Cancelled { finished } if finished >= stop_after),
            "{error}"
        );
    }
    // A crash in mid-line: the end of the file is cut off.
    let path = folder.path().join("runs.jsonl");
    let text = std::fs::read_to_string(&path).expect("the journal");
    std::fs::write(&path, &text[..text.len() - 20]).expect("cut");
    let session = Session { folder: Some(folder.path()), parallel_runs: 2, ..Session::default() };
    let answer = study.run(&noisy(), &session).expect("continues to the end");
    assert_eq!(answer, reference, "the same to the last bit");
}

/// A study that tunes nothing, at a learning rate whose final losses theory knows.
fn fixed(baseline: Arm, others: [Arm; 2]) -> StudyConfig {
    let mut arms = vec![baseline];
    arms.extend(others);
    StudyConfig {
        arms,
        steps: 6_000,
        tuning_seeds: 1,
        grid: Grid::fixed(0.03),
        averaging: vec![0.1],
        margin: 1e-5,
        ..config()
    }
}

const MODEL: NoisyQuadratic = NoisyQuadratic { curvature: 1.0, noise: 1.0 };

#[test]
fn the_gain_is_what_theory_says() {
    let config = fixed(
        Arm::new("constant", "constant", Role::Baseline),
        [
            Arm::new("linear", "linear(to 0)", Role::Decay),
            Arm::new("cosine", "cosine(to 0)", Role::Decay),
        ],
    );
    let answer = settle(config, &Quadratic::new(1.0, 0.0, 500));
    let floor = MODEL.constant(0.03);
    for (arm, end) in
        [(&answer.arms[1], MODEL.linear(0.03, 6e3)), (&answer.arms[2], MODEL.cosine(0.03, 6e3))]
    {
        let ratio = arm.diff / (floor - end);
        eprintln!("{}: gain {:.3e}, {ratio:.3} of theory's", arm.name, arm.diff);
        assert!((ratio - 1.0).abs() < 0.1, "{}: {ratio} of theory's gain", arm.name);
        assert_eq!(arm.verdict, Verdict::Helps, "{}", arm.name);
    }
    assert!(answer.notes[0].starts_with("no learning rate was tuned"), "said: {:?}", answer.notes);
    // The audit alone would have shown it, too: noise limits the runs, and the prediction needs no
    // decaying run at all.
    let why = answer.noise.expect("audited");
    eprintln!("predicted {:.3e}, measured {:?}", why.predicted_gain, why.measured_gain);
    assert!(why.noise_limited && why.largest_over_bound <= 1.0, "{why:?}");
    assert!(
        (why.predicted_gain / why.measured_gain.expect("losses") - 1.0).abs() < 0.15,
        "{why:?}"
    );
    assert_eq!(why.effective_lrs[0].counts.iter().sum::<u64>(), 6 * 500, "all seeds' weights");
}

#[test]
fn against_averaged_weights_decay_does_what_theory_says() {
    // Averaged over a tenth of the run, a constant learning rate ends at a third of what linear
    // decay leaves.
    let config = fixed(
        Arm::new("averaged", "constant", Role::Baseline).averaged(),
        [
            Arm::new("linear", "linear(to 0)", Role::Decay),
            Arm::new("exponential", "exponential(to 10%)", Role::Decay),
        ],
    );
    let answer = settle(config, &Quadratic::new(1.0, 0.0, 500));
    let (average, linear) = (MODEL.averaged(0.03, 600.0), MODEL.linear(0.03, 6e3));
    assert!(average < linear, "theory: {average} and {linear}");
    let ratio = answer.arms[1].diff / (average - linear);
    assert!((ratio - 1.0).abs() < 0.15, "{ratio} of theory's loss");
    assert_eq!(answer.verdict, Verdict::Harms, "{}", answer.sentence());
}

#[test]
fn a_branch_is_the_run_it_replaces_and_costs_its_tail_only() {
    let config = || StudyConfig {
        arms: vec![
            Arm::new("constant", "constant", Role::Baseline),
            Arm::new("averaged", "constant", Role::Alternative).averaged(),
            Arm::new("stable-decay", "constant(for 80%) then linear(to 0)", Role::Decay),
        ],
        grid: Grid::fixed(0.02),
        ..config()
    };
    let branching = noisy();
    let branched = settle(config(), &branching);
    let apart = noisy();
    let trial = |run: &paso_study::RunSpec, monitor: &paso_study::RunMonitor<'_>| {
        paso_study::Trial::train(&apart, run, monitor)
    };
    let separate = Study::new(config())
        .and_then(|study| study.run(&trial, &Session::default()))
        .expect("nothing fails");
    assert_eq!(branched, separate, "the same to the last bit");
    let updates = |trial: &Quadratic| trial.updates.load(Ordering::Relaxed);
    // Seven seeds, and 1 + 0.2 instead of 2 runs of each. The first update of the tail still has
    // the peak learning rate.
    assert_eq!(updates(&apart), 7 * 2 * STEPS, "two runs a seed");
    assert_eq!(updates(&branching), 7 * (STEPS + STEPS / 5 - 1), "one run and a fifth a seed");
}
