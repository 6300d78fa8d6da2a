//! A stack of 3x3 convolutions in three widths.
//!
//! The obvious net, and the one to compare others with: convolution, batch norm, `ReLU`, pool.

use super::{Recorded, net::normalized};
use paso_tape::{Conv, Params, Pool, Tape, Var};

pub(crate) fn tiny(tape: &mut Tape, params: &mut Params, image: Var) -> Recorded {
    (stages(tape, params, image, [8, 16, 32, 64]), None)
}

pub(crate) fn small(tape: &mut Tape, params: &mut Params, image: Var) -> Recorded {
    (stages(tape, params, image, [16, 32, 64, 128]), None)
}

pub(crate) fn medium(tape: &mut Tape, params: &mut Params, image: Var) -> Recorded {
    (stages(tape, params, image, [32, 64, 128, 256]), None)
}

/// Four stages; all but the last are followed by a pool, so that the last map keeps an eighth of
/// the image's sides.
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

fn numbered(tape: &mut Tape, params: &mut Params, number: usize, x: Var, conv: Conv) -> Var {
    let names = [format!("conv{number}"), format!("norm{number}")];
    normalized(tape, params, [&names[0], &names[1]], x, conv)
}
