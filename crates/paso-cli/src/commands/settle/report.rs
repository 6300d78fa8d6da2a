//! What the report of a study says about its data and settings, and the files it is saved to.

use super::args::SettleArgs;
use super::trial::LocalizationTrial;
use anyhow::Result;
use paso_locate::files;
use paso_study::{About, RangeTestReport, StudyReport};
use std::path::Path;

/// The conditions under which the answer holds.
pub(super) fn about(
    args: &SettleArgs,
    trial: &LocalizationTrial,
    range_test: Option<RangeTestReport>,
) -> About {
    let c = &trial.config;
    let [images, validation] = trial.images.describe();
    let conditions = [
        images,
        validation,
        ("classes", trial.classes.len().to_string()),
        ("net", format!("{}, {} pixels", c.net, c.size)),
        ("start", trial.origin.clone()),
        ("images per step", c.batch.to_string()),
        ("optimizer", format!("AdamW, weight decay {}", c.weight_decay)),
        ("version", format!("paso {}", env!("CARGO_PKG_VERSION"))),
        ("machine", format!("{} {}", std::env::consts::ARCH, std::env::consts::OS)),
    ];
    About {
        subject: format!("{}, {} images", args.data.source, trial.images.len()),
        command: std::env::args().collect::<Vec<_>>().join(" "),
        conditions: conditions.map(|(name, value)| (name.into(), value)).into(),
        range_test,
    }
}

/// Writes `report.json` and `report.html` into the study folder.
pub(super) fn save(report: &StudyReport, folder: &Path) -> Result<()> {
    let (json, html) = (folder.join("report.json"), folder.join("report.html"));
    files::write_whole(&json, serde_json::to_string_pretty(report)?.as_bytes())?;
    files::write_whole(&html, report.html().as_bytes())?;
    eprintln!("report: {}", html.display());
    Ok(())
}
