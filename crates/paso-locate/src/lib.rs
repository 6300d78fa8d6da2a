//! Image localization on CPUs: data sets, augmentation, nets, training, checkpoints, metrics.
//!
//! The data half stands alone: a folder of labeled images, or the [`demo`] that needs no file,
//! becomes a [`Dataset`], then [`data::Prepared`] bytes, then batches of `f32` for any trainer.
//!
//! ```
//! use paso_locate::augment::Augment;
//! use paso_locate::data::{PrepareOptions, Prepared, Split};
//! use paso_locate::demo::{DemoOptions, dataset};
//!
//! let demo = dataset(&DemoOptions { train: 8, val: 2, seed: 0 })?;
//! let options = PrepareOptions { size: 32, ..PrepareOptions::default() };
//! let (train, problems) = Prepared::new(&demo, &demo.indices(Split::Train), &options)?;
//! assert!(problems.is_empty());
//!
//! let (mut images, mut boxes, mut labels) = (vec![0.0; 2 * 32 * 32 * 3], vec![0.0; 2 * 4], vec![0; 2]);
//! train.fill_batch(&[3, 5], Some(&Augment::default()), 1, 0, &mut images, &mut boxes, &mut labels)?;
//! # Ok::<(), paso_locate::Error>(())
//! ```
//!
//! # The parts
//!
//! | module | what it is for |
//! |---|---|
//! | [`data`] | folders of labeled images, their formats, checks, splits and batches |
//! | [`demo`] | a data set that is drawn, for tests and first steps |
//! | [`augment`] | random changes of images and boxes |
//! | [`NetName`], [`Model`] | networks by name; one with its weights |
//! | [`TrainConfig`], [`Trainer`] | settings; a training in memory, step by step |
//! | [`Run`] | a training with its folder, epoch by epoch |
//! | [`checkpoint`], [`weights`], [`onnx`] | files: to go on from, for other programs, for other runtimes |
//! | [`metrics`], [`sheet`], [`draw`] | how good a network is, in numbers and in images |
//!
//! # What always holds
//!
//! - The same settings and the same images give the same bits, for any number of threads, on one
//!   instruction set; also after a crash and a resume.
//! - Input from outside (folders, labels, images, checkpoints, settings) never panics. A panic is a
//!   mistake of the calling code, and the documentation of the function says which.
//! - A file is written whole or not at all.

mod archive;
pub mod augment;
pub mod checkpoint;
pub mod data;
pub mod demo;
pub mod draw;
mod error;
pub mod features;
pub mod files;
mod fingerprint;
pub mod image;
pub mod metrics;
mod model;
mod nets;
pub mod onnx;
mod rng;
pub mod run;
pub mod sheet;
mod train;
pub mod weights;

// Data.
pub use data::Dataset;
pub use paso_labels::BBox;

// Training.
pub use model::{Evaluation, Model, Prediction};
pub use nets::NetName;
pub use run::Run;
pub use train::config::TrainConfig;
pub use train::optimizer_name::OptimizerName;
pub use train::{REFRESH, StepReport, Trainer};

pub use error::Error;

// What reads folders of labeled images.
pub use paso_labels as labels;

// The optimizer that training steps with.
pub use paso_adam as adam;

// What settings say a schedule in.
pub use paso_schedule as schedule;

// The instruction set that the kernels run at.
pub use paso_tape::Isa;

/// The example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
