//! `paso settle`: whether a decaying learning rate helps, as a study over many short runs.
//!
//! This file is the order of events. [`start`] decides where runs start, [`range`] places the grid of learning rates,
//! [`study_config`] chooses the arms, [`trial`] trains, [`report`] and [`output`] present the answer. The statistics are in
//! `paso-study`.

mod args;
mod branches;
mod output;
mod range;
mod report;
mod run_log;
mod start;
mod study_config;
mod study_images;
mod trial;

pub(crate) use args::SettleArgs;

use crate::{interrupt, out_folder, progress, threads};
use anyhow::{Context, Result};
use paso_study::{Error, Event, Session, Study};

/// Runs the command.
pub(crate) fn run(args: &SettleArgs) -> Result<()> {
    let threads = threads::count(args.threads)?;
    let (trial, lr) = threads::pool(threads)?.install(|| match &args.branch_from {
        Some(path) => start::branch_from(args, path),
        None => start::fresh(args),
    })?;
    let range_test = match (lr, args.fixed_lr) {
        (None, false) => Some(range::run(&trial, threads)?),
        _ => None,
    };
    let lr = lr.or_else(|| range_test.as_ref().and_then(range::center)).unwrap_or(range::LR);
    let study = Study::new(study_config::new(args, &trial, lr))?;
    if args.fixed_lr {
        eprintln!(
            "note: every arm has the peak learning rate {lr}, and none is tuned: a difference may come from the learning rate rather than from the schedule"
        );
    }

    let folder = out_folder::choose(args.out.as_deref(), "settle");
    if let Some(folder) = &folder {
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        if !args.merge.is_empty() {
            let merged = paso_study::merge(folder, &args.merge)?;
            eprintln!("merged {} runs, {} of them duplicates", merged.runs, merged.duplicates);
        }
    }
    let bar = progress::bar(0, "settle");
    let observe = |event: &Event<'_>| output::show_event(&bar, event);
    let cancel = interrupt::flag("this step; finished runs are saved")?;
    let session = Session {
        folder: folder.as_deref(),
        parallel_runs: threads,
        budget: args.budget,
        shard: args.shard,
        cancel: &cancel,
        observe: &observe,
    };
    let about = report::about(args, &trial, range_test);
    let outcome = study.report(&trial, &session, about);
    bar.finish_and_clear();
    let report = match outcome {
        // Not a failure: this part is done, and another one will print the answer.
        Err(waiting @ Error::OtherShards { .. }) => {
            eprintln!("{waiting}");
            return Ok(());
        }
        report => report?,
    };
    if let Some(folder) = &folder {
        report::save(&report, folder)?;
    }
    if args.json {
        println!("{}", serde_json::to_string(&report.answer)?);
    } else {
        output::print(&report.answer, &trial);
    }
    Ok(())
}
