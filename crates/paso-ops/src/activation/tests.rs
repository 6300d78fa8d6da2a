//! Activations against their formulas in `f64`, and derivatives against differences.

use super::*;
use crate::Plane;
use crate::test_support::{
    CHANNELS, SPECIAL, assert_close, assert_panics, for_each_isa, gather, image, output, scatter,
    view,
};

const ALL: [Activation; 9] = [
    Activation::Relu,
    Activation::Relu6,
    Activation::LeakyRelu(0.01),
    Activation::Sigmoid,
    Activation::Tanh,
    Activation::Silu,
    Activation::HardSigmoid,
    Activation::HardSwish,
    Activation::Softplus,
];

/// The formula of the documentation.
fn formula(activation: Activation, x: f64) -> f64 {
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    let hard_sigmoid = |x: f64| (x / 6.0 + 0.5).clamp(0.0, 1.0);
    match activation {
        Activation::Relu => x.max(0.0),
        Activation::Relu6 => x.clamp(0.0, 6.0),
        Activation::LeakyRelu(slope) => x.max(0.0) + f64::from(slope) * x.min(0.0),
        Activation::Sigmoid => sigmoid(x),
        Activation::Tanh => x.tanh(),
        Activation::Silu => x * sigmoid(x),
        Activation::HardSigmoid => hard_sigmoid(x),
        Activation::HardSwish => x * hard_sigmoid(x),
        Activation::Softplus => (1.0 + x.exp()).ln(),
    }
}

#[test]
fn values_and_gradients_follow_the_formulas() {
    for_each_isa(|isa| {
        for activation in ALL {
            for (i, &channels) in CHANNELS.iter().enumerate() {
                let x = Plane::new(3, 1 + i % 3, channels).with_halo(i % 2);
                let y = x.with_halo(1);
                // From -6.2 to 6.2, through the corners of the hard functions.
                let input: Vec<f32> = image(x, 1).iter().map(|x| 6.2 * x).collect();
                let dy = image(y, 2);
                let what = format!("{activation:?} of {channels} channels on {isa}");
                let inner = gather(x, &input);
                let want: Vec<f64> =
                    inner.iter().map(|&x| formula(activation, f64::from(x))).collect();
                let got = output(y, |y| activate(isa, activation, view(x, &input), y));
                assert_close(&what, &got, &want, 2e-6);

                let slope = |x: f64| {
                    let step = 1e-4;
                    let difference = formula(activation, x + step) - formula(activation, x - step);
                    difference / (2.0 * step)
                };
                let want: Vec<f64> = inner
                    .iter()
                    .zip(gather(y, &dy))
                    .map(|(&x, dy)| f64::from(dy) * slope(f64::from(x)))
                    .collect();
                let y_data = scatter(y, &got);
                let views = (view(x, &input), view(y, &y_data), view(y, &dy));
                let got =
                    output(x, |dx| activate_grad(isa, activation, views.0, views.1, views.2, dx));
                for (((got, want), x), dy) in got.iter().zip(&want).zip(&inner).zip(gather(y, &dy))
                {
                    // At a corner the difference is the mean of two slopes.
                    let corner = [0.0, 3.0, -3.0, 6.0].iter().any(|c| (x - c).abs() < 2e-4);
                    let bound = if corner { f64::from(dy.abs()) } else { 1e-5 };
                    assert!((f64::from(*got) - want).abs() <= bound, "{what}: {got}, not {want}");
                }
            }
        }
    });
}

#[test]
fn special_values_have_their_limits() {
    let nan_stays = |activation: Activation| activation.value(f32::NAN).is_nan();
    assert!(
        ALL.into_iter()
            .all(|activation| nan_stays(activation) || activation == Activation::Softplus)
    );
    let infinity = f32::INFINITY;
    for (activation, below, above) in [
        (Activation::Relu, 0.0, infinity),
        (Activation::Relu6, 0.0, 6.0),
        (Activation::LeakyRelu(0.5), -infinity, infinity),
        (Activation::Sigmoid, 0.0, 1.0),
        (Activation::Tanh, -1.0, 1.0),
        (Activation::HardSigmoid, 0.0, 1.0),
        (Activation::Softplus, 0.0, infinity),
    ] {
        assert_eq!(activation.value(-infinity), below, "{activation:?} at -infinity");
        assert_eq!(activation.value(infinity), above, "{activation:?} at infinity");
    }
    for special in SPECIAL.into_iter().filter(|x| x.is_finite()) {
        assert_eq!(Activation::Relu.value(special), special.max(0.0), "{special}");
        assert!((Activation::Sigmoid.value(special) - 0.5).abs() < 1e-6, "{special}");
    }
    for big in [-200.0, -100.0, 100.0, 200.0] {
        for activation in ALL {
            let (y, want) = (activation.value(big), formula(activation, f64::from(big)));
            assert!(y.is_finite() && (f64::from(y) - want).abs() < 1e-4, "{activation:?} at {big}");
            assert!(activation.derivative(big, y).is_finite(), "{activation:?} at {big}");
        }
    }
}

