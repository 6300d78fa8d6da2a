//! What `paso eval` says: a table for people, one JSON object for programs.

use paso_locate::BBox;
use paso_locate::data::Split;
use paso_locate::metrics::{DetailedMetrics, Group, Interval, MEDIUM_BELOW, SMALL_BELOW};
use serde_json::{Map, Value, json};

/// A net that was evaluated, and a constant box, which never looks at an image.
#[derive(Debug)]
pub(super) struct EvaluationTable {
    pub(super) split: Split,
    pub(super) net: DetailedMetrics,
    pub(super) loss: f64,
    pub(super) constant: Constant,
    /// By how much the net's IoU is higher than the constant box's, image by image.
    pub(super) gain: Interval,
}

/// The best constant box and the most frequent class.
#[derive(Debug)]
pub(super) struct Constant {
    pub(super) bbox: BBox,
    pub(super) class: String,
    /// Which images it is the best for, and how many they are.
    pub(super) fitted_on: (Split, usize),
    pub(super) evaluated: DetailedMetrics,
}

impl EvaluationTable {
    pub(super) fn json(&self) -> Value {
        let constant = &self.constant;
        let mut object = metrics(&self.net);
        object.extend([
            ("split".into(), json!(self.split)),
            ("loss".into(), json!(self.loss)),
            ("gain_over_box".into(), json!(self.gain.mean)),
            ("gain_over_box_low".into(), json!(self.gain.low)),
            ("gain_over_box_high".into(), json!(self.gain.high)),
            ("best_constant_box".into(), json!(constant.evaluated.mean_iou.mean)),
        ]);
        let mut simple = metrics(&constant.evaluated);
        simple.extend([
            ("box".into(), json!(constant.bbox.xyxy())),
            ("class".into(), json!(constant.class)),
            ("fitted_on".into(), json!(constant.fitted_on.0)),
        ]);
        object.insert("constant".into(), simple.into());
        object.into()
    }

    pub(super) fn print(&self) {
        let (net, constant) = (&self.net, &self.constant);
        let title = format!("{}: {} images", self.split, net.images);
        println!("{title:<32}{:>8}   {INTERVAL:<16} {BOX:>12}", "net");
        let simple = constant.evaluated.metrics();
        for ((key, interval), (_, simple)) in net.metrics().into_iter().zip(simple) {
            let Interval { mean, low, high } = interval;
            println!(
                "{:<32}{mean:>8.3}   {low:.3} to {high:.3}   {:>12.3}",
                title_of(key),
                simple.mean
            );
        }
        println!();
        let shown = |name: &str| name.to_owned();
        print_groups("by class", &net.by_class, &constant.evaluated.by_class, shown);
        println!();
        let sized = |name: &str| match name {
            "small" => format!("small, below {:.0} %", SMALL_BELOW * 100.0),
            "medium" => format!("medium, below {:.0} %", MEDIUM_BELOW * 100.0),
            _ => name.to_owned(),
        };
        print_groups("by area of the true box", &net.by_size, &constant.evaluated.by_size, sized);
        println!();
        let Interval { mean, low, high } = self.gain;
        println!(
            "mean IoU is {:.3} {} than the constant box's (95 % interval of the difference {low:.3} to {high:.3})",
            mean.abs(),
            if mean < 0.0 { "lower" } else { "higher" }
        );
        let (split, images) = constant.fitted_on;
        let whose = if split == self.split {
            format!("these very {images} images, so it scores too well")
        } else {
            format!("the {images} {split} images")
        };
        println!("the constant box is the best one for {whose}; its class is {:?}", constant.class);
        if net.by_class.iter().chain(&net.by_size).any(|group| group.images < FEW) {
            println!("intervals of fewer than {FEW} images are too narrow");
        }
    }
}

const INTERVAL: &str = "95 % interval";
const BOX: &str = "constant box";

/// Below this, the bootstrap's intervals are too narrow.
const FEW: usize = 20;

/// Every metric and its interval, flat: `iou50`, `iou50_low`, `iou50_high`, …
fn metrics(evaluated: &DetailedMetrics) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("images".into(), json!(evaluated.images));
    for (key, Interval { mean, low, high }) in evaluated.metrics() {
        object.insert(key.into(), json!(mean));
        object.insert(format!("{key}_low"), json!(low));
        object.insert(format!("{key}_high"), json!(high));
    }
    object.insert("by_class".into(), evaluated.by_class.iter().map(group).collect());
    object.insert("by_size".into(), evaluated.by_size.iter().map(group).collect());
    object
}

fn group(group: &Group) -> Value {
    let Interval { mean, low, high } = group.mean_iou;
    json!({
        "name": group.name,
        "images": group.images,
        "mean_iou": mean,
        "mean_iou_low": low,
        "mean_iou_high": high,
        "class_accuracy": group.class_accuracy,
    })
}

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
fn print_groups(title: &str, net: &[Group], simple: &[Group], shown: impl Fn(&str) -> String) {
    println!(
        "{title:<26}{:>6}  {:>8}   {INTERVAL:<16} {BOX:>12}  {:>7}",
        "images", "mean IoU", "class"
    );
    for (group, simple) in net.iter().zip(simple) {
        let Interval { mean, low, high } = group.mean_iou;
        println!(
            "  {:<24}{:>6}  {mean:>8.3}   {low:.3} to {high:.3}   {:>12.3}  {:>7.3}",
            shortened(&shown(&group.name), 24),
            group.images,
            simple.mean_iou.mean,
            group.class_accuracy
        );
    }
}

/// A name that fits its column.
fn shortened(name: &str, width: usize) -> String {
    if name.chars().count() <= width {
        return name.into();
    }
    name.chars().take(width - 1).chain(['…']).collect()
}
