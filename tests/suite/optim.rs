//! Golden vectors: optim.
