//! From a recorded tape to a graph: one ONNX form for each operation, whatever net they are part
//! of.

use super::graph::{Graph, int};
use super::state::ExportState;
use super::{attend, layers, shape_ops};
use crate::Error;
use crate::nets::attend::Attend;
use paso_tape::{Node, Op, Params, Tape, Var};
use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};

/// Writes what `outputs` need, as inference computes it, from the input `x` whose value has this
/// name: a map, or a row of one pixel. Returns the names of the outputs' values.
///
/// # Errors
/// When an output needs another input, or an operation without a form in ONNX: a loss, or a custom
/// operation but [`Attend`].
pub(crate) fn export<const N: usize>(
    graph: &mut Graph,
    (tape, params): (&Tape, &Params),
    (x, name): (Var, String),
    outputs: [Var; N],
) -> Result<[String; N], Error> {
    let mut needed = BTreeSet::from(outputs);
    for (var, node) in tape.nodes().rev() {
        if var != x && needed.contains(&var) {
            needed.extend(node.op().inputs());
        }
    }
    let mut state = ExportState { graph, params, tape, values: BTreeMap::from([(x, name)]) };
    for (var, node) in tape.nodes() {
        if var != x && needed.contains(&var) {
            let name = operation(&mut state, node)?;
            state.values.insert(var, name);
        }
    }
    Ok(outputs.map(|output| state.value(output).to_owned()))
}

/// Writes one node. The name of its value is the node's, unless that is taken or the value is its
/// input's.
fn operation(state: &mut ExportState<'_>, node: &Node) -> Result<String, Error> {
    let name = node.name();
    Ok(match node.op() {
        Op::Conv(op) => layers::conv(state, node, op),
        Op::BatchNorm(op) => layers::batch_norm(state, node, op),
        Op::Activation(op) => layers::activation(state, node, op),
        Op::MaxPool(op) => layers::max_pool(state, node, op),
        Op::AvgPool(op) => layers::avg_pool(state, node, op),
        Op::GlobalAvgPool(op) => {
            let x = state.map(name, op.x);
            state.map_operator("GlobalAveragePool", node, &[&x], vec![])
        }
        Op::Add(op) => shape_ops::operator(state, "Add", name, &[op.a, op.b], vec![]),
        Op::Mul(op) => shape_ops::operator(state, "Mul", name, &[op.a, op.b], vec![]),
        Op::ScaleChannels(op) => shape_ops::scale_channels(state, node, op),
        Op::WeightedSum(op) => shape_ops::weighted_sum(state, name, op),
        // Inference drops nothing.
        Op::Dropout(op) => state.value(op.x).to_owned(),
        Op::Concat(op) => {
            shape_ops::operator(state, "Concat", name, &op.inputs, vec![int("axis", 1)])
        }
        Op::SliceChannels(op) => shape_ops::slice_channels(state, name, op),
        Op::Reshape(op) => shape_ops::reshape(state, node, op),
        Op::CxcywhToXyxy(op) => shape_ops::corners(state, node, op),
        Op::Custom(op) => {
            let custom: &dyn Any = &*op.op;
            if !custom.is::<Attend>() {
                return Err(no_form(node));
            }
            attend::record(state, node, [op.inputs[0], op.inputs[1]])
        }
        // The input of the export is written before the walk; losses are for training.
        Op::Input(_)
        | Op::SmoothL1(_)
        | Op::Mse(_)
        | Op::BceWithLogits(_)
        | Op::CrossEntropy(_)
        | Op::BoxOverlap(_) => return Err(no_form(node)),
    })
}

fn no_form(node: &Node) -> Error {
    Error::Onnx { operation: node.op().name().to_owned(), node: node.name().to_owned() }
}
