//! No command changes, replaces or removes a file of its user, in a folder full of files with the
//! names that paso itself uses.

use crate::{Place, output, text};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Every name that paso gives to a file of its own, or that the command lines below ask for.
const NAMES: [&str; 21] = [
    ".paso",
    "best.safetensors",
    "config.toml",
    "curve.svg",
    "events.out.tfevents.1700000000.paso",
    "image.png",
    "labels.csv",
    "last.safetensors",
    "metrics.csv",
    "metrics.jsonl",
    "net.onnx",
    "new.onnx.check.safetensors",
    "plan.json",
    "report.html",
    "report.json",
    "runs.jsonl",
    "runs-1-of-2.jsonl",
    "samples.png",
    "weights.safetensors",
    "worst.png",
    "x.png",
];

const SETTINGS: &str = "--data scenes --net tiny --size 32 --batch 4";

/// Command lines of every command, each with whether it is refused. `IMAGE` is an image of the
/// data set, `NET` a trained network elsewhere.
fn cases() -> Vec<(&'static str, Vec<(String, bool)>)> {
    let train = format!("train {SETTINGS} --epochs 1");
    let settle = format!("settle {SETTINGS} --steps 10 --pairs 8 --lr 1e-3 --fixed-lr");
    let all = |lines: &[(&str, bool)]| {
        lines.iter().map(|&(line, refused)| (line.to_owned(), refused)).collect::<Vec<_>>()
    };
    let with = |command: &str, lines: &[(&str, bool)]| {
        let line = |&(rest, refused): &(&str, bool)| (format!("{command} {rest}"), refused);
        lines.iter().map(line).collect::<Vec<_>>()
    };
    vec![
        (
            "settle",
            with(
                &settle,
                &[
                    ("", false),
                    ("--out .", true),
                    ("--out mine", true),
                    ("--out mine --worker", true),
                    ("--out x.png", true),
                ],
            ),
        ),
        ("status", all(&[("status mine", true), ("status .", true)])),
        ("find-lr", with("find-lr", &[(&format!("{SETTINGS} --sweeps 1 --steps 12"), true)])),
        (
            "train",
            with(
                &train,
                &[
                    ("", false),
                    ("--out .", true),
                    ("--out mine", true),
                    ("--out mine --resume", true),
                    ("--out metrics.csv", true),
                ],
            ),
        ),
        (
            "eval",
            with(
                "eval NET --data scenes",
                &[("", false), ("--sheet worst.png", true), ("--sheet mine/x.png", true)],
            ),
        ),
        (
            "predict",
            with(
                "predict NET IMAGE",
                &[("", false), ("--draw .", true), ("--draw mine", true), ("--draw x.png", true)],
            ),
        ),
        (
            "export",
            with(
                "export NET",
                &[
                    ("--onnx net.onnx", true),
                    ("--safetensors weights.safetensors", true),
                    ("--safetensors mine/last.safetensors", true),
                    ("--onnx new.onnx --check IMAGE", true),
                    ("--onnx new.onnx --safetensors weights.safetensors", true),
                ],
            ),
        ),
        (
            "schedule",
            all(&[("schedule cosine --plot curve.svg", true), ("schedule cosine", false)]),
        ),
        ("validate", all(&[("validate", false)])),
        (
            "data",
            all(&[
                ("data scenes", false),
                ("data scenes --convert csv --out .", true),
                ("data scenes --convert csv --out mine", true),
                ("data scenes --convert voc --out labels.csv", true),
                ("data scenes --sheet x.png", true),
                ("data scenes --sheet mine/worst.png", true),
                ("data scenes --sheet scenes/x.png", true),
                ("data scenes --fix .", true),
                ("data scenes --fix mine", true),
                ("data scenes --fix scenes/images", true),
                ("data scenes --fix x.png", true),
            ]),
        ),
        ("nets", all(&[("nets", false)])),
        (
            "features",
            all(&[
                ("features", false),
                ("features squeezenet --from mine/x.png --out net.onnx", true),
            ]),
        ),
        ("cpu", all(&[("cpu", false)])),
        ("completions", all(&[("completions bash", false)])),
        ("man", all(&[("man x.png", true), ("man mine/labels.csv", true)])),
    ]
}

/// Every file below a folder with its content.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.clone(), crate::bytes(&path));
            }
        }
    }
    found
}

