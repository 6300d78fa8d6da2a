//! A pass with extras: the running average of the weights, zeroing of the gradient, the audit.
//!
//! It goes block by block, so that the extras find the block in the L1 cache: memory is still
//! passed over once.

use core::ops::Range;

use pulp::Simd;

use crate::audit::{Counting, SAMPLE, STRIDE, Sample, StepAudit};
use crate::pass::{Pass, PassParams};
use crate::rules::{Job, Kernel};
use crate::tensors::Gradient;

/// Weights in a block: all of their slices fit in the L1 cache.
const BLOCK: usize = 1024;

/// A step over slices of one length, with its extras.
pub(crate) struct Blocks<'a> {
    pub(crate) params: PassParams,
    /// What the denominator divides.
    pub(crate) gain: f32,
    pub(crate) weights: &'a mut [f32],
    pub(crate) gradient: Gradient<'a>,
    pub(crate) moments: [&'a mut [f32]; 3],
    /// The running average, empty for none, and how far it moves towards the weights.
    pub(crate) average: &'a mut [f32],
    pub(crate) ema_weight: f32,
    /// The learning rate, where the step is to be audited.
    pub(crate) audit: Option<f64>,
}

impl Job for Blocks<'_> {
    type Output = StepAudit;

    #[inline(always)]
    fn run<S: Simd, K: Kernel>(mut self, simd: S, kernel: K) -> StepAudit {
        let mut audit = StepAudit::default();
        let n = self.weights.len();
        let mut start = 0;
        while start < n {
            let sampled = self.audit.is_some() && start % STRIDE == 0;
            // An audit adds up what it counted after each block: where nothing else wants short
            // ones, they are long.
            let alone = self.average.is_empty() && matches!(self.gradient, Gradient::Keep(_));
            let long = if alone { STRIDE } else { BLOCK };
            let block = if sampled { SAMPLE } else { long - start % long };
            let end = (start + block).min(n);
            self.block(simd, kernel, start..end, sampled, &mut audit);
            start = end;
        }
        audit
    }
}

impl Blocks<'_> {
    #[inline(always)]
    fn block<S: Simd, K: Kernel>(
        &mut self,
        simd: S,
        kernel: K,
        Range { start, end }: Range<usize>,
        sampled: bool,
        audit: &mut StepAudit,
    ) {
        let [m0, m1, m2] = &mut self.moments;
        let n = end - start;
        let pass = Pass {
            params: self.params,
            weights: &mut self.weights[start..end],
            gradient: &self.gradient.values()[start..end],
            moments: [
                if K::MOMENTS > 0 { &mut m0[start..end] } else { &mut [] },
                if K::MOMENTS > 1 { &mut m1[start..end] } else { &mut [] },
                if K::MOMENTS > 2 { &mut m2[start..end] } else { &mut [] },
            ],
        };
        match self.audit {
            None => pass.run(simd, kernel),
            Some(lr) => {
                let inverse = if lr > 0.0 { 1.0 / lr } else { 0.0 };
                let mut counting = Counting::new(simd, lr);
                if sampled {
                    let mut sample = Sample::new(counting);
                    pass.run_observed(simd, kernel, &mut sample);
                    counting = sample.flush(audit, n, inverse, self.gain * self.params.gain);
                } else {
                    pass.run_observed(simd, kernel, &mut counting);
                }
                counting.flush(simd, audit, &self.gradient.values()[start..end], inverse);
            }
        }
        if !self.average.is_empty() {
            let ema_weight = self.ema_weight;
            for (a, w) in self.average[start..end].iter_mut().zip(&self.weights[start..end]) {
                *a += ema_weight * (w - *a);
            }
        }
        if let Gradient::Zero(gradient) = &mut self.gradient {
            gradient[start..end].fill(0.0);
        }
    }
}
