//! Writing a graph node by node, each value under a name of its own.

use super::proto::{
    ATTRIBUTE_FLOAT, ATTRIBUTE_INT, ATTRIBUTE_INTS, AttributeProto, FLOAT, GraphProto, INT64,
    NodeProto, TensorProto,
};
use std::collections::BTreeSet;

/// A graph that is being written. Values are known by their names.
#[derive(Default)]
pub(crate) struct Graph {
    nodes: Vec<NodeProto>,
    initializers: Vec<TensorProto>,
    /// All names that are taken.
    names: BTreeSet<String>,
}

impl Graph {
    /// An empty graph whose nodes take none of these names.
    pub(crate) fn new<'a>(reserved: impl IntoIterator<Item = &'a str>) -> Self {
        let names = reserved.into_iter().map(str::to_owned).collect();
        Self { names, ..Self::default() }
    }

    pub(crate) fn finish(self, name: &str) -> GraphProto {
        GraphProto {
            node: self.nodes,
            name: name.to_owned(),
            initializer: self.initializers,
            input: Vec::new(),
            output: Vec::new(),
        }
    }

    /// A node with one output. Returns the output's name: the node's name, with a number where that
    /// is taken.
    pub(crate) fn node(
        &mut self,
        kind: &str,
        name: &str,
        inputs: &[&str],
        attributes: Vec<AttributeProto>,
    ) -> String {
        let name = self.free_name(name);
        self.push(kind, &name, inputs, attributes);
        name
    }

    /// A node that writes an output of the graph, whose name was reserved.
    pub(crate) fn output(
        &mut self,
        kind: &str,
        name: &str,
        inputs: &[&str],
        attributes: Vec<AttributeProto>,
    ) {
        self.push(kind, name, inputs, attributes);
    }

    fn push(&mut self, kind: &str, name: &str, inputs: &[&str], attribute: Vec<AttributeProto>) {
        self.nodes.push(NodeProto {
            input: inputs.iter().map(|&n| n.to_owned()).collect(),
            output: vec![name.to_owned()],
            name: name.to_owned(),
            op_type: kind.to_owned(),
            attribute,
        });
    }

    /// The same elements in another shape, in which 0 means a length as it was and -1 what is left.
    pub(crate) fn reshape(&mut self, name: &str, x: &str, shape: &[i64]) -> String {
        let shape = self.integers(&format!("{name}.shape"), shape);
        self.node("Reshape", name, &[x, &shape], vec![])
    }

    /// The axes in another order.
    pub(crate) fn transpose(&mut self, name: &str, x: &str, order: &[usize]) -> String {
        self.node("Transpose", name, &[x], vec![ints("perm", order)])
    }

    /// Constants.
    pub(crate) fn floats(&mut self, name: &str, shape: &[usize], values: &[f32]) -> String {
        let name = self.free_name(name);
        self.parameter(&name, shape, values);
        name
    }

    /// A tensor of the net under its own name, which was reserved; once, however many nodes read
    /// it.
    pub(crate) fn parameter(&mut self, name: &str, shape: &[usize], values: &[f32]) {
        if self.initializers.iter().any(|t| t.name == name) {
            return;
        }
        let raw_data = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        let dims = shape.iter().map(|&n| integer(n)).collect();
        let name = name.to_owned();
        self.initializers.push(TensorProto { dims, data_type: FLOAT, name, raw_data });
    }

    /// Constant integers: shapes and indices.
    pub(crate) fn integers(&mut self, name: &str, values: &[i64]) -> String {
        let name = self.free_name(name);
        let raw_data = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        let dims = vec![integer(values.len())];
        self.initializers.push(TensorProto {
            dims,
            data_type: INT64,
            name: name.clone(),
            raw_data,
        });
        name
    }

    /// `name`, or where it is taken the first of `name_2`, `name_3`, ... that is free.
    fn free_name(&mut self, name: &str) -> String {
        let mut free = name.to_owned();
        let mut number = 2;
        while !self.names.insert(free.clone()) {
            free = format!("{name}_{number}");
            number += 1;
        }
        free
    }
}

/// A length in the format's own type.
pub(crate) fn integer(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

/// An attribute that is one integer.
pub(crate) fn int(name: &str, value: i64) -> AttributeProto {
    let i = Some(value);
    AttributeProto { name: name.to_owned(), i, kind: ATTRIBUTE_INT, ..AttributeProto::default() }
}

/// An attribute that is a list of integers.
pub(crate) fn ints(name: &str, values: &[usize]) -> AttributeProto {
    let ints = values.iter().map(|&v| integer(v)).collect();
    AttributeProto { name: name.to_owned(), ints, kind: ATTRIBUTE_INTS, ..Default::default() }
}

/// An attribute that is one number.
pub(crate) fn float(name: &str, value: f32) -> AttributeProto {
    let f = Some(value);
    AttributeProto { name: name.to_owned(), f, kind: ATTRIBUTE_FLOAT, ..AttributeProto::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_taken_gets_a_number() {
        let mut graph = Graph::new(["image", "a.weight"]);
        graph.parameter("a.weight", &[1], &[2.0]);
        graph.parameter("a.weight", &[1], &[2.0]);
        assert_eq!(graph.node("Relu", "image", &["image"], vec![]), "image_2");
        assert_eq!(graph.node("Relu", "image", &["image"], vec![]), "image_3");
        assert_eq!(graph.floats("a.weight", &[1], &[0.0]), "a.weight_2");
        assert_eq!(graph.finish("x").initializer.len(), 2, "a parameter is written once");
    }
}
