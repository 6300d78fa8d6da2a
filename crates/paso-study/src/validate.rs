//! The known-answer suite: theory against a real optimizer, the real schedules and the test of a
//! study, on this machine.
//!
//! The optimizer comes from the caller as a function, so that whatever is shipped is what is
//! checked. All schedules are run on the same noise at the same time. See [`validate`].
//!
//! Why a real optimizer is compared with theory: an error in a bias correction or an exponent
//! changes a training by a few percent, which nobody notices in a loss curve. Against closed forms
//! it is a wrong number.

mod enumerated;

use crate::theory::{NoisyQuadratic, step_bound, step_rms};
use paso_schedule::{Shape, Spec};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde::Serialize;

/// An Adam for some number of weights: `step(rate, weights, gradient)` is one update. It owns its
/// moments and its count.
pub type StepFn = Box<dyn FnMut(f64, &mut [f32], &[f32])>;

/// One line of the suite.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Check {
    /// What is looked at.
    pub name: String,
    /// What this machine gave.
    pub measured: f64,
    /// What theory says.
    pub expected: f64,
    /// What `measured` may be.
    pub allowed: Allowed,
}

/// How a measured value must stand to the expected one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Allowed {
    /// Within this share of it.
    Within(f64),
    /// No larger.
    AtMost,
    /// No smaller.
    AtLeast,
}

impl Check {
    /// Whether theory and machine agree.
    #[must_use]
    pub fn passed(&self) -> bool {
        match self.allowed {
            Allowed::Within(share) => {
                (self.measured - self.expected).abs() <= share * self.expected.abs()
            }
            Allowed::AtMost => self.measured <= self.expected,
            Allowed::AtLeast => self.measured >= self.expected,
        }
    }
}

impl std::fmt::Display for Check {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { name, measured, expected, allowed } = self;
        let allowed = match allowed {
            Allowed::Within(share) => format!("± {:.2} %", 100.0 * share),
            Allowed::AtMost => "at most".into(),
            Allowed::AtLeast => "at least".into(),
        };
        let verdict = if self.passed() { "ok" } else { "WRONG" };
        write!(f, "{name:<50} {measured:>12.5e} {expected:>12.5e}  {allowed:<9}  {verdict}")
    }
}

/// The default betas, which the suite requires.
const BETA1: f64 = 0.9;
const BETA2: f64 = 0.999;

/// Weights of the quadratic. The final loss of one schedule has a relative standard error of
/// `sqrt(2 / WEIGHTS)`, 2.2 %.
const WEIGHTS: usize = 4_096;
const STEPS: u32 = 8_000;
const PEAK: f64 = 0.04;
const MODEL: NoisyQuadratic = NoisyQuadratic { curvature: 1.0, noise: 1.0 };

/// Four standard errors of a final loss, and 2 % for what the formulas leave out.
const TOLERANCE: f64 = 0.11;

/// Runs the suite.
///
/// * `make`: makes an Adam for so many weights, moments zero: betas 0.9 and 0.999, epsilon 1e-8, no
///   weight decay, `f32`.
///
/// Takes a few seconds. What is checked:
///
/// * the final loss of every schedule on the noisy quadratic against [`NoisyQuadratic`], and
///   averaged weights;
/// * steps that stay at [`step_rms`] of the learning rate;
/// * [`step_bound`]: reached by the extremal gradients within 0.1 %, never exceeded by random ones;
/// * the counter-cases: a decay that is too early never arrives; without noise, decay gives
///   nothing;
/// * the [sequential test](crate::sequential) of a study, over every sign path of twelve pairs: wrong
///   verdicts, and intervals that hold the mean.
#[must_use]
pub fn validate(make: &dyn Fn(usize) -> StepFn) -> Vec<Check> {
    let mut checks = quadratic(make);
    checks.extend(bound(make));
    checks.extend(counter_cases(make));
    checks.extend(enumerated::checks());
    checks
}

/// One schedule on its way over the quadratic.
struct Walk {
    schedule: Spec,
    weights: Vec<f32>,
    step: StepFn,
}

impl Walk {
    fn new(spec: &str, steps: u32, weights: Vec<f32>, make: &dyn Fn(usize) -> StepFn) -> Self {
        let shape: Shape = spec.parse().expect("a schedule of the suite");
        let schedule = shape.bind(PEAK, steps.into()).expect("a schedule of the suite");
        let step = make(weights.len());
        Self { schedule, weights, step }
    }

    fn go(&mut self, t: u32, noise: &[f32], gradient: &mut [f32]) {
        for ((g, w), noise) in gradient.iter_mut().zip(&self.weights).zip(noise) {
            *g = w + noise;
        }
        (self.step)(self.schedule.at(t.into()), &mut self.weights, gradient);
    }

