//! `paso schedule`: prints, plots and compares schedules before anyone trains.

use anyhow::{Context, Result, bail};
use clap::Args;
use paso_locate::schedule::{Shape, Spec};
use plotters::prelude::*;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use textplots::{Chart, LabelBuilder, LabelFormat, Plot, Shape as Line};

/// What `paso schedule` takes.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  paso schedule 'warmup(5%) then cosine(to 1%)' --lr 3e-4 --steps 10000
  paso schedule 'linear' 'cosine' 'exponential(to 1%)' --plot three.svg
  paso schedule --compare 'step(factor 0.1, every 30%)' 'cosine' --steps 1000")]
pub(crate) struct ScheduleArgs {
    /// Schedules, each one line: 'warmup(500) then cosine(3e-4 -> 3e-6, 9500)', 'cosine(to 1%)', …
    #[arg(value_name = "SPEC", required = true)]
    specs: Vec<String>,
    /// The peak rate of schedules that leave it open; without it rates are shares of the peak
    #[arg(long, visible_alias = "peak", value_name = "RATE")]
    lr: Option<f64>,
    /// How many steps; by default up to the end of the schedules, or 1000
    #[arg(long, value_name = "N")]
    steps: Option<u64>,
    /// Print `step,lr` rows, with one column for each of several schedules
    #[arg(long, conflicts_with_all = ["json", "plot", "compare"])]
    csv: bool,
    /// Print one JSON object: the complete schedules and their rates
    #[arg(long, conflicts_with = "plot")]
    json: bool,
    /// Draw the schedules into an SVG file that does not exist yet
    #[arg(long, value_name = "FILE.svg", conflicts_with = "compare")]
    plot: Option<PathBuf>,
    /// Say where two schedules differ
    #[arg(long)]
    compare: bool,
}

/// Rates within this factor of each other are the same rate to everybody.
const SAME: f64 = 1e-9;

/// More steps than anybody prints: a text of a few hundred megabytes.
const MOST_STEPS: u64 = 10_000_000;

/// Runs the command.
pub(crate) fn run(args: ScheduleArgs) -> Result<()> {
    let shapes = args.specs.iter().map(|text| parse(text)).collect::<Result<Vec<_>>>()?;
    let steps = args.steps.unwrap_or_else(|| default_steps(&shapes));
    if !(1..=MOST_STEPS).contains(&steps) {
        bail!("--steps is {steps}, allowed is 1 to {MOST_STEPS}");
    }
    let open = shapes.iter().any(Shape::needs_peak);
    match args.lr {
        None if open => eprintln!("no --lr: rates are shares of the peak"),
        Some(lr) if !open => {
            bail!("--lr {lr} has no effect: every rate of {} is given", args.specs.join("' and '"))
        }
        _ => {}
    }
    let specs = shapes
        .iter()
        .zip(&args.specs)
        .map(|(shape, text)| {
            shape.bind(args.lr.unwrap_or(1.0), steps).map_err(|error| refused(&error, text))
        })
        .collect::<Result<Vec<_>>>()?;
    let printed = if args.compare {
        let [a, b] = &specs[..] else {
            bail!("--compare takes two schedules, {} are given", specs.len())
        };
        compare(a, b, steps, args.json, &mut stdout())
    } else if args.csv {
        csv(&specs, steps, &mut stdout())
    } else if args.json {
        json(&specs, steps, &mut stdout())
    } else if let Some(path) = &args.plot {
        write_new(path, &svg(&specs, steps)?)?;
        eprintln!("wrote {}", path.display());
        Ok(())
    } else {
        terminal(&specs, steps, &mut stdout())
    };
    match printed {
        // `paso schedule … | head` is no failure.
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.context("writing to standard output"),
    }
}

fn parse(text: &str) -> Result<Shape> {
    text.parse().map_err(|error| refused(&error, text))
}

/// A mistake in a schedule, with the place below its text.
fn refused(error: &paso_locate::schedule::Error, text: &str) -> anyhow::Error {
    anyhow::anyhow!("this schedule cannot be used\n{}", error.pointing_at(text))
}

fn stdout() -> BufWriter<io::StdoutLock<'static>> {
    BufWriter::new(io::stdout().lock())
}

