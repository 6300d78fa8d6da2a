//! The sections of the page that have figures.
//!
//! The order is that of a reader's questions:
//!
//! 1. how large is the difference of each arm;
//! 2. why is that so;
//! 3. how did training go;
//! 4. how were the learning rates chosen;
//! 5. what ran.

use super::figures::{
    ARMS, ROW, ROWS_AXIS, Row, Series, Zone, chart, differences as draw_rows, figure, heat,
};
use super::html::baseline;
use super::scales::Axis;
use super::{RangeTestReport, Stage, StudyReport};
use crate::range_test::Suggestion;
use crate::text::{number, rate, signed};
use crate::{Answer, ArmAnswer, CurvePoint, Role, Verdict};
use maud::{Markup, html};
use plotters::style::RGBColor;
use std::collections::BTreeMap;

/// Index of an arm's color; the baseline has the first.
fn ink(answer: &Answer, arm: usize) -> usize {
    let baseline = answer.config.baseline();
    let others = ARMS.len() - 1;
    if arm == baseline { 0 } else { 1 + (arm - usize::from(arm > baseline)) % others }
}

fn color(answer: &Answer, arm: usize) -> RGBColor {
    ARMS[ink(answer, arm)].0
}

fn legend(answer: &Answer, arms: &[usize]) -> Markup {
    html! {
        ul.legend { @for arm in arms {
            li { i style={ "--ink:var(--arm" (ink(answer, *arm)) ")" } {} (answer.arms[*arm].name) }
        } }
    }
}

/// Every arm against the baseline.
pub(super) fn differences(report: &StudyReport) -> Markup {
    let answer = &report.answer;
    let config = &answer.config;
    let base = &answer.arms[config.baseline()].values;
    let row = |(i, arm): (usize, &ArmAnswer)| Row {
        color: color(answer, i),
        title: arm.name.clone(),
        figures: format!(
            "{}  ({} … {})",
            signed(arm.diff),
            signed(arm.ci_low),
            signed(arm.ci_high)
        ),
        low: arm.ci_low,
        high: arm.ci_high,
        mean: arm.diff,
        seeds: arm.values.iter().zip(base).map(|(a, b)| a - b).collect(),
    };
    let rows: Vec<Row> = answer
        .arms
        .iter()
        .enumerate()
        .filter(|(_, arm)| arm.role != Role::Baseline)
        .map(row)
        .collect();
    let shown = rows.iter().flat_map(|r| r.seeds.iter().copied().chain([r.low, r.high, 0.0]));
    let label =
        format!("difference in {} to {}, positive is better", answer.metric, baseline(report));
    let x = Axis::over(&label, false, shown);
    let height = ROW * u32::try_from(rows.len()).unwrap_or(1) + ROWS_AXIS;
    let level = 100.0 * (1.0 - config.alpha);
    html! {
        h2 { "Every arm against " (baseline(report)) }
        (figure("differences", height, html! {
            "Ring: mean difference. Bar: " (format!("{level:.0}")) " % interval. Each dot is one seed: both arms start from the same weights and see the same batches. "
            @if config.margin > 0.0 { "Shaded: differences too small to matter." }
        }, &|area, narrow| draw_rows(area, narrow, &x, config.margin, &rows)))
        div.scroll { table {
            tr { th { "arm" } th { "difference" } th { (format!("{level:.0}")) " % interval" } th { "p" } th { "p, Holm" } th { "P(better)" } th.left { "on its own" } th { (answer.metric) } th { "peak learning rate" } }
            @for arm in &answer.arms {
                tr.best[arm.name == answer.best_arm] {
                    td { (arm.name) }
                    @if arm.role == Role::Baseline { @for _ in 0..6 { td {} } } @else {
                        td { (signed(arm.diff)) }
                        td { (signed(arm.ci_low)) " … " (signed(arm.ci_high)) small { "BCa " (signed(arm.bca.low)) " … " (signed(arm.bca.high)) } }
                        td { (format!("{:.3}", arm.p)) }
                        td { (format!("{:.3}", arm.p_holm)) }
                        td { (format!("{:.2}", arm.share_better)) }
                        td.left { (match arm.verdict {
                            Verdict::NoDifference => "no difference".into(),
                            Verdict::Undecided => "undecided".into(),
                            verdict => verdict.to_string(),
                        }) }
                    }
                    td { (number(arm.mean)) }
                    td { (rate(arm.peak_lr)) }
                }
            }
        } }
        p.soft { "Bold: the arm that the verdict is about, chosen on the tuning seeds. The interval is obtained by inverting the sign-flip test. The BCa bootstrap interval below it is given for comparison; it is too short with few seeds." }
        @if let Some(against) = &answer.against_alternative {
            p { (answer.best_arm) " against " strong { (against.alternative) } ", which needs no decay: " (signed(against.comparison.diff)) " ("
                (signed(against.comparison.interval.low)) " … " (signed(against.comparison.interval.high)) ", p = " (format!("{:.3}", against.comparison.p)) "): "
                strong { (against.comparison.verdict) } "." }
        }
    }
}

