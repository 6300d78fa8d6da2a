//! What theory says about Adam's steps and about decay, as formulas to compute with.
//!
//! Two kinds of statements. [`step_bound`] and [`step_rms`] are facts about Adam alone.
//! [`NoisyQuadratic`] is the model in which the question "does decay help?" has an answer in closed
//! form: near an optimum, with gradients that carry noise, an Adam whose denominator has settled is
//! heavy-ball descent with learning rate `lr / noise`, and the variance of a weight obeys
//! `s' = -2 (lr * curvature / noise) s + lr^2`. Every schedule's final loss below is a solution of
//! that equation. [`validate`](crate::validate) measures how well a real optimizer agrees.
//!
//! How the model is obtained: once Adam's second moment has settled at `noise^2`, an update is
//! `w -= lr / noise * m` with `m` an average of `curvature * w + noise * z`. Momentum changes only
//! how fast the noise is correlated, not the variance to first order, so for small
//! `lr * curvature / noise` the variance `s = E[w^2]` follows the equation above, and the loss is
//! `curvature * s / 2`.
//!
//! What follows from it:
//!
//! * a constant learning rate ends at `lr * noise / 4`, however many steps are taken;
//! * a linear decay to 0 ends lower by a factor of `sqrt(steps)`, a cosine similarly;
//! * averaged weights do almost the same without decay, if the horizon is long;
//! * where noise is small, none of it matters: the floor is below what a run reaches in its steps.
//!
//! The symbols: `lr` has the unit of the weights (Adam's step is dimensionless), `curvature` is
//! loss per weight squared, `noise` is loss per weight, `steps` and `horizon` count updates.

use std::f64::consts::PI;

/// The largest possible `|step| / lr` of Adam at update `t` (from 1), over all sequences of
/// gradients: `R(t)`.
///
/// `R(t) = sqrt(1 - b2^t) / (1 - b1^t) * (1 - b1) / sqrt(1 - b2) * sqrt((1 - q^t) / (1 - q))` with
/// `q = b1^2 / b2`: the Cauchy-Schwarz inequality, applied to the sums that Adam's two averages
/// are. It is reached by gradients that grow by the factor `b2 / b1` at each update. The Adam paper
/// (Kingma and Ba, 2015, section 2.1) gives `(1 - b1) / sqrt(1 - b2)`, 3.16 at the default betas,
/// which holds only for a gradient that was zero before; the true limit is 7.27, see
/// [`step_bound_limit`].
///
/// It holds for any epsilon of at least 0, without weight decay.
///
/// ```
/// use paso_study::theory::step_bound;
/// assert!((step_bound(0.9, 0.999, 1) - 1.0).abs() < 1e-12);
/// assert!((step_bound(0.9, 0.999, 1_000) - 5.781).abs() < 1e-3);
/// ```
///
/// # Panics
/// If `t` is 0, or not `0 <= beta1 < 1`, `0 < beta2 < 1` and `beta1^2 < beta2`: without the last
/// there is no bound for all `t`.
#[must_use]
#[track_caller]
pub fn step_bound(beta1: f64, beta2: f64, t: u64) -> f64 {
    check_betas(beta1, beta2);
    assert!(t > 0, "updates are counted from 1");
    let power = |base: f64| base.powf(t as f64);
    let q = beta1 * beta1 / beta2;
    let corrections = (1.0 - power(beta2)).sqrt() / (1.0 - power(beta1));
    corrections * (1.0 - beta1) / (1.0 - beta2).sqrt() * ((1.0 - power(q)) / (1.0 - q)).sqrt()
}

/// The limit of [`step_bound`] for many updates: 7.2703 for the default betas.
///
/// ```
/// assert!((paso_study::theory::step_bound_limit(0.9, 0.999) - 7.2703).abs() < 1e-4);
/// ```
///
/// # Panics
/// As [`step_bound`].
#[must_use]
#[track_caller]
pub fn step_bound_limit(beta1: f64, beta2: f64) -> f64 {
    check_betas(beta1, beta2);
    (1.0 - beta1) / ((1.0 - beta2) * (1.0 - beta1 * beta1 / beta2)).sqrt()
}

#[track_caller]
fn check_betas(beta1: f64, beta2: f64) {
    assert!(
        (0.0..1.0).contains(&beta1) && beta2 > 0.0 && beta2 < 1.0 && beta1 * beta1 < beta2,
        "the bound needs 0 <= beta1 < 1, 0 < beta2 < 1 and beta1^2 < beta2, got {beta1} and {beta2}"
    );
}

