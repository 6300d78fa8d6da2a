//! A damaged checkpoint or run folder is refused by every way in which it is read, and never hangs
//! or panics.
//!
//! Evaluating, predicting and exporting read a checkpoint by [`Model::load`], resuming by
//! [`Run::resume`], branching by [`checkpoint::load`] and [`Trainer::resume`].

use paso_locate::augment::Augment;
use paso_locate::checkpoint::{self, Meta, Tensor};
use paso_locate::data::{PrepareOptions, Prepared, Split};
use paso_locate::demo::{self, DemoOptions};
use paso_locate::run::{BEST, LAST};
use paso_locate::{Error, Model, NetName, Run, TrainConfig, Trainer};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A trained run in a folder, and the images that it was trained on.
struct Trained {
    place: tempfile::TempDir,
    images: Arc<Prepared>,
    validation: Prepared,
}

impl Trained {
    fn new() -> Self {
        let dataset = demo::dataset(&DemoOptions { train: 4, val: 2, seed: 1 }).expect("scenes");
        let options = PrepareOptions { size: 32, ..PrepareOptions::default() };
        let part =
            |split| Prepared::new(&dataset, &dataset.indices(split), &options).expect("images").0;
        let (images, validation) = (Arc::new(part(Split::Train)), part(Split::Val));
        let config = TrainConfig {
            net: NetName::Tiny,
            size: 32,
            batch: 4,
            epochs: 2,
            augment: Augment::none(),
            average: 0.9,
            ..TrainConfig::default()
        };
        let place = tempfile::tempdir().expect("a temporary folder");
        let (train, val) = (Arc::clone(&images), validation.clone());
        let folder = Some(place.path());
        let mut run = Run::new(&config, dataset.classes, train, val, None, folder).expect("a run");
        run.epoch(|_| ()).expect("an epoch");
        Self { place, images, validation }
    }

    fn path(&self) -> PathBuf {
        self.place.path().join(LAST)
    }

    fn resume(&self) -> Result<Run, Error> {
        let (train, val) = (Arc::clone(&self.images), self.validation.clone());
        Run::resume(self.place.path(), None, train, val)
    }

