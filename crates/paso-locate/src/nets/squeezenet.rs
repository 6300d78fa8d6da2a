//! `SqueezeNet` 1.1 as a body: features that were learned on other images, to be read from a file.
//!
//! Iandola et al., *`SqueezeNet`*, arXiv 1602.07360, in the authors' version 1.1: a 3x3 convolution
//! of stride 2, then eight fire modules (a 1x1 convolution that squeezes, and two that expand side
//! by side), with 3x3 max pools of stride 2 between them. 722,496 parameters, 512 channels at a
//! sixteenth of the image's sides.
//!
//! Why this net: it is small enough for a CPU, its weights are freely available, and its layers are
//! plain. Where their file comes from is in [`crate::features`].

use super::Recorded;
use super::net::{Body, narrowed};
use paso_tape::{Conv, Params, Pool, Tape, Var};

/// Squeezed and expanded channels of the fire modules; the expanded ones come twice, from 1x1 and
/// from 3x3 kernels.
pub(crate) const FIRES: [(usize, usize); 8] =
    [(16, 64), (16, 64), (32, 128), (32, 128), (48, 192), (48, 192), (64, 256), (64, 256)];

/// Records the features, and a convolution that narrows their last map.
pub(super) fn record(tape: &mut Tape, params: &mut Params, image: Var) -> Recorded {
    let body = body(tape, params, image);
    narrowed(tape, params, body)
}

/// Records the body as the first part of a net; its parameters have the names of the file.
pub(crate) fn body(tape: &mut Tape, params: &mut Params, image: Var) -> Body {
    let first = Conv { stride: 2, padding: 0, ..Conv::new(3, 64, 3) };
    let mut map = convolution(tape, params, "conv1", image, first);
    for (i, (squeezed, expanded)) in FIRES.into_iter().enumerate() {
        if [0, 2, 4].contains(&i) {
            // Sides are odd here for every image of a multiple of 16, so that no window is cut.
            map = tape.max_pool(map, Pool { kernel: 3, stride: 2, padding: 0 });
        }
        let name = |part: &str| format!("fire{}/{part}", i + 2);
        let channels = tape.shape(map)[2];
        let squeeze = Conv::new(channels, squeezed, 1);
        map = convolution(tape, params, &name("squeeze1x1"), map, squeeze);
        let one = Conv::new(squeezed, expanded, 1);
        let one = convolution(tape, params, &name("expand1x1"), map, one);
        let three = Conv::new(squeezed, expanded, 3);
        let three = convolution(tape, params, &name("expand3x3"), map, three);
        map = tape.concat(&[one, three]);
    }
    Body { output: map, params: params.values().len() }
}

fn convolution(tape: &mut Tape, params: &mut Params, name: &str, x: Var, conv: Conv) -> Var {
    let x = tape.conv(params, name, x, conv, true);
    tape.relu(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_the_published_size_and_no_window_is_cut() {
        for side in [96, 160, 224] {
            let (mut tape, mut params) = (Tape::new(), Params::new(0));
            let image = tape.input([side, side, 3]);
            let body = body(&mut tape, &mut params, image);
            assert_eq!((params.values().len(), body.params), (722_496, 722_496));
            assert_eq!(tape.shape(body.output), [side / 16 - 1, side / 16 - 1, 512]);
        }
    }
}
