//! What an operation sees while it runs: the images of one batch chunk, their values and their
//! gradients.
//!
//! Most operations handle one image at a time by [`OpRun::each_image`] and [`OpRun::each_grad`],
//! and do not know of batches, chunks, halos or threads. A convolution takes all images of a pass
//! at once, because its weights are then read once for all. An operation never asks whether a
//! gradient is needed or has to be added: `each_grad` calls it where there is one, with memory to
//! overwrite.

use std::ops::Range;

use paso_ops::{Image, ImageMut, Images, ImagesMut, Isa};

use crate::chunk::{ChunkState, Context};
use crate::graph::Var;

/// One operation, about to run on some images of a batch chunk.
pub(crate) struct OpRun<'a> {
    pub(crate) chunk: &'a mut ChunkState,
    pub(crate) cx: &'a Context<'a>,
    /// The operation's node.
    pub(crate) n: usize,
    /// Images, counted within the chunk.
    pub(crate) images: Range<usize>,
}

impl OpRun<'_> {
    /// Calls `write` with each image of the output.
    pub(crate) fn each_image(self, mut write: impl FnMut(&OneImage<'_>, ImageMut<'_>)) {
        let (cx, n) = (self.cx, self.n);
        for image in self.images {
            self.chunk.write(cx, n, image..image + 1, |chunk, y| {
                let y = ImageMut::new(y.plane, y.data);
                write(&OneImage { chunk, cx, n, image }, y);
            });
        }
    }

    /// Calls `write` with the gradient of each image of the output and that of input number
    /// `which`, where one is needed.
    pub(crate) fn each_grad(
        &mut self,
        which: usize,
        mut write: impl FnMut(&OneImage<'_>, Image<'_>, ImageMut<'_>),
    ) {
        let (cx, n) = (self.cx, self.n);
        for image in self.images.clone() {
            self.chunk.write_grad(cx, n, which, image..image + 1, |chunk, dy, dx| {
                let (dy, dx) = (Image::new(dy.plane, dy.data), ImageMut::new(dx.plane, dx.data));
                write(&OneImage { chunk, cx, n, image }, dy, dx);
            });
        }
    }

    /// Calls `write` once with all images of the output.
    pub(crate) fn all_images(&mut self, write: impl FnOnce(&ChunkState, ImagesMut<'_>)) {
        self.chunk.write(self.cx, self.n, self.images.clone(), write);
    }

    /// As [`OpRun::each_grad`], once with all images.
    pub(crate) fn all_grads(
        &mut self,
        which: usize,
        write: impl FnOnce(&ChunkState, Images<'_>, ImagesMut<'_>),
    ) {
        self.chunk.write_grad(self.cx, self.n, which, self.images.clone(), write);
    }
}

/// One image of an operation that runs.
pub(crate) struct OneImage<'a> {
    chunk: &'a ChunkState,
    pub(crate) cx: &'a Context<'a>,
    pub(crate) n: usize,
    image: usize,
}

impl<'a> OneImage<'a> {
    pub(crate) fn isa(&self) -> Isa {
        self.cx.graph.isa
    }

    /// The value of a node.
    pub(crate) fn value(&self, x: Var) -> Image<'a> {
        self.chunk.value(self.cx, x.0, self.image)
    }

    /// The value of a node of one pixel.
    pub(crate) fn vector(&self, x: Var) -> &'a [f32] {
        vector(self.value(x))
    }

    /// The operation's own value.
    pub(crate) fn output(&self) -> Image<'a> {
        self.value(Var(self.n))
    }

    /// The number of the image within the batch.
    pub(crate) fn batch_index(&self) -> usize {
        self.chunk.images.start + self.image
    }

    /// The key of this node's random numbers for this image in this step.
    pub(crate) fn random_key(&self) -> u64 {
        self.cx.random_key(self.n, self.batch_index())
    }
}

/// The elements of an image of one pixel.
pub(crate) fn vector(x: Image<'_>) -> &[f32] {
    &x.data[x.plane.row(0)]
}

pub(crate) fn vector_mut(y: ImageMut<'_>) -> &mut [f32] {
    &mut y.data[y.plane.row(0)]
}

/// The elements of an image without a halo, or of one pixel.
pub(crate) fn dense(x: Image<'_>) -> &[f32] {
    if x.plane.halo == 0 { x.data } else { vector(x) }
}

pub(crate) fn dense_mut(y: ImageMut<'_>) -> &mut [f32] {
    if y.plane.halo == 0 { y.data } else { vector_mut(y) }
}