/// Root mean square of step / learning rate where gradients are nothing but noise:
/// `sqrt((1 - b1) / (1 + b1))`, 0.2294 for 0.9.
///
/// Adam's steps do not shrink below this by themselves, however near the optimum: it is the
/// variance of an exponential average of noise, over the variance of the noise. This is what "Adam
/// decays its own learning rate" overlooks.
///
/// ```
/// assert!((paso_study::theory::step_rms(0.9) - 0.2294).abs() < 1e-4);
/// ```
#[must_use]
pub fn step_rms(beta1: f64) -> f64 {
    ((1.0 - beta1) / (1.0 + beta1)).sqrt()
}

/// How much loss a decay to zero would remove, if every weight has settled into its noise:
/// `lr / 4 * sum of sqrt(v)`.
///
/// A heuristic, and an upper one: it adds up [`NoisyQuadratic::constant`] over the weights, with
/// the root of Adam's second moment for the noise, as if the loss were quadratic, the weights
/// independent, and all of them settled.
///
/// * `sum_sqrt_v`: the sum over all weights of `sqrt(v)`, bias-corrected
///   ([`RunAudit::sum_sqrt_v`](crate::RunAudit::sum_sqrt_v)).
/// * `lr`: the learning rate at which training settled.
///
/// ```
/// assert_eq!(paso_study::theory::predicted_gain(0.01, 8.0), 0.02);
/// ```
#[must_use]
pub fn predicted_gain(lr: f64, sum_sqrt_v: f64) -> f64 {
    lr / 4.0 * sum_sqrt_v
}

/// The loss `curvature * w^2 / 2` of one weight, whose gradients carry noise of standard deviation
/// `noise`.
///
/// The formulas give the expected loss after `steps` updates of Adam, when the noise rules
/// (`curvature * |w|` far below `noise`), the learning rate is small (`lr * curvature` far below
/// `noise`), and the schedule long enough to forget where it began
/// ([`relaxation`](Self::relaxation) far below `steps`).
///
/// ```
/// use paso_study::theory::NoisyQuadratic;
/// let model = NoisyQuadratic { curvature: 1.0, noise: 1.0 };
/// let gain = model.constant(0.02) / model.linear(0.02, 20_000.0);
/// assert!((gain - 22.6).abs() < 0.1);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NoisyQuadratic {
    /// Second derivative of the loss, above 0.
    pub curvature: f64,
    /// Standard deviation of the gradient, above 0.
    pub noise: f64,
}

impl NoisyQuadratic {
    /// A constant learning rate: `lr * noise / 4`, whatever the curvature. More updates do not
    /// lower it.
    #[must_use]
    pub fn constant(self, lr: f64) -> f64 {
        lr * self.noise / 4.0
    }

    /// A constant learning rate to second order: [`constant`](Self::constant) as it is when the
    /// learning rate is not that small.
    ///
    /// The weights' own spread adds to the gradients' noise, `lr * noise / (4 sqrt(1 + u))` with
    /// `u = 2 * curvature * loss / noise^2`, and momentum makes each step overshoot by
    /// `1 / (1 - lr * curvature / noise * (1 - beta1) / (2 (1 + beta1)))`.
    #[must_use]
    pub fn constant_second_order(self, lr: f64, beta1: f64) -> f64 {
        let u = 2.0 * self.curvature * self.constant(lr) / self.noise.powi(2);
        let momentum = (1.0 - beta1) / (2.0 * (1.0 + beta1));
        self.constant(lr) / (1.0 + u).sqrt() / (1.0 - lr * self.curvature / self.noise * momentum)
    }

    /// Updates in which a constant learning rate forgets a deviation of the loss by the factor e:
    /// `noise / (2 * lr * curvature)`.
    #[must_use]
    pub fn relaxation(self, lr: f64) -> f64 {
        self.noise / (2.0 * lr * self.curvature)
    }

    /// From `lr` in a line to 0: `sqrt(pi) / 8 * noise^1.5 * sqrt(lr / (curvature * steps))`.
    ///
    /// For a constant learning rate with a linear end (warm-up/stable/decay), `steps` is the length
    /// of the end.
    #[must_use]
    pub fn linear(self, lr: f64, steps: f64) -> f64 {
        PI.sqrt() / 8.0 * self.noise.powf(1.5) * (lr / (self.curvature * steps)).sqrt()
    }

    /// From `lr` in half a cosine wave to 0.
    ///
    /// Near its end the cosine is `lr * pi^2 / 4 * (rest / steps)^2`, and nothing earlier counts.
    #[must_use]
    pub fn cosine(self, lr: f64, steps: f64) -> f64 {
        const GAMMA_5_3: f64 = 0.902_745_292_950_933_6;
        let c = self.curvature * lr * PI.powi(2) / (6.0 * self.noise * steps.powi(2));
        let variance = lr.powi(2) * PI.powi(4) / (16.0 * steps.powi(4)) * GAMMA_5_3
            / (3.0 * c.powf(5.0 / 3.0));
        self.curvature * variance / 2.0
    }

