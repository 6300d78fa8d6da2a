//! The text and the JSON of an evaluation.

use super::table::{Constant, EvaluationTable};
use super::text::shortened;
use paso_locate::BBox;
use paso_locate::data::Split;
use paso_locate::metrics::Interval;
use paso_locate::metrics::{Located, evaluate_in_detail};
use serde_json::json;

/// Two images with a cat and a dog: the net is right about the first one and misses the second.
fn table(fitted_on: Split) -> EvaluationTable {
    let classes = ["cat".to_owned(), "a dog with a name of many letters".to_owned()];
    let cat = Located { bbox: BBox::new(0.0, 0.0, 0.5, 0.5), class: 0 };
    let dog = Located { bbox: BBox::new(0.5, 0.5, 1.0, 1.0), class: 1 };
    let truth = [cat, dog];
    EvaluationTable {
        split: Split::Val,
        net: evaluate_in_detail(&[cat, cat], &truth, &classes),
        loss: 0.25,
        constant: Constant {
            bbox: dog.bbox,
            class: "cat".into(),
            fitted_on: (fitted_on, 7),
            evaluated: evaluate_in_detail(
                &[Located { class: 0, ..dog }, Located { class: 0, ..dog }],
                &truth,
                &classes,
            ),
        },
        gain: Interval { mean: -0.125, low: -0.5, high: 0.25 },
    }
}

#[test]
fn the_text_has_a_row_for_each_metric_and_group() {
    let text = table(Split::Train).to_string();
    let lines: Vec<&str> = text.lines().collect();
    let title = "val: 2 images                        net   95 % interval    constant box";
    assert_eq!(lines[0], title, "{text}");
    let row = lines.iter().find(|line| line.starts_with("mean IoU  ")).expect("a row");
    assert!(row.contains("   0.500   ") && row.ends_with("0.500"), "{row}");
    for (start, images, mean, class) in [
        ("  cat ", "1", "1.000", "1.000"),
        ("  a dog with a name o…", "1", "0.000", "0.000"),
        ("  large ", "2", "0.500", "0.500"),
    ] {
        let row = lines.iter().find(|line| line.starts_with(start));
        let row = row.unwrap_or_else(|| panic!("no row {start}: {text}"));
        let width = row.char_indices().nth(22).expect("longer").0;
        let cells: Vec<&str> = row[width..].split_whitespace().collect();
        assert_eq!((cells[0], cells[1], cells[6]), (images, mean, class), "{row}");
    }
}

#[test]
fn the_text_says_what_the_constant_box_knows_and_where_intervals_are_too_narrow() {
    let text = table(Split::Train).to_string();
    assert!(
        text.contains("mean IoU is 0.125 lower than the constant box's (95 % interval of the difference -0.500 to 0.250)\n"),
        "{text}"
    );
    assert!(text.contains("the best one for the 7 train images; its class is \"cat\"\n"), "{text}");
    assert!(text.ends_with("\nintervals of fewer than 20 images are too narrow"), "{text}");
    let same = table(Split::Val).to_string();
    assert!(same.contains("these very 7 images, so it scores too well"), "{same}");
}

#[test]
fn the_json_has_each_metric_with_its_interval_and_the_constant_box_in_an_object_of_its_own() {
    let json = table(Split::Train).json();
    assert_eq!((&json["images"], &json["loss"]), (&json!(2), &json!(0.25)));
    assert_eq!((&json["mean_iou"], &json["class_accuracy"]), (&json!(0.5), &json!(0.5)));
    assert_eq!(json["gain_over_box_low"], json!(-0.5));
    assert_eq!(json["constant"]["box"], json!([0.5, 0.5, 1.0, 1.0]));
    assert_eq!(json["constant"]["fitted_on"], json!("train"));
    assert_eq!(json["constant"]["mean_iou"], json["best_constant_box"]);
    let names = json["by_class"].as_array().expect("a list").iter().map(|g| g["name"].clone());
    assert_eq!(names.collect::<Vec<_>>(), ["cat", "a dog with a name of many letters"]);
}

#[test]
fn names_are_cut_to_their_column_by_characters() {
    assert_eq!(shortened("four", 4), "four");
    assert_eq!(shortened("fünfe", 4), "fün…");
}