    fn loss(&self) -> f64 {
        loss(&self.weights)
    }
}

fn loss(weights: &[f32]) -> f64 {
    weights.iter().map(|w| f64::from(*w).powi(2) / 2.0).sum::<f64>() / weights.len() as f64
}

/// Noise of variance 1: the number of heads in 64 coin flips. Symmetric, nearly normal, cheap, and
/// alike on every machine.
fn draw(rng: &mut ChaCha8Rng, noise: &mut [f32]) {
    for value in noise {
        *value = (rng.next_u64().count_ones() as f32 - 32.0) / 4.0;
    }
}

/// Walks all of `walks`, which have as many weights each, for `steps` updates over the same noise
/// (none if `noisy` is false); `look` sees them after each update.
fn run(walks: &mut [Walk], steps: u32, noisy: bool, mut look: impl FnMut(u32, &[Walk])) {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let weights = walks.first().map_or(0, |walk| walk.weights.len());
    let (mut noise, mut gradient) = (vec![0.0; weights], vec![0.0; weights]);
    for t in 0..steps {
        if noisy {
            draw(&mut rng, &mut noise);
        }
        for walk in walks.iter_mut() {
            walk.go(t, &noise, &mut gradient);
        }
        look(t, walks);
    }
}

fn quadratic(make: &dyn Fn(usize) -> StepFn) -> Vec<Check> {
    let steps = f64::from(STEPS);
    let best = MODEL.best_ratio(PEAK, steps);
    let rows: Vec<(&str, String, f64)> = vec![
        ("constant", "constant".into(), MODEL.constant(PEAK)),
        ("linear to 0", "linear(to 0)".into(), MODEL.linear(PEAK, steps)),
        ("cosine to 0", "cosine(to 0)".into(), MODEL.cosine(PEAK, steps)),
        ("exponential to 10 %", "exponential(to 10%)".into(), MODEL.exponential(PEAK, 0.1, steps)),
        (
            "exponential, best ratio",
            format!("exponential(to {}%)", 100.0 * best),
            MODEL.exponential(PEAK, best, steps),
        ),
        (
            "exponential, too fast",
            "exponential(to 0.0001%)".into(),
            MODEL.exponential(PEAK, 1e-6, steps),
        ),
        (
            "constant, the last 20 % linear to 0",
            "constant(for 80%) then linear(to 0)".into(),
            MODEL.linear(PEAK, 0.2 * steps),
        ),
        ("1 / sqrt(t)", "inverse_sqrt(100%, timescale 1)".into(), MODEL.inverse_sqrt(PEAK, steps)),
    ];
    let mut walks: Vec<Walk> =
        rows.iter().map(|(_, spec, _)| Walk::new(spec, STEPS, vec![0.0; WEIGHTS], make)).collect();
    let mut averages: Vec<(f32, Vec<f32>)> =
        [100.0, 1_000.0].map(|horizon| (horizon, vec![0.0; WEIGHTS])).into();
    let mut floor = Mean::default();
    // Steps of the constant learning rate, and of the one that goes to 0 in a line.
    let mut rms = [Mean::default(), Mean::default()];
    let mut before = [0, 1].map(|i| walks[i].weights.clone());
    run(&mut walks, STEPS, true, |t, walks| {
        let constant = &walks[0].weights;
        for (horizon, average) in &mut averages {
            average.iter_mut().zip(constant).for_each(|(a, w)| *a += (w - *a) / *horizon);
        }
        if t >= STEPS / 2 {
            floor.add(loss(constant));
            for (i, (rms, before)) in rms.iter_mut().zip(&before).enumerate() {
                let rate = walks[i].schedule.at(t.into());
                let moved = walks[i].weights.iter().zip(before);
                let squares = moved.map(|(w, b)| (f64::from(w - b) / rate).powi(2)).sum::<f64>();
                rms.add(squares / WEIGHTS as f64);
            }
        }
        for (i, before) in before.iter_mut().enumerate() {
            before.copy_from_slice(&walks[i].weights);
        }
    });
    let within = |name: &str, measured, expected, share| Check {
        name: name.into(),
        measured,
        expected,
        allowed: Allowed::Within(share),
    };
    let mut checks = vec![
        within(
            "constant: mean loss of the second half",
            floor.mean(),
            MODEL.constant_second_order(PEAK, BETA1),
            0.01,
        ),
        within("constant: RMS of step / rate", rms[0].mean().sqrt(), step_rms(BETA1), 0.02),
        within("linear to 0: RMS of step / rate", rms[1].mean().sqrt(), step_rms(BETA1), 0.02),
    ];
    for ((name, _, expected), walk) in rows.iter().zip(&walks) {
        checks.push(within(&format!("{name}: final loss"), walk.loss(), *expected, TOLERANCE));
    }
    for (horizon, average) in &averages {
        let expected = MODEL.averaged(PEAK, f64::from(*horizon));
        checks.push(within(
            &format!("constant, averaged over {horizon}: final loss"),
            loss(average),
            expected,
            TOLERANCE,
        ));
    }
    checks
}

