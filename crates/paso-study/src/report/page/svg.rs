//! Figures as inline SVG: each once for a wide and once for a narrow screen.
//!
//! A figure has one description for both, which screen readers read instead of the drawing; the style
//! sheet hides the one that is not shown. Colors are CSS variables, so a figure follows the page from
//! light to dark.

use super::palette::{color, number};
use super::scales::Axis;
use crate::answer::Answer;
use maud::{Markup, html};

/// Where a figure is drawn, in pixels of the page.
#[derive(Clone, Copy)]
pub(super) struct Canvas {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) narrow: bool,
}

const WIDE: f64 = 860.0;
const NARROW: f64 = 350.0;

/// Average width of a character of a label, generous.
const CHARACTER: f64 = 7.0;

/// A figure with a caption. `alt` says in numbers what the drawing shows.
pub(super) fn figure(
    name: &str,
    height: f64,
    alt: &str,
    caption: &Markup,
    draw: &dyn Fn(Canvas) -> Markup,
) -> Markup {
    let drawn = |class: &str, width: f64, narrow| {
        let canvas = Canvas { width, height, narrow };
        html! {
            svg class=(class) role="img" aria-label=(alt) width=(width) height=(height) viewBox={ "0 0 " (width) " " (height) } { (draw(canvas)) }
        }
    };
    html! {
        figure id=(name) {
            (drawn("wide", WIDE, false))
            (drawn("narrow", NARROW, true))
            figcaption { (caption) }
        }
    }
}

/// A coordinate with one decimal: finer steps are not visible.
pub(super) fn at(x: f64) -> String {
    format!("{:.1}", if x.is_finite() { x } else { 0.0 })
}

/// The area of a chart between two axes.
pub(super) struct Plot<'a> {
    pub(super) x: &'a Axis,
    pub(super) y: &'a Axis,
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
    narrow: bool,
}

impl<'a> Plot<'a> {
    /// Leaves room for the labels of both axes. The label of the vertical one is above it.
    pub(super) fn new(canvas: Canvas, x: &'a Axis, y: &'a Axis) -> Self {
        let longest = y.ticks(5).iter().map(|tick| y.text(*tick).chars().count()).max();
        Self {
            x,
            y,
            left: 14.0 + CHARACTER * longest.unwrap_or(0) as f64,
            right: canvas.width - 14.0,
            top: 28.0,
            bottom: canvas.height - 40.0,
            narrow: canvas.narrow,
        }
    }

    /// The horizontal place of a value; values beyond the axis are drawn at its ends.
    pub(super) fn across(&self, x: f64) -> f64 {
        place(self.x, x, self.left, self.right)
    }

    /// The vertical place of a value.
    pub(super) fn up(&self, y: f64) -> f64 {
        place(self.y, y, self.bottom, self.top)
    }

    /// Grid, ticks and labels of both axes.
    pub(super) fn frame(&self) -> Markup {
        html! {
            (self.y_grid())
            (self.x_axis(&self.x.ticks(if self.narrow { 4 } else { 8 })))
        }
    }

    /// Horizontal grid lines with their labels, and the label of the axis.
    pub(super) fn y_grid(&self) -> Markup {
        html! {
            text.label x="2" y="13" { (self.y.label) }
            @for tick in self.y.ticks(5) {
                @let y = self.up(tick);
                path.grid d={ "M" (at(self.left)) " " (at(y)) "H" (at(self.right)) } {}
                text.tick x=(at(self.left - 6.0)) y=(at(y + 4.0)) text-anchor="end" { (self.y.text(tick)) }
            }
        }
    }

    /// The horizontal axis with these ticks.
    pub(super) fn x_axis(&self, ticks: &[f64]) -> Markup {
        html! {
            path.axis d={ "M" (at(self.left)) " " (at(self.bottom)) "H" (at(self.right)) } {}
            @for tick in ticks {
                @let x = self.across(*tick);
                path.axis d={ "M" (at(x)) " " (at(self.bottom)) "v5" } {}
                text.tick x=(at(x)) y=(at(self.bottom + 18.0)) text-anchor="middle" { (self.x.text(*tick)) }
            }
            text.label x=(at(f64::midpoint(self.left, self.right))) y=(at(self.bottom + 35.0)) text-anchor="middle" { (self.x.label) }
        }
    }

    /// A line through points in the color of `class`. Points that are not finite leave a gap.
    pub(super) fn line(&self, class: &str, points: &[(f64, f64)]) -> Markup {
        let mut path = String::new();
        let mut pen = 'M';
        for (x, y) in points {
            if x.is_finite() && y.is_finite() {
                path += &format!("{pen}{} {}", at(self.across(*x)), at(self.up(*y)));
                pen = 'L';
            } else {
                pen = 'M';
            }
        }
        html! { path class={ "line " (class) } d=(path) {} }
    }

    /// The range between the lowest and the highest, at each place.
    pub(super) fn band(&self, class: &str, band: &[(f64, f64, f64)]) -> Markup {
        let upper = band.iter().map(|(x, _, high)| (x, high));
        let lower = band.iter().rev().map(|(x, low, _)| (x, low));
        let points: Vec<String> = upper
            .chain(lower)
            .map(|(x, y)| format!("{} {}", at(self.across(*x)), at(self.up(*y))))
            .collect();
        html! { path class={ "band " (class) } d={ "M" (points.join("L")) "Z" } {} }
    }
}

fn place(axis: &Axis, value: f64, from: f64, to: f64) -> f64 {
    let share = (value.clamp(axis.low, axis.high) - axis.low) / (axis.high - axis.low);
    from + share * (to - from)
}

/// The marker of an arm with this number: shapes differ as well as colors, for readers who do not see
/// all colors. Four shapes, filled or hollow, and seven colors make 56 markers.
pub(super) fn marker(number: usize, x: f64, y: f64, r: f64) -> Markup {
    let hollow = if number / 4 % 2 == 1 { " hollow" } else { "" };
    let class = format!("dot{hollow} {}", color(number));
    let (left, right, above, below) = (at(x - r), at(x + r), at(y - r), at(y + r));
    let (cx, cy) = (at(x), at(y));
    match number % 4 {
        0 => html! { circle class=(class) cx=(cx) cy=(cy) r=(at(r)) {} },
        1 => {
            html! { path class=(class) d={ "M" (left) " " (above) "H" (right) "V" (below) "H" (left) "Z" } {} }
        }
        2 => {
            html! { path class=(class) d={ "M" (cx) " " (at(y - 1.2 * r)) "L" (at(x + 1.2 * r)) " " (below) "H" (at(x - 1.2 * r)) "Z" } {} }
        }
        _ => {
            html! { path class=(class) d={ "M" (cx) " " (at(y - 1.3 * r)) "L" (at(x + 1.3 * r)) " " (cy) "L" (cx) " " (at(y + 1.3 * r)) "L" (at(x - 1.3 * r)) " " (cy) "Z" } {} }
        }
    }
}

/// The names of these arms with their markers.
pub(super) fn legend(answer: &Answer, arms: &[usize]) -> Markup {
    html! {
        ul.legend { @for arm in arms {
            li {
                svg aria-hidden="true" width="16" height="16" viewBox="0 0 16 16" { (marker(number(answer, *arm), 8.0, 8.0, 4.5)) }
                (answer.arms[*arm].name)
            }
        } }
    }
}
