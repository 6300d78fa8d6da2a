//! `paso features`: weights that others published, as features that a training can begin with.
//!
//! Without a name it lists the features that are known: where they are available, under which
//! license, and whether they are on this machine. With a name and `--from` it reads the published
//! file (nothing in it is run), checks its checksum and every tensor, and keeps the result where
//! `--features NAME` finds it. Nothing is downloaded.
//!
//! The list goes to stdout, the rest to stderr. A file of features that is kept already is replaced,
//! as it can be made again; one that `--out` names never is.

use crate::command::Command;
use crate::{features_file, output_file};
use anyhow::{Context, Result, bail};
use clap::Args;
use paso_locate::NetName;
use paso_locate::features::{KNOWN, Known, convert};
use serde::Serialize;
use std::path::PathBuf;

/// Features learned on other images.
#[derive(Debug, Args)]
pub(crate) struct FeaturesArgs {
    /// Whose features: squeezenet or lite0. Without a name, all that are known are listed
    net: Option<NetName>,
    /// The published file: a .pth of PyTorch, a Python wheel with one in it, or safetensors
    #[arg(long, value_name = "FILE", requires = "net")]
    from: Option<PathBuf>,
    /// Write the features to this file, and not to where `--features NAME` finds them
    #[arg(long, value_name = "FILE", requires = "from")]
    out: Option<PathBuf>,
    /// Print the list as one JSON array
    #[arg(long, conflicts_with = "net")]
    json: bool,
}

/// A row of the list.
#[derive(Debug, Serialize)]
struct Row {
    net: &'static str,
    about: &'static str,
    /// Percent of ImageNet's validation images.
    top1: f64,
    license: &'static str,
    /// Where the features are, if they are on this machine.
    file: Option<PathBuf>,
}

impl Command for FeaturesArgs {
    const NAME: &'static str = "features";
    const ABOUT: &'static str = "List or keep features learned on other images, for --features";
    const EXAMPLES: &'static [&'static str] =
        &["paso features", "paso features squeezenet --from squeezenet1_1-b8a52dc0.pth"];

    fn run(&self) -> Result<()> {
        match (self.net, &self.from) {
            (None, _) => self.list(),
            (Some(net), None) => where_they_are(net),
            (Some(net), Some(_)) => self.keep(net),
        }
    }
}

impl FeaturesArgs {
    fn list(&self) -> Result<()> {
        let row = |known: &Known| -> Result<Row> {
            let file = Some(features_file::path(known.net)?).filter(|path| path.is_file());
            let (net, license) = (known.net.name(), known.sources[0].license);
            Ok(Row { net, about: known.about, top1: known.top1, license, file })
        };
        let rows = KNOWN.iter().map(row).collect::<Result<Vec<_>>>()?;
        if self.json {
            println!("{}", serde_json::to_string(&rows)?);
            return Ok(());
        }
        println!("{:<11} {:<30} {:>9}  {:<13} on this machine", "name", "", "ImageNet", "license");
        for Row { net, about, top1, license, file } in &rows {
            let file = file.as_ref().map_or("no".into(), |path| path.display().to_string());
            println!("{net:<11} {about:<30} {top1:>8} %  {license:<13} {file}");
        }
        for (known, _) in KNOWN.iter().zip(&rows).filter(|(_, row)| row.file.is_none()) {
            eprintln!("\n{}: {}", known.net, features_file::how_to_get(known));
        }
        Ok(())
    }

    /// Converts the published file.
    fn keep(&self, net: NetName) -> Result<()> {
        let known = known(net)?;
        let from = self.from.as_deref().context("--from is missing")?;
        self.out.as_deref().map_or(Ok(()), output_file::check)?;
        let converted = convert(known, from)?;
        match converted.source {
            Some(source) => eprintln!("{}: the checksum of {}", from.display(), source.file),
            None => eprintln!(
                "{}: not a published file that is known (SHA-256 {}); its tensors are those of {net}, so it is taken",
                from.display(),
                converted.sha256
            ),
        }
        let megabytes = converted.file.len() as f64 / 1e6;
        if let Some(out) = &self.out {
            output_file::write_new(out, &converted.file)?;
            eprintln!("features: {} ({megabytes:.1} MB)", out.display());
            eprintln!("next: paso train --data DIR --features {}", out.display());
            return Ok(());
        }
        let path = features_file::path(net)?;
        let folder = path.parent().context("features are kept in a folder")?;
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        paso_files::write(&path, &converted.file).with_context(|| path.display().to_string())?;
        eprintln!("features: {} ({megabytes:.1} MB)", path.display());
        eprintln!("next: paso train --data DIR --features {net}");
        Ok(())
    }
}

/// The features of a net.
///
/// # Errors
/// If the net begins with none.
fn known(net: NetName) -> Result<&'static Known> {
    let Some(known) = Known::of(net) else {
        let names: Vec<&str> = KNOWN.iter().map(|known| known.net.name()).collect();
        bail!("the net {net} begins with no features; {} do", names.join(" and "));
    };
    Ok(known)
}

fn where_they_are(net: NetName) -> Result<()> {
    known(net)?;
    let path = features_file::path(net)?;
    features_file::check(&path)?;
    println!("{}", path.display());
    Ok(())
}
