//! The two sums over a batch that the gradient of a batch normalization needs.

use std::ops::Range;

use pulp::Simd;

use crate::vector::for_each_lane;

/// Sums over a batch for each channel: of `dy`, and of `dy * (x - mean)`.
///
/// [`batch_norm_grad_sums`](crate::batch_norm_grad_sums) adds images, [`GradSums::merge`] adds
/// batch chunks. The second sum is centered before it is taken, in `f32`, so that a mean far from
/// zero does not cancel it; divided by the standard deviation it is the gradient of gamma, and the
/// first one is that of beta ([`Norm::set_backward`](crate::Norm::set_backward)).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GradSums {
    d_output: Vec<f64>,
    d_output_x: Vec<f64>,
}

impl GradSums {
    /// Zero sums of `channels` channels.
    #[must_use]
    pub fn new(channels: usize) -> Self {
        Self { d_output: vec![0.0; channels], d_output_x: vec![0.0; channels] }
    }

    /// Sets the sums to zero; allocates nothing.
    pub fn reset(&mut self) {
        self.d_output.fill(0.0);
        self.d_output_x.fill(0.0);
    }

    /// The sums of `dy`, one per channel.
    pub(crate) fn d_output(&self) -> &[f64] {
        &self.d_output
    }

    /// The sums of `dy * (x - mean)`, one per channel.
    pub(crate) fn d_output_x(&self) -> &[f64] {
        &self.d_output_x
    }

    /// Adds to the sums of one channel.
    pub(crate) fn add(&mut self, channel: usize, d_output: f64, d_output_x: f64) {
        self.d_output[channel] += d_output;
        self.d_output_x[channel] += d_output_x;
    }

    /// Adds a vector of sums over one image.
    #[inline(always)]
    pub(crate) fn add_vectors<S: Simd>(
        &mut self,
        channels: Range<usize>,
        d_output: S::f32s,
        d_output_x: S::f32s,
    ) {
        for_each_lane::<S>(channels, d_output, d_output_x, |c, d, dx| self.add(c, d, dx));
    }

    /// Adds the sums of another part of the batch. The order of such additions decides the last
    /// bits.
    ///
    /// # Panics
    /// When the numbers of channels differ.
    #[track_caller]
    pub fn merge(&mut self, other: &Self) {
        let channels = (self.d_output.len(), other.d_output.len());
        assert!(channels.0 == channels.1, "sums of {} and of {} channels", channels.0, channels.1);
        for (c, (d, dx)) in other.d_output.iter().zip(&other.d_output_x).enumerate() {
            self.add(c, *d, *dx);
        }
    }
}
