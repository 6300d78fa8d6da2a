//! Batch normalization: training, its gradients, running statistics, inference.

use super::*;
use paso_ops::{
    GradSums, ImageMut, Moments, Norm, NormEpilogue, batch_norm, batch_norm_grad,
    batch_norm_grad_sums,
};

/// Batch normalization with nothing behind it.
const ALONE: NormEpilogue = NormEpilogue { relu: false, pool: false };

#[test]
fn batch_norm_agrees() {
    let mut checked = 0;
    for case in cases("batch_norm2d.json") {
        for isa in Isa::available() {
            run(&case, isa);
        }
        checked += 1;
    }
    assert!(checked == 1 || checked == 1 + 5, "{checked} cases");
}

fn run(case: &Value, isa: Isa) {
    let eps = number(&case["params"]["eps"]);
    let channels = dims(&case["inputs"]["x"][0])[1];
    let affine_or = |name: &str, default: f32| match case["inputs"].get(name) {
        Some(tensor) if !tensor.is_null() => floats(tensor),
        _ => vec![default; channels],
    };
    let (gamma, beta) = (affine_or("weight", 1.0), affine_or("bias", 0.0));
    let (mut mean, mut var) = (vec![0.0_f64; channels], vec![1.0_f64; channels]);
    for (t, want) in case["float64"].as_array().unwrap().iter().enumerate() {
        let x = Batch::new(&case["inputs"]["x"][t], t % 2);
        let mut norm = Norm::new(channels);
        let mut moments = Moments::new(channels);
        let training = want["mode"] == "train";
        if training {
            (0..x.images.len()).for_each(|i| moments.add_image(isa, x.image(i)));
            norm.set_batch(&moments, &gamma, &beta, eps);
            // A momentum of null is the plain average over the calls.
            let momentum = case["params"]["momentum"].as_f64().unwrap_or(1.0 / (t as f64 + 1.0));
            for c in 0..channels {
                mean[c] += momentum * (moments.mean()[c] - mean[c]);
                var[c] += momentum * (moments.unbiased_variance(c) - var[c]);
            }
        } else {
            let narrow = |x: &[f64]| x.iter().map(|&x| x as f32).collect::<Vec<_>>();
            norm.set_running(&narrow(&mean), &narrow(&var), &gamma, &beta, eps);
        }
        let f32s = |x: &[f64]| x.iter().map(|&x| x as f32).collect::<Vec<_>>();
        close(
            &case["id"],
            "running mean",
            isa,
            &f32s(&mean),
            &numbers(&want["running_mean"]["data"]),
            16.0,
        );
        close(
            &case["id"],
            "running variance",
            isa,
            &f32s(&var),
            &numbers(&want["running_var"]["data"]),
            16.0,
        );

        let mut y = Batch::zeros(Plane { halo: 0, ..x.plane }, x.images.len());
        for (i, image) in y.images.iter_mut().enumerate() {
            batch_norm(isa, &norm, ALONE, x.image(i), ImageMut::new(y.plane, image));
        }
        close(&case["id"], "output", isa, &y.nchw(), &numbers(&want["output"]["data"]), 32.0);
        if !training {
            continue;
        }
        let dy = Batch::new(&case["grad_output"][t], 0);
        let mut sums = GradSums::new(channels);
        for i in 0..x.images.len() {
            batch_norm_grad_sums(isa, &norm, ALONE, x.image(i), dy.image(i), &mut sums);
        }
        let (mut d_gamma, mut d_beta) = (vec![0.0; channels], vec![0.0; channels]);
        norm.set_backward(&sums, moments.count(), &mut d_gamma, &mut d_beta);
        let mut dx = Batch::zeros(x.plane, x.images.len());
        for (i, image) in dx.images.iter_mut().enumerate() {
            batch_norm_grad(
                isa,
                &norm,
                ALONE,
                x.image(i),
                dy.image(i),
                ImageMut::new(x.plane, image),
            );
        }
        let pixels = moments.count();
        close(
            &case["id"],
            "input gradient",
            isa,
            &dx.nchw(),
            &numbers(&want["grad_x"]["data"]),
            64.0,
        );
        if case["inputs"].get("weight").is_some_and(|w| !w.is_null()) {
            close(
                &case["id"],
                "gamma",
                isa,
                &d_gamma,
                &numbers(&want["grad_weight"]["data"]),
                2.0 * pixels,
            );
            close(
                &case["id"],
                "beta",
                isa,
                &d_beta,
                &numbers(&want["grad_bias"]["data"]),
                2.0 * pixels,
            );
        }
    }
}

#[test]
fn a_far_mean_does_not_cancel_the_variance() {
    let plane = Plane::new(7, 9, 3);
    let data: Vec<f32> = (0..plane.len()).map(|i| 1e4 + (i % 7) as f32 * 0.25).collect();
    for isa in Isa::available() {
        let mut moments = Moments::new(3);
        moments.add_image(isa, Image::new(plane, &data));
        for c in 0..3 {
            let values: Vec<f64> = data.iter().skip(c).step_by(3).map(|&x| f64::from(x)).collect();
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            let variance =
                values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / values.len() as f64;
            assert!(
                (moments.variance(c) / variance - 1.0).abs() < 1e-5,
                "{isa}: {} for {variance}",
                moments.variance(c)
            );
        }
    }
}
