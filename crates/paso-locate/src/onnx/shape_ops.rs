//! Sums and products, and operations that move elements, as operators.

use super::graph::integer;
use super::proto::AttributeProto;
use super::state::{ExportState, is_row};
use paso_tape::{Node, Var, ops};

/// An operator that reads these values as they are: maps, or rows.
pub(super) fn operator(
    state: &mut ExportState<'_>,
    kind: &str,
    name: &str,
    inputs: &[Var],
    attributes: Vec<AttributeProto>,
) -> String {
    let inputs: Vec<String> = inputs.iter().map(|&x| state.value(x).to_owned()).collect();
    let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
    state.graph.node(kind, name, &inputs, attributes)
}

/// A product with a map of one pixel, which ONNX broadcasts over the others.
pub(super) fn scale_channels(
    state: &mut ExportState<'_>,
    node: &Node,
    op: &ops::ScaleChannels,
) -> String {
    let x = state.map(node.name(), op.x);
    let scale = state.map(&format!("{}.scale", node.name()), op.scale);
    state.map_operator("Mul", node, &[&x, &scale], vec![])
}

pub(super) fn weighted_sum(
    state: &mut ExportState<'_>,
    name: &str,
    op: &ops::WeightedSum,
) -> String {
    let mut terms = Vec::with_capacity(op.terms.len());
    for &(factor, x) in &op.terms {
        let factor = state.graph.floats(&format!("{name}.factor"), &[], &[factor]);
        let x = state.value(x).to_owned();
        terms.push(state.graph.node("Mul", &format!("{name}.term"), &[&factor, &x], vec![]));
    }
    let terms: Vec<&str> = terms.iter().map(String::as_str).collect();
    state.graph.node("Sum", name, &terms, vec![])
}

pub(super) fn slice_channels(
    state: &mut ExportState<'_>,
    name: &str,
    op: &ops::SliceChannels,
) -> String {
    let from = state.graph.integers(&format!("{name}.from"), &[integer(op.channels.start)]);
    let to = state.graph.integers(&format!("{name}.to"), &[integer(op.channels.end)]);
    let axis = state.graph.integers(&format!("{name}.axis"), &[1]);
    let x = state.value(op.x).to_owned();
    state.graph.node("Slice", name, &[&x, &from, &to, &axis], vec![])
}

/// The same elements in NHWC order.
pub(super) fn reshape(state: &mut ExportState<'_>, node: &Node, op: &ops::Reshape) -> String {
    let (name, from, to) = (node.name(), state.shape(op.x), node.shape());
    let mut x = state.value(op.x).to_owned();
    if from == to {
        return x;
    }
    if !is_row(from) {
        x = state.graph.transpose(&format!("{name}.nhwc"), &x, &[0, 2, 3, 1]);
    }
    if is_row(to) {
        return state.graph.reshape(name, &x, &[0, integer(to[2])]);
    }
    let [height, width, channels] = to.map(integer);
    let x = state.graph.reshape(&format!("{name}.reshaped"), &x, &[0, height, width, channels]);
    state.graph.transpose(name, &x, &[0, 3, 1, 2])
}

/// A box's edges from its center and size: a product with a matrix, of every pixel.
pub(super) fn corners(state: &mut ExportState<'_>, node: &Node, op: &ops::CxcywhToXyxy) -> String {
    #[rustfmt::skip]
    let matrix = [
        // x_min, y_min, x_max, y_max
         1.0,  0.0, 1.0, 0.0, // from the center's x
         0.0,  1.0, 0.0, 1.0, // its y
        -0.5,  0.0, 0.5, 0.0, // the width
         0.0, -0.5, 0.0, 0.5, // the height
    ];
    let (name, is_row) = (node.name(), is_row(node.shape()));
    let matrix = state.graph.floats(&format!("{name}.matrix"), &[4, 4], &matrix);
    let mut x = state.value(op.x).to_owned();
    if is_row {
        return state.graph.node("MatMul", name, &[&x, &matrix], vec![]);
    }
    x = state.graph.transpose(&format!("{name}.nhwc"), &x, &[0, 2, 3, 1]);
    x = state.graph.node("MatMul", &format!("{name}.edges"), &[&x, &matrix], vec![]);
    state.graph.transpose(name, &x, &[0, 3, 1, 2])
}
