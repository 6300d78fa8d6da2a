//! [`Block`]: parameters whose weights, gradients and moments lie in flat arrays, one after the
//! other, and which are stepped in one call.
//!
//! The arrays share the memory of torch tensors, so nothing is copied. `watch.py` looks after the
//! parameters themselves.

use numpy::{PyArray1, PyArrayMethods, PyReadonlyArray1, PyUntypedArrayMethods};
use paso_adam::{BorrowedGroup, Isa, StateMut, StepAudit, StepOptions};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::rule::{Options, Rule};
use crate::runs::{SCALARS, read, runs, write};
use crate::{pools, refused};

/// Steps of no more weights than this stay in the caller's thread.
const SERIAL: usize = 100_000;

/// Parameters that are stepped in one call.
#[pyclass(module = "paso_ml._core")]
#[derive(Debug)]
pub(crate) struct Block {
    group: BorrowedGroup,
    weights: Py<PyArray1<f32>>,
    gradient: Option<Py<PyArray1<f32>>>,
    moments: Vec<Py<PyArray1<f32>>>,
    steps: Py<PyArray1<f32>>,
    scalars: Option<Py<PyArray1<f64>>>,
    total: usize,
}

#[pymethods]
impl Block {
    /// Parameters of these lengths over these arrays. `gradient` may be left out where every step
    /// brings its own.
    #[new]
    #[pyo3(signature = (rule, lens, weights, gradient, moments, steps, scalars=None))]
    #[expect(clippy::too_many_arguments, reason = "the arrays of a block")]
    fn new(
        py: Python<'_>,
        rule: &Rule,
        lens: Vec<usize>,
        weights: Py<PyArray1<f32>>,
        gradient: Option<Py<PyArray1<f32>>>,
        moments: Vec<Py<PyArray1<f32>>>,
        steps: Py<PyArray1<f32>>,
        scalars: Option<Py<PyArray1<f64>>>,
    ) -> PyResult<Self> {
        let total: usize = lens.iter().sum();
        let count = lens.len();
        let group = BorrowedGroup::new(rule.adam, lens);
        let names = group.moment_names();
        let fits = |what: &str, found: usize, needed: usize| {
            if found == needed {
                return Ok(());
            }
            Err(refused(format!("{what}: {found} values where {needed} are needed")))
        };
        // Lengths need no borrow: another thread may be at a step of the same array.
        let len = |array: &Py<PyArray1<f32>>| array.bind(py).len();
        fits("weights", len(&weights), total)?;
        if let Some(gradient) = &gradient {
            fits("gradient", len(gradient), total)?;
        }
        fits("moments", moments.len(), names.len())?;
        for (name, moment) in names.iter().zip(&moments) {
            fits(name, len(moment), total)?;
        }
        fits("steps", len(&steps), count)?;
        if let Some(scalars) = &scalars {
            fits("scalars", scalars.bind(py).len(), count * SCALARS)?;
        }
        Ok(Self { group, weights, gradient, moments, steps, scalars, total })
    }

    /// Takes a step. `gradient` is that of a block without one of its own; `active` says which
    /// parameters have a gradient, and all have without it. Returns the audit, where one was asked
    /// for.
    #[pyo3(signature = (rule, options, lr, threads=1, unscale=1.0, gradient=None, active=None))]
    #[expect(clippy::too_many_arguments, reason = "what a step is made of")]
    fn step<'py>(
        &mut self,
        py: Python<'py>,
        rule: &Rule,
        options: &Options,
        lr: f64,
        threads: usize,
        unscale: f64,
        gradient: Option<PyReadonlyArray1<'py, f32>>,
        active: Option<Vec<bool>>,
    ) -> PyResult<Option<Bound<'py, PyDict>>> {
        if !(0.0..=f64::from(f32::MAX)).contains(&lr) {
            let allowed = "it must be at least 0, and at most 3.4e38";
            return Err(refused(format!("lr is {lr}; {allowed}")));
        }
        if self.group.adam().config() != rule.adam.config() {
            self.group.set_adam(rule.adam);
        }
        let gradient = match (&self.gradient, gradient) {
            (_, Some(gradient)) => gradient,
            (Some(gradient), None) => gradient.bind(py).try_readonly().map_err(refused)?,
            (None, None) => return Err(refused("this block has no gradient of its own")),
        };
        let options = StepOptions { unscale, ..options.options };
        let writable = |array: &Py<PyArray1<f32>>| array.bind(py).try_readwrite().map_err(refused);
        let mut weights = writable(&self.weights)?;
        let mut steps = writable(&self.steps)?;
        let mut moments = self.moments.iter().map(writable).collect::<PyResult<Vec<_>>>()?;
        let mut scalars = match &self.scalars {
            Some(scalars) => Some(scalars.bind(py).try_readwrite().map_err(refused)?),
            None => None,
        };
        let mut rest = moments.iter_mut();
        let mut moment = || match rest.next() {
            Some(array) => array.as_slice_mut().map_err(refused),
            None => Ok(&mut [][..]),
        };
        let slices = Slices {
            weights: weights.as_slice_mut().map_err(refused)?,
            gradient: gradient.as_slice().map_err(refused)?,
            moments: [moment()?, moment()?, moment()?],
            steps: steps.as_slice_mut().map_err(refused)?,
            scalars: match &mut scalars {
                Some(scalars) => scalars.as_slice_mut().map_err(refused)?,
                None => &mut [],
            },
        };
        if slices.gradient.len() != slices.weights.len() {
            let (found, needed) = (slices.gradient.len(), slices.weights.len());
            return Err(refused(format!("gradient: {found} values where {needed} are needed")));
        }
        let pool =
            if threads > 1 && self.total > SERIAL { Some(pools::pool(threads)?) } else { None };
        let group = &mut self.group;
        let active = active.unwrap_or_default();
        let audit = py
            .detach(|| match pool {
                Some(pool) => pool.install(|| slices.step(group, lr, &options, &active)),
                None => slices.step(group, lr, &options, &active),
            })
            .map_err(refused)?;
        if !options.audit {
            return Ok(None);
        }
        dictionary(py, &audit).map(Some)
    }
}

