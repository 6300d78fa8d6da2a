//! Settles whether a learning-rate schedule helps: paired seeds, tuned rates, honest intervals.
