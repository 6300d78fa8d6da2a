//! Operations that move elements: concatenation, slices, reshaping, and the conversion of boxes.
//!
//! Each output element is one input element (or, for boxes, a sum of two): the backward pass is the
//! same movement in the other direction, and reads no values. Where an input element is not used,
//! as outside of a slice, its gradient is 0 and has to be written.

use std::ops::Range;

use paso_ops::{Image, ImageMut, Plane, clear, copy_channels};

use super::Operation;
use super::run::OpRun;
use crate::graph::Var;

/// The channels of all inputs, one input after the other.
#[derive(Clone, Debug)]
pub struct Concat {
    /// The inputs, all of one height and width.
    pub inputs: Vec<Var>,
}

impl Operation for Concat {
    fn name(&self) -> &str {
        "concat"
    }

    fn inputs(&self) -> Vec<Var> {
        self.inputs.clone()
    }

    fn forward(&self, run: OpRun<'_>) {
        run.each_image(|at, ImageMut { plane, data }| {
            let mut to = 0;
            for &x in &self.inputs {
                let x = at.value(x);
                let channels = x.plane.channels;
                copy_channels(at.isa(), x, 0..channels, ImageMut { plane, data }, to);
                to += channels;
            }
        });
    }

    fn backward(&self, mut run: OpRun<'_>) {
        let mut from = 0;
        for (which, x) in self.inputs.iter().enumerate() {
            let channels = from..from + run.cx.graph.nodes[x.0].plane.channels;
            from = channels.end;
            run.each_grad(which, |at, dy, dx| copy_channels(at.isa(), dy, channels.clone(), dx, 0));
        }
    }
}

/// Some channels of every pixel.
#[derive(Clone, Debug)]
pub struct SliceChannels {
    /// The input.
    pub x: Var,
    /// The channels of the input.
    pub channels: Range<usize>,
}

impl Operation for SliceChannels {
    fn name(&self) -> &str {
        "slice_channels"
    }

    fn inputs(&self) -> Vec<Var> {
        vec![self.x]
    }

    fn forward(&self, run: OpRun<'_>) {
        run.each_image(|at, y| {
            copy_channels(at.isa(), at.value(self.x), self.channels.clone(), y, 0);
        });
    }

    fn backward(&self, mut run: OpRun<'_>) {
        let Range { start, end } = self.channels;
        run.each_grad(0, |at, dy, ImageMut { plane, data }| {
            clear(at.isa(), ImageMut { plane, data });
            copy_channels(at.isa(), dy, 0..end - start, ImageMut { plane, data }, start);
        });
    }
}

/// The same elements in another shape, in NHWC order.
#[derive(Clone, Copy, Debug)]
pub struct Reshape {
    /// The input.
    pub x: Var,
}

impl Operation for Reshape {
    fn name(&self) -> &str {
        "reshape"
    }

    fn inputs(&self) -> Vec<Var> {
        vec![self.x]
    }

    fn forward(&self, run: OpRun<'_>) {
        run.each_image(|at, y| copy_elements(at.value(self.x), y));
    }

    fn backward(&self, mut run: OpRun<'_>) {
        run.each_grad(0, |_, dy, dx| copy_elements(dy, dx));
    }
}

/// Copies all elements in order, for any two shapes and halos of equally many elements.
fn copy_elements(x: Image<'_>, y: ImageMut<'_>) {
    let width = |plane: Plane| plane.width * plane.channels;
    let offset = |plane: Plane, i: usize| plane.row(i / width(plane)).start + i % width(plane);
    let mut i = 0;
    while i < x.plane.inner_len() {
        // Up to the end of the shorter row.
        let left = |plane: Plane| width(plane) - i % width(plane);
        let len = left(x.plane).min(left(y.plane));
        let (from, to) = (offset(x.plane, i), offset(y.plane, i));
        y.data[to..to + len].copy_from_slice(&x.data[from..from + len]);
        i += len;
    }
}

/// Boxes `(center x, center y, width, height)` as `(x_min, y_min, x_max, y_max)`.
#[derive(Clone, Copy, Debug)]
pub struct CxcywhToXyxy {
    /// The input, of four channels.
    pub x: Var,
}

impl Operation for CxcywhToXyxy {
    fn name(&self) -> &str {
        "cxcywh_to_xyxy"
    }

    fn inputs(&self) -> Vec<Var> {
        vec![self.x]
    }

    fn forward(&self, run: OpRun<'_>) {
        run.each_image(|at, y| {
            each_box(at.value(self.x), y, |[cx, cy, w, h]| {
                [cx - 0.5 * w, cy - 0.5 * h, cx + 0.5 * w, cy + 0.5 * h]
            });
        });
    }

    fn backward(&self, mut run: OpRun<'_>) {
        run.each_grad(0, |_, dy, dx| {
            each_box(dy, dx, |[x0, y0, x1, y1]| {
                [x0 + x1, y0 + y1, 0.5 * (x1 - x0), 0.5 * (y1 - y0)]
            });
        });
    }
}

fn each_box(x: Image<'_>, y: ImageMut<'_>, f: impl Fn([f32; 4]) -> [f32; 4]) {
    for row in 0..x.plane.height {
        let (x, y) = (&x.data[x.plane.row(row)], &mut y.data[y.plane.row(row)]);
        for (x, y) in x.as_chunks::<4>().0.iter().zip(y.as_chunks_mut::<4>().0) {
            *y = f(*x);
        }
    }
}
