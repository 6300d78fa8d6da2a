//! What `paso eval` found, as a text.
//!
//! Three tables follow each other: every metric with its interval, the mean `IoU` by class, and by
//! the area of the true box. Below them are the gain over the constant box and what that box was
//! fitted on. Columns have fixed widths; programs should read `--json` instead.

use super::table::EvaluationTable;
use paso_locate::metrics::{Group, Interval, MEDIUM_BELOW, SMALL_BELOW};
use std::fmt;

/// Without a line break at its end.
impl fmt::Display for EvaluationTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (net, constant) = (&self.net, &self.constant);
        let title = format!("{}: {} images", self.split, net.images);
        writeln!(f, "{title:<32}{:>8}   {INTERVAL:<16} {BOX:>12}", "net")?;
        let simple = constant.evaluated.metrics();
        for ((key, interval), (_, simple)) in net.metrics().into_iter().zip(simple) {
            let Interval { mean, low, high } = interval;
            writeln!(
                f,
                "{:<32}{mean:>8.3}   {low:.3} to {high:.3}   {:>12.3}",
                title_of(key),
                simple.mean
            )?;
        }
        writeln!(f)?;
        let shown = |name: &str| name.to_owned();
        write_groups(f, "by class", &net.by_class, &constant.evaluated.by_class, shown)?;
        writeln!(f)?;
        let sized = |name: &str| match name {
            "small" => format!("small, below {:.0} %", SMALL_BELOW * 100.0),
            "medium" => format!("medium, below {:.0} %", MEDIUM_BELOW * 100.0),
            _ => name.to_owned(),
        };
        write_groups(f, "by area of the box", &net.by_size, &constant.evaluated.by_size, sized)?;
        writeln!(f)?;
        let Interval { mean, low, high } = self.gain;
        writeln!(
            f,
            "mean IoU is {:.3} {} than the constant box's (95 % interval of the difference {low:.3} to {high:.3})",
            mean.abs(),
            if mean < 0.0 { "lower" } else { "higher" }
        )?;
        let (split, images) = constant.fitted_on;
        let whose = if split == self.split {
            format!("these very {images} images, so it scores too well")
        } else {
            format!("the {images} {split} images")
        };
        write!(
            f,
            "the constant box is the best one for {whose}; its class is {:?}",
            constant.class
        )?;
        if net.by_class.iter().chain(&net.by_size).any(|group| group.images < FEW) {
            write!(f, "\nintervals of fewer than {FEW} images are too narrow")?;
        }
        Ok(())
    }
}

const INTERVAL: &str = "95 % interval";
const BOX: &str = "constant box";

/// Below this, the bootstrap's intervals are too narrow.
const FEW: usize = 20;

/// A metric that this list does not have is printed under its key, so that a new one is not lost.
fn title_of(key: &str) -> &str {
    match key {
        "mean_iou" => "mean IoU",
        "iou50" => "IoU >= 0.5",
        "iou75" => "IoU >= 0.75",
        "iou50_95" => "IoU >= 0.5, 0.55, ... 0.95",
        "class_accuracy" => "class accuracy",
        "top1_localization" => "class right and IoU >= 0.5",
        "center_error" => "center error, share of the side",
        other => other,
    }
}

/// The same images are in a group of the net and of the constant box, so the groups are the same.
fn write_groups(
    f: &mut fmt::Formatter<'_>,
    title: &str,
    net: &[Group],
    simple: &[Group],
    shown: impl Fn(&str) -> String,
) -> fmt::Result {
    writeln!(
        f,
        "{title:<22}{:>6}  {:>8}   {INTERVAL:<16} {BOX:>12}  {:>7}",
        "images", "mean IoU", "class"
    )?;
    for (group, simple) in net.iter().zip(simple) {
        let Interval { mean, low, high } = group.mean_iou;
        writeln!(
            f,
            "  {:<20}{:>6}  {mean:>8.3}   {low:.3} to {high:.3}   {:>12.3}  {:>7.3}",
            shortened(&shown(&group.name), 20),
            group.images,
            simple.mean_iou.mean,
            group.class_accuracy
        )?;
    }
    Ok(())
}

/// A name that fits its column.
///
/// Counts characters and not bytes. The last character of a name that was cut is an ellipsis.
pub(super) fn shortened(name: &str, width: usize) -> String {
    if name.chars().count() <= width {
        return name.into();
    }
    name.chars().take(width - 1).chain(['…']).collect()
}
