//! From a recorded tape to a graph: one ONNX form for each operation, whatever net they are part of.
//!
//! A node of the tape is NHWC. In the graph a node of more than one pixel is a *map*, `[N, channels, height, width]`, and a
//! node of one pixel is a *row*, `[N, channels]`. [`Walk::map`] and [`Walk::from_map`] convert where an operator of ONNX
//! knows maps only.

use super::attend;
use super::graph::{Graph, int, integer};
use super::layers;
use crate::Error;
use crate::nets::attend::Attend;
use paso_tape::{Node, Op, Params, Tape, Var, ops};
use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};

/// A tape that is being written as a graph.
pub(crate) struct Walk<'a> {
    pub(crate) graph: &'a mut Graph,
    pub(crate) params: &'a Params,
    tape: &'a Tape,
    /// The nodes written so far, by the names of their values.
    values: BTreeMap<Var, String>,
}

/// Writes what `outputs` need, as inference computes it, from the input `x` whose value has this name: a map, or a row of
/// one pixel. Returns the names of the outputs' values.
///
/// # Errors
/// When an output needs another input, or an operation without a form in ONNX: a loss, or a custom operation but
/// [`Attend`].
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
    let mut walk = Walk { graph, params, tape, values: BTreeMap::from([(x, name)]) };
    for (var, node) in tape.nodes() {
        if var != x && needed.contains(&var) {
            let name = walk.operation(node)?;
            walk.values.insert(var, name);
        }
    }
    Ok(outputs.map(|output| walk.value(output).to_owned()))
}