#[derive(Clone, Copy, Default)]
struct Mean {
    sum: f64,
    count: u32,
}

impl Mean {
    fn add(&mut self, value: f64) {
        self.sum += value;
        self.count += 1;
    }

    fn mean(&self) -> f64 {
        self.sum / f64::from(self.count)
    }
}

/// The nearest `f32`.
#[expect(clippy::cast_possible_truncation, reason = "rounding is what is wanted")]
fn narrow(x: f64) -> f32 {
    x as f32
}

/// The bound on a step, by gradients made to reach it and by random ones.
fn bound(make: &dyn Fn(usize) -> StepFn) -> Vec<Check> {
    const RATE: f64 = 1e-3;
    /// Larger than any rounding of an `f32` step, smaller than any error worth the name.
    const ROUNDING: f64 = 1e-4;
    let mut checks = Vec::new();
    // Moves from 0, so that the weight is the step, unrounded.
    let update = |step: &mut StepFn, gradient: &[f32]| {
        let mut moved = vec![0.0; gradient.len()];
        step(RATE, &mut moved, gradient);
        moved.iter().map(|w| f64::from(w.abs()) / RATE).fold(0.0, f64::max)
    };
    for t in [1, 10, 100, 1_000, 5_000u64] {
        let mut step = make(1);
        let mut last = 0.0;
        for i in 1..=t {
            // Growing by beta2 / beta1 up to 1e10; what is too small for an `f32` no longer counts.
            let gradient = 1e10 * (BETA1 / BETA2).powf((t - i) as f64);
            last = update(&mut step, &[narrow(gradient)]);
        }
        let (name, expected) = (format!("largest step at update {t}"), step_bound(BETA1, BETA2, t));
        checks.push(Check { name, measured: last, expected, allowed: Allowed::Within(1e-3) });
    }
    // 64 streams of random signs and magnitudes over eighteen decades: no step exceeds the bound.
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut step = make(64);
    let mut worst = 0.0f64;
    for t in 1..=2_000 {
        let gradient: Vec<f32> = (0..64)
            .map(|_| {
                let bits = rng.next_u64();
                let sign = if bits & 1 == 0 { 1.0 } else { -1.0 };
                sign * 10f32.powi(i32::try_from((bits >> 1) % 19).expect("below 19") - 9)
            })
            .collect();
        worst = worst.max(update(&mut step, &gradient) / step_bound(BETA1, BETA2, t));
    }
    checks.push(Check {
        name: "random gradients: largest step / bound".into(),
        measured: worst,
        expected: 1.0 + ROUNDING,
        allowed: Allowed::AtMost,
    });
    checks
}

/// Where decay harms, and where it gives nothing.
fn counter_cases(make: &dyn Fn(usize) -> StepFn) -> Vec<Check> {
    // Long enough to travel from 80 (2,000 updates) and then to forget, in Adam's second moment,
    // the large gradients of the way.
    const FAR_STEPS: u32 = 20_000;
    let walk = |spec, steps, start| Walk::new(spec, steps, vec![start; 512], make);
    let early = "exponential(to 0.0001%)";
    let mut far = [walk("constant", FAR_STEPS, 80.0), walk(early, FAR_STEPS, 80.0)];
    let mut floor = Mean::default();
    run(&mut far, FAR_STEPS, true, |t, walks| {
        if t >= FAR_STEPS - 4_000 {
            floor.add(walks[0].loss());
        }
    });
    let mut silent = [walk("constant", STEPS, 1.0), walk("linear(to 0)", STEPS, 1.0)];
    run(&mut silent, STEPS, false, |_, _| ());
    let check = |name: &str, measured, expected, allowed| Check {
        name: name.into(),
        measured,
        expected,
        allowed,
    };
    vec![
        check(
            "far start, constant: mean loss of the last fifth",
            floor.mean(),
            MODEL.constant(PEAK),
            Allowed::Within(0.03),
        ),
        // Its learning rates add up to 58 of the 80 to go.
        check("far start, decay too early: final loss", far[1].loss(), 100.0, Allowed::AtLeast),
        check("no noise, constant: final loss", silent[0].loss(), 1e-12, Allowed::AtMost),
        check("no noise, linear to 0: final loss", silent[1].loss(), 1e-12, Allowed::AtMost),
    ]
}
