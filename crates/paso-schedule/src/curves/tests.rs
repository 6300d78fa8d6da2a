//! What holds for every curve of the list, and for a curve that somebody forgets to add to it.

use super::*;
use crate::spec::Spec;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// A text with every argument of a curve, built from its signature alone.
fn example(signature: &Signature, flag: Option<&str>) -> String {
    let mut args: Vec<String> = match signature.form {
        Form::FromTo | Form::FromToRequired => Vec::from(["0.5 -> 0.25".into()]),
        Form::From => Vec::from(["0.5".into()]),
        Form::Warmup => Vec::from(["7".into(), "from 0.125".into()]),
        Form::Points => Vec::from(["0: 0.5".into(), "7: 0.25".into(), "20: 0.75".into()]),
        Form::Table => Vec::from(["0.5 0.25 0.75".into()]),
    };
    if signature.has_len() && signature.form != Form::Warmup {
        args.push("7".into());
    }
    for option in signature.options {
        match option.kind {
            OptKind::Flag if flag == Some(option.name) => args.push(option.name.into()),
            OptKind::Flag => {}
            OptKind::Number(..) => args.push(format!("{} 0.75", option.name)),
            OptKind::Length(_) => args.push(format!("{} 3", option.name)),
            OptKind::Lengths => args.push(format!("{} 2 5 5", option.name)),
        }
    }
    let follow = if signature.form == Form::Warmup { " then constant(0.5)" } else { "" };
    format!("{}({}){follow}", signature.name, args.join(", "))
}

/// An example of every curve, and one for each of its flags.
fn examples() -> impl Iterator<Item = (&'static str, String)> {
    KINDS.iter().map(|kind| kind.signature()).flat_map(|signature| {
        let flags: Vec<Option<&str>> = signature
            .options
            .iter()
            .filter(|option| matches!(option.kind, OptKind::Flag))
            .map(|option| Some(option.name))
            .collect();
        let flags = if flags.is_empty() { Vec::from([None]) } else { flags };
        flags.into_iter().map(|flag| (signature.name, example(signature, flag)))
    })
}

fn parse(text: &str) -> Spec {
    text.parse().unwrap_or_else(|e: Error| panic!("{}", e.pointing_at(text)))
}

#[test]
fn every_curve_prints_every_argument_and_reads_back() {
    for (name, text) in examples() {
        let spec = parse(&text);
        assert_eq!(spec.to_string(), text, "{name} prints other arguments than it was given");
        assert_eq!(parse(&spec.to_string()), spec, "{name} reads back as another schedule");
    }
}

#[test]
fn every_curve_is_finite_not_negative_and_below_its_peak_at_any_time() {
    let times = [0.0, f64::from_bits(1), 0.5, 1.0, 6.999, 7.0, 1e3, 1e15, f64::MAX, f64::NAN];
    for (name, text) in examples() {
        let spec = parse(&text);
        for t in times {
            let lr = spec.at_time(t);
            assert!((0.0..=spec.peak()).contains(&lr), "{name} is {lr} at {t}");
        }
    }
}

#[test]
fn every_curve_is_constant_from_its_end_on() {
    for (name, text) in examples() {
        let spec = parse(&text);
        let Some(end) = spec.end() else { continue };
        let last = spec.at_time(end);
        for t in [end + 1.0, 2.0 * end + 1.0, 1e300] {
            assert_eq!(spec.at_time(t), last, "{name} changes after its end, at {t}");
        }
    }
}

#[test]
fn every_curve_refuses_learning_rates_and_numbers_out_of_range() {
    for (name, text) in examples() {
        for bad in ["-0.5", "1e400"] {
            let wrong = text.replacen("0.5", bad, 1);
            assert!(wrong.parse::<Spec>().is_err(), "{name} accepts {wrong}");
        }
        // The options of `tanh` may be negative.
        for option in
            ["power 0.75", "k 0.75", "exponent 0.75", "factor 0.75", "rate 0.75", "ratio 0.75"]
        {
            let name_of_option = option.split(' ').next().unwrap_or_default();
            if text.contains(option) {
                let wrong = text.replace(option, &format!("{name_of_option} -0.75"));
                let error = wrong.parse::<Spec>().expect_err(name);
                assert!(error.to_string().contains(name_of_option), "{wrong}: {error}");
            }
        }
    }
}

#[test]
fn every_ramp_starts_and_ends_at_its_learning_rates() {
    for kind in KINDS {
        let signature = kind.signature();
        if signature.len != Len::Required || signature.form == Form::Warmup {
            continue;
        }
        for (from, to) in [(0.5, 0.25), (0.25, 0.5), (0.5, 0.5)] {
            let text = example(signature, None)
                .replace("0.5 -> 0.25", &format!("{from} -> {to}"))
                // With the example's numbers `tanh` would start at another value.
                .replace("low 0.75, high 0.75", "low -30, high 30");
            let spec = parse(&text);
            assert_eq!((spec.at(0), spec.at(7)), (from, to), "{text}");
        }
    }
}

#[test]
fn every_file_of_this_folder_is_in_the_list_of_curves() {
    let shared = ["mod", "signature", "ramp", "endless", "tests"];
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/curves");
    for entry in std::fs::read_dir(folder).expect("the folder of the curves") {
        let file = entry.expect("an entry").file_name();
        let name = file.to_str().expect("a name in UTF-8").trim_end_matches(".rs");
        assert!(
            shared.contains(&name) || FILES.contains(&name),
            "curves/{name}.rs is not in the list of curves/mod.rs"
        );
    }
}

#[test]
fn every_curve_is_named_as_its_file_and_documented() {
    for (kind, file) in KINDS.iter().zip(FILES) {
        let signature = kind.signature();
        assert_eq!(signature.name, *file, "a curve has another name than its file");
        assert!(signature.usage.starts_with(signature.name), "the usage of {file}");
        assert!(!signature.formula.is_empty(), "{file} has no formula");
    }
}

/// `PASO_BLESS=1 cargo test -p paso-schedule curves` writes the table.
#[test]
fn the_table_of_curves_in_the_documentation_is_that_of_the_code() {
    let mut text = String::from("| curve | learning rate at step `t` |\n|---|---|\n");
    for signature in KINDS.iter().map(|kind| kind.signature()) {
        text += &format!("| `{}` | {} |\n", signature.usage, signature.formula.replace('|', "\\|"));
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/CURVES.md");
    if std::env::var_os("PASO_BLESS").is_some() {
        std::fs::write(path, &text).expect("the table is written");
    }
    let found = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(found, text, "CURVES.md: PASO_BLESS=1 cargo test -p paso-schedule curves");
}
