//! Sums over a tensor that a step needs before it is taken: norms of the gradient, the weights and
//! the update.
//!
//! They are added in f64, in an order that depends on the lengths alone: sixteen running sums over
//! a chunk (element i in sum i mod 16), chunks in a fixed tree. So they have the same bits on every
//! instruction set and for any number of threads.

use pulp::Simd;

use crate::pass::{Observer, Pass, PassParams, VectorValues};
use crate::rules::{Job, Kernel};

/// Running sums; sixteen fill a vector of any instruction set.
pub(crate) const SUMS: usize = 16;

/// The sum of `(x + decay * w)^2`, in the fixed order. `w` has the length of `x`.
///
/// Plain loops over arrays: a closure would be compiled without the instruction set, and called.
#[inline(always)]
fn squares(x: &[f32], w: &[f32], decay: f64) -> f64 {
    let mut sums = [0.0_f64; SUMS];
    let (x, x_rest) = x.as_chunks::<SUMS>();
    let (w, w_rest) = w.as_chunks::<SUMS>();
    for (x, w) in x.iter().zip(w) {
        for k in 0..SUMS {
            let value = f64::from(x[k]) + decay * f64::from(w[k]);
            sums[k] += value * value;
        }
    }
    for k in 0..x_rest.len() {
        let value = f64::from(x_rest[k]) + decay * f64::from(w_rest[k]);
        sums[k] += value * value;
    }
    let mut all = 0.0;
    for sum in sums {
        all += sum;
    }
    all
}

/// What LAMB and the cautious mask need to know of a tensor's update before it is taken.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct UpdateSummary {
    /// Sum of squares of the weights.
    pub(crate) weights: f64,
    /// Sum of squares of the update, the decay included.
    pub(crate) updates: f64,
    /// How many steps agree in sign with their gradient.
    pub(crate) agreeing: u64,
}

impl UpdateSummary {
    pub(crate) fn merge(self, other: Self) -> Self {
        Self {
            weights: self.weights + other.weights,
            updates: self.updates + other.updates,
            agreeing: self.agreeing + other.agreeing,
        }
    }
}

/// Computes an update without taking it: the same pass, over copies of a block at a time.
pub(crate) struct UpdateSums<'a> {
    pub(crate) params: PassParams,
    /// Adds so much of the weight to the update, and takes the norms; `None` to count what agrees
    /// instead.
    pub(crate) decay: Option<f64>,
    pub(crate) weights: &'a [f32],
    pub(crate) gradient: &'a [f32],
    pub(crate) moments: [&'a [f32]; 3],
}

/// Weights in a block: their copies stay in the L1 cache.
const BLOCK: usize = 256;

impl Job for UpdateSums<'_> {
    type Output = UpdateSummary;

    #[inline(always)]
    fn run<S: Simd, K: Kernel>(self, simd: S, kernel: K) -> UpdateSummary {
        let UpdateSums { params, decay, weights, gradient, moments } = self;
        let mut summary = UpdateSummary::default();
        let (mut steps, mut gradients) = ([0.0_f32; BLOCK], [0.0_f32; BLOCK]);
        let mut copies = [[0.0_f32; BLOCK]; 4];
        let mut start = 0;
        while start < weights.len() {
            let end = (start + BLOCK).min(weights.len());
            let n = end - start;
            let [w, copies @ ..] = &mut copies;
            w[..n].copy_from_slice(&weights[start..end]);
            for (copy, moment) in copies.iter_mut().zip(moments).take(K::MOMENTS) {
                copy[..n].copy_from_slice(&moment[start..end]);
            }
            let [m0, m1, m2] = copies;
            let used = |k| if K::MOMENTS > k { n } else { 0 };
            let pass = Pass {
                params,
                weights: &mut w[..n],
                gradient: &gradient[start..end],
                moments: [&mut m0[..used(0)], &mut m1[..used(1)], &mut m2[..used(2)]],
            };
            let mut recorder = StepRecorder { steps: &mut steps, gradients: &mut gradients };
            pass.run_observed(simd, kernel, &mut recorder);
            let (weights, steps) = (&weights[start..end], &steps[..n]);
            let gradients = &gradients[..n];
            if let Some(decay) = decay {
                summary.weights += squares(weights, weights, 0.0);
                summary.updates += squares(steps, weights, decay);
            } else {
                let mut agreeing = 0_u32;
                for i in 0..n {
                    let (step, g) = (steps[i], gradients[i]);
                    agreeing += u32::from((step > 0.0) & (g > 0.0) | (step < 0.0) & (g < 0.0));
                }
                summary.agreeing += u64::from(agreeing);
            }
            start = end;
        }
        summary
    }
}

/// Records the steps and the gradients as the rule saw them.
struct StepRecorder<'a> {
    steps: &'a mut [f32; BLOCK],
    gradients: &'a mut [f32; BLOCK],
}

impl<S: Simd> Observer<S> for StepRecorder<'_> {
    #[inline(always)]
    fn observe(&mut self, _: S, i: usize, values: &VectorValues<S>) {
        // A block is a whole number of vectors, so the last one always has room.
        S::as_mut_simd_f32s(&mut self.steps[..]).0[i] = values.step;
        S::as_mut_simd_f32s(&mut self.gradients[..]).0[i] = values.gradient;
    }
}
