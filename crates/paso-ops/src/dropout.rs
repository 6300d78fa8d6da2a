//! Dropout: elements become zero at random, and the others are scaled so that the mean stays.

use crate::layout::same_shape;
use crate::{Image, ImageMut, Isa};

/// `y = x / (1 - share)` with probability `1 - share`, else 0 (Srivastava et al. 2014, in the
/// "inverted" form that every library ships). `share` is in `0..1`.
///
/// `x` and `y` are `[height, width, channels]`, with any halo.
///
/// Which elements are kept depends on `key` and on their index in the image only, the halo not
/// counted. So the gradient of the input is this same function of the gradient of the output, and
/// no mask is stored.
///
/// ```
/// use paso_ops::{Image, ImageMut, Isa, Plane, dropout};
///
/// let plane = Plane::vector(1000);
/// let (x, mut y) = (vec![1.0; 1000], vec![0.0; 1000]);
/// dropout(Isa::best(), 0.25, 7, Image::new(plane, &x), ImageMut::new(plane, &mut y));
/// let kept = y.iter().filter(|y| **y > 0.0).count();
/// assert!((700..800).contains(&kept));
/// assert!(y.iter().all(|y| *y == 0.0 || *y == 1.0 / 0.75));
/// ```
///
/// `PyTorch`'s `nn.Dropout` draws a mask from a generator with a state and stores it for the
/// backward pass. Here the random number of an element is a hash of a key and of its index, so that
/// any thread can make the mask of any image at any time, and training does not depend on their
/// order.
///
/// The caller chooses keys: one for each layer, image and step. Keys of a regular pattern are fine,
/// except that a key plus `0x9E37_79B9_7F4A_7C15` is the same stream, one element further on.
///
/// # Panics
/// When the shapes differ, or `share` is not in `0..1`.
#[track_caller]
pub fn dropout(isa: Isa, share: f32, key: u64, x: Image<'_>, y: ImageMut<'_>) {
    same_shape("dropout", x.plane, y.plane);
    assert!((0.0..1.0).contains(&share), "dropout of {share}: it must be at least 0 and below 1");
    let scale = 1.0 / (1.0 - share);
    isa.run(|| {
        let mut place = 0_u64;
        // Row by row: `Plane::runs` of planes with different halos are of different lengths.
        for row in 0..x.plane.height {
            let (x, y) = (&x.data[x.plane.row(row)], &mut y.data[y.plane.row(row)]);
            for (y, x) in y.iter_mut().zip(x) {
                *y = if uniform(key, place) < share { 0.0 } else { scale * x };
                place += 1;
            }
        }
    });
}

/// A value in `0..1`: 24 bits of the generator `SplitMix64` (Steele, Lea & Flood 2014) at this
/// position of its stream.
#[inline(always)]
fn uniform(key: u64, place: u64) -> f32 {
    let mut z = key.wrapping_add(place.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    #[expect(clippy::cast_precision_loss, reason = "24 bits fit into an f32")]
    let bits = ((z ^ (z >> 31)) >> 40) as f32;
    bits / 16_777_216.0
}

#[cfg(test)]
mod tests;
