//! [`AdamGroup`]: many tensors stepped as one, with their moments and the count of steps.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use crate::adam::{Adam, assert_lr};
use crate::audit::StepAudit;
use crate::chunks::{Chunk, ParamMut, Source, Threads};
use crate::config::AdamConfig;
use crate::error::Error;
use crate::options::{Clip, NonFinite, StepOptions, StepReport};
use crate::param::Param;
use crate::scalars::Scalars;
use crate::step::{Step, StepExtras};

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
    pub(crate) adam: Adam,
    pub(crate) steps: u64,
    pub(crate) lens: Vec<usize>,
    /// The tensors' names; empty where they have none but their numbers.
    pub(crate) names: Vec<String>,
    pub(crate) moments: [Vec<f32>; 3],
    pub(crate) scalars: Scalars,
    /// Different settings, and which of them each tensor has (empty where there is one for all).
    pub(crate) settings: Vec<Setting>,
    pub(crate) setting_of: Vec<usize>,
    /// The settings' folded steps: kept here so that a step allocates nothing.
    folded: Vec<Step>,
}

/// Settings that tensors share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Setting {
    config: AdamConfig,
    lr_scale: f64,
}

impl AdamGroup {
    /// An optimizer for tensors of these lengths, before its first step.
    #[must_use]
    pub fn new(adam: Adam, lens: impl IntoIterator<Item = usize>) -> Self {
        let setting = Setting { config: *adam.config(), lr_scale: 1.0 };
        Self::build(adam, lens.into_iter().collect(), vec![], vec![setting], vec![])
    }

