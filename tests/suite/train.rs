//! Golden vectors: train.
