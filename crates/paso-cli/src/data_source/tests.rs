//! Tests of `--data`, `--several`, `--folds` and `--cache`.

use super::*;
use clap::Parser;

#[derive(Debug, Parser)]
struct Cli {
    #[command(flatten)]
    data: DataSourceArgs,
}

fn parse(arguments: &str) -> Result<DataSourceArgs, clap::Error> {
    let arguments = ["paso"].into_iter().chain(arguments.split_whitespace());
    Cli::try_parse_from(arguments).map(|cli| cli.data)
}

fn demo(arguments: &str) -> DataSourceArgs {
    parse(&format!("--data demo {arguments}")).expect(arguments)
}

#[test]
fn sizes_are_mebibytes_unless_a_unit_is_given() {
    for (text, size) in [
        ("0", 0),
        ("3", 3 << 20),
        ("512MiB", 512 << 20),
        ("2gib", 2 << 30),
        ("1 GiB", 1 << 30),
        (" 7 mib ", 7 << 20),
        ("17179869183GiB", 17_179_869_183 << 30),
    ] {
        assert_eq!(bytes(text), Ok(size), "{text}");
    }
    for text in
        ["", "-1", "1.5GiB", "2GB", "MiB", "99999999999999999999", "17179869184GiB", "0x10", "NaN"]
    {
        assert!(bytes(text).is_err_and(|e| e.contains("512MiB")), "{text}");
    }
}

#[test]
fn only_the_exact_word_demo_is_the_demo() {
    let source = |text| parse(&format!("--data {text}")).expect(text).source;
    assert_eq!(source("demo"), DataSource::Demo);
    for folder in ["./demo", "Demo", "demo/", "demos"] {
        assert_eq!(source(folder), DataSource::Folder(folder.into()));
    }
    for text in ["demo", "a/b c", "/x"] {
        let source: DataSource = text.parse().expect("every text is a source");
        assert_eq!(source.to_string(), text, "it is printed as it was given");
    }
}

#[test]
fn flags_outside_their_range_or_without_their_partner_are_refused() {
    for (arguments, word) in [
        ("", "--data"),
        ("--data demo --folds 3", "--fold"),
        ("--data demo --fold 3", "--folds"),
        ("--data demo --folds 1 --fold 1", "--folds"),
        ("--data demo --folds 3 --fold 0", "--fold"),
        ("--data demo --folds 70000 --fold 1", "--folds"),
        ("--data demo --several most", "skip, largest or error"),
        ("--data demo --cache 1TB", "512MiB"),
    ] {
        let message = parse(arguments).expect_err(arguments).to_string();
        assert!(message.contains(word), "{arguments}: {message}");
    }
}

#[test]
fn folds_hold_every_train_and_val_image_once() {
    let whole = demo("").load().expect("scenes");
    let counts = |dataset: &Dataset| {
        [Split::Train, Split::Val, Split::Test].map(|split| dataset.indices(split).len())
    };
    let [train, val, test] = counts(&whole);
    let mut validated = Vec::new();
    for fold in 1..=4 {
        let dataset = demo(&format!("--folds 4 --fold {fold}")).load().expect("a fold");
        assert_eq!(counts(&dataset).iter().sum::<usize>(), train + val + test);
        assert_eq!(counts(&dataset)[2], test, "test images stay");
        validated.extend(dataset.indices(Split::Val));
    }
    validated.sort_unstable();
    assert!(validated.windows(2).all(|pair| pair[0] < pair[1]), "no image is in two folds");
    assert_eq!(validated.len(), train + val);
    let message = demo("--folds 4 --fold 5").load().expect_err("one too many").to_string();
    assert_eq!(message, "--fold is 5; it must be from 1 to 4");
}

#[test]
fn the_cache_is_shared_by_the_splits_in_proportion() {
    let dataset = demo("").load().expect("scenes");
    let cached = |cache: &str| {
        let args = demo(&format!("--cache {cache}"));
        let of = |split| {
            let prepared = args.prepare(&dataset, split, 32).expect("images");
            (prepared.cached(), prepared.len())
        };
        [of(Split::Train), of(Split::Val)]
    };
    assert!(cached("2GiB").iter().all(|(cached, all)| cached == all), "everything fits");
    assert!(cached("0").iter().all(|&(cached, _)| cached == 0), "nothing fits");
    let [train, val] = cached("1MiB");
    assert!(0 < train.0 && train.0 < train.1 && 0 < val.0 && val.0 < val.1, "{train:?} {val:?}");
}

#[test]
fn a_split_without_images_is_refused_by_name() {
    let mut dataset = demo("").load().expect("scenes");
    dataset.samples.iter_mut().for_each(|sample| sample.split = Split::Train);
    let message = demo("").prepare(&dataset, Split::Val, 32).expect_err("no image").to_string();
    assert_eq!(message, "the data set has no image in its val split");
}

#[test]
fn classes_are_matched_by_name_and_an_unknown_one_is_refused() {
    let original = demo("").load().expect("scenes");
    let names = |dataset: &Dataset| -> Vec<String> {
        dataset.samples.iter().map(|s| dataset.classes[s.class].clone()).collect()
    };
    let mut known: Vec<String> = original.classes.iter().rev().cloned().collect();
    known.insert(0, "another".into());
    let mut renumbered = original.clone();
    renumber_classes(&mut renumbered, &known).expect("all are known");
    assert_eq!((names(&renumbered), &renumbered.classes), (names(&original), &known));

    known.retain(|name| *name != original.classes[0]);
    let mut refused = original.clone();
    let message = renumber_classes(&mut refused, &known).expect_err("one is missing").to_string();
    assert!(message.contains(&format!("{:?}", original.classes[0])), "{message}");
    assert_eq!(names(&refused), names(&original), "nothing was changed");
}
