//! The parameters of a model: one flat arena of trained values, one of running statistics, and
//! their names.

mod tensor;

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

pub use tensor::{BufferId, Init, Kind, ParamId, ParamInfo};

/// All values of a model. A gradient, and each moment of an optimizer, is one slice of the length
/// of [`Params::values`].
///
/// Random numbers come from `ChaCha8`, so a seed means the same model on every machine,
/// permanently.
///
/// ```
/// use paso_tape::{Init, Kind, Params};
///
/// let mut params = Params::new(7);
/// let w = params.add("linear1.weight", &[3, 2], Kind::Weight, Init::KaimingNormal { fan_in: 3 });
/// params.add("linear1.bias", &[2], Kind::Bias, Init::Constant(0.0));
/// assert_eq!(params.values().len(), 8);
/// assert_eq!(w.range(), 0..6);
/// let is_decayed = |t: &&paso_tape::ParamInfo| t.kind == Some(Kind::Weight);
/// let decayed: Vec<_> = params.tensors().iter().filter(is_decayed).collect();
/// assert_eq!(decayed[0].name, "linear1.weight");
/// ```
///
/// An optimizer, a checkpoint and an average of weights see one slice of `f32` each. Tensors lie in
/// it in the order in which they were added, without gaps, so that the recording of a network
/// decides the layout. Save and restore a model by its slices:
///
/// ```
/// use paso_tape::{Init, Kind, Params};
///
/// let mut params = Params::new(1);
/// params.add("a", &[3], Kind::Weight, Init::Uniform(1.0));
/// params.add_buffer("mean", &[1], 0.0);
/// let saved = (params.values().to_vec(), params.buffers().to_vec());
/// params.values_mut().fill(0.0);
/// params.values_mut().copy_from_slice(&saved.0);
/// params.buffers_mut().copy_from_slice(&saved.1);
/// assert_eq!(params.values(), saved.0);
/// ```
#[derive(Clone, Debug)]
pub struct Params {
    values: Vec<f32>,
    buffers: Vec<f32>,
    tensors: Vec<ParamInfo>,
    statistics: Vec<ParamInfo>,
    rng: ChaCha8Rng,
    /// Another one after each change, so that what was computed for these values need not be
    /// computed again.
    version: u64,
}

