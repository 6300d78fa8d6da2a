//! `cargo paso-gate gate`: did these changes make anything slower?

use super::{Common, is_cut_off, keep_figures_when_cut_off, print, say};
use crate::benchmark::{Benchmark, Build, percentage};
use crate::busy::Since;
use crate::cargo::Arms;
use crate::config::{Config, select};
use crate::gate::{Event, Limits, gate};
use crate::harness::Harness;
use crate::program::Program;
use crate::progress::Progress;
use crate::records::Better;
use crate::trees::{Source, Trees};
use crate::verdicts::{Outcome, Row, Summary};
use crate::{Error, MARGIN, Result, files};
use clap::Args;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

#[derive(Debug, Args)]
pub(super) struct GateArgs {
    /// The revision to compare with, or rather the commit where HEAD left it.
    #[arg(long, value_name = "REV", required_unless_present_any = ["base_dir", "base_command"])]
    base: Option<String>,
    /// Compare with the files of this folder instead; no git is needed.
    #[arg(long, value_name = "DIR", conflicts_with = "base")]
    base_dir: Option<PathBuf>,
    /// Compare two commands, without gate.toml and cargo: this one ...
    #[arg(long, value_name = "COMMAND", requires = "candidate_command", conflicts_with_all = ["base", "base_dir", "config", "only"])]
    base_command: Option<String>,
    /// ... with this one, by their time from start to end.
    #[arg(long, value_name = "COMMAND", requires = "base_command")]
    candidate_command: Option<String>,
    /// Both commands print JSON: compare this key instead.
    #[arg(long, value_name = "KEY", requires = "base_command")]
    key: Option<String>,
    #[command(flatten)]
    common: Common,
    /// Slowdowns up to this are ignored, whatever gate.toml says.
    #[arg(long, value_name = "N%", value_parser = percentage)]
    margin: Option<f64>,
    /// Time for all runs, without the builds; what is not clear by then is unsure.
    #[arg(long, default_value = "10m", value_name = "TIME", value_parser = humantime::parse_duration)]
    budget: Duration,
    /// Print the result as JSON on stdout.
    #[arg(long)]
    json: bool,
    /// Write the result as Markdown; it is there after each benchmark, also of a gate that is killed.
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// Measure also where both programs are the same code.
    #[arg(long)]
    always_measure: bool,
}

/// Both sides, and where what was measured is kept.
struct Sides {
    arms: Arms,
    rows: Vec<Row>,
    kept: PathBuf,
    /// Held until the end.
    _trees: Option<Trees>,
    _folder: Option<tempfile::TempDir>,
}

