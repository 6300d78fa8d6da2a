//! How a step of an [`AdamGroup`] is taken: checks, the norm of all gradients where one is needed,
//! and then each tensor's [`Step`](crate::step::Step).

use crate::audit::StepAudit;
use crate::checks::assert_lr;
use crate::chunks::{Chunk, Threads};
use crate::clip_norm::GradSize;
use crate::error::Error;
use crate::group::AdamGroup;
use crate::options::{Clip, NonFinite, StepOptions, StepReport};
use crate::step::{GradScale, StepExtras, measure};
use crate::tensors::{AsParam, Flat, ParamMut, Tensors};

/// The moments of all tensors; empty where the rule has fewer than three.
type Moments<'a> = [&'a mut [f32]; 3];

impl AdamGroup {
    /// The pool, or the caller's thread for a small group.
    #[cfg(feature = "rayon")]
    pub(crate) fn pool(&self) -> Threads {
        Threads::of_pool(self.moments[0].len())
    }

    /// A step over the group's own moments.
    fn over_own<R>(&mut self, step: impl FnOnce(&mut Self, Moments<'_>) -> R) -> R {
        let mut own = core::mem::take(&mut self.moments);
        let [a, b, c] = &mut own;
        let result = step(self, [a, b, c]);
        self.moments = own;
        result
    }

    #[track_caller]
    pub(crate) fn plain<T: AsParam>(&mut self, threads: Threads, lr: f64, tensors: &mut [T]) {
        self.assert_fits(lr, tensors);
        self.over_own(|group, moments| group.apply_plain(threads, lr, tensors, moments));
    }

    #[track_caller]
    pub(crate) fn audited<T: AsParam>(
        &mut self,
        threads: Threads,
        lr: f64,
        tensors: &mut [T],
    ) -> StepAudit {
        self.assert_fits(lr, tensors);
        let extras = StepExtras { ema_weight: 0.0, tensor_norm: f64::INFINITY, audit: true };
        self.over_own(|group, moments| {
            group.apply_extras(threads, lr, GradScale::NONE, extras, tensors, moments)
        })
    }

    #[track_caller]
    pub(crate) fn with_options<T: AsParam>(
        &mut self,
        threads: Threads,
        lr: f64,
        options: &StepOptions,
        tensors: &mut [T],
    ) -> Result<StepReport, Error> {
        self.assert_fits(lr, tensors);
        self.over_own(|group, moments| group.apply_options(threads, lr, options, tensors, moments))
    }

    #[track_caller]
    pub(crate) fn flat(
        &mut self,
        threads: Threads,
        lr: f64,
        options: &StepOptions,
        tensors: Flat<'_>,
    ) -> Result<StepReport, Error> {
        assert_flat(lr, self.moments[0].len(), &tensors);
        self.over_own(|group, moments| group.flat_over(threads, lr, options, tensors, moments))
    }

    /// A step over tensors and moments that lie one after the other, whose lengths were checked.
    pub(crate) fn flat_over(
        &mut self,
        threads: Threads,
        lr: f64,
        options: &StepOptions,
        tensors: Flat<'_>,
        moments: Moments<'_>,
    ) -> Result<StepReport, Error> {
        if *options != StepOptions::default() {
            return self.apply_options(threads, lr, options, tensors, moments);
        }
        self.apply_plain(threads, lr, tensors, moments);
        Ok(StepReport { taken: true, norm: None, audit: None })
    }

    #[track_caller]
    fn assert_fits<T: AsParam>(&self, lr: f64, mut tensors: &mut [T]) {
        assert_lr(lr);
        let (given, known) = (tensors.len(), self.lens.len());
        assert!(given == known, "{given} tensors given, the group has {known}");
        tensors.for_each(&[], |i, ParamMut { weights, gradient, average }| {
            let len = self.lens[i];
            let (w, g, a) = (weights.len(), gradient.values().len(), average.len());
            assert!(w == len, "tensor {i} has {w} weights, the group has {len} for it");
            assert!(g == len, "tensor {i} has {g} gradients and {len} weights");
            assert!(a == len || a == 0, "tensor {i} has {a} averages and {len} weights");
        });
    }

    /// A plain step: no options, no audit.
    fn apply_plain(
        &mut self,
        threads: Threads,
        lr: f64,
        tensors: impl Tensors,
        moments: Moments<'_>,
    ) {
        self.fold(lr, GradScale::NONE);
        let (folded, setting_of) = (&self.folded, &self.setting_of);
        let each = |i: usize, chunk: Chunk<'_>| {
            folded[setting_of.get(i).copied().unwrap_or(0)].tensor(threads, chunk);
        };
        threads.tensors((0, &self.lens), tensors, moments, &each, &|(), ()| ());
    }

