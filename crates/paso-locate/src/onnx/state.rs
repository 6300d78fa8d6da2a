//! The values written so far, and the two layouts that they have.
//!
//! A node of the tape is NHWC. In the graph a node of more than one pixel is a *map*,
//! `[N, channels, height, width]`, and a node of one pixel is a *row*, `[N, channels]`.
//! [`ExportState::map`] and [`ExportState::map_operator`] convert where an operator of ONNX knows
//! maps only.

use super::graph::{Graph, integer};
use super::proto::AttributeProto;
use paso_tape::{Node, Params, Tape, Var};
use std::collections::BTreeMap;

/// A tape that is being written as a graph.
pub(crate) struct ExportState<'a> {
    pub(crate) graph: &'a mut Graph,
    pub(crate) params: &'a Params,
    pub(super) tape: &'a Tape,
    /// The nodes written so far, by the names of their values.
    pub(super) values: BTreeMap<Var, String>,
}

impl ExportState<'_> {
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
    pub(crate) fn map_operator(
        &mut self,
        kind: &str,
        node: &Node,
        inputs: &[&str],
        attributes: Vec<AttributeProto>,
    ) -> String {
        let (name, shape) = (node.name(), node.shape());
        if is_row(shape) {
            let map = self.graph.node(kind, &format!("{name}.map"), inputs, attributes);
            self.graph.reshape(name, &map, &[0, integer(shape[2])])
        } else {
            self.graph.node(kind, name, inputs, attributes)
        }
    }
}

/// Whether a node of this shape is a row in the graph.
pub(super) fn is_row([height, width, _]: [usize; 3]) -> bool {
    height * width == 1
}
