//! The race that chooses which arms and learning rates are compared, on seeds that no comparison
//! uses.
//!
//! Every arm at every learning rate of the grid is trained once. The best go on to a second seed,
//! and the best of those to two more (successive halving, Jamieson and Talwalkar 2016, with a factor
//! of two). A bad learning rate is recognized by one run; the runs are spent where the choice is
//! close. If a winner lies at an end of its grid, that arm gets one more learning rate there, on all
//! seeds of the race, until the best lies inside. At last the baseline gets one more between its two
//! best neighbors, on all seeds: decay has several arms, one of which has its best learning rate near
//! the grid by luck, and a constant learning rate has one chance. In simulation that halves the rate
//! of a wrong "helps". The alternatives of the second question, which meet the winner of the first,
//! get one for the same reason.
//!
//! Decaying arms and the baseline race side by side, each for its own places, so that neither side
//! is chosen with fewer runs than it needs. The two best of each side are its *finalists*: the
//! second one guards the verdict against a first one that luck has chosen (`comparison.rs`).
//!
//! A candidate with a run that diverged has no score and goes last.

use crate::arm::Role;
use crate::candidate::{Candidate, Finalist, metric_of};
use crate::config::StudyConfig;
use crate::journal::Journal;
use crate::run_spec::RunSpec;
use crate::sequential::FIRST_LOOK;
use crate::stats::mean;

/// Seeds of the race.
pub(crate) const SEEDS: usize = 4;

/// Seeds that a candidate has been trained with after each stage of the race.
const STAGES: [usize; 3] = [1, 2, SEEDS];

/// Places of the race for arms of one role.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Places {
    pub(crate) role: Role,
    /// Candidates that go on to the second stage, and to the last one.
    kept: [usize; 2],
    /// Whether the best candidate and its better neighbor get one more between them.
    refined: bool,
}

/// Places of the first question. Decay has more configurations, among which the best is harder to
/// tell.
pub(crate) const FIRST: [Places; 2] = [
    Places { role: Role::Decay, kept: [6, 3], refined: false },
    Places { role: Role::Baseline, kept: [3, 2], refined: true },
];

/// Places of the second question.
pub(crate) const SECOND: [Places; 1] =
    [Places { role: Role::Alternative, kept: [4, 2], refined: true }];

/// Runs that a study needs before it can go on, and runs that it will probably need after those.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) needed: Vec<RunSpec>,
    pub(crate) ahead: Vec<RunSpec>,
}

/// The best two of a role.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Finalists {
    pub(crate) best: Finalist,
    /// `None` if there is only one candidate, so that nothing was chosen.
    pub(crate) runner_up: Option<Finalist>,
}

/// What a race found. It follows from the runs that the race asked for, and from no others that may
/// be finished as well, so looking ahead and runs of an earlier call change nothing.
#[derive(Debug, Default)]
pub(crate) struct Raced {
    /// The finalists of each role; `None` for a role without an arm.
    pub(crate) finalists: Vec<Option<Finalists>>,
    /// Every candidate that was raced, with its number of seeds.
    pub(crate) entries: Vec<(Candidate, usize)>,
}

/// Score of a candidate over the first seeds of the race.
#[derive(Clone, Copy, Debug)]
struct Score {
    finalist: Finalist,
    /// Minus infinity if a run diverged.
    mean: f64,
}

/// The finalists of each role, or the runs that are missing.
pub(crate) fn race(
    config: &StudyConfig,
    journal: &Journal,
    places: &[Places],
) -> Result<Raced, Wanted> {
    let mut fields: Vec<Vec<Candidate>> =
        places.iter().map(|places| entrants(config, places.role)).collect();
    let mut raced = Raced::default();
    for (stage, seeds) in STAGES.into_iter().enumerate() {
        if let Some(before) = stage.checked_sub(1) {
            for (field, places) in fields.iter_mut().zip(places) {
                *field = best(config, journal, field, STAGES[before], places.kept[before]);
            }
        }
        complete(config, journal, places, &fields, seeds)?;
        note(config, &mut raced, &fields, seeds);
    }
    loop {
        let widened: Vec<Candidate> =
            fields.iter().filter_map(|field| beyond(config, journal, field)).collect();
        if widened.is_empty() {
            break;
        }
        for (field, places) in fields.iter_mut().zip(places) {
            let mine = |candidate: &&Candidate| candidate.arm(config).role == places.role;
            field.extend(widened.iter().filter(mine));
        }
        complete(config, journal, places, &fields, SEEDS)?;
        note(config, &mut raced, &fields, SEEDS);
    }
    for (field, _) in fields.iter_mut().zip(places).filter(|(_, places)| places.refined) {
        field.extend(between(config, journal, field));
    }
    complete(config, journal, places, &fields, SEEDS)?;
    note(config, &mut raced, &fields, SEEDS);
    raced.finalists = fields.iter().map(|field| finalists(config, journal, field)).collect();
    Ok(raced)
}

