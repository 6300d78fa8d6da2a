//! Loads, stores and the loops over channels: every channel once, and nothing else.

use super::*;
use crate::test_support::{SPECIAL, assert_same, for_each_isa};

/// Notes the channels of each call, and whether they fill vectors.
struct Visited<'a> {
    channels: usize,
    seen: &'a mut Vec<Range<usize>>,
}

impl VectorKernel for Visited<'_> {
    fn vector<S: Simd, const FULL: bool>(&mut self, _: S, c: usize) {
        let lanes = S::F32_LANES.min(self.channels - c);
        assert_eq!(FULL, lanes == S::F32_LANES, "channel {c} of {}", self.channels);
        self.seen.push(c..c + lanes);
    }
}

impl BlockKernel for Visited<'_> {
    fn block<S: Simd, const FULL: bool, const N: usize>(&mut self, _: S, c: usize, end: usize) {
        if FULL {
            assert_eq!(end - c, N * S::F32_LANES, "a block of {N} whole vectors");
        } else {
            assert!(N == 1 && end == self.channels, "only the last vector is not full");
            assert!(end - c < S::F32_LANES, "it has fewer channels than lanes");
        }
        // The vectors of a block follow each other and end with it.
        for v in 0..N {
            let (first, lanes) = vector_of::<S>(c, end, v);
            self.seen.push(first..first + lanes);
        }
        assert!(self.seen.last().is_some_and(|last| last.end == end), "block {c}..{end}");
    }
}

#[track_caller]
fn assert_covers(what: &str, channels: usize, seen: &[Range<usize>]) {
    let mut next = 0;
    for range in seen {
        assert!(range.start == next && range.end > next, "{what}: {range:?} after {next}");
        next = range.end;
    }
    assert_eq!(next, channels, "{what}: the last channel");
}

#[test]
fn loops_over_channels_visit_each_channel_once_and_in_order() {
    for_each_isa(|isa| {
        for channels in (0..=33).chain([47, 48, 63, 64, 65, 127, 128, 129, 143, 255, 300]) {
            let what = format!("{channels} channels on {isa}");
            let mut seen = Vec::new();
            run_vectors(isa, channels, Visited { channels, seen: &mut seen });
            assert_covers(&what, channels, &seen);
            let by_vectors = std::mem::take(&mut seen);
            run_blocks::<2>(isa, channels, Visited { channels, seen: &mut seen });
            assert_eq!(seen, by_vectors, "{what}, up to two vectors");
            seen.clear();
            run_blocks::<4>(isa, channels, Visited { channels, seen: &mut seen });
            assert_eq!(seen, by_vectors, "{what}, up to four vectors");
            seen.clear();
            run_blocks::<8>(isa, channels, Visited { channels, seen: &mut seen });
            assert_eq!(seen, by_vectors, "{what}, up to eight vectors");
        }
    });
}

/// `y += x` and then `ReLU`, by the loads and stores under test.
struct AddRelu<'a> {
    x: &'a [f32],
    y: &'a mut [f32],
    relu: bool,
}

impl VectorKernel for AddRelu<'_> {
    fn vector<S: Simd, const FULL: bool>(&mut self, simd: S, c: usize) {
        let lanes = self.x.len() - c;
        let x = load::<S, FULL>(simd, &self.x[c..], lanes);
        add_to::<S, FULL>(simd, &mut self.y[c..], lanes, x);
        let y = relu_if(simd, self.relu, load::<S, FULL>(simd, &self.y[c..], lanes));
        store::<S, FULL>(simd, &mut self.y[c..], lanes, y);
    }
}

#[test]
fn loads_and_stores_touch_their_lanes_only_and_keep_special_values() {
    for_each_isa(|isa| {
        for channels in 1..=33 {
            for shift in 0..SPECIAL.len() {
                let special = |i: usize| SPECIAL[(i + shift) % SPECIAL.len()];
                let x: Vec<f32> = (0..channels).map(special).collect();
                for relu in [false, true] {
                    // What lies behind the last channel belongs to the next pixel.
                    let mut y = vec![0.5; channels];
                    y.extend([7.0; 16]);
                    run_vectors(isa, channels, AddRelu { x: &x, y: &mut y, relu });
                    let want: Vec<f32> = x
                        .iter()
                        .map(|x| 0.5 + x)
                        .map(|y| if relu && y <= 0.0 { 0.0 } else { y })
                        .collect();
                    let what = format!("{channels} channels, ReLU {relu}, on {isa}");
                    assert_same(&what, &y[..channels], &want);
                    assert_eq!(y[channels..], [7.0; 16], "{what}: the next pixel");
                }
            }
        }
    });
}

/// Sums of lanes as the kernels hand them over: one call for each channel of a vector.
struct Lanes<'a>(&'a [f32], &'a mut Vec<(usize, f64, f64)>);

impl VectorKernel for Lanes<'_> {
    fn vector<S: Simd, const FULL: bool>(&mut self, simd: S, c: usize) {
        let lanes = S::F32_LANES.min(self.0.len() - c);
        let a = load::<S, FULL>(simd, &self.0[c..], lanes);
        let b = simd.add_f32s(a, a);
        for_each_lane::<S>(c..c + lanes, a, b, |c, a, b| self.1.push((c, a, b)));
    }
}

#[test]
fn lanes_are_handed_over_with_their_channels_and_without_the_padding_of_the_last_vector() {
    for_each_isa(|isa| {
        for channels in 0..=33_u8 {
            let x: Vec<f32> = (0..channels).map(|i| f32::from(i) - 3.0).collect();
            let mut got = Vec::new();
            run_vectors(isa, x.len(), Lanes(&x, &mut got));
            let want = x.iter().enumerate().map(|(c, &x)| (c, f64::from(x), 2.0 * f64::from(x)));
            assert_eq!(got, want.collect::<Vec<_>>(), "{channels} channels on {isa}");
        }
    });
}