    /// A step with options.
    fn apply_options(
        &mut self,
        threads: Threads,
        lr: f64,
        options: &StepOptions,
        mut tensors: impl Tensors,
        mut moments: Moments<'_>,
    ) -> Result<StepReport, Error> {
        options.validate()?;
        let (mut scale, mut norm) = (options.unscale, None);
        if let Some(clip) = options.global_norm() {
            let size = self.measure(threads, &mut tensors, &mut moments, clip.norm_type);
            let length = size.norm(clip.norm_type) * options.unscale;
            scale *= clip.factor(length);
            norm = Some(length);
            let largest = self.largest_gradient(options.clip) / scale;
            let fits = size.squares.is_finite() && f64::from(size.largest) <= largest;
            if options.non_finite != NonFinite::Pass && !fits {
                return match options.non_finite {
                    NonFinite::Refuse => Err(self.refused(&mut tensors, largest)),
                    _ => Ok(StepReport { taken: false, norm: None, audit: None }),
                };
            }
        }
        let clip = if let Clip::Value(max) = options.clip { max } else { f64::INFINITY };
        let extras = StepExtras {
            ema_weight: crate::math::round(1.0 - options.average),
            tensor_norm: if let Clip::TensorNorm(max) = options.clip { max } else { f64::INFINITY },
            audit: options.audit,
        };
        let scaled = GradScale { scale, clip };
        let audit = self.apply_extras(threads, lr, scaled, extras, tensors, moments);
        Ok(StepReport { taken: true, norm, audit: options.audit.then_some(audit) })
    }

    /// A step with its extras.
    fn apply_extras(
        &mut self,
        threads: Threads,
        lr: f64,
        gradient: GradScale,
        extras: StepExtras,
        tensors: impl Tensors,
        moments: Moments<'_>,
    ) -> StepAudit {
        self.fold(lr, gradient);
        let (folded, setting_of) = (&self.folded, &self.setting_of);
        let each = |i: usize, chunk: Chunk<'_>| {
            let step = &folded[setting_of.get(i).copied().unwrap_or(0)];
            step.tensor_with(threads, chunk, extras)
        };
        let merge = |a: StepAudit, b| a.merge(&b);
        let audit = threads.tensors((0, &self.lens), tensors, moments, &each, &merge);
        let longest = if extras.audit { self.longest_step() } else { None };
        StepAudit { longest_step: longest.unwrap_or(0.0), ..audit }
    }

    /// The longest step of any tensor; `None` when one of them has no bound.
    fn longest_step(&self) -> Option<f64> {
        let bounds = self.settings.iter().map(|setting| setting.config.longest_step(self.steps));
        bounds.reduce(|a, b| a.zip(b).map(|(a, b)| a.max(b))).flatten()
    }

    /// The size of all gradients together.
    fn measure(
        &mut self,
        threads: Threads,
        tensors: &mut impl Tensors,
        moments: &mut Moments<'_>,
        norm_type: f64,
    ) -> GradSize {
        let isa = self.adam.isa();
        let each = |_: usize, chunk: Chunk<'_>| measure(isa, threads, chunk, norm_type);
        let [a, b, c] = moments;
        let tensors = tensors.reborrow();
        threads.tensors((0, &self.lens), tensors, [a, b, c], &each, &GradSize::merge)
    }

    /// The largest magnitude of a scaled gradient that the rule can take in under this clipping.
    fn largest_gradient(&self, clip: Clip) -> f64 {
        let largest = self.adam.config().rule.formula().largest_gradient();
        match clip {
            // What is clipped to less, whatever it was, fits.
            Clip::Value(max) | Clip::TensorNorm(max) if max <= largest => f64::INFINITY,
            _ => largest,
        }
    }

    /// The error that names the first gradient that is NaN, infinite, or larger than this.
    fn refused(&self, tensors: &mut impl Tensors, largest: f64) -> Error {
        let mut found = None;
        tensors.for_each(&self.lens, |i, ParamMut { gradient, .. }| {
            let mut values = gradient.values().iter().enumerate();
            let beyond = |x: f32| !x.is_finite() || f64::from(x.abs()) > largest;
            let first = values.find(|&(_, &value)| beyond(value));
            found = found.or(first.map(|(index, &value)| (i, index, value)));
        });
        let (tensor, index, value) = found.unwrap_or((0, 0, f32::NAN));
        let tensor = self.name(tensor);
        if value.is_finite() {
            return Error::TooLarge { tensor, index, value, largest };
        }
        Error::NonFinite { tensor, index, value }
    }
}

/// Panics unless weights and gradient have `n` values each.
#[track_caller]
pub(crate) fn assert_flat(lr: f64, n: usize, tensors: &Flat<'_>) {
    assert_lr(lr);
    let (w, g) = (tensors.weights.len(), tensors.gradient.len());
    assert!(w == n, "{w} weights, the group has {n}");
    assert!(g == n, "{g} gradients, the group has {n} weights");
}
