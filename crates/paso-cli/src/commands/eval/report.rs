//! The report of `paso eval`: tables for people, one JSON object for programs.

use paso_locate::BBox;
use paso_locate::data::Split;
use paso_locate::metrics::{DetailedMetrics, Group, Interval, MEDIUM_BELOW, SMALL_BELOW};
use serde_json::{Map, Value, json};

/// The metrics of a net next to those of a box that ignores the image.
#[derive(Debug)]
pub(super) struct EvalReport {
    pub(super) split: Split,
    pub(super) net: DetailedMetrics,
    pub(super) loss: f64,
    pub(super) baseline: Baseline,
    /// Mean over the images of the net's IoU minus the IoU of the constant box.
    pub(super) gain: Interval,
}

/// The best constant box and the most frequent class.
#[derive(Debug)]
pub(super) struct Baseline {
    pub(super) bbox: BBox,
    pub(super) class: String,
    /// The images that the box is the best one for, and their number.
    pub(super) fitted_on: (Split, usize),
    pub(super) metrics: DetailedMetrics,
}

/// Bootstrap intervals of fewer images are too narrow.
const FEW: usize = 20;

impl EvalReport {
    /// The object that `--json` prints.
    pub(super) fn json(&self) -> Value {
        let baseline = &self.baseline;
        let mut object = metrics(&self.net);
        object.extend([
            ("split".into(), json!(self.split)),
            ("loss".into(), json!(self.loss)),
            ("gain_over_box".into(), json!(self.gain.mean)),
            ("gain_over_box_low".into(), json!(self.gain.low)),
            ("gain_over_box_high".into(), json!(self.gain.high)),
            ("best_constant_box".into(), json!(baseline.metrics.mean_iou.mean)),
        ]);
        let mut constant = metrics(&baseline.metrics);
        constant.extend([
            ("box".into(), json!(baseline.bbox.xyxy())),
            ("class".into(), json!(baseline.class)),
            ("fitted_on".into(), json!(baseline.fitted_on.0)),
        ]);
        object.insert("constant".into(), constant.into());
        object.into()
    }

    /// Prints the tables: all images, by class, by size of the object.
    pub(super) fn print(&self) {
        println!("{}", self.text());
    }

    fn text(&self) -> String {
        let (net, baseline) = (&self.net, &self.baseline.metrics);
        let mut lines = vec![format!(
            "{:<32}{:>8}   {INTERVAL:<16} {BOX:>12}",
            format!("{}: {} images", self.split, net.images),
            "net"
        )];
        for ((key, interval), (_, constant)) in net.metrics().into_iter().zip(baseline.metrics()) {
            let Interval { mean, low, high } = interval;
            lines.push(format!(
                "{:<32}{mean:>8.3}   {low:.3} to {high:.3}   {:>12.3}",
                title(key),
                constant.mean
            ));
        }
        lines.push(String::new());
        lines.extend(table("by class", &net.by_class, &baseline.by_class, str::to_owned));
        lines.push(String::new());
        lines.extend(table("by area of the true box", &net.by_size, &baseline.by_size, size_name));
        lines.push(String::new());
        lines.extend(self.conclusions());
        lines.join("\n")
    }

    fn conclusions(&self) -> Vec<String> {
        let Interval { mean, low, high } = self.gain;
        let (split, images) = self.baseline.fitted_on;
        let fitted_on = if split == self.split {
            format!("the same {images} images, so its metrics are optimistic")
        } else {
            format!("the {images} {split} images")
        };
        let mut lines = vec![
            format!(
                "mean IoU is {:.3} {} than that of the constant box (95 % interval of the difference {low:.3} to {high:.3})",
                mean.abs(),
                if mean < 0.0 { "lower" } else { "higher" }
            ),
            format!(
                "the constant box is the best one for {fitted_on}; its class is {:?}",
                self.baseline.class
            ),
        ];
        let mut groups = self.net.by_class.iter().chain(&self.net.by_size);
        if groups.any(|group| group.images < FEW) {
            lines.push(format!("intervals of fewer than {FEW} images are too narrow"));
        }
        lines
    }
}

const INTERVAL: &str = "95 % interval";
const BOX: &str = "constant box";

/// Every metric with its interval, flat: `iou50`, `iou50_low`, `iou50_high`, ...
fn metrics(metrics: &DetailedMetrics) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("images".into(), json!(metrics.images));
    for (key, Interval { mean, low, high }) in metrics.metrics() {
        object.insert(key.into(), json!(mean));
        object.insert(format!("{key}_low"), json!(low));
        object.insert(format!("{key}_high"), json!(high));
    }
    object.insert("by_class".into(), metrics.by_class.iter().map(group).collect());
    object.insert("by_size".into(), metrics.by_size.iter().map(group).collect());
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

fn title(key: &str) -> &str {
    match key {
        "mean_iou" => "mean IoU",
        "iou50" => "IoU >= 0.5",
        "iou75" => "IoU >= 0.75",
        "iou50_95" => "IoU >= 0.5, 0.55, ... 0.95",
        "class_accuracy" => "class accuracy",
        "top1_localization" => "class correct and IoU >= 0.5",
        "center_error" => "center error / side of the image",
        other => other,
    }
}

fn size_name(name: &str) -> String {
    match name {
        "small" => format!("small, below {:.0} %", SMALL_BELOW * 100.0),
        "medium" => format!("medium, below {:.0} %", MEDIUM_BELOW * 100.0),
        _ => name.to_owned(),
    }
}