/// Up to the last end of the schedules that have one.
fn default_steps(shapes: &[Shape]) -> u64 {
    let ends = shapes.iter().filter_map(|shape| shape.to_spec().ok()?.end());
    #[expect(clippy::cast_possible_truncation, reason = "a cast from f64 saturates")]
    let end = ends.fold(0.0, f64::max).ceil() as u64;
    if end == 0 { 1_000 } else { end.saturating_add(1).min(MOST_STEPS) }
}

/// `step,lr`, or `step,lr_1,lr_2,…`; each rate in the fewest digits that read back as the same number.
fn csv(specs: &[Spec], steps: u64, out: &mut impl Write) -> io::Result<()> {
    match specs {
        [_] => writeln!(out, "step,lr")?,
        _ => writeln!(
            out,
            "step,{}",
            (1..=specs.len()).map(|i| format!("lr_{i}")).collect::<Vec<_>>().join(",")
        )?,
    }
    for step in 0..steps {
        write!(out, "{step}")?;
        for spec in specs {
            write!(out, ",{:?}", spec.at(step))?;
        }
        writeln!(out)?;
    }
    out.flush()
}

/// `{"steps": …, "schedules": [{"spec": …, "peak": …, "end": …, "lr": […]}]}`.
fn json(specs: &[Spec], steps: u64, out: &mut impl Write) -> io::Result<()> {
    let schedules: Vec<_> = specs
        .iter()
        .map(|spec| {
            let lr: Vec<f64> = spec.lrs(steps).collect();
            serde_json::json!({ "spec": spec.to_string(), "peak": spec.peak(), "end": spec.end(), "lr": lr })
        })
        .collect();
    serde_json::to_writer(
        &mut *out,
        &serde_json::json!({ "steps": steps, "schedules": schedules }),
    )?;
    writeln!(out)?;
    out.flush()
}

/// Where two schedules first differ, where they differ most, and how much rate each spends in all.
fn compare(a: &Spec, b: &Spec, steps: u64, json: bool, out: &mut impl Write) -> io::Result<()> {
    let first = a.first_difference(b, steps, SAME);
    let gap = |step: u64| (a.at(step) - b.at(step)).abs();
    let largest =
        (0..steps).max_by(|&x, &y| gap(x).total_cmp(&gap(y)).then(y.cmp(&x))).unwrap_or(0);
    let mean = |spec: &Spec| spec.lrs(steps).sum::<f64>() / steps as f64;
    if json {
        let at = |step: u64| serde_json::json!({ "step": step, "a": a.at(step), "b": b.at(step) });
        let report = serde_json::json!({
            "steps": steps, "a": a.to_string(), "b": b.to_string(), "first_difference": first.map(at),
            "largest_difference": first.map(|_| at(largest)), "mean": { "a": mean(a), "b": mean(b) },
        });
        writeln!(out, "{report}")?;
        return out.flush();
    }
    writeln!(out, "A: {a}\nB: {b}\n")?;
    match first {
        None => writeln!(out, "the same over {steps} steps (to a relative {SAME:e})")?,
        Some(first) => {
            writeln!(out, "{:>18}  {:>12}  {:>14}  {:>14}", "", "step", "A", "B")?;
            for (name, step) in [
                ("first difference", first),
                ("largest difference", largest),
                ("last step", steps - 1),
            ] {
                writeln!(
                    out,
                    "{name:>18}  {step:>12}  {:>14.6e}  {:>14.6e}",
                    a.at(step),
                    b.at(step)
                )?;
            }
            writeln!(
                out,
                "{:>18}  {:>12}  {:>14.6e}  {:>14.6e}",
                "mean rate",
                "",
                mean(a),
                mean(b)
            )?;
        }
    }
    out.flush()
}

/// An image in the terminal, each schedule its own.
fn terminal(specs: &[Spec], steps: u64, out: &mut impl Write) -> io::Result<()> {
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
        // The library's own labels have one decimal; a rate needs its exponent.
        let rate = LabelFormat::Custom(Box::new(|rate| {
            if rate == 0.0 { "0".into() } else { format!("{rate:.2e}") }
        }));
        let step = LabelFormat::Custom(Box::new(|step| format!("step {step}")));
        let mut chart = Chart::new_with_y_range(140, 50, 0.0, last, 0.0, top);
        let chart = chart.lineplot(&line).x_label_format(step).y_label_format(rate);
        chart.axis();
        chart.figures();
        writeln!(out, "{}\n", chart.to_string().trim_end())?;
    }
    out.flush()
}

