//! Schedules as one SVG file.
//!
//! The file is self-contained: text stays text and uses the reader's sans-serif font. Each schedule
//! has its complete line and its color above the chart. After six schedules the colors repeat. The
//! vertical axis begins at 0 and ends 5 % above the highest learning rate of all schedules, so that
//! their heights can be compared. There is no logarithmic axis, because a schedule may reach 0.

use super::curve::{curve, tick};
use anyhow::{Context, Result};
use paso_locate::schedule::Spec;
use plotters::prelude::*;
use std::io;

/// The schedules as one image.
///
/// The image is 960 units wide; its height is 428 units and 20 for each schedule. A schedule of
/// zeros gets an axis from 0 to 1.
pub(super) fn svg(specs: &[Spec], steps: u64) -> Result<String> {
    const COLORS: [RGBColor; 6] = [
        RGBColor(0x1f, 0x5f, 0xa8),
        RGBColor(0xc8, 0x55, 0x1b),
        RGBColor(0x2e, 0x7d, 0x4f),
        RGBColor(0x8e, 0x3b, 0x8c),
        RGBColor(0x7a, 0x5c, 0x1e),
        RGBColor(0x55, 0x5f, 0x6b),
    ];
    let top = specs.iter().flat_map(|spec| spec.lrs(steps)).fold(0.0, f64::max);
    let top = if top > 0.0 { top * 1.05 } else { 1.0 };
    let mut text = String::new();
    {
        let names_height = 8 + 20 * u32::try_from(specs.len()).unwrap_or(0);
        let root =
            SVGBackend::with_string(&mut text, (960, 420 + names_height)).into_drawing_area();
        let draw = || -> Result<(), DrawingAreaErrorKind<io::Error>> {
            root.fill(&WHITE)?;
            let (names, area) = root.split_vertically(names_height);
            for (i, spec) in specs.iter().enumerate() {
                let y = 16 + 20 * i32::try_from(i).unwrap_or(0);
                let color = COLORS[i % COLORS.len()];
                names.draw(&PathElement::new([(78, y), (104, y)], color.stroke_width(3)))?;
                names.draw(&Text::new(short(spec), (112, y - 7), ("sans-serif", 15)))?;
            }
            let mut chart = ChartBuilder::on(&area)
                .margin(12)
                .x_label_area_size(42)
                .y_label_area_size(66)
                .build_cartesian_2d(0..steps.max(2) - 1, 0.0..top)?;
            chart
                .configure_mesh()
                .x_desc("step")
                .y_desc("learning rate")
                .y_label_formatter(&|rate| tick(*rate))
                .light_line_style(WHITE)
                .label_style(("sans-serif", 14))
                .draw()?;
            for (i, spec) in specs.iter().enumerate() {
                let points = curve(spec, steps).into_iter();
                chart.draw_series(LineSeries::new(
                    points,
                    COLORS[i % COLORS.len()].stroke_width(2),
                ))?;
            }
            root.present()
        };
        draw().context("drawing the schedules")?;
    }
    Ok(text)
}

/// The line of a schedule, cut to what fits above an image.
fn short(spec: &Spec) -> String {
    let text = spec.to_string();
    if text.chars().count() <= 110 { text } else { text.chars().take(109).chain(['…']).collect() }
}
