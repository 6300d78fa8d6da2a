//! Times the optimizer and a training step, as JSON lines.

fn main() {}
