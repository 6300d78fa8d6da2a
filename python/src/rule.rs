//! [`Rule`]: the settings of an optimizer, checked; [`Options`]: what a step does besides.

use paso_adam::{
    Adam, AdamConfig, Adopt, AmsGrad, Clip, Epsilon, Nesterov, NonFinite, ScheduleFree,
    StepOptions, WeightDecay, Yogi,
};
use pyo3::prelude::*;

use crate::refused;

/// An update rule with its settings. Immutable.
#[pyclass(frozen, module = "paso_ml._core")]
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rule {
    pub(crate) adam: Adam,
}

/// The names that [`Rule`] knows.
const RULES: &str =
    "adam, amsgrad, nadam, radam, adamax, adabelief, lion, adopt, schedule_free, lamb or yogi";

#[pymethods]
impl Rule {
    /// The rule of this name with these settings; `ValueError` names the first that is out of range.
    #[new]
    #[pyo3(signature = (
        name, *, beta1=0.9, beta2=0.999, eps=1e-8, eps_root=0.0, hat=false, weight_decay=0.0,
        decay="decoupled", maximize=false, cautious=false, momentum_decay=0.004, warmup=0,
        r=0.0, power=2.0, initial=1e-6, clip=true
    ))]
    #[expect(clippy::too_many_arguments, reason = "keyword arguments of Python")]
    fn new(
        name: &str,
        beta1: f64,
        beta2: f64,
        eps: f64,
        eps_root: f64,
        hat: bool,
        weight_decay: f64,
        decay: &str,
        maximize: bool,
        cautious: bool,
        momentum_decay: f64,
        warmup: u64,
        r: f64,
        power: f64,
        initial: f64,
        clip: bool,
    ) -> PyResult<Self> {
        let rule = match name {
            "adam" => paso_adam::Rule::Adam,
            "amsgrad" => paso_adam::Rule::AmsGrad(AmsGrad::Raw),
            "nadam" => paso_adam::Rule::NAdam(Nesterov::Warming { decay: momentum_decay }),
            "radam" => paso_adam::Rule::RAdam,
            "adamax" => paso_adam::Rule::Adamax,
            "adabelief" => paso_adam::Rule::AdaBelief,
            "lion" => paso_adam::Rule::Lion,
            "adopt" => {
                let default = Adopt::default();
                paso_adam::Rule::Adopt(Adopt { clip: default.clip.filter(|_| clip), ..default })
            }
            "schedule_free" => paso_adam::Rule::ScheduleFree(ScheduleFree { warmup, r, power }),
            "lamb" => paso_adam::Rule::Lamb,
            "yogi" => paso_adam::Rule::Yogi(Yogi { initial }),
            other => return Err(refused(format!("rule is {other:?}; it must be {RULES}"))),
        };
        let decay = match decay {
            _ if weight_decay == 0.0 => WeightDecay::None,
            "l2" => WeightDecay::L2(weight_decay),
            "decoupled" => WeightDecay::Decoupled(weight_decay),
            "constant" => WeightDecay::Constant(weight_decay),
            other => {
                let allowed = "it must be l2, decoupled or constant";
                return Err(refused(format!("decay is {other:?}; {allowed}")));
            }
        };
        let epsilon = if hat { Epsilon::Hat } else { Epsilon::Corrected };
        let config =
            AdamConfig { rule, beta1, beta2, eps, epsilon, eps_root, decay, maximize, cautious };
        Ok(Self { adam: Adam::new(config).map_err(refused)? })
    }

    /// PyTorch's names of the moments that the rule keeps.
    fn moment_names(&self) -> Vec<&'static str> {
        paso_adam::BorrowedGroup::new(self.adam, []).moment_names().to_vec()
    }

    /// The largest |step| / lr that any gradients can make of step `t`; `None` without such a bound.
    fn longest_step(&self, t: u64) -> Option<f64> {
        self.adam.longest_step(t)
    }

    fn __repr__(&self) -> String {
        format!("{:?}", self.adam.config())
    }
}

/// What a step does besides the update. Immutable.
#[pyclass(frozen, module = "paso_ml._core")]
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    pub(crate) options: StepOptions,
}

#[pymethods]
impl Options {
    #[new]
    #[pyo3(signature = (*, clip_value=None, clip_tensor_norm=None, nonfinite="pass", audit=false))]
    fn new(
        clip_value: Option<f64>,
        clip_tensor_norm: Option<f64>,
        nonfinite: &str,
        audit: bool,
    ) -> PyResult<Self> {
        let clip = match (clip_value, clip_tensor_norm) {
            (None, None) => Clip::None,
            (Some(value), None) => Clip::Value(value),
            (None, Some(norm)) => Clip::TensorNorm(norm),
            (Some(_), Some(_)) => {
                return Err(refused(
                    "clip_value and clip_tensor_norm: only one of them can be given",
                ));
            }
        };
        let non_finite = match nonfinite {
            "pass" => NonFinite::Pass,
            "skip" => NonFinite::Skip,
            "refuse" => NonFinite::Refuse,
            other => {
                let allowed = "it must be pass, skip or refuse";
                return Err(refused(format!("nonfinite is {other:?}; {allowed}")));
            }
        };
        let options = StepOptions { clip, non_finite, audit, ..StepOptions::default() };
        options.validate().map_err(refused)?;
        Ok(Self { options })
    }
}
