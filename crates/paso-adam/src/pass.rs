//! One pass over memory: the loop that every rule runs in.
//!
//! ```text
//! g = clamp(scale * gradient) + l2 * w      one multiplication carries loss scale, clipping and the sign
//! step, moments = rule(w, g, moments)
//! w = decay_factor * w - step                       `decay_factor` is the decoupled decay; one rounding
//! ```
//!
//! Denormals never stay: a gradient too small for its square is taken for zero, and a moment that
//! became denormal is stored as zero. Arithmetic on denormals takes a hundred cycles on some CPUs,
//! and a moment whose gradient died would be one for thousands of steps. The CPU's own flush mode
//! is not touched: Rust assumes the default one.
//!
//! It reads weights, gradient and moments once and writes weights and moments once: 28 bytes a
//! parameter for Adam. The end that does not fill a vector goes through the same arithmetic, so a
//! weight's bits do not depend on where in the slice it stands; that is why chunks for threads may
//! be cut anywhere.

use pulp::Simd;

use crate::math::{self, DENORMAL, zero_up_to};
use crate::rules::{Inputs, Job, Kernel, Update};

/// What happens to the gradient before the rule and to the weight after it: constants of one step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PassParams {
    /// Multiplies the gradient: loss scale, clipping, and -1 to maximize.
    pub(crate) scale: f32,
    /// The scaled gradient is held within plus and minus this; infinite to leave it.
    pub(crate) clip: f32,
    /// Multiplies the weight and is added to the gradient (L2 regularization).
    pub(crate) l2: f32,
    /// Up to this magnitude the gradient counts as zero.
    pub(crate) flush_threshold: f32,
    /// Multiplies the weight (decoupled decay).
    pub(crate) decay_factor: f32,
    /// Multiplies the step.
    pub(crate) gain: f32,
    /// Whether only those steps are taken that agree with the gradient.
    pub(crate) cautious: bool,
}

impl PassParams {
    /// The gradient as the rule sees it.
    #[inline(always)]
    fn gradient<S: Simd>(self, simd: S, w: S::f32s, g: S::f32s) -> S::f32s {
        // A branch that always goes the same way costs less than eight cycles of latency in front
        // of everything.
        let g = if self.scale == 1.0 && self.l2 == 0.0 && self.clip == f32::INFINITY {
            g
        } else {
            let g = simd.mul_f32s(simd.splat_f32s(self.scale), g);
            let g = math::clamp(simd, self.clip, g);
            simd.mul_add_f32s(simd.splat_f32s(self.l2), w, g)
        };
        zero_up_to(simd, self.flush_threshold, g)
    }

    /// The step as it is taken.
    #[inline(always)]
    fn step<S: Simd>(self, simd: S, g: S::f32s, step: S::f32s) -> S::f32s {
        if self.gain == 1.0 && !self.cautious {
            return step;
        }
        let gain = simd.splat_f32s(self.gain);
        if !self.cautious {
            return simd.mul_f32s(gain, step);
        }
        // Not a product, which would underflow. A NaN agrees with nothing and stays.
        let none = simd.splat_f32s(0.0);
        let up = simd.select_f32s(simd.greater_than_f32s(g, none), gain, none);
        let down = simd.select_f32s(simd.greater_than_f32s(none, g), gain, none);
        let gain = simd.select_f32s(simd.greater_than_f32s(step, none), up, down);
        simd.mul_f32s(gain, step)
    }
}

/// A step over slices of one length; moments that the rule does not have are empty.
pub(crate) struct Pass<'a> {
    pub(crate) params: PassParams,
    pub(crate) weights: &'a mut [f32],
    pub(crate) gradient: &'a [f32],
    pub(crate) moments: [&'a mut [f32]; 3],
}

impl Job for Pass<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd, K: Kernel>(self, simd: S, kernel: K) {
        self.run_observed(simd, kernel, &mut NoObserver);
    }
}

/// What sees every vector of a pass.
pub(crate) trait Observer<S: Simd> {
    /// Vector `i`, before its results are stored.
    fn observe(&mut self, simd: S, i: usize, values: &VectorValues<S>);
}

/// Values of one vector.
pub(crate) struct VectorValues<S: Simd> {
    /// The weight before the step.
    pub(crate) weight: S::f32s,
    /// The gradient as it was given.
    pub(crate) raw: S::f32s,
    /// The gradient as the rule saw it.
    pub(crate) gradient: S::f32s,
    /// The step without the gain of the parameters.
    pub(crate) step: S::f32s,
    /// What is subtracted from the weight.
    pub(crate) taken: S::f32s,
    /// What the gradient or its mean was divided by.
    pub(crate) denominator: S::f32s,
    /// The new moments, before denormals become zero.
    pub(crate) moments: [S::f32s; 3],
    /// Where every moment that the rule has is larger than a denormal.
    pub(crate) normal: S::m32s,
}

