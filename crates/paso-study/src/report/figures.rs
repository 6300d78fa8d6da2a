//! The figures of the page, as SVG: each once for a wide and once for a narrow screen.
//!
//! They are drawn in the colors of a light page; the page's style sheet replaces these, one by one,
//! where it is dark.

use super::scales::{Axis, Ticked};
use maud::{Markup, PreEscaped, html};
use plotters::coord::Shift;
use plotters::prelude::*;

/// A color on a light page, and its replacement on a dark one.
pub(super) struct Ink(pub(super) RGBColor, pub(super) &'static str);

pub(super) const TEXT: Ink = Ink(RGBColor(0x1f, 0x23, 0x28), "#e6edf3");
pub(super) const AXIS: Ink = Ink(RGBColor(0x8b, 0x94, 0x9e), "#6e7681");
pub(super) const MESH: Ink = Ink(RGBColor(0xe6, 0xe9, 0xed), "#2a3038");
pub(super) const ZONE: Ink = Ink(RGBColor(0xee, 0xf3, 0xf8), "#1c2630");
pub(super) const PAPER: Ink = Ink(RGBColor(0xfe, 0xff, 0xff), "#0e1318");

/// The baseline, then the other arms. Distinguishable with the usual color blindnesses (after Okabe
/// and Ito, 2008).
pub(super) const ARMS: [Ink; 8] = [
    Ink(RGBColor(0x57, 0x60, 0x6a), "#a8b1bb"),
    Ink(RGBColor(0x00, 0x72, 0xb2), "#4ca9e6"),
    Ink(RGBColor(0xd5, 0x5e, 0x00), "#ff8a4c"),
    Ink(RGBColor(0x00, 0x8f, 0x68), "#34c79a"),
    Ink(RGBColor(0xbc, 0x5c, 0x93), "#e79bc6"),
    Ink(RGBColor(0x7a, 0x4f, 0xd0), "#b392f0"),
    Ink(RGBColor(0x9a, 0x6f, 0x00), "#e3b341"),
    Ink(RGBColor(0x2f, 0x9f, 0xd8), "#8ccbf5"),
];

const WIDE: u32 = 860;
const NARROW: u32 = 350;
const FONT: u32 = 13 * FINE;

/// plotters draws on whole pixels, which shows as steps in a gentle slope. So figures are drawn
/// this many times larger and scaled down by the page.
const FINE: u32 = 4;

pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
pub(super) type Drawn = Result<(), Box<dyn std::error::Error>>;

/// Draws the figure for both widths, `height` pixels high, and puts them under a caption.
pub(super) fn figure(
    name: &str,
    height: u32,
    caption: Markup,
    draw: &dyn Fn(&Area<'_>, bool) -> Drawn,
) -> Markup {
    html! {
        figure id=(name) {
            div.wide { (svg(name, WIDE, height, &|area| draw(area, false))) }
            div.narrow { (svg(name, NARROW, height, &|area| draw(area, true))) }
            figcaption { (caption) }
        }
    }
}

fn svg(name: &str, width: u32, height: u32, draw: &dyn Fn(&Area<'_>) -> Drawn) -> Markup {
    let mut text = String::new();
    let drawn = {
        let area =
            SVGBackend::with_string(&mut text, (width * FINE, height * FINE)).into_drawing_area();
        draw(&area).and_then(|()| area.present().map_err(Into::into))
    };
    match drawn {
        Ok(()) => {
            let drawn = format!("<svg width=\"{}\" height=\"{}\" ", width * FINE, height * FINE);
            let label = name.replace('-', " ");
            let shown = format!(
                "<svg role=\"img\" aria-label=\"{label}\" width=\"{width}\" height=\"{height}\" "
            );
            PreEscaped(text.replacen(&drawn, &shown, 1))
        }
        Err(error) => html! { p { "This figure could not be drawn: " (error) } },
    }
}

/// A length on the page, in the library's pixels.
fn px(length: u32) -> i32 {
    i32::try_from(length * FINE).unwrap_or(i32::MAX)
}

/// A line, or dots, in a chart.
pub(super) struct Series {
    pub(super) color: RGBColor,
    pub(super) points: Vec<(f64, f64)>,
    /// Lowest and highest around the line, at each place.
    pub(super) band: Vec<(f64, f64, f64)>,
    pub(super) line: bool,
    pub(super) dots: u32,
    /// A point to highlight.
    pub(super) marked: Option<(f64, f64)>,
}

impl Series {
    pub(super) fn line(color: RGBColor, points: Vec<(f64, f64)>) -> Self {
        Self { color, points, band: Vec::new(), line: true, dots: 0, marked: None }
    }
}

/// A shaded range of the horizontal axis, with an optional line in it.
pub(super) struct Zone {
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) line: Option<f64>,
}

/// Draws lines over a mesh.
pub(super) fn chart(
    area: &Area<'_>,
    narrow: bool,
    (x, y): (&Axis, &Axis),
    zone: Option<&Zone>,
    series: &[Series],
) -> Drawn {
    let (across, up) = (x.ticked(if narrow { 4 } else { 8 }), y.ticked(5));
    let (many_x, many_y) = (across.count(), up.count());
    let mut chart = ChartBuilder::on(area)
        .margin(8 * FINE)
        .margin_right(14 * FINE)
        .x_label_area_size(42 * FINE)
        .y_label_area_size(62 * FINE)
        .build_cartesian_2d(across, up)?;
    if let Some(Zone { from, to, line }) = zone {
        let ends = [(from.max(x.low), y.low), (to.min(x.high), y.high)];
        chart.draw_series([Rectangle::new(ends, ZONE.0.filled())])?;
        if let Some(at) = line {
            chart.draw_series([PathElement::new(
                vec![(*at, y.low), (*at, y.high)],
                TEXT.0.stroke_width(FINE),
            )])?;
        }
    }
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(MESH.0.stroke_width(FINE))
        .axis_style(AXIS.0.stroke_width(FINE))
        .set_all_tick_mark_size(px(5))
        .label_style(("sans-serif", FONT).into_font().color(&TEXT.0))
        .x_labels(many_x)
        .y_labels(many_y)
        .x_desc(x.label.as_str())
        .y_desc(y.label.as_str())
        .draw()?;
    for s in series {
        let upper = s.band.iter().map(|(x, _, high)| (*x, *high));
        let lower = s.band.iter().rev().map(|(x, low, _)| (*x, *low));
        let outline: Vec<(f64, f64)> = upper.chain(lower).collect();
        if outline.len() > 3 {
            chart.draw_series([Polygon::new(outline, s.color.mix(0.13).filled())])?;
        }
    }
    for s in series {
        if s.line {
            chart.draw_series([PathElement::new(
                s.points.clone(),
                s.color.stroke_width(2 * FINE),
            )])?;
        }
        if s.dots > 0 {
            let opacity = if s.line { 1.0 } else { 0.45 };
            let dot =
                |at: &(f64, f64)| Circle::new(*at, s.dots * FINE, s.color.mix(opacity).filled());
            chart.draw_series(s.points.iter().map(dot))?;
        }
        if let Some(at) = s.marked {
            chart.draw_series([Circle::new(at, 7 * FINE, s.color.stroke_width(2 * FINE))])?;
        }
    }
    Ok(())
}

/// An arm's row among the differences.
pub(super) struct Row {
    pub(super) color: RGBColor,
    pub(super) title: String,
    pub(super) figures: String,
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) mean: f64,
    pub(super) seeds: Vec<f64>,
}

/// Pixels of a row among the differences, and of the axis below them.
pub(super) const ROW: u32 = 62;
pub(super) const ROWS_AXIS: u32 = 56;

/// Every arm's difference: its interval, its mean, and each seed.
pub(super) fn differences(
    area: &Area<'_>,
    narrow: bool,
    x: &Axis,
    margin: f64,
    rows: &[Row],
) -> Drawn {
    let ticks = x.ticked(if narrow { 3 } else { 7 });
    let (many, top) = (ticks.count(), rows.len() as f64);
    let mut chart = ChartBuilder::on(area)
        .margin(4 * FINE)
        .margin_left(10 * FINE)
        .margin_right(16 * FINE)
        .x_label_area_size((ROWS_AXIS - 8) * FINE)
        .build_cartesian_2d(ticks, 0.0..top)?;
    let zone = [(x.low.max(-margin), 0.0), (x.high.min(margin), top)];
    if zone[0].0 < zone[1].0 {
        chart.draw_series([Rectangle::new(zone, ZONE.0.filled())])?;
    }
    chart
        .configure_mesh()
        .disable_y_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(MESH.0.stroke_width(FINE))
        .axis_style(AXIS.0.stroke_width(FINE))
        .set_all_tick_mark_size(px(5))
        .label_style(("sans-serif", FONT).into_font().color(&TEXT.0))
        .x_labels(many)
        .x_desc(x.label.as_str())
        .draw()?;
    for (i, row) in rows.iter().enumerate() {
        let base = top - i as f64 - 1.0;
        let (bar, seeds) = (base + 0.40, base + 0.18);
        // No difference: a line that leaves the text above the row alone.
        chart.draw_series([PathElement::new(
            vec![(0.0, base), (0.0, base + 0.62)],
            AXIS.0.stroke_width(2 * FINE),
        )])?;
        let (low, high) = (row.low.max(x.low), row.high.min(x.high));
        chart.draw_series([PathElement::new(
            vec![(low, bar), (high, bar)],
            row.color.mix(0.55).stroke_width(6 * FINE),
        )])?;
        let dot = |value: &f64| Circle::new((*value, seeds), 4 * FINE, row.color.mix(0.5).filled());
        chart.draw_series(row.seeds.iter().map(dot))?;
        chart.draw_series([
            Circle::new((row.mean, bar), 7 * FINE, row.color.filled()),
            Circle::new((row.mean, bar), 3 * FINE, PAPER.0.filled()),
        ])?;
        let style = |color: &RGBColor| ("sans-serif", 14 * FINE).into_font().color(color);
        // Text is placed by pixels: at the left edge, above its row.
        let (_, y) = chart.backend_coord(&(x.low, base + 1.0));
        area.draw(&Text::new(row.title.clone(), (px(12), y + px(6)), style(&row.color)))?;
        let indent = px(if narrow { 118 } else { 150 });
        area.draw(&Text::new(row.figures.clone(), (indent, y + px(6)), style(&TEXT.0)))?;
    }
    Ok(())
}

/// Rows of cells; a darker cell has a larger share of its row.
pub(super) fn heat(
    area: &Area<'_>,
    narrow: bool,
    x: &Axis,
    rows: &[(String, i32, Vec<u64>)],
) -> Drawn {
    let (ticks, top) = (x.ticked(if narrow { 4 } else { 8 }), rows.len() as f64);
    let many = ticks.count();
    let centers: Vec<f64> = (0..rows.len()).map(|i| top - i as f64 - 0.5).collect();
    let names = rows.iter().map(|(name, ..)| name.chars().take(14).collect());
    let names = Ticked::new(0.0..top, centers.iter().copied().zip(names).collect());
    let mut chart = ChartBuilder::on(area)
        .margin(8 * FINE)
        .margin_right(14 * FINE)
        .x_label_area_size(42 * FINE)
        .y_label_area_size(100 * FINE)
        .build_cartesian_2d(ticks, names)?;
    chart
        .configure_mesh()
        .disable_mesh()
        .axis_style(AXIS.0.stroke_width(FINE))
        .set_all_tick_mark_size(px(5))
        .label_style(("sans-serif", FONT).into_font().color(&TEXT.0))
        .x_labels(many)
        .y_labels(rows.len())
        .x_desc(x.label.as_str())
        .draw()?;
    for ((_, first, counts), center) in rows.iter().zip(&centers) {
        let most = counts.iter().copied().max().unwrap_or(1).max(1) as f64;
        chart.draw_series((*first..).zip(counts).map(|(bin, count)| {
            let ends =
                [(f64::from(bin) / 2.0, center - 0.4), (f64::from(bin + 1) / 2.0, center + 0.4)];
            Rectangle::new(ends, ARMS[1].0.mix((*count as f64 / most).sqrt()).filled())
        }))?;
    }
    Ok(())
}
