//! The schedules, and the training curves of the arms that were trained on the seeds of the pairs.

use super::palette::class;
use super::scales::Axis;
use super::svg::{self, Plot, legend};
use crate::answer::Answer;
use crate::outcome::CurvePoint;
use crate::report::{Stage, StudyReport};
use crate::text::number;
use maud::{Markup, html};
use std::collections::BTreeMap;

const HEIGHT: f64 = 230.0;

/// The values of an arm's runs at each step.
type Values = BTreeMap<u64, Vec<f64>>;

pub(super) fn section(report: &StudyReport) -> Markup {
    let answer = &report.answer;
    let shapes: Vec<usize> = (0..answer.arms.len()).filter(|i| is_first(answer, *i)).collect();
    html! {
        h2 { "Training curves" }
        (legend(answer, &shapes))
        div.side {
            (curves(report, "loss", "training loss", &|point| point.loss))
            (curves(report, "validation", &answer.metric, &|point| point.metric))
            (schedules(report, &shapes))
        }
    }
}

/// Whether an arm is the first of those that are trained alike at the same learning rate: arms that
/// only differ in averaging have the same curve.
fn is_first(answer: &Answer, arm: usize) -> bool {
    let like = |other: usize| {
        answer.config.arms[other].trains_like(&answer.config.arms[arm])
            && answer.arms[other].tuned.peak_lr == answer.arms[arm].tuned.peak_lr
    };
    !(0..arm).any(like)
}

/// The schedules relative to their peaks, so that the arm with the highest learning rate does not
/// flatten the others. Each shape is drawn once.
fn schedules(report: &StudyReport, arms: &[usize]) -> Markup {
    let answer = &report.answer;
    let spec = |arm: usize| &answer.arms[arm].spec;
    let drawn: Vec<usize> = arms
        .iter()
        .copied()
        .filter(|i| arms.iter().find(|j| spec(**j) == spec(*i)) == Some(i))
        .collect();
    let x = Axis::over("step", false, [0.0, answer.config.steps as f64]).from(0.0);
    let y = Axis::over("learning rate, % of its peak", false, [0.0, 100.0]).from(0.0);
    let relative = |arm: usize| -> Vec<(f64, f64)> {
        let peak = answer.arms[arm].tuned.peak_lr;
        let points = report.schedules.get(arm).map(|curve| curve.points.as_slice());
        let share = |(step, lr): &(u64, f64)| (*step as f64, 100.0 * lr / peak);
        points.unwrap_or_default().iter().map(share).collect()
    };
    let lines: Vec<(usize, Vec<(f64, f64)>)> = drawn.iter().map(|i| (*i, relative(*i))).collect();
    let said: Vec<String> = lines
        .iter()
        .map(|(arm, points)| {
            let end = points.last().map_or(0.0, |(_, share)| *share);
            format!("{} ends at {} % of its peak", answer.arms[*arm].name, number(end))
        })
        .collect();
    let alt = format!("Learning rate over {} steps. {}.", answer.config.steps, said.join("; "));
    svg::figure(
        "schedules",
        HEIGHT,
        &alt,
        &html! { "The schedules, each relative to its own peak." },
        &|canvas| {
            let plot = Plot::new(canvas, &x, &y);
            html! {
                (plot.frame())
                @for (arm, points) in &lines { (plot.line(&class(answer, *arm), points)) }
            }
        },
    )
}

/// What the runs of an arm at its chosen learning rate recorded on the seeds of the pairs.
fn recorded(
    report: &StudyReport,
    arm: usize,
    value: &dyn Fn(&CurvePoint) -> Option<f64>,
) -> Values {
    let answer = &report.answer.arms[arm];
    let mut values = Values::new();
    let own = report.runs.iter().filter(|record| {
        record.stage == Stage::Pairs
            && record.arms.contains(&answer.name)
            && record.run.peak_lr == answer.tuned.peak_lr
    });
    for point in own.flat_map(|record| &record.outcome.curve) {
        if let Some(value) = value(point).filter(|value| value.is_finite()) {
            values.entry(point.step).or_default().push(value);
        }
    }
    values
}

/// Mean and range over the seeds of a quantity of the training curves; nothing if it was not
/// recorded.
fn curves(
    report: &StudyReport,
    name: &str,
    label: &str,
    value: &dyn Fn(&CurvePoint) -> Option<f64>,
) -> Markup {
    let answer = &report.answer;
    let arms = (0..answer.arms.len()).filter(|arm| is_first(answer, *arm));
    let all: Vec<(usize, Values)> = arms
        .map(|arm| (arm, recorded(report, arm, value)))
        .filter(|(_, values)| values.len() > 1)
        .collect();
    if all.is_empty() {
        return html! {};
    }
    let values = || all.iter().flat_map(|(_, at)| at.values().flatten().copied());
    let (low, high) = values().fold((f64::INFINITY, 0.0f64), |(l, h), v| (l.min(v), h.max(v)));
    // A loss that falls by more than a factor of 20 needs a logarithmic axis; a metric that rises
    // from nearly 0 does not.
    let log = name == "loss" && low > 0.0 && high > 20.0 * low;
    let height = |v: f64| if log { v.log10() } else { v };
    let most = all.iter().filter_map(|(_, at)| at.keys().next_back()).max().copied().unwrap_or(1);
    let x = Axis::over("step", false, [0.0, most as f64]).from(0.0);
    let y = Axis::over(label, log, values().map(height));
    let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
    let said: Vec<String> = all
        .iter()
        .filter_map(|(arm, at)| {
            let (first, last) = (at.values().next()?, at.values().next_back()?);
            Some(format!(
                "{} from {} to {}",
                answer.arms[*arm].name,
                number(mean(first)),
                number(mean(last))
            ))
        })
        .collect();
    let alt = format!("The {label} during training. {}.", said.join("; "));
    let caption = html! { "The " (label) " during training: mean over the seeds of the pairs, and from the lowest to the highest." };
    svg::figure(name, HEIGHT, &alt, &caption, &|canvas| {
        let plot = Plot::new(canvas, &x, &y);
        html! {
            (plot.frame())
            @for (arm, at) in &all { (plot.band(&class(answer, *arm), &band(at, &height))) }
            @for (arm, at) in &all {
                @let line: Vec<(f64, f64)> = at.iter().map(|(step, v)| (*step as f64, height(mean(v)))).collect();
                (plot.line(&class(answer, *arm), &line))
            }
        }
    })
}

fn band(values: &Values, height: &dyn Fn(f64) -> f64) -> Vec<(f64, f64, f64)> {
    let ends = |(step, v): (&u64, &Vec<f64>)| {
        let least = v.iter().copied().fold(f64::INFINITY, f64::min);
        let most = v.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        (*step as f64, height(least), height(most))
    };
    values.iter().map(ends).collect()
}