    /// From `lr` by equal factors to `ratio * lr`, with `ratio` in `0..1`.
    ///
    /// `noise / 4 * (lr * ratio + noise * ln(1 / ratio) / (2 * curvature * steps))`: the first term
    /// is the floor of the last learning rate, the second what was frozen in because the decay was
    /// too fast to forget it.
    #[must_use]
    pub fn exponential(self, lr: f64, ratio: f64, steps: f64) -> f64 {
        self.noise / 4.0
            * (lr * ratio + self.noise * (1.0 / ratio).ln() / (2.0 * self.curvature * steps))
    }

    /// The `ratio` at which [`exponential`](Self::exponential) is lowest:
    /// `noise / (2 * curvature * steps * lr)`.
    #[must_use]
    pub fn best_ratio(self, lr: f64, steps: f64) -> f64 {
        self.noise / (2.0 * self.curvature * steps * lr)
    }

    /// `lr / sqrt(t)`, with `t` from 1.
    ///
    /// `lr * noise / (4 * sqrt(steps)) * (1 + u + 2 u^2)` with
    /// `u = noise / (4 * lr * curvature * sqrt(steps))`: the first terms of an expansion in `u`,
    /// good to 2 % up to `u = 0.1`.
    #[must_use]
    pub fn inverse_sqrt(self, lr: f64, steps: f64) -> f64 {
        let u = self.noise / (4.0 * lr * self.curvature * steps.sqrt());
        lr * self.noise / (4.0 * steps.sqrt()) * (1.0 + u + 2.0 * u * u)
    }

