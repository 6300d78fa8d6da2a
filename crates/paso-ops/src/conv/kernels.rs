//! Runs a convolution and its gradients: checks the shapes and calls the kernel that the descriptor
//! chose.

use super::descriptor::Conv;
use super::direct::Convolve;
use super::epilogue::Epilogue;
use super::packed::PackedConv;
use super::{depthwise, direct, grouped, input_grad};
use crate::layout::same_shape;
use crate::{Images, ImagesMut, Isa};

impl Conv {
    /// `y = bias + x * weights`, then the activation of the epilogue; the halo of `y` is left alone.
    ///
    /// `x` is `[images, height, width, in_channels]` with a halo of zeros of at least
    /// [`Conv::end_padding`],
    /// `y` is `[images, ..]` of [`Conv::output`], `[.., out_channels]`, with any halo. The weights
    /// were packed by [`PackedConv::pack`].
    ///
    /// # Panics
    /// When the planes do not fit the convolution, the halo of `x` is too small, or
    /// there are more images of one than of the other.
    #[track_caller]
    pub fn forward(
        &self,
        isa: Isa,
        x: Images<'_>,
        packed: &PackedConv,
        epilogue: Epilogue<'_>,
        mut y: ImagesMut<'_>,
    ) {
        self.check(x.plane, y.plane);
        same_count(x.count(), y.count());
        let tile = self.tile(x.plane);
        packed.check(isa, self, tile, false);
        let geometry = self.geometry(x.count(), x.plane, y.plane);
        let weights = &packed.weights;
        if let Some(tile) = tile {
            let (geometry, input, output) = (&geometry, x.data, y.data);
            let sums = Convolve { geometry, input, packed: weights, epilogue, output };
            return tile.convolve(isa, self.in_channels, sums);
        }
        for (x, y) in x.iter().zip(y.iter_mut()) {
            if self.groups == 1 {
                direct::convolve(isa, &geometry, x.data, weights, epilogue, y.data);
            } else if self.is_depthwise() {
                depthwise::convolve(isa, &geometry, x.data, weights, epilogue, y.data);
            } else {
                grouped::forward(self, x, weights, epilogue, y);
            }
        }
    }

    /// The gradient of the input from the gradient of the output; it replaces what `dx` held, its
    /// halo is left alone.
    ///
    /// `dx` has the shape of the input, `[images, height, width, in_channels]`, with any halo; `dy`
    /// has that of the output, with a halo of zeros of at least [`Conv::grad_halo`].
    ///
    /// ```
    /// use paso_ops::{Conv, Images, ImagesMut, Isa, PackedConv, Plane};
    ///
    /// // One channel, 1 x 3 inputs, weights 2 (left), 3 (middle), 5 (right) in the middle row.
    /// let conv = Conv::new(1, 1, 3);
    /// let x = Plane::new(1, 3, 1);
    /// let weights = [0.0, 0.0, 0.0, 2.0, 3.0, 5.0, 0.0, 0.0, 0.0];
    /// let mut packed = PackedConv::default();
    /// packed.pack_backward(Isa::best(), &conv, x, &weights);
    ///
    /// // The gradient of the middle output goes to the three inputs that it saw.
    /// let y = conv.output(x).with_halo(conv.grad_halo(x));
    /// let (mut dy, mut dx) = (vec![0.0; y.len()], [0.0; 3]);
    /// dy[y.row(0)].copy_from_slice(&[0.0, 1.0, 0.0]);
    /// conv.input_grad(Isa::best(), Images::new(y, &dy), &packed, ImagesMut::new(x, &mut dx));
    /// assert_eq!(dx, [2.0, 3.0, 5.0]);
    /// ```
    ///
    /// # Panics
    /// When the planes do not fit the convolution, the halo of `dy` is smaller than
    /// [`Conv::grad_halo`], there are more images of one than of the other, or the weights were not
    /// packed by [`PackedConv::pack_backward`].
    #[track_caller]
    pub fn input_grad(&self, isa: Isa, dy: Images<'_>, packed: &PackedConv, mut dx: ImagesMut<'_>) {
        let halo = self.grad_halo(dx.plane);
        assert!(
            dy.plane.halo >= halo,
            "the output gradient needs a halo of {halo}, it has {}",
            dy.plane.halo
        );
        same_shape("convolution", dy.plane, self.output(dx.plane));
        same_count(dx.count(), dy.count());
        packed.check(isa, self, self.tile_backward(dx.plane), true);
        if self.groups > 1 && !self.is_depthwise() {
            let images = dy.iter().zip(dx.iter_mut());
            return images.for_each(|(dy, dx)| grouped::input_grad(self, dy, &packed.weights, dx));
        }
        input_grad::input_grad(self, isa, dy, &packed.weights, dx);
    }

    /// Adds the gradient of the weights to `dw`,
    /// `[kernel, kernel, in_channels / groups, out_channels]`.
    ///
    /// `x` is `[images, height, width, in_channels]` with a halo of zeros of at least
    /// [`Conv::end_padding`],
    /// `dy` has the shape of the output, with any halo.
    ///
    /// The weights themselves are not read. `dw` is added to, so that the images of a batch can
    /// come in several calls; set it to zero before the first one.
    ///
    /// ```
    /// use paso_ops::{Conv, Images, Isa, Plane};
    ///
    /// // y = x * w over two pixels: dw = sum of x * dy.
    /// let (conv, plane) = (Conv::new(1, 1, 1), Plane::new(1, 2, 1));
    /// let (x, dy, mut dw) = ([2.0, 3.0], [1.0, 10.0], [100.0]);
    /// conv.weight_grad(Isa::best(), Images::new(plane, &x), Images::new(plane, &dy), &mut dw);
    /// assert_eq!(dw, [132.0]);
    /// ```
    ///
    /// # Panics
    /// When the planes do not fit the convolution, there are more images of one than of the other,
    /// or `dw` has another length than the weights.
    #[track_caller]
    pub fn weight_grad(&self, isa: Isa, x: Images<'_>, dy: Images<'_>, dw: &mut [f32]) {
        self.check(x.plane, dy.plane);
        same_count(x.count(), dy.count());
        assert_eq!(
            dw.len(),
            self.weight_len(),
            "the weight gradient needs {} elements",
            self.weight_len()
        );
        let geometry = self.geometry(x.count(), x.plane, dy.plane);
        if let Some(tile) = self.tile_weights(dy.plane) {
            return tile.weight_grad(isa, &geometry, self.in_channels, x.data, dy.data, dw);
        }
        for (x, dy) in x.iter().zip(dy.iter()) {
            if self.groups == 1 {
                direct::weight_grad(isa, &geometry, x.data, dy.data, dw);
            } else if self.is_depthwise() {
                depthwise::weight_grad(isa, &geometry, x.data, dy.data, dw);
            } else {
                grouped::weight_grad(self, x, dy, dw);
            }
        }
    }
}

#[track_caller]
fn same_count(x: usize, y: usize) {
    assert_eq!(x, y, "a convolution of {x} images has {x} outputs, not {y}");
}