/// The analysis of noise.
pub(super) fn why(report: &StudyReport) -> Markup {
    let Some(why) = &report.answer.noise else { return html! {} };
    let rows: Vec<(String, i32, Vec<u64>)> =
        why.effective_lrs.iter().map(|h| (h.layer.clone(), h.first, h.counts.clone())).collect();
    let bins = rows.iter().flat_map(|(_, first, counts)| {
        let end = first + i32::try_from(counts.len()).unwrap_or(0);
        [f64::from(*first) / 2.0, f64::from(end) / 2.0]
    });
    let x = Axis::over("learning rate / (√v + ε)", true, bins);
    let height = 58 + 24 * u32::try_from(rows.len()).unwrap_or(1);
    html! {
        h2 { @if why.noise_limited { "Why: noise limits the constant learning rate" } @else { "Why: noise is not what limits the constant learning rate" } }
        p.lead {
            "Near the end of training, the typical (root mean square) step is " strong { (format!("{:.3}", why.step_rms)) } " × the learning rate. With pure-noise gradients it stays at "
            (format!("{:.3}", why.step_rms_floor)) " ×, however long you train: Adam does not reduce its steps by itself. "
            @if why.noise_limited { "So the weights fluctuate around the optimum at a distance that only a lower learning rate, or averaging, can reduce." }
            @else { "So the runs have not converged, or the noise is small, and a lower learning rate removes little loss." }
        }
        dl.cards {
            div { dt { "Gain predicted" } dd { (number(why.predicted_gain)) small { "of loss: learning rate / 4 · Σ√v, a heuristic" } } }
            @if let Some(gain) = why.measured_gain { div { dt { "Gain measured" } dd { (number(gain)) small { "of loss, by " (report.answer.best_arm) } } } }
            @if let Some(gain) = why.averaging_gain { div { dt { "Gain of averaging" } dd { (number(gain)) small { "of loss, averaged weights of the same runs" } } } }
            div { dt { "Largest step" } dd { (format!("{:.3}", why.largest_over_bound)) small { "of the bound learning rate · R(t); at most 1" } } }
            div { dt { "Steps above the learning rate" } dd { (format!("{:.1} %", 100.0 * why.share_above_lr)) small { "the learning rate does not bound a step" } } }
        }
        @if !rows.is_empty() {
            (figure("effective-rates", height, html! { "Effective learning rates of the parameters at the end of training, per layer. Darker: more of the layer's parameters." },
                &|area, narrow| heat(area, narrow, &x, &rows)))
        }
    }
}

/// Schedules and curves.
pub(super) fn course(report: &StudyReport) -> Markup {
    let answer = &report.answer;
    // Averaged arms are trained like the arm whose runs they share.
    let trained: Vec<usize> = (0..answer.arms.len())
        .filter(|i| {
            let arm = &answer.config.arms[*i];
            !(0..*i).any(|j| {
                let other = &answer.config.arms[j];
                other.trains_like(arm) && answer.arms[j].peak_lr == answer.arms[*i].peak_lr
            })
        })
        .collect();
    // Relative to the peak, so that the arm with the highest learning rate does not flatten the
    // others. Each shape is drawn once.
    let shapes = trained.iter().filter(|i| {
        let spec = &answer.arms[**i].spec;
        trained.iter().find(|j| answer.arms[**j].spec == *spec) == Some(*i)
    });
    let schedules: Vec<Series> = shapes
        .map(|i| {
            let peak = answer.arms[*i].peak_lr;
            let points = report.schedules[*i].points.iter();
            let points = points.map(|(t, rate)| (*t as f64, 100.0 * rate / peak)).collect();
            Series::line(color(answer, *i), points)
        })
        .collect();
    let x = Axis::over("update", false, [0.0, answer.config.steps as f64]).from(0.0);
    let y = Axis::over("learning rate, % of peak", false, [0.0, 100.0]).from(0.0);
    html! {
        h2 { "Training curves" }
        (legend(answer, &trained))
        (figure("schedules", 240, html! {
                "The schedules. Tuned peak learning rates: "
                @for (i, arm) in answer.arms.iter().enumerate() { @if i > 0 { ", " } (arm.name) " " (rate(arm.peak_lr)) } "."
            },
            &|area, narrow| chart(area, narrow, (&x, &y), None, &schedules)))
        (curves(report, &trained, &x, "loss", "training loss", &|point| point.loss))
        (curves(report, &trained, &x, "validation", &answer.metric, &|point| point.metric))
    }
}

