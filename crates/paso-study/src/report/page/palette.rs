//! The colors of the page, each for a light and for a dark screen, as CSS variables.
//!
//! Text has a contrast of at least 4.5 to its background, lines and dots of at least 3 (WCAG 2.2,
//! 1.4.3 and 1.4.11). A test computes both from the page. Paper is always light.

use crate::answer::Answer;

/// Name, color on a light page, color on a dark page.
type Color = (&'static str, &'static str, &'static str);

const COLORS: [Color; 11] = [
    ("text", "#1f2328", "#e6edf3"),
    ("soft", "#57606a", "#9aa4af"),
    ("paper", "#ffffff", "#0d1117"),
    ("card", "#f6f8fa", "#151b23"),
    ("rule", "#d8dee4", "#30363d"),
    ("axis", "#6e7781", "#848d97"),
    ("zone", "#e4ecf5", "#1c2a3a"),
    ("helps", "#1a7f37", "#3fb950"),
    ("harms", "#cf222e", "#ff7b72"),
    ("no-difference", "#0969da", "#58a6ff"),
    ("undecided", "#8a5c00", "#d29922"),
];

/// The baseline, then the other arms. Distinguishable with the usual color blindnesses (after Okabe
/// and Ito, 2008).
const ARMS: [(&str, &str); 8] = [
    ("#57606a", "#a8b1bb"),
    ("#0072b2", "#4ca9e6"),
    ("#d55e00", "#ff8a4c"),
    ("#00805d", "#34c79a"),
    ("#b0508a", "#e79bc6"),
    ("#7a4fd0", "#b392f0"),
    ("#8a6300", "#e3b341"),
    ("#1f84b8", "#8ccbf5"),
];

/// The number of an arm for its color and marker; the baseline has 0.
pub(super) fn number(answer: &Answer, arm: usize) -> usize {
    let baseline = answer.config.baseline();
    if arm == baseline { 0 } else { 1 + arm - usize::from(arm > baseline) }
}

/// The class of an arm's color, `a0` to `a7`.
pub(super) fn class(answer: &Answer, arm: usize) -> String {
    color(number(answer, arm))
}

/// The class of the color with this number. Only the baseline has the first one.
pub(super) fn color(number: usize) -> String {
    let others = ARMS.len() - 1;
    format!("a{}", if number == 0 { 0 } else { 1 + (number - 1) % others })
}

/// The variables, and a class for each arm that sets `--ink`.
pub(super) fn css() -> String {
    let variables = |dark: bool| -> String {
        let pick = |light: &'static str, other: &'static str| if dark { other } else { light };
        let named = COLORS.iter().map(|(name, l, d)| format!("--{name}:{};", pick(l, d)));
        let arms = ARMS.iter().enumerate().map(|(i, (l, d))| format!("--arm{i}:{};", pick(l, d)));
        named.chain(arms).collect()
    };
    let classes: String =
        (0..ARMS.len()).map(|i| format!(".a{i}{{--ink:var(--arm{i})}}")).collect();
    format!(
        ":root{{{}}}@media screen and (prefers-color-scheme:dark){{:root{{{}}}}}{classes}\n",
        variables(false),
        variables(true)
    )
}