    /// What each way of reading the last checkpoint says.
    fn readings(&self) -> [(&'static str, Option<String>); 3] {
        let path = self.path();
        let branch = || {
            let (meta, tensors) = checkpoint::load(&path)?;
            Trainer::resume(&path, &meta, &tensors, Arc::clone(&self.images))
        };
        let said = |error: Option<Error>| error.map(|e| e.to_string());
        [
            ("net", said(Model::load(&path).err())),
            ("branch", said(branch().err())),
            ("resume", said(self.resume().err())),
        ]
    }

    #[track_caller]
    fn refused_everywhere(&self, says: &[&str]) {
        for (way, said) in self.readings() {
            let said = said.unwrap_or_else(|| panic!("{way} read it: {says:?}"));
            for part in says.iter().chain(&["last.safetensors"]) {
                assert!(said.contains(part), "{way}: {said}");
            }
        }
    }
}

/// Writes what [`checkpoint::save`] would refuse: a file with a right checksum and wrong content,
/// or one of version 1, which had none.
fn write_unchecked(path: &Path, meta: &Meta, tensors: &[Tensor], sealed: bool) {
    let zeros: Vec<Tensor> =
        tensors.iter().map(|t| Tensor { values: vec![0.0; t.values.len()], ..t.clone() }).collect();
    checkpoint::save(path, meta, &zeros).expect("zeros can be written");
    let mut file = std::fs::read(path).expect("it is there");
    let count: usize = tensors.iter().map(|t| 4 * t.values.len()).sum();
    let mut by_name: Vec<&Tensor> = tensors.iter().collect();
    by_name.sort_by(|a, b| a.name.cmp(&b.name));
    let values = by_name.iter().flat_map(|t| t.values.iter().flat_map(|v| v.to_le_bytes()));
    let values: Vec<u8> = values.collect();
    let start = file.len() - count;
    file[start..].copy_from_slice(&values);
    let before = br#"{\"crc32\":\""#;
    let found = file.windows(before.len()).position(|w| w == before).expect("a checksum");
    let digits = found + before.len()..found + before.len() + 8;
    file[digits.clone()].copy_from_slice(b"00000000");
    let sum = format!("{:08x}", crc32fast::hash(&file));
    file[digits.clone()].copy_from_slice(sum.as_bytes());
    if !sealed {
        // Version 1: no sum. The header keeps its length by spaces at its end.
        let length = usize::from_le_bytes(*file.first_chunk().expect("a length"));
        let header = String::from_utf8(file[8..8 + length].to_vec()).expect("JSON");
        let own = format!(r#"\"crc32\":\"{sum}\","#);
        let header = header.replace(&own, "").replace(r#"\"format\":2"#, r#"\"format\":1"#);
        file[8..8 + length].copy_from_slice(format!("{header:<length$}").as_bytes());
    }
    std::fs::write(path, file).expect("it is written");
}

#[test]
fn an_undamaged_run_is_read_by_every_way_also_in_version_1() {
    let run = Trained::new();
    let (meta, tensors) = checkpoint::load(&run.path()).expect("it is read");
    assert_eq!(run.readings().map(|(_, said)| said), [None, None, None]);
    for sealed in [true, false] {
        write_unchecked(&run.path(), &meta, &tensors, sealed);
        let (again, same) = checkpoint::load(&run.path()).expect("it is read");
        assert_eq!((again.format, same), (if sealed { 2 } else { 1 }, tensors.clone()));
        assert_eq!(run.readings().map(|(_, said)| said), [None, None, None]);
    }
}

#[test]
fn a_number_that_no_training_leaves_is_refused_in_every_kind_of_tensor() {
    let run = Trained::new();
    let (meta, tensors) = checkpoint::load(&run.path()).expect("it is read");
    let kinds =
        ["conv1.weight", "head.bias", "exp_avg.", "exp_avg_sq.", "trained.", ".mean", ".var"];
    for kind in kinds {
        let at = tensors.iter().position(|t| t.name.contains(kind)).expect(kind);
        let index = tensors[at].values.len() - 1;
        let mut spoiled = vec![(f32::NAN, "NaN"), (f32::INFINITY, "infinity")];
        if ["exp_avg_sq.", ".var"].contains(&kind) {
            spoiled.push((-1e-3, "-1e-3"));
        }
        for (value, word) in spoiled {
            for sealed in [true, false] {
                let mut tensors = tensors.clone();
                tensors[at].values[index] = value;
                write_unchecked(&run.path(), &meta, &tensors, sealed);
                let says = format!("tensor {} holds {word} at index {index}", tensors[at].name);
                run.refused_everywhere(&[&says, "the file is damaged: use another checkpoint"]);
            }
        }
    }
}

#[test]
fn a_tensor_too_few_or_too_many_or_of_another_shape_is_refused_by_name() {
    let run = Trained::new();
    let (meta, tensors) = checkpoint::load(&run.path()).expect("it is read");
    for at in (0..tensors.len()).step_by(3) {
        let name = &tensors[at].name;
        let mut less = tensors.clone();
        less.remove(at);
        checkpoint::save(&run.path(), &meta, &less).expect("it is written");
        run.refused_everywhere(&[&format!("tensor {name} is missing")]);
        let mut more = tensors.clone();
        more.push(Tensor { name: format!("{name}.more"), ..tensors[at].clone() });
        checkpoint::save(&run.path(), &meta, &more).expect("it is written");
        run.refused_everywhere(&[&format!("tensor {name}.more is not one of the net's")]);
        let mut other = tensors.clone();
        other[at].shape.insert(0, 1);
        checkpoint::save(&run.path(), &meta, &other).expect("it is written");
        run.refused_everywhere(&[&format!("tensor {name} has shape [1, ")]);
    }
    let renamed = Meta { classes: vec!["one".into(); meta.classes.len() + 1], ..meta };
    checkpoint::save(&run.path(), &renamed, &tensors).expect("it is written");
    run.refused_everywhere(&["has shape"]);
}

#[test]
fn a_bit_that_flipped_anywhere_and_a_cut_at_any_place_are_refused_by_every_way() {
    let run = Trained::new();
    let path = run.path();
    let whole = std::fs::read(&path).expect("it is there");
    let header = 8 + usize::from_le_bytes(*whole.first_chunk().expect("a length"));
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let mut places: Vec<usize> =
        (0..200).map(|_| random.random_range(header..whole.len())).collect();
    places.extend((0..200).map(|_| random.random_range(0..header)));
    for at in places {
        let mut changed = whole.clone();
        changed[at] ^= 1 << random.random_range(0..8);
        std::fs::write(&path, &changed).expect("it is written");
        run.refused_everywhere(&[]);
    }
    for _ in 0..50 {
        std::fs::write(&path, &whole[..random.random_range(0..whole.len())]).expect("written");
        run.refused_everywhere(&[]);
    }
    std::fs::write(&path, &whole).expect("it is written");
    assert_eq!(run.readings().map(|(_, said)| said), [None, None, None]);
}

#[test]
fn a_refused_resume_changes_nothing_in_the_folder() {
    let run = Trained::new();
    let (meta, mut tensors) = checkpoint::load(&run.path()).expect("it is read");
    tensors[0].values[0] = f32::NAN;
    write_unchecked(&run.path(), &meta, &tensors, true);
    std::fs::write(run.place.path().join(".paso-left"), "over").expect("it is written");
    let listed = || {
        let entries = std::fs::read_dir(run.place.path()).expect("a folder");
        let path = |e: std::io::Result<std::fs::DirEntry>| e.expect("an entry").path();
        let mut files: Vec<_> =
            entries.map(path).map(|p| (std::fs::read(&p).expect("it is read"), p)).collect();
        files.sort_by(|a, b| a.1.cmp(&b.1));
        files
    };
    let before = listed();
    assert!(run.resume().is_err());
    assert!(listed() == before, "a file was changed");
}

/// Every file of the run folder as something that is no file.
#[cfg(unix)]
#[test]
fn a_run_folder_of_folders_pipes_and_endless_devices_neither_hangs_nor_takes_memory() {
    let names = [LAST, BEST, "config.toml", "metrics.csv", "metrics.jsonl", "events"];
    type Make = fn(&Path);
    let makes: [(&str, Make); 4] = [
        ("a folder", |path| std::fs::create_dir(path).expect("a folder")),
        ("/dev/zero", |path| std::os::unix::fs::symlink("/dev/zero", path).expect("a link")),
        ("a pipe", |path| {
            let made = std::process::Command::new("mkfifo").arg(path).status();
            assert!(made.expect("mkfifo").success());
        }),
        ("itself", |path| {
            std::os::unix::fs::symlink(path.file_name().expect("a name"), path).expect("a link");
        }),
    ];
    for (what, make) in makes {
        for name in names {
            let run = Trained::new();
            let entries = std::fs::read_dir(run.place.path()).expect("a folder");
            let path = entries
                .map(|e| e.expect("an entry").path())
                .find(|p| p.file_name().is_some_and(|n| n.to_string_lossy().starts_with(name)))
                .expect(name);
            std::fs::remove_file(&path).expect("it is there");
            make(&path);
            let refused = run.resume().err().map(|e| e.to_string());
            if [LAST, "metrics.jsonl"].contains(&name) && what != "itself" {
                let said = refused.unwrap_or_else(|| panic!("{name} as {what} was read"));
                assert!(said.contains(name) && said.contains("regular file"), "{said}");
            }
            // The files that resuming writes anew, or does not read, need not be files.
        }
    }
}
