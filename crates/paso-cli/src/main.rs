//! The program `paso`.

fn main() {}
