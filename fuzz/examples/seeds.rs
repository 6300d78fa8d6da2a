//! Writes the seeds that paso makes itself: `cargo run --release --target x86_64-unknown-linux-gnu --example seeds`, in the folder
//! `fuzz`. Without them a fuzzer would have to find a header of safetensors by chance.

// Its runtime has what the coverage of `.cargo/config.toml` calls.
use libfuzzer_sys as _;
use paso_fuzz::folder;
use paso_locate::TrainConfig;
use paso_locate::checkpoint::{self, FORMAT, Meta, Tensor};
use paso_study::{
    Arm, CurvePoint, LrHistogram, Outcome, Role, RunAudit, RunMonitor, RunSpec, Session, Study,
    StudyConfig, TrialError,
};
use paso_labels::Format;
use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let seeds = Path::new("seeds");
    for target in ["checkpoint", "journal", "run_folder"] {
        std::fs::create_dir_all(seeds.join(target))?;
    }
    checkpoints(&seeds.join("checkpoint"))?;
    journals(&seeds.join("journal"))?;
    run_folders(&seeds.join("run_folder"))?;
    label_files(seeds)
}

/// One label file of each format as paso writes it, and images.
fn label_files(seeds: &Path) -> Result<(), Box<dyn Error>> {
    let made = paso_fuzz::labels::made();
    for (format, file) in [
        (Format::Voc, "annotations/a.xml"),
        (Format::Coco, "annotations/instances_train.json"),
        (Format::Csv, "labels.csv"),
        (Format::LabelMe, "images/a.json"),
        (Format::CreateMl, "images/_annotations.createml.json"),
        (Format::Cvat, "annotations.xml"),
        (Format::Vott, "images/vott-export.json"),
    ] {
        let place = folder();
        let out = place.path().join("out");
        paso_labels::write(&made, format, &out)?;
        let folder = seeds.join(format.name());
        std::fs::create_dir_all(&folder)?;
        std::fs::copy(out.join(file), folder.join("written"))?;
    }
    let yolo = seeds.join("yolo");
    std::fs::create_dir_all(&yolo)?;
    let yaml = "nc: 2\nnames: [cat, 'yes']\ntrain: images\n";
    std::fs::write(yolo.join("box"), format!("1 0.5 0.4 0.25 0.5\n====\n{yaml}"))?;
    std::fs::write(yolo.join("outline"), "0 0.1 0.1 0.6 0.1 0.6 0.6 0.1 0.6\n")?;
    std::fs::write(yolo.join("points"), "0 0.5 0.5 0.5 0.5 0.4 0.4 2\n====\nkpt_shape: [1, 3]\nnames: {0: a}\n")?;
    let images = seeds.join("image");
    std::fs::create_dir_all(&images)?;
    let pixels = image::RgbImage::from_fn(9, 7, |x, y| image::Rgb([20 * x as u8, 30 * y as u8, 7]));
    for name in ["png", "jpg", "gif", "bmp", "webp", "tiff"] {
        let format = image::ImageFormat::from_extension(name).ok_or("a format")?;
        let mut bytes = std::io::Cursor::new(Vec::new());
        pixels.write_to(&mut bytes, format)?;
        std::fs::write(images.join(name), bytes.into_inner())?;
    }
    Ok(())
}

