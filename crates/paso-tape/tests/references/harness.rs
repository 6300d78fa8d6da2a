//! What runs around the operation under test. The bias of a linear layer before it has the gradient
//! of the operation's input, summed over the batch, which central differences of a formula are
//! compared with.

use paso_tape::{Params, Tape, Var};

pub(crate) const BATCH: usize = 3;

/// Reproducible values in -1..1 that do not repeat.
pub(crate) fn wave(len: usize, seed: f64) -> Vec<f32> {
    let value = |i: usize| (f64::from(u32::try_from(i).expect("short")) * 0.739_085_1 + seed).sin();
    #[expect(clippy::cast_possible_truncation, reason = "any nearby f32 will do")]
    (0..len).map(|i| value(i) as f32).collect()
}

pub(crate) fn wide(x: &[f32]) -> Vec<f64> {
    x.iter().map(|&x| f64::from(x)).collect()
}

#[track_caller]
pub(crate) fn assert_near(what: &str, got: &[f32], want: &[f64], bound: f64) {
    assert_eq!(got.len(), want.len(), "{what}: lengths");
    for (i, (&got, want)) in got.iter().zip(want).enumerate() {
        let error = (f64::from(got) - want).abs();
        assert!(error <= bound * (1.0 + want.abs()), "{what}, element {i}: {got}, not {want}");
    }
}

/// What runs before the operation under test: `h` is a linear layer of the input, in the shape that
/// the operation wants.
pub(crate) struct Harness {
    pub(crate) tape: Tape,
    pub(crate) params: Params,
    pub(crate) input: Var,
    pub(crate) h: Var,
}

impl Harness {
    pub(crate) fn new(shape: [usize; 3]) -> Self {
        let (mut tape, mut params) = (Tape::new(), Params::new(9));
        let input = tape.input([1, 1, 4]);
        let h = tape.linear(&mut params, "h", input, shape.iter().product());
        let h = if shape[0] * shape[1] == 1 { h } else { tape.reshape(h, shape) };
        Self { tape, params, input, h }
    }

    /// Runs forward and backward with these extra inputs. Returns `h` and the gradient of its bias.
    pub(crate) fn run(&mut self, extra: &[(Var, &[f32])], loss: Var) -> (Vec<f64>, Vec<f32>, f32) {
        self.tape.keep(self.h);
        self.tape.set_loss(loss);
        let x = wave(BATCH * 4, 0.3);
        let inputs: Vec<_> = [(self.input, &x[..])].into_iter().chain(extra.to_vec()).collect();
        let mut grads = self.params.zero_grads();
        let value = self.tape.forward(&mut self.params, &inputs);
        let h = wide(&self.tape.value(self.h));
        self.tape.backward(&self.params, &mut grads);
        let range = self.params.tensor("h.bias").expect("its bias").range.clone();
        (h, grads[range].to_vec(), value)
    }
}

/// The gradient of `loss` with respect to a shift of element `i` of every image: central
/// differences.
pub(crate) fn slopes(h: &[f64], loss: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    let len = h.len() / BATCH;
    let mut moved = h.to_vec();
    let mut at = |i: usize, shift: f64| {
        (i..h.len()).step_by(len).for_each(|j| moved[j] = h[j] + shift);
        let loss = loss(&moved);
        (i..h.len()).step_by(len).for_each(|j| moved[j] = h[j]);
        loss
    };
    (0..len).map(|i| (at(i, 1e-5) - at(i, -1e-5)) / 2e-5).collect()
}

/// Checks an operation without parameters. `formula` maps a whole batch of inputs to a whole batch
/// of outputs.
#[track_caller]
pub(crate) fn check(
    what: &str,
    shape: [usize; 3],
    record: impl Fn(&mut Tape, Var) -> Var,
    formula: impl Fn(&[f64]) -> Vec<f64>,
) {
    let mut harness = Harness::new(shape);
    let y = record(&mut harness.tape, harness.h);
    harness.tape.keep(y);
    let target = harness.tape.input(harness.tape.shape(y));
    let loss = harness.tape.mse(y, target);
    let len = harness.tape.shape(y).iter().product::<usize>();
    let targets = wave(BATCH * len, 1.7);
    let (h, grads, _) = harness.run(&[(target, &targets)], loss);
    // Values after a backward pass are overwritten: a forward pass alone shows them.
    let x = wave(BATCH * 4, 0.3);
    harness.tape.forward(&mut harness.params, &[(harness.input, &x), (target, &targets)]);
    assert_near(what, &harness.tape.value(y), &formula(&h), 3e-6);
    let count = f64::from(u32::try_from(BATCH * len).expect("short"));
    let want = slopes(&h, |h| {
        let errors = formula(h).into_iter().zip(&targets).map(|(y, &t)| (y - f64::from(t)).powi(2));
        errors.sum::<f64>() / count
    });
    assert!(want.iter().any(|slope| slope.abs() > 1e-3), "{what}: the gradient is not zero");
    assert_near(&format!("gradient of {what}"), &grads, &want, 2e-5);
}

/// Checks a loss between a vector and targets. `formula` has the loss of one image, from its
/// prediction, that prediction before it was moved, and its targets.
#[track_caller]
pub(crate) fn check_loss(
    what: &str,
    len: usize,
    targets: &[f32],
    record: impl Fn(&mut Tape, Var, Var) -> Var,
    formula: impl Fn(&[f64], &[f64], &[f64]) -> f64,
) {
    let mut harness = Harness::new([1, 1, len]);
    let target = harness.tape.input([1, 1, targets.len() / BATCH]);
    let loss = record(&mut harness.tape, harness.h, target);
    let (h, grads, value) = harness.run(&[(target, targets)], loss);
    let targets = wide(targets);
    let mean = |moved: &[f64]| {
        let images =
            moved.chunks(len).zip(h.chunks(len)).zip(targets.chunks(targets.len() / BATCH));
        images.map(|((moved, h), t)| formula(moved, h, t)).sum::<f64>() / BATCH as f64
    };
    assert_near(what, &[value], &[mean(&h)], 3e-6);
    let want = slopes(&h, mean);
    assert!(want.iter().any(|slope| slope.abs() > 1e-3), "{what}: the gradient is not zero");
    assert_near(&format!("gradient of {what}"), &grads, &want, 2e-5);
}

pub(crate) fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}
