//! `paso data`: what is in a folder of labeled images, what is wrong with it, and conversion between formats.

mod summary;

use anyhow::{Result, ensure};
use clap::Args;
use paso_locate::data::{self, Contents, Effect, Format, LoadOptions};
use std::path::PathBuf;
use summary::Summary;

/// Show what is in a folder of labeled images and what is wrong with it, or convert it
#[derive(Debug, Args)]
pub(crate) struct DataArgs {
    /// A folder of labeled images
    dir: PathBuf,
    /// The label format: voc, coco, yolo or csv [default: detected]
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
    /// Write the labels as voc, coco, yolo or csv into the folder of --out
    #[arg(long, value_name = "FORMAT", requires = "out")]
    convert: Option<Format>,
    /// Output folder; it must be empty or not exist yet
    #[arg(long, value_name = "DIR", requires = "convert")]
    out: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Runs the command. Malformed labels are an error, after everything is printed.
pub(crate) fn run(args: &DataArgs) -> Result<()> {
    let options = LoadOptions { format: args.format, ..LoadOptions::default() };
    let (contents, mut report) = Contents::read(&args.dir, &options)?;
    report.problems.extend(contents.duplicates());
    let malformed = report.problems.iter().filter(|p| p.kind.effect() == Effect::Refused).count();
    let summary = Summary::new(&contents, report);
    if args.json {
        println!("{}", serde_json::to_string(&summary)?);
    } else {
        println!("{}", summary.text());
    }
    let dir = args.dir.display();
    ensure!(malformed == 0, "{dir}: {malformed} malformed labels; correct them first");
    if let (Some(format), Some(out)) = (args.convert, &args.out) {
        data::convert(&args.dir, &options, format, out)?;
        eprintln!("{}: written as {format}", out.display());
    }
    Ok(())
}
