//! Converts an export of CVAT ("CVAT for images 1.1") to COCO: `cvat-to-coco EXPORT OUT`.
//!
//! Only `paso-labels` is used, by its path; a program elsewhere depends on its version.

use paso_labels::{Effect, Format, ReadOptions, convert};
use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let [_, export, out] = &std::env::args_os().map(PathBuf::from).collect::<Vec<_>>()[..] else {
        eprintln!("usage: cvat-to-coco EXPORT OUT");
        return ExitCode::from(2);
    };
    let options = ReadOptions { format: Some(Format::Cvat), ..ReadOptions::default() };
    match convert(export, &options, Format::Coco, out) {
        Ok(report) => {
            println!("{}: {} labeled images", out.display(), report.labeled);
            for problem in report.problems.iter().filter(|p| p.kind.effect() == Effect::LeftOut) {
                println!("not used for training: {problem}");
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