pub(super) fn run(args: &GateArgs) -> Result<ExitCode> {
    keep_figures_when_cut_off();
    let sides = match (&args.base_command, &args.candidate_command) {
        (Some(base), Some(candidate)) => commands(args, base, candidate)?,
        _ => builds(args)?,
    };
    let Sides { arms, mut rows, kept, _trees, _folder } = sides;
    if !args.always_measure {
        mark_same_code(&arms, &mut rows);
    }
    let (start, since, progress) = (Instant::now(), Since::now(), Progress::new(args.budget));
    let limits =
        Limits { budget: args.budget, clock: &|| start.elapsed(), is_cut_off: &is_cut_off };
    let keep = |rows: &[Row]| -> Result<()> {
        let load = since.load();
        let summary =
            Summary { base: &arms.base.name, candidate: &arms.candidate.name, rows, load };
        files::write(&kept.join("last.md"), summary.markdown().as_bytes())?;
        if let Some(path) = &args.markdown {
            files::write(path, summary.markdown().as_bytes())?;
        }
        files::write(&kept.join("last.json"), json(&summary)?.as_bytes())
    };
    // Known before minutes are spent.
    keep(&rows)?;
    gate(
        &mut rows,
        |benchmark, arm| arms.run(benchmark, arm),
        &limits,
        |event| {
            progress.event(event);
            if let Event::Ended { rows, .. } = event
                && let Err(e) = keep(rows)
            {
                progress.line(&format!("not kept: {e}"));
            }
        },
    );
    progress.end();
    keep(&rows)?;
    let load = since.load();
    let summary =
        Summary { base: &arms.base.name, candidate: &arms.candidate.name, rows: &rows, load };
    if args.json {
        say(&summary.text());
        print(&json(&summary)?);
    } else {
        print(&summary.text());
    }
    for sentence in summary.stops() {
        say(&format!("gate: {sentence}"));
    }
    if !rows.is_empty() && rows.iter().all(|row| matches!(row.outcome, Outcome::Skipped(_))) {
        let message = "the base can run none of these benchmarks, so nothing was compared";
        return Err(Error::Request(message.into()));
    }
    Ok(match summary.stops().is_empty() {
        _ if is_cut_off() => ExitCode::from(130),
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

fn json(summary: &Summary<'_>) -> Result<String> {
    let text = serde_json::to_string_pretty(summary);
    Ok(text.map_err(|e| Error::Request(e.to_string()))? + "\n")
}

/// Rows of programs that are equal on both sides are not measured.
fn mark_same_code(arms: &Arms, rows: &mut [Row]) {
    let same: Vec<&String> =
        arms.candidate.programs.keys().filter(|name| arms.is_same_code(name)).collect();
    for row in rows.iter_mut().filter(|row| same.contains(&&row.benchmark.program)) {
        // A command may be a script that calls something else.
        if arms.base.programs.get(&row.benchmark.program).is_some_and(Program::is_file) {
            row.outcome = Outcome::SameCode;
        }
    }
}

/// Both sides of a workspace.
fn builds(args: &GateArgs) -> Result<Sides> {
    let (config, root) = args.common.config()?;
    if config.build.pin && !pin() {
        say("pin: this system binds no process to a CPU; runs are where it puts them");
    }
    let trees = Trees::open(&root)?;
    let (base, candidate) = match (&args.base, &args.base_dir) {
        (Some(base), _) => (Source::Fork(base.clone()), Source::Files),
        // Both without git: the folder's copy is made the same way.
        (None, Some(folder)) => (Source::Folder(folder.clone()), Source::Folder(root)),
        (None, None) => return Err(Error::Request("there is no --base".into())), // clap
    };
    let arms = match config.recipe() {
        Some(recipe) => {
            say("building the base and these files ...");
            let mut arms = Arms::build(&trees, &recipe, &base, &candidate)?;
            if args.base_dir.is_some() {
                arms.candidate.name = "the files as they are".into();
            }
            arms
        }
        None => prepared(&config, &trees, &base, &candidate)?,
    };
    let mut benchmarks = config.benchmarks(&arms.candidate)?;
    for benchmark in &mut benchmarks {
        benchmark.margin = args.margin.unwrap_or(benchmark.margin);
    }
    let benchmarks = select(&benchmarks, args.common.only.as_deref(), |it| &it.name)?;
    let rows = benchmarks.into_iter().map(Row::new).collect();
    let kept = trees.cache().to_owned();
    Ok(Sides { arms, rows, kept, _trees: Some(trees), _folder: None })
}

/// Binds this process and all that it starts to its last CPU, where the system can do that.
fn pin() -> bool {
    let cpus = core_affinity::get_core_ids().unwrap_or_default();
    cfg!(target_os = "linux") && cpus.last().is_some_and(|cpu| core_affinity::set_for_current(*cpu))
}

/// Sides that are built by a command, or by nobody: a folder for each.
fn prepared(config: &Config, trees: &Trees, base: &Source, candidate: &Source) -> Result<Arms> {
    let side = |tree: &str, source: &Source| -> Result<Build> {
        let (name, root) = trees.fill(tree, source)?;
        if let Some(text) = &config.build.command {
            say(&format!("{text}   # in {name}"));
            Program::command(text)?.in_folder(&root).output(&[])?;
        }
        let mut build = Build { name, ..Build::default() };
        for entry in &config.benchmarks {
            let command = entry.command.as_deref().unwrap_or_default();
            let program = Program::command(command)?.in_folder(&root);
            build.programs.insert(entry.name.clone(), program);
        }
        Ok(build)
    };
    let base = side("tree-a", base)?;
    Ok(Arms { control: base.clone(), base, candidate: side("tree-b", candidate)? })
}

/// Two commands in this folder.
fn commands(args: &GateArgs, base: &str, candidate: &str) -> Result<Sides> {
    let side = |text: &str| -> Result<Build> {
        let program = Program::command(text)?;
        let programs = [("command".to_owned(), program)].into();
        Ok(Build { name: text.to_owned(), programs })
    };
    let harness = match &args.key {
        Some(key) => Harness::Json { key: key.clone() },
        None => Harness::Time,
    };
    let benchmark = Benchmark {
        name: "command".into(),
        id: "command".into(),
        program: "command".into(),
        harness,
        args: Vec::new(),
        better: Better::Lower,
        margin: args.margin.unwrap_or(MARGIN),
    };
    let folder = tempfile::tempdir().map_err(Error::file(Path::new("a temporary folder")))?;
    let arms = Arms { base: side(base)?, control: side(base)?, candidate: side(candidate)? };
    let kept = folder.path().to_owned();
    Ok(Sides { arms, rows: vec![Row::new(benchmark)], kept, _trees: None, _folder: Some(folder) })
}
