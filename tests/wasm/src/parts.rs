//! The computations. Each returns a hash of the bits of its results.

use paso_adam::{Adam, AdamConfig, AdamGroup, Isa, WeightDecay};
use paso_schedule::Shape;
use paso_study::stats::mean;
use paso_study::{Arm, Outcome, Role, RunMonitor, RunSpec, Session, Study, StudyConfig};
use paso_study::{Trial, TrialError};

/// FNV-1a over 64-bit words.
struct Hash(u64);

impl Hash {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn add(&mut self, bits: u64) {
        for byte in bits.to_le_bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

/// How many instruction sets this build has.
pub(crate) fn instruction_sets() -> usize {
    Isa::available().len()
}

/// Fifty steps of several rules on 37 weights, which is no multiple of any lane width. Every instruction set must give
/// the same weights.
///
/// # Panics
/// When two instruction sets differ.
pub(crate) fn adam() -> u64 {
    let mut hash = Hash::new();
    let decoupled = AdamConfig { decay: WeightDecay::Decoupled(0.01), ..AdamConfig::default() };
    for config in [decoupled, AdamConfig::torch_nadam(), AdamConfig::lion(), AdamConfig::adopt()] {
        let weights = Isa::available().into_iter().map(|isa| trained(config, isa));
        let weights: Vec<Vec<f32>> = weights.collect();
        assert!(weights.windows(2).all(|pair| pair[0] == pair[1]), "instruction sets differ");
        weights[0].iter().for_each(|w| hash.add(w.to_bits().into()));
    }
    hash.0
}

fn trained(config: AdamConfig, isa: Isa) -> Vec<f32> {
    let adam = Adam::new(config).expect("a valid configuration").with_isa(isa);
    let mut weights: Vec<f32> = (0..37_u8).map(|i| f32::from(i) / 8.0 - 2.0).collect();
    let mut group = AdamGroup::new(adam, [weights.len()]);
    for step in 0..50_u8 {
        let gradient: Vec<f32> =
            weights.iter().map(|w| w * w * w - f32::from(step) / 64.0).collect();
        group.step(1e-2, [(&mut weights[..], &gradient[..])]);
    }
    weights
}

/// Every kind of curve at every step.
pub(crate) fn schedules() -> u64 {
    let mut hash = Hash::new();
    for text in [
        "warmup(5%) then cosine(to 1%)",
        "warmup(10%) then polynomial(power 2.5)",
        "exponential(to 0.1%)",
        "constant(for 50%) then linear(to 10%)",
        "one_minus_sqrt(to 5%)",
    ] {
        let shape = text.parse::<Shape>().unwrap_or_else(|e| panic!("{text}: {e}"));
        let schedule = shape.bind(1e-3, 100).unwrap_or_else(|e| panic!("{text}: {e}"));
        (0..120).for_each(|step| hash.add(schedule.at(step).to_bits()));
    }
    hash.0
}

/// A study of a quadratic with a generator of its own: every interval and verdict of the answer.
pub(crate) fn study() -> u64 {
    let config = StudyConfig {
        arms: vec![
            Arm::new("constant", "constant", Role::Baseline),
            Arm::new("cosine", "cosine", Role::Decay),
        ],
        steps: 60,
        pairs: 12,
        metric: "minus_loss".into(),
        ..StudyConfig::default()
    };
    let study = Study::new(config).expect("a valid configuration");
    let answer = study.run(&Quadratic, &Session::default()).expect("no run fails");
    let mut hash = Hash::new();
    // The text of a value has all its digits, and leaves out how long runs took.
    format!("{:?} {:?}", answer.decay, answer.arms).bytes().for_each(|byte| hash.add(byte.into()));
    hash.0
}

/// Gradient descent on `w^2 / 2` with noise.
#[derive(Debug)]
struct Quadratic;

impl Trial for Quadratic {
    fn train(&self, run: &RunSpec, _: &RunMonitor<'_>) -> Result<Outcome, TrialError> {
        let schedule = run.schedule();
        let mut state = run.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut w = 1.0_f64;
        let mut metrics = Vec::new();
        for t in 0..run.last_step() {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let noise = f64::from(u32::try_from(state >> 33)?) / f64::from(1_u32 << 30) - 1.0;
            w -= schedule.at(t) * (w + noise);
            if run.evaluates_after(t + 1) {
                metrics.push(-w * w);
            }
        }
        Ok(Outcome { metric: mean(&metrics), loss: Some(w * w), ..Outcome::default() })
    }
}
