//! What `paso eval` found, and its JSON.
//!
//! Every metric comes with an interval, since a test split is a sample. JSON keys are a stable
//! format: they are added, never renamed.
//!
//! Shares and `IoU` are from 0 to 1. Boxes are in shares of the image's sides. An interval is
//! printed as three keys: the metric, and the metric with `_low` and `_high`.

use paso_locate::BBox;
use paso_locate::data::Split;
use paso_locate::metrics::{DetailedMetrics, Group, Interval};
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
    /// `best_constant_box` is the same number as `mean_iou` in `constant`, for readers that want
    /// this number only.
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
}

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
