//! The table in the docs: what was compared with which library, and how far apart it was.

use super::Outcome;
use std::collections::BTreeMap;
use std::fmt::Write;

/// The whole page.
pub(super) fn markdown(outcomes: &[Outcome]) -> String {
    let mut text = String::from(
        "Every schedule is compared, step by step, with what the library itself gives (float64 unless marked `f32`). \
         A row is a schedule of a library: how many parameter sets were compared, the schedule that one of them \
         becomes here, and the largest difference of all of them, relative to the rate, or to 1/1000 of the highest \
         rate where the rate is lower (1/10 for float32). Keras takes its cosines in float32 in any case, and \
         fast.ai's `fit_one_cycle` and `fit_flat_cos` the position within a phase. Allowed are \
         1e-12 and 1e-6.\n\n| library | schedule | sets | one of them here | largest difference |\n|---|---|---|---|---|\n",
    );
    let mut rows: BTreeMap<(String, String), Vec<&Outcome>> = BTreeMap::new();
    for outcome in outcomes {
        let mut parts = outcome.id.split('/');
        let library = parts.next().unwrap_or_default().to_owned();
        rows.entry((library, parts.next().unwrap_or_default().to_owned()))
            .or_default()
            .push(outcome);
    }
    for ((library, schedule), outcomes) in &rows {
        // The float32 records of a library repeat its float64 ones under the same names.
        let longest = outcomes
            .iter()
            .filter(|outcome| outcome.spec.len() < 90)
            .max_by_key(|outcome| outcome.spec.len());
        let spec = longest.or(outcomes.first()).map_or("", |outcome| outcome.spec.as_str());
        let largest = outcomes.iter().filter_map(|outcome| outcome.difference).reduce(f64::max);
        let largest =
            largest.map_or("-".into(), |d| if d == 0.0 { "0".into() } else { format!("{d:.1e}") });
        let spec = spec.replace('|', "and");
        let _ = writeln!(
            text,
            "| {library} | `{schedule}` | {} | `{spec}` | {largest} |",
            outcomes.len()
        );
    }
    text.push_str("\nWhat is not compared, and why:\n\n");
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for outcome in outcomes.iter().filter(|outcome| !outcome.why.is_empty()) {
        reasons.entry(outcome.why).or_default().push(&outcome.id);
    }
    for (why, mut ids) in reasons {
        ids.dedup();
        let _ = writeln!(text, "- {why} (`{}`)", ids.join("`, `"));
    }
    text
}
