//! Every option with a value out of range, a typo or a missing file: answered within a second, with
//! what is allowed, and nothing is written.

use crate::{Place, output, text};
use std::time::{Duration, Instant};

/// Arguments, the exit code, and a part of the answer that says what is allowed or what to do.
const WRONG: &[(&str, i32, &str)] = &[
    ("", 2, "Commands:"),
    ("trainn --data demo", 2, "'train'"),
    ("train", 2, "--data"),
    ("train --data nowhere", 1, "does not exist"),
    ("train --data demo --learning-rate 1", 2, "'--lr'"),
    ("train --data demo --lr 0", 2, "above 0, at most 10"),
    ("train --data demo --lr -1", 2, "above 0, at most 10"),
    ("train --data demo --lr nan", 2, "above 0, at most 10"),
    ("train --data demo --lr fast", 2, "such as 0.004 or 4e-3"),
    ("train --data demo --epochs 0", 1, "1 to 100000"),
    ("train --data demo --epochs -1", 2, "--epochs"),
    ("train --data demo --batch 0", 1, "1 to 1024"),
    ("train --data demo --batch 5000", 1, "1 to 1024"),
    ("train --data demo --size 33", 1, "a multiple of 16, from 32 to 512"),
    ("train --data demo --size 1024", 1, "a multiple of 16, from 32 to 512"),
    ("train --data demo --net huge", 2, "medium, squeezenet or lite0"),
    ("train --data demo --net squeezenet", 1, "--features"),
    ("train --data demo --features none.safetensors", 1, "none.safetensors"),
    ("train --data demo --features notes.txt", 1, "not a safetensors file"),
    ("train --data demo --net tiny --features notes.txt", 1, "squeezenet, not to tiny"),
    ("train --data demo --weight-decay -1", 1, "0 to 1"),
    ("train --data demo --weight-decay much", 2, "it must be a number"),
    ("train --data demo --clip-norm 0", 1, "above 0"),
    ("train --data demo --clip-norm -3", 1, "above 0"),
    ("train --data demo --schedule cosin", 1, "did you mean `cosine`?"),
    ("train --data demo --schedule cosine(", 1, "column 8"),
    ("train --data demo --schedule onecycle", 1, "cosine(4% -> 100%, 30%)"),
    ("train --data demo --schedule ReduceLROnPlateau", 1, "`Plateau`"),
    ("train --data demo --optimizer sgd", 2, "adamw, adamw-constant-decay or schedule-free"),
    ("train --data demo --average 1", 1, "0 (none) to 0.999999"),
    ("train --data demo --average -0.1", 1, "0 (none) to 0.999999"),
    ("train --data demo --patience 0", 1, "1 to 100000"),
    ("train --data demo --seed -1", 2, "--seed"),
    ("train --data demo --threads 0", 2, "at least 1"),
    ("train --data demo --threads many", 2, "a whole number"),
    ("train --data demo --out scenes", 1, "choose a new or an empty folder"),
    ("train --data demo --resume", 2, "--out"),
    ("train --data demo --out none --resume", 1, "there is no run in this folder"),
    ("train --data demo --new --out x", 2, "--new"),
    ("train --data demo --settled none", 1, "the folder of a study"),
    ("train --data demo --settled none --lr 1", 2, "--settled"),
    ("train --data demo --config none.toml", 1, "none.toml"),
    ("train --data demo --config notes.txt", 1, "notes.txt"),
    ("train --data demo --folds 3", 2, "--fold"),
    ("train --data demo --folds 3 --fold 4", 1, "from 1 to 3"),
    ("train --data demo --folds 1 --fold 1", 2, "2.."),
    ("train --data scenes --val-share 1", 2, "above 0 and below 1"),
    ("train --data demo --val-share 0.5", 1, "--folds"),
    ("train --data demo --several first", 2, "skip, largest or error"),
    ("train --data demo --cache much", 2, "512MiB"),
    ("train --data scenes --format png", 2, "voc, coco, yolo"),
    ("train --data scenes --box-format yx", 2, "xyxy, xywh"),
    ("train --data scenes --box-units mm", 2, "px, share or percent"),
    ("train --data scenes --max-megapixels 0", 2, "1..=100000"),
    ("settle --data nowhere", 1, "does not exist"),
    ("settle --data demo --pairs 7", 2, "8..=1000"),
    ("settle --data demo --steps 0", 1, "1 to"),
    ("settle --data demo --budget soon", 2, "such as 90s, 8m or 2h"),
    ("settle --data demo --budget 0s", 2, "such as 90s, 8m or 2h"),
    ("settle --data demo --display -1", 2, "--display"),
    ("settle --data demo --seed 9999999999", 2, "0..2147483648"),
    ("settle --data demo --lr 11", 2, "above 0, at most 10"),
    ("settle --data demo --arm linear", 2, "NAME=SPEC"),
    ("settle --data demo --arm a=cosin", 2, "did you mean `cosine`?"),
    ("settle --data demo --arm constant=cosine", 1, "distinct names"),
    ("settle --data demo --margin -1", 2, "at least 0"),
    ("settle --data demo --evaluate-on test", 2, "val, folds"),
    ("settle --data demo --out x --submit pbs:3", 2, "slurm:N or hq:N"),
    ("settle --data demo --worker", 2, "--out"),
    ("status nowhere", 1, "no such folder"),
    ("status scenes", 1, "no study in this folder"),
    ("settle --data demo --like none", 1, "`paso train` made"),
    ("settle --data demo --branch-from none", 1, "none"),
    ("settle --data demo --quick --like x", 2, "cannot be used with"),
    ("settle --data demo --weight-decay 2", 1, "0 to 1"),
    ("settle --data demo --features none", 1, "no file none"),
    ("settle --data demo --out scenes", 1, "choose a new or an empty folder"),
    ("find-lr --data demo --sweeps 0", 2, "1..=100"),
    ("find-lr --data demo --steps 5", 2, "12..="),
    ("find-lr --data demo --from 2 --to 1", 1, "the second larger"),
    ("find-lr --data demo --from small", 2, "it must be a number"),
    ("find-lr --data demo --size 33", 1, "a multiple of 16"),
    ("eval none --data demo", 1, "`paso train --out` made"),
    ("eval none --data demo --split all", 2, "train, val or test"),
    ("eval none --data demo --sheet none/x.png", 1, "no folder none"),
    ("predict none x.jpg", 1, "`paso train --out` made"),
    ("predict none", 2, "<IMAGES>"),
    ("export none", 2, "--onnx <FILE>|--safetensors <FILE>"),
    ("export none --onnx none/x.onnx", 1, "no folder none"),
    ("schedule", 2, "<SPEC>"),
    ("schedule cosin", 1, "did you mean `cosine`?"),
    ("schedule cosine --steps 0", 1, "1 to 10000000"),
    ("schedule cosine --lr -1", 2, "above 0, at most 10"),
    ("schedule cosine --compare", 1, "takes two schedules"),
    ("schedule cosine --csv --json", 2, "cannot be used with"),
    ("schedule --list cosine", 2, "--list"),
    ("data nowhere", 1, "does not exist"),
    ("data scenes --convert coco", 2, "--out <DIR>|--fix <DIR>"),
    ("data scenes --convert png --out x", 2, "voc, coco, yolo"),
    ("data scenes --fix scenes/fixed", 1, "choose a folder outside of it"),
    ("data scenes --sheet scenes/x.png", 1, "outside of scenes"),
    ("man", 2, "<DIR>"),
    ("completions csh", 2, "bash, elvish, fish"),
];

