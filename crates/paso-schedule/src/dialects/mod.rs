//! The schedules of other libraries under their own names, with their own conventions and numbers.

mod build;
pub mod keras;
pub mod optax;
pub mod timm;
pub mod torch;
pub mod transformers;