/// The memory of a block.
struct Slices<'a> {
    weights: &'a mut [f32],
    gradient: &'a [f32],
    moments: [&'a mut [f32]; 3],
    steps: &'a mut [f32],
    scalars: &'a mut [f64],
}

impl Slices<'_> {
    fn step(
        self,
        group: &mut BorrowedGroup,
        lr: f64,
        options: &StepOptions,
        active: &[bool],
    ) -> Result<StepAudit, paso_adam::Error> {
        let Slices { weights, gradient, moments: [m0, m1, m2], steps, scalars } = self;
        let mut audit = StepAudit::default();
        for run in runs(active, steps, scalars) {
            let before: usize = group.lens()[..run.start].iter().sum();
            let lens = &group.lens()[run.clone()];
            let range = before..before + lens.iter().sum::<usize>();
            let mut part;
            let stepped = if lens.len() == group.lens().len() {
                &mut *group
            } else {
                part = BorrowedGroup::new(*group.adam(), lens.iter().copied());
                &mut part
            };
            let row = run.start * SCALARS..(run.start + 1) * SCALARS;
            let mut known = read(scalars.get(row).unwrap_or(&[]));
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a count of steps, exact in f32 up to 2^24 as in PyTorch"
            )]
            let mut taken = steps[run.start] as u64;
            let moments = [&mut *m0, &mut *m1, &mut *m2]
                .map(|moment| moment.get_mut(range.clone()).unwrap_or(&mut []));
            let state = StateMut { steps: &mut taken, scalars: &mut known, moments };
            let (weights, gradient) = (&mut weights[range.clone()], &gradient[range.clone()]);
            let report = stepped.par_step_flat(lr, options, weights, gradient, state)?;
            for i in run {
                steps[i] = taken as f32;
                if let Some(row) = scalars.get_mut(i * SCALARS..(i + 1) * SCALARS) {
                    write(row, known);
                }
            }
            if let Some(one) = &report.audit {
                audit = audit.merge(one);
            }
        }
        Ok(audit)
    }
}

/// The Euclidean norm (or another) of these gradients together; NaN or infinite exactly when a value
/// is, for `norm_type` 2.
#[pyfunction]
#[pyo3(signature = (gradients, norm_type=2.0))]
pub(crate) fn grad_norm(
    py: Python<'_>,
    gradients: Vec<PyReadonlyArray1<'_, f32>>,
    norm_type: f64,
) -> PyResult<f64> {
    if norm_type.is_nan() || norm_type <= 0.0 {
        return Err(refused(format!("norm_type is {norm_type}; it must be above 0, or infinite")));
    }
    let slices =
        gradients.iter().map(|g| g.as_slice().map_err(refused)).collect::<PyResult<Vec<_>>>()?;
    let isa = Isa::from_env().map_err(refused)?;
    Ok(py.detach(|| paso_adam::grad_norm(isa, slices, norm_type)))
}

fn dictionary<'py>(py: Python<'py>, audit: &StepAudit) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("weights", audit.weights)?;
    dict.set_item("max_step", audit.max_step)?;
    dict.set_item("longest_step", audit.longest_step)?;
    dict.set_item("above_lr", audit.above_lr)?;
    dict.set_item("non_finite", audit.non_finite)?;
    dict.set_item("flushed", audit.flushed)?;
    dict.set_item("step_squares", audit.step_squares)?;
    dict.set_item("update_squares", audit.update_squares)?;
    dict.set_item("weight_squares", audit.weight_squares)?;
    Ok(dict)
}
