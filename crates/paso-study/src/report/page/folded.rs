//! Everything else, folded: looks, learning rates, layers, the range test, runs.
//!
//! A folded part is not printed, so that the printed page stays short.

use super::words::counted;
use super::{StudyReport, comparisons, range_test};
use crate::answer::{Answer, Comparison};
use crate::noise::NoiseAnalysis;
use crate::report::Stage;
use crate::text::{number, rate, signed};
use maud::{Markup, html};

pub(super) fn section(report: &StudyReport) -> Markup {
    let answer = &report.answer;
    html! {
        h2.screen-only { "Details" }
        p.print-only { "Looks, tuning and runs are folded on the page. Unfold them before printing, or see report.json." }
        (fold("Every look of the test", &looks(answer)))
        (fold("Every learning rate of the tuning", &tuning(answer)))
        @if let Some(range) = &report.about.range_test { (fold("The range test", &range_test::figure(range))) }
        @if let Some(noise) = answer.noise.as_ref().filter(|noise| !noise.effective_lrs.is_empty()) {
            (fold("Effective learning rates of the layers", &layers(noise)))
        }
        (fold(&format!("Every run ({})", report.runs.len()), &runs(report)))
    }
}

fn fold(title: &str, content: &Markup) -> Markup {
    html! { details { summary { h3 { (title) } } (content) } }
}

/// A table that scrolls by itself where it is wider than the page.
fn table(label: &str, columns: &[&str], rows: &[Vec<String>]) -> Markup {
    html! {
        div.scroll role="region" tabindex="0" aria-label=(label) { table {
            thead { tr { @for column in columns { th scope="col" { (column) } } } }
            tbody { @for row in rows { tr { @for cell in row { td { (cell) } } } } }
        } }
    }
}

fn looks(answer: &Answer) -> Markup {
    let row = |comparison: &Comparison| -> Vec<Vec<String>> {
        let names = format!("{} against {}", comparison.challenger.arm, comparison.incumbent.arm);
        let look = |look: &crate::sequential::Look| {
            vec![
                names.clone(),
                look.pairs.to_string(),
                look.ahead().to_string(),
                signed(look.mean),
                format!("{} to {}", signed(look.interval.low), signed(look.interval.high)),
                format!("{:.4}", look.p),
                format!("{:.4}", look.needed),
                look.verdict.to_string(),
            ]
        };
        comparison.looks.iter().map(look).collect()
    };
    let rows: Vec<_> = comparisons(answer).flat_map(row).collect();
    let columns =
        ["comparison", "pairs", "ahead", "mean difference", "interval", "p", "p needed", "test"];
    html! {
        p { "p: how likely differences this one-sided are if their signs are chance (sign-flip test, two-sided). A look decides at or below the p needed, which is chosen so that all looks combined keep the level." }
        (table("Every look of the test", &columns, &rows))
    }
}

fn tuning(answer: &Answer) -> Markup {
    let rows: Vec<Vec<String>> = answer
        .arms
        .iter()
        .flat_map(|arm| arm.tuned.tried.iter().map(move |point| (arm, point)))
        .map(|(arm, point)| {
            vec![
                arm.name.clone(),
                rate(point.peak_lr),
                point.horizon.map_or("–".into(), |horizon| horizon.to_string()),
                point.seeds.to_string(),
                point.mean.map_or("diverged".into(), number),
            ]
        })
        .collect();
    let mean = format!("mean {}", answer.metric);
    table(
        "Every learning rate of the tuning",
        &["arm", "peak learning rate", "averaging horizon", "seeds", &mean],
        &rows,
    )
}

/// The layers' effective learning rates by quartiles, from their histograms.
fn layers(noise: &NoiseAnalysis) -> Markup {
    let rows: Vec<Vec<String>> = noise
        .effective_lrs
        .iter()
        .map(|layer| {
            let total: u64 = layer.counts.iter().sum();
            let at = |quarter: u64| {
                let mut below = 0;
                let bin = layer.counts.iter().position(|count| {
                    below += count;
                    4 * below >= quarter * total
                });
                let bin = i32::try_from(bin.unwrap_or(0)).unwrap_or(0);
                // The middle of the half decade.
                rate(10f64.powf(f64::from(layer.first + bin) / 2.0 + 0.25))
            };
            vec![layer.layer.clone(), total.to_string(), at(1), at(2), at(3)]
        })
        .collect();
    html! {
        p { "The effective learning rate of a parameter is learning rate / (√v + ε): what Adam multiplies its averaged gradient by. From histograms in half decades, at the end of the runs." }
        (table("Effective learning rates", &["layer", "parameters", "a quarter below", "median", "a quarter above"], &rows))
    }
}

/// Every run. Tuning seeds are named T1, T2, ..., as their numbers have ten digits.
fn runs(report: &StudyReport) -> Markup {
    let answer = &report.answer;
    let seconds: f64 = report.runs.iter().map(|record| record.outcome.seconds).sum();
    let or_dash = |x: f64| if x.is_finite() { number(x) } else { "–".into() };
    let rows: Vec<Vec<String>> = report
        .runs
        .iter()
        .map(|record| {
            let (run, outcome) = (&record.run, &record.outcome);
            let averaged: Vec<String> = outcome.averaged.iter().map(|x| or_dash(*x)).collect();
            let seed = answer.config.tuning_number(run.seed);
            vec![
                match record.stage {
                    Stage::Tuning => "tuning",
                    Stage::Pairs => "pairs",
                }
                .into(),
                record.arms.join(", "),
                rate(run.peak_lr),
                seed.map_or_else(|| run.seed.to_string(), |number| format!("T{}", number + 1)),
                if outcome.metric.is_finite() { number(outcome.metric) } else { "diverged".into() },
                averaged.join(" · "),
                outcome.loss.map_or("–".into(), or_dash),
                number(outcome.seconds),
            ]
        })
        .collect();
    let columns = [
        "stage",
        "arms",
        "peak learning rate",
        "seed",
        &answer.metric,
        "averaged",
        "loss",
        "seconds",
    ];
    html! {
        p { (counted(report.runs.len(), "run")) " of " (answer.config.steps) " steps, " (number(seconds)) " seconds of training." }
        (table("Every run", &columns, &rows))
    }
}
