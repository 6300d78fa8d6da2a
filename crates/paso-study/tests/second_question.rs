//! The second question: is there something better that needs no decay?

mod loops;

use loops::{Recorder, TUNING, decades, four, luck, noise, outcome, run, two};
use paso_study::{
    Arm, Grid, Outcome, Question, Role, RunMonitor, RunSpec, Session, Study, StudyConfig,
    TrialError, Variant, Verdict,
};

const FREE: Variant = Variant::new("schedule-free");

fn with(mut config: StudyConfig, arm: Arm) -> StudyConfig {
    config.arms.push(arm);
    config
}

fn free() -> Arm {
    Arm::new("schedule-free", "constant", Role::Alternative).with_variant(FREE)
}

/// Decay helps by 0.02, the other rule by `free`, both best at 1e-3.
fn metric(free: f64) -> impl Fn(&RunSpec) -> f64 + Sync {
    move |run: &RunSpec| {
        let gain = match (run.variant == FREE, run.spec.as_str()) {
            (true, _) => free,
            (_, "constant") => 0.0,
            (_, "linear(to 0)") => 0.02,
            _ => 0.015,
        };
        0.5 + gain + luck(run) + 0.002 * noise(run, 1) - 0.05 * decades(run.peak_lr, 1e-3)
    }
}

#[test]
fn it_is_asked_after_the_first_and_against_its_winner() {
    for (gain, verdict, arm) in [
        (0.05, Verdict::Helps, "schedule-free"),
        (0.021, Verdict::NoDifference, "linear"),
        (-0.02, Verdict::Harms, "linear"),
    ] {
        let trial = Recorder::new(metric(gain));
        let answer = run(with(four(), free()), &trial);
        assert_eq!(answer.verdict, Verdict::Helps, "the first question: {answer}");
        let second = answer.alternative.as_ref().expect("asked");
        assert_eq!((second.question, second.verdict), (Question::Alternative, verdict), "{answer}");
        assert_eq!(
            (second.challenger.arm.as_str(), &second.challenger.variant),
            ("schedule-free", &FREE)
        );
        assert_eq!(second.incumbent, answer.decay.challenger, "the winner of the first");
        assert_eq!((answer.settled.finalist.arm.as_str(), answer.settled.decided), (arm, true));
        let runs = trial.runs();
        let first = runs.iter().position(|run| run.variant == FREE).expect("it ran");
        let last = runs.iter().rposition(|run| run.variant != FREE && run.peak_lr != 1e-3);
        let pairs =
            runs[..first].iter().filter(|run| run.seed < TUNING && run.spec == "linear(to 0)");
        assert_eq!(pairs.count(), 8, "after the verdict of the first");
        // Only a confirmation against the runner-up may need new runs of the first question's arms.
        assert!(last.is_some());
        trial.distinct();
    }
}

#[test]
fn without_help_from_decay_it_is_against_the_baseline() {
    let trial = Recorder::new(|run: &RunSpec| {
        let gain = if run.variant == FREE { 0.05 } else { 0.0 };
        luck(run) + gain + 0.001 * noise(run, 2)
    });
    let answer = run(with(two(), free()), &trial);
    assert_eq!(answer.verdict, Verdict::NoDifference);
    let second = answer.alternative.expect("asked");
    assert_eq!((second.incumbent.arm.as_str(), second.verdict), ("constant", Verdict::Helps));
    assert_eq!(trial.distinct(), 3 * 8, "the baseline's runs are there already");
}

#[test]
fn helps_must_beat_the_runner_up_of_the_winner_too() {
    // The other rule is better than linear decay, and not than its runner-up cosine on the seeds of the pairs.
    let trial = Recorder::new(|run: &RunSpec| {
        let cosine = run.seed < TUNING && run.spec.starts_with("cosine");
        metric(0.04)(run) + if cosine { 0.025 } else { 0.0 }
    });
    let mut config = four();
    config.arms.pop();
    let answer = run(with(config, free()), &trial);
    let second = answer.alternative.as_ref().expect("asked");
    let confirmation = second.confirmation.as_ref().expect("it had crossed");
    assert_eq!((confirmation.runner_up.arm.as_str(), confirmation.confirmed), ("cosine", false));
    assert_eq!(second.verdict, Verdict::Undecided, "{answer}");
    assert_eq!(answer.settled.finalist.arm, "linear");
}

#[test]
fn averaged_weights_of_the_baseline_cost_no_run() {
    let averaged = Arm::new("averaged", "constant", Role::Alternative).averaged();
    let trial = |gain: f64| {
        Recorder::new(move |run: &RunSpec| {
            let decay = if run.spec == "constant" { 0.0 } else { gain };
            luck(run) + decay - 0.05 * decades(run.peak_lr, 1e-3)
        })
    };
    for gain in [0.0, 0.05] {
        let (plain, more) = (trial(gain), trial(gain));
        run(four(), &plain);
        let answer = run(with(four(), averaged.clone()), &more);
        let second = answer.alternative.expect("asked");
        assert_eq!(second.challenger.arm, "averaged");
        // What the race of the averaged arm asks for beyond the constant's is its own second place.
        let extra = more.distinct() - plain.distinct();
        let key = |run: &RunSpec| (run.spec.clone(), run.peak_lr.to_bits(), run.seed);
        let known: Vec<_> = plain.runs().iter().map(key).collect();
        let mut added = more.runs();
        added.retain(|run| !known.contains(&key(run)));
        assert_eq!(added.len(), extra, "and the averages change no other run");
        let (of_pairs, of_race): (Vec<RunSpec>, Vec<_>) =
            added.into_iter().partition(|run| run.seed < TUNING);
        // Its runner-up is the constant's, which the first question has confirmed its answer with.
        let confirmed = second.confirmation.is_some();
        assert_eq!(confirmed, gain > 0.0, "where the averaged weights lose for sure");
        assert_eq!(of_pairs, [], "no run of a pair");
        assert!(of_race.len() <= 2, "{of_race:?}");
    }
    let mut fixed = with(two(), averaged);
    fixed.averaging = vec![0.5];
    let more = trial(0.0);
    run(fixed, &more);
    assert_eq!(more.distinct(), 16, "nothing to choose: nothing to train");
}

