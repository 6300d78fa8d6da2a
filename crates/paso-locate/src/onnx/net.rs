//! The nets of `crate::nets` once more, as ONNX says them: NCHW inside, inference only.
//!
//! What changes there changes here. The tests see that every tensor of a net is used; that the numbers agree is for
//! `tests/python/check_onnx.py` to see.

use super::body;
use super::graph::{Graph, int, integer, ints};
use crate::NetName;
use crate::data::{MEAN, STD};
use crate::nets::attend::coordinate;

/// Places that the net of `crate::nets` looks at have two coordinates each.
const COORDINATES: usize = 2;

/// From `image`, NHWC in 0..255, to `box`, `logits` and `scores`.
pub(crate) fn record(graph: &mut Graph<'_>, net: NetName, side: usize, classes: usize) {
    let image = normalized(graph, "image");
    let (map, side) = body::record(graph, net, &image, side);
    let features = neck(graph, &map, side);
    head(graph, &features, classes);
}

/// As `crate::augment::normalize_into`, operation by operation, then channels first.
fn normalized(graph: &mut Graph<'_>, image: &str) -> String {
    let full = graph.floats("full", &[1], &[255.0]);
    let mean = graph.floats("mean", &[3], &MEAN);
    let std = graph.floats("std", &[3], &STD);
    let fraction = graph.node("Div", "fraction", &[image, &full], vec![]);
    let centered = graph.node("Sub", "centered", &[&fraction, &mean], vec![]);
    let divided = graph.node("Div", "normalized", &[&centered, &std], vec![]);
    graph.node("Transpose", "channels_first", &[&divided], vec![ints("perm", &[0, 3, 1, 2])])
}

/// As `crate::nets::attend`: the places that softmaxes over the map of `side x side` pixels point at, and the features at the
/// first of them.
fn neck(graph: &mut Graph<'_>, map: &str, side: usize) -> String {
    let scores = graph.conv("scores_map", "scores", map);
    let rows = graph.reshape("scores_rows", &scores, &[0, 0, -1]);
    let weights = graph.node("Softmax", "weights", &[&rows], vec![int("axis", -1)]);

    let pixels = side * side;
    let places: Vec<f32> =
        (0..pixels).flat_map(|p| [p % side, p / side].map(|i| coordinate(i, side))).collect();
    let places = graph.floats("coordinates", &[pixels, COORDINATES], &places);
    let means = graph.node("MatMul", "places", &[&weights, &places], vec![]);
    let places = graph.reshape("places_row", &means, &[0, -1]);

    let first = graph.integers("first", &[0]);
    let weights = graph.node("Gather", "weights_first", &[&weights, &first], vec![int("axis", 1)]);
    let columns = graph.reshape("map_rows", map, &[0, 0, -1]);
    let rows = graph.node("Transpose", "map_columns", &[&columns], vec![ints("perm", &[0, 2, 1])]);
    let seen = graph.node("MatMul", "seen", &[&weights, &rows], vec![]);
    let seen = graph.reshape("seen_row", &seen, &[0, -1]);
    graph.node("Concat", "features", &[&places, &seen], vec![int("axis", 1)])
}

/// The box from the first four numbers, the classes from the others.
fn head(graph: &mut Graph<'_>, features: &str, classes: usize) {
    let output = graph.linear("head", features);
    let parts = graph.integers("parts", &[4, integer(classes)]);
    graph.node_of("Split", "split", &[&output, &parts], &["raw", "logits"], vec![int("axis", 1)]);
    let center_and_size = graph.node("Sigmoid", "center_and_size", &["raw"], vec![]);
    #[rustfmt::skip]
    let corners = graph.floats("to_corners", &[4, 4], &[
        // x_min, y_min, x_max, y_max
         1.0,  0.0, 1.0, 0.0, // from the center's x
         0.0,  1.0, 0.0, 1.0, // its y
        -0.5,  0.0, 0.5, 0.0, // the width
         0.0, -0.5, 0.0, 0.5, // the height
    ]);
    let corners = graph.node("MatMul", "corners", &[&center_and_size, &corners], vec![]);
    let (low, high) = (graph.floats("low", &[], &[0.0]), graph.floats("high", &[], &[1.0]));
    graph.node("Clip", "box", &[&corners, &low, &high], vec![]);
    graph.node("Softmax", "scores", &["logits"], vec![int("axis", -1)]);
}
