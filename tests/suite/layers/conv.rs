//! Convolutions, linear layers and a residual block.

use super::*;
use paso_ops::{
    Activation, Conv, Epilogue, ImageMut, ImagesMut, PackedConv, activate, activate_grad, add,
    bias_grad,
};

/// `[out, in, h, w]` to `[h, w, in, out]`.
fn to_hwio(weight: &[f32], [o, i, h, w]: [usize; 4]) -> Vec<f32> {
    let mut out = vec![0.0; weight.len()];
    for (at, &x) in weight.iter().enumerate() {
        let (kx, ky, ci, co) = (at % w, at / w % h, at / w / h % i, at / w / h / i);
        out[((ky * w + kx) * i + ci) * o + co] = x;
    }
    out
}

/// `[h, w, in, out]` to `[out, in, h, w]`.
fn to_oihw(weight: &[f32], [o, i, h, w]: [usize; 4]) -> Vec<f32> {
    let at = |co, ci, ky, kx| weight[((ky * w + kx) * i + ci) * o + co];
    let mut out = Vec::new();
    for co in 0..o {
        for ci in 0..i {
            for ky in 0..h {
                out.extend((0..w).map(|kx| at(co, ci, ky, kx)));
            }
        }
    }
    out
}

struct Layer {
    conv: Conv,
    shape: [usize; 4],
    weights: Vec<f32>,
    bias: Option<Vec<f32>>,
}

impl Layer {
    fn new(case: &Value, stride: usize, padding: usize, groups: usize) -> Self {
        let weight = &case["inputs"]["weight"];
        let shape = match dims(weight)[..] {
            [o, i, h, w] => [o, i, h, w],
            [o, i] => [o, i, 1, 1],
            _ => panic!("weights of {:?}", dims(weight)),
        };
        let (of, to) = (shape[1] * groups, shape[0]);
        let conv = Conv { stride, padding, groups, ..Conv::new(of, to, shape[2]) };
        let bias = case["inputs"].get("bias").filter(|b| !b.is_null()).map(floats);
        Self { conv, shape, weights: to_hwio(&floats(weight), shape), bias }
    }

    /// Output, and the gradients of input, weights and bias for a gradient of the output.
    fn run(
        &self,
        isa: Isa,
        x: &Batch,
        grad: impl FnOnce(&Batch) -> Batch,
    ) -> (Batch, Batch, Vec<f32>, Vec<f32>) {
        let mut packed = PackedConv::default();
        packed.pack(isa, &self.conv, x.plane, &self.weights);
        let mut y = Batch::zeros(self.conv.output(x.plane), x.images.len());
        for (i, image) in y.images.iter_mut().enumerate() {
            let y = ImageMut::new(y.plane, image);
            let finish = Epilogue { bias: self.bias.as_deref(), ..Epilogue::default() };
            self.conv.forward(isa, x.image(i).into(), &packed, finish, y.into());
        }
        let dy = grad(&y);
        packed.pack_backward(isa, &self.conv, x.plane, &self.weights);
        let mut dx = Batch::zeros(x.plane, x.images.len());
        let (mut dw, mut db) = (vec![0.0; self.weights.len()], vec![0.0; self.conv.out_channels]);
        for (i, image) in dx.images.iter_mut().enumerate() {
            let out = ImagesMut::new(x.plane, image);
            self.conv.input_grad(isa, dy.image(i).into(), &packed, out);
            self.conv.weight_grad(isa, x.image(i).into(), dy.image(i).into(), &mut dw);
            bias_grad(isa, dy.image(i), &mut db);
        }
        (y, dx, to_oihw(&dw, self.shape), db)
    }
}

#[test]
fn convolutions_agree() {
    let mut checked = 0;
    for case in cases("conv2d.json") {
        let params = &case["params"];
        let layer = Layer::new(
            &case,
            size(params, "stride"),
            size(params, "padding"),
            size(params, "groups"),
        );
        let x = Batch::new(&case["inputs"]["x"], layer.conv.padding);
        let want = |name: &str| numbers(&case["float64"][name]["data"]);
        for isa in Isa::available() {
            let halo = layer.conv.grad_halo(x.plane);
            let (y, dx, dw, db) = layer.run(isa, &x, |_| Batch::new(&case["grad_output"], halo));
            let terms = (layer.conv.weight_len() / layer.conv.out_channels) as f64;
            let pixels = (y.plane.pixels() * y.images.len()) as f64;
            close(&case["id"], "output", isa, &y.nchw(), &want("output"), 2.0 * terms.max(4.0));
            close(
                &case["id"],
                "input gradient",
                isa,
                &dx.nchw(),
                &want("grad_x"),
                2.0 * terms.max(8.0),
            );
            close(
                &case["id"],
                "weight gradient",
                isa,
                &dw,
                &want("grad_weight"),
                2.0 * pixels.max(4.0),
            );
            if layer.bias.is_some() {
                close(
                    &case["id"],
                    "bias gradient",
                    isa,
                    &db,
                    &want("grad_bias"),
                    2.0 * pixels.max(4.0),
                );
            }
        }
        checked += 1;
    }
    assert!(checked == 9 || checked == 9 + 21, "{checked} cases");
}

