//! Winograd's minimal filtering F(2x2, 3x3): 16 multiplications for four outputs where the direct sum takes 36.
//!
//! Winograd, *Arithmetic Complexity of Computations* (1980), as used for convolutions by Lavin & Gray, *Fast Algorithms for
//! Convolutional Neural Networks*, arXiv 1509.09308, section 4.1. Tiles of 4 x 4 inputs that overlap by two are
//! transformed (additions only), multiplied with transformed weights in 16 matrix products over the channels, and
//! transformed back to 2 x 2 outputs. The products are those of a 1 x 1 convolution, so [`direct`] does them.

#![expect(clippy::needless_range_loop, reason = "small matrices are clearest by their indices")]

use std::cell::RefCell;
use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::Finish;
use super::direct::{self, Strides, Walk, panels};
use super::vector::{finish, load, store};
use crate::{Buffer, Isa};

/// Products of one tile, and so matrices of weights.
pub(super) const PRODUCTS: usize = 16;

/// Whether it is faster than the direct sum for a 3 x 3 convolution of stride 1 with so many channels and outputs.
pub(super) fn pays(from: usize, to: usize, rows: usize, columns: usize) -> bool {
    let even = rows.is_multiple_of(2) && columns.is_multiple_of(2);
    even && from >= 16 && to >= 16 && rows * columns >= 64
}

/// Length of the packed weights.
pub(super) fn packed_len(from: usize, to: usize, lanes: usize) -> usize {
    PRODUCTS * direct::packed_len(from, to, lanes)
}

/// Transforms and packs the weights, given as `weight(tap, from, to)` with taps 0 to 8 row by row: 16 matrices, each in
/// the panels of [`direct`].
pub(super) fn pack(
    from: usize,
    to: usize,
    lanes: usize,
    packed: &mut [f32],
    weight: impl Fn(usize, usize, usize) -> f32,
) {
    const WIDEST: usize = 32;
    let matrix = direct::packed_len(from, to, lanes);
    for (start, width) in panels(to, lanes) {
        let used = width.min(to - start);
        for i in 0..from {
            let mut g = [[0.0; WIDEST]; 9];
            for (tap, g) in g.iter_mut().enumerate() {
                for (o, g) in g[..used].iter_mut().enumerate() {
                    *g = weight(tap, i, start + o);
                }
            }
            let mut u = [[0.0; WIDEST]; PRODUCTS];
            for o in 0..WIDEST {
                let g: [f32; 9] = std::array::from_fn(|tap| g[tap][o]);
                let column = |c: usize| spread(g[c], g[3 + c], g[6 + c]);
                let (a, b, c) = (column(0), column(1), column(2));
                for r in 0..4 {
                    let row = spread(a[r], b[r], c[r]);
                    for k in 0..4 {
                        u[4 * r + k][o] = row[k];
                    }
                }
            }
            for (k, u) in u.iter().enumerate() {
                let at = k * matrix + start * from + i * width;
                packed[at..at + width].copy_from_slice(&u[..width]);
            }
        }
    }
}

/// Three weights of a row or column as four.
fn spread(a: f32, b: f32, c: f32) -> [f32; 4] {
    let ends = 0.5 * (a + c);
    [a, ends + 0.5 * b, ends - 0.5 * b, c]
}

thread_local! {
    /// Transformed tiles and their products: grows to what the largest convolution of a thread needs, and stays.
    pub(super) static SCRATCH: RefCell<Buffer> = RefCell::default();
}

/// Bytes of transformed tiles at a time: well inside a second-level cache, beside the weights.
const BLOCK_BYTES: usize = 384 * 1024;

/// Tiles to transform at a time, of so many with so many channels on both sides.
fn block(tiles: usize, channels: usize) -> usize {
    even_blocks(tiles, (BLOCK_BYTES / (4 * PRODUCTS * channels)).clamp(16, 256))
}

/// Tiles of a block where there are `most` at most, and all blocks are alike.
pub(super) fn even_blocks(tiles: usize, most: usize) -> usize {
    tiles.div_ceil(tiles.div_ceil(most))
}

/// From one product to the next, a line more than its tiles take. Without it this often is a multiple of 4 KiB, which puts
/// the 16 lines of a tile into one set of the first-level cache, where there is room for eight or twelve.
pub(super) fn stride(tiles: usize, channels: usize) -> usize {
    tiles * channels + 16
}

/// The convolution of a walk with 3 x 3 taps and stride 1, over `from` channels.
pub(super) fn convolve(
    isa: Isa,
    walk: &Walk,
    from: usize,
    input: &[f32],
    packed: &[f32],
    finish: Finish<'_>,
    output: &mut [f32],
) {
    let (to, tiles) = (walk.channels, walk.rows / 2 * (walk.columns / 2));
    let block = block(tiles, from + to);
    SCRATCH.with_borrow_mut(|scratch| {
        scratch.resize(PRODUCTS * (stride(block, from) + stride(block, to)));
        let (spread, products) = scratch.split_at_mut(PRODUCTS * stride(block, from));
        for first in (0..tiles).step_by(block) {
            let tiles = first..tiles.min(first + block);
            let n = tiles.len();
            isa.run(Spread { walk, from, input, tiles: tiles.clone(), spread });
            let one = product(n, from, to);
            let matrices = packed.chunks_exact(packed.len() / PRODUCTS);
            let spread = spread.chunks_exact(stride(n, from));
            let parts = spread.zip(products.chunks_exact_mut(stride(n, to)));
            for (u, (v, m)) in matrices.zip(parts) {
                direct::convolve(isa, &one, v, u, Finish::default(), m);
            }
            isa.run(Gather { walk, products, tiles, finish, output });
        }
    });
}