#[test]
fn averages_are_compared_at_their_horizon_and_not_by_the_last_weights() {
    let config = StudyConfig {
        averaging: vec![0.1, 0.5],
        ..with(two(), Arm::new("averaged", "constant", Role::Alternative).averaged())
    };
    let trial = |run: &RunSpec, _: &RunMonitor<'_>| -> Result<Outcome, TrialError> {
        let averaged = run.averaging.iter().map(|horizon| 0.01 * *horizon as f64 + luck(run));
        Ok(Outcome { averaged: averaged.collect(), ..outcome(run, luck(run)) })
    };
    let answer = run(config, &trial);
    let second = answer.alternative.as_ref().expect("asked");
    assert!((second.last().mean - 0.1).abs() < 1e-12, "the horizon of 10 steps: {answer}");
    assert_eq!(answer.arms[2].values.len(), 8);
    assert!((answer.arms[2].diff.expect("it has pairs") - 0.1).abs() < 1e-12);
}

#[test]
fn without_alternatives_there_is_no_second_question() {
    let answer = run(four(), &Recorder::new(metric(0.0)));
    assert!(answer.alternative.is_none());
    assert!(answer.to_string().matches("interval").count() == 1, "{answer}");
}

#[test]
fn an_alternative_that_shares_no_schedule_races_for_itself() {
    let grid = Grid { max_points: 5, ..four().grid };
    let trial = Recorder::new(|run: &RunSpec| {
        let best = if run.variant == FREE { 1e-1 } else { 1e-3 };
        luck(run) - 0.1 * decades(run.peak_lr, best)
    });
    let answer = run(with(StudyConfig { grid, ..four() }, free()), &trial);
    let second = answer.alternative.expect("asked");
    assert_eq!(second.challenger.peak_lr, 1e-1, "its grid widens by itself");
    assert_eq!(answer.decay.challenger.peak_lr, 1e-3);
}

#[test]
fn display_shows_arms_that_are_in_no_comparison() {
    let shown = |display| {
        let trial = Recorder::new(metric(0.0));
        let answer = run(StudyConfig { display, ..with(four(), free()) }, &trial);
        let values: Vec<usize> = answer.arms.iter().map(|arm| arm.values.len()).collect();
        (answer.verdict, values)
    };
    let (verdict, values) = shown(0);
    assert_eq!((values[2], values[3]), (0, 0), "not by default: {values:?}");
    let (same, values) = shown(5);
    assert_eq!((same, values[2], values[3]), (verdict, 5, 5), "{values:?}");
    assert!(values[0] >= 8 && values[1] >= 8 && values[4] >= 8, "{values:?}");
}

/// A loop that keeps no averages, and one that does, by the same metric.
fn loops(run: &RunSpec, averages: bool) -> Outcome {
    let metric = metric(0.0)(run);
    let averaged = if averages { vec![metric; run.averaging.len()] } else { Vec::new() };
    Outcome { metric, averaged, ..Outcome::default() }
}

#[test]
fn an_arm_whose_averages_are_missing_is_left_out_with_a_note() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let trained = std::sync::atomic::AtomicUsize::new(0);
    let trial = |run: &RunSpec, _: &RunMonitor<'_>| -> Result<Outcome, TrialError> {
        trained.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Ok(loops(run, false))
    };
    let averaged = || Arm::new("averaged", "constant", Role::Alternative).averaged();
    let study = |config| Study::new(config).expect("valid");
    let session = Session { folder: Some(folder.path()), ..Session::default() };
    let answer = study(with(four(), averaged())).run(&trial, &session).expect("it is answered");
    assert_eq!(answer.verdict, Verdict::Helps, "{answer}");
    assert!(answer.alternative.is_none(), "nothing is left of the second question");
    assert_eq!(answer.arms.len(), 4);
    assert!(answer.notes.iter().any(|note| note.starts_with("averaged is left out")), "{answer:?}");

    // Nothing is trained twice: not for the smaller study, and not when it is continued.
    let runs = trained.load(std::sync::atomic::Ordering::Relaxed);
    let plain = Recorder::new(|run: &RunSpec| loops(run, false).metric);
    let without = run(four(), &plain);
    assert_eq!((plain.runs().len(), without.decay), (runs, answer.decay.clone()));
    let again = study(with(four(), averaged())).run(&trial, &session).expect("it is answered");
    assert_eq!(trained.load(std::sync::atomic::Ordering::Relaxed), runs, "all runs were kept");
    assert_eq!(again, answer);

    // The other arms of the question are asked about.
    let config = with(with(four(), averaged()), free());
    let answer = study(config).run(&trial, &Session::default()).expect("it is answered");
    assert_eq!(answer.alternative.expect("asked").challenger.arm, "schedule-free");
}

#[test]
fn an_arm_with_averages_is_compared() {
    let trial =
        |run: &RunSpec, _: &RunMonitor<'_>| -> Result<Outcome, TrialError> { Ok(loops(run, true)) };
    let arm = Arm::new("averaged", "constant", Role::Alternative).averaged();
    let study = Study::new(with(four(), arm)).expect("valid");
    let answer = study.run(&trial, &Session::default()).expect("it is answered");
    assert_eq!(answer.alternative.expect("asked").challenger.arm, "averaged");
    assert_eq!(answer.arms.len(), 5);
}