/// A row per group. Net and baseline are evaluated on the same images, so their groups are the same.
fn table(
    name: &str,
    net: &[Group],
    baseline: &[Group],
    group_name: fn(&str) -> String,
) -> Vec<String> {
    let header = format!(
        "{name:<26}{:>6}  {:>8}   {INTERVAL:<16} {BOX:>12}  {:>7}",
        "images", "mean IoU", "class"
    );
    let row = |(group, constant): (&Group, &Group)| {
        let Interval { mean, low, high } = group.mean_iou;
        format!(
            "  {:<24}{:>6}  {mean:>8.3}   {low:.3} to {high:.3}   {:>12.3}  {:>7.3}",
            shortened(&group_name(&group.name), 24),
            group.images,
            constant.mean_iou.mean,
            group.class_accuracy
        )
    };
    [header].into_iter().chain(net.iter().zip(baseline).map(row)).collect()
}

/// A name cut to the width of its column.
fn shortened(name: &str, width: usize) -> String {
    if name.chars().count() <= width {
        return name.into();
    }
    name.chars().take(width - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use paso_locate::metrics::{Located, evaluate_in_detail};

    /// A report on images of two classes; the net is right on the first `right` of them.
    fn report(images: usize, right: usize, fitted_on: Split) -> EvalReport {
        let classes = ["a class with quite a long name".to_owned(), "cat".to_owned()];
        let bbox = BBox::new(0.1, 0.1, 0.3, 0.3);
        let wrong = BBox::new(0.6, 0.6, 0.9, 0.9);
        let truth: Vec<_> = (0..images).map(|i| Located { bbox, class: i % 2 }).collect();
        let mut predicted = truth.clone();
        predicted[right..].iter_mut().for_each(|located| located.bbox = wrong);
        let metrics = |located: &[Located]| evaluate_in_detail(located, &truth, &classes);
        EvalReport {
            split: Split::Val,
            net: metrics(&predicted),
            loss: 0.5,
            baseline: Baseline {
                bbox: wrong,
                class: "cat".into(),
                fitted_on: (fitted_on, 7),
                metrics: metrics(&vec![Located { bbox: wrong, class: 1 }; images]),
            },
            gain: Interval { mean: 0.25, low: 0.1, high: 0.4 },
        }
    }

    #[test]
    fn the_text_has_a_row_per_metric_class_and_size() {
        let report = report(4, 3, Split::Train);
        let text = report.text();
        for row in
            ["mean IoU", "IoU >= 0.75", "class accuracy", "center error", "  cat", "small, below"]
        {
            assert!(text.lines().any(|line| line.starts_with(row)), "{row}:\n{text}");
        }
        assert!(text.contains("a class with quite a lo…"), "{text}");
        let row = text.lines().find(|line| line.starts_with("mean IoU")).expect("a row");
        assert!(row.contains("0.750"), "three of four boxes are right: {row}");
    }

    #[test]
    fn the_text_says_how_far_the_net_is_above_or_below_the_baseline() {
        let mut above = report(4, 3, Split::Train);
        assert!(above.text().contains("mean IoU is 0.250 higher than that of the constant box"));
        above.gain = Interval { mean: -0.125, low: -0.2, high: 0.1 };
        let below = above.text();
        assert!(below.contains("0.125 lower") && below.contains("-0.200 to 0.100"), "{below}");
    }

    #[test]
    fn a_baseline_fitted_on_the_same_images_is_called_optimistic() {
        assert!(report(4, 3, Split::Val).text().contains("same 7 images, so its metrics are opt"));
        let other = report(4, 3, Split::Train).text();
        assert!(other.contains("the 7 train images") && !other.contains("optimistic"), "{other}");
    }

    #[test]
    fn intervals_of_few_images_are_called_too_narrow() {
        assert!(report(39, 20, Split::Train).text().contains("fewer than 20 images"), "19 cats");
        assert!(!report(40, 20, Split::Train).text().contains("fewer than 20 images"), "20 cats");
    }

    #[test]
    fn json_has_the_metrics_of_both_and_every_interval_holds_its_mean() {
        let json = report(4, 3, Split::Train).json();
        assert_eq!(json["mean_iou"], 0.75);
        assert_eq!(json["constant"]["mean_iou"], 0.0);
        assert_eq!(json["constant"]["class"], "cat");
        assert_eq!(json["best_constant_box"], json["constant"]["mean_iou"]);
        let keys = json.as_object().expect("an object").keys();
        let with_interval: Vec<_> = keys.filter_map(|key| key.strip_suffix("_low")).collect();
        assert_eq!(with_interval.len(), 8, "{with_interval:?}");
        for key in with_interval.into_iter().filter(|key| *key != "gain_over_box") {
            let value = |end: &str| json[format!("{key}{end}")].as_f64().expect("a number");
            assert!(value("_low") <= value("") && value("") <= value("_high"), "{key}");
        }
    }

    #[test]
    fn names_are_cut_to_their_column_by_characters() {
        assert_eq!(shortened("abcd", 4), "abcd");
        assert_eq!(shortened("abcde", 4), "abc…");
        assert_eq!(shortened("größer", 6), "größer");
        assert_eq!(shortened("größere", 6), "größe…");
        assert_eq!(shortened("", 4), "");
    }
}
