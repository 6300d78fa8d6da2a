//! How the learning rates were chosen: the mean metric over the grid.

use super::StudyReport;
use super::palette::{self, class};
use super::scales::Axis;
use super::svg::{self, Plot, at, legend, marker};
use super::words::counted;
use crate::answer::{Answer, ArmAnswer};
use crate::text::{number, rate};
use crate::tuned::GridPoint;
use maud::{Markup, html};

const HEIGHT: f64 = 280.0;

/// Least distance of the labels of two learning rates.
const TICKS_APART: f64 = 54.0;

/// A learning rate of an arm: its decimal logarithm, the mean, and the number of seeds. Of several
/// averaging horizons it is the best.
struct Point {
    x: f64,
    mean: f64,
    seeds: usize,
}

fn points(arm: &ArmAnswer) -> Vec<Point> {
    let mut best: Vec<Point> = Vec::new();
    for tried in &arm.tuned.tried {
        let Some(mean) = tried.mean.filter(|mean| mean.is_finite()) else { continue };
        let x = tried.peak_lr.log10();
        match best.iter_mut().find(|known| known.x == x) {
            Some(known) => known.mean = known.mean.max(mean),
            None => best.push(Point { x, mean, seeds: tried.seeds }),
        }
    }
    best
}

pub(super) fn section(report: &StudyReport) -> Markup {
    let answer = &report.answer;
    html! {
        h2 { "How the learning rates were chosen" }
        @if answer.config.grid.points > 1 { (grid(answer)) }
        @else { p { "Nothing was tuned: every arm had the peak learning rate " (rate(answer.config.grid.center)) "." } }
    }
}

/// Whether two learning rates of an arm are closer than those of the grid.
fn is_refined(answer: &Answer) -> bool {
    // Between the square root of the factor and the factor, since learning rates are rounded.
    let close = answer.config.grid.factor.powf(0.75);
    let is_close = |pair: &[GridPoint]| {
        pair[0].peak_lr < pair[1].peak_lr && pair[1].peak_lr < close * pair[0].peak_lr
    };
    answer.arms.iter().any(|arm| arm.tuned.tried.windows(2).any(is_close))
}

fn grid(answer: &Answer) -> Markup {
    let grids: Vec<Vec<Point>> = answer.arms.iter().map(points).collect();
    let mut means: Vec<f64> = grids.iter().flatten().map(|point| point.mean).collect();
    means.sort_by(f64::total_cmp);
    let (best, middle) = (means.last().copied(), means.get(means.len() / 2).copied());
    // Learning rates at which training fails would press all others into a line.
    let floor = best.zip(middle).map_or(f64::NEG_INFINITY, |(b, m)| b - 6.0 * (b - m).max(1e-12));
    let clipped = means.first().is_some_and(|least| *least < floor);
    let all = || grids.iter().flatten();
    let mut rates: Vec<f64> = all().map(|point| point.x).collect();
    rates.sort_by(f64::total_cmp);
    rates.dedup();
    let x = Axis::over("peak learning rate", true, all().map(|point| point.x));
    let y = Axis::over(&answer.metric, false, all().map(|point| point.mean.max(floor)));
    let chosen: Vec<String> = answer
        .arms
        .iter()
        .map(|arm| {
            let mean = arm.tuned.mean.map_or("diverged".into(), number);
            format!("{}: {} at {}", arm.name, mean, rate(arm.tuned.peak_lr))
        })
        .collect();
    let alt = format!(
        "Mean {} over peak learning rates. Best of each arm: {}.",
        answer.metric,
        chosen.join("; ")
    );
    let most =
        answer.arms.iter().flat_map(|arm| &arm.tuned.tried).map(|p| p.seeds).max().unwrap_or(1);
    let caption = html! {
        "Every arm at every learning rate, on tuning seeds that the pairs do not use. The better ones went on to more seeds: larger markers, up to "
        (counted(most, "seed")) ". Circled: the chosen one of each arm."
        @if is_refined(answer) { " Arms without decay were also trained half way between the best learning rate and a neighbor." }
        @if clipped { " Values far below the others are drawn at the lower edge." }
    };
    html! { div.keep {
        (legend(answer, &(0..answer.arms.len()).collect::<Vec<_>>()))
        (svg::figure("tuning", HEIGHT, &alt, &caption, &|canvas| {
            let plot = Plot::new(canvas, &x, &y);
            // The learning rates that were tried, as far as their labels have room.
            let mut ticks: Vec<f64> = Vec::new();
            for rate in &rates {
                if ticks.last().is_none_or(|last| plot.across(*rate) - plot.across(*last) >= TICKS_APART) {
                    ticks.push(*rate);
                }
            }
            html! {
                (plot.y_grid())
                (plot.x_axis(&ticks))
                @for (i, (arm, grid)) in answer.arms.iter().zip(&grids).enumerate() {
                    @let line: Vec<(f64, f64)> = grid.iter().map(|point| (point.x, point.mean)).collect();
                    (plot.line(&format!("thin {}", class(answer, i)), &line))
                    @for point in grid {
                        @let (cx, cy) = (plot.across(point.x), plot.up(point.mean));
                        (marker(palette::number(answer, i), cx, cy, 2.0 + (point.seeds as f64).sqrt()))
                        @if point.x == arm.tuned.peak_lr.log10() {
                            circle class={ "chosen " (class(answer, i)) } cx=(at(cx)) cy=(at(cy)) r="8" {}
                        }
                    }
                }
            }
        }))
    } }
}
