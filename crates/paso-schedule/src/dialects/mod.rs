//! The schedules of other libraries under their own names, with their own conventions and numbers.
//!
//! Most functions return a `Spec`, so a schedule of another library prints, is stored and combines
//! as any other. Names and arguments are those of the library, for a run that is ported from it.
//! Values follow the library's formulas in `f64`. Where a library divides by zero or rises again
//! past its end, the module's documentation says what is done instead. Versions that were compared
//! are named in each module.

mod build;
pub mod keras;
pub mod optax;
pub mod timm;
pub mod torch;
pub mod transformers;
