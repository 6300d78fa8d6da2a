//! Checkpoints come back bit for bit; what is none is refused with a reason.

use super::*;

pub(super) fn meta() -> Meta {
    Meta {
        format: FORMAT,
        step: 17,
        config: TrainConfig { lr: 0.1 + 0.2, ..TrainConfig::default() },
        classes: vec!["a".into(), "ü".into()],
        data: "0123".into(),
        validation: Some("4567".into()),
        best: Some((0.1 + 0.7, 3)),
        schedule_free: None,
    }
}

#[test]
fn every_bit_comes_back_and_the_file_is_the_same_each_time() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("x.safetensors");
    let values = vec![1.0, -0.0, f32::MIN_POSITIVE / 2.0, f32::MIN, f32::MAX, 3.5];
    let tensors = [Tensor { name: "w".into(), shape: vec![2, 3], values }];
    save(&path, &meta(), &tensors).expect("it is written");
    let first = std::fs::read(&path).expect("it is there");
    let (meta_back, back) = load(&path).expect("it is read");
    assert_eq!(meta_back, meta());
    let bits = |t: &Tensor| t.values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
    assert_eq!((bits(&back[0]), &back[0].shape), (bits(&tensors[0]), &tensors[0].shape));
    save(&path, &meta(), &tensors).expect("it is saved again");
    assert_eq!(
        std::fs::read(&path).expect("it is there"),
        first,
        "the same state is the same file"
    );
}

#[test]
fn what_is_no_checkpoint_is_refused_with_a_reason() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("x.safetensors");
    let refused = |bytes: &[u8], why: &str| {
        std::fs::write(&path, bytes).expect("it is written");
        let message = load(&path).expect_err("it is no checkpoint").to_string();
        assert!(message.contains(why) && message.contains("x.safetensors"), "{message}");
    };
    refused(b"", "not a safetensors file");
    refused(b"\xff\xff\xff\xff\xff\xff\xff\xff{}", "not a safetensors file");
    let foreign = safetensors::serialize(Vec::<(&str, TensorView<'_>)>::new(), None)
        .expect("an empty archive");
    refused(&foreign, "not a checkpoint of paso");
    refused(&encode(&Meta { format: FORMAT + 1, ..meta() }, &[]).expect("bytes"), "update paso");
    save(&path, &meta(), &[Tensor { name: "w".into(), shape: vec![4], values: vec![0.5; 4] }])
        .expect("it is written");
    let whole = std::fs::read(&path).expect("it is there");
    refused(&whole[..whole.len() - 1], "safetensors");
}

/// A written checkpoint with two tensors, and its bytes.
pub(super) fn written(path: &Path) -> Vec<u8> {
    let tensor = |name: &str, len: usize| Tensor {
        name: name.into(),
        shape: vec![len],
        values: (0..len).map(|i| i as f32).collect(),
    };
    save(path, &meta(), &[tensor("a", 5), tensor("b", 3)]).expect("it is written");
    std::fs::read(path).expect("it is there")
}

#[test]
fn a_checkpoint_that_was_cut_anywhere_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("x.safetensors");
    let whole = written(&path);
    for length in 0..whole.len() {
        std::fs::write(&path, &whole[..length]).expect("it is written");
        let message = load(&path).expect_err("it is cut off").to_string();
        assert!(message.contains("x.safetensors"), "cut to {length}: {message}");
    }
    std::fs::write(&path, [&whole[..], b"more"].concat()).expect("it is written");
    assert!(load(&path).is_err(), "bytes after the end");
}

#[test]
fn settings_out_of_range_and_other_types_of_numbers_are_refused_by_name() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("x.safetensors");
    let config = TrainConfig { batch: 0, ..TrainConfig::default() };
    let file = encode(&Meta { config, ..meta() }, &[]).expect("bytes");
    std::fs::write(&path, file).expect("it is written");
    let message = load(&path).expect_err("a batch of 0").to_string();
    assert!(message.contains("batch is 0"), "{message}");
    let bytes = [0_u8; 8];
    let view = TensorView::new(Dtype::F64, vec![1], &bytes).expect("one value");
    let text = serde_json::to_string(&Meta { format: 1, ..meta() }).expect("JSON");
    let header = Some(HashMap::from([("paso".to_owned(), text)]));
    let file = safetensors::serialize([("w", view)], header).expect("an archive");
    std::fs::write(&path, file).expect("it is written");
    let message = load(&path).expect_err("f64").to_string();
    assert!(message.contains("tensor w has type F64, not F32"), "{message}");
}

#[test]
fn a_checkpoint_that_is_not_there_or_a_tensor_that_does_not_fit_is_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("x.safetensors");
    assert!(matches!(load(&path), Err(Error::Io { .. })));
    let wrong = Tensor { name: "w".into(), shape: vec![2, 2], values: vec![0.0; 3] };
    assert!(matches!(save(&path, &meta(), &[wrong]), Err(Error::Checkpoint { .. })));
    assert!(!path.exists(), "nothing was written");
}
