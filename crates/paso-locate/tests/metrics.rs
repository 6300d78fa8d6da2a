//! Overlap and metrics against references that are too simple to be wrong: counted cells, sorted
//! lists, loops over everything.

use paso_locate::BBox;
use paso_locate::metrics::{
    Located, MEDIUM_BELOW, SMALL_BELOW, best_constant_box, bootstrap_mean, evaluate,
    evaluate_in_detail, ious, mean_iou,
};
use proptest::prelude::*;

/// Cells on a side of the image. A power of two, so that edges are exact in f32.
const CELLS: u32 = 16;

/// A box whose edges lie on cells.
fn on_cells() -> impl Strategy<Value = BBox> {
    let side = || (0..CELLS, 1..=CELLS).prop_map(|(at, len)| (at, (at + len).min(CELLS)));
    (side(), side()).prop_map(|((x0, x1), (y0, y1))| {
        BBox::from_xyxy([x0, y0, x1, y1].map(|v| v as f32 / CELLS as f32))
    })
}

fn located() -> impl Strategy<Value = Located> {
    (on_cells(), 0..3_usize).prop_map(|(bbox, class)| Located { bbox, class })
}

fn cells(bbox: &BBox) -> Vec<(u32, u32)> {
    let inside = |low: f32, high: f32, at: u32| {
        let middle = (at as f32 + 0.5) / CELLS as f32;
        low < middle && middle < high
    };
    (0..CELLS * CELLS)
        .map(|i| (i % CELLS, i / CELLS))
        .filter(|&(x, y)| inside(bbox.x_min, bbox.x_max, x) && inside(bbox.y_min, bbox.y_max, y))
        .collect()
}

/// Intersection over union of two lists of cells.
fn counted(a: &BBox, b: &BBox) -> f64 {
    let (a, b) = (cells(a), cells(b));
    let both = a.iter().filter(|cell| b.contains(cell)).count();
    both as f64 / (a.len() + b.len() - both) as f64
}

fn share(pairs: &[(Located, Located)], holds: impl Fn(&Located, &Located) -> bool) -> f64 {
    pairs.iter().filter(|(p, t)| holds(p, t)).count() as f64 / pairs.len() as f64
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-9
}