#[test]
fn a_wrong_option_is_answered_at_once_with_what_is_allowed_and_nothing_is_written() {
    assert!(WRONG.len() >= 60, "the table of the promise");
    let place = Place::new();
    std::fs::write(place.path("notes.txt"), "no settings, no weights").expect("a file");
    let files = || -> Vec<_> {
        let names = std::fs::read_dir(place.path(".")).expect("the place");
        let mut names: Vec<_> = names.map(|entry| entry.expect("a file").file_name()).collect();
        names.sort();
        names
    };
    let before = files();
    let mut slowest = Duration::ZERO;
    for (arguments, code, part) in WRONG {
        let start = Instant::now();
        let output = output(&mut place.paso(arguments));
        slowest = slowest.max(start.elapsed());
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(*code), "paso {arguments}: {said}");
        assert!(said.contains(part), "paso {arguments}: `{part}` is not in\n{said}");
        let error = said.lines().position(|line| line.starts_with("error: "));
        assert!(error.is_some() || arguments.is_empty(), "paso {arguments}: {said}");
        assert_eq!(files(), before, "paso {arguments} has written something");
    }
    // Less on a free machine: the longest are those that draw the demo's scenes.
    assert!(slowest < Duration::from_secs(5), "{slowest:?}");
    eprintln!("{} wrong options, the slowest answered in {slowest:.2?}", WRONG.len());
}
