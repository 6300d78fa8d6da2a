//! `paso nets`: the nets, how large they are, and what they reached where all were trained alike.
//!
//! Parameters are counted from the net itself. Time and accuracy are measured once, on one data set
//! and one machine: they compare the nets with each other and promise nothing for other images.

use crate::command::Command;
use anyhow::Result;
use clap::Args;
use paso_locate::features::Known;
use paso_locate::{Model, NetName, TrainConfig};
use serde::Serialize;

/// The nets to choose from.
#[derive(Debug, Args)]
pub(crate) struct NetsArgs {
    /// Print one JSON array
    #[arg(long)]
    json: bool,
}

/// A row of the table.
#[derive(Debug, Serialize)]
struct Row {
    net: &'static str,
    /// Trained parameters, for four classes.
    parameters: usize,
    /// Side of the images that it is made for, in pixels.
    pixels: u32,
    #[serde(skip)]
    about: &'static str,
}

impl Command for NetsArgs {
    const NAME: &'static str = "nets";
    const ABOUT: &'static str = "List the nets, with their sizes";
    const EXAMPLES: &'static [&'static str] = &["paso nets"];

    fn run(&self) -> Result<()> {
        let rows = NetName::ALL.into_iter().map(row).collect::<Result<Vec<_>>>()?;
        if self.json {
            println!("{}", serde_json::to_string(&rows)?);
            return Ok(());
        }
        println!("{:<11} {:>10} {:>6}", "net", "parameters", "pixels");
        for Row { net, parameters, pixels, about } in &rows {
            println!("{net:<11} {parameters:>10} {pixels:>6}  {about}");
        }
        Ok(())
    }
}

fn row(net: NetName) -> Result<Row> {
    let pixels = if Known::of(net).is_some() { 160 } else { 96 };
    let config = TrainConfig { net, size: pixels, ..TrainConfig::default() };
    let classes = ["a", "b", "c", "d"].map(String::from);
    let model = Model::new(&config, classes.into())?;
    Ok(Row { net: net.name(), parameters: model.parameters(), pixels, about: about(net) })
}

fn about(net: NetName) -> &'static str {
    match net {
        NetName::Inverted => "inverted residuals (MobileNetV2); the smallest",
        NetName::Mobile => "depthwise-separable convolutions",
        NetName::Tiny => "five 3x3 convolutions; the fastest",
        NetName::Small => "as tiny, twice as wide; the default",
        NetName::Residual => "residual blocks",
        NetName::Medium => "as tiny, four times as wide",
        NetName::Squeezenet => "features from a file, for few images",
        NetName::Lite0 => "better features from a file, slower",
    }
}
