//! A pass with company: the running average of the weights, zeroing of the gradient, the audit.
//!
//! It goes block by block, so that what is beside the step finds the block in the first cache: memory is still
//! passed over once.

use pulp::{Simd, WithSimd};

use crate::audit::{Counting, SAMPLE, STRIDE, Sample, StepAudit};
use crate::chunks::Gradient;
use crate::pass::{Pass, PassParams};
use crate::rules::Kernel;

/// Weights in a block: their slices are in the first cache together.
const BLOCK: usize = 1024;

/// A step over slices of one length, and what is done beside it.
pub(crate) struct Blocks<'a, K> {
    pub(crate) params: PassParams,
    pub(crate) kernel: K,
    pub(crate) weights: &'a mut [f32],
    pub(crate) gradient: Gradient<'a>,
    pub(crate) moments: [&'a mut [f32]; 3],
    /// The running average, empty for none, and how far it moves towards the weights.
    pub(crate) average: &'a mut [f32],
    pub(crate) ema_weight: f32,
    /// The learning rate, where the step is to be audited.
    pub(crate) audit: Option<f64>,
}

impl<K: Kernel> WithSimd for Blocks<'_, K> {
    type Output = StepAudit;

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) -> StepAudit {
        let mut audit = StepAudit::default();
        let n = self.weights.len();
        let mut start = 0;
        while start < n {
            let sampled = self.audit.is_some() && start % STRIDE == 0;
            // An audit adds up what it counted after each block: where nothing else wants short ones, they are long.
            let alone = self.average.is_empty() && matches!(self.gradient, Gradient::Keep(_));
            let long = if alone { STRIDE } else { BLOCK };
            let block = if sampled { SAMPLE } else { long - start % long };
            let end = (start + block).min(n);
            self.block(simd, start, end, sampled, &mut audit);
            start = end;
        }
        audit
    }
}

impl<K: Kernel> Blocks<'_, K> {
    #[inline(always)]
    fn block<S: Simd>(
        &mut self,
        simd: S,
        start: usize,
        end: usize,
        sampled: bool,
        audit: &mut StepAudit,
    ) {
        let [m0, m1, m2] = &mut self.moments;
        let n = end - start;
        let pass = Pass {
            params: self.params,
            kernel: self.kernel,
            weights: &mut self.weights[start..end],
            gradient: &self.gradient.values()[start..end],
            moments: [
                if K::MOMENTS > 0 { &mut m0[start..end] } else { &mut [] },
                if K::MOMENTS > 1 { &mut m1[start..end] } else { &mut [] },
                if K::MOMENTS > 2 { &mut m2[start..end] } else { &mut [] },
            ],
        };
        match self.audit {
            None => pass.with_simd(simd),
            Some(lr) => {
                let inverse = if lr > 0.0 { 1.0 / lr } else { 0.0 };
                let mut counting = Counting::new(simd, lr);
                if sampled {
                    let mut sample = Sample::new(counting);
                    pass.run_observed(simd, &mut sample);
                    counting =
                        sample.flush(audit, n, inverse, self.kernel.gain() * self.params.gain);
                } else {
                    pass.run_observed(simd, &mut counting);
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
