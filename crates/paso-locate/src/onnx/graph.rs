//! Writing a graph node by node, with the weights under their own names.
//!
//! Its methods are called as those of the tape are in `net.rs`, so that a net reads alike in both places.

use super::proto::{
    ATTRIBUTE_FLOAT, ATTRIBUTE_INT, ATTRIBUTE_INTS, AttributeProto, FLOAT, GraphProto, INT64,
    NodeProto, TensorProto,
};
use paso_tape::{ParamInfo, Params, Pool};

/// A graph that is being written. Values are known by their names.
pub(crate) struct Graph<'a> {
    params: &'a Params,
    nodes: Vec<NodeProto>,
    initializers: Vec<TensorProto>,
}

impl<'a> Graph<'a> {
    pub(crate) fn new(params: &'a Params) -> Self {
        Self { params, nodes: Vec::new(), initializers: Vec::new() }
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

    /// A node with one output, which has the node's name.
    pub(crate) fn node(
        &mut self,
        kind: &str,
        name: &str,
        inputs: &[&str],
        attributes: Vec<AttributeProto>,
    ) -> String {
        self.node_of(kind, name, inputs, &[name], attributes);
        name.to_owned()
    }

    /// A node with these outputs.
    pub(crate) fn node_of(
        &mut self,
        kind: &str,
        name: &str,
        inputs: &[&str],
        outputs: &[&str],
        attributes: Vec<AttributeProto>,
    ) {
        let owned = |names: &[&str]| names.iter().map(|&n| n.to_owned()).collect();
        self.nodes.push(NodeProto {
            input: owned(inputs),
            output: owned(outputs),
            name: name.to_owned(),
            op_type: kind.to_owned(),
            attribute: attributes,
        });
    }

    /// A convolution with stride 1 and as much padding as keeps the size, with a bias if the net has one.
    ///
    /// `layer` is its name in the net, and `name` that of the node.
    pub(crate) fn conv(&mut self, name: &str, layer: &str, x: &str) -> String {
        self.conv_strided(name, layer, x, 1)
    }

    /// As [`conv`](Self::conv), with this stride.
    pub(crate) fn conv_strided(
        &mut self,
        name: &str,
        layer: &str,
        x: &str,
        stride: usize,
    ) -> String {
        let kernel = self.tensor(&format!("{layer}.weight")).shape[0];
        self.conv_of(name, layer, x, stride, kernel / 2)
    }

    /// A convolution with this stride, and with this padding on every side.
    pub(crate) fn conv_of(
        &mut self,
        name: &str,
        layer: &str,
        x: &str,
        stride: usize,
        padding: usize,
    ) -> String {
        let tensor = self.tensor(&format!("{layer}.weight"));
        let &[height, width, inputs, outputs] = tensor.shape.as_slice() else {
            panic!("{layer} is no convolution: its weight has shape {:?}", tensor.shape)
        };
        // No net has an image of one channel: a filter that sees one is one of a depthwise convolution.
        let depthwise = inputs == 1;
        let values = channels_first(self.values(tensor), height * width, inputs, outputs);
        let weight =
            self.floats(&format!("{layer}.weight"), &[outputs, inputs, height, width], &values);
        let mut tensors = vec![x.to_owned(), weight];
        if self.params.tensor(&format!("{layer}.bias")).is_some() {
            tensors.push(self.weights(&format!("{layer}.bias")));
        }
        let inputs: Vec<&str> = tensors.iter().map(String::as_str).collect();
        let mut attributes = vec![
            ints("kernel_shape", &[height, width]),
            ints("strides", &[stride; 2]),
            ints("pads", &[padding; 4]),
        ];
        if depthwise {
            attributes.push(int("group", integer(outputs)));
        }
        self.node("Conv", name, &inputs, attributes)
    }

    /// Batch normalization with the running statistics.
    pub(crate) fn batch_norm(&mut self, name: &str, x: &str) -> String {
        let [gamma, beta, mean, var] =
            ["gamma", "beta", "mean", "var"].map(|part| self.weights(&format!("{name}.{part}")));
        // As `Tape::batch_norm` has it.
        let epsilon = float("epsilon", 1e-5);
        self.node("BatchNormalization", name, &[x, &gamma, &beta, &mean, &var], vec![epsilon])
    }

    pub(crate) fn relu(&mut self, name: &str, x: &str) -> String {
        self.node("Relu", name, &[x], vec![])
    }

    pub(crate) fn max_pool(&mut self, name: &str, x: &str, pool: Pool) -> String {
        let attributes = vec![
            ints("kernel_shape", &[pool.kernel; 2]),
            ints("strides", &[pool.stride; 2]),
            ints("pads", &[pool.padding; 4]),
        ];
        self.node("MaxPool", name, &[x], attributes)
    }

    /// A linear layer on `[batch, in]`. Its weight is `[in, out]` in both worlds.
    pub(crate) fn linear(&mut self, name: &str, x: &str) -> String {
        let (weight, bias) =
            (self.weights(&format!("{name}.weight")), self.weights(&format!("{name}.bias")));
        self.node("Gemm", name, &[x, &weight, &bias], vec![])
    }

    /// The same numbers in another shape, in which 0 means a length as it was and -1 what is left.
    pub(crate) fn reshape(&mut self, name: &str, x: &str, shape: &[i64]) -> String {
        let shape = self.integers(&format!("{name}.shape"), shape);
        self.node("Reshape", name, &[x, &shape], vec![])
    }

    /// A tensor of the net in its own shape.
    fn weights(&mut self, name: &str) -> String {
        let tensor = self.tensor(name);
        let values = self.values(tensor);
        self.floats(name, &tensor.shape, values)
    }

    /// Constant numbers.
    pub(crate) fn floats(&mut self, name: &str, shape: &[usize], values: &[f32]) -> String {
        let raw_data = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.initializer(name, shape.iter().map(|&n| integer(n)).collect(), FLOAT, raw_data)
    }

    /// Constant whole numbers: shapes and places.
    pub(crate) fn integers(&mut self, name: &str, values: &[i64]) -> String {
        let raw_data = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.initializer(name, vec![integer(values.len())], INT64, raw_data)
    }

    fn initializer(
        &mut self,
        name: &str,
        dims: Vec<i64>,
        data_type: i32,
        raw_data: Vec<u8>,
    ) -> String {
        self.initializers.push(TensorProto { dims, data_type, name: name.to_owned(), raw_data });
        name.to_owned()
    }

    /// The tensor of this name, trained or counted. A net that lacks it is not the one that the export describes.
    fn tensor(&self, name: &str) -> &'a ParamInfo {
        let mut all = self.params.tensors().iter().chain(self.params.statistics());
        all.find(|t| t.name == name).unwrap_or_else(|| panic!("the net has no tensor {name}"))
    }

