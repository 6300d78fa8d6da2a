//! The index arithmetic of convolutions: halos, residue classes, panels, tiles, and what packs
//! where.

use super::descriptor::Conv;
use super::direct::{pack, packed_len, panels};
use super::input_grad::{Class, classes};
use super::winograd_tile::WinogradTile;
use crate::Plane;
use crate::test_support::assert_panics;

/// Convolutions of every small kernel, stride and padding.
fn small_convs() -> impl Iterator<Item = Conv> {
    (1..=5).flat_map(|kernel| {
        (1..=4).flat_map(move |stride| {
            (0..=kernel).map(move |padding| Conv { stride, padding, ..Conv::new(2, 3, kernel) })
        })
    })
}

/// The inputs and outputs of one dimension that a kernel row joins:
/// `input + padding = output * stride + row`.
fn joined(conv: &Conv, inputs: usize, outputs: usize) -> Vec<(usize, usize, usize)> {
    let mut joined = Vec::new();
    for output in 0..outputs {
        for row in 0..conv.kernel {
            let at = output * conv.stride + row;
            if (conv.padding..inputs + conv.padding).contains(&at) {
                joined.push((at - conv.padding, output, row));
            }
        }
    }
    joined.sort_unstable();
    joined
}

#[test]
fn residue_classes_join_each_input_with_the_outputs_that_read_it_and_no_others() {
    for conv in small_convs() {
        for inputs in conv.kernel.saturating_sub(2 * conv.padding).max(1)..12 {
            let outputs = conv.output(Plane::new(inputs, inputs, 2)).height;
            let mut seen = Vec::new();
            for residue in 0..conv.stride {
                let class = Class::new(&conv, residue);
                for (i, input) in (residue..inputs).step_by(conv.stride).enumerate() {
                    for tap in 0..class.taps {
                        // In the halo of the gradient, a tap reads zeros.
                        let output = class.first + (i + tap).cast_signed();
                        let row = class.kernel_row - tap * conv.stride;
                        if (0..outputs.cast_signed()).contains(&output) {
                            seen.push((input, output.cast_unsigned(), row));
                        }
                    }
                }
            }
            seen.sort_unstable();
            assert_eq!(seen, joined(&conv, inputs, outputs), "{conv:?} of {inputs} inputs");
        }
        assert_eq!(classes(&conv).count(), conv.stride * conv.stride, "{conv:?}");
    }
}

#[test]
fn the_halo_of_a_gradient_is_what_the_taps_reach_and_no_wider() {
    for conv in small_convs() {
        for inputs in conv.kernel.saturating_sub(2 * conv.padding).max(1)..12 {
            let plane = Plane::new(inputs, inputs, 2);
            let outputs = conv.output(plane).height.cast_signed();
            let mut wanted = 0;
            for residue in 0..conv.stride.min(inputs) {
                let class = Class::new(&conv, residue);
                let pixels = (inputs - residue).div_ceil(conv.stride);
                if class.taps > 0 {
                    let last = class.first + (pixels + class.taps - 2).cast_signed();
                    wanted = wanted.max(-class.first).max(last - outputs + 1);
                }
            }
            let halo = conv.grad_halo(plane).cast_signed();
            assert!(halo >= wanted, "{conv:?} of {inputs}: a halo of {halo}, taps reach {wanted}");
            assert!(halo <= wanted.max(0) + 1, "{conv:?} of {inputs}: {halo} wastes memory");
        }
    }
}

#[test]
fn panels_cover_all_channels_with_at_most_one_that_is_not_full() {
    for lanes in [1, 4, 8, 16] {
        for channels in 0..=5 * lanes + 1 {
            let mut next = 0;
            for (start, width) in panels(channels, lanes) {
                assert_eq!(start, next, "{channels} channels, {lanes} lanes");
                assert!(width == lanes || width == 2 * lanes, "{width} of {lanes} lanes");
                next = start + width;
            }
            assert!(next >= channels, "{channels} channels, {lanes} lanes: {next}");
            assert!(
                next < channels + lanes,
                "{channels} channels, {lanes} lanes: {next} is padded"
            );
        }
    }
}

