//! The nets: a stack of convolutions, and a head that says one box and one class.

pub(crate) mod attend;
pub(crate) mod bodies;
pub(crate) mod squeezenet;

use crate::nets::attend::Attend;
use crate::{Error, TrainConfig};
use paso_tape::{BoxLoss, ClassLoss, Conv, Params, Pool, Tape, Var};
use serde::{Deserialize, Serialize};

/// The nets by name.
///
/// `tiny`, `small` and `medium` are alike but for their widths. Four times [3x3 convolution, batch norm, ReLU], with a 2x2 max pool after the first three, and one more convolution, so
/// that a pixel of the last map, an eighth of the image's sides, sees its surroundings. The head looks at eight places of
/// that map: their coordinates say *where* things are, and the features at the first of them *what* is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NetName {
    /// Depthwise-separable convolutions, 16 to 128 channels; about 56,000 parameters: the fewest, and the least work.
    Mobile,
    /// 8-16-32-64 channels; about 63,000 parameters.
    Tiny,
    /// 16-32-64-128 channels; about 250,000 parameters.
    Small,
    /// Four residual blocks of 48-48-96-96 channels; about 376,000 parameters.
    Residual,
    /// 32-64-128-256 channels; about 980,000 parameters.
    Medium,
    /// The features of `SqueezeNet` 1.1, to be read from a file of weights that were trained on other images, under the
    /// same head; about 790,000 parameters. For images of 160 pixels or so.
    Squeezenet,
}

impl NetName {
    /// Every net, smallest first, and at the end the one that begins with features from a file.
    pub const ALL: [Self; 6] =
        [Self::Mobile, Self::Tiny, Self::Small, Self::Residual, Self::Medium, Self::Squeezenet];

    /// `mobile`, `tiny`, `small`, `residual`, `medium` or `squeezenet`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Mobile => "mobile",
            Self::Tiny => "tiny",
            Self::Small => "small",
            Self::Residual => "residual",
            Self::Medium => "medium",
            Self::Squeezenet => "squeezenet",
        }
    }

    /// Records the part before the head. Where it is one that is trained elsewhere, its end is the second.
    fn body(self, tape: &mut Tape, params: &mut Params, image: Var) -> (Var, Option<Var>) {
        let widths = match self {
            Self::Tiny => [8, 16, 32, 64],
            Self::Small => [16, 32, 64, 128],
            Self::Medium => [32, 64, 128, 256],
            Self::Mobile => return (bodies::mobile(tape, params, image), None),
            Self::Residual => return (bodies::residual(tape, params, image), None),
            Self::Squeezenet => {
                let map = squeezenet::body(tape, params, image);
                // As wide as the last map of `small`: the head needs no more, and all of it has to be learned.
                let narrow = Conv::new(tape.shape(map)[2], 128, 1);
                return (convolution(tape, params, "neck", map, narrow), Some(map));
            }
        };
        (stages(tape, params, image, widths), None)
    }
}

impl std::fmt::Display for NetName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for NetName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let found = Self::ALL.into_iter().find(|net| net.name() == text);
        found.ok_or_else(|| {
            Error::option("net", text, "mobile, tiny, small, residual, medium or squeezenet")
        })
    }
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
    /// The end of a body that is trained elsewhere, and how many of the parameters, the first ones, are its own.
    pub(crate) body: Option<(Var, usize)>,
}

impl Net {
    /// Records the net of these settings, with fresh parameters from their seed.
    pub(crate) fn new(config: &TrainConfig, classes: usize) -> (Self, Params) {
        let (mut tape, mut params) = (Tape::new(), Params::new(config.seed));
        let side = config.size as usize;
        let image = tape.input([side, side, 3]);
        let (target, class) = (tape.input([1, 1, 4]), tape.input([1, 1, 1]));
        let (map, body) = config.net.body(&mut tape, &mut params, image);
        let of_body = |t: &&paso_tape::ParamInfo| !t.name.starts_with("neck.");
        let length = params.tensors().iter().take_while(of_body).map(|t| t.range.len()).sum();
        let body = body.map(|end| (end, length));
        let features = neck(&mut tape, &mut params, map);
        let output = tape.linear(&mut params, "head", features, 4 + classes);

        // Center and size through a sigmoid: a box can be neither inverted nor larger than the image.
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

/// Four stages; all but the last are followed by a pool, so that the last map keeps an eighth of the image's sides.
fn stages(tape: &mut Tape, params: &mut Params, image: Var, widths: [usize; 4]) -> Var {
    let mut map = image;
    for (i, &width) in widths.iter().enumerate() {
        let channels = tape.shape(map)[2];
        map = numbered(tape, params, i + 1, map, Conv::new(channels, width, 3));
        if i < 3 {
            map = tape.max_pool(map, Pool::new(2));
        }
    }
    let channels = tape.shape(map)[2];
    numbered(tape, params, 5, map, Conv::new(channels, channels, 3))
}

/// What the head sees: where the places are that the net looks at, and the features at the first of them.
fn neck(tape: &mut Tape, params: &mut Params, map: Var) -> Var {
    let channels = tape.shape(map)[2];
    // A bias would shift all scores alike, which a softmax does not see.
    let scores = tape.conv(params, "scores", map, Conv::new(channels, PLACES, 1), false);
    tape.custom(Attend, &[scores, map])
}

/// Places that a net looks at.
const PLACES: usize = 8;

fn numbered(tape: &mut Tape, params: &mut Params, number: usize, x: Var, conv: Conv) -> Var {
    let names = [format!("conv{number}"), format!("norm{number}")];
    normalized(tape, params, [&names[0], &names[1]], x, conv)
}

fn convolution(tape: &mut Tape, params: &mut Params, name: &str, x: Var, conv: Conv) -> Var {
    normalized(tape, params, [&format!("{name}.conv"), &format!("{name}.norm")], x, conv)
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
