//! In inference a 1 x 1 convolution computes the depthwise one before it as it reads it: with the same bits, and only where
//! nobody else can see what lies between.

use paso_tape::{Conv, Params, Tape, Var};

/// A depthwise-separable block, twice; what lies in its middles; and its output.
fn record(tape: &mut Tape, params: &mut Params) -> (Var, Vec<Var>, Var) {
    let image = tape.input([13, 24, 16]);
    let (mut x, mut middles) = (image, Vec::new());
    for (i, stride) in [1, 2].into_iter().enumerate() {
        let first = Conv { stride, ..Conv::depthwise(16, 3) };
        x = tape.conv(params, &format!("first{i}"), x, first, i == 0);
        x = tape.batch_norm(params, &format!("norm{i}"), x);
        x = tape.relu(x);
        middles.push(x);
        x = tape.conv(params, &format!("second{i}"), x, Conv::new(16, 16, 1), true);
        x = tape.batch_norm(params, &format!("norm{i} again"), x);
        x = tape.relu(x);
    }
    let out = tape.linear(params, "out", x, 3);
    (image, middles, out)
}

#[test]
fn one_pass_has_the_bits_of_two() {
    let pixels: Vec<f32> =
        (0_u16..5 * 13 * 24 * 16).map(|i| f32::from(i % 97) / 48.0 - 1.0).collect();
    let infer = |keep: bool| {
        let (mut tape, mut params) = (Tape::new(), Params::new(7));
        let (image, middles, out) = record(&mut tape, &mut params);
        if keep {
            middles.iter().for_each(|&middle| tape.keep(middle));
        }
        // Running statistics that are not those of the beginning.
        tape.forward(&mut params, &[(image, &pixels)]);
        tape.infer(&params, &[(image, &pixels)]);
        let middle = keep.then(|| tape.value(middles[1]));
        (tape.value(out), middle)
    };
    let ((together, _), (apart, middle)) = (infer(false), infer(true));
    assert_eq!(together, apart);
    assert!(middle.is_some_and(|middle| middle.iter().any(|&x| x > 0.0)));
}
