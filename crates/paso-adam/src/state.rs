//! [`AdamState`]: what a checkpoint holds of an optimizer, and its parts under PyTorch's names.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::adam::Adam;
use crate::error::Error;
use crate::group::AdamGroup;
use crate::scalars::Scalars;

/// The format version that this build writes and reads.
pub(crate) const VERSION: u32 = 1;

/// Moments that are means of squares, or of magnitudes.
const NEVER_NEGATIVE: [&str; 4] = ["exp_avg_sq", "max_exp_avg_sq", "exp_avg_var", "exp_inf"];

/// Refuses a count of steps that f64 does not hold, so that bias corrections would be of another.
fn check_steps(steps: u64) -> Result<(), Error> {
    const MOST: u64 = 1 << 53;
    if steps <= MOST {
        return Ok(());
    }
    Err(Error::State(format!("step is {steps}; it must be at most 2^53")))
}

/// The saved state of an [`AdamGroup`]: plain data, `Serialize` and `Deserialize` with feature
/// `serde`. The settings are not in it; they belong to the run's configuration.
///
/// A file format has to keep every bit of the values, or the resumed run differs from one that
/// never stopped. Binary formats do; JSON does as well, unless a value is NaN or infinite. For
/// safetensors see [`AdamGroup::views`].
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AdamState {
    /// The version of this format: 1.
    pub version: u32,
    /// Steps taken so far.
    pub step: u64,
    /// The tensors' lengths, in order.
    pub lens: Vec<usize>,
    /// The moments, in the order of the rule: for Adam `exp_avg` (m), then `exp_avg_sq` (v).
    pub moments: Vec<Moment>,
    /// What the rule remembers in addition to its moments.
    #[cfg_attr(feature = "serde", serde(default))]
    pub scalars: Scalars,
}

/// One moment of all tensors, one after the other.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Moment {
    /// The name that PyTorch gives it.
    pub name: String,
    /// As many values as all tensors have together.
    pub values: Vec<f32>,
}

/// A part of the state under PyTorch's name for it.
#[derive(Debug, Clone, PartialEq)]
pub struct View<'a> {
    /// `state.TENSOR.exp_avg` and so on: the flattened optimizer state of PyTorch's distributed
    /// checkpoints (`get_optimizer_state_dict` with `flatten_optimizer_state_dict`).
    pub name: String,
    /// Its values, as many as the tensor has; one for `state.TENSOR.step`.
    pub values: Cow<'a, [f32]>,
}

impl AdamGroup {
    /// An optimizer that continues where [`AdamGroup::state`] was taken: the next steps have the
    /// same bits as if it had never stopped. For a group with parameters see
    /// [`AdamGroup::restore`].
    ///
    /// # Errors
    /// [`Error::Version`] when the state was written by another version of its format,
    /// [`Error::State`] when it contradicts itself (a moment is missing, or has another length than
    /// its tensors) or holds a number that no step leaves: NaN, infinity, or a mean of squares below
    /// 0. Such a number is named with its tensor and place.
    pub fn from_state(adam: Adam, state: AdamState) -> Result<Self, Error> {
        // The moments are there already: nothing is built from lengths that may be wrong.
        let mut group = Self::new(adam, []);
        group.lens.clone_from(&state.lens);
        group.restore(state)?;
        Ok(group)
    }

    /// Takes over a state that a group of the same tensors and rule was in.
    ///
    /// # Errors
    /// As [`AdamGroup::from_state`], and when the tensors' lengths are others. Nothing has been
    /// changed then.
    pub fn restore(&mut self, state: AdamState) -> Result<(), Error> {
        if state.version != VERSION {
            return Err(Error::Version { found: state.version, expected: VERSION });
        }
        let AdamState { step, lens, moments, scalars, .. } = state;
        if lens.len() != self.lens.len() {
            let (found, known) = (lens.len(), self.lens.len());
            return Err(Error::State(format!("{found} tensors where {known} are needed")));
        }
        for (i, (found, known)) in lens.iter().zip(&self.lens).enumerate() {
            if found != known {
                let name = self.name(i);
                return Err(Error::State(format!(
                    "tensor `{name}` has {found} values where {known} are needed"
                )));
            }
        }
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
        let mut taken = [Vec::new(), Vec::new(), Vec::new()];
        for (slot, name) in taken.iter_mut().zip(self.moment_names()) {
            *slot = take(name)?;
        }
        if let Some(moment) = moments.next() {
            return Err(Error::State(format!("moment `{}` is not one of the rule's", moment.name)));
        }
        check_steps(step)?;
        scalars.validate()?;
        self.check_moments(&taken)?;
        (self.steps, self.moments, self.scalars) = (step, taken, scalars);
        Ok(())
    }

