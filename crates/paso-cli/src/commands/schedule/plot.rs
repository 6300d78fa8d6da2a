//! Plots of schedules: in the terminal, or as an SVG file.

use anyhow::{Context, Result};
use paso_locate::schedule::Spec;
use plotters::prelude::*;
use std::io::{self, Write};
use textplots::{Chart, LabelBuilder, LabelFormat, Plot, Shape};

/// Plots each schedule by itself, with characters.
pub(super) fn terminal(specs: &[Spec], steps: u64, out: &mut impl Write) -> io::Result<()> {
    for spec in specs {
        writeln!(out, "{spec}")?;
        let points: Vec<(f32, f32)> =
            points(spec, steps).into_iter().map(|(x, y)| (single(x as f64), single(y))).collect();
        let last = single((steps.max(2) - 1) as f64);
        let top = single(or_one(spec.lrs(steps).fold(0.0, f64::max)));
        let line = Shape::Lines(&points);
        // The default labels have one decimal; a learning rate needs its exponent.
        let lr = LabelFormat::Custom(Box::new(|lr| label(lr.into(), 2)));
        let step = LabelFormat::Custom(Box::new(|step| format!("step {step}")));
        let mut chart = Chart::new_with_y_range(140, 50, 0.0, last, 0.0, top);
        let chart = chart.lineplot(&line).x_label_format(step).y_label_format(lr);
        chart.axis();
        chart.figures();
        writeln!(out, "{}\n", chart.to_string().trim_end())?;
    }
    out.flush()
}

#[expect(clippy::cast_possible_truncation, reason = "a terminal has some hundred dots")]
fn single(value: f64) -> f32 {
    value as f32
}

/// The top of an axis: a schedule that is 0 everywhere needs one, too.
fn or_one(top: f64) -> f64 {
    if top > 0.0 { top } else { 1.0 }
}

fn label(lr: f64, digits: usize) -> String {
    if lr == 0.0 { "0".into() } else { format!("{lr:.digits$e}") }
}

const COLORS: [RGBColor; 6] = [
    RGBColor(0x1f, 0x5f, 0xa8),
    RGBColor(0xc8, 0x55, 0x1b),
    RGBColor(0x2e, 0x7d, 0x4f),
    RGBColor(0x8e, 0x3b, 0x8c),
    RGBColor(0x7a, 0x5c, 0x1e),
    RGBColor(0x55, 0x5f, 0x6b),
];

/// Plots the schedules into one image, with a legend above it.
pub(super) fn svg(specs: &[Spec], steps: u64) -> Result<String> {
    let top = or_one(specs.iter().flat_map(|spec| spec.lrs(steps)).fold(0.0, f64::max) * 1.05);
    let mut text = String::new();
    draw(specs, steps, top, &mut text).context("drawing the schedules")?;
    Ok(text)
}

fn draw(
    specs: &[Spec],
    steps: u64,
    top: f64,
    text: &mut String,
) -> Result<(), DrawingAreaErrorKind<io::Error>> {
    let color = |i: usize| COLORS[i % COLORS.len()];
    let legend_height = 8 + 20 * u32::try_from(specs.len()).unwrap_or(0);
    let root = SVGBackend::with_string(text, (960, 420 + legend_height)).into_drawing_area();
    root.fill(&WHITE)?;
    let (legend, area) = root.split_vertically(legend_height);
    for (i, spec) in specs.iter().enumerate() {
        let y = 16 + 20 * i32::try_from(i).unwrap_or(0);
        legend.draw(&PathElement::new([(78, y), (104, y)], color(i).stroke_width(3)))?;
        legend.draw(&Text::new(shortened(spec), (112, y - 7), ("sans-serif", 15)))?;
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
        .y_label_formatter(&|lr| label(*lr, 1))
        .light_line_style(WHITE)
        .label_style(("sans-serif", 14))
        .draw()?;
    for (i, spec) in specs.iter().enumerate() {
        chart.draw_series(LineSeries::new(points(spec, steps), color(i).stroke_width(2)))?;
    }
    root.present()
}

/// The text of a schedule, cut to the width of the plot.
fn shortened(spec: &Spec) -> String {
    let text = spec.to_string();
    if text.chars().count() <= 110 { text } else { text.chars().take(109).chain(['…']).collect() }
}

/// The points to plot: every step, or the lowest and the highest learning rate of each of 800 intervals, so that no spike
/// is lost.
pub(super) fn points(spec: &Spec, steps: u64) -> Vec<(u64, f64)> {
    const INTERVALS: u64 = 800;
    if steps <= 2 * INTERVALS {
        return (0..steps).map(|step| (step, spec.at(step))).collect();
    }
    let mut points = Vec::new();
    for i in 0..INTERVALS {
        let interval = || {
            let steps = i * steps / INTERVALS..(i + 1) * steps / INTERVALS;
            steps.map(|step| (step, spec.at(step)))
        };
        let by_lr = |a: &(u64, f64), b: &(u64, f64)| a.1.total_cmp(&b.1);
        let mut ends = [interval().min_by(by_lr), interval().max_by(by_lr)];
        ends.sort_by_key(|point| point.map(|(step, _)| step));
        points.extend(ends.into_iter().flatten());
    }
    points.push((steps - 1, spec.at(steps - 1)));
    points
}
