//! The answer of a study from its finished runs: a pure function of the journal and the procedure.

use crate::answer::{Answer, ArmAnswer, Comparison, Confirmation, FinalistAnswer, Settled};
use crate::arm::Role;
use crate::averages;
use crate::budget::BudgetCut;
use crate::candidate::Finalist;
use crate::comparison::{Progress, bounded, value};
use crate::config::StudyConfig;
use crate::journal::Journal;
use crate::noise::NoiseAnalysis;
use crate::notes::notes;
use crate::procedure::{Procedure, Question};
use crate::sequential::{Look, Rule, SequentialTest, Verdict};
use crate::stats::{mean, standard_deviation};
use crate::tuned::Tuned;

/// The answer as far as it is known; `None` before the first look.
pub(crate) fn answer(
    procedure: &Procedure,
    journal: &Journal,
    cut: Option<&BudgetCut>,
) -> Option<Answer> {
    let config = &procedure.config;
    let first = procedure.first.as_ref().filter(|progress| progress.pairs() > 0)?;
    let second = procedure.second.as_ref().filter(|progress| progress.pairs() > 0);
    let compared = |question, progress| comparison(config, journal, question, progress);
    let decay = compared(Question::Decay, first);
    let alternative = second.map(|progress| compared(Question::Alternative, progress));
    let baseline = values(procedure, journal, first.incumbent.best);
    let arms: Vec<ArmAnswer> = (0..config.arms.len())
        .map(|arm| arm_answer(procedure, journal, procedure.known(journal, arm), &baseline))
        .collect();
    let noise = NoiseAnalysis::new(
        config,
        journal,
        (first.incumbent.best, first.challenger.best),
        first.pairs(),
    );
    let untuned = config.grid.points == 1;
    let mut notes = notes(&decay, alternative.as_ref(), &arms, cut, untuned, journal.machines());
    notes.extend(procedure.left_out.iter().map(|arm| averages::note(arm)));
    if alternative.is_none() && procedure.has_alternatives() {
        notes.push("not compared yet: whether something is better that needs no decay".into());
    }
    Some(Answer {
        verdict: decay.verdict,
        metric: config.metric.clone(),
        notes,
        settled: settled(procedure, journal, first, second),
        decay,
        alternative,
        arms,
        noise,
        shortened_from: cut.map(|cut| cut.steps.0).filter(|asked| *asked > config.steps),
        config: config.clone(),
    })
}

pub(crate) fn named(config: &StudyConfig, finalist: Finalist) -> FinalistAnswer {
    let arm = finalist.candidate.arm(config);
    FinalistAnswer {
        arm: arm.name.clone(),
        spec: arm.spec.clone(),
        variant: arm.variant.clone(),
        peak_lr: finalist.candidate.peak_lr(config),
        horizon: finalist.horizon.map(|which| config.horizons()[which]),
    }
}

fn comparison(
    config: &StudyConfig,
    journal: &Journal,
    question: Question,
    progress: &Progress,
) -> Comparison {
    let verdict = progress.verdict();
    let confirmation = progress.confirmation.as_ref().and_then(|(runner_up, test)| {
        let look = *test.looks().last()?;
        let confirmed = look.verdict == progress.test.verdict();
        Some(Confirmation { runner_up: named(config, *runner_up), look, confirmed })
    });
    // Crossed and not confirmed: nobody can say how many pairs the runner-up needs but its test.
    let more_pairs = match &progress.confirmation {
        Some((_, test)) if verdict == Verdict::Undecided => test.more_pairs(),
        _ => progress.test.more_pairs(),
    };
    Comparison {
        question,
        challenger: named(config, progress.challenger.best),
        incumbent: named(config, progress.incumbent.best),
        verdict,
        looks: progress.test.looks().to_vec(),
        differences: progress.test.differences().to_vec(),
        confirmation,
        more_pairs,
        loss: loss(config, journal, progress),
    }
}

/// The test of the loss over the same pairs, without a margin.
fn loss(config: &StudyConfig, journal: &Journal, progress: &Progress) -> Option<Look> {
    let rule = Rule { margin: 0.0, ..config.rule() };
    let (challenger, incumbent) = (progress.challenger.best, progress.incumbent.best);
    let of_pair = |number| {
        let seed = config.pair_seed(number);
        Some(incumbent.loss(config, journal, seed)? - challenger.loss(config, journal, seed)?)
    };
    let differences: Option<Vec<f64>> = (0..progress.pairs()).map(of_pair).collect();
    let differences = differences.filter(|all| all.iter().all(|d| d.is_finite()))?;
    let differences: Vec<f64> = differences.into_iter().map(bounded).collect();
    SequentialTest::last_look(rule, &differences).expect("checked with the configuration")
}

/// The metrics of a finalist on the seeds of its pairs, or of the display. Runs beyond those, which
/// looking ahead may have finished, do not count.
fn values(procedure: &Procedure, journal: &Journal, finalist: Finalist) -> Vec<f64> {
    let config = &procedure.config;
    let finished =
        |number: &usize| journal.get(&finalist.run(config, config.pair_seed(*number))).is_some();
    let value = |number| value(config, journal, finalist, number, procedure.worst());
    (0..procedure.seeds_of(finalist)).take_while(finished).map(value).collect()
}

fn arm_answer(
    procedure: &Procedure,
    journal: &Journal,
    finalist: Finalist,
    baseline: &[f64],
) -> ArmAnswer {
    let config = &procedure.config;
    let arm = finalist.candidate.arm(config);
    let values = values(procedure, journal, finalist);
    let differences: Vec<f64> = values.iter().zip(baseline).map(|(a, b)| a - b).collect();
    let is_diverged = |number: &usize| {
        let metric = finalist.metric(config, journal, config.pair_seed(*number));
        metric.is_some_and(|metric| !metric.is_finite())
    };
    ArmAnswer {
        name: arm.name.clone(),
        spec: arm.spec.clone(),
        role: arm.role,
        diff: (arm.role != Role::Baseline && !differences.is_empty()).then(|| mean(&differences)),
        diverged: (0..values.len()).filter(is_diverged).count(),
        values,
        tuned: Tuned::new(config, journal, procedure.entries(), finalist),
    }
}

/// What to train with. Without a verdict it is the better side so far; without a difference the
/// incumbent, which is simpler.
fn settled(
    procedure: &Procedure,
    journal: &Journal,
    first: &Progress,
    second: Option<&Progress>,
) -> Settled {
    let config = &procedure.config;
    let of = |progress: &Progress| {
        let ahead = progress.test.looks().last().is_some_and(|look| look.mean > 0.0);
        match progress.verdict() {
            Verdict::Helps => (progress.challenger.best, true),
            Verdict::Harms | Verdict::NoDifference => (progress.incumbent.best, true),
            Verdict::Undecided if ahead => (progress.challenger.best, false),
            Verdict::Undecided => (progress.incumbent.best, false),
        }
    };
    let better_still = second.filter(|second| second.verdict() == Verdict::Helps);
    let (finalist, decided) = of(better_still.unwrap_or(first));
    let values = values(procedure, journal, finalist);
    Settled {
        finalist: named(config, finalist),
        decided,
        mean: mean(&values),
        spread: standard_deviation(&values),
    }
}
