//! [`AdamGroup`]: many tensors stepped as one, with their moments and the count of steps.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use crate::adam::Adam;
use crate::config::AdamConfig;
use crate::error::Error;
use crate::param::Param;
use crate::rules::StepContext;
use crate::scalars::Scalars;
use crate::step::{GradScale, Setting, Step};

/// An optimizer for a list of tensors: it owns their moments and counts the steps.
///
/// The moments of all tensors lie in one buffer each, in the order of the tensors. A step allocates
/// nothing.
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
    pub(crate) folded: Vec<Step>,
}

impl AdamGroup {
    /// An optimizer for tensors of these lengths, before its first step.
    #[must_use]
    pub fn new(adam: Adam, lens: impl IntoIterator<Item = usize>) -> Self {
        let setting = Setting::new(*adam.config(), 1.0);
        Self::build(adam, lens.into_iter().collect(), vec![], vec![setting], vec![])
    }

    /// An optimizer for named tensors, each with its own settings, before its first step.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] when a field of a tensor is out of range, [`Error::DuplicateName`]
    /// when two have one name.
    pub fn with_params(adam: Adam, params: impl IntoIterator<Item = Param>) -> Result<Self, Error> {
        let (mut lens, mut names) = (Vec::new(), Vec::new());
        let (mut settings, mut setting_of) = (Vec::new(), Vec::new());
        for param in params {
            let config = param.config(adam.config())?;
            let setting = Setting::new(config, param.lr_scale);
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
            return Err(Error::DuplicateName(twice[0].clone()));
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
        let used = adam.config().rule.formula().moment_names().len();
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

    /// Continues with another optimizer of the same rule: for betas that follow a schedule, as
    /// PyTorch's `OneCycleLR` has them. What tensors have of their own (scales, betas, `eps`) does
    /// not change.
    ///
    /// # Panics
    /// When the rule is another one.
    #[track_caller]
    pub fn set_adam(&mut self, adam: Adam) {
        let (old, new) = (*self.adam.config(), *adam.config());
        assert!(old.rule == new.rule, "rule {:?} cannot continue as {:?}", old.rule, new.rule);
        for setting in &mut self.settings {
            let own = setting.config;
            let config = AdamConfig {
                decay: if own.decay == old.decay { new.decay } else { own.decay },
                beta1: if own.beta1 == old.beta1 { new.beta1 } else { own.beta1 },
                beta2: if own.beta2 == old.beta2 { new.beta2 } else { own.beta2 },
                eps: if own.eps == old.eps { new.eps } else { own.eps },
                ..new
            };
            *setting = Setting::new(config, setting.lr_scale);
        }
        self.adam = adam;
    }

    /// The name of tensor `i`, or its number where it has none.
    pub(crate) fn name(&self, i: usize) -> String {
        self.names.get(i).cloned().unwrap_or_else(|| format!("{i}"))
    }

    /// Counts the step and folds its constants.
    pub(crate) fn fold(&mut self, lr: f64, gradient: GradScale) {
        self.steps += 1;
        let (t, isa) = (self.steps, self.adam.isa());
        let formula = self.adam.config().rule.formula();
        if formula.has_scalars() {
            let hyper = self.adam.config().hyper_params();
            self.scalars = formula.scalars(&StepContext { hyper, t, lr, scalars: self.scalars });
        }
        let scalars = self.scalars;
        self.folded.clear();
        let fold = |setting| Step::new(setting, isa, t, lr, scalars, gradient);
        self.folded.extend(self.settings.iter().map(fold));
    }
}