impl Walk<'_> {
    /// Writes one node. The name of its value is the node's, unless that is taken or the value is its input's.
    fn operation(&mut self, node: &Node) -> Result<String, Error> {
        let name = node.name();
        Ok(match node.op() {
            Op::Conv(op) => layers::conv(self, node, op),
            Op::BatchNorm(op) => layers::batch_norm(self, node, op),
            Op::Activation(op) => layers::activation(self, node, op),
            Op::MaxPool(op) => layers::max_pool(self, node, op),
            Op::AvgPool(op) => layers::avg_pool(self, node, op),
            Op::GlobalAvgPool(op) => {
                let x = self.map(name, op.x);
                self.from_map("GlobalAveragePool", node, &[&x], vec![])
            }
            Op::Add(op) => self.elementwise("Add", name, &[op.a, op.b]),
            Op::Mul(op) => self.elementwise("Mul", name, &[op.a, op.b]),
            Op::WeightedSum(op) => self.weighted_sum(name, op),
            // Inference drops nothing.
            Op::Dropout(op) => self.value(op.x).to_owned(),
            Op::Concat(op) => {
                let inputs: Vec<String> =
                    op.inputs.iter().map(|&x| self.value(x).to_owned()).collect();
                let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
                self.graph.node("Concat", name, &inputs, vec![int("axis", 1)])
            }
            Op::SliceChannels(op) => self.slice_channels(name, op),
            Op::Reshape(op) => self.reshape(node, op),
            Op::CxcywhToXyxy(op) => self.corners(node, op),
            Op::Custom(op) => {
                let custom: &dyn Any = &*op.op;
                if !custom.is::<Attend>() {
                    return Err(no_form(node));
                }
                attend::record(self, node, [op.inputs[0], op.inputs[1]])
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

    /// The name of a value that was written: a map, or a row where the node has one pixel.
    pub(crate) fn value(&self, x: Var) -> &str {
        &self.values[&x]
    }

    /// `[height, width, channels]`.
    pub(crate) fn shape(&self, x: Var) -> [usize; 3] {
        self.tape.shape(x)
    }

    /// A value as a map, for the input of the node of this name.
    pub(crate) fn map(&mut self, name: &str, x: Var) -> String {
        let value = self.value(x).to_owned();
        let shape = self.shape(x);
        if is_row(shape) {
            let map = [0, integer(shape[2]), 1, 1];
            self.graph.reshape(&format!("{name}.in"), &value, &map)
        } else {
            value
        }
    }

    /// An operator that gives a map, and a row of it where the node has one pixel.
    pub(crate) fn from_map(
        &mut self,
        kind: &str,
        node: &Node,
        inputs: &[&str],
        attributes: Vec<super::proto::AttributeProto>,
    ) -> String {
        let (name, shape) = (node.name(), node.shape());
        if is_row(shape) {
            let map = self.graph.node(kind, &format!("{name}.map"), inputs, attributes);
            self.graph.reshape(name, &map, &[0, integer(shape[2])])
        } else {
            self.graph.node(kind, name, inputs, attributes)
        }
    }

    /// An operator on values of one shape, element by element.
    fn elementwise(&mut self, kind: &str, name: &str, inputs: &[Var]) -> String {
        let inputs: Vec<String> = inputs.iter().map(|&x| self.value(x).to_owned()).collect();
        let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
        self.graph.node(kind, name, &inputs, vec![])
    }

    fn weighted_sum(&mut self, name: &str, op: &ops::WeightedSum) -> String {
        let mut terms = Vec::with_capacity(op.terms.len());
        for &(factor, x) in &op.terms {
            let factor = self.graph.floats(&format!("{name}.factor"), &[], &[factor]);
            let x = self.value(x).to_owned();
            terms.push(self.graph.node("Mul", &format!("{name}.term"), &[&factor, &x], vec![]));
        }
        let terms: Vec<&str> = terms.iter().map(String::as_str).collect();
        self.graph.node("Sum", name, &terms, vec![])
    }

    fn slice_channels(&mut self, name: &str, op: &ops::SliceChannels) -> String {
        let from = self.graph.integers(&format!("{name}.from"), &[integer(op.channels.start)]);
        let to = self.graph.integers(&format!("{name}.to"), &[integer(op.channels.end)]);
        let axis = self.graph.integers(&format!("{name}.axis"), &[1]);
        let x = self.value(op.x).to_owned();
        self.graph.node("Slice", name, &[&x, &from, &to, &axis], vec![])
    }

    /// The same elements in NHWC order.
    fn reshape(&mut self, node: &Node, op: &ops::Reshape) -> String {
        let (name, from, to) = (node.name(), self.shape(op.x), node.shape());
        let mut x = self.value(op.x).to_owned();
        if from == to {
            return x;
        }
        if !is_row(from) {
            x = self.graph.transpose(&format!("{name}.nhwc"), &x, &[0, 2, 3, 1]);
        }
        if is_row(to) {
            return self.graph.reshape(name, &x, &[0, integer(to[2])]);
        }
        let [height, width, channels] = to.map(integer);
        let x = self.graph.reshape(&format!("{name}.reshaped"), &x, &[0, height, width, channels]);
        self.graph.transpose(name, &x, &[0, 3, 1, 2])
    }

    /// A box's edges from its center and size: a product with a matrix, of every pixel.
    fn corners(&mut self, node: &Node, op: &ops::CxcywhToXyxy) -> String {
        #[rustfmt::skip]
        let matrix = [
            // x_min, y_min, x_max, y_max
             1.0,  0.0, 1.0, 0.0, // from the center's x
             0.0,  1.0, 0.0, 1.0, // its y
            -0.5,  0.0, 0.5, 0.0, // the width
             0.0, -0.5, 0.0, 0.5, // the height
        ];
        let (name, is_row) = (node.name(), is_row(node.shape()));
        let matrix = self.graph.floats(&format!("{name}.matrix"), &[4, 4], &matrix);
        let mut x = self.value(op.x).to_owned();
        if is_row {
            return self.graph.node("MatMul", name, &[&x, &matrix], vec![]);
        }
        x = self.graph.transpose(&format!("{name}.nhwc"), &x, &[0, 2, 3, 1]);
        x = self.graph.node("MatMul", &format!("{name}.edges"), &[&x, &matrix], vec![]);
        self.graph.transpose(name, &x, &[0, 3, 1, 2])
    }
}

/// Whether a node of this shape is a row in the graph.
fn is_row([height, width, _]: [usize; 3]) -> bool {
    height * width == 1
}

fn no_form(node: &Node) -> Error {
    Error::Onnx { operation: node.op().name().to_owned(), node: node.name().to_owned() }
}