/// Notes that the candidates of these fields have been trained with so many seeds.
fn note(config: &StudyConfig, raced: &mut Raced, fields: &[Vec<Candidate>], seeds: usize) {
    for field in fields.iter().filter(|field| is_contested(config, field)) {
        raced.entries.retain(|(candidate, _)| !field.contains(candidate));
        raced.entries.extend(field.iter().map(|candidate| (*candidate, seeds)));
    }
}

/// Every arm of a role at every learning rate to begin with.
pub(crate) fn entrants(config: &StudyConfig, role: Role) -> Vec<Candidate> {
    let (low, high) = config.grid.start();
    let mut lrs: Vec<i32> = (low..=high).collect();
    lrs.sort_by_key(|lr| lr.abs());
    let arms = |lr| {
        let of_role = (0..config.arms.len()).filter(move |arm| config.arms[*arm].role == role);
        of_role.map(move |arm| Candidate { arm, lr: 2 * lr })
    };
    lrs.into_iter().flat_map(arms).collect()
}

/// Whether there is anything to choose: a single candidate without a horizon runs no race.
fn is_contested(config: &StudyConfig, field: &[Candidate]) -> bool {
    field.len() > 1 || field.iter().any(|candidate| candidate.horizons(config).len() > 1)
}

/// Succeeds if every field has its runs on so many seeds.
fn complete(
    config: &StudyConfig,
    journal: &Journal,
    places: &[Places],
    fields: &[Vec<Candidate>],
    seeds: usize,
) -> Result<(), Wanted> {
    let runs = |field: &[Candidate], seeds: std::ops::Range<usize>| -> Vec<RunSpec> {
        if !is_contested(config, field) {
            return Vec::new();
        }
        let with = |seed| field.iter().map(move |c| c.run(config, config.tuning_seed(seed)));
        seeds.flat_map(with).collect()
    };
    let mut wanted = Wanted::default();
    for (field, places) in fields.iter().zip(places) {
        wanted.needed.extend(runs(field, 0..seeds));
        // What the next stage will need, as far as is known: finished candidates rank first.
        let next = STAGES.iter().zip(&STAGES[1..]).zip(places.kept);
        for ((_, more), kept) in next.filter(|((before, _), _)| **before == seeds) {
            wanted.ahead.extend(runs(&best(config, journal, field, seeds, kept), seeds..*more));
        }
    }
    // And then the pairs of the best so far, for whoever has nothing else to do: a grid that is
    // widened wants four runs at a time.
    let last = if seeds == SEEDS { config.looks().last() } else { None };
    let best: Vec<Candidate> =
        fields.iter().flat_map(|field| best(config, journal, field, seeds, 1)).collect();
    for numbers in [0..FIRST_LOOK, FIRST_LOOK..last.unwrap_or(FIRST_LOOK)] {
        for candidate in &best {
            let pair = |number| candidate.run(config, config.pair_seed(number));
            wanted.ahead.extend(numbers.clone().map(pair));
        }
    }
    let missing = wanted.needed.iter().any(|run| journal.get(run).is_none());
    if missing { Err(wanted) } else { Ok(()) }
}

/// The `kept` best candidates by their first `seeds` seeds.
fn best(
    config: &StudyConfig,
    journal: &Journal,
    field: &[Candidate],
    seeds: usize,
    kept: usize,
) -> Vec<Candidate> {
    let scores = ranked(config, journal, field, seeds);
    scores.iter().take(kept).map(|score| score.finalist.candidate).collect()
}

/// The candidates from best to worst; equal ones from the middle of the grid outwards, and those
/// that diverged from the lowest learning rate up.
fn ranked(
    config: &StudyConfig,
    journal: &Journal,
    field: &[Candidate],
    seeds: usize,
) -> Vec<Score> {
    let mut scores: Vec<Score> =
        field.iter().map(|candidate| score(config, journal, *candidate, seeds)).collect();
    scores.sort_by(|a, b| {
        let lr = |score: &Score| score.finalist.candidate.lr;
        let ties =
            if a.mean.is_finite() { lr(a).abs().cmp(&lr(b).abs()) } else { lr(a).cmp(&lr(b)) };
        b.mean.total_cmp(&a.mean).then(ties)
    });
    scores
}