fn checkpoints(seeds: &Path) -> Result<(), Box<dyn Error>> {
    let meta = Meta {
        format: FORMAT,
        step: 3,
        config: TrainConfig::default(),
        classes: vec!["a".into(), "ü".into()],
        data: "4 images".into(),
        validation: None,
        best: Some((0.5, 1)),
        schedule_free: None,
    };
    let tensor = |name: &str, shape: &[usize]| Tensor {
        name: name.into(),
        shape: shape.to_vec(),
        values: (0..shape.iter().product()).map(|i: usize| i as f32 / 4.0).collect(),
    };
    let some = [tensor("w", &[2, 3]), tensor("exp_avg_sq.w", &[2, 3]), tensor("n.var", &[])];
    checkpoint::save(&seeds.join("three-tensors"), &meta, &some)?;
    let other = Meta { best: None, classes: vec!["a".into()], ..meta };
    checkpoint::save(&seeds.join("one-tensor"), &other, &some[..1])?;
    let file = std::fs::read(seeds.join("one-tensor"))?;
    std::fs::write(seeds.join("cut"), &file[..file.len() / 2])?;
    // Version 1: no checksum, and spaces in its place.
    let length = usize::from_le_bytes(*file.first_chunk().ok_or("a length")?);
    let header = String::from_utf8(file[8..8 + length].to_vec())?;
    let sum = header.find(r#"\"crc32"#).ok_or("a checksum")?;
    let end = header.find(r#"\"format"#).ok_or("a version")?;
    let header = format!("{}{}", &header[..sum], &header[end..]);
    let header = header.replace(r#"\"format\":2"#, r#"\"format\":1"#);
    let header = format!("{header:<length$}");
    let first = [&file[..8], header.as_bytes(), &file[8 + length..]];
    Ok(std::fs::write(seeds.join("version-1"), first.concat())?)
}

/// The study of the target `journal`.
fn journals(seeds: &Path) -> Result<(), Box<dyn Error>> {
    let arms = vec![
        Arm::new("constant", "constant", Role::Baseline),
        Arm::new("linear", "linear(to 0)", Role::Decay),
        Arm::new("averaged", "constant", Role::Alternative).averaged(),
    ];
    let config = StudyConfig { arms, steps: 20, pairs: 8, ..StudyConfig::default() };
    let trial = |run: &RunSpec, _: &RunMonitor<'_>| -> Result<Outcome, TrialError> {
        let metric = run.seed as f64 + run.peak_lr;
        let audit = (run.seed % 2 == 0).then(|| RunAudit {
            beta1: 0.9,
            step_rms: 0.25,
            effective_lrs: vec![LrHistogram::new("a", [1e-3, 2e-2])],
            ..RunAudit::default()
        });
        let curve = vec![CurvePoint { step: 9, loss: Some(0.5), metric: None }];
        Ok(Outcome {
            metric: if run.peak_lr > 0.01 { f64::NAN } else { metric },
            averaged: vec![metric; run.averaging.len()],
            loss: Some(0.5),
            audit,
            curve,
            ..Outcome::default()
        })
    };
    let folder = folder();
    let session = Session { folder: Some(folder.path()), ..Session::default() };
    Study::new(config)?.run(&trial, &session)?;
    let whole = std::fs::read_to_string(folder.path().join("runs.jsonl"))?;
    // The duration is the only thing that is another each time.
    let lines: Vec<String> = whole.lines().take(6).map(without_duration).collect();
    let first = paso_fuzz::resealed_journal((lines[..3].join("\n") + "\n").as_bytes());
    std::fs::write(seeds.join("three-runs"), &first)?;
    std::fs::write(seeds.join("cut"), &first[..first.len() - 40])?;
    let all = paso_fuzz::resealed_journal((lines.join("\n") + "\n").as_bytes());
    std::fs::write(seeds.join("six-runs"), all)?;
    let (body, _) = lines[0].split_once(",\"crc32\"").ok_or("a checksum")?;
    let old = body.replacen("\"format\":2", "\"format\":1", 1) + "}\n";
    Ok(std::fs::write(seeds.join("version-1"), old)?)
}

fn without_duration(line: &str) -> String {
    let Some((before, rest)) = line.split_once("\"seconds\":") else { return line.into() };
    let after = rest.find(',').map_or("", |at| &rest[at..]);
    format!("{before}\"seconds\":0.5{after}")
}

fn run_folders(seeds: &Path) -> Result<(), Box<dyn Error>> {
    let epoch = |n: u64| {
        format!(
            "{{\"epoch\":{n},\"step\":{n},\"lr\":0.002,\"train_loss\":1.5,\"val_loss\":1.25,\"mean_iou\":0.1,\
             \"iou50\":0.0,\"class_accuracy\":1.0,\"gradient_norm\":2.5}}\n"
        )
    };
    let jsonl: String = (1..=4).map(epoch).collect();
    let config = "net = \"tiny\"\nsize = 32\nlr = 0.002\n\n[augment]\nmirror = 0.5\n";
    let csv = "epoch,step,lr\n1,1,0.002\n";
    // An empty record of events: its length, and the checksums of both.
    let join = |parts: [&[u8]; 5]| parts.join(&b"\n====\n"[..]);
    std::fs::write(
        seeds.join("whole"),
        join([b"", jsonl.as_bytes(), csv.as_bytes(), config.as_bytes(), b"\x18\0\0\0\0\0\0\0"]),
    )?;
    std::fs::write(seeds.join("cut-line"), join([b"", &jsonl.as_bytes()[..250], b"", b"", b""]))?;
    // A class's name, and a value.
    let changes = [200, 1, 0, b'x', 4, 0, 255, 0x3f];
    std::fs::write(seeds.join("changed"), join([&changes, jsonl.as_bytes(), b"", b"", b""]))?;
    Ok(())
}
