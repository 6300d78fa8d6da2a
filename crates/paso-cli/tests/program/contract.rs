//! What other programs rely on: the keys of every `--json`, and the files of a run folder.

use crate::{Place, TRAIN, has, keys};
use serde_json::Value;

#[test]
fn train_eval_and_predict_print_what_they_promise() {
    let place = Place::new();
    let lines = place.json(&format!("{TRAIN} --out run"));
    let (done, epochs) = lines.split_last().expect("lines");
    assert_eq!(epochs.len(), 12, "a line an epoch");
    for (i, epoch) in epochs.iter().enumerate() {
        has(epoch, &["epoch", "step", "lr", "train_loss", "val_loss", "mean_iou"]);
        assert_eq!(
            (epoch["epoch"].as_u64(), epoch["step"].as_u64()),
            (Some(i as u64 + 1), Some(5 * (i as u64 + 1)))
        );
    }
    has(done, &["event", "mean_iou", "iou50", "seconds"]);
    assert_eq!(done["event"], "done");
    assert_eq!(done["mean_iou"], epochs[11]["mean_iou"], "the last epoch, not the luckiest");
    let record = ["config.toml", "metrics.csv", "metrics.jsonl"];
    for file in record.into_iter().chain([
        "last.safetensors",
        "best.safetensors",
        "samples.png",
        "worst.png",
    ]) {
        assert!(place.path("run").join(file).is_file(), "{file} is in the run folder");
    }
    let csv = String::from_utf8(crate::bytes(&place.path("run/metrics.csv"))).expect("text");
    assert_eq!(csv.lines().count(), 13, "a header and a line an epoch");

    let evaluated = place.json("eval run --data scenes --split val --json");
    assert_eq!(evaluated.len(), 1);
    has(
        &evaluated[0],
        &["images", "split", "loss", "best_constant_box", "constant", "gain_over_box"],
    );
    for metric in [
        "mean_iou",
        "iou50",
        "iou75",
        "iou50_95",
        "class_accuracy",
        "top1_localization",
        "center_error",
    ] {
        let value = |key: &str| evaluated[0][format!("{metric}{key}")].as_f64().expect(metric);
        assert!(value("_low") <= value("") && value("") <= value("_high"), "{metric}");
    }
    for groups in ["by_class", "by_size"] {
        let groups = evaluated[0][groups].as_array().expect("a list");
        let images = |g: &Value| g["images"].as_u64().expect("a number");
        assert_eq!(groups.iter().map(images).sum::<u64>(), 6, "every image is in one group");
        has(&groups[0], &["name", "mean_iou", "mean_iou_low", "mean_iou_high", "class_accuracy"]);
    }
    // Fitted on the training images: it cannot be the very best for these, and says what it is.
    let constant = &evaluated[0]["constant"];
    assert_eq!(constant["fitted_on"], "train");
    assert_eq!(constant["mean_iou"], evaluated[0]["best_constant_box"]);
    assert_eq!(evaluated[0]["images"], 6);
    assert_eq!(
        evaluated[0]["mean_iou"], done["best_mean_iou"],
        "the best checkpoint, on the same images"
    );

    place.stdout("eval run --data scenes --sheet sheet.png");
    let drawn = crate::bytes(&place.path("sheet.png"));
    assert!(
        drawn.starts_with(b"\x89PNG") && drawn == crate::bytes(&place.path("run/worst.png")),
        "the same images under the same checkpoint"
    );
    let (_, said) = place.refused("eval run --data scenes --sheet sheet.png");
    assert!(said.contains("sheet.png: already exists"), "{said}");

    let image = std::fs::read_dir(place.path("scenes/images"))
        .expect("images")
        .next()
        .expect("one")
        .expect("one");
    let name = image.file_name().into_string().expect("a name");
    let found = place.json(&format!("predict run scenes/images/{name} --draw drawn --json"));
    assert_eq!(keys(&found[0]), ["box", "class", "drawing", "file", "score"]);
    let corners: Vec<f64> =
        found[0]["box"].as_array().expect("a box").iter().filter_map(Value::as_f64).collect();
    assert!(
        corners.len() == 4 && corners[0] < corners[2] && corners[1] < corners[3],
        "{corners:?}"
    );
    assert!(corners.iter().all(|c| (0.0..=40.0).contains(c)), "pixels of the image: {corners:?}");
    assert!(place.path("drawn").join(&name).is_file(), "the drawn copy");
}

#[test]
fn a_settings_file_leaves_the_defaults_that_it_does_not_name() {
    let place = Place::new();
    std::fs::write(place.path("some.toml"), "batch = 8\n[augment]\nzoom = 1.5\n").expect("a file");
    let plain = place.stdout("train --data demo --print-config");
    let wanted = plain.replace("batch = 16", "batch = 8").replace("zoom = 1.25", "zoom = 1.5");
    assert_eq!(place.stdout("train --data demo --config some.toml --print-config"), wanted);
    std::fs::write(place.path("net.toml"), "net = \"squeezenet\"\n").expect("a file");
    let named = place.stdout("train --data demo --config net.toml --print-config");
    assert_eq!(named, place.stdout("train --data demo --net squeezenet --print-config"));
    assert!(named.contains("size = 160"), "{named}");
    // Augmentation ends before the run does, unless it may stop at any time.
    for (arguments, close_augment) in
        [("", 0.15), (" --schedule constant", 0.0), (" --patience 3", 0.0)]
    {
        let printed = place.stdout(&format!("train --data scenes{arguments} --print-config"));
        assert!(
            printed.contains(&format!("close_augment = {close_augment:?}")),
            "{arguments}: {printed}"
        );
    }
}