    fn values(&self, tensor: &ParamInfo) -> &'a [f32] {
        let trained = tensor.kind.is_some();
        let arena = if trained { self.params.values() } else { self.params.buffers() };
        &arena[tensor.range.clone()]
    }
}

/// `[pixels, in, out]` as `[out, in, pixels]`.
fn channels_first(values: &[f32], pixels: usize, inputs: usize, outputs: usize) -> Vec<f32> {
    let place = |out: usize, input: usize, pixel: usize| (pixel * inputs + input) * outputs + out;
    (0..outputs)
        .flat_map(|o| (0..inputs).flat_map(move |i| (0..pixels).map(move |p| place(o, i, p))))
        .map(|place| values[place])
        .collect()
}

/// A length in the format's own type.
pub(crate) fn integer(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

/// An attribute that is one whole number.
pub(crate) fn int(name: &str, value: i64) -> AttributeProto {
    let i = Some(value);
    AttributeProto { name: name.to_owned(), i, kind: ATTRIBUTE_INT, ..AttributeProto::default() }
}

/// An attribute that is a list of whole numbers.
pub(crate) fn ints(name: &str, values: &[usize]) -> AttributeProto {
    let ints = values.iter().map(|&v| integer(v)).collect();
    AttributeProto { name: name.to_owned(), ints, kind: ATTRIBUTE_INTS, ..Default::default() }
}

fn float(name: &str, value: f32) -> AttributeProto {
    let f = Some(value);
    AttributeProto { name: name.to_owned(), f, kind: ATTRIBUTE_FLOAT, ..AttributeProto::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_turned_to_channels_first() {
        // Two pixels, two inputs, three outputs: the value says where it was, as pixel, input, output.
        let values: Vec<f32> = [0, 1]
            .iter()
            .flat_map(|p| [0, 1].map(|i| [0, 1, 2].map(|o| (100 * p + 10 * i + o) as f32)))
            .flatten()
            .collect();
        let turned = channels_first(&values, 2, 2, 3);
        let wanted = [0, 100, 10, 110, 1, 101, 11, 111, 2, 102, 12, 112].map(|v| v as f32);
        assert_eq!(turned, wanted);
    }
}
