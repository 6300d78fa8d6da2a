//! The chart of one history, as inline SVG. Its colors are classes, which the page sets for light
//! and dark.
//!
//! It shows all that is known and nothing smoothed: each median, the range of the runs behind it,
//! the level of each segment, and a mark where the level changes.
//!
//! The x axis counts records, not days: commits come in bursts, and a true time axis would put most
//! records on top of each other. The y axis is linear, in the unit of the figure, and does not
//! start at 0.
//!
//! Up is more of the figure, which is slower for a time and faster for a rate. The color of a mark
//! says which: it follows the ratio of times.

use crate::history::History;
use maud::{Markup, html};

/// The drawing, in pixels at its natural size.
const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 180.0;
/// Room for the figures at the left, and around.
const LEFT: f64 = 64.0;
const EDGE: f64 = 14.0;

/// From records and figures to places in the drawing.
///
/// Figures are in the unit of the history.
struct Scale {
    /// How many records share the width.
    records: usize,
    /// The figure at the lower edge.
    least: f64,
    /// The figure at the upper edge.
    most: f64,
}

impl Scale {
    fn new(history: &History) -> Self {
        let least = history.lines.iter().map(|line| line.least).fold(f64::INFINITY, f64::min);
        let most = history.lines.iter().map(|line| line.most).fold(0.0, f64::max);
        // A flat history is drawn flat: 5 % around it, so that noise does not fill the chart.
        let (least, most) = (least.min(most * 0.95), most.max(least * 1.05));
        Self { records: history.lines.len(), least, most }
    }

    /// The place of a record by its index; halves are between two records. A single record is at
    /// the left.
    fn x(&self, record: f64) -> f64 {
        let steps = self.records.saturating_sub(1).max(1) as f64;
        round(LEFT + record / steps * (WIDTH - LEFT - EDGE))
    }

    /// The place of a figure. SVG counts down from the top.
    fn y(&self, figure: f64) -> f64 {
        round(
            HEIGHT
                - EDGE
                - (figure - self.least) / (self.most - self.least) * (HEIGHT - 2.0 * EDGE),
        )
    }
}

/// Tenths of a pixel are enough.
fn round(x: f64) -> f64 {
    (x * 10.0).round() / 10.0
}

/// Medians as a line, the range of the runs behind it, the level of every segment, and a mark at
/// every change.
#[must_use]
pub fn chart(history: &History) -> Markup {
    let scale = Scale::new(history);
    let points: Vec<(f64, f64)> = history
        .lines
        .iter()
        .enumerate()
        .map(|(i, line)| (scale.x(i as f64), scale.y(line.median)))
        .collect();
    let path: Vec<String> = points.iter().map(|(x, y)| format!("{x},{y}")).collect();
    let label = format!("{} over {} records", history.benchmark, history.lines.len());
    html! {
        svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label=(label) {
            @for figure in [scale.least, f64::midpoint(scale.least, scale.most), scale.most] {
                @let y = scale.y(figure);
                line.grid x1=(LEFT) x2=(WIDTH - EDGE) y1=(y) y2=(y) {}
                text x=(LEFT - 6.0) y=(y + 4.0) text-anchor="end" { (number(figure)) }
            }
            @for (i, line) in history.lines.iter().enumerate() {
                @let x = scale.x(i as f64);
                line.runs x1=(x) x2=(x) y1=(scale.y(line.least)) y2=(scale.y(line.most)) {}
            }
            polyline.medians points=(path.join(" ")) {}
            @for (range, level) in history.levels() {
                @let y = scale.y(level);
                line.level x1=(scale.x(range.start as f64)) x2=(scale.x((range.end - 1) as f64)) y1=(y) y2=(y) {}
            }
            @for change in history.changes() {
                @let x = scale.x(change.at as f64 - 0.5);
                line.change.(if change.ratio > 1.0 { "slower" } else { "faster" })
                    x1=(x) x2=(x) y1=(EDGE / 2.0) y2=(HEIGHT - EDGE / 2.0) {}
            }
            @for ((x, y), line) in points.iter().zip(&history.lines) {
                circle cx=(x) cy=(y) r="3" {
                    title {
                        (line.revision) ", " (line.date) ": " (number(line.median)) " "
                        "(" (number(line.least)) " to " (number(line.most)) ")"
                    }
                }
            }
        }
    }
}

/// A small line of the medians, for a table.
pub(crate) fn spark(history: &History) -> Markup {
    let scale = Scale::new(history);
    let points = history.lines.iter().enumerate().map(|(i, line)| {
        let (x, y) = (scale.x(i as f64) - LEFT, scale.y(line.median));
        format!("{x},{y}")
    });
    let points = points.collect::<Vec<_>>().join(" ");
    html! {
        svg viewBox=(format!("0 0 {} {HEIGHT}", WIDTH - LEFT)) preserveAspectRatio="none" aria-hidden="true" {
            polyline points=(points) fill="none" stroke="var(--ink)" stroke-width="2" vector-effect="non-scaling-stroke" {}
        }
    }
}

/// Four digits.
///
/// Four significant digits from 1 to 9999, three decimals below 1, whole numbers above.
#[must_use]
pub fn number(x: f64) -> String {
    if x >= 1000.0 {
        format!("{x:.0}")
    } else if x >= 100.0 {
        format!("{x:.1}")
    } else if x >= 10.0 {
        format!("{x:.2}")
    } else {
        format!("{x:.3}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::histories;
    use crate::history::tests::records;

    #[test]
    fn a_chart_has_all_records_levels_and_changes() {
        let all = histories(&records(), |_| None);
        let text = chart(&all[0]).into_string();
        assert_eq!(text.matches("<circle").count(), 12, "a dot per record");
        assert_eq!(text.matches("class=\"runs\"").count(), 12, "and a range");
        assert_eq!(text.matches("class=\"level\"").count(), 2, "two levels");
        assert_eq!(text.matches("class=\"change slower\"").count(), 1, "one change");
        assert!(text.contains("c07") && !text.contains("NaN"), "{text}");
        assert_eq!(spark(&all[0]).into_string().matches("<polyline").count(), 1);
    }

    #[test]
    fn a_scale_has_its_records_inside() {
        let all = histories(&records(), |_| None);
        let scale = Scale::new(&all[0]);
        assert_eq!((scale.x(0.0), scale.x(11.0)), (LEFT, WIDTH - EDGE));
        for line in &all[0].lines {
            let y = scale.y(line.median);
            assert!((EDGE..=HEIGHT - EDGE).contains(&y), "{y}");
        }
        assert!(scale.y(0.33) < scale.y(0.30), "more is higher up");
    }

    #[test]
    fn numbers_have_four_digits() {
        for (x, text) in [
            (0.12345, "0.123"),
            (1.23456, "1.235"),
            (12.3456, "12.35"),
            (123.456, "123.5"),
            (12345.6, "12346"),
        ] {
            assert_eq!(number(x), text);
        }
    }
}