/// The schedules as one image.
fn svg(specs: &[Spec], steps: u64) -> Result<String> {
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
                .y_label_formatter(&|rate| {
                    if *rate == 0.0 { "0".into() } else { format!("{rate:.1e}") }
                })
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

/// A schedule's points for an image: every step, or the lowest and the highest rate of each of 800
/// stretches, so that no spike is lost.
fn curve(spec: &Spec, steps: u64) -> Vec<(u64, f64)> {
    const STRETCHES: u64 = 800;
    if steps <= 2 * STRETCHES {
        return (0..steps).map(|step| (step, spec.at(step))).collect();
    }
    let mut points = Vec::new();
    for i in 0..STRETCHES {
        let stretch = || {
            (i * steps / STRETCHES..(i + 1) * steps / STRETCHES).map(|step| (step, spec.at(step)))
        };
        let by_rate = |a: &(u64, f64), b: &(u64, f64)| a.1.total_cmp(&b.1);
        let mut ends = [stretch().min_by(by_rate), stretch().max_by(by_rate)];
        ends.sort_by_key(|point| point.map(|(step, _)| step));
        points.extend(ends.into_iter().flatten());
    }
    points.push((steps - 1, spec.at(steps - 1)));
    points
}

/// Writes a file whole or not at all, and never over another one.
fn write_new(path: &Path, text: &str) -> Result<()> {
    match paso_files::write_new(path, text.as_bytes()) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
            bail!("{} exists already; it is not overwritten", path.display())
        }
        written => written.with_context(|| format!("writing {}", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn specs(texts: &[&str]) -> Vec<Spec> {
        texts.iter().map(|text| text.parse().expect(text)).collect()
    }

    fn text(write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        write(&mut out).expect("a vector takes everything");
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn csv_has_one_column_for_each_schedule_and_reads_back() {
        let one = text(|out| csv(&specs(&["linear(0.3 -> 0, 3)"]), 4, out));
        assert_eq!(one, "step,lr\n0,0.3\n1,0.2\n2,0.1\n3,0.0\n", "one schedule");
        let two = text(|out| csv(&specs(&["constant(1e-7)", "constant(0.1)"]), 1, out));
        assert_eq!(two, "step,lr_1,lr_2\n0,1e-7,0.1\n", "two schedules");
    }

    #[test]
    fn a_comparison_names_the_first_and_the_largest_difference() {
        let [a, b] = &specs(&["constant(1)", "constant(1, 10) then linear(1 -> 0, 10)"])[..] else {
            unreachable!()
        };
        let report: serde_json::Value =
            serde_json::from_str(&text(|out| compare(a, b, 30, true, out))).expect("JSON");
        assert_eq!(report["first_difference"]["step"], 11, "the first");
        assert_eq!(report["largest_difference"]["step"], 20, "the largest");
        assert!(
            text(|out| compare(a, a, 30, false, out)).contains("the same over 30 steps"),
            "none"
        );
    }

    #[test]
    fn a_image_of_many_steps_keeps_its_spikes() {
        let spec = "points(0: 0, 50000: 0, 50001: 1, 50002: 0, linear)".parse().expect("a spec");
        let points = curve(&spec, 100_000);
        assert!(points.len() <= 1_601, "few points");
        assert!(
            points.iter().any(|&(step, rate)| step == 50_001 && rate == 1.0),
            "the spike is there"
        );
        assert!(points.is_sorted_by_key(|&(step, _)| step), "in order");
    }

    #[test]
    fn a_file_is_not_overwritten() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.svg");
        write_new(&path, &svg(&specs(&["constant(0)"]), 1).expect("an image"))
            .expect("the first time");
        assert!(
            write_new(&path, "other")
                .expect_err("the second time")
                .to_string()
                .contains("exists already"),
            "said"
        );
        assert!(
            std::fs::read_to_string(&path).expect("the file").starts_with("<svg"),
            "the first one is there"
        );
    }
}