fn commands(place: &Place) -> Vec<String> {
    let help = place.stdout("help");
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names =
        lines.take_while(|line| !line.is_empty()).filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

#[test]
fn no_command_changes_a_file_of_its_user_or_adds_one_to_a_folder_that_it_refuses() {
    let place = Place::new();
    let elsewhere = tempfile::tempdir().expect("a temporary folder");
    let net = elsewhere.path().join("net").display().to_string();
    place.stdout(&format!("train {SETTINGS} --epochs 1 --out {net}"));
    std::fs::create_dir(place.path("mine")).expect("a folder");
    for name in NAMES {
        std::fs::write(place.path(name), format!("my {name}")).expect("a file");
        std::fs::write(place.path("mine").join(name), format!("mine {name}")).expect("a file");
    }
    std::fs::write(place.path("runs"), "a file of that name").expect("a file");
    let image = std::fs::read_dir(place.path("scenes/images")).expect("images").next();
    let image = image.expect("one").expect("one").path().display().to_string();

    let cases = cases();
    let listed: Vec<&str> = cases.iter().map(|(name, _)| *name).collect();
    assert_eq!(commands(&place), listed, "every command of `paso help` has its cases here");

    let before = contents(&place.path("."));
    let check = |read_only: bool, user: Option<u32>| {
        for (line, refused) in cases.iter().flat_map(|(_, lines)| lines) {
            let line = line.replace("NET", &net).replace("IMAGE", &image);
            let output = output(as_user(&mut place.paso(&line), user));
            let said = text(&output.stderr);
            assert!(!said.contains("panicked"), "paso {line}: {said}");
            assert_eq!(!output.status.success(), *refused, "paso {line}: {said}");
            if *refused && !line.starts_with("find-lr") {
                assert!(
                    said.lines().any(|line| line.starts_with("error: ")),
                    "paso {line}: {said}"
                );
            }
            let after = contents(&place.path("."));
            let differs = before.iter().find(|(path, bytes)| after.get(*path) != Some(bytes));
            assert_eq!(differs.map(|(path, _)| path), None, "paso {line} (read-only: {read_only})");
            let new: Vec<_> = after.keys().filter(|path| !before.contains_key(*path)).collect();
            assert!(new.is_empty(), "paso {line} has written {new:?}");
        }
    };
    check(false, None);
    if set_writable(&place, false) {
        check(true, None);
    } else if let Some(nobody) = nobody(&place, elsewhere.path()) {
        check(true, Some(nobody));
    } else {
        eprintln!("skipped: permissions do not bind this user; only contents were compared");
    }
    set_writable(&place, true);
}

/// Permissions do not bind the superuser, who can start the program as somebody whom they bind.
/// `None` where this user cannot, or the program cannot be reached by others.
fn nobody(place: &Place, elsewhere: &Path) -> Option<u32> {
    const NOBODY: u32 = 65_534;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let all = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(elsewhere, all).expect("its owner may");
    }
    #[cfg(not(unix))]
    let _ = elsewhere;
    let started = as_user(&mut place.paso("cpu"), Some(NOBODY)).output();
    started.is_ok_and(|output| output.status.success()).then_some(NOBODY)
}

/// The command as this user.
fn as_user(command: &mut std::process::Command, user: Option<u32>) -> &mut std::process::Command {
    #[cfg(unix)]
    if let Some(user) = user {
        use std::os::unix::process::CommandExt;
        command.uid(user).gid(user);
    }
    #[cfg(not(unix))]
    let _ = user;
    command
}

/// Changes the permissions of the place, and says whether they bind.
fn set_writable(place: &Place, writable: bool) -> bool {
    for folder in [place.path("mine"), place.path(".")] {
        let mut permissions = std::fs::metadata(&folder).expect("a folder").permissions();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            permissions.set_mode(if writable { 0o755 } else { 0o555 });
        }
        #[cfg(not(unix))]
        permissions.set_readonly(!writable);
        std::fs::set_permissions(&folder, permissions).expect("its owner may");
    }
    let probe = place.path("probe");
    let bound = std::fs::write(&probe, "").is_err();
    std::fs::remove_file(&probe).ok();
    bound
}

