//! `EfficientNet-Lite0` as a body: features that were learned on other images, to be read from a
//! file.
//!
//! Tan & Le, *`EfficientNet`*, arXiv 1905.11946, in the form that its authors made for processors
//! without much arithmetic (`efficientnet/lite` of `tensorflow/tpu`): inverted residual blocks with
//! 3x3 and 5x5 depthwise convolutions and `ReLU6`, and no squeeze-and-excitation. Batch
//! normalization is folded into the convolutions: what was learned elsewhere keeps its statistics.
//!
//! The first operation turns a pixel from the nets' units into those of the published weights, so
//! that the zeros around the image are theirs, too: the padding is TensorFlow's, which at stride 2
//! puts one row and column more after an image of even sides than before it.

use super::Recorded;
use super::net::{Body, narrowed};
use paso_tape::{Activation, Conv, Params, Tape, Var};

/// Channels of the stem.
const STEM: usize = 32;

/// A stage: expansion, kernel, stride of its first block, channels, blocks.
type Stage = (usize, usize, usize, usize, usize);

/// The stages up to a sixteenth of the image's sides. Those behind, of half the sides, lose the
/// place and hold three quarters of the parameters.
pub(crate) const STAGES: [Stage; 5] =
    [(1, 3, 1, 16, 1), (6, 3, 2, 24, 2), (6, 5, 2, 40, 2), (6, 3, 2, 80, 3), (6, 5, 1, 112, 3)];

/// Records the features, and a convolution that narrows their last map.
pub(super) fn record(tape: &mut Tape, params: &mut Params, image: Var) -> Recorded {
    let body = body(tape, params, image);
    narrowed(tape, params, body)
}

/// Records the body as the first part of a net; its parameters have the names of the file.
pub(crate) fn body(tape: &mut Tape, params: &mut Params, image: Var) -> Body {
    let units = tape.conv(params, "units", image, Conv::depthwise(3, 1), true);
    let stem = same(Conv { stride: 2, ..Conv::new(3, STEM, 3) }, tape.shape(units)[0]);
    let mut map = convolution(tape, params, "stem", units, stem);
    let mut number = 0;
    for (expansion, kernel, stride, channels, blocks) in STAGES {
        for block in 0..blocks {
            number += 1;
            let stride = if block == 0 { stride } else { 1 };
            map = self::block(tape, params, number, map, (expansion, kernel, stride, channels));
        }
    }
    Body { output: map, params: params.values().len() }
}

/// One inverted residual block.
fn block(
    tape: &mut Tape,
    params: &mut Params,
    number: usize,
    input: Var,
    (expansion, kernel, stride, channels): (usize, usize, usize, usize),
) -> Var {
    let [side, _, inputs] = tape.shape(input);
    let name = |part: &str| format!("block{number}.{part}");
    let (mut map, wide) = (input, expansion * inputs);
    if expansion > 1 {
        map = convolution(tape, params, &name("expand"), map, Conv::new(inputs, wide, 1));
    }
    let each = same(Conv { stride, ..Conv::depthwise(wide, kernel) }, side);
    map = convolution(tape, params, &name("depthwise"), map, each);
    map = tape.conv(params, &name("project"), map, Conv::new(wide, channels, 1), true);
    if stride == 1 && inputs == channels { tape.add(map, input) } else { map }
}

/// With TensorFlow's "same" padding for an image of this side.
fn same(conv: Conv, side: usize) -> Conv {
    let outputs = side.div_ceil(conv.stride);
    let padding = ((outputs - 1) * conv.stride + conv.kernel).saturating_sub(side);
    Conv { padding: padding / 2, extra_padding: padding % 2, ..conv }
}

fn convolution(tape: &mut Tape, params: &mut Params, name: &str, x: Var, conv: Conv) -> Var {
    let x = tape.conv(params, name, x, conv, true);
    tape.activation(x, Activation::Relu6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_map_is_a_sixteenth_of_the_sides_for_every_size() {
        for side in [32, 80, 96, 160, 224] {
            let (mut tape, mut params) = (Tape::new(), Params::new(0));
            let image = tape.input([side, side, 3]);
            let body = body(&mut tape, &mut params, image);
            assert_eq!(tape.shape(body.output), [side / 16, side / 16, 112]);
            assert_eq!(params.values().len(), body.params);
        }
    }

    #[test]
    fn padding_is_that_of_tensorflow() {
        let of = |kernel, stride, side| {
            let conv = same(Conv { stride, ..Conv::depthwise(8, kernel) }, side);
            (conv.padding, conv.end_padding())
        };
        assert_eq!((of(3, 2, 224), of(5, 2, 56)), ((0, 1), (1, 2)), "even sides");
        assert_eq!((of(3, 2, 15), of(5, 2, 15)), ((1, 1), (2, 2)), "odd sides");
        assert_eq!((of(3, 1, 14), of(5, 1, 14)), ((1, 1), (2, 2)), "stride 1");
    }
}
