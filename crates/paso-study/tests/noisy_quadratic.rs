//! Studies of the noisy quadratic, where theory knows the answer.

mod quadratic;

use paso_study::theory::NoisyQuadratic;
use paso_study::{
    Answer, Arm, Grid, Role, RunMonitor, RunSpec, Session, Study, StudyConfig, Trial, Verdict,
};
use quadratic::Quadratic;
use std::sync::atomic::Ordering;

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
        pairs: 27,
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
fn with_noise_decay_helps_and_averaged_weights_do_as_well() {
    let answer = settle(config(), &noisy());
    assert_eq!(answer.verdict, Verdict::Helps, "{answer}");
    assert!(answer.decay.last().interval.low > 0.0, "{answer}");
    assert!(answer.decay.confirmation.as_ref().is_some_and(|found| found.confirmed), "{answer}");
    let loss = answer.decay.loss.expect("runs have a loss");
    assert_eq!((loss.verdict, loss.mean), (Verdict::Helps, answer.decay.last().mean), "the same");
    assert!(answer.alternative.is_some(), "{answer}");
}

#[test]
fn without_noise_there_is_no_difference() {
    let answer = settle(config(), &Quadratic::new(0.0, 1.0, 200));
    assert_eq!(answer.verdict, Verdict::NoDifference, "{answer}");
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
    assert_eq!(answer.verdict, Verdict::Harms, "{answer}");
    assert!(
        answer
            .notes
            .iter()
            .any(|note| note.starts_with("early: the best peak learning rate is the highest")),
        "{:?}",
        answer.notes
    );
}

/// A study that tunes nothing, at a learning rate whose final losses theory knows.
fn fixed(baseline: Arm, others: [Arm; 2]) -> StudyConfig {
    let mut arms = vec![baseline];
    arms.extend(others);
    StudyConfig {
        arms,
        steps: 6_000,
        display: 8,
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
        let diff = arm.diff.expect("every arm has its runs for display");
        let ratio = diff / (floor - end);
        eprintln!("{}: gain {diff:.3e}, {ratio:.3} of theory's", arm.name);
        assert!((ratio - 1.0).abs() < 0.1, "{}: {ratio} of theory's gain", arm.name);
    }
    assert_eq!(answer.verdict, Verdict::Helps, "{answer}");
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
    assert_eq!(why.effective_lrs[0].counts.iter().sum::<u64>(), 8 * 500, "all seeds' weights");
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
    let ratio = answer.arms[1].diff.expect("shown") / (average - linear);
    assert!((ratio - 1.0).abs() < 0.15, "{ratio} of theory's loss");
    assert_eq!(answer.verdict, Verdict::Harms, "{answer}");
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
    let trial = |run: &RunSpec, monitor: &RunMonitor<'_>| apart.train(run, monitor);
    let separate = Study::new(config())
        .and_then(|study| study.run(&trial, &Session::default()))
        .expect("nothing fails");
    assert_eq!(branched, separate, "the same to the last bit");
    let updates = |trial: &Quadratic| trial.updates.load(Ordering::Relaxed);
    // The constant run is evaluated until 5 % after its end. The first update of the tail still has
    // the peak learning rate. Four seeds choose the averaging horizon without a decay.
    let (whole, tail) = (STEPS + STEPS / 20, STEPS / 5 - 1);
    let pairs = branched.decay.last().pairs as u64;
    assert_eq!(updates(&apart), 4 * whole + pairs * (whole + STEPS), "two runs a pair");
    assert_eq!(updates(&branching), 4 * whole + pairs * (whole + tail), "one run and a fifth");
}

#[test]
fn an_evaluation_in_the_shared_part_is_that_of_the_run_alone() {
    // A decay that begins inside the window of the constant run.
    let late = RunSpec::new("constant(for 97%) then linear(to 0)", 0.02, STEPS, 3);
    let mut constant = RunSpec::new("constant", 0.02, STEPS, 3);
    constant.evaluate_at = vec![1_900, 1_950, 2_000, 2_050, 2_100];
    assert!(constant.shared_steps(&late) > 1_900);
    let trial = noisy();
    let monitor = RunMonitor::detached();
    for runs in [[late.clone(), constant.clone()], [constant, late]] {
        let branches = trial.train_branches(&runs, &monitor).expect("nothing fails");
        for (run, outcome) in runs.iter().zip(branches) {
            let alone = trial.train(run, &monitor).expect("nothing fails");
            assert_eq!((alone.metric, alone.loss), (outcome.metric, outcome.loss), "{run}");
        }
    }
}
