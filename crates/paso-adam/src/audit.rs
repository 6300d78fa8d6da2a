//! [`StepAudit`]: what a step did, counted in the same pass.

use pulp::Simd;

use crate::math::{self, DENORMAL};
use crate::pass::{Observer, VectorValues};

/// What one step did to the weights. The step itself has the same bits as without an audit.
///
/// Plain numbers, to be merged over tensors and groups ([`StepAudit::merge`]) and serialized
/// (feature `serde`). Counts and maxima are the same on every instruction set; sums differ by
/// rounding (1e-5, relative). Where a step or a weight was NaN, sums are NaN and the maximum is
/// that of the others. "Step" is what is subtracted from a weight, without decoupled decay; it is
/// measured in units of the learning rate that the tensor was given.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct StepAudit {
    /// Weights that were stepped.
    pub weights: u64,
    /// The largest |step| / lr.
    pub max_step: f64,
    /// Sum of (step / lr)^2. [`StepAudit::rms_step`] is its root mean.
    pub step_squares: f64,
    /// Weights whose step was longer than the learning rate.
    #[cfg_attr(feature = "serde", serde(rename = "above_rate"))]
    pub above_lr: u64,
    /// The largest |step| / lr that the settings allow,
    /// [`Adam::longest_step`](crate::Adam::longest_step); 0 where there is no such bound.
    pub longest_step: f64,
    /// Gradients that were NaN or infinite.
    pub non_finite: u64,
    /// Moments that had become denormal and were stored as zero.
    pub flushed: u64,
    /// Sum of step^2, in the weights' own unit.
    pub update_squares: f64,
    /// Sum of weight^2, before the step.
    pub weight_squares: f64,
    /// |step| / lr of a sample of the weights: the first 64 of every 8192 of a tensor.
    pub steps: LogHistogram,
    /// A weight's own learning rate, lr / (sqrt(v) + eps) with all corrections, of the same sample.
    pub rates: LogHistogram,
}

impl Default for StepAudit {
    fn default() -> Self {
        Self {
            weights: 0,
            max_step: 0.0,
            step_squares: 0.0,
            above_lr: 0,
            longest_step: 0.0,
            non_finite: 0,
            flushed: 0,
            update_squares: 0.0,
            weight_squares: 0.0,
            steps: LogHistogram::starting_at(-28),
            rates: LogHistogram::starting_at(-20),
        }
    }
}

impl StepAudit {
    /// The root mean square of step / lr; 0 without weights. At a minimum that noise dominates,
    /// Adam's is `sqrt((1 - beta1) / (1 + beta1))`, 0.229 by default, whatever the learning rate.
    #[must_use]
    pub fn rms_step(&self) -> f64 {
        libm::sqrt(self.step_squares / (self.weights.max(1) as f64))
    }

    /// The share of weights whose step was longer than the learning rate, in `[0, 1]`.
    #[must_use]
    pub fn share_above_lr(&self) -> f64 {
        self.above_lr as f64 / (self.weights.max(1) as f64)
    }

    /// The largest step over the largest that there can be, in `[0, 1]` but for rounding; `None`
    /// without a bound.
    #[must_use]
    pub fn max_over_longest(&self) -> Option<f64> {
        (self.longest_step > 0.0).then(|| self.max_step / self.longest_step)
    }

    /// The norm of the step over the norm of the weights; `None` where all weights were zero.
    #[must_use]
    pub fn update_to_weight(&self) -> Option<f64> {
        let (update, weight) = (self.update_squares, self.weight_squares);
        (weight > 0.0).then(|| libm::sqrt(update / weight))
    }

    /// Both together: as if the tensors of both had been audited as one.
    #[must_use]
    pub fn merge(mut self, other: &Self) -> Self {
        self.weights += other.weights;
        self.max_step = self.max_step.max(other.max_step);
        self.step_squares += other.step_squares;
        self.above_lr += other.above_lr;
        self.longest_step = self.longest_step.max(other.longest_step);
        self.non_finite += other.non_finite;
        self.flushed += other.flushed;
        self.update_squares += other.update_squares;
        self.weight_squares += other.weight_squares;
        self.steps.merge(&other.steps);
        self.rates.merge(&other.rates);
        self
    }
}

/// How many values lie between one power of two and the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LogHistogram {
    /// Bin 0 ends at `2^(lowest + 1)`; it has everything below, too. Bin `k` starts at
    /// `2^(lowest + k)`; the last has everything above, infinity and NaN.
    pub lowest: i32,
    /// Values in each bin.
    pub counts: [u64; 32],
    /// Values that were exactly zero; they are in no bin.
    pub zeros: u64,
}

impl LogHistogram {
    fn starting_at(lowest: i32) -> Self {
        Self { lowest, counts: [0; 32], zeros: 0 }
    }

    /// All values counted.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.zeros + self.counts.iter().sum::<u64>()
    }

    /// Where bin `k` starts: `2^(lowest + k)`.
    #[must_use]
    pub fn start(&self, k: usize) -> f64 {
        libm::exp2(f64::from(self.lowest) + k as f64)
    }

    /// Counts the magnitude of a value.
    #[inline(always)]
    fn count(&mut self, value: f32) {
        let bits = value.to_bits() << 1;
        if bits == 0 {
            self.zeros += 1;
            return;
        }
        // The exponent, which 127 is added to.
        let bin = (bits >> 24).cast_signed() - 127 - self.lowest;
        self.counts[bin.clamp(0, 31).cast_unsigned() as usize] += 1;
    }

    fn merge(&mut self, other: &Self) {
        self.zeros += other.zeros;
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
    }
}

