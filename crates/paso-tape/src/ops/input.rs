//! Inputs: data that the caller passes with every batch.
//!
//! A copy, because the plan may want a halo around it, and because buffers of chunks are reused by
//! later values while the caller's slices are not ours to write.

use paso_ops::{Image, copy_channels};

use super::Operation;
use super::run::OpRun;
use crate::graph::Var;

/// Data that is passed with every batch: see [`Tape::input`](crate::Tape::input).
#[derive(Clone, Copy, Debug)]
pub struct Input;

impl Operation for Input {
    fn name(&self) -> &str {
        "input"
    }

    fn inputs(&self) -> Vec<Var> {
        vec![]
    }

    fn forward(&self, run: OpRun<'_>) {
        run.each_image(|at, y| {
            let plane = at.cx.graph.nodes[at.n].plane;
            let given = at.cx.inputs.iter().find(|(x, _)| x.0 == at.n);
            let data = given.map_or(&[][..], |(_, data)| data);
            let x = Image::new(plane, &data[at.batch_index() * plane.len()..][..plane.len()]);
            copy_channels(at.isa(), x, 0..plane.channels, y, 0);
        });
    }

    fn backward(&self, _: OpRun<'_>) {}
}