#[test]
fn schedule_and_cpu_print_what_they_promise() {
    let place = Place::new();
    let csv = place.stdout("schedule cosine(1e-3->0,4) --steps 6 --csv");
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines[0], "step,lr");
    assert_eq!((lines.len(), lines[1], lines[6]), (7, "0,0.001", "5,0.0"), "{csv}");

    let cpu = &place.json("cpu --json")[0];
    has(cpu, &["isa", "available", "threads"]);
    let available = cpu["available"].as_array().expect("a list");
    assert!(available.contains(&cpu["isa"]) && available.contains(&"scalar".into()), "{cpu}");
}

#[test]
fn paso_isa_forces_a_level_and_says_so_when_it_cannot() {
    let place = Place::new();
    let output = place.paso("cpu --json").env("PASO_ISA", "scalar").output().expect("it starts");
    let cpu: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(cpu["isa"], "scalar");
    for command in ["cpu --json", "train --data demo", "validate"] {
        let output = place.paso(command).env("PASO_ISA", "mmx").output().expect("it starts");
        let said = crate::text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{command}: {said}");
        assert!(said.contains("`mmx` is not available"), "{command}: {said}");
        assert!(!place.path("runs").exists(), "{command} has written nothing");
    }
}

#[test]
fn without_out_a_run_is_kept_in_the_next_free_folder() {
    let place = Place::new();
    let short = TRAIN.replace("--epochs 12", "--epochs 1");
    place.stdout(&short);
    place.stdout(&short);
    assert!(place.path("runs/train-1/last.safetensors").is_file(), "the first");
    assert!(place.path("runs/train-2/last.safetensors").is_file(), "the second");
}

#[test]
fn validate_agrees_with_theory_on_every_level() {
    let place = Place::new();
    let available = place.json("cpu --json")[0]["available"].clone();
    for isa in available.as_array().expect("a list") {
        let isa = isa.as_str().expect("a name");
        let output = crate::output(place.paso("validate").env("PASO_ISA", isa));
        let said = crate::text(&output.stdout);
        assert!(output.status.success() && !said.contains("WRONG"), "{isa}:\n{said}");
    }
}

#[test]
fn find_lr_suggests_with_an_interval_or_refuses_with_a_reason() {
    let place = Place::new();
    let command =
        "find-lr --data scenes --net tiny --size 32 --batch 4 --sweeps 2 --steps 60 --json";
    let output = crate::output(&mut place.paso(command));
    let found: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    assert_eq!(keys(&found), ["refusal", "suggestion", "sweeps"]);
    if output.status.success() {
        let rate = |name: &str| found["suggestion"][name].as_f64().expect("a rate");
        assert!(rate("low") <= rate("steepest") && rate("steepest") <= rate("high"), "{found}");
    } else {
        assert!(found["refusal"].as_str().is_some_and(|why| !why.is_empty()), "a reason");
    }
}

#[test]
fn images_beyond_the_memory_train_to_the_same_bits() {
    let place = Place::new();
    let short = TRAIN.replace("--epochs 12", "--epochs 2");
    place.stdout(&format!("{short} --out cached"));
    let output = crate::output(&mut place.paso(&format!("{short} --out streamed --cache 0")));
    let said = crate::text(&output.stderr);
    assert!(said.contains("20 of 20 train images do not fit") && said.contains("6 of 6"), "{said}");
    for file in ["last.safetensors", "metrics.csv", "samples.png", "worst.png"] {
        let bytes = |run: &str| crate::bytes(&place.path(run).join(file));
        assert!(bytes("cached") == bytes("streamed"), "{file}");
    }
}

#[test]
fn every_image_is_evaluated_in_one_fold() {
    let place = Place::new();
    place.stdout(&format!("{} --out run", TRAIN.replace("--epochs 12", "--epochs 1")));
    let images = |fold: u64| {
        let command = format!("eval run --data scenes --folds 3 --fold {fold} --json");
        place.json(&command)[0]["images"].as_u64().expect("a number")
    };
    let parts = [images(1), images(2), images(3)];
    assert!(
        parts.iter().sum::<u64>() == 26 && parts.iter().all(|n| (8..=9).contains(n)),
        "{parts:?}"
    );
}

#[test]
fn data_names_an_image_that_is_in_two_splits() {
    let place = Place::new();
    let list = |name: &str| crate::text(&crate::bytes(&place.path("scenes").join(name)));
    let first = |name: &str| {
        let stem = list(name).lines().next().expect("an image").to_owned();
        place.path("scenes/images").join(stem).with_extension("png")
    };
    let before = place.json("data scenes --json");
    has(&before[0], &["usable_images", "images_per_split", "objects_per_class", "box_area"]);
    // Six val images are few, which is a warning.
    let problems = |found: &[Value]| -> Vec<Value> {
        let all = found[0]["report"]["problems"].as_array().expect("a list");
        all.iter().filter(|problem| problem["kind"] != "warning").cloned().collect()
    };
    assert_eq!(problems(&before), [Value::Null; 0]);
    assert_eq!(before[0]["images_per_split"]["train"], 20);
    std::fs::copy(first("train.txt"), first("val.txt")).expect("it can be copied");
    let found = place.json("data scenes --json");
    let problems = problems(&found);
    assert!(problems.len() == 1 && problems[0]["kind"] == "split-leak", "{problems:?}");
    assert!(place.stdout("data scenes").contains("THE SAME IMAGE IN TWO SPLITS: 1"));
}