/// Of every so many weights of a tensor …
pub(crate) const STRIDE: usize = 8192;
/// … the first so many are in the histograms.
pub(crate) const SAMPLE: usize = 64;

/// Counts a block of a pass in vectors. Few operations: they have to hide behind a root and a
/// division.
pub(crate) struct Counting<S: Simd> {
    /// In the weights' own unit.
    lr: S::f32s,
    max: S::f32s,
    steps: S::f32s,
    above: S::f32s,
    /// Zero, or NaN after a gradient that was not finite.
    poison: S::f32s,
    flushed: S::f32s,
    weights: S::f32s,
}

impl<S: Simd> Counting<S> {
    #[inline(always)]
    pub(crate) fn new(simd: S, lr: f64) -> Self {
        let none = simd.splat_f32s(0.0);
        Self {
            lr: simd.splat_f32s(math::round(lr)),
            max: none,
            steps: none,
            above: none,
            poison: none,
            flushed: none,
            weights: none,
        }
    }

    /// Adds the block of these gradients to an audit.
    #[inline(always)]
    pub(crate) fn flush(self, simd: S, audit: &mut StepAudit, gradient: &[f32], inverse: f64) {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a whole number, at most 3 times a block"
        )]
        #[expect(clippy::cast_sign_loss, reason = "a sum of ones")]
        let (above, flushed) =
            (simd.reduce_sum_f32s(self.above) as u64, simd.reduce_sum_f32s(self.flushed) as u64);
        let steps = f64::from(simd.reduce_sum_f32s(self.steps));
        let max = f64::from(simd.reduce_max_f32s(self.max)) * inverse;
        audit.weights += gradient.len() as u64;
        audit.max_step = if max > audit.max_step { max } else { audit.max_step };
        audit.step_squares += steps * inverse * inverse;
        audit.update_squares += steps;
        audit.above_lr += above;
        audit.flushed += flushed;
        audit.weight_squares += f64::from(simd.reduce_sum_f32s(self.weights));
        if simd.reduce_sum_f32s(self.poison) != 0.0 {
            for x in gradient {
                audit.non_finite += u64::from(!x.is_finite());
            }
        }
    }
}

impl<S: Simd> Observer<S> for Counting<S> {
    #[inline(always)]
    fn observe(&mut self, simd: S, _: usize, values: &VectorValues<S>) {
        let size = simd.abs_f32s(values.taken);
        self.max = simd.max_f32s(size, self.max);
        self.steps = simd.mul_add_f32s(size, size, self.steps);
        self.above = self.count(simd, simd.greater_than_f32s(size, self.lr), self.above);
        self.poison = simd.mul_add_f32s(values.raw, simd.splat_f32s(0.0), self.poison);
        self.weights = simd.mul_add_f32s(values.weight, values.weight, self.weights);
        // Denormals are rare: one test for all of them, and the counting is outside of the common
        // path.
        if simd.first_true_m32s(simd.not_m32s(values.normal)) < S::F32_LANES {
            let [a, b, c] = values.moments;
            self.flushed = self.count(simd, denormal(simd, a), self.flushed);
            self.flushed = self.count(simd, denormal(simd, b), self.flushed);
            self.flushed = self.count(simd, denormal(simd, c), self.flushed);
        }
    }
}

impl<S: Simd> Counting<S> {
    /// One more where the mask is set.
    #[inline(always)]
    fn count(&self, simd: S, mask: S::m32s, count: S::f32s) -> S::f32s {
        simd.select_f32s(mask, simd.add_f32s(count, simd.splat_f32s(1.0)), count)
    }
}

/// Where a value is denormal. (As integers: the bits of denormals lie from 1 to `DENORMAL`, after
/// the sign.)
#[inline(always)]
fn denormal<S: Simd>(simd: S, x: S::f32s) -> S::m32s {
    let bits = simd.transmute_u32s_f32s(simd.abs_f32s(x));
    let below = simd.sub_u32s(bits, simd.splat_u32s(1));
    simd.greater_than_u32s(simd.splat_u32s(DENORMAL.to_bits()), below)
}

/// A sample of a block: its steps and denominators.
pub(crate) struct Sample<S: Simd> {
    pub(crate) counting: Counting<S>,
    steps: [f32; SAMPLE],
    denominators: [f32; SAMPLE],
}

impl<S: Simd> Sample<S> {
    #[inline(always)]
    pub(crate) fn new(counting: Counting<S>) -> Self {
        Self { counting, steps: [0.0; SAMPLE], denominators: [0.0; SAMPLE] }
    }

    /// Adds `n` weights to the histograms.
    #[inline(always)]
    pub(crate) fn flush(
        self,
        audit: &mut StepAudit,
        n: usize,
        inverse: f64,
        gain: f32,
    ) -> Counting<S> {
        let inverse = math::round(inverse);
        for (&step, &denominator) in self.steps.iter().zip(&self.denominators).take(n) {
            audit.steps.count(step * inverse);
            audit.rates.count(gain / denominator);
        }
        self.counting
    }
}

impl<S: Simd> Observer<S> for Sample<S> {
    #[inline(always)]
    fn observe(&mut self, simd: S, i: usize, values: &VectorValues<S>) {
        self.counting.observe(simd, i, values);
        S::as_mut_simd_f32s(&mut self.steps).0[i] = values.taken;
        S::as_mut_simd_f32s(&mut self.denominators).0[i] = values.denominator;
    }
}
