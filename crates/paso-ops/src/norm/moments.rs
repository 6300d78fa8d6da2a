//! Mean and variance of each channel of a batch, image by image.
//!
//! `E[x^2] - E[x]^2` cancels where the mean is large compared with the deviation: in `f32`, a mean
//! of 4096 leaves nothing of a deviation of 1/8. So each image is summed around one of its values,
//! and images are merged in `f64` by the formula of Chan, Golub & `LeVeque`, *Updating Formulae and
//! a Pairwise Algorithm for Computing Sample Variances*, 1979: with `delta = mean_b - mean_a`,
//!
//! ```text
//! mean = mean_a + delta * n_b / (n_a + n_b)
//! M2   = M2_a + M2_b + delta^2 * n_a * n_b / (n_a + n_b)
//! ```

use pulp::Simd;

use crate::vector::{BlockKernel, for_each_lane, load, run_blocks, vector_of};
use crate::{Image, Isa};

/// Vectors of channels at a time. More accumulators than these would not stay in 16 registers.
const VECTORS: usize = 2;

/// Count, mean and sum of squared deviations from the mean, for each channel: the statistics of a
/// batch.
///
/// ```
/// use paso_ops::{Image, Isa, Moments, Plane};
///
/// let plane = Plane::new(1, 2, 2); // two pixels of two channels
/// let mut moments = Moments::new(2);
/// moments.add_image(Isa::best(), Image::new(plane, &[1.0, 5.0, 3.0, 5.0]));
/// assert_eq!(moments.mean(), [2.0, 5.0]);
/// assert_eq!((moments.variance(0), moments.unbiased_variance(0)), (1.0, 2.0));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Moments {
    count: f64,
    mean: Vec<f64>,
    m2: Vec<f64>,
}

impl Moments {
    /// Moments of no values, of `channels` channels.
    #[must_use]
    pub fn new(channels: usize) -> Self {
        Self { count: 0.0, mean: vec![0.0; channels], m2: vec![0.0; channels] }
    }

    /// Removes all values; allocates nothing.
    pub fn reset(&mut self) {
        self.count = 0.0;
        self.mean.fill(0.0);
        self.m2.fill(0.0);
    }

    /// Values per channel: the pixels of all images.
    #[must_use]
    pub fn count(&self) -> f64 {
        self.count
    }

    /// Mean of each channel.
    #[must_use]
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// Biased variance of channel `c`, divided by the count: the one that normalizes. NaN where
    /// nothing was added.
    #[must_use]
    pub fn variance(&self, c: usize) -> f64 {
        self.m2[c] / self.count
    }

    /// Unbiased variance of channel `c`, divided by the count minus one: the one that running
    /// statistics average, as in `PyTorch`. NaN or infinite for fewer than two values.
    #[must_use]
    pub fn unbiased_variance(&self, c: usize) -> f64 {
        self.m2[c] / (self.count - 1.0)
    }

    /// Adds the pixels of one image.
    ///
    /// Sums are taken around the first pixel of the image, so that a mean far from zero does not
    /// cancel the variance.
    ///
    /// # Panics
    /// When the numbers of channels differ.
    #[track_caller]
    pub fn add_image(&mut self, isa: Isa, x: Image<'_>) {
        self.check(x.plane.channels);
        let channels = x.plane.channels;
        run_blocks::<VECTORS>(isa, channels, ImageMoments { x, moments: self });
        self.count += to_f64(x.plane.pixels());
    }

    /// Adds the values of another part of the batch.
    ///
    /// # Panics
    /// When the numbers of channels differ.
    #[track_caller]
    pub fn merge(&mut self, other: &Self) {
        self.check(other.mean.len());
        if other.count == 0.0 {
            return;
        }
        for c in 0..self.mean.len() {
            self.merge_channel(c, other.count, other.mean[c], other.m2[c]);
        }
        self.count += other.count;
    }

    #[track_caller]
    fn check(&self, channels: usize) {
        let own = self.mean.len();
        assert_eq!(own, channels, "moments of {own} channels, values of {channels}");
    }

    /// The moments of a union (Chan, Golub and `LeVeque` 1979). The caller then adds to
    /// `self.count`.
    #[inline(always)]
    fn merge_channel(&mut self, c: usize, count: f64, mean: f64, m2: f64) {
        let total = self.count + count;
        let delta = mean - self.mean[c];
        self.mean[c] += delta * (count / total);
        self.m2[c] += m2 + delta * delta * (self.count * count / total);
    }
}

struct ImageMoments<'a> {
    x: Image<'a>,
    moments: &'a mut Moments,
}

impl BlockKernel for ImageMoments<'_> {
    #[inline(always)]
    fn block<S: Simd, const FULL: bool, const N: usize>(&mut self, simd: S, c: usize, end: usize) {
        let Image { plane, data } = self.x;
        let count = to_f64(plane.pixels());
        let first = &data[plane.origin()..][..plane.channels];
        let mut shift = [simd.splat_f32s(0.0); N];
        let (mut sum, mut square) = (shift, shift);
        for (v, shift) in shift.iter_mut().enumerate() {
            let (c, lanes) = vector_of::<S>(c, end, v);
            *shift = load::<S, FULL>(simd, &first[c..], lanes);
        }
        for run in plane.runs() {
            for pixel in data[run].chunks_exact(plane.channels) {
                for v in 0..N {
                    let (c, lanes) = vector_of::<S>(c, end, v);
                    let x = simd.sub_f32s(load::<S, FULL>(simd, &pixel[c..], lanes), shift[v]);
                    sum[v] = simd.add_f32s(sum[v], x);
                    square[v] = simd.mul_add_f32s(x, x, square[v]);
                }
            }
        }
        for v in 0..N {
            let (c, lanes) = vector_of::<S>(c, end, v);
            for_each_lane::<S>(c..c + lanes, sum[v], square[v], |c, sum, square| {
                let mean = sum / count;
                let (mean, m2) = (f64::from(first[c]) + mean, square - sum * mean);
                self.moments.merge_channel(c, count, mean, m2);
            });
        }
    }
}

/// A count of values as `f64`: exact below 2^53.
#[expect(clippy::cast_precision_loss, reason = "no image has 2^53 pixels")]
fn to_f64(n: usize) -> f64 {
    n as f64
}