/// Mean and range over the seeds of a quantity of the training curves; empty if it was not
/// recorded.
fn curves(
    report: &StudyReport,
    arms: &[usize],
    x: &Axis,
    name: &str,
    label: &str,
    value: &dyn Fn(&CurvePoint) -> Option<f64>,
) -> Markup {
    let answer = &report.answer;
    let mut all = Vec::new();
    for arm in arms {
        let mut at: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
        let of_arm = report.runs.iter().filter(|record| {
            record.stage == Stage::Verdict && record.arms.contains(&answer.arms[*arm].name)
        });
        for point in of_arm.flat_map(|record| &record.outcome.curve) {
            if let Some(value) = value(point).filter(|v| v.is_finite()) {
                at.entry(point.step).or_default().push(value);
            }
        }
        if at.len() > 1 {
            all.push((color(answer, *arm), at));
        }
    }
    if all.is_empty() {
        return html! {};
    }
    let values = || all.iter().flat_map(|(_, at)| at.values().flatten().copied());
    let (low, high) = values().fold((f64::INFINITY, 0.0f64), |(l, h), v| (l.min(v), h.max(v)));
    // A loss that falls by more than a factor of 20 needs a logarithmic axis.
    let log = low > 0.0 && high > 20.0 * low;
    let height = |v: f64| if log { v.log10() } else { v };
    let y = Axis::over(label, log, values().map(height));
    let series: Vec<Series> = all
        .iter()
        .map(|(color, at)| {
            let mean = |v: &Vec<f64>| v.iter().map(|v| height(*v)).sum::<f64>() / v.len() as f64;
            let least = |v: &Vec<f64>| height(v.iter().copied().fold(f64::INFINITY, f64::min));
            let most = |v: &Vec<f64>| height(v.iter().copied().fold(f64::NEG_INFINITY, f64::max));
            let line = at.iter().map(|(step, v)| (*step as f64, mean(v))).collect();
            let band = at.iter().map(|(step, v)| (*step as f64, least(v), most(v))).collect();
            Series { band, ..Series::line(*color, line) }
        })
        .collect();
    let seeds = answer.seeds;
    figure(
        name,
        280,
        html! { "The " (label) " on the way: mean of " (seeds) " seeds, and from the lowest to the highest." },
        &|area, narrow| chart(area, narrow, (x, &y), None, &series),
    )
}

/// How the learning rates were chosen.
pub(super) fn rates(report: &StudyReport) -> Markup {
    let answer = &report.answer;
    let grid = |arm: &ArmAnswer| {
        let mut best: Vec<(f64, f64)> = Vec::new();
        for tried in &arm.tuned.tried {
            let Some(mean) = tried.mean else { continue };
            let x = tried.peak_lr.log10();
            match best.iter_mut().find(|(known, _)| *known == x) {
                Some((_, known)) => *known = known.max(mean),
                None => best.push((x, mean)),
            }
        }
        best
    };
    let grids: Vec<Vec<(f64, f64)>> = answer.arms.iter().map(grid).collect();
    let mut means: Vec<f64> = grids.iter().flatten().map(|(_, mean)| *mean).collect();
    means.sort_by(f64::total_cmp);
    let (best, middle) = (means.last().copied(), means.get(means.len() / 2).copied());
    // Learning rates at which runs fail would compress all others into a line.
    let floor = best.zip(middle).map_or(f64::NEG_INFINITY, |(b, m)| b - 6.0 * (b - m).max(1e-12));
    let clipped = means.first().is_some_and(|least| *least < floor);
    let series: Vec<Series> = answer
        .arms
        .iter()
        .zip(&grids)
        .enumerate()
        .map(|(i, (arm, grid))| {
            let points: Vec<_> = grid.iter().map(|(x, mean)| (*x, mean.max(floor))).collect();
            let chosen = points.iter().copied().find(|(x, _)| *x == arm.peak_lr.log10());
            Series { dots: 3, marked: chosen, ..Series::line(color(answer, i), points) }
        })
        .collect();
    let points = || series.iter().flat_map(|s| s.points.iter());
    let x = Axis::over("peak learning rate", true, points().map(|(x, _)| *x));
    let y = Axis::over(&answer.metric, false, points().map(|(_, y)| *y));
    let tried = grids.iter().map(Vec::len).max().unwrap_or(0);
    html! {
        h2 { "How the learning rates were chosen" }
        @if let Some(range) = &report.about.range_test { (range_test(range)) }
        @if tried > 1 {
            (legend(answer, &(0..answer.arms.len()).collect::<Vec<_>>()))
            (figure("tuning", 280, html! {
                "Every arm was trained with the same " (tried) " learning rates on the same " (answer.config.tuning_seeds) " tuning seeds, which the verdict does not use. Circled: the best of each arm. "
                @if clipped { "Values far below the others are drawn at the lower edge." }
            }, &|area, narrow| chart(area, narrow, (&x, &y), None, &series)))
        } @else {
            p { "Nothing was tuned: every arm had the peak learning rate " (rate(answer.config.grid.center)) "." }
        }
    }
}

