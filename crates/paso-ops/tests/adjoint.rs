//! Backward passes are the adjoints of forward passes: for a linear operation `y = A x`, its input
//! gradient is `A' dy`, so that `<A x, dy> = <x, A' dy>` for any `x` and `dy`. And a gradient of
//! weights `w`, in which an operation is linear too, satisfies `<y, dy> = <w, dw>`. No reference
//! implementation is needed, so these hold for the kernels as they are called, on every instruction
//! set that is there.

use paso_ops::{
    Conv, Epilogue, GradSums, Image, ImageMut, Images, ImagesMut, Isa, Moments, Norm, NormEpilogue,
    PackedConv, Plane, Pool, add_scaled, avg_pool, avg_pool_grad, batch_norm, batch_norm_grad,
    batch_norm_grad_sums, bias_grad, copy_channels, global_avg_pool, global_avg_pool_grad,
};

/// Reproducible values in `-1..1`; zeros in the halo.
fn image(plane: Plane, seed: u32) -> Vec<f32> {
    let mut data = vec![0.0; plane.len()];
    let mut state = seed.wrapping_mul(2_654_435_761) | 1;
    for run in plane.runs() {
        for x in &mut data[run] {
            *x = value(&mut state);
        }
    }
    data
}

fn values(len: usize, seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2_654_435_761) | 1;
    (0..len).map(|_| value(&mut state)).collect()
}

fn value(state: &mut u32) -> f32 {
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    f32::from(u16::try_from(*state >> 16).expect("16 bits")) / 32_768.0 - 1.0
}

/// The inner product of two slices, and the sum of the magnitudes of its terms.
fn dot(a: &[f32], b: &[f32]) -> (f64, f64) {
    assert_eq!(a.len(), b.len(), "two slices of one length");
    a.iter()
        .zip(b)
        .map(|(&a, &b)| f64::from(a) * f64::from(b))
        .fold((0.0, 0.0), |(s, m), x| (s + x, m + x.abs()))
}

/// The inner product of two images of one size, whatever their halos.
fn dot_images(a: Plane, x: &[f32], b: Plane, y: &[f32]) -> (f64, f64) {
    (0..a.height).fold((0.0, 0.0), |(sum, size), row| {
        let (s, m) = dot(&x[a.row(row)], &y[b.row(row)]);
        (sum + s, size + m)
    })
}

#[track_caller]
fn assert_equal(what: &str, (a, size): (f64, f64), (b, _): (f64, f64), relative: f64) {
    assert!(
        (a - b).abs() <= relative * (1.0 + size),
        "{what}: {a} and {b}, of terms that sum to {size}"
    );
}

/// Convolutions of all kinds: Winograd in both tiles, direct, strided, 1 x 1, depthwise, grouped.
fn convolutions() -> Vec<(Conv, Plane)> {
    let conv = |inputs, outputs, kernel| Conv::new(inputs, outputs, kernel);
    [
        (conv(16, 20, 3), 12),
        (conv(17, 33, 3), 10),
        (conv(3, 16, 3), 9),
        (conv(8, 5, 5), 7),
        (conv(19, 35, 1), 6),
        (Conv { stride: 2, ..conv(6, 9, 3) }, 11),
        (Conv { stride: 2, ..conv(6, 9, 1) }, 7),
        (Conv { stride: 3, padding: 0, ..conv(4, 4, 4) }, 13),
        (Conv::depthwise(19, 3), 9),
        (Conv { stride: 2, ..Conv::depthwise(24, 3) }, 10),
        (Conv::depthwise(7, 5), 8),
        (Conv { groups: 3, ..conv(6, 9, 3) }, 8),
    ]
    .into_iter()
    .map(|(conv, side)| (conv, Plane::new(side, side + side % 2 * 2, conv.in_channels)))
    .collect()
}

#[test]
fn convolutions_are_adjoint_to_their_gradients_in_inputs_and_weights() {
    for isa in Isa::available() {
        for (conv, plane) in convolutions() {
            let x = plane.with_halo(conv.end_padding());
            let y = conv.output(x);
            let dy_plane = y.with_halo(conv.grad_halo(x));
            let (x_data, weights) = (image(x, 1), values(conv.weight_len(), 2));
            let dy = image(dy_plane, 3);
            let mut packed = PackedConv::default();

            let mut y_data = vec![0.0; y.len()];
            packed.pack(isa, &conv, x, &weights);
            let (from, to) = (Images::new(x, &x_data), ImagesMut::new(y, &mut y_data));
            conv.forward(isa, from, &packed, Epilogue::default(), to);

            let mut dx = vec![0.0; x.len()];
            packed.pack_backward(isa, &conv, x, &weights);
            let (from, to) = (Images::new(dy_plane, &dy), ImagesMut::new(x, &mut dx));
            conv.input_grad(isa, from, &packed, to);

            let mut dw = vec![0.0; weights.len()];
            conv.weight_grad(isa, Images::new(x, &x_data), Images::new(dy_plane, &dy), &mut dw);

            let products = dot_images(y, &y_data, dy_plane, &dy);
            let what = format!("{conv:?} of {plane:?} on {isa}");
            assert_equal(&what, products, dot_images(x, &x_data, x, &dx), 1e-5);
            assert_equal(&what, products, dot(&weights, &dw), 1e-5);
        }
    }
}