impl Params {
    /// A model without parameters, whose initial values will follow from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            values: Vec::new(),
            buffers: Vec::new(),
            tensors: Vec::new(),
            statistics: Vec::new(),
            rng: ChaCha8Rng::seed_from_u64(seed),
            version: next_version(),
        }
    }

    /// Adds a trained tensor at the end of the arena.
    ///
    /// # Panics
    /// When the name is taken.
    #[track_caller]
    pub fn add(
        &mut self,
        name: impl Into<String>,
        shape: &[usize],
        kind: Kind,
        init: Init,
    ) -> ParamId {
        let (start, len) = (self.values.len(), shape.iter().product());
        self.push(name.into(), shape, Some(kind), start..start + len);
        for _ in 0..len {
            let value = self.draw(init);
            self.values.push(value);
        }
        ParamId { start, len }
    }

    /// Adds running statistics, filled with one number.
    ///
    /// # Panics
    /// When the name is taken.
    #[track_caller]
    pub fn add_buffer(&mut self, name: impl Into<String>, shape: &[usize], value: f32) -> BufferId {
        let (start, len) = (self.buffers.len(), shape.iter().product());
        self.push(name.into(), shape, None, start..start + len);
        self.buffers.resize(start + len, value);
        BufferId { start, len }
    }

    #[track_caller]
    fn push(&mut self, name: String, shape: &[usize], kind: Option<Kind>, range: Range<usize>) {
        let taken = self.tensors.iter().chain(&self.statistics).any(|t| t.name == name);
        assert!(!taken, "there is a tensor `{name}` already");
        self.version = next_version();
        let list = if kind.is_some() { &mut self.tensors } else { &mut self.statistics };
        list.push(ParamInfo { name, shape: shape.to_vec(), kind, range });
    }

    #[expect(clippy::cast_possible_truncation, reason = "drawn in f64, stored in f32")]
    fn draw(&mut self, init: Init) -> f32 {
        match init {
            Init::Constant(value) => value,
            Init::Uniform(bound) => bound * (2.0 * self.rng.random::<f64>() - 1.0) as f32,
            Init::KaimingNormal { fan_in } => {
                // Box and Muller 1958; `1 - u` keeps the logarithm finite.
                let (u, angle) =
                    (self.rng.random::<f64>(), self.rng.random::<f64>() * std::f64::consts::TAU);
                let normal = (-2.0 * (1.0 - u).ln()).sqrt() * angle.cos();
                (normal * (2.0 / f64::from(u32::try_from(fan_in).unwrap_or(u32::MAX))).sqrt())
                    as f32
            }
        }
    }

    /// A name `{base}{n}` with the smallest `n` from 1 whose tensors are not there yet: `conv1`,
    /// `conv2`, …
    ///
    /// ```
    /// use paso_tape::{Init, Kind, Params};
    ///
    /// let mut params = Params::new(0);
    /// assert_eq!(params.free_name("conv"), "conv1");
    /// params.add("conv1.weight", &[1], Kind::Weight, Init::Constant(0.0));
    /// assert_eq!(params.free_name("conv"), "conv2");
    /// ```
    #[must_use]
    pub fn free_name(&self, base: &str) -> String {
        let free = |name: &str| {
            let prefix = format!("{name}.");
            !self.tensors.iter().chain(&self.statistics).any(|t| t.name.starts_with(&prefix))
        };
        (1..).map(|n| format!("{base}{n}")).find(|name| free(name)).unwrap_or_default()
    }

    /// The trained values of all tensors, one after the other.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// The trained values, to be changed by an optimizer or a checkpoint.
    ///
    /// Each call makes tapes pack the weights again before their next pass, even if nothing is
    /// changed; [`Params::values`] does not.
    pub fn values_mut(&mut self) -> &mut [f32] {
        self.version = next_version();
        &mut self.values
    }

    /// The running statistics.
    #[must_use]
    pub fn buffers(&self) -> &[f32] {
        &self.buffers
    }

    /// The running statistics, to be changed.
    pub fn buffers_mut(&mut self) -> &mut [f32] {
        self.version = next_version();
        &mut self.buffers
    }

    /// Equal for a model and its unchanged copy, and for nothing else: what a session packed for
    /// one of them serves the other.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// The trained tensors in the order of the arena; their ranges cover [`Params::values`] without
    /// gaps.
    #[must_use]
    pub fn tensors(&self) -> &[ParamInfo] {
        &self.tensors
    }

    /// The running statistics in the order of their arena; their ranges cover [`Params::buffers`]
    /// without gaps.
    #[must_use]
    pub fn statistics(&self) -> &[ParamInfo] {
        &self.statistics
    }

    /// The trained tensor of this name.
    #[must_use]
    pub fn tensor(&self, name: &str) -> Option<&ParamInfo> {
        self.tensors.iter().find(|t| t.name == name)
    }

    /// Name and shape of a trained tensor.
    ///
    /// ```
    /// use paso_tape::{Init, Kind, Params};
    ///
    /// let mut params = Params::new(0);
    /// let id = params.add("linear1.bias", &[2], Kind::Bias, Init::Constant(0.0));
    /// assert_eq!(params.info(id).name, "linear1.bias");
    /// ```
    ///
    /// # Panics
    /// When the tensor was added to another model.
    #[must_use]
    #[track_caller]
    pub fn info(&self, id: ParamId) -> &ParamInfo {
        info(&self.tensors, &id.range())
    }

    /// Name and shape of running statistics.
    ///
    /// # Panics
    /// When they were added to another model.
    #[must_use]
    #[track_caller]
    pub fn buffer_info(&self, id: BufferId) -> &ParamInfo {
        info(&self.statistics, &id.range())
    }

    /// A gradient of zeros in the layout of [`Params::values`].
    #[must_use]
    pub fn zero_grads(&self) -> Vec<f32> {
        vec![0.0; self.values.len()]
    }
}

#[track_caller]
fn info<'a>(list: &'a [ParamInfo], range: &Range<usize>) -> &'a ParamInfo {
    list.iter().find(|t| t.range == *range).expect("a tensor of these parameters")
}

/// A number that no parameters in this process have had.
fn next_version() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
