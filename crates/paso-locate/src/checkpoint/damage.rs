//! A file that is not as it was written is refused, whatever part of it changed.

use super::tests::{meta, written};
use super::*;

/// A small sealed checkpoint.
fn small() -> Vec<u8> {
    let place = tempfile::tempdir().expect("a temporary folder");
    written(&place.path().join("x.safetensors"))
}

/// As version 1 wrote it: without a checksum.
fn of_format_1(tensors: &[Tensor]) -> Vec<u8> {
    let text = serde_json::to_string(&Meta { format: 1, ..meta() }).expect("JSON");
    archive(text, tensors).expect("bytes")
}

fn tensor(name: &str, values: &[f32]) -> Tensor {
    Tensor { name: name.into(), shape: vec![values.len()], values: values.to_vec() }
}

#[test]
fn no_bit_of_any_byte_can_flip_unnoticed() {
    let whole = small();
    decode(&whole).expect("it is as it was written");
    for bit in 0..8 * whole.len() {
        let mut changed = whole.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(decode(&changed).is_err(), "bit {} of byte {}", bit % 8, bit / 8);
    }
}

#[test]
fn no_byte_can_become_another_and_no_two_can_change_places() {
    let whole = small();
    for at in 0..whole.len() {
        for byte in [0, b' ', b'"', b'0', b'1', b'9', 0x7f, 0xff] {
            let mut changed = whole.clone();
            changed[at] = byte;
            assert!(changed == whole || decode(&changed).is_err(), "byte {at} is {byte}");
        }
        let mut changed = whole.clone();
        changed.swap(at, (at * 7 + 13) % whole.len());
        assert!(changed == whole || decode(&changed).is_err(), "byte {at} swapped");
        let mut changed = whole.clone();
        changed.remove(at);
        assert!(decode(&changed).is_err(), "byte {at} is gone");
    }
}

#[test]
fn a_plausible_value_in_the_place_of_another_is_a_wrong_checksum() {
    let mut changed = small();
    let last = changed.len() - 4;
    changed[last..].copy_from_slice(&2.5_f32.to_le_bytes());
    let message = decode(&changed).expect_err("another value");
    assert!(message.starts_with("checksum ") && message.contains("use another"), "{message}");
}

#[test]
fn numbers_that_no_training_leaves_are_refused_by_tensor_and_place_when_read_and_when_written() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let path = place.path().join("x.safetensors");
    save(&path, &meta(), &[tensor("w", &[1.0, 2.0])]).expect("it is written");
    let before = std::fs::read(&path).expect("it is there");
    for (name, value, says) in [
        ("w", f32::NAN, "tensor w holds NaN at index 1"),
        ("exp_avg.w", f32::INFINITY, "tensor exp_avg.w holds infinity at index 1"),
        ("exp_avg_sq.w", -1.0, "tensor exp_avg_sq.w holds -1e0 at index 1"),
        ("average.n.var", -0.5, "tensor average.n.var holds -5e-1 at index 1"),
    ] {
        let tensors = [tensor(name, &[0.0, value])];
        for file in [encode(&meta(), &tensors).expect("bytes"), of_format_1(&tensors)] {
            let message = decode(&file).expect_err(says);
            assert!(message.starts_with(says) && message.contains("use another"), "{message}");
        }
        let message = save(&path, &meta(), &tensors).expect_err(says).to_string();
        assert!(message.contains(&format!("not written, since {says}")), "{message}");
        assert_eq!(std::fs::read(&path).expect("it is there"), before, "the old file stays");
    }
}

#[test]
fn a_file_of_version_1_has_no_checksum_and_is_read_and_becomes_one_of_this_version() {
    let tensors = [tensor("w", &[1.0, 2.0])];
    let (old, back) = decode(&of_format_1(&tensors)).expect("it is read");
    assert_eq!((&old, &back[..]), (&Meta { format: 1, ..meta() }, &tensors[..]));
    let place = tempfile::tempdir().expect("a temporary folder");
    let path = place.path().join("x.safetensors");
    save(&path, &old, &back).expect("it is written");
    assert_eq!(load(&path).expect("it is read"), (meta(), back));
}

#[test]
fn a_version_without_its_checksum_or_with_one_too_many_is_refused() {
    let file = |format, crc32: Option<&str>| {
        let mut json = serde_json::to_value(Meta { format, ..meta() }).expect("JSON");
        if let Some(sum) = crc32 {
            json["crc32"] = sum.into();
        }
        archive(json.to_string(), &[tensor("w", &[1.0, 2.0])]).expect("bytes")
    };
    for (format, crc32, says) in [
        (2, None, "format 2 without a checksum"),
        (1, Some(checksum::ZEROS), "format 1 was never written like this"),
        (0, None, "format 0 was never written like this"),
        (2, Some("xyz"), "checksum"),
        (2, Some(checksum::ZEROS), "checksum"),
        (7, None, "format 7 is newer"),
    ] {
        let message = decode(&file(format, crc32)).expect_err(says);
        assert!(message.contains(says), "{message}");
    }
}

#[test]
fn metadata_that_no_run_has_are_refused() {
    for (meta, says) in [
        (Meta { classes: vec![], ..meta() }, "classes is empty"),
        (Meta { classes: vec![String::new(); 9], ..meta() }, "9 classes for 2 values"),
        (Meta { step: u64::MAX, ..meta() }, "step is 18446744073709551615; it must be at most"),
        (Meta { best: Some((1.5, 3)), ..meta() }, "best is 1.5 in epoch 3"),
        (Meta { best: Some((0.5, 0)), ..meta() }, "best is 0.5 in epoch 0"),
    ] {
        let file = encode(&meta, &[tensor("w", &[1.0, 2.0])]).expect("bytes");
        let message = decode(&file).expect_err(says);
        assert!(message.contains(says), "{message}");
    }
}

#[test]
fn what_is_no_file_is_refused_at_once() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let message = load(place.path()).expect_err("a folder").to_string();
    assert!(message.contains("is a folder"), "{message}");
    let path = place.path().join("huge.safetensors");
    let file = std::fs::File::create(&path).expect("a file");
    file.set_len(LARGEST + 1).expect("a sparse file");
    let message = load(&path).expect_err("too large").to_string();
    assert!(message.contains("huge.safetensors") && message.contains("at most"), "{message}");
}