#[test]
fn an_input_that_is_not_needed_is_not_read() {
    let plane = Plane::vector(9);
    let (y, dy, nan) = ([0.5; 9], [2.0; 9], [f32::NAN; 9]);
    for_each_isa(|isa| {
        for activation in ALL.into_iter().filter(|a| !a.derivative_needs_input()) {
            let views = (view(plane, &nan), view(plane, &y), view(plane, &dy));
            let dx =
                output(plane, |dx| activate_grad(isa, activation, views.0, views.1, views.2, dx));
            assert!(dx.iter().all(|dx| dx.is_finite()), "{activation:?} on {isa}");
        }
    });
}

#[test]
fn shapes_that_differ_are_both_named() {
    let (a, b) = (Plane::new(1, 2, 3), Plane::new(2, 1, 3));
    assert_panics(&["activation", "1x2x3", "2x1x3"], || {
        output(b, |y| activate(Isa::best(), Activation::Relu, view(a, &[0.0; 6]), y));
    });
}

#[test]
fn every_length_has_the_bits_of_the_function_applied_to_each_element() {
    // Vectorized loops have remainders; special values sit at every position of them.
    for_each_isa(|isa| {
        for activation in ALL {
            for len in 1..=33 {
                let plane = Plane::vector(len);
                let special =
                    |i: usize| if i.is_multiple_of(3) { SPECIAL[i % 8] } else { 0.3 - i as f32 };
                let x: Vec<f32> = (0..len).map(special).collect();
                let what = format!("{activation:?} of {len} on {isa}");
                let want: Vec<f32> = x.iter().map(|&x| activation.value(x)).collect();
                let got = output(plane, |y| activate(isa, activation, view(plane, &x), y));
                assert_close(
                    &what,
                    &got,
                    &want.iter().map(|&y| y.into()).collect::<Vec<_>>(),
                    4e-6,
                );
                let dy = vec![-2.0; len];
                let slope = |(&x, &y): (&f32, &f32)| -2.0 * activation.derivative(x, y);
                let want: Vec<f64> = x.iter().zip(&got).map(slope).map(f64::from).collect();
                let views = (view(plane, &x), view(plane, &got), view(plane, &dy));
                let got = output(plane, |dx| {
                    activate_grad(isa, activation, views.0, views.1, views.2, dx);
                });
                assert_close(&format!("gradient, {what}"), &got, &want, 4e-6);
            }
        }
    });
}

#[test]
fn a_blocked_relu_gradient_is_zero_even_where_the_gradient_above_is_not_finite() {
    // 0 * infinity would be NaN, and one such pixel would spoil all weights.
    let plane = Plane::vector(4);
    for_each_isa(|isa| {
        for dy in [f32::INFINITY, f32::NEG_INFINITY, f32::NAN] {
            let (y, dy) = ([0.0, 0.0, 2.0, 0.0], [dy; 4]);
            let (x, dy_view) = (view(plane, &y), view(plane, &dy));
            let dx = output(plane, |dx| activate_grad(isa, Activation::Relu, x, x, dy_view, dx));
            assert_eq!([dx[0], dx[1], dx[3]], [0.0; 3], "{isa}");
            assert!(!dx[2].is_finite(), "{isa}: what passes, passes as it is");
        }
    });
}

#[test]
fn functions_that_rise_have_no_negative_slope_and_odd_ones_are_odd() {
    for step in -800..=800_i16 {
        let x = f32::from(step) / 80.0;
        for activation in ALL {
            let slope = activation.derivative(x, activation.value(x));
            let dips = matches!(activation, Activation::Silu | Activation::HardSwish);
            assert!(slope >= 0.0 || dips, "{activation:?} at {x}: {slope}");
            assert!(slope.abs() <= 1.51, "{activation:?} at {x}: {slope}");
        }
        let pair = |f: Activation| (f.value(x), f.value(-x));
        let (tanh, sigmoid) = (pair(Activation::Tanh), pair(Activation::Sigmoid));
        assert_eq!(tanh.0, -tanh.1, "tanh at {x}");
        assert!((sigmoid.0 + sigmoid.1 - 1.0).abs() < 1e-6, "sigmoid at {x}");
        let (swish, hard) = (pair(Activation::Silu), pair(Activation::HardSwish));
        assert!((swish.0 - swish.1 - x).abs() < 2e-6 * (1.0 + x.abs()), "x s(x) + x s(-x) = x");
        assert!((hard.0 - hard.1 - x).abs() < 2e-6 * (1.0 + x.abs()), "the same for the hard one");
        let (above, below) = pair(Activation::Softplus);
        assert!((above - below - x).abs() < 2e-6 * (1.0 + x.abs()), "softplus(x) - softplus(-x)");
    }
}
