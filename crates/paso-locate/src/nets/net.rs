//! A net on its tape: inputs, the part before the head, the head and its losses.
//!
//! The head's box is a center and a size, each through a sigmoid, turned into corners: whatever the
//! weights are, it is neither inverted nor larger than the image. The loss is `1 - GIoU`
//! (Rezatofighi et al., arXiv 1902.09630), which has a slope also where the boxes do not overlap.

use super::Recorded;
use super::attend::Attend;
use crate::TrainConfig;
use paso_tape::{BoxLoss, ClassLoss, Conv, Params, Tape, Var};

/// The first layers of a net whose parameters can be read from a file because they were trained on
/// other images.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Body {
    /// Their last map.
    pub(crate) output: Var,
    /// How many of the net's parameters, the first ones, are theirs.
    pub(crate) params: usize,
}

/// A net as recorded on its tape, with the places of its inputs and outputs.
#[derive(Debug)]
pub(crate) struct Net {
    pub(crate) tape: Tape,
    /// Input: images, NHWC.
    pub(crate) image: Var,
    /// Input: true boxes, xyxy as fractions.
    pub(crate) target: Var,
    /// Input: true classes, as whole numbers in f32.
    pub(crate) class: Var,
    /// Output: xyxy as fractions.
    pub(crate) xyxy: Var,
    /// Output: one number a class.
    pub(crate) logits: Var,
    /// Output: one minus the generalized `IoU` of each image.
    pub(crate) box_loss: Var,
    /// Output: cross-entropy of each image.
    pub(crate) class_loss: Var,
    /// What is trained elsewhere.
    pub(crate) body: Option<Body>,
}

impl Net {
    /// Records the net of these settings, with fresh parameters from their seed.
    pub(crate) fn new(config: &TrainConfig, classes: usize) -> (Self, Params) {
        let (mut tape, mut params) = (Tape::new(), Params::new(config.seed));
        let side = config.size as usize;
        let image = tape.input([side, side, 3]);
        let (target, class) = (tape.input([1, 1, 4]), tape.input([1, 1, 1]));
        let (map, body) = config.net.record(&mut tape, &mut params, image);
        let features = neck(&mut tape, &mut params, map);
        let output = tape.linear(&mut params, "head", features, 4 + classes);

        // Center and size through a sigmoid: a box can be neither inverted nor larger than the
        // image.
        let raw = tape.slice_channels(output, 0..4);
        let center_and_size = tape.sigmoid(raw);
        let xyxy = tape.cxcywh_to_xyxy(center_and_size);
        let logits = tape.slice_channels(output, 4..4 + classes);
        let box_loss = tape.box_loss(BoxLoss::Giou, xyxy, target);
        #[expect(clippy::cast_possible_truncation, reason = "f32 is the tape's precision")]
        let (smoothing, weight) = (config.label_smoothing as f32, config.class_weight as f32);
        let class_loss = tape.cross_entropy(logits, class, ClassLoss { smoothing, weights: None });
        let loss = tape.weighted_sum(&[(1.0, box_loss), (weight, class_loss)]);
        tape.set_loss(loss);
        (Self { tape, image, target, class, xyxy, logits, box_loss, class_loss, body }, params)
    }
}

/// What the head sees: where the places are that the net looks at, and the features at the first of
/// them.
fn neck(tape: &mut Tape, params: &mut Params, map: Var) -> Var {
    let channels = tape.shape(map)[2];
    // A bias would shift all scores alike, which a softmax does not see.
    let scores = tape.conv(params, "scores", map, Conv::new(channels, PLACES, 1), false);
    tape.custom(Attend, &[scores, map])
}

/// Places that a net looks at.
const PLACES: usize = 8;

/// Narrows the last map of a body to what the head looks at.
pub(crate) fn narrowed(tape: &mut Tape, params: &mut Params, body: Body) -> Recorded {
    // As wide as the last map of `small`: the head needs no more, and all of it has to be learned.
    let narrow = Conv::new(tape.shape(body.output)[2], 128, 1);
    let map = normalized(tape, params, ["neck.conv", "neck.norm"], body.output, narrow);
    (map, Some(body))
}

/// Convolution, batch norm, `ReLU`. The norm's shift makes a bias superfluous.
pub(crate) fn normalized(
    tape: &mut Tape,
    params: &mut Params,
    names: [&str; 2],
    x: Var,
    conv: Conv,
) -> Var {
    let x = tape.conv(params, names[0], x, conv, false);
    let x = tape.batch_norm(params, names[1], x);
    tape.relu(x)
}
