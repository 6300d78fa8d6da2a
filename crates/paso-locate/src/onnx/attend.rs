//! [`Attend`](crate::nets::attend::Attend) as operators: softmaxes over the pixels, and products
//! with coordinates and features.
//!
//! Only operators of opset 17 are used, so that a runtime needs no extension: a softmax over the
//! last axis of `[N, places, pixels]`, a product with a constant matrix of coordinates, and one
//! with the features.

use super::graph::{int, ints};
use super::state::ExportState;
use crate::nets::attend::coordinate;
use paso_tape::{Node, Var};

/// Coordinates of a place.
const COORDINATES: usize = 2;

/// The places that softmaxes over the maps of scores point at, and the features at the first of
/// them.
pub(super) fn record(
    state: &mut ExportState<'_>,
    node: &Node,
    [scores, features]: [Var; 2],
) -> String {
    let name = |part: &str| format!("{}.{part}", node.name());
    let side = state.shape(scores)[0];
    let scores = state.map(&name("scores"), scores);
    let features = state.map(&name("features"), features);
    let graph = &mut *state.graph;
    let rows = graph.reshape(&name("rows"), &scores, &[0, 0, -1]);
    let weights = graph.node("Softmax", &name("weights"), &[&rows], vec![int("axis", -1)]);

    let pixels = side * side;
    let places: Vec<f32> =
        (0..pixels).flat_map(|p| [p % side, p / side].map(|i| coordinate(i, side))).collect();
    let places = graph.floats(&name("coordinates"), &[pixels, COORDINATES], &places);
    let means = graph.node("MatMul", &name("means"), &[&weights, &places], vec![]);
    let places = graph.reshape(&name("places"), &means, &[0, -1]);

    let first = graph.integers(&name("index"), &[0]);
    let axis = vec![int("axis", 1)];
    let weights = graph.node("Gather", &name("first"), &[&weights, &first], axis.clone());
    let columns = graph.reshape(&name("columns"), &features, &[0, 0, -1]);
    let by_pixel = vec![ints("perm", &[0, 2, 1])];
    let pixels = graph.node("Transpose", &name("pixels"), &[&columns], by_pixel);
    let pooled = graph.node("MatMul", &name("pooled"), &[&weights, &pixels], vec![]);
    let pooled = graph.reshape(&name("pooled_row"), &pooled, &[0, -1]);
    graph.node("Concat", node.name(), &[&places, &pooled], axis)
}