    /// An optimizer for named tensors, each with its own settings, before its first step.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] when a field of a tensor is out of range, [`Error::State`] when two have one name.
    pub fn with_params(adam: Adam, params: impl IntoIterator<Item = Param>) -> Result<Self, Error> {
        let (mut lens, mut names) = (Vec::new(), Vec::new());
        let (mut settings, mut setting_of) = (Vec::new(), Vec::new());
        for param in params {
            param.validate()?;
            let base = *adam.config();
            let config = AdamConfig {
                decay: base.decay.scaled(param.decay_scale),
                eps: param.eps.unwrap_or(base.eps),
                ..base
            };
            config.validate()?;
            let setting = Setting { config, lr_scale: param.lr_scale };
            let known = settings.iter().position(|&other| other == setting);
            setting_of.push(known.unwrap_or(settings.len()));
            if known.is_none() {
                settings.push(setting);
            }
            lens.push(param.len);
            names.push(param.name);
        }
        let mut sorted: Vec<&String> = names.iter().collect();
        sorted.sort();
        if let Some(twice) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(Error::State(format!("two tensors are named `{}`", twice[0])));
        }
        Ok(Self::build(adam, lens, names, settings, setting_of))
    }

    fn build(
        adam: Adam,
        lens: Vec<usize>,
        names: Vec<String>,
        settings: Vec<Setting>,
        setting_of: Vec<usize>,
    ) -> Self {
        let total = lens.iter().sum();
        let used = adam.config().rule.names().len();
        let moments = [0, 1, 2].map(|k| if k < used { vec![0.0; total] } else { vec![] });
        let folded = Vec::with_capacity(settings.len());
        let scalars = Scalars::default();
        Self { adam, steps: 0, lens, names, moments, scalars, settings, setting_of, folded }
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

    /// Goes on with another optimizer of the same rule: for betas that follow a schedule, as PyTorch's `OneCycleLR`
    /// has them. What tensors have of their own (scales, `eps`) does not change.
    ///
    /// # Panics
    /// When the rule is another one.
    #[track_caller]
    pub fn set_adam(&mut self, adam: Adam) {
        let (old, new) = (*self.adam.config(), *adam.config());
        assert!(old.rule == new.rule, "rule {:?} cannot go on as {:?}", old.rule, new.rule);
        for setting in &mut self.settings {
            let own = setting.config;
            setting.config = AdamConfig {
                decay: if own.decay == old.decay { new.decay } else { own.decay },
                eps: if own.eps == old.eps { new.eps } else { own.eps },
                ..new
            };
        }
        self.adam = adam;
    }

    /// Takes the next step with the learning rate `lr`, in the caller's thread. Tensors are pairs of weights and gradient, in
    /// the order of the lengths given to [`AdamGroup::new`].
    ///
    /// # Panics
    /// When the number of tensors or one of their lengths is another than the group's, or `lr` is negative,
    /// infinite or NaN. Nothing has been changed then.
    #[track_caller]
    pub fn step<'w, 'g>(&mut self, lr: f64, mut tensors: impl AsMut<[(&'w mut [f32], &'g [f32])]>) {
        self.plain(Threads::One, lr, tensors.as_mut());
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
    pub fn par_step<'w, 'g>(
        &mut self,
        lr: f64,
        mut tensors: impl AsMut<[(&'w mut [f32], &'g [f32])]>,
    ) {
        self.plain(self.pool(), lr, tensors.as_mut());
    }

    /// [`AdamGroup::step`], and what it did. The weights have the same bits.
    ///
    /// # Panics
    /// As [`AdamGroup::step`].
    #[track_caller]
    pub fn step_audited<'w, 'g>(
        &mut self,
        lr: f64,
        mut tensors: impl AsMut<[(&'w mut [f32], &'g [f32])]>,
    ) -> StepAudit {
        self.audited(Threads::One, lr, tensors.as_mut())
    }

    /// [`AdamGroup::step_audited`] on the threads of the current rayon pool.
    ///
    /// # Panics
    /// As [`AdamGroup::step`].
    #[cfg(feature = "rayon")]
    #[track_caller]
    pub fn par_step_audited<'w, 'g>(
        &mut self,
        lr: f64,
        mut tensors: impl AsMut<[(&'w mut [f32], &'g [f32])]>,
    ) -> StepAudit {
        self.audited(self.pool(), lr, tensors.as_mut())
    }

    /// Takes the next step with all that [`StepOptions`] and the tensors ask for: clipping, a policy for NaN, a running
    /// average of the weights, gradients set to zero, an audit.
    ///
    /// ```
    /// use paso_adam::{Adam, AdamConfig, AdamGroup, Clip, Gradient, StepOptions, ParamMut};
    ///
    /// let mut group = AdamGroup::new(Adam::new(AdamConfig::default())?, [3]);
    /// let (mut weights, mut gradient, mut average) = ([1.0; 3], [30.0, 0.0, 40.0], [1.0; 3]);
    /// let options = StepOptions { clip: Clip::global_norm(1.0), ..StepOptions::default() };
    /// let report = group.step_with(1e-3, &options, [ParamMut {
    ///     weights: &mut weights,
    ///     gradient: Gradient::Zero(&mut gradient),
    ///     average: &mut average,
    /// }])?;
    /// assert_eq!(report.norm, Some(50.0));
    /// assert_eq!(gradient, [0.0; 3]);
    /// # Ok::<(), paso_adam::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidValue`] when an option is out of range, [`Error::NonFinite`] under [`NonFinite::Refuse`]. Nothing has
    /// been changed then.
    ///
    /// # Panics
    /// As [`AdamGroup::step`].
    #[track_caller]
    pub fn step_with<'a>(
        &mut self,
        lr: f64,
        options: &StepOptions,
        mut tensors: impl AsMut<[ParamMut<'a>]>,
    ) -> Result<StepReport, Error> {
        self.take(Threads::One, lr, options, tensors.as_mut())
    }

    /// [`AdamGroup::step_with`] on the threads of the current rayon pool: the same bits.
    ///
    /// # Errors
    /// As [`AdamGroup::step_with`].
    ///
    /// # Panics
    /// As [`AdamGroup::step`].
    #[cfg(feature = "rayon")]
    #[track_caller]
    pub fn par_step_with<'a>(
        &mut self,
        lr: f64,
        options: &StepOptions,
        mut tensors: impl AsMut<[ParamMut<'a>]>,
    ) -> Result<StepReport, Error> {
        self.take(self.pool(), lr, options, tensors.as_mut())
    }

    /// The pool, unless the group is so small that waking a thread costs more than it brings.
    #[cfg(feature = "rayon")]
    fn pool(&self) -> Threads {
        let small = self.moments[0].len() <= crate::chunks::SERIAL;
        if small { Threads::One } else { Threads::Pool }
    }

    /// A plain step: no options, no audit.
    #[track_caller]
    fn plain<T: Source>(&mut self, threads: Threads, lr: f64, tensors: &mut [T]) {
        assert_lr(lr);
        self.assert_fits(tensors);
        self.fold(lr, [1.0, f64::INFINITY]);
        let (folded, setting_of) = (&self.folded, &self.setting_of);
        let [a, b, c] = &mut self.moments;
        let each = |i: usize, chunk: Chunk<'_>| {
            folded[setting_of.get(i).copied().unwrap_or(0)].tensor(threads, chunk);
        };
        threads.tensors(0, tensors, [a, b, c], &each, &|(), ()| ());
    }

    /// A plain step with an audit.
    #[track_caller]
    fn audited<T: Source>(&mut self, threads: Threads, lr: f64, tensors: &mut [T]) -> StepAudit {
        assert_lr(lr);
        self.assert_fits(tensors);
        let extras = StepExtras { ema_weight: 0.0, tensor_norm: f64::INFINITY, audit: true };
        self.apply(threads, lr, [1.0, f64::INFINITY], extras, tensors)
    }

    /// A step with its options.
    #[track_caller]
    fn take<T: Source>(
        &mut self,
        threads: Threads,
        lr: f64,
        options: &StepOptions,
        tensors: &mut [T],
    ) -> Result<StepReport, Error> {
        assert_lr(lr);
        options.validate()?;
        self.assert_fits(tensors);
        let (mut scale, mut norm) = (options.unscale, None);
        if options.measures() {
            let size = self.measure(threads, tensors);
            if options.non_finite != NonFinite::Pass && !size.squares.is_finite() {
                return match options.non_finite {
                    NonFinite::Refuse => Err(self.first_non_finite(tensors)),
                    _ => Ok(StepReport { taken: false, norm: None, audit: None }),
                };
            }
            let length = libm::sqrt(size.squares) * options.unscale;
            let (length, bound) = match options.clip {
                Clip::GlobalNorm { max, eps } => (length, max / (length + eps)),
                Clip::GlobalMax { max, eps } => {
                    // A NaN is no magnitude, but it is in the sum of squares.
                    let most = f64::from(size.largest) * options.unscale;
                    let most = if size.squares.is_nan() { f64::NAN } else { most };
                    (most, max / (most + eps))
                }
                _ => (length, 1.0),
            };
            // Written so that a norm of NaN scales by NaN: it is not hidden.
            scale *= if bound >= 1.0 { 1.0 } else { bound };
            norm = Some(length);
        }
        let clip = if let Clip::Value(max) = options.clip { max } else { f64::INFINITY };
        let tensor_norm =
            if let Clip::TensorNorm(max) = options.clip { max } else { f64::INFINITY };
        let ema_weight = crate::math::round(1.0 - options.average);
        let extras = StepExtras { ema_weight, tensor_norm, audit: options.audit };
        let audit = self.apply(threads, lr, [scale, clip], extras, tensors);
        Ok(StepReport { taken: true, norm, audit: options.audit.then_some(audit) })
    }

    /// Takes the step with its extras.
    fn apply<T: Source>(
        &mut self,
        threads: Threads,
        lr: f64,
        scale_and_clip: [f64; 2],
        extras: StepExtras,
        tensors: &mut [T],
    ) -> StepAudit {
        self.fold(lr, scale_and_clip);
        let (folded, setting_of) = (&self.folded, &self.setting_of);
        let [a, b, c] = &mut self.moments;
        let each = |i: usize, chunk: Chunk<'_>| {
            let step = &folded[setting_of.get(i).copied().unwrap_or(0)];
            step.tensor_with(threads, chunk, extras)
        };
        let audit = threads.tensors(0, tensors, [a, b, c], &each, &|a: StepAudit, b| a.merge(&b));
        // The bound does not depend on what tensors have of their own.
        let longest = if extras.audit { self.adam.longest_step(self.steps) } else { None };
        StepAudit { longest_step: longest.unwrap_or(0.0), ..audit }
    }

    /// Counts the step and folds its constants.
    fn fold(&mut self, lr: f64, scale_and_clip: [f64; 2]) {
        self.steps += 1;
        self.scalars = self.scalars.after(self.adam.config(), self.steps, lr);
        self.folded.clear();
        let (t, scalars, isa) = (self.steps, self.scalars, self.adam.isa());
        self.folded.extend(self.settings.iter().map(|setting| {
            Step::new(&setting.config, isa, t, lr * setting.lr_scale, scalars, scale_and_clip)
        }));
    }

    #[track_caller]
    fn assert_fits<T: Source>(&self, tensors: &mut [T]) {
        let (given, known) = (tensors.len(), self.lens.len());
        assert!(given == known, "{given} tensors given, the group has {known}");
        for (i, (tensor, &len)) in tensors.iter_mut().zip(&self.lens).enumerate() {
            let (weights, gradient, average) = tensor.parts();
            let (w, g, a) = (weights.len(), gradient.values().len(), average.len());
            assert!(w == len, "tensor {i} has {w} weights, the group has {len} for it");
            assert!(g == len, "tensor {i} has {g} gradients and {len} weights");
            assert!(a == len || a == 0, "tensor {i} has {a} averages and {len} weights");
        }
    }
}
