//! A checkpoint that is damaged is refused by every command that reads one, with its name and the
//! place, and nothing is written.

use crate::{Place, TRAIN, bytes};
use std::path::Path;

/// Every command that reads a checkpoint.
const READERS: [&str; 5] = [
    "train --data scenes --net tiny --size 32 --batch 4 --epochs 3 --out run --resume",
    "eval run --data scenes",
    "predict run image.png",
    "export run --onnx net.onnx",
    "settle --data scenes --branch-from run --pairs 8 --steps 2 --out tails --json",
];

/// A checkpoint whose checksum is that of its bytes: damage that no checksum shows.
fn resealed(mut file: Vec<u8>) -> Vec<u8> {
    let field = br#"{\"crc32\":\""#;
    let start = file.windows(field.len()).position(|part| part == field).expect("a checksum");
    let digits = start + field.len()..start + field.len() + 8;
    file[digits.clone()].fill(b'0');
    let sum = crc32fast::hash(&file);
    file[digits].copy_from_slice(format!("{sum:08x}").as_bytes());
    file
}

/// A damage, and what every command has to say of it.
type Damage = (&'static str, fn(&[u8]) -> Vec<u8>, &'static [&'static str]);

#[test]
fn every_command_that_reads_a_checkpoint_refuses_a_damaged_one() {
    let place = Place::new();
    place.stdout(&format!("{} --out run", TRAIN.replace("--epochs 12", "--epochs 2")));
    let image = std::fs::read_dir(place.path("scenes/images")).expect("images").next();
    let image = image.expect("an image").expect("an entry").path();
    std::fs::copy(image, place.path("image.png")).expect("it is copied");
    let names = ["best.safetensors", "last.safetensors"];
    let whole = names.map(|name| bytes(&place.path("run").join(name)));
    let damages: [Damage; 6] = [
        ("a flipped bit in the values", |file| flipped(file, file.len() - 100), &["checksum"]),
        ("a flipped bit in the header", |file| flipped(file, 200), &["safetensors"]),
        ("cut off", |file| file[..file.len() / 2].to_vec(), &["safetensors"]),
        ("NaN", |file| with_last_value(file, f32::NAN), &["NaN", "tensor"]),
        ("infinity", |file| with_last_value(file, f32::INFINITY), &["inf", "tensor"]),
        ("a later version", later, &["version", "update paso"]),
    ];
    for (what, damage, says) in damages {
        for (name, whole) in names.iter().zip(&whole) {
            std::fs::write(place.path("run").join(name), damage(whole)).expect("it is written");
        }
        for command in READERS {
            let (code, said) = place.refused(command);
            assert_eq!(code, 1, "{what}, {command}: {said}");
            let all = said.contains(".safetensors") && says.iter().all(|part| said.contains(part));
            assert!(all, "{what}, {command}: {said}");
            let written = ["net.onnx", "tails/report.html"].map(|name| place.path(name).exists());
            assert_eq!(written, [false; 2], "{what}, {command}");
        }
        for (name, whole) in names.iter().zip(&whole) {
            let now = bytes(&place.path("run").join(name));
            assert!(now == damage(whole), "{what}: {name} was changed");
        }
    }
}

fn flipped(file: &[u8], at: usize) -> Vec<u8> {
    let mut file = file.to_vec();
    file[at] ^= 4;
    file
}

fn with_last_value(file: &[u8], value: f32) -> Vec<u8> {
    let mut file = file.to_vec();
    let at = file.len() - 4;
    file[at..].copy_from_slice(&value.to_le_bytes());
    resealed(file)
}

fn later(file: &[u8]) -> Vec<u8> {
    let field = br#"\"format\":"#;
    let at = file.windows(field.len()).position(|part| part == field).expect("a version");
    let mut file = file.to_vec();
    file[at + field.len()] = b'9';
    resealed(file)
}

#[test]
fn a_folder_that_is_no_run_is_refused_by_every_reader() {
    let place = Place::new();
    std::fs::create_dir(place.path("run")).expect("a folder");
    for command in READERS {
        let (code, said) = place.refused(command);
        assert!(code == 1 && said.contains("run"), "{command}: {said}");
        assert!(!Path::new("tails").exists(), "{command}");
    }
}