/// A linear layer is a 1 x 1 convolution of images of one pixel.
#[test]
fn linear_layers_agree() {
    for case in cases("linear.json").iter().filter(|case| case["op"] == "linear") {
        let layer = Layer::new(case, 1, 0, 1);
        let as_images = |tensor: &Value, halo| {
            let channels = *dims(tensor).last().unwrap();
            let plane = Plane::vector(channels).with_halo(halo);
            Batch {
                plane,
                images: floats(tensor).chunks_exact(channels).map(<[f32]>::to_vec).collect(),
            }
        };
        let x = as_images(&case["inputs"]["x"], 0);
        let want = |name: &str| numbers(&case["float64"][name]["data"]);
        for isa in Isa::available() {
            let (y, dx, dw, db) = layer.run(isa, &x, |_| as_images(&case["grad_output"], 0));
            let terms = layer.conv.in_channels.max(layer.conv.out_channels).max(8) as f64;
            close(&case["id"], "output", isa, &y.images.concat(), &want("output"), 2.0 * terms);
            close(
                &case["id"],
                "input gradient",
                isa,
                &dx.images.concat(),
                &want("grad_x"),
                2.0 * terms,
            );
            close(
                &case["id"],
                "weight gradient",
                isa,
                &dw,
                &want("grad_weight"),
                2.0 * x.images.len().max(4) as f64,
            );
            if layer.bias.is_some() {
                close(
                    &case["id"],
                    "bias gradient",
                    isa,
                    &db,
                    &want("grad_bias"),
                    2.0 * x.images.len().max(4) as f64,
                );
            }
        }
    }
}

#[test]
fn a_residual_block_agrees() {
    for case in cases("linear.json").iter().filter(|case| case["op"] == "residual_add") {
        let layer = Layer::new(case, 1, 1, 1);
        let x = Batch::new(&case["inputs"]["x"], 1);
        let want = |name: &str| numbers(&case["float64"][name]["data"]);
        for isa in Isa::available() {
            let mut outputs = Batch::zeros(Plane { halo: 0, ..x.plane }, x.images.len());
            let mut d_sum = None;
            let (_, mut dx, dw, db) = layer.run(isa, &x, |y| {
                let dy = Batch::new(&case["grad_output"], 0);
                let mut sums = Batch::zeros(y.plane, y.images.len());
                let mut d = Batch::zeros(y.plane.with_halo(1), y.images.len());
                for i in 0..y.images.len() {
                    add(isa, x.image(i), y.image(i), ImageMut::new(y.plane, &mut sums.images[i]));
                    let out = ImageMut::new(y.plane, &mut outputs.images[i]);
                    activate(isa, Activation::Relu, sums.image(i), out);
                    let dx = ImageMut::new(d.plane, &mut d.images[i]);
                    activate_grad(
                        isa,
                        Activation::Relu,
                        sums.image(i),
                        outputs.image(i),
                        dy.image(i),
                        dx,
                    );
                }
                d_sum = Some(Batch { plane: d.plane, images: d.images.clone() });
                d
            });
            for (i, image) in dx.images.iter_mut().enumerate() {
                let through = d_sum.as_ref().unwrap().image(i);
                paso_ops::add_scaled(isa, 1.0, through, ImageMut::new(x.plane, image));
            }
            let pixels = (x.plane.pixels() * x.images.len()) as f64;
            close(&case["id"], "output", isa, &outputs.nchw(), &want("output"), 64.0);
            close(&case["id"], "input gradient", isa, &dx.nchw(), &want("grad_x"), 64.0);
            close(&case["id"], "weight gradient", isa, &dw, &want("grad_weight"), 2.0 * pixels);
            close(&case["id"], "bias gradient", isa, &db, &want("grad_bias"), 2.0 * pixels);
        }
    }
}
