//! Every instruction set is found by its name, runs the same operation, and is expected on its CPU.

use super::*;

/// The sum of a slice, and how many values were added as whole vectors.
struct Sum<'a>(&'a [f32]);

impl WithSimd for Sum<'_> {
    type Output = (f32, usize);

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> (f32, usize) {
        let (vectors, rest) = S::as_simd_f32s(self.0);
        let sum = vectors.iter().fold(simd.splat_f32s(0.0), |sum, &x| simd.add_f32s(sum, x));
        let sum = simd.reduce_sum_f32s(sum) + rest.iter().sum::<f32>();
        (sum, vectors.len() * S::F32_LANES)
    }
}

#[test]
fn every_available_set_is_found_by_its_name_and_the_last_one_is_the_best() {
    let all = Isa::available();
    for &isa in &all {
        assert_eq!(Isa::named(isa.name()), Ok(isa), "{isa}");
        assert_eq!(format!("{isa}"), isa.name());
        assert_eq!(format!("{isa:?}"), isa.name());
    }
    assert_eq!(all.last(), Some(&Isa::best()), "the order is by speed");
    assert_eq!(Isa::default(), Isa::best());
    assert_eq!(all[0].name(), "scalar", "any CPU has it");
}

#[test]
fn names_are_unique_and_have_the_lanes_of_the_table() {
    let table = [("scalar", 1), ("avx2", 8), ("avx512", 16), ("neon", 4), ("simd128", 4)];
    let all = Isa::available();
    for (i, isa) in all.iter().enumerate() {
        let lanes = table.iter().find(|(name, _)| *name == isa.name()).map(|(_, lanes)| *lanes);
        assert_eq!(lanes, Some(isa.lanes()), "{isa}");
        assert!(!all[..i].contains(isa), "{isa} is listed twice");
    }
}

#[test]
fn an_operation_runs_with_the_vectors_of_its_set_for_every_length() {
    for isa in Isa::available() {
        for len in 0..=40_u8 {
            let values: Vec<f32> = (0..len).map(f32::from).collect();
            let (sum, in_vectors) = isa.run(Sum(&values));
            let expected = usize::from(len) * usize::from(len.saturating_sub(1)) / 2;
            assert_eq!(sum.to_bits(), (expected as f32).to_bits(), "{isa}, {len} values");
            assert_eq!(in_vectors, values.len() / isa.lanes() * isa.lanes(), "{isa}, {len} values");
        }
    }
}

#[test]
fn an_unknown_name_is_refused_with_the_available_ones() {
    for name in ["avx1024", "", "AVX2", "scalar ", "\u{e9}"] {
        let error = Isa::named(name).expect_err("no set has this name");
        assert_eq!(error.wanted, name);
        assert_eq!(error.available.len(), Isa::available().len(), "{name:?}");
        let message = error.to_string();
        assert!(message.contains(&format!("`{name}`")) && message.contains("scalar"), "{message}");
    }
}

#[cfg(feature = "std")]
#[test]
fn the_environment_names_the_set_or_leaves_the_best() {
    // Read only: changing the environment is not safe while other tests run.
    let expected = match std::env::var("PASO_ISA") {
        Ok(name) if !name.is_empty() => Isa::named(&name),
        _ => Ok(Isa::best()),
    };
    assert_eq!(Isa::from_env(), expected);
}

/// `PASO_EXPECT_LEVELS`, a list with commas, has the names that this machine or emulator must
/// offer, so that none goes missing without notice.
#[cfg(feature = "std")]
#[test]
fn the_expected_sets_are_available() {
    let Ok(expected) = std::env::var("PASO_EXPECT_LEVELS") else { return };
    let found: Vec<&str> = Isa::available().iter().map(|isa| isa.name()).collect();
    assert_eq!(found.join(","), expected, "PASO_EXPECT_LEVELS");
}