#[test]
fn drawings_have_names_of_their_own_in_every_call() {
    let place = Place::new();
    place.stdout(&format!("train {SETTINGS} --epochs 1 --out net"));
    let mut images = std::fs::read_dir(place.path("scenes/images")).expect("images");
    for folder in ["a", "b"] {
        std::fs::create_dir(place.path(folder)).expect("a folder");
        let image = images.next().expect("one").expect("one").path();
        std::fs::copy(image, place.path(folder).join("x.png")).expect("a copy");
    }
    let predict = "predict net a/x.png b/x.png --draw drawn --json";
    let drawings = |lines: Vec<serde_json::Value>| {
        let name = |line: &serde_json::Value| line["drawing"].as_str().expect("a path").to_owned();
        lines.iter().map(name).collect::<Vec<_>>()
    };
    let first = drawings(place.json(predict));
    assert_eq!(first, ["drawn/x.png", "drawn/x-2.png"]);
    let before = contents(&place.path("drawn"));
    assert_eq!(drawings(place.json(predict)), ["drawn/x-3.png", "drawn/x-4.png"]);
    let after = contents(&place.path("drawn"));
    assert!(before.iter().all(|(path, bytes)| after.get(path) == Some(bytes)), "none is replaced");
    let said = place.stdout("predict net a/x.png --draw drawn");
    assert!(said.contains("drawn in drawn/x-5.png"), "{said}");
    assert!(place.path("drawn/.paso").is_file(), "readers of images pass it over");
}

#[test]
fn a_command_that_is_refused_leaves_no_folder_and_an_unchanged_run() {
    let place = Place::new();
    let train = format!("train {SETTINGS} --epochs 2");
    std::fs::write(place.path("features.safetensors"), "no features").expect("a file");
    for arguments in [
        format!("{train} --schedule cosine("),
        format!("{train} --schedule linear(1->0,1)->"),
        format!("{train} --lr 11"),
        "train --data scenes --size 32 --features features.safetensors".into(),
        format!("settle {SETTINGS} --pairs 7"),
        format!("settle {SETTINGS} --arm a=cosine("),
        format!("settle {SETTINGS} --margin NaN"),
        format!("settle {SETTINGS} --steps 99999999999"),
        format!("find-lr {SETTINGS} --size 33"),
    ] {
        let (_, said) = place.refused(&arguments);
        assert!(!said.contains("range test"), "paso {arguments} is refused at once: {said}");
        assert!(!place.path("runs").exists(), "paso {arguments} has left a folder");
        let out = format!("{arguments} --out out");
        if !arguments.starts_with("find-lr") {
            place.refused(&out);
            assert!(!place.path("out").exists(), "paso {out} has left a folder");
        }
    }

    place.stdout(&format!("{train} --out run"));
    // What a kill may leave, and resuming would repair.
    std::fs::write(place.path("run/.paso-half"), "half a file").expect("a file");
    std::fs::remove_file(place.path("run/last.safetensors")).expect("it is there");
    let before = contents(&place.path("run"));
    for (arguments, word) in [
        (format!("{train} --lr 0.5"), "only --epochs and --patience"),
        (train.replace("--epochs 2", "--epochs 0"), "epochs is 0"),
        (format!("{train} --patience 0"), "patience is 0"),
        (train.replace("--data scenes", "--data demo"), "other images"),
    ] {
        let (code, said) = place.refused(&format!("{arguments} --out run --resume"));
        assert!(code == 1 && said.contains(word), "{arguments}: {said}");
        assert!(contents(&place.path("run")) == before, "{arguments}: the run is unchanged");
    }
    // Another validation image under the same name.
    let val = text(&crate::bytes(&place.path("scenes/val.txt")));
    let train_list = text(&crate::bytes(&place.path("scenes/train.txt")));
    let image = |list: &str| {
        let stem = list.lines().next().expect("an image").trim().to_owned();
        place.path("scenes/images").join(stem).with_extension("png")
    };
    let (kept, other) = (crate::bytes(&image(&val)), crate::bytes(&image(&train_list)));
    std::fs::write(image(&val), other).expect("it is replaced");
    let (code, said) = place.refused(&format!("{train} --out run --resume"));
    assert!(code == 1 && said.contains("other validation images"), "{said}");
    assert!(contents(&place.path("run")) == before, "the run is unchanged");
    std::fs::write(image(&val), kept).expect("it is put back");
    place.stdout(&format!("{train} --out run --resume"));
}