/// A product of `n` transformed tiles with one of the 16 matrices: a 1 x 1 convolution.
pub(super) fn product(n: usize, from: usize, to: usize) -> Walk {
    Walk {
        rows: 1,
        columns: n,
        input: Strides { origin: 0, row: 0, pixel: from },
        output: Strides { origin: 0, row: 0, pixel: to },
        taps: 1,
        tap_stride: 0,
        run: from,
        channels: to,
    }
}

/// The number of each tile among these, and where its first pixel lies, in rows of so many columns.
pub(super) fn origins(
    columns: usize,
    of: Strides,
    tiles: Range<usize>,
) -> impl Iterator<Item = (usize, usize)> {
    let half = columns / 2;
    tiles.enumerate().map(move |(at, tile)| {
        (at, of.origin + 2 * (tile / half) * of.row + 2 * (tile % half) * of.pixel)
    })
}

/// Inputs to transformed tiles, `[product][tile][channel]`, the products a [`stride`] apart.
pub(super) struct Spread<'a> {
    pub(super) walk: &'a Walk,
    pub(super) from: usize,
    pub(super) input: &'a [f32],
    pub(super) tiles: Range<usize>,
    pub(super) spread: &'a mut [f32],
}

impl WithSimd for Spread<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        for (at, origin) in origins(self.walk.columns, self.walk.input, self.tiles.clone()) {
            for c in (0..self.from).step_by(S::F32_LANES) {
                if c + S::F32_LANES <= self.from {
                    self.tile::<S, true>(simd, origin + c, at, c);
                } else {
                    self.tile::<S, false>(simd, origin + c, at, c);
                }
            }
        }
    }
}

impl Spread<'_> {
    #[inline(always)]
    fn tile<S: Simd, const FULL: bool>(&mut self, simd: S, origin: usize, at: usize, c: usize) {
        let lanes = self.from - c;
        let strides = self.walk.input;
        let mut rows = [[simd.splat_f32s(0.0); 4]; 4];
        for r in 0..4 {
            let mut d = [simd.splat_f32s(0.0); 4];
            for k in 0..4 {
                let x = &self.input[origin + r * strides.row + k * strides.pixel..];
                d[k] = load::<S, FULL>(simd, x, lanes);
            }
            rows[r] = differences(simd, d);
        }
        let product = stride(self.tiles.len(), self.from);
        for k in 0..4 {
            let column = differences(simd, [rows[0][k], rows[1][k], rows[2][k], rows[3][k]]);
            for r in 0..4 {
                let out = &mut self.spread[(4 * r + k) * product + at * self.from + c..];
                store::<S, FULL>(simd, out, lanes, column[r]);
            }
        }
    }
}

/// Four inputs of a row or column as what the weights of [`spread`] are multiplied with.
#[inline(always)]
fn differences<S: Simd>(simd: S, [a, b, c, d]: [S::f32s; 4]) -> [S::f32s; 4] {
    [simd.sub_f32s(a, c), simd.add_f32s(b, c), simd.sub_f32s(c, b), simd.sub_f32s(b, d)]
}

/// Products to outputs.
struct Gather<'a> {
    walk: &'a Walk,
    products: &'a [f32],
    tiles: Range<usize>,
    finish: Finish<'a>,
    output: &'a mut [f32],
}

impl WithSimd for Gather<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let channels = self.walk.channels;
        for (at, origin) in origins(self.walk.columns, self.walk.output, self.tiles.clone()) {
            for c in (0..channels).step_by(S::F32_LANES) {
                if c + S::F32_LANES <= channels {
                    self.tile::<S, true>(simd, origin + c, at, c);
                } else {
                    self.tile::<S, false>(simd, origin + c, at, c);
                }
            }
        }
    }
}

impl Gather<'_> {
    #[inline(always)]
    fn tile<S: Simd, const FULL: bool>(&mut self, simd: S, origin: usize, at: usize, c: usize) {
        let (walk, channels) = (self.walk, self.walk.channels);
        let lanes = channels - c;
        let product = stride(self.tiles.len(), channels);
        let mut rows = [[simd.splat_f32s(0.0); 2]; 4];
        for r in 0..4 {
            let mut m = [simd.splat_f32s(0.0); 4];
            for k in 0..4 {
                let m_rk = &self.products[(4 * r + k) * product + at * channels + c..];
                m[k] = load::<S, FULL>(simd, m_rk, lanes);
            }
            rows[r] = sums(simd, m);
        }
        for k in 0..2 {
            let column = sums(simd, [rows[0][k], rows[1][k], rows[2][k], rows[3][k]]);
            for r in 0..2 {
                let y = match self.finish.bias {
                    Some(bias) => {
                        simd.add_f32s(column[r], load::<S, FULL>(simd, &bias[c..], lanes))
                    }
                    None => column[r],
                };
                let at = origin + r * walk.output.row + k * walk.output.pixel;
                let y = finish(simd, self.finish.relu, y);
                store::<S, FULL>(simd, &mut self.output[at..], lanes, y);
            }
        }
    }
}

/// Four products of a row or column as two outputs.
#[inline(always)]
fn sums<S: Simd>(simd: S, [a, b, c, d]: [S::f32s; 4]) -> [S::f32s; 2] {
    [simd.add_f32s(simd.add_f32s(a, b), c), simd.sub_f32s(simd.sub_f32s(b, c), d)]
}
