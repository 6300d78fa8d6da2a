//! Bodies of other forms than a stack of convolutions: residual blocks, and depthwise-separable
//! convolutions.
//!
//! Both begin with a 3x3 convolution of stride 2 and end, as the stack does, with a map of an
//! eighth of the image's sides. They halve it by strides and not by pools.
//!
//! A 3x3 filter per channel and a 1x1 convolution need `9 c + c^2` weights in place of `9 c^2`: for
//! 64 channels an eighth. They also read memory for little arithmetic, so that they are less than
//! eight times as fast on a CPU.

use super::{Recorded, net::normalized};
use paso_tape::{Conv, Params, Tape, Var};

/// Channels and stride of the residual blocks.
const BLOCKS: [(usize, usize); 4] = [(48, 2), (48, 1), (96, 2), (96, 1)];

/// Channels and stride of the depthwise-separable convolutions.
const SEPARABLE: [(usize, usize); 6] = [(32, 1), (64, 2), (64, 1), (128, 2), (128, 1), (128, 1)];

/// A small residual net: He et al., *Deep Residual Learning for Image Recognition*, arXiv
/// 1512.03385, with its basic block and its projections (option B).
pub(crate) fn residual(tape: &mut Tape, params: &mut Params, image: Var) -> Recorded {
    let mut map = stem(tape, params, image, 32);
    for (i, (channels, stride)) in BLOCKS.into_iter().enumerate() {
        let inputs = tape.shape(map)[2];
        let name = |part: &str| format!("block{}.{part}", i + 1);
        let first = Conv { stride, ..Conv::new(inputs, channels, 3) };
        let x = normalized(tape, params, [&name("conv1"), &name("norm1")], map, first);
        let x = tape.conv(params, &name("conv2"), x, Conv::new(channels, channels, 3), false);
        let x = tape.batch_norm(params, &name("norm2"), x);
        let shortcut = if stride == 1 && inputs == channels {
            map
        } else {
            let project = Conv { stride, ..Conv::new(inputs, channels, 1) };
            let y = tape.conv(params, &name("conv3"), map, project, false);
            tape.batch_norm(params, &name("norm3"), y)
        };
        let sum = tape.add(x, shortcut);
        map = tape.relu(sum);
    }
    (map, None)
}

/// A 3x3 filter for each channel, then a 1x1 convolution across them: Howard et al.,
/// *`MobileNets`*, arXiv 1704.04861.
pub(crate) fn mobile(tape: &mut Tape, params: &mut Params, image: Var) -> Recorded {
    let mut map = stem(tape, params, image, 16);
    for (i, (channels, stride)) in SEPARABLE.into_iter().enumerate() {
        let inputs = tape.shape(map)[2];
        let name = |part: &str| format!("separable{}.{part}", i + 1);
        let each = Conv { stride, ..Conv::depthwise(inputs, 3) };
        let x = normalized(tape, params, [&name("conv1"), &name("norm1")], map, each);
        let across = Conv::new(inputs, channels, 1);
        map = normalized(tape, params, [&name("conv2"), &name("norm2")], x, across);
    }
    (map, None)
}

fn stem(tape: &mut Tape, params: &mut Params, image: Var, channels: usize) -> Var {
    let conv = Conv { stride: 2, ..Conv::new(3, channels, 3) };
    normalized(tape, params, ["stem.conv", "stem.norm"], image, conv)
}

#[cfg(test)]
mod tests {
    use crate::augment::Augment;
    use crate::data::{PrepareOptions, Prepared, Split};
    use crate::demo::{self, DemoOptions};
    use crate::{Model, NetName, TrainConfig, Trainer};
    use std::ops::Range;
    use std::sync::Arc;

    /// Steps on a few images that are always the same.
    const STEPS: usize = 150;

    const FORMS: [(NetName, Range<usize>); 2] =
        [(NetName::Mobile, 40_000..70_000), (NetName::Residual, 300_000..700_000)];

    #[test]
    fn their_sizes_are_as_documented_and_their_maps_an_eighth() {
        for (net, wanted) in FORMS {
            let config = TrainConfig { net, size: 96, ..TrainConfig::default() };
            let model = Model::new(&config, vec!["a".into(); 4]).expect("settings");
            let count = model.parameters();
            eprintln!("{net}: {count} parameters");
            assert!(wanted.contains(&count), "{net}: {count}");
            let (tape, mut params) = (&mut paso_tape::Tape::new(), paso_tape::Params::new(0));
            let image = tape.input([96, 96, 3]);
            let (map, _) = match net {
                NetName::Mobile => super::mobile(tape, &mut params, image),
                _ => super::residual(tape, &mut params, image),
            };
            assert_eq!(tape.shape(map)[..2], [12, 12], "{net}");
        }
    }

    #[test]
    fn they_learn_a_few_images_by_heart() {
        let dataset = demo::dataset(&DemoOptions { train: 32, val: 1, seed: 1 }).expect("scenes");
        let options = PrepareOptions { size: 32, ..PrepareOptions::default() };
        let images = Prepared::new(&dataset, &dataset.indices(Split::Train), &options);
        let images = Arc::new(images.expect("images").0);
        for (net, _) in FORMS {
            let (size, batch, steps) = (32, 16, Some(STEPS as u64));
            let augment = Augment::none();
            let config = TrainConfig { net, size, batch, steps, augment, ..TrainConfig::default() };
            let classes = dataset.classes.clone();
            let mut run = Trainer::new(&config, classes, Arc::clone(&images)).expect("a run");
            let losses: Vec<f64> = (0..STEPS).map(|_| run.step().expect("a step").loss).collect();
            let mean = |losses: &[f64]| losses.iter().sum::<f64>() / losses.len() as f64;
            let (start, end) = (mean(&losses[..5]), mean(&losses[STEPS - 5..]));
            eprintln!("{net}: {start:.3} to {end:.3}");
            assert!(end < 0.6 * start, "{net}: {start} to {end}");
        }
    }
}
