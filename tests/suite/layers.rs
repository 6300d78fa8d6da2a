//! Golden vectors: layers.
