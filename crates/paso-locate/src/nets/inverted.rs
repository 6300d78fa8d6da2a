//! Inverted residual blocks: Sandler et al., *`MobileNetV2`*, arXiv 1801.04381, figure 3 and
//! section 3.3.
//!
//! A block widens by a 1x1 convolution, filters each channel by itself, and narrows again. Its
//! narrow ends carry no activation: `ReLU` would lose what few channels cannot hold twice. The sum
//! goes past the block between the narrow ends, which is what is inverted: residual blocks add
//! between wide ones.

use super::{Recorded, net::normalized};
use paso_tape::{Conv, Params, Tape, Var};

/// Channels and stride of the blocks. The last map keeps an eighth of the image's sides.
const BLOCKS: [(usize, usize); 5] = [(16, 1), (24, 2), (24, 1), (48, 2), (48, 1)];

/// How many times the channels a block is widened between its two 1x1 convolutions.
const EXPANSION: usize = 4;

/// A stem, the blocks, and a 1x1 convolution to 128 channels.
pub(crate) fn record(tape: &mut Tape, params: &mut Params, image: Var) -> Recorded {
    let stem = Conv { stride: 2, ..Conv::new(3, 16, 3) };
    let mut map = normalized(tape, params, ["stem.conv", "stem.norm"], image, stem);
    for (i, (channels, stride)) in BLOCKS.into_iter().enumerate() {
        map = block(tape, params, &format!("inverted{}", i + 1), map, channels, stride);
    }
    let inputs = tape.shape(map)[2];
    let last = Conv::new(inputs, 128, 1);
    (normalized(tape, params, ["last.conv", "last.norm"], map, last), None)
}

/// Wider by a 1x1 convolution, a 3x3 filter for each channel, narrower without an activation; added
/// to the input where the shapes allow it.
fn block(
    tape: &mut Tape,
    params: &mut Params,
    name: &str,
    input: Var,
    channels: usize,
    stride: usize,
) -> Var {
    let part = |part: &str| format!("{name}.{part}");
    let inputs = tape.shape(input)[2];
    let wide = inputs * EXPANSION;
    let x = normalized(
        tape,
        params,
        [&part("conv1"), &part("norm1")],
        input,
        Conv::new(inputs, wide, 1),
    );
    let each = Conv { stride, ..Conv::depthwise(wide, 3) };
    let x = normalized(tape, params, [&part("conv2"), &part("norm2")], x, each);
    let x = tape.conv(params, &part("conv3"), x, Conv::new(wide, channels, 1), false);
    let x = tape.batch_norm(params, &part("norm3"), x);
    if stride == 1 && inputs == channels { tape.add(x, input) } else { x }
}
