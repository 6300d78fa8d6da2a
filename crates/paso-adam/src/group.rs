//! [`AdamGroup`]: many tensors stepped as one, with their moments and the count of steps.

use alloc::format;
use alloc::vec;
use alloc::vec::Vec;

use crate::adam::{Adam, Step};
use crate::error::Error;
use crate::state::{AdamState, Moment, VERSION};

/// An optimizer for a list of tensors: it owns their moments and counts the steps.
///
/// The moments of all tensors lie in one buffer each, in the order of the tensors. A step allocates nothing.
///
/// ```
/// use paso_adam::{Adam, AdamConfig, AdamGroup};
///
/// let (mut kernel, mut bias) = ([0.5_f32; 27], [0.0_f32; 3]);
/// let (d_kernel, d_bias) = ([0.1_f32; 27], [-0.1_f32; 3]);
///
/// let mut group = AdamGroup::new(Adam::new(AdamConfig::default())?, [kernel.len(), bias.len()]);
/// group.step(1e-3, [(&mut kernel[..], &d_kernel[..]), (&mut bias[..], &d_bias[..])]);
/// assert!((kernel[0] - 0.499).abs() < 1e-6 && (bias[2] - 0.001).abs() < 1e-6);
/// assert_eq!(group.steps(), 1);
/// # Ok::<(), paso_adam::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct AdamGroup {
    adam: Adam,
    steps: u64,
    lens: Vec<usize>,
    /// Those that the rule does not have are empty.
    moments: [Vec<f32>; 3],
}

/// A tensor of a step: its weights and its gradient, of one length.
pub(crate) type Tensor<'w, 'g> = (&'w mut [f32], &'g [f32]);

impl AdamGroup {
    /// An optimizer for tensors of these lengths, before its first step.
    #[must_use]
    pub fn new(adam: Adam, lens: impl IntoIterator<Item = usize>) -> Self {
        let lens: Vec<usize> = lens.into_iter().collect();
        let total = lens.iter().sum();
        let used = adam.moments().len();
        let moments = [0, 1, 2].map(|i| vec![0.0; if i < used { total } else { 0 }]);
        Self { adam, steps: 0, lens, moments }
    }

    /// An optimizer that goes on where [`AdamGroup::state`] was taken: the next steps have the same bits as if it
    /// had never stopped.
    ///
    /// # Errors
    /// [`Error::Version`] when the state was written by another version of its format, [`Error::State`] when it
    /// contradicts itself (a moment is missing, or has another length than its tensors).
    pub fn resume(adam: Adam, state: AdamState) -> Result<Self, Error> {
        if state.version != VERSION {
            return Err(Error::Version { found: state.version, expected: VERSION });
        }
        let AdamState { step, lens, moments, .. } = state;
        let total = lens.iter().try_fold(0_usize, |sum, &len| sum.checked_add(len));
        let mut moments = moments.into_iter();
        let mut take = |name: &str| match moments.next() {
            Some(moment) if moment.name != name => {
                Err(Error::State(format!("moment `{}` where `{name}` is needed", moment.name)))
            }
            Some(moment) if Some(moment.values.len()) != total => Err(Error::State(format!(
                "moment `{name}` has {} values, its tensors have {}",
                moment.values.len(),
                total.map_or_else(|| "too many".into(), |n| format!("{n}")),
            ))),
            Some(moment) => Ok(moment.values),
            None => Err(Error::State(format!("moment `{name}` is missing"))),
        };
        let mut taken = [const { Vec::new() }; 3];
        for (taken, name) in taken.iter_mut().zip(adam.moments()) {
            *taken = take(name)?;
        }
        match moments.next() {
            Some(moment) => {
                Err(Error::State(format!("moment `{}` is not one of this rule's", moment.name)))
            }
            None => Ok(Self { adam, steps: step, lens, moments: taken }),
        }
    }