#[test]
fn a_bias_is_adjoint_to_its_gradient() {
    for isa in Isa::available() {
        for channels in [1, 7, 16, 33] {
            let (conv, x) = (Conv::new(2, channels, 1), Plane::new(5, 4, 2));
            let y = conv.output(x);
            let (bias, dy) = (values(channels, 4), image(y, 5));
            // With weights of 0 the output is the bias at every pixel.
            let mut packed = PackedConv::default();
            packed.pack(isa, &conv, x, &vec![0.0; conv.weight_len()]);
            let (input, mut output) = (image(x, 6), vec![0.0; y.len()]);
            let epilogue = Epilogue { bias: Some(&bias), ..Epilogue::default() };
            let to = ImagesMut::new(y, &mut output);
            conv.forward(isa, Images::new(x, &input), &packed, epilogue, to);
            let mut db = vec![0.0; channels];
            bias_grad(isa, Image::new(y, &dy), &mut db);
            let what = format!("a bias of {channels} channels on {isa}");
            assert_equal(&what, dot(&output, &dy), dot(&bias, &db), 1e-5);
        }
    }
}

#[test]
fn average_pools_are_adjoint_to_their_gradients() {
    for isa in Isa::available() {
        for pool in [
            Pool::new(2),
            Pool::new(3),
            Pool { kernel: 3, stride: 2, padding: 1 },
            Pool { kernel: 4, stride: 1, padding: 2 },
        ] {
            for channels in [1, 5, 16] {
                let x = Plane::new(9, 8, channels).with_halo(channels % 3);
                let y = pool.output(x).with_halo(1);
                let (x_data, dy) = (image(x, 7), image(y, 8));
                let (mut y_data, mut dx) = (vec![0.0; y.len()], vec![0.0; x.len()]);
                avg_pool(isa, pool, Image::new(x, &x_data), ImageMut::new(y, &mut y_data));
                avg_pool_grad(isa, pool, Image::new(y, &dy), ImageMut::new(x, &mut dx));
                let what = format!("{pool:?} of {x:?} on {isa}");
                let products = dot_images(y, &y_data, y, &dy);
                assert_equal(&what, products, dot_images(x, &x_data, x, &dx), 1e-5);
            }
        }
    }
}

#[test]
fn the_global_average_is_adjoint_to_its_gradient() {
    for isa in Isa::available() {
        for channels in [1, 5, 16, 35] {
            let x = Plane::new(6, 7, channels).with_halo(channels % 2);
            let (x_data, dy) = (image(x, 9), values(channels, 10));
            let (mut y, mut dx) = (vec![0.0; channels], vec![0.0; x.len()]);
            global_avg_pool(isa, Image::new(x, &x_data), &mut y);
            global_avg_pool_grad(isa, &dy, ImageMut::new(x, &mut dx));
            let what = format!("the average of {x:?} on {isa}");
            assert_equal(&what, dot(&y, &dy), dot_images(x, &x_data, x, &dx), 1e-5);
        }
    }
}

#[test]
fn selecting_channels_is_adjoint_to_placing_them() {
    for isa in Isa::available() {
        let (whole, part) = (Plane::new(4, 5, 11).with_halo(1), Plane::new(4, 5, 6));
        let (x, dy) = (image(whole, 11), image(part, 12));
        let (mut y, mut dx) = (vec![0.0; part.len()], vec![0.0; whole.len()]);
        copy_channels(isa, Image::new(whole, &x), 3..9, ImageMut::new(part, &mut y), 0);
        copy_channels(isa, Image::new(part, &dy), 0..6, ImageMut::new(whole, &mut dx), 3);
        let selected = dot_images(part, &y, part, &dy);
        assert_equal("channels 3 to 8", selected, dot_images(whole, &x, whole, &dx), 1e-12);
    }
}

/// Along a direction, by central differences: moments, normalization, `ReLU` and pooling as one
/// function.
#[test]
fn the_gradient_of_a_batch_normalization_is_its_slope() {
    for isa in Isa::available() {
        for (relu, pool) in [(false, false), (true, false), (true, true)] {
            let (channels, epilogue) = (9, NormEpilogue { relu, pool });
            let x = Plane::new(6, 6, channels);
            let y = epilogue.output(x);
            let (gamma, beta) = (values(channels, 13), values(channels, 14));
            let normalize = |data: &[f32]| {
                let mut moments = Moments::new(channels);
                moments.add_image(isa, Image::new(x, data));
                let mut norm = Norm::new(channels);
                norm.set_batch(&moments, &gamma, &beta, 1e-5);
                let mut out = vec![0.0; y.len()];
                batch_norm(isa, &norm, epilogue, Image::new(x, data), ImageMut::new(y, &mut out));
                (norm, out)
            };
            let (data, direction, dy) = (image(x, 17), image(x, 18), image(y, 19));
            // Small, so that hardly any maximum or sign changes.
            let step = 1.0 / 1024.0;
            let moved = |sign: f32| {
                let mut moved = data.clone();
                let direction = Image::new(x, &direction);
                add_scaled(isa, sign * step, direction, ImageMut::new(x, &mut moved));
                dot(&normalize(&moved).1, &dy).0
            };
            let slope = (moved(1.0) - moved(-1.0)) / (2.0 * f64::from(step));

            let (mut norm, _) = normalize(&data);
            let (input, output_grad) = (Image::new(x, &data), Image::new(y, &dy));
            let mut sums = GradSums::new(channels);
            batch_norm_grad_sums(isa, &norm, epilogue, input, output_grad, &mut sums);
            let (mut d_gamma, mut d_beta) = (vec![0.0; channels], vec![0.0; channels]);
            norm.set_backward(&sums, 36.0, &mut d_gamma, &mut d_beta);
            let mut dx = vec![0.0; x.len()];
            batch_norm_grad(isa, &norm, epilogue, input, output_grad, ImageMut::new(x, &mut dx));
            let (got, size) = dot(&dx, &direction);
            assert!(size > 1.0, "the gradient is not 0");
            let what = format!("relu {relu}, pool {pool} on {isa}");
            assert_equal(&what, (got, size), (slope, size), 1e-2);
        }
    }
}