/// A candidate's mean metric over the first `seeds` seeds, at its best averaging horizon.
fn score(config: &StudyConfig, journal: &Journal, candidate: Candidate, seeds: usize) -> Score {
    let of = |horizon: Option<usize>| {
        let mean = mean_over(config, journal, Finalist { candidate, horizon }, seeds);
        Score { finalist: Finalist { candidate, horizon }, mean: mean.unwrap_or(f64::NEG_INFINITY) }
    };
    let scores = candidate.horizons(config).into_iter().map(of);
    scores
        .reduce(|best, score| if score.mean > best.mean { score } else { best })
        .expect("at least one horizon, or none")
}

/// The mean metric over the first `seeds` seeds of the race; `None` if a run is missing or diverged.
pub(crate) fn mean_over(
    config: &StudyConfig,
    journal: &Journal,
    finalist: Finalist,
    seeds: usize,
) -> Option<f64> {
    let metric = |number| {
        let run = finalist.run(config, config.tuning_seed(number));
        journal.get(&run).map(|outcome| metric_of(outcome, finalist.horizon))
    };
    let metrics: Option<Vec<f64>> = (0..seeds).map(metric).collect();
    metrics.map(|metrics| mean(&metrics)).filter(|mean| mean.is_finite())
}

/// The candidate beyond the best one, where that lies at an end of what its arm has tried.
fn beyond(config: &StudyConfig, journal: &Journal, field: &[Candidate]) -> Option<Candidate> {
    let Candidate { arm, lr } = ranked(config, journal, field, SEEDS).first()?.finalist.candidate;
    let tried = |lr: i32| {
        let (low, high) = config.grid.start();
        (2 * low..=2 * high).contains(&lr) || field.contains(&Candidate { arm, lr })
    };
    let count = (-99..=99).filter(|lr| tried(2 * lr)).count();
    if config.grid.points == 1 || count >= config.grid.max_points {
        return None;
    }
    [lr + 2, lr - 2].into_iter().find(|lr| !tried(*lr)).map(|lr| Candidate { arm, lr })
}

/// The candidate half way between the best one and the better one of its neighbors.
fn between(config: &StudyConfig, journal: &Journal, field: &[Candidate]) -> Option<Candidate> {
    let scores = ranked(config, journal, field, SEEDS);
    let Candidate { arm, lr } = scores.first()?.finalist.candidate;
    let others = scores[1..].iter().map(|score| score.finalist.candidate);
    let neighbor = others.into_iter().find(|c| c.arm == arm && (c.lr - lr).abs() == 2)?;
    Some(Candidate { arm, lr: lr.midpoint(neighbor.lr) })
}

fn finalists(config: &StudyConfig, journal: &Journal, field: &[Candidate]) -> Option<Finalists> {
    let scores = ranked(config, journal, field, SEEDS);
    let best = scores.first()?.finalist;
    let runner_up = scores.get(1).map(|score| score.finalist);
    Some(Finalists { best, runner_up })
}

/// How many runs the race of these places takes, if no grid is widened and a learning rate to be
/// refined has a neighbor.
pub(crate) fn runs(config: &StudyConfig, places: &[Places]) -> usize {
    let of = |places: &Places| {
        let field = entrants(config, places.role);
        // Arms that only differ in averaging share their runs, also with arms of other roles. The
        // alternatives race last.
        let turn = |arm: usize| (config.arms[arm].role == Role::Alternative, arm);
        let own = |candidate: &&Candidate| {
            let earlier = |arm: &usize| turn(*arm) < turn(candidate.arm);
            let alike = |arm: usize| config.arms[arm].trains_like(candidate.arm(config));
            !(0..config.arms.len()).filter(earlier).any(alike)
        };
        let entrants = field.iter().filter(own).count();
        match is_contested(config, &field) {
            true => {
                let between = if places.refined && entrants > 1 { SEEDS } else { 0 };
                let later = |stage: usize| {
                    (STAGES[stage + 1] - STAGES[stage]) * places.kept[stage].min(entrants)
                };
                entrants + later(0) + later(1) + between
            }
            false => 0,
        }
    };
    places.iter().map(of).sum()
}