proptest! {
    // Two thousand draws for each interval: more cases would take minutes.
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn overlap_is_the_share_of_common_cells(a in on_cells(), b in on_cells()) {
        prop_assert!(near(a.iou(&b), counted(&a, &b)), "{} {}", a.iou(&b), counted(&a, &b));
        let cells = cells(&a).len() as f64 / f64::from(CELLS * CELLS);
        prop_assert!(near(a.area(), cells));
    }

    #[test]
    fn every_metric_is_its_definition(
        pairs in prop::collection::vec((located(), located()), 1..30),
    ) {
        let (found, truth): (Vec<Located>, Vec<Located>) = pairs.iter().copied().unzip();
        let metrics = evaluate(&found, &truth);
        let iou = |p: &Located, t: &Located| counted(&p.bbox, &t.bbox);
        let n = pairs.len() as f64;
        let mean = pairs.iter().map(|(p, t)| iou(p, t)).sum::<f64>() / n;
        prop_assert_eq!(metrics.images, pairs.len());
        prop_assert!(near(metrics.mean_iou, mean));
        prop_assert!(near(metrics.iou50, share(&pairs, |p, t| iou(p, t) >= 0.5)));
        prop_assert!(near(metrics.iou75, share(&pairs, |p, t| iou(p, t) >= 0.75)));
        let thresholds = [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95];
        let over = thresholds.map(|limit| share(&pairs, |p, t| iou(p, t) >= limit));
        prop_assert!(near(metrics.iou50_95, over.iter().sum::<f64>() / 10.0));
        prop_assert!(near(metrics.class_accuracy, share(&pairs, |p, t| p.class == t.class)));
        let top1 = share(&pairs, |p, t| p.class == t.class && iou(p, t) >= 0.5);
        prop_assert!(near(metrics.top1_localization, top1));
        let distance = |(p, t): &(Located, Located)| {
            let ((ax, ay), (bx, by)) = (p.bbox.center(), t.bbox.center());
            f64::from((ax - bx).powi(2) + (ay - by).powi(2)).sqrt()
        };
        let center = pairs.iter().map(distance).sum::<f64>() / n;
        prop_assert!((metrics.center_error - center).abs() < 1e-6);
    }

    #[test]
    fn groups_are_the_metrics_of_their_own_images(
        pairs in prop::collection::vec((located(), located()), 1..40),
    ) {
        let names = ["a", "b", "c"].map(String::from);
        let (found, truth): (Vec<Located>, Vec<Located>) = pairs.iter().copied().unzip();
        let detailed = evaluate_in_detail(&found, &truth, &names);
        let whole = evaluate(&found, &truth);
        prop_assert!(near(detailed.mean_iou.mean, whole.mean_iou));
        prop_assert!(near(detailed.top1_localization.mean, whole.top1_localization));
        let of = |keep: &dyn Fn(&Located) -> bool| {
            let kept: Vec<_> = pairs.iter().copied().filter(|(_, t)| keep(t)).collect();
            let (found, truth): (Vec<Located>, Vec<Located>) = kept.into_iter().unzip();
            (!truth.is_empty()).then(|| evaluate(&found, &truth))
        };
        for (class, name) in names.iter().enumerate() {
            let group = detailed.by_class.iter().find(|g| g.name == *name);
            let expected = of(&|t| t.class == class);
            prop_assert_eq!(group.map(|g| g.images), expected.map(|m| m.images));
            if let (Some(group), Some(expected)) = (group, expected) {
                prop_assert!(near(group.mean_iou.mean, expected.mean_iou));
                prop_assert!(near(group.class_accuracy, expected.class_accuracy));
                prop_assert!(group.mean_iou.low <= group.mean_iou.high);
            }
        }
        for (name, low, high) in [
            ("small", 0.0, SMALL_BELOW),
            ("medium", SMALL_BELOW, MEDIUM_BELOW),
            ("large", MEDIUM_BELOW, 2.0),
        ] {
            let group = detailed.by_size.iter().find(|g| g.name == name);
            let expected = of(&|t| low <= t.bbox.area() && t.bbox.area() < high);
            prop_assert_eq!(group.map(|g| g.images), expected.map(|m| m.images), "{}", name);
        }
        let images = |groups: &[paso_locate::metrics::Group]| -> usize {
            groups.iter().map(|g| g.images).sum()
        };
        prop_assert_eq!(images(&detailed.by_class), pairs.len());
        prop_assert_eq!(images(&detailed.by_size), pairs.len());
    }

    #[test]
    fn an_interval_holds_its_mean_lies_within_the_values_and_grows_with_its_level(
        values in prop::collection::vec(0.0..1.0_f64, 1..40), seed in 0..1000_u64,
    ) {
        let [narrow, wide] = [0.5, 0.99].map(|level| bootstrap_mean(&values, level, 400, seed));
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        prop_assert!(near(narrow.mean, values.iter().sum::<f64>() / values.len() as f64));
        prop_assert!(low - 1e-9 <= wide.low && wide.low <= narrow.low);
        prop_assert!(narrow.high <= wide.high && wide.high <= high + 1e-9);
        prop_assert!(narrow.low <= narrow.high);
        prop_assert_eq!(narrow, bootstrap_mean(&values, 0.5, 400, seed));
    }

    #[test]
    fn pixels_and_fractions_are_the_same_box(
        bbox in on_cells(), width in 1..4000_u32, height in 1..4000_u32,
    ) {
        let back = BBox::from_pixels(bbox.to_pixels(width, height), width, height);
        let off = bbox.xyxy().into_iter().zip(back.xyxy()).map(|(a, b)| (a - b).abs());
        prop_assert!(off.fold(0.0, f32::max) < 1e-6, "{bbox:?} {back:?}");
        prop_assert!(bbox.is_valid() && bbox.clamped() == bbox);
        prop_assert!((f64::from(bbox.width() * bbox.height()) - bbox.area()).abs() < 1e-6);
    }

    #[test]
    fn no_edge_of_the_best_constant_box_can_be_moved_to_a_better_one(
        boxes in prop::collection::vec(on_cells(), 1..12),
    ) {
        let (best, score) = best_constant_box(&boxes);
        prop_assert!(near(score, mean_iou(&best, &boxes)));
        prop_assert!(score >= mean_iou(&BBox::FULL, &boxes));
        for edge in 0..4 {
            for step in [-1.0 / 1024.0, 1.0 / 1024.0] {
                let mut corners = best.xyxy();
                corners[edge] = (corners[edge] + step).clamp(0.0, 1.0);
                let moved = mean_iou(&BBox::from_xyxy(corners), &boxes);
                prop_assert!(moved <= score, "edge {edge} by {step}: {moved} > {score}");
            }
        }
    }
}

#[test]
fn an_interval_of_equal_values_is_a_point() {
    let interval = bootstrap_mean(&[0.25; 9], 0.95, 100, 3);
    assert_eq!((interval.low, interval.mean, interval.high), (0.25, 0.25, 0.25));
}

#[test]
fn what_is_not_finite_scores_nothing_and_spoils_no_other_image() {
    let good = Located { bbox: BBox::new(0.25, 0.25, 0.75, 0.75), class: 0 };
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        for edge in 0..4 {
            let mut corners = good.bbox.xyxy();
            corners[edge] = value;
            let broken = Located { bbox: BBox::from_xyxy(corners), class: 0 };
            let found = ious(&[good, broken], &[good, good]);
            assert_eq!(found[0], 1.0);
            assert!((0.0..=1.0).contains(&found[1]), "{value} at {edge}: {}", found[1]);
            let metrics = evaluate(&[good, broken], &[good, good]);
            assert!(metrics.mean_iou.is_finite() && metrics.center_error.is_infinite());
        }
    }
}

#[test]
#[should_panic(expected = "metrics of no image are not defined")]
fn no_image_is_no_metric() {
    let _ = evaluate(&[], &[]);
}

#[test]
#[should_panic(expected = "a class is beyond the 1 names")]
fn a_class_without_a_name_is_refused() {
    let located = [Located { bbox: BBox::FULL, class: 1 }];
    let _ = evaluate_in_detail(&located, &located, &["only".into()]);
}

#[test]
#[should_panic(expected = "level 1 is not between 0 and 1")]
fn a_level_of_one_is_refused() {
    let _ = bootstrap_mean(&[0.5], 1.0, 10, 0);
}

#[test]
#[should_panic(expected = "no box to find the best constant box for")]
fn the_best_box_of_none_is_refused() {
    let _ = best_constant_box(&[]);
}
