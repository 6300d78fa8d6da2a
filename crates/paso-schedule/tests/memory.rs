//! What remembers is saved and goes on as if nothing had happened, wherever it was cut.

use paso_schedule::{Greedy, GreedyConfig, Plateau, PlateauConfig};

/// Losses that fall, stand still, jitter and rise.
fn losses() -> impl Iterator<Item = f64> {
    (0..300_u32).map(|i| {
        let jitter = f64::from(i * 7919 % 97) / 970.0;
        let fall = 1.0 / f64::from(1 + i.min(60));
        fall + jitter + if i > 200 { 0.01 * f64::from(i - 200) } else { 0.0 }
    })
}

#[test]
fn a_plateau_that_was_saved_goes_on_with_the_same_scales() {
    let config = PlateauConfig { patience: 3, ..PlateauConfig::default() };
    let mut whole = Plateau::new(config).unwrap();
    let mut cut = Plateau::new(config).unwrap();
    for loss in losses() {
        cut = Plateau::from_state(*cut.config(), cut.state()).unwrap();
        whole.observe(loss);
        cut.observe(loss);
        assert_eq!(cut, whole, "after a loss of {loss}");
    }
    assert!(whole.scale() < 1.0, "it reduced the rate");
}

#[test]
fn a_greedy_that_was_saved_goes_on_with_the_same_scales() {
    let config = GreedyConfig::default();
    let mut whole = Greedy::new(config).unwrap();
    let mut cut = Greedy::new(config).unwrap();
    let mut scales = Vec::new();
    for loss in losses() {
        cut = Greedy::from_state(*cut.config(), cut.state()).unwrap();
        whole.observe(loss);
        cut.observe(loss);
        assert_eq!(cut, whole, "after a loss of {loss}");
        scales.push(whole.scale());
    }
    assert!(scales.iter().any(|&scale| scale != 1.0), "it moved the rate");
}