    /// A constant learning rate, evaluated by weights averaged over `horizon` updates (an average
    /// that forgets `1 / horizon` an update).
    ///
    /// [`constant`](Self::constant) times `g / (g + lr * curvature / noise)` with
    /// `g = 1 / horizon`: with enough of them, averaging a constant learning rate does what decay
    /// does.
    #[must_use]
    pub fn averaged(self, lr: f64, horizon: f64) -> f64 {
        let forget = 1.0 / horizon;
        self.constant(lr) * forget / (forget + lr * self.curvature / self.noise)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_is_cauchy_schwarz_at_every_update() {
        // The supremum of sum(a_i g_i) / sqrt(sum(b_i g_i^2)) is sqrt(sum(a_i^2 / b_i)): summed
        // here term by term.
        for (beta1, beta2) in [(0.9, 0.999), (0.0, 0.5), (0.95, 0.98), (0.5, 0.9)] {
            let mut sum = 0.0;
            for t in 1..=300u32 {
                let term = |i: u32| {
                    ((1.0 - beta1) * f64::powi(beta1, i as i32)).powi(2)
                        / ((1.0 - beta2) * f64::powi(beta2, i as i32))
                };
                sum += term(t - 1);
                let exact = sum.sqrt() * (1.0 - f64::powi(beta2, t as i32)).sqrt()
                    / (1.0 - f64::powi(beta1, t as i32));
                let bound = step_bound(beta1, beta2, u64::from(t));
                assert!(
                    (bound / exact - 1.0).abs() < 1e-9,
                    "betas {beta1}, {beta2}, t {t}: {bound} against {exact}"
                );
            }
            assert!(
                step_bound(beta1, beta2, 100_000) / step_bound_limit(beta1, beta2) - 1.0 < 1e-9,
                "the limit"
            );
        }
    }

    #[test]
    fn final_losses_solve_the_equation() {
        // s' = -2 (lr * curvature / noise) s + lr^2, integrated numerically over each schedule.
        let model = NoisyQuadratic { curvature: 0.7, noise: 1.6 };
        let (peak, steps) = (0.03, 40_000.0);
        let integrate = |lr: &dyn Fn(f64) -> f64| {
            let mut s = 2.0 * model.constant(peak) / model.curvature;
            let parts = 400_000u32;
            let dt = steps / f64::from(parts);
            for i in 0..parts {
                let lr = lr((f64::from(i) + 0.5) / f64::from(parts));
                s += dt * (lr * lr - 2.0 * lr * model.curvature / model.noise * s);
            }
            model.curvature * s / 2.0
        };
        let ratio = model.best_ratio(peak, steps);
        for (name, numeric, formula, tolerance) in [
            ("constant", integrate(&|_| peak), model.constant(peak), 1e-3),
            ("linear", integrate(&|p| peak * (1.0 - p)), model.linear(peak, steps), 0.01),
            (
                "tail",
                integrate(&|p| peak * ((1.0 - p) / 0.2).min(1.0)),
                model.linear(peak, 0.2 * steps),
                0.01,
            ),
            (
                "cosine",
                integrate(&|p| peak * 0.5 * (1.0 + (PI * p).cos())),
                model.cosine(peak, steps),
                0.01,
            ),
            (
                "exponential",
                integrate(&|p| peak * 0.1f64.powf(p)),
                model.exponential(peak, 0.1, steps),
                0.01,
            ),
            (
                "best ratio",
                integrate(&|p| peak * ratio.powf(p)),
                model.exponential(peak, ratio, steps),
                0.01,
            ),
            (
                "inverse root",
                integrate(&|p| peak / (p * steps + 1.0).sqrt()),
                model.inverse_sqrt(peak, steps),
                0.02,
            ),
        ] {
            assert!(
                (formula / numeric - 1.0).abs() < tolerance,
                "{name}: formula {formula}, numeric {numeric}"
            );
        }
        for other in [0.5 * ratio, 2.0 * ratio] {
            let (best, worse) =
                (model.exponential(peak, ratio, steps), model.exponential(peak, other, steps));
            assert!(best < worse, "ratio {ratio} is the best, not {other}");
        }
    }

    #[test]
    fn the_best_ratio_is_the_minimum_over_many() {
        let model = NoisyQuadratic { curvature: 0.5, noise: 2.0 };
        let best = model.best_ratio(0.02, 30_000.0);
        let at = |ratio: f64| model.exponential(0.02, ratio, 30_000.0);
        let others = (1..100).map(|i| best * 1.05f64.powi(i - 50)).filter(|ratio| *ratio < 1.0);
        assert!(others.map(at).all(|loss| loss >= at(best)), "{best}");
    }

    #[test]
    fn losses_scale_as_their_formulas_say() {
        let model = NoisyQuadratic { curvature: 0.7, noise: 1.6 };
        let ratio = |a: f64, b: f64| a / b;
        let near = |found: f64, expected: f64| {
            assert!((found / expected - 1.0).abs() < 1e-9, "{found} and {expected}");
        };
        near(ratio(model.constant(0.02), model.constant(0.01)), 2.0);
        near(ratio(model.linear(0.01, 1e4), model.linear(0.01, 4e4)), 2.0);
        near(ratio(model.linear(0.04, 1e4), model.linear(0.01, 1e4)), 2.0);
        near(ratio(model.relaxation(0.01), model.relaxation(0.02)), 2.0);
        near(predicted_gain(0.01, 8.0), 0.02);
        // Four times as steep and twice as noisy: the constant floor only sees the noise.
        let steep = NoisyQuadratic { curvature: 2.8, noise: 3.2 };
        near(ratio(steep.constant(0.01), model.constant(0.01)), 2.0);
    }

    #[test]
    fn averaging_lies_between_the_last_weights_and_nothing() {
        let model = NoisyQuadratic { curvature: 1.0, noise: 1.0 };
        let losses: Vec<f64> = [1.0, 10.0, 100.0, 1e3, 1e4].map(|h| model.averaged(0.01, h)).into();
        assert!(
            losses.windows(2).all(|pair| pair[1] < pair[0]),
            "a longer horizon is better: {losses:?}"
        );
        assert!(losses[0] < model.constant(0.01) && losses[4] > 0.0, "{losses:?}");
        assert!((model.averaged(0.01, 1.0) / model.constant(0.01) - 1.0 / 1.01).abs() < 1e-12);
    }

    #[test]
    fn the_second_order_tends_to_the_first() {
        let model = NoisyQuadratic { curvature: 1.0, noise: 1.0 };
        let off = |lr: f64| (model.constant_second_order(lr, 0.9) / model.constant(lr) - 1.0).abs();
        assert!(off(1e-1) > off(1e-2) && off(1e-2) > off(1e-3) && off(1e-3) < 1e-3);
    }

    #[test]
    fn betas_without_a_bound_are_refused() {
        for (beta1, beta2) in
            [(1.0, 0.999), (-0.1, 0.999), (0.9, 1.0), (0.9, 0.0), (0.9, 0.81), (f64::NAN, 0.9)]
        {
            let refused = std::panic::catch_unwind(|| step_bound_limit(beta1, beta2));
            assert!(refused.is_err(), "{beta1}, {beta2}");
        }
        assert!(std::panic::catch_unwind(|| step_bound(0.9, 0.999, 0)).is_err(), "update 0");
        assert_eq!(step_bound(0.0, 0.5, 1), 1.0, "the first step is the sign of the gradient");
    }
}
