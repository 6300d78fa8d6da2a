//! Schedules as text images in the terminal.
//!
//! Each schedule has its own chart, scaled to its own peak, below its complete line: so two charts
//! have different vertical axes. The drawing is made of Braille characters, 140 by 50 dots, and
//! needs a font that has them. It does not adapt to the width of the terminal, so that the output
//! of two calls is the same text.

use super::curve::{curve, tick};
use paso_locate::schedule::Spec;
use std::io::{self, Write};
use textplots::{Chart, LabelBuilder, LabelFormat, Plot, Shape as Line};

/// An image in the terminal, each schedule its own.
pub(super) fn drawing(specs: &[Spec], steps: u64, out: &mut impl Write) -> io::Result<()> {
    for spec in specs {
        writeln!(out, "{spec}")?;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the terminal has some hundred dots, f32 is enough"
        )]
        let points: Vec<(f32, f32)> =
            curve(spec, steps).into_iter().map(|(x, y)| (x as f32, y as f32)).collect();
        #[expect(clippy::cast_possible_truncation, reason = "as above")]
        let (last, top) = ((steps.max(2) - 1) as f32, spec.lrs(steps).fold(0.0, f64::max) as f32);
        let top = if top > 0.0 { top } else { 1.0 };
        let line = Line::Lines(&points);
        // The library's own labels have one decimal; a learning rate needs its exponent.
        let rate = LabelFormat::Custom(Box::new(|rate| tick(f64::from(rate))));
        let step = LabelFormat::Custom(Box::new(|step| format!("step {step}")));
        let mut chart = Chart::new_with_y_range(140, 50, 0.0, last, 0.0, top);
        let chart = chart.lineplot(&line).x_label_format(step).y_label_format(rate);
        chart.axis();
        chart.figures();
        writeln!(out, "{}\n", chart.to_string().trim_end())?;
    }
    out.flush()
}
