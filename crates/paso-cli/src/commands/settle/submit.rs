//! `--submit ENGINE:N`: starts N workers of a study through an engine that is there already.
//!
//! The script that each of them runs is kept in the study's folder, so that it can be read, changed and
//! submitted again. Nothing is waited for: workers that begin late find what the others have done, and
//! one that is killed is missed by nobody.

use super::arguments::SettleArgs;
use super::fresh::config;
use crate::command_line::{self, line};
use crate::folder;
use anyhow::{Context, Result, bail};
use std::path::Path;
use std::process::Command;

/// An engine, and how many workers it shall start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Submission {
    engine: Engine,
    workers: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Engine {
    Slurm,
    HyperQueue,
}

/// The file that workers run.
const SCRIPT: &str = "worker.sh";

impl std::str::FromStr for Submission {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "it must be slurm:N or hq:N, with N from 1 to 65535".to_owned();
        let (engine, workers) = text.split_once(':').ok_or_else(wrong)?;
        let engine = match engine {
            "slurm" => Engine::Slurm,
            "hq" => Engine::HyperQueue,
            _ => return Err(wrong()),
        };
        let workers = workers.parse().ok().filter(|n| *n > 0).ok_or_else(wrong)?;
        Ok(Self { engine, workers })
    }
}

impl Submission {
    /// Writes the script and calls the engine.
    ///
    /// # Errors
    /// If the folder cannot be used, or the engine is not there or refuses.
    pub(super) fn submit(&self, args: &SettleArgs) -> Result<()> {
        // What each worker would refuse is refused once.
        args.source.check()?;
        if args.branch_from.is_none() {
            args.settings.check(&config(args, &[])?)?;
        }
        let out = args.out.as_deref().context("--submit needs --out")?;
        folder::make_own(out, "settle")?;
        let out = out.canonicalize().with_context(|| out.display().to_string())?;
        let script = out.join(SCRIPT);
        let here = std::env::current_dir().context("the working folder")?;
        let program = std::env::current_exe().context("the path of this program")?;
        let text = script_text(&here, &program, args.threads, self.engine);
        paso_files::write(&script, text.as_bytes())
            .with_context(|| script.display().to_string())?;
        let words = self.words(&script, &out, &args.engine_options);
        let status = Command::new(&words[0]).args(&words[1..]).status();
        match status {
            Err(e) => bail!(
                "{} cannot be started ({e}); is it installed here? The workers' script is {}, and any engine can run it:\n  {}",
                words[0],
                script.display(),
                line(&words)
            ),
            Ok(status) if !status.success() => {
                bail!("{} refused ({status}); the command was\n  {}", words[0], line(&words))
            }
            Ok(_) => {}
        }
        eprintln!("next:\n  paso status {}", line(&[out.display().to_string()]));
        Ok(())
    }

    fn words(&self, script: &Path, out: &Path, options: &[String]) -> Vec<String> {
        let mut words: Vec<String> = match self.engine {
            Engine::Slurm => vec![
                "sbatch".into(),
                format!("--array=1-{}", self.workers),
                "--job-name=paso".into(),
                format!("--output={}/worker-%a.log", out.display()),
            ],
            Engine::HyperQueue => vec![
                "hq".into(),
                "submit".into(),
                format!("--array=1-{}", self.workers),
                "--name=paso".into(),
                format!("--stdout={}/worker-%{{TASK_ID}}.out", out.display()),
                format!("--stderr={}/worker-%{{TASK_ID}}.log", out.display()),
            ],
        };
        words.extend(options.iter().cloned());
        match self.engine {
            Engine::Slurm => words.push(script.display().to_string()),
            Engine::HyperQueue => words.extend(["sh".into(), script.display().to_string()]),
        }
        words
    }
}

/// What a worker runs: the command of this process as a worker, from the same place.
fn script_text(here: &Path, program: &Path, threads: Option<usize>, engine: Engine) -> String {
    let quoted = |path: &Path| line(&[path.display().to_string()]);
    let threads = match (threads, engine) {
        (Some(_), _) => "",
        (None, Engine::Slurm) => " --threads \"${SLURM_CPUS_PER_TASK:-1}\"",
        (None, Engine::HyperQueue) => " --threads 1",
    };
    let arguments = command_line::as_worker();
    format!(
        "#!/bin/sh\n# One worker of a study; any number may run at the same time, on any machines.\n\
         cd {} && exec {} {arguments} --worker{threads}\n",
        quoted(here),
        quoted(program)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engines_are_called_with_an_array_and_the_options_of_the_user() {
        let parsed = |text: &str| text.parse::<Submission>();
        let (script, out) = (Path::new("/s/a b/worker.sh"), Path::new("/s/a b"));
        let options = ["--time=1:00:00".to_owned()];
        let slurm = parsed("slurm:16").expect("an engine").words(script, out, &options);
        assert_eq!(
            slurm,
            [
                "sbatch",
                "--array=1-16",
                "--job-name=paso",
                "--output=/s/a b/worker-%a.log",
                "--time=1:00:00",
                "/s/a b/worker.sh"
            ]
        );
        let hq = parsed("hq:2").expect("an engine").words(script, out, &[]);
        assert_eq!(hq[..3], ["hq", "submit", "--array=1-2"]);
        assert_eq!(hq[hq.len() - 2..], ["sh", "/s/a b/worker.sh"]);
        for wrong in ["slurm", "slurm:0", "slurm:-1", "pbs:3", "slurm:99999"] {
            assert!(parsed(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_script_begins_where_the_command_was_typed() {
        let program = Path::new("/opt/paso");
        let text = script_text(Path::new("/data/my photos"), program, None, Engine::Slurm);
        assert!(text.starts_with("#!/bin/sh\n"), "{text}");
        assert!(text.contains("cd '/data/my photos' && exec /opt/paso "), "{text}");
        assert!(text.contains("--worker --threads \"${SLURM_CPUS_PER_TASK:-1}\""), "{text}");
        let own = script_text(Path::new("/"), program, Some(2), Engine::HyperQueue);
        assert!(!own.contains("--threads"), "the user's own number is in the command");
    }
}
