//! Recording: every method checks its shapes, adds one node and returns it.
//!
//! A method panics where shapes do not fit, at the line of the caller (`#[track_caller]`), and adds
//! neither its operation nor parameters then. Shapes are known while recording, because only the
//! number of images is open: a batch that runs can fail by its length or its data only.
//!
//! | file | methods |
//! |---|---|
//! | `layers.rs` | inputs, layers with parameters, activations, pooling, dropout, custom operations |
//! | `shape_ops.rs` | sums, products, concatenation, slices, reshaping |
//! | `losses.rs` | losses |

mod layers;
mod losses;
mod shape_ops;
