//! Why moments are kept in f32: what bf16 (8 bits of significand) does to them.
//!
//! Half the state would be read and written, a quarter faster beyond the caches. The second moment
//! cannot pay for it: at `beta2 = 0.999` it changes by a thousandth a step, and bf16's neighbors
//! are 1/256 to 1/128 apart. Rounded to nearest it never moves once it is within a few units of its
//! mean; rounded stochastically it follows, with a noise of 0.3 %, for a random number a weight;
//! that training is unharmed by it has not been shown here.

#![expect(clippy::cast_possible_truncation, reason = "rounded to f32 on purpose")]

/// The nearest bf16, ties to even.
fn nearest(x: f64) -> f64 {
    let bits = (x as f32).to_bits();
    let up = 0x7fff + ((bits >> 16) & 1);
    f32::from_bits((bits + up) & 0xffff_0000).into()
}

/// One of the two neighbors in bf16, in proportion to how near they are.
fn stochastic(x: f64, random: &mut u32) -> f64 {
    *random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
    f32::from_bits(((x as f32).to_bits() + (*random >> 16)) & 0xffff_0000).into()
}

#[test]
fn a_second_moment_in_bf16_rounded_to_nearest_does_not_forget() {
    let (mut exact, mut rounded) = (1.0_f64, 1.0_f64);
    for _ in 0..10_000 {
        exact *= 0.999;
        rounded = nearest(rounded * 0.999);
    }
    // The gradient died ten thousand steps ago: the weight's own rate should be 148 times what it
    // was.
    assert!((exact.sqrt() - 0.0067).abs() < 1e-4, "{exact}");
    assert_eq!(rounded, 1.0);
}

#[test]
fn a_second_moment_in_bf16_does_not_follow_a_gradient_that_grows() {
    let (mut exact, mut rounded) = (1.0_f64, 1.0_f64);
    for _ in 0..10_000 {
        // Gradients twice as large: the moment should become four times as large.
        exact += 1e-3 * (4.0 - exact);
        rounded = nearest(rounded + 1e-3 * (4.0 - rounded));
    }
    assert!((exact - 4.0).abs() < 1e-3, "{exact}");
    assert_eq!(rounded, 1.0);
}

#[test]
fn rounded_stochastically_it_follows_with_a_noise_of_three_in_a_thousand() {
    let (mut random, mut squares, n) = (1, 0.0, 200_000);
    let (target, mut v) = (1.1, 1.1);
    for step in 0..n + 20_000 {
        v = stochastic(v + 1e-3 * (target - v), &mut random);
        if step >= 20_000 {
            squares += (v / target - 1.0) * (v / target - 1.0);
        }
    }
    let noise = (squares / f64::from(n)).sqrt();
    // A constant gradient has a constant moment, in f32 to seven digits.
    assert!((0.002..0.005).contains(&noise), "{noise}");
}
