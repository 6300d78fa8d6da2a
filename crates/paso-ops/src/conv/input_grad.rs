//! The gradient of the input of a convolution: a transposed convolution, one per residue class of
//! the stride.
//!
//! Input row `i` contributes to output row `o` through kernel row `k` where
//! `i + padding == o * stride + k`. So the rows with `i % stride == r` are a convolution of the
//! output's gradient with every `stride`-th kernel row, the last first. Stride 1 has one such
//! class, stride 2 has two, and four over rows and columns.
//!
//! With 3 taps, stride 2 and padding 1, `i + 1 = 2 o + k`:
//!
//! | input rows `i` | pairs of kernel row `k` and output row `o` |
//! |---|---|
//! | even, residue 0 | `k = 1`, `o = i / 2` |
//! | odd, residue 1 | `k = 2`, `o = (i - 1) / 2` and `k = 0`, `o = (i + 1) / 2` |
//!
//! `PyTorch` calls this `conv_transpose2d`. A class may have no taps at all, as the odd rows of a 1
//! x 1 kernel of stride 2: no output saw those inputs, and their gradient is zero.

use super::descriptor::Conv;
use super::direct::Convolve;
use super::epilogue::Epilogue;
use super::geometry::{ConvGeometry, Strides};
use super::winograd_tile::WinogradTile;
use super::{depthwise, direct};
use crate::{Images, ImagesMut, Isa};

/// One residue class of rows (or columns) of the input.
#[derive(Clone, Copy, Debug)]
pub(super) struct Class {
    /// First row of the class.
    pub(super) residue: usize,
    /// Output row that the first tap of the first row reads; it may lie in the halo.
    pub(super) first: isize,
    /// Kernel row of the first tap; each further tap is `stride` rows before.
    pub(super) kernel_row: usize,
    /// Kernel rows that use this class.
    pub(super) taps: usize,
}

impl Class {
    pub(super) fn new(conv: &Conv, residue: usize) -> Self {
        let rest = (residue + conv.padding) % conv.stride;
        let taps = if rest < conv.kernel { (conv.kernel - 1 - rest) / conv.stride + 1 } else { 0 };
        let kernel_row = rest + conv.stride * taps.saturating_sub(1);
        let distance = (residue + conv.padding).cast_signed() - kernel_row.cast_signed();
        Self { residue, first: distance / conv.stride.cast_signed(), kernel_row, taps }
    }
}

/// All pairs of a class of rows and one of columns, in the order in which their weights are packed.
pub(super) fn classes(conv: &Conv) -> impl Iterator<Item = (Class, Class)> + use<> {
    let conv = *conv;
    let class = move |residue| Class::new(&conv, residue);
    (0..conv.stride).flat_map(move |y| (0..conv.stride).map(move |x| (class(y), class(x))))
}

/// Length of the weights packed for [`input_grad`].
pub(super) fn packed_len(conv: &Conv, lanes: usize, tile: Option<WinogradTile>) -> usize {
    if let Some(tile) = tile {
        return tile.packed_len(conv.out_channels, conv.in_channels, lanes);
    }
    classes(conv).map(|(y, x)| class_len(conv, y, x, lanes)).sum()
}

fn class_len(conv: &Conv, y: Class, x: Class, lanes: usize) -> usize {
    if conv.groups > 1 {
        y.taps * x.taps * conv.in_channels
    } else {
        direct::packed_len(y.taps * x.taps * conv.out_channels, conv.in_channels, lanes)
    }
}

