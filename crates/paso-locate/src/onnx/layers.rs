//! Layers as operators: convolutions and linear layers, batch norm, activations, pooling.

use super::graph::{float, int, integer, ints};
use super::proto::AttributeProto;
use super::state::ExportState;
use paso_tape::ops::{Activate, AvgPool, BatchNorm, Conv2d, MaxPool};
use paso_tape::{Activation, Node, ParamInfo, Pool};

/// A convolution; a linear layer, whose weight is `[in, out]` in both formats, is a matrix product.
pub(super) fn conv(state: &mut ExportState<'_>, node: &Node, op: &Conv2d) -> String {
    let params = state.params;
    let weight = params.info(op.weight);
    let values = &params.values()[op.weight.range()];
    let bias = op.bias.map(|bias| tensor(state, params.info(bias), &params.values()[bias.range()]));
    let linear = weight.shape.len() == 2;
    if linear {
        tensor(state, weight, values);
    } else {
        let [height, width, inputs, outputs] = op.conv.weight_shape();
        let values = channels_first(values, height * width, inputs, outputs);
        state.graph.parameter(&weight.name, &[outputs, inputs, height, width], &values);
    }
    let x = if linear { state.value(op.x).to_owned() } else { state.map(node.name(), op.x) };
    let mut inputs = vec![x.as_str(), &weight.name];
    inputs.extend(bias.as_deref());
    if linear {
        return state.graph.node("Gemm", node.name(), &inputs, vec![]);
    }
    let padding = [op.conv.padding, op.conv.end_padding()];
    let mut attributes = windows(op.conv.kernel, op.conv.stride, padding);
    if op.conv.groups > 1 {
        attributes.push(int("group", integer(op.conv.groups)));
    }
    state.map_operator("Conv", node, &inputs, attributes)
}

/// Batch normalization with the running statistics.
pub(super) fn batch_norm(state: &mut ExportState<'_>, node: &Node, op: &BatchNorm) -> String {
    let params = state.params;
    let [gamma, beta] =
        [op.gamma, op.beta].map(|id| tensor(state, params.info(id), &params.values()[id.range()]));
    let [mean, var] = [op.mean, op.var]
        .map(|id| tensor(state, params.buffer_info(id), &params.buffers()[id.range()]));
    #[expect(clippy::cast_possible_truncation, reason = "f32 is the precision of attributes")]
    let epsilon = float("epsilon", op.eps as f32);
    let x = state.value(op.x).to_owned();
    let inputs = [x.as_str(), &gamma, &beta, &mean, &var];
    state.graph.node("BatchNormalization", node.name(), &inputs, vec![epsilon])
}

pub(super) fn activation(state: &mut ExportState<'_>, node: &Node, op: &Activate) -> String {
    let (name, x) = (node.name(), state.value(op.x).to_owned());
    let (kind, attributes) = match op.activation {
        Activation::Relu => ("Relu", vec![]),
        Activation::Relu6 => {
            let bound = |end: &str| format!("{name}.{end}");
            let low = state.graph.floats(&bound("low"), &[], &[0.0]);
            let high = state.graph.floats(&bound("high"), &[], &[6.0]);
            return state.graph.node("Clip", name, &[&x, &low, &high], vec![]);
        }
        Activation::LeakyRelu(slope) => ("LeakyRelu", vec![float("alpha", slope)]),
        Activation::Sigmoid => ("Sigmoid", vec![]),
        Activation::Tanh => ("Tanh", vec![]),
        Activation::Softplus => ("Softplus", vec![]),
        Activation::HardSwish => ("HardSwish", vec![]),
        Activation::HardSigmoid => {
            ("HardSigmoid", vec![float("alpha", 1.0 / 6.0), float("beta", 0.5)])
        }
        // The opset that paso writes has no operator for it.
        Activation::Silu => {
            let sigmoid = state.graph.node("Sigmoid", &format!("{name}.sigmoid"), &[&x], vec![]);
            return state.graph.node("Mul", name, &[&x, &sigmoid], vec![]);
        }
    };
    state.graph.node(kind, name, &[&x], attributes)
}

pub(super) fn max_pool(state: &mut ExportState<'_>, node: &Node, op: &MaxPool) -> String {
    let x = state.map(node.name(), op.x);
    state.map_operator("MaxPool", node, &[&x], pool_windows(op.pool))
}

pub(super) fn avg_pool(state: &mut ExportState<'_>, node: &Node, op: &AvgPool) -> String {
    let x = state.map(node.name(), op.x);
    let mut attributes = pool_windows(op.pool);
    attributes.push(int("count_include_pad", 1));
    state.map_operator("AveragePool", node, &[&x], attributes)
}

fn pool_windows(pool: Pool) -> Vec<AttributeProto> {
    windows(pool.kernel, pool.stride, [pool.padding; 2])
}

/// Square windows, padded before the first pixel and after the last one, in both directions.
fn windows(kernel: usize, stride: usize, [before, after]: [usize; 2]) -> Vec<AttributeProto> {
    vec![
        ints("kernel_shape", &[kernel; 2]),
        ints("strides", &[stride; 2]),
        ints("pads", &[before, before, after, after]),
    ]
}

/// A tensor of the net in its own shape, under its own name.
fn tensor(state: &mut ExportState<'_>, info: &ParamInfo, values: &[f32]) -> String {
    state.graph.parameter(&info.name, &info.shape, values);
    info.name.clone()
}

/// `[pixels, in, out]` as `[out, in, pixels]`.
fn channels_first(values: &[f32], pixels: usize, inputs: usize, outputs: usize) -> Vec<f32> {
    let place = |out: usize, input: usize, pixel: usize| (pixel * inputs + input) * outputs + out;
    (0..outputs)
        .flat_map(|o| (0..inputs).flat_map(move |i| (0..pixels).map(move |p| place(o, i, p))))
        .map(|place| values[place])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_transposed_to_channels_first() {
        // Two pixels, two inputs, three outputs: the value says where it was, as pixel, input,
        // output.
        let values: Vec<f32> = [0, 1]
            .iter()
            .flat_map(|p| [0, 1].map(|i| [0, 1, 2].map(|o| (100 * p + 10 * i + o) as f32)))
            .flatten()
            .collect();
        let transposed = channels_first(&values, 2, 2, 3);
        let wanted = [0, 100, 10, 110, 1, 101, 11, 111, 2, 102, 12, 112].map(|v| v as f32);
        assert_eq!(transposed, wanted);
    }
}
