//! Mean and variance of each channel, image by image.

use pulp::{Simd, WithSimd};

use super::{for_each_lane, load2, to_f64};
use crate::{Image, Isa};

/// Number of values, mean and sum of squared distances from the mean, for each channel.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Moments {
    count: f64,
    mean: Vec<f64>,
    m2: Vec<f64>,
}

impl Moments {
    /// No values of `channels` channels.
    #[must_use]
    pub fn new(channels: usize) -> Self {
        Self { count: 0.0, mean: vec![0.0; channels], m2: vec![0.0; channels] }
    }

    /// Forgets all values; allocates nothing.
    pub fn reset(&mut self) {
        self.count = 0.0;
        self.mean.fill(0.0);
        self.m2.fill(0.0);
    }

    /// Values a channel.
    #[must_use]
    pub fn count(&self) -> f64 {
        self.count
    }

    /// Mean of each channel.
    #[must_use]
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// Variance of channel `c`: divided by `count`, as normalization uses it.
    #[must_use]
    pub fn variance(&self, c: usize) -> f64 {
        self.m2[c] / self.count
    }

    /// Variance of channel `c` divided by `count - 1`: what running statistics keep.
    #[must_use]
    pub fn unbiased_variance(&self, c: usize) -> f64 {
        self.m2[c] / (self.count - 1.0)
    }

    /// Adds the pixels of one image.
    ///
    /// The sums are taken around the image's first pixel, so that a mean far from zero does not cancel the
    /// variance.
    ///
    /// # Panics
    /// When the channels differ.
    #[track_caller]
    pub fn add_image(&mut self, isa: Isa, x: Image<'_>) {
        assert_eq!(x.plane.channels, self.mean.len(), "moments of another number of channels");
        isa.run(ImageMoments { x, moments: self });
        self.count += to_f64(x.plane.pixels());
    }

    /// Adds the values of another part of the batch.
    ///
    /// # Panics
    /// When the channels differ.
    #[track_caller]
    pub fn merge(&mut self, other: &Self) {
        assert_eq!(other.mean.len(), self.mean.len(), "moments of another number of channels");
        if other.count == 0.0 {
            return;
        }
        for c in 0..self.mean.len() {
            self.merge_channel(c, other.count, other.mean[c], other.m2[c]);
        }
        self.count += other.count;
    }

    /// Chan, Golub and `LeVeque` 1979: the moments of a union. `self.count` is raised by the caller.
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

impl WithSimd for ImageMoments<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Image { plane, data } = self.x;
        let count = to_f64(plane.pixels());
        let first = &data[plane.origin()..][..plane.channels];
        let mut start = 0;
        while start < plane.channels {
            let end = plane.channels.min(start + 2 * S::F32_LANES);
            let shift = load2(simd, &first[start..end]);
            let mut sum = [simd.splat_f32s(0.0); 2];
            let mut square = sum;
            for run in plane.runs() {
                for pixel in data[run].chunks_exact(plane.channels) {
                    let x = load2(simd, &pixel[start..end]);
                    for v in 0..2 {
                        let x = simd.sub_f32s(x[v], shift[v]);
                        sum[v] = simd.add_f32s(sum[v], x);
                        square[v] = simd.mul_add_f32s(x, x, square[v]);
                    }
                }
            }
            for_each_lane::<S>(start, end, [sum, square], |c, [sum, square]| {
                let mean = sum / count;
                self.moments.merge_channel(
                    c,
                    count,
                    f64::from(first[c]) + mean,
                    square - sum * mean,
                );
            });
            start = end;
        }
    }
}
