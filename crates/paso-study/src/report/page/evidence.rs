//! How the evidence grew: the interval of every look, over the number of pairs.
//!
//! The interval shows every verdict in one figure: the test crosses when the interval leaves 0, and
//! finds no difference when it lies inside the margin.

use super::StudyReport;
use super::palette::class;
use super::scales::Axis;
use super::svg::{self, Canvas, Plot, at};
use super::words::{interval, margin, short};
use crate::answer::Comparison;
use crate::procedure::Question;
use crate::report::Pending;
use crate::sequential::{FIRST_LOOK, Look, Verdict};
use crate::text::signed;
use maud::{Markup, html};

const HEIGHT: f64 = 210.0;

/// Least distance of the labels of two looks.
const TICKS_APART: f64 = 26.0;

/// The figure of a comparison; `None` where a single look decided, which has no course to show.
pub(super) fn figure(report: &StudyReport, comparison: &Comparison) -> Option<Markup> {
    let looks = &comparison.looks;
    let question = comparison.question;
    let names = format!("{} against {}", comparison.challenger.arm, comparison.incumbent.arm);
    let next = match report.pending {
        Some(Pending::Look { question: asked, pairs }) if asked == question => Some(pairs),
        _ => None,
    };
    if looks.len() == 1 && next.is_none() && comparison.verdict != Verdict::Undecided {
        return None;
    }
    let answer = &report.answer;
    let last = next.unwrap_or(comparison.last().pairs);
    let x = Axis::over("pairs", false, [FIRST_LOOK as f64 - 1.0, last as f64 + 0.5]);
    let label = format!("difference in {}", short(&answer.metric, 24));
    let ends = looks.iter().flat_map(|look| [look.interval.low, look.interval.high, look.mean]);
    let y = Axis::over(&label, false, ends.chain([0.0]));
    let said: Vec<String> = looks
        .iter()
        .map(|look| format!("{} pairs: {}, {}", look.pairs, signed(look.mean), interval(look)))
        .collect();
    let alt = format!("{names}, at each look. {}.", said.join(". "));
    let arm = answer.arms.iter().position(|arm| arm.name == comparison.challenger.arm);
    let class = class(answer, arm.unwrap_or(0));
    let id = match question {
        Question::Decay => "evidence",
        Question::Alternative => "evidence-alternative",
    };
    let shaded = answer.config.margin > 0.0;
    let caption = html! {
        "Mean and interval (all differences that the pairs so far do not rule out) at every look. It is decided when the interval leaves 0"
        @if shaded { ", or lies within the margin of ±" (margin(answer)) " (shaded)" }
        "."
        @if let Some(pairs) = next { " Dashed: the next look, at " (pairs) " pairs." }
    };
    Some(svg::figure(id, HEIGHT, &alt, &caption, &|canvas| {
        draw(canvas, looks, (&x, &y), answer.config.margin, &class, next)
    }))
}

fn draw(
    canvas: Canvas,
    looks: &[Look],
    (x, y): (&Axis, &Axis),
    margin: f64,
    class: &str,
    next: Option<usize>,
) -> Markup {
    let plot = Plot::new(canvas, x, y);
    // Labels of neighboring looks must not touch. The last look is the most important one.
    let mut ticks: Vec<f64> = Vec::new();
    let all: Vec<f64> = looks.iter().map(|look| look.pairs).chain(next).map(|n| n as f64).collect();
    for pairs in all.into_iter().rev() {
        if ticks.last().is_none_or(|last| plot.across(*last) - plot.across(pairs) >= TICKS_APART) {
            ticks.push(pairs);
        }
    }
    let (from, to) = (plot.up(margin), plot.up(-margin));
    let width = plot.right - plot.left;
    let means: Vec<(f64, f64)> = looks.iter().map(|look| (look.pairs as f64, look.mean)).collect();
    html! {
        @if margin > 0.0 {
            rect.zone x=(at(plot.left)) y=(at(from)) width=(at(width)) height=(at(to - from)) {}
        }
        (plot.y_grid())
        (plot.x_axis(&ticks))
        path.zero d={ "M" (at(plot.left)) " " (at(plot.up(0.0))) "H" (at(plot.right)) } {}
        @if let Some(pairs) = next {
            path.edge d={ "M" (at(plot.across(pairs as f64))) " " (at(plot.top)) "V" (at(plot.bottom)) } {}
        }
        (plot.line(class, &means))
        g class=(class) { @for look in looks {
            @let across = plot.across(look.pairs as f64);
            path.bar d={ "M" (at(across)) " " (at(plot.up(look.interval.low))) "V" (at(plot.up(look.interval.high))) } {}
            circle.ring cx=(at(across)) cy=(at(plot.up(look.mean))) r="4.5" {}
        } }
    }
}
