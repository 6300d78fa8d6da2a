//! The p-values of a look against scipy's exact permutation test of paired samples.
//! `tests/scipy_reference.py` printed these numbers with scipy 1.17.1.

use paso_study::sequential::{Rule, SequentialTest};

const SIGN_FLIP: [(&[f64], f64); 6] = [
    (&[-0.013, 0.021, 0.004, 0.017, -0.002, 0.009, 0.011, 0.03], 0.1015625),
    (&[0.02, 0.01, 0.03, 0.02, 0.01, 0.05, 0.02, 0.04], 0.0078125),
    (&[1.0, -2.0, 0.5, 3.0, -0.5, 2.0, 2.0, -1.0, 4.0, 0.0], 0.19140625),
    (&[3.1, -0.2, 0.4, 0.1, 0.7, 0.2, 0.05, 1.9, 0.3, 0.6, 0.15, 0.02], 0.00634765625),
    (&[1.0, 2.0, 3.0, -4.0, 5.0, -6.0, 7.0, 8.0, -9.0, 10.0, 11.0, -12.0], 0.5693359375),
    (
        &[
            -0.4, -1.3, 0.2, -0.9, -0.1, 0.35, -2.2, -0.7, -0.15, 0.6, -0.55, -1.05, 0.05, -0.8,
            -0.25,
        ],
        0.017822265625,
    ),
];

#[test]
fn the_p_value_of_a_look_is_that_of_scipys_permutation_test() {
    for (differences, p) in SIGN_FLIP {
        let mut test = SequentialTest::new(Rule::default()).expect("the default");
        for difference in differences {
            test.push(*difference);
        }
        let look = test.looks().last().expect("there is a look at this count");
        assert_eq!((look.pairs, look.p), (differences.len(), p), "{differences:?}");
    }
}
