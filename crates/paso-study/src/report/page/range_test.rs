//! The range test that placed the grid of learning rates.

use super::scales::Axis;
use super::svg::{self, Plot, at};
use crate::range_test::Suggestion;
use crate::report::RangeTestReport;
use crate::text::rate;
use maud::{Markup, html};

const HEIGHT: f64 = 240.0;

pub(super) fn figure(range: &RangeTestReport) -> Markup {
    let points = range.sweeps.iter().flat_map(|sweep| sweep.lr.iter().zip(&sweep.loss));
    let points: Vec<(f64, f64)> = points.map(|(lr, loss)| (lr.log10(), *loss)).collect();
    let fit: Vec<(f64, f64)> = range
        .suggestion
        .iter()
        .flat_map(|s| s.curve.iter().map(|(lr, loss)| (lr.log10(), *loss)))
        .collect();
    // The end of a sweep diverges by design; it would flatten the part of interest.
    let mut finite: Vec<f64> = points.iter().map(|(_, y)| *y).filter(|y| y.is_finite()).collect();
    finite.sort_by(f64::total_cmp);
    let quantile = |share: usize| finite.get(finite.len() * share / 20).copied().unwrap_or(0.0);
    let (least, middle) = (quantile(0), quantile(10));
    let ceiling = middle + 0.5 * (middle - least).abs();
    let shown: Vec<(f64, f64)> = points.iter().copied().filter(|(_, y)| *y <= ceiling).collect();
    let x = Axis::over("learning rate", true, points.iter().map(|(x, _)| *x));
    let y = Axis::over("loss", false, shown.iter().map(|(_, y)| *y));
    let sweeps = super::words::counted(range.sweeps.len(), "short sweep");
    let result = result(range);
    let alt = format!("Loss over a rising learning rate, {sweeps}. {result}");
    let caption =
        html! { "The loss of each update of " (sweeps) " with a rising learning rate. " (result) };
    svg::figure("range-test", HEIGHT, &alt, &caption, &|canvas| {
        let plot = Plot::new(canvas, &x, &y);
        html! {
            @if let Some(Suggestion { peak_lr, peak_low, peak_high, .. }) = &range.suggestion {
                @let (from, to) = (plot.across(peak_low.log10()), plot.across(peak_high.log10()));
                rect.zone x=(at(from)) y=(at(plot.top)) width=(at(to - from)) height=(at(plot.bottom - plot.top)) {}
                path.zero d={ "M" (at(plot.across(peak_lr.log10()))) " " (at(plot.top)) "V" (at(plot.bottom)) } {}
            }
            (plot.frame())
            @for (lr, loss) in &shown { circle.sample cx=(at(plot.across(*lr))) cy=(at(plot.up(*loss))) r="1.6" {} }
            (plot.line("a2", &fit))
        }
    })
}

/// What the range test found, in a sentence.
fn result(range: &RangeTestReport) -> String {
    match (&range.suggestion, &range.refusal) {
        (Some(s), _) => format!(
            "A peak learning rate to train with is {} ({} to {}, 95 % interval, shaded); the loss falls fastest at {}.",
            rate(s.peak_lr),
            rate(s.peak_low),
            rate(s.peak_high),
            rate(s.steepest)
        ),
        (None, Some(refusal)) => format!("It gives no suggestion: {refusal}."),
        (None, None) => String::new(),
    }
}
