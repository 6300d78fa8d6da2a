//! Golden vectors: sched.
