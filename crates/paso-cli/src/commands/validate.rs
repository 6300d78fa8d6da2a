//! `paso validate`: theory against this build, on this machine.
//!
//! Theory gives numbers that a correct Adam must reach on a noisy quadratic: the bound of a step,
//! its root mean square in noise, the final loss of each schedule ([`paso_study::theory`]). The
//! check takes the optimizer as it is built here, with the instruction set of this machine, so it
//! also finds a wrong build.
//!
//! Stdout has a table, or with `--json` an object for each check; the summary goes to stderr. One
//! check out of its tolerance gives exit code 1, after all of them were printed. `PASO_ISA` chooses
//! the instruction set to check.
//!
//! Networks, images and file formats are not covered; the tests of the project do that.

use crate::command::Command;
use anyhow::{Result, ensure};
use clap::Args;
use paso_locate::adam::{Adam, AdamConfig, AdamGroup};
use paso_study::validate::{StepFn, validate};

/// The known-answer suite.
#[derive(Debug, Args)]
pub(crate) struct ValidateArgs {
    /// Print a JSON object a line
    #[arg(long)]
    json: bool,
}

impl Command for ValidateArgs {
    const NAME: &'static str = "validate";
    const ABOUT: &'static str =
        "Check this build on this machine against the theory of Adam, in seconds";
    const EXAMPLES: &'static [&'static str] =
        &["paso validate", "PASO_ISA=scalar paso validate --json"];

    fn run(&self) -> Result<()> {
        let adam = Adam::new(AdamConfig::default())?;
        eprintln!("Adam on the noisy quadratic, on {}: takes a few seconds", adam.isa());
        let make = |weights: usize| -> StepFn {
            let mut group = AdamGroup::new(adam, [weights]);
            Box::new(move |lr, w, g| group.step(lr, [(w, g)]))
        };
        let checks = validate(&make);
        if !self.json {
            println!("{:<50} {:>12} {:>12}  {:<9}", "", "measured", "theory", "allowed");
        }
        for check in &checks {
            if self.json {
                println!("{}", serde_json::to_string(check)?);
            } else {
                println!("{check}");
            }
        }
        let wrong = checks.iter().filter(|check| !check.passed()).count();
        ensure!(
            wrong == 0,
            "{wrong} of {} checks are outside their tolerance; please report it with `paso cpu`",
            checks.len()
        );
        eprintln!("all {} checks pass", checks.len());
        Ok(())
    }
}
