//! The figure of the answer: every pair a dot, the interval, the mean, the margin.

use super::palette::class;
use super::scales::Axis;
use super::svg::{self, Canvas, at};
use super::words::{margin, short, summary};
use super::{StudyReport, comparisons};
use crate::answer::{Answer, Comparison};
use crate::sequential::Verdict;
use maud::{Markup, html};

/// Pixels of a row, of the names at its top, and of the axis below all rows.
const ROW: f64 = 78.0;
const NAME: f64 = 19.0;
const AXIS: f64 = 42.0;

/// Distance of dots that would overlap, and the places that they take around the middle of their row.
const APART: f64 = 8.5;
const LANES: [f64; 5] = [0.0, -6.0, 6.0, -12.0, 12.0];

pub(super) fn figure(report: &StudyReport) -> Markup {
    let answer = &report.answer;
    let rows: Vec<&Comparison> = comparisons(answer).collect();
    let x = axis(answer, &rows);
    let height = ROW * rows.len() as f64 + AXIS;
    let said: Vec<String> = rows.iter().map(|row| summary(row, &answer.metric)).collect();
    let shaded = answer.config.margin > 0.0;
    let mut alt = format!("Difference of every pair. {}.", said.join(". "));
    if shaded {
        alt += &format!(" Differences within ±{} count as none.", margin(answer));
    }
    let caption = html! {
        "Dot: a pair of runs with one seed. Bar and ring: interval and mean."
        @if shaded { " Shaded: too little to matter." }
    };
    svg::figure("difference", height, &alt, &caption, &|canvas| draw(canvas, answer, &rows, &x))
}

/// An axis over intervals and pairs. A far outlier, such as a run that diverged, is drawn at the
/// edge, since it would press all others together.
fn axis(answer: &Answer, rows: &[&Comparison]) -> Axis {
    let mut shown = vec![0.0];
    for row in rows {
        let look = row.last();
        shown.extend([look.interval.low, look.interval.high, look.mean]);
        let mut sorted = row.differences.clone();
        sorted.sort_by(f64::total_cmp);
        let quarter = |share: usize| sorted.get(sorted.len() * share / 4).copied().unwrap_or(0.0);
        let reach = 5.0 * (quarter(3) - quarter(1));
        let near = quarter(1) - reach..=quarter(3) + reach;
        shown.extend(sorted.iter().filter(|d| near.contains(d)));
    }
    let furthest =
        shown.iter().filter(|x| x.is_finite()).fold(0.0, |most: f64, x| most.max(x.abs()));
    let margin = answer.config.margin;
    // "No difference" says that the interval lies within the margin, so both are shown.
    let inside = rows.iter().any(|row| row.verdict == Verdict::NoDifference);
    if inside || margin <= 3.0 * furthest {
        shown.extend([-margin, margin]);
    }
    let label = format!("difference in {}", short(&answer.metric, 24));
    Axis::over(&label, false, shown)
}

fn draw(canvas: Canvas, answer: &Answer, rows: &[&Comparison], x: &Axis) -> Markup {
    let (left, right) = (14.0, canvas.width - 14.0);
    let bottom = canvas.height - AXIS;
    let across = |value: f64| {
        let share = (value.clamp(x.low, x.high) - x.low) / (x.high - x.low);
        left + share * (right - left)
    };
    let margin = answer.config.margin;
    let (from, to) = (across(-margin), across(margin));
    let middle = f64::midpoint(left, right);
    html! {
        @for (i, row) in rows.iter().enumerate() {
            @let (top, end) = (ROW * i as f64 + NAME, ROW * (i + 1) as f64);
            @if margin > 0.0 {
                rect.zone x=(at(from)) y=(at(top)) width=(at(to - from)) height=(at(end - top)) {}
                @for (edge, inside) in [(from, -margin > x.low), (to, margin < x.high)] {
                    @if inside { path.edge d={ "M" (at(edge)) " " (at(top)) "V" (at(end)) } {} }
                }
            }
            path.zero d={ "M" (at(across(0.0))) " " (at(top)) "V" (at(end)) } {}
            (pairs(canvas, answer, row, ROW * i as f64, &across))
        }
        path.axis d={ "M" (at(left)) " " (at(bottom)) "H" (at(right)) } {}
        @for tick in x.ticks(if canvas.narrow { 4 } else { 8 }) {
            path.axis d={ "M" (at(across(tick))) " " (at(bottom)) "v5" } {}
            text.tick x=(at(across(tick))) y=(at(bottom + 18.0)) text-anchor="middle" { (x.text(tick)) }
        }
        text.label x=(at(left)) y=(at(bottom + 36.0)) { "← worse" }
        text.label x=(at(middle)) y=(at(bottom + 36.0)) text-anchor="middle" { (x.label) }
        text.label x=(at(right)) y=(at(bottom + 36.0)) text-anchor="end" { "better →" }
    }
}

/// One comparison: its names, its interval and mean, and its pairs.
fn pairs(
    canvas: Canvas,
    answer: &Answer,
    row: &Comparison,
    top: f64,
    across: &dyn Fn(f64) -> f64,
) -> Markup {
    let look = row.last();
    let (bar, dots) = (top + 33.0, top + 58.0);
    let (low, high) = (across(look.interval.low), across(look.interval.high));
    let arm = answer.arms.iter().position(|arm| arm.name == row.challenger.arm).unwrap_or(0);
    let most = if canvas.narrow { 19 } else { 48 };
    let names =
        format!("{} − {}", short(&row.challenger.arm, most), short(&row.incumbent.arm, most));
    html! {
        g class=(class(answer, arm)) {
            text.name x="14" y=(at(top + 15.0)) { (names) }
            path.bar d={ "M" (at(low)) " " (at(bar)) "H" (at(high)) } {}
            @for (end, known) in [(low, look.interval.low), (high, look.interval.high)] {
                @if known.is_finite() { path.cap d={ "M" (at(end)) " " (at(bar - 8.0)) "v16" } {} }
            }
            circle.ring cx=(at(across(look.mean))) cy=(at(bar)) r="6" {}
            @for (x, lane) in spread(row.differences.iter().map(|d| across(*d)).collect()) {
                circle.pair cx=(at(x)) cy=(at(dots + lane)) r="4" {}
            }
        }
    }
}

/// Places for dots: each in the first lane in which it does not overlap the one to its left.
fn spread(mut dots: Vec<f64>) -> Vec<(f64, f64)> {
    dots.sort_by(f64::total_cmp);
    let mut last = [f64::NEG_INFINITY; LANES.len()];
    let place = |x: f64| {
        let free = last.iter().position(|taken| x - taken >= APART);
        // Without room the dot goes on the one that is furthest away.
        let furthest = || (0..last.len()).min_by(|a, b| last[*a].total_cmp(&last[*b]));
        let lane = free.or_else(furthest).unwrap_or(0);
        last[lane] = x;
        (x, LANES[lane])
    };
    dots.into_iter().map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_at_one_place_do_not_hide_each_other() {
        let placed = spread(vec![10.0, 10.0, 10.0, 40.0]);
        let mut lanes: Vec<f64> = placed[..3].iter().map(|(_, lane)| *lane).collect();
        lanes.dedup();
        assert_eq!(lanes.len(), 3, "three lanes for three equal dots: {placed:?}");
        assert_eq!(placed[3], (40.0, 0.0), "room again");
    }
}