    /// A copy of everything but the settings: what a checkpoint needs.
    #[must_use]
    pub fn state(&self) -> AdamState {
        let named = self.adam.moments().iter().zip(&self.moments);
        let moment = |(&name, values): (&&str, &Vec<f32>)| Moment {
            name: name.into(),
            values: values.clone(),
        };
        AdamState {
            version: VERSION,
            step: self.steps,
            lens: self.lens.clone(),
            moments: named.map(moment).collect(),
        }
    }

    /// How many steps were taken.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// The tensors' lengths.
    #[must_use]
    pub fn lens(&self) -> &[usize] {
        &self.lens
    }

    /// The optimizer.
    #[must_use]
    pub fn adam(&self) -> &Adam {
        &self.adam
    }

    /// Takes the next step with the rate `lr`, in the caller's thread. Tensors are pairs of weights and gradient, in
    /// the order of the lengths given to [`AdamGroup::new`].
    ///
    /// # Panics
    /// When the number of tensors or one of their lengths is another than the group's, or `lr` is negative,
    /// infinite or NaN. Nothing has been changed then.
    #[track_caller]
    pub fn step<'w, 'g>(&mut self, lr: f64, mut tensors: impl AsMut<[Tensor<'w, 'g>]>) {
        let tensors = tensors.as_mut();
        let step = self.begin(lr, tensors);
        serial(&step, tensors, self.moments.each_mut().map(|m| &mut m[..]));
    }

    /// [`AdamGroup::step`] on the threads of the current rayon pool (the global one outside of any): the same bits.
    ///
    /// Small groups stay in the caller's thread: up to 100,000 weights, waking a thread costs more than it brings.
    /// Entering a pool costs 5 to 12 microseconds a time, so wrap the training loop in `pool.install(…)`, not each
    /// step.
    ///
    /// # Panics
    /// As [`AdamGroup::step`].
    #[cfg(feature = "rayon")]
    #[track_caller]
    pub fn par_step<'w, 'g>(&mut self, lr: f64, mut tensors: impl AsMut<[Tensor<'w, 'g>]>) {
        let tensors = tensors.as_mut();
        let step = self.begin(lr, tensors);
        let moments = self.moments.each_mut().map(|m| &mut m[..]);
        if self.lens.iter().sum::<usize>() <= crate::threads::SERIAL {
            serial(&step, tensors, moments);
        } else {
            crate::threads::step(&step, tensors, moments);
        }
    }

    /// Checks the tensors, counts the step and folds its constants.
    #[track_caller]
    fn begin(&mut self, lr: f64, tensors: &[Tensor<'_, '_>]) -> Step {
        let (given, known) = (tensors.len(), self.lens.len());
        assert!(given == known, "{given} tensors given, the group has {known}");
        for (i, ((weights, gradient), &len)) in tensors.iter().zip(&self.lens).enumerate() {
            let (w, g) = (weights.len(), gradient.len());
            assert!(w == len, "tensor {i} has {w} weights, the group has {len} for it");
            assert!(g == len, "tensor {i} has {g} gradients and {len} weights");
        }
        let step = self.adam.at(self.steps + 1, lr);
        self.steps += 1;
        step
    }
}

/// Moments of some weights; those that the rule does not have are empty.
pub(crate) type Moments<'a> = [&'a mut [f32]; 3];

/// Moments of the first `middle` weights, and of the others.
pub(crate) fn split(moments: Moments<'_>, middle: usize) -> (Moments<'_>, Moments<'_>) {
    let [(a, d), (b, e), (c, f)] = moments.map(|moment| {
        let middle = middle.min(moment.len());
        moment.split_at_mut(middle)
    });
    ([a, b, c], [d, e, f])
}

/// One tensor after the other, in this thread.
pub(crate) fn serial(step: &Step, tensors: &mut [Tensor<'_, '_>], mut moments: Moments<'_>) {
    for (weights, gradient) in tensors {
        let (here, rest) = split(moments, weights.len());
        step.apply(weights, gradient, here);
        moments = rest;
    }
}