/// Packs the weights as [`input_grad`] reads them: class after class, taps reversed, inputs and
/// outputs swapped.
pub(super) fn pack(
    conv: &Conv,
    lanes: usize,
    tile: Option<WinogradTile>,
    weights: &[f32],
    packed: &mut [f32],
) {
    let (inputs, outputs) = (conv.in_channels, conv.out_channels);
    if let Some(tile) = tile {
        return tile.pack(outputs, inputs, lanes, packed, |tap, output, input| {
            weights[((8 - tap) * inputs + input) * outputs + output]
        });
    }
    let mut rest = packed;
    for (y, x) in classes(conv) {
        let (packed, tail) = rest.split_at_mut(class_len(conv, y, x, lanes));
        rest = tail;
        let entry = |tap: usize| {
            let (ky, kx) = (
                y.kernel_row - tap / x.taps * conv.stride,
                x.kernel_row - tap % x.taps * conv.stride,
            );
            ky * conv.kernel + kx
        };
        if conv.groups > 1 {
            for (tap, out) in packed.chunks_exact_mut(conv.in_channels).enumerate() {
                out.copy_from_slice(&weights[entry(tap) * conv.in_channels..][..conv.in_channels]);
            }
        } else {
            let rows = y.taps * x.taps * conv.out_channels;
            direct::pack(rows, conv.in_channels, lanes, packed, |row, channel| {
                let (tap, output) = (row / conv.out_channels, row % conv.out_channels);
                weights[(entry(tap) * conv.in_channels + channel) * conv.out_channels + output]
            });
        }
    }
}

/// Writes the gradient of the input, class by class.
pub(super) fn input_grad(
    conv: &Conv,
    isa: Isa,
    dy: Images<'_>,
    packed: &[f32],
    mut dx: ImagesMut<'_>,
) {
    let (input, output) = (dx.plane, dy.plane);
    if depthwise::fits_stride2(conv, input) {
        let images = dy.iter().zip(dx.iter_mut());
        return images.for_each(|(dy, dx)| depthwise::input_grad_stride2(isa, dy, packed, dx));
    }
    let mut rest = packed;
    // Only with stride 1, which has a single class.
    let tile = conv.tile_backward(input);
    for (y, x) in classes(conv) {
        let length = if tile.is_some() { packed.len() } else { class_len(conv, y, x, isa.lanes()) };
        let (weights, tail) = rest.split_at(length);
        rest = tail;
        if y.residue >= input.height || x.residue >= input.width {
            continue;
        }
        let row = output.row_stride().cast_signed();
        let from =
            output.origin().cast_signed() + y.first * row + x.first * output.channels.cast_signed();
        let geometry = ConvGeometry {
            images: dx.count(),
            rows: (input.height - y.residue).div_ceil(conv.stride),
            columns: (input.width - x.residue).div_ceil(conv.stride),
            input: Strides {
                origin: from.max(0).cast_unsigned(),
                image: output.len(),
                row: output.row_stride(),
                pixel: output.channels,
            },
            output: Strides {
                origin: input.origin()
                    + y.residue * input.row_stride()
                    + x.residue * input.channels,
                image: input.len(),
                row: conv.stride * input.row_stride(),
                pixel: conv.stride * input.channels,
            },
            taps: y.taps,
            tap_stride: output.row_stride(),
            row_len: if conv.groups > 1 { x.taps } else { x.taps * output.channels },
            channels: input.channels,
        };
        let epilogue = Epilogue::default();
        if let Some(tile) = tile {
            let (geometry, input, channels) = (&geometry, dy.data, output.channels);
            let output = &mut *dx.data;
            let sums = Convolve { geometry, input, packed: weights, epilogue, output };
            tile.convolve(isa, channels, sums);
            continue;
        }
        for (dy, dx) in dy.iter().zip(dx.iter_mut()) {
            if y.taps * x.taps == 0 {
                zero(&geometry, dx.data);
            } else if conv.groups > 1 {
                depthwise::convolve(isa, &geometry, dy.data, weights, epilogue, dx.data);
            } else {
                direct::convolve(isa, &geometry, dy.data, weights, epilogue, dx.data);
            }
        }
    }
}

/// Sets inputs to zero that no output reads, as with a 1 x 1 kernel of stride 2.
fn zero(geometry: &ConvGeometry, output: &mut [f32]) {
    for row in 0..geometry.rows {
        for column in 0..geometry.columns {
            let at =
                geometry.output.origin + row * geometry.output.row + column * geometry.output.pixel;
            output[at..at + geometry.channels].fill(0.0);
        }
    }
}
