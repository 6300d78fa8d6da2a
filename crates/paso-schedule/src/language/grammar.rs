//! The table of curves that the language knows, and what each takes in its parentheses.

/// What a curve takes.
#[derive(Debug, PartialEq)]
pub(crate) struct Signature {
    pub(crate) name: &'static str,
    pub(crate) rates: Rates,
    /// Whether it has a length of its own; the others never end.
    pub(crate) len: bool,
    pub(crate) options: &'static [Opt],
}

/// The rates a curve takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rates {
    /// `FROM -> TO`, `to TO`, `from FROM`; without `to` it goes to 0.
    FromTo,
    /// The same, but the end has to be said: it cannot be 0.
    FromToNeeded,
    /// `RATE`.
    From,
    /// `from RATE` as an option; a bare quantity is the length.
    Warmup,
    /// `STEP: RATE, …`.
    Points,
    /// `RATE RATE …`.
    Table,
}

/// An option of a curve.
#[derive(Debug, PartialEq)]
pub(crate) struct Opt {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) needed: bool,
}

/// What follows an option's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Flag,
    Number,
    Length,
    Lengths,
}

const fn needed(name: &'static str, kind: Kind) -> Opt {
    Opt { name, kind, needed: true }
}

const fn optional(name: &'static str, kind: Kind) -> Opt {
    Opt { name, kind, needed: false }
}

const fn curve(name: &'static str, rates: Rates, len: bool, options: &'static [Opt]) -> Signature {
    Signature { name, rates, len, options }
}

/// Every curve.
pub(crate) const CURVES: &[Signature] = &[
    curve("constant", Rates::From, true, &[]),
    curve("warmup", Rates::Warmup, true, &[]),
    curve("linear", Rates::FromTo, true, &[]),
    curve(
        "cosine",
        Rates::FromTo,
        true,
        &[optional("exponent", Kind::Number), optional("k", Kind::Number)],
    ),
    curve("exponential", Rates::FromToNeeded, true, &[]),
    curve(
        "polynomial",
        Rates::FromTo,
        true,
        &[needed("power", Kind::Number), optional("k", Kind::Number)],
    ),
    curve("one_minus_sqrt", Rates::FromTo, true, &[]),
    curve("normalized_exponential", Rates::FromTo, true, &[needed("ratio", Kind::Number)]),
    curve(
        "polynomial_cycle",
        Rates::FromTo,
        false,
        &[needed("power", Kind::Number), needed("every", Kind::Length)],
    ),
    curve(
        "tanh",
        Rates::FromTo,
        true,
        &[optional("low", Kind::Number), optional("high", Kind::Number)],
    ),
    curve("rex", Rates::FromTo, true, &[]),
    curve(
        "decay",
        Rates::From,
        false,
        &[needed("factor", Kind::Number), optional("every", Kind::Length)],
    ),
    curve(
        "step",
        Rates::From,
        false,
        &[needed("factor", Kind::Number), needed("every", Kind::Length)],
    ),
    curve(
        "multi_step",
        Rates::From,
        false,
        &[needed("factor", Kind::Number), needed("at", Kind::Lengths)],
    ),
    curve(
        "inverse_time",
        Rates::From,
        false,
        &[needed("rate", Kind::Number), optional("every", Kind::Length)],
    ),
    curve("inverse_sqrt", Rates::From, false, &[needed("timescale", Kind::Length)]),
    curve(
        "inverse_power",
        Rates::From,
        false,
        &[needed("timescale", Kind::Length), needed("power", Kind::Number)],
    ),
    curve(
        "points",
        Rates::Points,
        false,
        &[
            optional("hold", Kind::Flag),
            optional("linear", Kind::Flag),
            optional("cosine", Kind::Flag),
        ],
    ),
    curve("table", Rates::Table, false, &[]),
];

/// What can follow a curve or a group after a dot.
pub(crate) const MODIFIERS: &[&str] = &[
    "scale", "plus", "below", "floor", "cap", "delay", "skip", "take", "stretch", "every",
    "repeat", "times",
];

/// The curve of a name.
pub(crate) fn find(name: &str) -> Option<&'static Signature> {
    CURVES.iter().find(|signature| signature.name == name)
}

impl Signature {
    /// Whether a bare quantity is the length.
    pub(crate) fn length_first(&self) -> bool {
        self.rates == Rates::Warmup
    }

    /// Whether it goes from one rate to another.
    pub(crate) fn has_to(&self) -> bool {
        matches!(self.rates, Rates::FromTo | Rates::FromToNeeded)
    }
}

/// The name among `names` that a person may have meant: at most two letters away.
pub(crate) fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    names
        .map(|known| (distance(name, known), known))
        .filter(|&(d, _)| d <= 2)
        .min()
        .map(|(_, known)| known)
}

/// How many letters have to be changed, added or removed.
fn distance(a: &str, b: &str) -> usize {
    let b: alloc::vec::Vec<char> = b.chars().collect();
    let mut row: alloc::vec::Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &y) in b.iter().enumerate() {
            let change = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
