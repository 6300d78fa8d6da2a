//! The p-values and quantiles against scipy's. `tests/scipy_reference.py` printed these numbers
//! with scipy 1.17.1.

use paso_study::stats::sign_flip;
use statrs::distribution::{ContinuousCDF, StudentsT};

const SIGN_FLIP: [(&[f64], f64); 6] = [
    (&[0.02, 0.01, 0.03, 0.02, 0.01, 0.05], 0.03125),
    (&[0.1, 0.4, -0.2, 0.3, 0.9, 0.2, 0.25], 0.0625),
    (&[-0.013, 0.021, 0.004, 0.017, -0.002, 0.009, 0.011, 0.03], 0.1015625),
    (&[3.1, -0.2, 0.4, 0.1, 0.7, 0.2, 0.05, 1.9, 0.3, 0.6, 0.15, 0.02], 0.00634765625),
    (&[1.0, -0.4], 1.0),
    (&[1.0, 2.0, 3.0, -4.0, 5.0, -6.0, 7.0, 8.0, -9.0, 10.0, 11.0, -12.0], 0.5693359375),
];

/// Degrees of freedom, share, quantile.
const STUDENT: [(f64, f64, f64); 12] = [
    (1.0, 0.95, 6.313751514675037),
    (1.0, 0.975, 12.706204736174694),
    (2.0, 0.95, 2.9199855803537242),
    (2.0, 0.975, 4.302652729749462),
    (5.0, 0.95, 2.0150483733330233),
    (5.0, 0.975, 2.5705818356363146),
    (7.0, 0.95, 1.8945786050900062),
    (7.0, 0.975, 2.364624251592784),
    (11.0, 0.95, 1.7958848187040433),
    (11.0, 0.975, 2.200985160091639),
    (30.0, 0.95, 1.697260886593957),
    (30.0, 0.975, 2.0422724563012378),
];

#[test]
fn sign_flip_is_scipys_permutation_test() {
    for (differences, p) in SIGN_FLIP {
        assert_eq!(sign_flip(differences), p, "{differences:?}");
    }
}

#[test]
fn students_t_is_scipys() {
    // The quantiles come from a library; an error there would silently change every interval.
    for (freedom, share, quantile) in STUDENT {
        let ours = StudentsT::new(0.0, 1.0, freedom)
            .expect("positive degrees of freedom")
            .inverse_cdf(share);
        assert!(
            (ours / quantile - 1.0).abs() < 1e-9,
            "t({freedom}, {share}): {ours} against {quantile}"
        );
    }
}
