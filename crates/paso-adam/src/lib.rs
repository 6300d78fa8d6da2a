//! The Adam family over plain slices: SIMD chosen at run time, the same bits everywhere, no
//! allocation.
//!
//! An optimizer step is a small loop, and yet most libraries make it slow (a dozen tensor
//! operations), tie it to their tensors, or choose the instruction set when they are compiled. This
//! crate is the loop alone: it sees `&mut [f32]` and `&[f32]`, so it fits any model.
//!
//! ```
//! use paso_adam::{Adam, AdamConfig, AdamGroup, WeightDecay};
//!
//! // AdamW. Having an `Adam` proves that its settings were checked.
//! let adam = Adam::new(AdamConfig { decay: WeightDecay::Decoupled(0.01), ..AdamConfig::default() })?;
//! let mut weights = vec![1.0_f32; 1000];
//! let mut group = AdamGroup::new(adam, [weights.len()]);
//! for _ in 0..100 {
//!     let gradient: Vec<f32> = weights.iter().map(|w| 2.0 * w).collect(); // of the sum of squares
//!     group.step(1e-2, [(&mut weights[..], &gradient[..])]);
//! }
//! assert!(weights[0] < 0.3);
//! # Ok::<(), paso_adam::Error>(())
//! ```
//!
//! # What it promises
//!
//! - **The same bits** on every instruction set ([`Isa`]), for every length and any number of threads; a run that is
//!   resumed from its [`AdamState`] has the bits of one that never stopped. (All NaNs count as one.)
//! - **No allocation** in a step, and threads only where asked for: `AdamGroup::par_step`.
//! - **No denormals**: moments of dead gradients become zero, and a step never slows down because of them. The CPU's
//!   control register is left alone.
//! - **Exact constants**: bias corrections are folded once a step in f64, and `1 - beta` keeps all its digits.
//!
//! # What a step can do
//!
//! [`AdamGroup::step`] is the plain step, [`AdamGroup::step_audited`] also reports what it did
//! ([`StepAudit`]), and [`AdamGroup::step_with`] does what else belongs to a step in the same pass
//! over memory ([`StepOptions`]): unscaling, clipping by value or norm, a policy for NaN, a running
//! average of the weights, zeroing of the gradient. Named tensors with learning rates, betas and
//! decays of their own are [`Param`]s. [`AdamGroup::step_flat`] takes all tensors as one slice, and
//! [`ClipNorm`] clips over several groups. [`BorrowedGroup`] steps moments that lie in the buffers of
//! another library. Every [`Rule`] of the family goes through the same loop.
//!
//! # Adam in other libraries
//!
//! Optimizers of one name differ between libraries, silently. To go on with a run, or to reproduce
//! a paper:
//!
//! | library | here |
//! |---|---|
//! | `torch.optim.Adam(weight_decay=d)` | [`AdamConfig::torch`] with [`WeightDecay::L2`]`(d)` |
//! | `torch.optim.AdamW` | [`AdamConfig::torch_adamw`]; `amsgrad=True` is [`AmsGrad::Raw`] |
//! | `torch.optim.NAdam`, `RAdam` | [`AdamConfig::torch_nadam`], [`AdamConfig::torch_radam`] (its `eps` is [`Epsilon::Hat`]) |
//! | `torch.optim.Adamax` | [`Rule::Adamax`] |
//! | `torch.nn.utils.clip_grad_norm_(max, norm_type)` | [`Clip::global_norm`]`(max)`, which adds 1e-6 to the norm; other norms: [`ClipNorm::norm_type`] |
//! | `torch.amp.GradScaler` | [`StepOptions::unscale`] and [`NonFinite::Skip`] |
//! | `keras.optimizers.Adam` | [`AdamConfig::keras`]: [`Epsilon::Hat`] and 1e-7, an `eps` 316 times PyTorch's at the first step |
//! | Keras' `AdamW`, or any with `weight_decay=d` | the same with [`WeightDecay::Decoupled`]`(d)`; Keras never has L2 |
//! | `keras.optimizers.Nadam` | [`AdamConfig::keras_nadam`]: momentum warms up 250 times as fast as PyTorch's |
//! | `keras.optimizers.Adamax` | [`Rule::Adamax`] with [`Epsilon::Hat`] |
//! | Keras' `clipnorm`, `global_clipnorm`, `clipvalue` | [`Clip::TensorNorm`], [`Clip::GlobalNorm`] with `eps` 0, [`Clip::Value`] |
//! | `keras.optimizers.ScheduleFreeAdamW` | [`Rule::ScheduleFree`] with `power` 0 |
//! | `optax.adam`, `adamw` | [`AdamConfig::optax`]; `adamw`'s decay is 1e-4 by default, not 1e-2 |
//! | `optax.nadam`, `amsgrad` | [`Nesterov::Constant`], [`AmsGrad::BiasCorrected`] |
//! | `optax.radam`, `adabelief`, `lion`, `contrib.adopt`, `lamb` | [`Rule::RAdam`], [`AdamConfig::adabelief`], [`AdamConfig::lion`], [`AdamConfig::adopt`], [`AdamConfig::lamb`] |
//! | `optax.yogi` | [`Rule::Yogi`] with `eps` 1e-3 |
//! | `optax.clip_by_global_norm` | [`Clip::GlobalNorm`] with `eps` 0 |
//! | timm `NAdamW`, `Adopt`, `Lamb` | [`Nesterov::Simple`], [`AdoptClip`] with `power` 0.333, [`AdamConfig::lamb`] with [`Clip::GlobalNorm`] of 1 |
//! | `pytorch_optimizer.ADOPT` | [`AdamConfig::pytorch_optimizer_adopt`]: its decoupled decay acts in the first step, too |
//! | timm's and `pytorch_optimizer`'s `fixed_decay=True` | [`WeightDecay::Constant`] |
//! | timm `caution=True`, `corrected_weight_decay=True` | [`AdamConfig::cautious`], [`WeightDecay::Corrected`] |
//! | `schedulefree.AdamWScheduleFree` | [`Rule::ScheduleFree`]; its `eval()` and `train()` are [`AdamGroup::evaluate`] |
//! | DeepSpeed `DeepSpeedCPUAdam` | [`AdamConfig::torch`] with [`WeightDecay::Decoupled`] (`adamw_mode`, its default) |
//! | burn `AdamW` | [`AdamConfig::torch`] with `eps` 1e-5 and [`WeightDecay::Decoupled`]`(1e-4)` |
//! | candle `AdamW` | [`AdamConfig::torch_adamw`] |
//!
//! The file `DIALECTS.md` of this crate has every run that was compared with the library's own
//! record, and how closely: f64 formulas to 1e-13, the step to about one ulp of f32 a step.
//! (DeepSpeed, burn and candle: from their sources; no records.)
//!
//! # Files
//!
//! [`AdamState`] is plain data for serde. [`AdamGroup::views`] gives the state tensor by tensor
//! under PyTorch's names (`state.TENSOR.exp_avg`), as slices that the `safetensors` crate takes as
//! they are, and [`AdamGroup::restore_views`] reads them. This crate does not depend on
//! `safetensors` itself: that would bring a file format, and `serde_json`, to everyone who wants a
//! loop.
//!
//! # What is not offered
//!
//! Moments in bf16: beyond the caches a step would be a quarter faster (a measured 1.2 to 1.4
//! times), but the second moment at `beta2` 0.999 changes by less than bf16 can hold. Rounded to
//! nearest it never forgets and never follows (ten thousand steps after a gradient died it is what
//! it was); rounded stochastically it follows, with a noise of 0.3 %, but costs a random number a
//! weight, and that training is unharmed has not been shown. `tests/bf16.rs` has these figures.
//!
//! Optimizers that need more than an element and a norm: Muon, Shampoo, SOAP, Adafactor.
//!
//! # Features
//!
//! `std` (default): `PASO_ISA` is read, see [`Adam::new`]. `rayon`: `AdamGroup::par_step`. `serde`:
//! [`AdamState`] can be serialized. Without features the crate needs `alloc` only. No feature
//! changes what a function computes.
#![no_std]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod adam;
mod apply;
mod audit;
mod blocks;
mod borrowed;
mod checks;
mod chunks;
mod clip_norm;
mod config;

mod dialects;
mod error;
mod evaluate;

mod group;
mod group_step;
mod hyper_params;
mod math;
mod measure;
mod options;
mod param;
mod pass;
pub mod reference;
mod rules;
mod scalars;
mod state;
mod step;
mod tensors;
mod weight_decay;

pub use adam::Adam;
pub use audit::{LogHistogram, StepAudit};
pub use borrowed::{BorrowedGroup, StateMut};
pub use clip_norm::{ClipNorm, grad_norm};
pub use config::AdamConfig;
pub use error::Error;
pub use group::AdamGroup;
pub use hyper_params::Epsilon;
pub use options::{Clip, NonFinite, StepOptions, StepReport};
pub use param::Param;
pub use paso_isa::{Isa, IsaError};
pub use rules::{Adopt, AdoptClip, AmsGrad, Nesterov, Rule, ScheduleFree, Yogi};
pub use scalars::Scalars;
pub use state::{AdamState, Moment, View};
pub use tensors::{Gradient, ParamMut};
pub use weight_decay::WeightDecay;

/// The README's example is compiled and run.
#[doc = include_str!("../README.md")]
#[cfg(doctest)]
struct Readme;
