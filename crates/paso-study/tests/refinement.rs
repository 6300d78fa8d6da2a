//! The last step of a race: the baseline, and the alternative of the second question, get one more
//! learning rate, half way between the best one and the better one of its neighbors.

mod loops;

use loops::{BETWEEN, Recorder, TUNING, decades, four, luck, run, study, tried, two};
use paso_study::{Arm, Grid, Role, RunSpec, Session, StudyConfig, Variant};

/// Below 1e-3: half way between 1e-4 and 1e-3.
const BELOW: f64 = 3.16228e-4;

/// The best learning rate of every arm is `best`, and the metric falls with the distance in decades.
/// Linear decay is so good that all its learning rates are trained on every seed of the race.
fn peaked(best: f64) -> impl Fn(&RunSpec) -> f64 + Sync {
    move |run: &RunSpec| {
        let gain = if run.spec.starts_with("linear") { 1.0 } else { 0.0 };
        0.5 + gain + luck(run) - 0.1 * decades(run.peak_lr, best)
    }
}

/// Those of [`four`] and an alternative.
fn five() -> StudyConfig {
    let mut config = four();
    let free = Arm::new("free", "constant", Role::Alternative);
    config.arms.push(free.with_variant(Variant::new("free")));
    config
}

#[test]
fn it_lies_next_to_the_best_on_the_better_side_and_decays_have_none() {
    for (best, between) in [(1.1e-3, BETWEEN), (0.9e-3, BELOW)] {
        let trial = Recorder::new(peaked(best));
        let answer = run(five(), &trial);
        let constant = &answer.arms[0].tuned;
        let mut expected = vec![1e-4, 1e-3, 1e-2, between];
        expected.sort_by(f64::total_cmp);
        for arm in [0, 4] {
            assert_eq!(tried(&answer, arm), expected, "listed with the others");
        }
        assert!((1..4).all(|arm| tried(&answer, arm) == [1e-4, 1e-3, 1e-2]), "{best}");
        let point = constant.tried.iter().find(|point| point.peak_lr == between).expect("listed");
        let mean = (0..4).map(|seed| ((TUNING + seed) % 7) as f64 / 400.0).sum::<f64>() + 0.5
            - 0.1 * decades(between, best);
        assert!((point.mean.expect("trained") - mean).abs() < 1e-12, "{point:?}");
        assert_eq!((point.seeds, constant.peak_lr, constant.at_edge), (4, 1e-3, false));
        let runs = trial.runs();
        let between = |run: &&RunSpec| run.peak_lr == between && run.seed >= TUNING;
        assert!(runs.iter().filter(between).all(|run| run.spec == "constant"), "{best}");
        for variant in ["", "free"] {
            let mine = runs.iter().filter(between).filter(|run| run.variant.name() == variant);
            let seeds: Vec<u64> = mine.map(|run| run.seed - TUNING).collect();
            assert_eq!(seeds, [0, 1, 2, 3], "on every seed of the race, each once");
        }
        trial.distinct();
    }
}

#[test]
fn it_is_compared_where_it_is_the_best() {
    let trial = Recorder::new(peaked(3e-3));
    let answer = run(four(), &trial);
    assert_eq!(answer.decay.incumbent.peak_lr, BETWEEN, "of the constant");
    assert_eq!(answer.decay.challenger.peak_lr, 1e-3, "decays have the grid");
    assert_eq!((answer.arms[0].tuned.peak_lr, answer.arms[0].tuned.at_edge), (BETWEEN, false));
    assert_eq!(trial.pairs("constant", BETWEEN).len(), answer.decay.last().pairs);
}

