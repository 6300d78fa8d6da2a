//! Why: the optimizer's steps, and what theory makes of them.
//!
//! The verdict comes from the pairs. This section starts from it and says whether the measurements
//! explain it, so that no reader finds two answers on one page.

use super::StudyReport;
use super::words::side;
use crate::noise::NoiseAnalysis;
use crate::sequential::Verdict;
use crate::text::number;
use maud::{Markup, html};

/// From this ratio on, prediction and measurement disagree.
const FAR: f64 = 3.0;

pub(super) fn section(report: &StudyReport) -> Markup {
    let Some(noise) = &report.answer.noise else { return html! {} };
    let comparison = &report.answer.decay;
    html! {
        h2 { "Why: steps of the optimizer, and theory" }
        p { (explanation(comparison.verdict, noise)) " " (scale(noise)) }
        dl.cards {
            div { dt { "Loss that theory lets decay remove" } dd { (number(noise.predicted_gain)) small { "learning rate / 4 · Σ√v, an upper estimate" } } }
            @if let Some(gain) = noise.measured_gain { div { dt { "Loss that decay removed" } dd { (number(gain)) small { (comparison.challenger.arm) " against " (side(&comparison.incumbent)) } } } }
            @if let Some(gain) = noise.averaging_gain { div { dt { "Loss that averaging weights removed" } dd { (number(gain)) small { "in the same runs" } } } }
            div { dt { "Largest step" } dd { (format!("{:.3}", noise.largest_over_bound)) small { "of its bound; at most 1" } } }
            div { dt { "Steps longer than the learning rate" } dd { (format!("{:.1} %", 100.0 * noise.share_above_lr)) } }
        }
        @if let Some(sentence) = disagreement(noise) { p { (sentence) } }
    }
}

/// What the steps say about the verdict, in words that agree with it.
fn explanation(verdict: Verdict, noise: &NoiseAnalysis) -> &'static str {
    match (verdict, noise.noise_limited) {
        (Verdict::Helps, true) => {
            "Noise explains the verdict: at a constant learning rate the weights fluctuate around the optimum, and a lower learning rate at the end brings them closer."
        }
        (Verdict::Helps, false) => {
            "These measurements do not explain the verdict: decay helps in the pairs, though the steps do not look as if noise alone limited the constant runs."
        }
        (Verdict::Harms, true) => {
            "These measurements do not explain the verdict: decay harms in the pairs, though noise limits the constant runs."
        }
        (Verdict::Harms, false) => {
            "This fits the verdict: the constant runs still make progress at the end, and a lower learning rate slows that down."
        }
        (Verdict::NoDifference, true) => {
            "Noise limits the constant runs, but what it costs is too little to matter for the metric."
        }
        (Verdict::NoDifference, false) => {
            "This fits the verdict: noise alone does not limit the constant runs, so there is little for decay to remove."
        }
        (Verdict::Undecided, true) => {
            "Noise limits the constant runs, so decay may help; whether it does, only pairs can tell."
        }
        (Verdict::Undecided, false) => {
            "The steps do not look as if noise alone limited the constant runs; whether decay helps, only pairs can tell."
        }
    }
}

/// The measurement behind the explanation, with its scale.
fn scale(noise: &NoiseAnalysis) -> String {
    format!(
        "Near the end, the typical step (root mean square) of the constant runs is {:.3} × the learning rate. If gradients were nothing but noise it would stay at {:.3} ×, however long you train: Adam does not shorten its steps by itself.",
        noise.step_rms, noise.step_rms_floor
    )
}

/// A sentence where the predicted and the measured gain are far apart.
fn disagreement(noise: &NoiseAnalysis) -> Option<String> {
    let (predicted, measured) = (noise.predicted_gain, noise.measured_gain?);
    let close = measured > 0.0 && predicted < FAR * measured && measured < FAR * predicted;
    if close || !predicted.is_finite() {
        return None;
    }
    let why = if measured > predicted {
        "decay gains more than noise around an optimum can cost, so it does something else as well"
    } else {
        "it assumes a quadratic loss whose weights have all settled, and is an upper estimate"
    };
    Some(format!(
        "Theory and measurement disagree here: predicted is a loss lower by {}, measured one {} by {}; {why}. The verdict does not use the prediction.",
        number(predicted),
        if measured > 0.0 { "lower" } else { "higher" },
        number(measured.abs())
    ))
}
