//! Recording: every method checks its shapes, adds one node and returns it.

mod layers;
mod losses;
mod shape_ops;
