//! Pooling and activations.

use super::*;
use paso_ops::{
    Activation, ImageMut, Pool, activate, activate_grad, avg_pool, avg_pool_grad, global_avg_pool,
    global_avg_pool_grad, max_pool, max_pool_grad,
};

#[test]
fn pooling_agrees() {
    let mut skipped = Vec::new();
    for case in cases("pool.json") {
        let params = &case["params"];
        let op = case["op"].as_str().unwrap();
        let whole = params["output"] == serde_json::json!([1, 1]);
        let claimed = match op {
            "max_pool2d" => params["ceil_mode"] == false,
            "avg_pool2d" => params["count_include_pad"] == true,
            "adaptive_avg_pool2d" => whole,
            _ => false,
        };
        if !claimed {
            skipped.push(case["id"].as_str().unwrap().to_owned());
            continue;
        }
        let x = Batch::new(&case["inputs"]["x"], 1);
        let dy = Batch::new(&case["grad_output"], 0);
        let n = x.images.len();
        for isa in Isa::available() {
            let (mut y, mut dx) = (Batch::zeros(dy.plane, n), Batch::zeros(x.plane, n));
            for i in 0..n {
                let (out, back) = (&mut y.images[i][..], ImageMut::new(x.plane, &mut dx.images[i]));
                if whole {
                    global_avg_pool(isa, x.image(i), out);
                    global_avg_pool_grad(isa, &dy.images[i], back);
                    continue;
                }
                let out = ImageMut::new(dy.plane, out);
                let pool = Pool {
                    kernel: size(params, "kernel"),
                    stride: size(params, "stride"),
                    padding: size(params, "padding"),
                };
                if op == "max_pool2d" {
                    max_pool(isa, pool, x.image(i), out);
                    max_pool_grad(isa, pool, x.image(i), dy.image(i), back);
                } else {
                    avg_pool(isa, pool, x.image(i), out);
                    avg_pool_grad(isa, pool, dy.image(i), back);
                }
            }
            close(
                &case["id"],
                "output",
                isa,
                &y.nchw(),
                &numbers(&case["float64"]["output"]["data"]),
                64.0,
            );
            close(
                &case["id"],
                "gradient",
                isa,
                &dx.nchw(),
                &numbers(&case["float64"]["grad_x"]["data"]),
                8.0,
            );
        }
    }
    let known = [
        "max_pool2d/6", // ceil mode
        "avg_pool2d/2", // padding that does not count
        "adaptive_avg_pool2d/1",
        "upsample_bilinear/0",
        "upsample_bilinear/1",
        "upsample_bilinear/2",
    ];
    assert!(skipped.iter().all(|id| known.contains(&id.as_str())), "{skipped:?}");
}

#[test]
fn activations_agree() {
    let mut skipped = Vec::new();
    for case in cases("activation.json") {
        let f = match case["op"].as_str().unwrap() {
            "relu" => Activation::Relu,
            "leaky_relu" => Activation::LeakyRelu(number(&case["params"]["negative_slope"]) as f32),
            "sigmoid" => Activation::Sigmoid,
            "tanh" => Activation::Tanh,
            "silu" => Activation::Silu,
            "hardsigmoid" => Activation::HardSigmoid,
            "hardswish" => Activation::HardSwish,
            "softplus" => Activation::Softplus,
            other => {
                skipped.push(other.to_owned());
                continue;
            }
        };
        let (x, dy) = (floats(&case["inputs"]["x"]), floats(&case["grad_output"]));
        let plane = Plane::vector(x.len());
        for isa in Isa::available() {
            let (mut y, mut dx) = (vec![0.0; x.len()], vec![0.0; x.len()]);
            activate(isa, f, Image::new(plane, &x), ImageMut::new(plane, &mut y));
            let (ix, iy, idy) =
                (Image::new(plane, &x), Image::new(plane, &y), Image::new(plane, &dy));
            activate_grad(isa, f, ix, iy, idy, ImageMut::new(plane, &mut dx));
            close(
                &case["id"],
                "output",
                isa,
                &y,
                &numbers(&case["float64"]["output"]["data"]),
                8.0,
            );
            close(
                &case["id"],
                "gradient",
                isa,
                &dx,
                &numbers(&case["float64"]["grad_x"]["data"]),
                8.0,
            );
        }
    }
    let known = ["gelu", "softmax", "log_softmax"];
    assert!(skipped.iter().all(|op| known.contains(&op.as_str())), "{skipped:?}");
}