/// Sees nothing.
struct NoObserver;

impl<S: Simd> Observer<S> for NoObserver {
    #[inline(always)]
    fn observe(&mut self, _: S, _: usize, _: &VectorValues<S>) {}
}

impl Pass<'_> {
    /// The pass, with every vector shown to `observer`.
    #[inline(always)]
    pub(crate) fn run_observed<S: Simd, K: Kernel>(
        self,
        simd: S,
        kernel: K,
        observer: &mut impl Observer<S>,
    ) {
        let Pass { params, weights, gradient, moments: [m0, m1, m2] } = self;
        let (w, w_end) = S::as_mut_simd_f32s(weights);
        let (g, g_end) = S::as_simd_f32s(gradient);
        let (m0, m0_end) = S::as_mut_simd_f32s(m0);
        let (m1, m1_end) = S::as_mut_simd_f32s(m1);
        let (m2, m2_end) = S::as_mut_simd_f32s(m2);

        // Equal lengths, spelled out, take the bounds checks out of the loop.
        let n = w.len();
        let (w, g) = (&mut w[..n], &g[..n]);
        let used = |moment| if K::MOMENTS > moment { n } else { 0 };
        let (m0, m1, m2) = (&mut m0[..used(0)], &mut m1[..used(1)], &mut m2[..used(2)]);
        let none = simd.splat_f32s(0.0);
        for i in 0..n {
            let old = [
                if K::MOMENTS > 0 { m0[i] } else { none },
                if K::MOMENTS > 1 { m1[i] } else { none },
                if K::MOMENTS > 2 { m2[i] } else { none },
            ];
            let (weight, new, values) = one_vector(simd, params, kernel, w[i], g[i], old);
            observer.observe(simd, i, &values);
            w[i] = weight;
            if K::MOMENTS > 0 {
                m0[i] = new[0];
            }
            if K::MOMENTS > 1 {
                m1[i] = new[1];
            }
            if K::MOMENTS > 2 {
                m2[i] = new[2];
            }
        }

        if !w_end.is_empty() {
            let old = [
                simd.partial_load_f32s(m0_end),
                simd.partial_load_f32s(m1_end),
                simd.partial_load_f32s(m2_end),
            ];
            let (weight, g) = (simd.partial_load_f32s(w_end), simd.partial_load_f32s(g_end));
            let (weight, new, values) = one_vector(simd, params, kernel, weight, g, old);
            observer.observe(simd, n, &values);
            simd.partial_store_f32s(w_end, weight);
            simd.partial_store_f32s(m0_end, new[0]);
            simd.partial_store_f32s(m1_end, new[1]);
            simd.partial_store_f32s(m2_end, new[2]);
        }
    }
}

/// The new weights and moments of one vector, and how they came about.
#[inline(always)]
fn one_vector<S: Simd, K: Kernel>(
    simd: S,
    params: PassParams,
    kernel: K,
    w: S::f32s,
    raw: S::f32s,
    moments: [S::f32s; 3],
) -> (S::f32s, [S::f32s; 3], VectorValues<S>) {
    let g = params.gradient(simd, w, raw);
    let inputs = Inputs { weight: w, gradient: g, moments };
    let Update { step, denominator, moments } = kernel.update(simd, inputs);
    let taken = params.step(simd, g, step);
    let new = simd.mul_add_f32s(simd.splat_f32s(params.decay_factor), w, simd.neg_f32s(taken));
    // The comparisons are those of the lines below: without an observer they cost nothing.
    let mut normal = math::beyond(simd, DENORMAL, moments[0]);
    if K::MOMENTS > 1 {
        normal = simd.and_m32s(normal, math::beyond(simd, DENORMAL, moments[1]));
    }
    if K::MOMENTS > 2 {
        normal = simd.and_m32s(normal, math::beyond(simd, DENORMAL, moments[2]));
    }
    let values =
        VectorValues { weight: w, raw, gradient: g, step, taken, denominator, moments, normal };
    // What was computed from a denormal moment this once may stand; the next step finds a zero.
    // (Written out: a closure would be compiled without the level's instructions, and called.)
    let [a, b, c] = moments;
    let moments = [
        zero_up_to(simd, DENORMAL, a),
        zero_up_to(simd, DENORMAL, b),
        zero_up_to(simd, DENORMAL, c),
    ];
    (new, moments, values)
}