    /// Names the first number of these moments that no step leaves.
    fn check_moments(&self, moments: &[Vec<f32>; 3]) -> Result<(), Error> {
        let mut start = 0;
        for (i, &len) in self.lens.iter().enumerate() {
            for (name, values) in self.moment_names().iter().zip(moments) {
                let least = if NEVER_NEGATIVE.contains(name) { 0.0 } else { f32::NEG_INFINITY };
                // No branch in the loop: the place is looked for only when there is one.
                let sound = |x: f32| x.is_finite() & (x >= least);
                let values = &values[start..start + len];
                if values.iter().fold(true, |all, &x| all & sound(x)) {
                    continue;
                }
                let index = values.iter().position(|&x| !sound(x)).unwrap_or(0);
                let (tensor, value) = (self.name(i), values[index]);
                let allowed = if least == 0.0 { "finite and at least 0" } else { "finite" };
                return Err(Error::State(format!(
                    "`{name}` {index} of tensor `{tensor}` is {value:e}; it must be {allowed}"
                )));
            }
            start += len;
        }
        Ok(())
    }

    /// A copy of everything but the settings: what a checkpoint needs.
    #[must_use]
    pub fn state(&self) -> AdamState {
        let names = self.moment_names().iter();
        let moments = names.zip(&self.moments);
        AdamState {
            version: VERSION,
            step: self.steps,
            lens: self.lens.clone(),
            moments: moments
                .map(|(&name, values)| Moment { name: name.into(), values: values.clone() })
                .collect(),
            scalars: self.scalars,
        }
    }

    /// The state in parts, tensor by tensor, under PyTorch's names: what a safetensors file of it
    /// holds. Nothing but names and steps is copied; hand each part to the format's own crate.
    ///
    /// `step` is an f32, as in PyTorch, exact up to 16,777,216. What
    /// [`Rule::ScheduleFree`](crate::Rule::ScheduleFree) and [`Rule::NAdam`](crate::Rule::NAdam)
    /// remember in addition is in [`AdamGroup::scalars`].
    pub fn views(&self) -> impl Iterator<Item = View<'_>> {
        let mut start = 0;
        self.lens.iter().enumerate().flat_map(move |(i, &len)| {
            let (range, name) = (start..start + len, self.name(i));
            start += len;
            let names = self.moment_names().iter();
            let step = View {
                name: format!("state.{name}.step"),
                values: Cow::Owned(alloc::vec![self.steps as f32]),
            };
            let moments = names.zip(&self.moments).map(move |(moment, values)| View {
                name: format!("state.{name}.{moment}"),
                values: Cow::Borrowed(&values[range.clone()]),
            });
            core::iter::once(step).chain(moments)
        })
    }

    /// Takes over the state that [`AdamGroup::views`] were written from: `find` looks a part up by
    /// its name.
    ///
    /// # Errors
    /// [`Error::State`] names the first part that is missing or has another length, a step that is
    /// not a whole number or another than the other tensors', and a number that no step leaves, as
    /// [`AdamGroup::from_state`] does. Nothing has been changed then.
    pub fn restore_views<'a>(
        &mut self,
        scalars: Scalars,
        mut find: impl FnMut(&str) -> Option<Cow<'a, [f32]>>,
    ) -> Result<(), Error> {
        let mut loaded = self.clone();
        let (mut start, mut steps) = (0, None);
        let mut part = |name: &str, len: usize| match find(name) {
            None => Err(Error::State(format!("`{name}` is missing"))),
            Some(values) if values.len() == len => Ok(values),
            Some(values) => Err(Error::State(format!(
                "`{name}` has {} values where {len} are needed",
                values.len()
            ))),
        };
        for (i, &len) in self.lens.iter().enumerate() {
            let tensor = self.name(i);
            let name = format!("state.{tensor}.step");
            let step = part(&name, 1)?[0];
            if !((0.0..=9e15).contains(&step) && libm::truncf(step) == step) {
                return Err(Error::State(format!("`{name}` is {step}: must be a whole number")));
            }
            if let Some(other) = steps.filter(|&other| other != step) {
                return Err(Error::State(format!("`{name}` is {step}, that of others {other}")));
            }
            steps = Some(step);
            let names = self.moment_names().iter();
            for (moment, values) in names.zip(&mut loaded.moments) {
                let found = part(&format!("state.{tensor}.{moment}"), len)?;
                values[start..start + len].copy_from_slice(&found);
            }
            start += len;
        }
        #[expect(clippy::cast_possible_truncation, reason = "checked: a whole number below 1e16")]
        #[expect(clippy::cast_sign_loss, reason = "checked: at least 0")]
        let steps = steps.unwrap_or(0.0) as u64;
        scalars.validate()?;
        self.check_moments(&loaded.moments)?;
        (loaded.steps, loaded.scalars) = (steps, scalars);
        *self = loaded;
        Ok(())
    }

    /// PyTorch's names of the moments.
    fn moment_names(&self) -> &'static [&'static str] {
        self.adam.config().rule.formula().moment_names()
    }

    /// What the rule remembers in addition to its moments.
    #[must_use]
    pub fn scalars(&self) -> Scalars {
        self.scalars
    }
}
