//! One line of the journal: a finished run, and a checksum of all that is in front of it.
//!
//! `{"format":3,"fingerprint":…,"run":…,"outcome":…,"crc32":"0a1b2c3d"}`: the checksum is the CRC-32
//! of the bytes before `,"crc32"`, so that any program can compute it without knowing the rest. A
//! digit of a metric that was changed on a disk is found, where it would have decided the verdict.
//!
//! Versions 1 and 2 had runs without [`RunSpec::evaluate_at`]. Their metrics mean something else, so
//! they are refused.

use crate::outcome::Outcome;
use crate::run_spec::RunSpec;
use serde::{Deserialize, Serialize};

/// Version of the lines. Raised when their meaning changes.
const FORMAT: u32 = 3;

/// What is between the line and its checksum, and after it.
const BEFORE: &str = ",\"crc32\":\"";
const AFTER: &str = "\"}";

/// A line of the file.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Line {
    format: u32,
    pub(crate) fingerprint: String,
    /// What trained it, where a session said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) machine: Option<String>,
    pub(crate) run: RunSpec,
    pub(crate) outcome: Outcome,
}

impl Line {
    /// A line of this version.
    pub(crate) fn new(
        fingerprint: &str,
        machine: Option<&str>,
        run: &RunSpec,
        outcome: &Outcome,
    ) -> Self {
        Self {
            format: FORMAT,
            fingerprint: fingerprint.into(),
            machine: machine.map(Into::into),
            run: run.clone(),
            outcome: outcome.clone(),
        }
    }

    /// The line as it is written, with its end.
    pub(crate) fn text(&self) -> String {
        let mut text = serde_json::to_string(self).expect("runs and outcomes have JSON");
        text.pop(); // the brace
        let sum = crc32fast::hash(text.as_bytes());
        text + BEFORE + &format!("{sum:08x}") + AFTER + "\n"
    }

    /// The line of a text without its end; otherwise why it is none, and what to do.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, String> {
        let remove = |why: String| {
            format!("not a finished run ({why}); remove this line to do the run again")
        };
        let json = |error: serde_json::Error| remove(error.to_string());
        #[derive(Deserialize)]
        struct Version {
            format: u32,
        }
        // The version first: a newer line is refused by its number and not by a detail.
        let Version { format } = serde_json::from_slice(text).map_err(json)?;
        match format {
            FORMAT => {}
            1.. if format < FORMAT => {
                return Err(format!(
                    "format {format} was written by an older version whose procedure was another; use another folder"
                ));
            }
            _ => {
                return Err(format!(
                    "format {format} is unknown, this version reads format {FORMAT}; use another folder"
                ));
            }
        }
        let Some((line, said)) = sum(text) else {
            return Err(remove("without a checksum".into()));
        };
        // Compared as text: capital digits are another text.
        let sum = format!("{:08x}", crc32fast::hash(line));
        if sum.as_bytes() != said {
            let said = String::from_utf8_lossy(said);
            return Err(remove(format!("checksum {sum} instead of {said}: it is damaged")));
        }
        let line: Self = serde_json::from_slice(text).map_err(json)?;
        line.check().map_err(remove)?;
        Ok(line)
    }

    /// Refuses numbers that no run has.
    fn check(&self) -> Result<(), String> {
        /// An f64 has half decades from -647 to 616.
        const HALF_DECADES: std::ops::RangeInclusive<i32> = -1000..=1000;
        let Self { run, outcome, .. } = self;
        if !(run.peak_lr > 0.0 && run.peak_lr.is_finite()) {
            return Err(format!("peak_lr is {}; it must be finite and above 0", run.peak_lr));
        }
        if run.steps == 0 {
            return Err("steps is 0; it must be at least 1".into());
        }
        let ascending = run.evaluate_at.is_sorted_by(|a, b| a < b);
        if run.evaluate_at.is_empty() {
            return Err("it is evaluated after no update".into());
        }
        if run.evaluate_at[0] == 0 || !ascending {
            return Err(format!("evaluate_at is {:?}; it must ascend from 1 on", run.evaluate_at));
        }
        if !(outcome.seconds >= 0.0 && outcome.seconds.is_finite()) {
            return Err(format!(
                "seconds is {}; it must be finite and at least 0",
                outcome.seconds
            ));
        }
        let (found, asked) = (outcome.averaged.len(), run.averaging.len());
        if found < asked {
            return Err(format!("{found} averages where the run asks for {asked}"));
        }
        for histogram in outcome.audit.iter().flat_map(|audit| &audit.effective_lrs) {
            let last = i32::try_from(histogram.counts.len())
                .ok()
                .and_then(|bins| histogram.first.checked_add(bins));
            let sound = |bin: &i32| HALF_DECADES.contains(bin);
            if !sound(&histogram.first) || !last.as_ref().is_some_and(sound) {
                let (first, bins) = (histogram.first, histogram.counts.len());
                return Err(format!("a histogram of {bins} half decades from {first}"));
            }
        }
        Ok(())
    }
}

/// What a checksum at the end is the sum of, and its digits.
fn sum(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = text.strip_suffix(AFTER.as_bytes())?;
    let (rest, digits) = rest.split_at_checked(rest.len().checked_sub(8)?)?;
    Some((rest.strip_suffix(BEFORE.as_bytes())?, digits))
}
