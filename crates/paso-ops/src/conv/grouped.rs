//! Convolution as six obvious loops: what the fast kernels are tested against, and the path for
//! grouped ones.

use super::descriptor::Conv;
use super::epilogue::{Epilogue, FusedActivation};
use crate::{Activation, Image, ImageMut};

/// Visits every product of a convolution: indices of the output, the input and the weight.
///
/// The four results are sums over these triples: `y[out] += x[input] * w[weight]`,
/// `dx[input] += dy[out] * w[weight]`, `dw[weight] += x[input] * dy[out]`. Products with the
/// padding are zero and are skipped, so that halos are neither read nor needed.
pub(super) fn for_each_product(
    conv: &Conv,
    x: crate::Plane,
    y: crate::Plane,
    mut visit: impl FnMut(usize, usize, usize),
) {
    let (ci, co) = (conv.in_channels / conv.groups, conv.out_channels / conv.groups);
    for oy in 0..y.height {
        for ox in 0..y.width {
            for o in 0..conv.out_channels {
                let out = y.row(oy).start + ox * y.channels + o;
                for ky in 0..conv.kernel {
                    for kx in 0..conv.kernel {
                        let (iy, ix) = (oy * conv.stride + ky, ox * conv.stride + kx);
                        let inside = (conv.padding..x.height + conv.padding).contains(&iy)
                            && (conv.padding..x.width + conv.padding).contains(&ix);
                        if !inside {
                            continue;
                        }
                        let pixel =
                            x.row(iy - conv.padding).start + (ix - conv.padding) * x.channels;
                        for c in 0..ci {
                            let weight = ((ky * conv.kernel + kx) * ci + c) * conv.out_channels + o;
                            visit(out, pixel + o / co * ci + c, weight);
                        }
                    }
                }
            }
        }
    }
}

/// `y = bias + x * w`, then the activation.
pub(super) fn forward(
    conv: &Conv,
    x: Image<'_>,
    w: &[f32],
    epilogue: Epilogue<'_>,
    y: ImageMut<'_>,
) {
    for row in 0..y.plane.height {
        for pixel in y.data[y.plane.row(row)].chunks_exact_mut(conv.out_channels) {
            match epilogue.bias {
                Some(bias) => pixel.copy_from_slice(bias),
                None => pixel.fill(0.0),
            }
        }
    }
    for_each_product(conv, x.plane, y.plane, |out, input, weight| {
        y.data[out] += x.data[input] * w[weight];
    });
    let activation = match epilogue.activation {
        FusedActivation::None => return,
        FusedActivation::Relu => Activation::Relu,
        FusedActivation::Relu6 => Activation::Relu6,
    };
    for row in 0..y.plane.height {
        let row = &mut y.data[y.plane.row(row)];
        row.iter_mut().for_each(|y| *y = activation.value(*y));
    }
}

/// The gradient of the input; it replaces what `dx` held.
pub(super) fn input_grad(conv: &Conv, dy: Image<'_>, w: &[f32], dx: ImageMut<'_>) {
    for row in 0..dx.plane.height {
        dx.data[dx.plane.row(row)].fill(0.0);
    }
    for_each_product(conv, dx.plane, dy.plane, |out, input, weight| {
        dx.data[input] += dy.data[out] * w[weight];
    });
}

/// Adds the gradient of the weights to `dw`.
pub(super) fn weight_grad(conv: &Conv, x: Image<'_>, dy: Image<'_>, dw: &mut [f32]) {
    for_each_product(conv, x.plane, dy.plane, |out, input, weight| {
        dw[weight] += x.data[input] * dy.data[out];
    });
}