#[test]
fn it_comes_once_after_the_grid_has_widened() {
    let grid = Grid { max_points: 5, ..four().grid };
    // Widens to 0.1 and 1, where it ends; the best lies beyond, inside, or in the last gap.
    for (best, between, chosen, at_edge) in [
        (1e3, 0.316228, 1.0, true),
        (0.09, 0.0316228, 0.1, false),
        (0.5, 0.316228, 0.316228, false),
    ] {
        let trial = Recorder::new(peaked(best));
        let answer = run(StudyConfig { grid, ..four() }, &trial);
        let constant = &answer.arms[0].tuned;
        let mut expected = vec![1e-4, 1e-3, 1e-2, 0.1, 1.0, between];
        expected.sort_by(f64::total_cmp);
        assert_eq!(tried(&answer, 0), expected, "{best}");
        assert_eq!((constant.peak_lr, constant.at_edge), (chosen, at_edge), "{best}");
        let noted = answer.notes.iter().any(|note| note.starts_with("constant: the best peak"));
        assert_eq!(noted, at_edge, "{:?}", answer.notes);
        let runs = trial.runs();
        let first = runs.iter().position(|run| run.peak_lr == between).expect("trained");
        let last = runs.iter().rposition(|run| run.seed >= TUNING && run.peak_lr != between);
        assert!(last.expect("a race") < first, "the last of the race");
    }
}

#[test]
fn it_is_the_square_root_of_the_factor_away_with_six_digits() {
    for (center, factor, best, between) in [
        (1e-3, 3.0, 1.1e-3, 1.73205e-3),
        (1e-3, 3.0, 0.9e-3, 5.7735e-4),
        (2e-3, 2.0, 2.1e-3, 2.82843e-3),
        (1e-3, 4.0, 0.9e-3, 5e-4),
        (1.0, 1_000.0, 1.1, 31.6228),
    ] {
        let grid = Grid { center, factor, points: 3, max_points: 3 };
        let answer = run(StudyConfig { grid, ..four() }, &Recorder::new(peaked(best)));
        let found = tried(&answer, 0);
        assert!(found.len() == 4 && found.contains(&between), "{between}: {found:?}");
    }
}

#[test]
fn nothing_is_refined_where_nothing_lies_next_to_the_best() {
    // Good at both ends, bad in the middle, which does not get beyond two seeds.
    let valley = |run: &RunSpec| {
        let middle = if run.peak_lr == 1e-3 { 0.3 } else { 0.0 };
        0.5 + luck(run) + 0.001 * run.peak_lr.log10() - middle
    };
    let trial = Recorder::new(valley);
    let answer = run(four(), &trial);
    assert_eq!(tried(&answer, 0), [1e-4, 1e-3, 1e-2]);
    assert_eq!((answer.arms[0].tuned.peak_lr, answer.arms[0].tuned.at_edge), (1e-2, true));
    let race = trial.runs().iter().filter(|run| run.seed >= TUNING).count();
    let plan = study(four()).plan(&Session::default());
    assert_eq!(race + 4, plan.race, "a plan expects the four runs");
}

#[test]
fn nothing_is_refined_in_a_grid_of_one_learning_rate() {
    let trained = |config: StudyConfig| {
        let trial = Recorder::new(peaked(2e-3));
        let answer = run(config.clone(), &trial);
        assert!(trial.runs().iter().all(|run| run.peak_lr == 1e-3), "{config:?}");
        assert_eq!(answer.decay.incumbent.peak_lr, 1e-3);
        let race = trial.runs().iter().filter(|run| run.seed >= TUNING).count();
        assert_eq!(race, study(config).plan(&Session::default()).race);
        race
    };
    assert_eq!(trained(two()), 0, "nothing to choose");
    let grid = Grid { points: 1, max_points: 5, ..four().grid };
    for grid in [grid, Grid::fixed(1e-3)] {
        assert_eq!(trained(StudyConfig { grid, ..four() }), 3 + 3 + 2 * 3, "only the decays race");
    }
    // The baseline races for its averaging horizon only.
    let mut averaged = two();
    averaged.arms[0] = averaged.arms[0].clone().averaged();
    assert_eq!(trained(averaged), 4);
}