fn range_test(range: &RangeTestReport) -> Markup {
    let points = range.sweeps.iter().flat_map(|sweep| sweep.lr.iter().zip(&sweep.loss));
    let points: Vec<(f64, f64)> = points.map(|(lr, loss)| (lr.log10(), *loss)).collect();
    let fit: Vec<(f64, f64)> = range
        .suggestion
        .iter()
        .flat_map(|s| s.curve.iter().map(|(lr, loss)| (lr.log10(), *loss)))
        .collect();
    // The divergence at the end would flatten the part of interest.
    let mut finite: Vec<f64> = points.iter().map(|(_, y)| *y).filter(|y| y.is_finite()).collect();
    finite.sort_by(f64::total_cmp);
    let quantile = |share: usize| finite.get(finite.len() * share / 20).copied().unwrap_or(0.0);
    let (least, middle) = (quantile(0), quantile(10));
    let ceiling = middle + 0.5 * (middle - least).abs();
    let seen: Vec<_> = points.iter().copied().filter(|(_, y)| *y <= ceiling).collect();
    let x = Axis::over("learning rate", true, points.iter().map(|(x, _)| *x));
    let y = Axis::over("loss", false, seen.iter().map(|(_, y)| *y));
    let dots = Series { line: false, dots: 2, ..Series::line(ARMS[0].0, seen) };
    let series = [dots, Series::line(ARMS[2].0, fit)];
    let zone = range.suggestion.as_ref().map(|Suggestion { steepest, low, high, .. }| Zone {
        from: low.log10(),
        to: high.log10(),
        line: Some(steepest.log10()),
    });
    let sweeps = range.sweeps.len();
    html! {
        (figure("range-test", 260, html! {
            "Range test: the loss of each update of " (sweeps) " short sweep" @if sweeps != 1 { "s" } " with a rising learning rate. "
            @match (&range.suggestion, &range.refusal) {
                (Some(s), _) => { "It falls fastest at " strong { (rate(s.steepest)) } ", between " (rate(s.low)) " and " (rate(s.high)) " (95 % interval, shaded). The rules of fast.ai suggest "
                    (rate(s.valley)) " (valley) and " (rate(s.minimum_over_ten)) " (a tenth of the minimum)." }
                (None, Some(refusal)) => { "It gives no suggestion: " (refusal) "." }
                (None, None) => {}
            }
        }, &|area, narrow| chart(area, narrow, (&x, &y), zone.as_ref(), &series)))
    }
}

/// The table of every run.
pub(super) fn runs(report: &StudyReport) -> Markup {
    let seconds: f64 = report.runs.iter().map(|record| record.outcome.seconds).sum();
    let or_dash = |x: Option<f64>| x.filter(|x| x.is_finite()).map_or("–".into(), number);
    html! {
        h2 { "Every run" }
        p.soft { (report.runs.len()) " runs of " (report.answer.config.steps) " updates, " (number(seconds)) " seconds of training." }
        div.tall.scroll { table {
            tr { th { "stage" } th.left { "arm" } th { "peak learning rate" } th { "seed" } th { (report.answer.metric) } th { "averaged" } th { "loss" } th { "seconds" } }
            @for record in &report.runs {
                tr {
                    td { @match record.stage { Stage::Tuning => "tuning", Stage::Verdict => "verdict" } }
                    td.left { (record.arms.join(", ")) }
                    td { (rate(record.run.peak_lr)) }
                    td { (seed(report, record.run.seed)) }
                    td { @if record.outcome.metric.is_finite() { (number(record.outcome.metric)) } @else { "diverged" } }
                    td { (record.outcome.averaged.iter().map(|x| or_dash(Some(*x))).collect::<Vec<_>>().join(" · ")) }
                    td { (or_dash(record.outcome.loss)) }
                    td { (number(record.outcome.seconds)) }
                }
            }
        } }
    }
}

/// `T1` instead of 4294967296: tuning seeds are offset by 2^32.
fn seed(report: &StudyReport, seed: u64) -> String {
    match report.answer.config.tuning().position(|tuning| tuning == seed) {
        Some(i) => format!("T{}", i + 1),
        None => seed.to_string(),
    }
}