#[test]
fn packed_weights_are_row_by_row_within_a_panel_and_padded_with_zeros() {
    let (rows, lanes) = (3, 4);
    for channels in 1_usize..=17 {
        let mut packed = vec![f32::NAN; packed_len(rows, channels, lanes)];
        let number = |row: usize, c: usize| f32::from(u16::try_from(100 * row + c + 1).unwrap());
        pack(rows, channels, lanes, &mut packed, number);
        let mut at = 0;
        for (start, width) in panels(channels, lanes) {
            for row in 0..rows {
                for c in start..start + width {
                    let want = if c < channels { number(row, c) } else { 0.0 };
                    assert_eq!(packed[at], want, "row {row}, channel {c} of {channels}");
                    at += 1;
                }
            }
        }
        assert_eq!(at, packed.len(), "{channels} channels");
    }
}

#[test]
fn winograd_needs_16_channels_on_both_sides_64_outputs_and_whole_tiles() {
    use WinogradTile::{F2x2, F4x4};
    for (shape, want) in [
        ([16, 16, 8, 8], Some(F4x4)),
        ([15, 16, 8, 8], None),
        ([16, 15, 8, 8], None),
        ([16, 16, 6, 10], None),
        ([16, 16, 6, 12], Some(F2x2)),
        ([16, 16, 4, 16], Some(F4x4)),
        ([16, 16, 7, 16], None),
        ([16, 16, 16, 9], None),
        ([512, 512, 4, 4], None),
        ([512, 512, 2, 32], Some(F2x2)),
    ] {
        let [from, to, rows, columns] = shape;
        assert_eq!(WinogradTile::choose(from, to, rows, columns), want, "{shape:?}");
    }
    let x = Plane::new(8, 8, 16);
    let conv = Conv::new(16, 16, 3);
    assert_eq!(conv.tile(x), Some(F4x4));
    for other in [
        Conv { stride: 2, ..conv },
        Conv { groups: 2, ..conv },
        Conv::new(16, 16, 5),
        Conv::new(16, 16, 1),
        Conv::depthwise(16, 3),
    ] {
        assert_eq!(other.tile(x), None, "{other:?}");
        assert_eq!(other.tile_backward(x), None, "{other:?}");
        assert_eq!(other.tile_weights(other.output(x)), None, "{other:?}");
    }
}

#[test]
fn small_images_prefer_to_go_together_up_to_256_pixels() {
    let batch = |side: usize| Conv::new(16, 16, 3).preferred_batch(Plane::new(side, side, 16));
    assert_eq!([8, 12, 16, 20, 64].map(batch), [4, 2, 1, 1, 1]);
    assert_eq!(batch(10), 1, "tiles of 2 x 2 gain nothing");
    assert_eq!(Conv::new(16, 16, 1).preferred_batch(Plane::new(8, 8, 16)), 1);
}

#[test]
fn shapes_of_weights_multiply_to_their_length_in_every_kind_of_convolution() {
    for conv in [
        Conv::new(3, 8, 3),
        Conv::new(1, 1, 1),
        Conv::depthwise(7, 5),
        Conv { groups: 3, ..Conv::new(6, 9, 3) },
    ] {
        assert_eq!(conv.weight_shape().iter().product::<usize>(), conv.weight_len(), "{conv:?}");
    }
    assert_eq!(Conv::depthwise(7, 5).weight_shape(), [5, 5, 1, 7]);
    assert_eq!(Conv { groups: 3, ..Conv::new(6, 9, 3) }.weight_shape(), [3, 3, 2, 9]);
    assert!(Conv::depthwise(7, 3).is_depthwise());
    // One channel has one group: nothing tells it from an ordinary convolution.
    assert!(!Conv::depthwise(1, 3).is_depthwise());
    assert!(!Conv { groups: 3, ..Conv::new(3, 6, 3) }.is_depthwise(), "two filters per channel");
}

#[test]
fn groups_that_do_not_divide_are_refused_before_anything_runs() {
    for (inputs, outputs, groups) in [(4, 6, 4), (6, 4, 4), (5, 5, 2)] {
        let conv = Conv { groups, ..Conv::new(inputs, outputs, 3) };
        assert_panics(&["groups must divide the channels"], || {
            let _ = conv.output(Plane::new(8, 8, inputs));
        });
    }
}
