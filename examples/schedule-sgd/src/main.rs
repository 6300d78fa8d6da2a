//! Plain gradient descent on `(w - 3)^2` with a schedule from one line of text.
//!
//! The text leaves the peak and the number of steps open, and `bind` gives them: here 0.1 and 200.
//! It prints every 50th step and the last one with learning rate and weight, and panics if the
//! weight is not within 1e-3 of the minimum.

use paso_schedule::Shape;

fn main() -> Result<(), paso_schedule::Error> {
    const STEPS: u64 = 200;
    let shape: Shape = "warmup(5%) then cosine(to 1%)".parse()?;
    let lr = shape.bind(0.1, STEPS)?;
    let mut weight = 0.0;
    for step in 0..STEPS {
        let gradient = 2.0 * (weight - 3.0);
        weight -= lr.at(step) * gradient;
        if step % 50 == 0 || step + 1 == STEPS {
            println!("step {step:>3}  lr {:.5}  w {weight:.6}", lr.at(step));
        }
    }
    assert!((weight - 3.0_f64).abs() < 1e-3, "gradient descent finds the minimum");
    Ok(())
}
