//! Schedules with lengths that need not be whole: what the libraries' formulas come to.
//!
//! Each function checks its node, so that a dialect can be written as one expression and returns
//! the first mistake. Nodes that would change nothing are left out, so that schedules print without
//! them.

use crate::curves::{
    ConstantCurve, CosineEase, Curve, DecayForm, Ease, Endless, EndlessForm, LinearEase, Ramp,
    StepForm,
};
use crate::error::Error;
use crate::node::Node;
use crate::spec::Spec;
use crate::validate::invalid;
use alloc::boxed::Box;
use alloc::vec::Vec;

/// A node with numbers in their ranges, or what is wrong with them.
pub(super) type Built = Result<Node, Error>;

pub(super) fn finish(node: Built) -> Result<Spec, Error> {
    Spec::from_node(node?)
}

pub(super) fn checked(node: impl Into<Node>) -> Built {
    let node = node.into();
    node.validate().map(|()| node)
}

pub(super) fn constant(lr: f64) -> Built {
    checked(ConstantCurve { lr, len: None })
}

pub(super) fn hold(lr: f64, len: f64) -> Built {
    checked(ConstantCurve { lr, len: Some(len) })
}

pub(super) fn ramp<E: Ease<N>, const N: usize>(
    from: f64,
    to: f64,
    len: f64,
    ease: E,
    options: [f64; N],
) -> Built
where
    Curve: From<Ramp<E, N>>,
{
    checked(Ramp { from, to, len, ease, options })
}

pub(super) fn linear(from: f64, to: f64, len: f64) -> Built {
    ramp(from, to, len, LinearEase, [])
}

pub(super) fn cosine(from: f64, to: f64, len: f64) -> Built {
    ramp(from, to, len, CosineEase, CosineEase::HALF_WAVE)
}

pub(super) fn endless<F: EndlessForm<N>, const N: usize>(
    from: f64,
    form: F,
    options: [f64; N],
) -> Built
where
    Curve: From<Endless<F, N>>,
{
    checked(Endless { from, form, options })
}

pub(super) fn decay(from: f64, factor: f64, every: f64) -> Built {
    endless(from, DecayForm, [factor, every])
}

/// A curve that changes only every so many steps, where `staircase` asks for it.
pub(super) fn staircase(node: Built, staircase: bool, steps: f64) -> Built {
    if staircase { every(node, steps) } else { node }
}

pub(super) fn every(node: Built, steps: f64) -> Built {
    match node? {
        // An exponential decay in steps of its own period has a name.
        Node::Curve(Curve::Decay(decay)) if decay.options[1] == steps => {
            endless(decay.from, StepForm, decay.options)
        }
        node => checked(Node::Every { inner: Box::new(node), steps }),
    }
}

pub(super) fn repeat(node: Built, times: Option<u64>, stretch: f64, scale: f64) -> Built {
    checked(Node::Repeat { inner: Box::new(node?), times, stretch, scale })
}

pub(super) fn plus(node: Built, lr: f64) -> Built {
    // Nothing to add is no node.
    if lr == 0.0 { node } else { checked(Node::Plus { inner: Box::new(node?), lr }) }
}

pub(super) fn below(node: Built, lr: f64) -> Built {
    checked(Node::Below { inner: Box::new(node?), lr })
}

pub(super) fn times(node: Built, other: Built) -> Built {
    checked(Node::Times { inner: Box::new(node?), other: Box::new(other?) })
}

pub(super) fn skip(node: Built, steps: f64) -> Built {
    if steps == 0.0 { node } else { checked(Node::Skip { inner: Box::new(node?), steps }) }
}

pub(super) fn delay(node: Built, steps: f64) -> Built {
    if steps == 0.0 { node } else { checked(Node::Delay { inner: Box::new(node?), steps }) }
}

pub(super) fn take(node: Built, steps: f64) -> Built {
    checked(Node::Take { inner: Box::new(node?), steps })
}

/// One after the other, without parts of length 0 before the last.
pub(super) fn then(parts: impl IntoIterator<Item = Built>) -> Built {
    let mut nodes = parts.into_iter().collect::<Result<Vec<_>, _>>()?;
    let last = nodes.len().saturating_sub(1);
    let mut i = 0;
    nodes.retain(|node| {
        i += 1;
        i > last || node.len() != Some(0.0)
    });
    let names: Vec<_> = nodes.iter().map(|node| alloc::format!("{node}")).collect();
    Node::then(nodes).map_err(|i| Error::Endless { part: names[i].clone(), column: None })
}

/// Schedules that each start at their own step 0 at a boundary, whatever their length.
pub(super) fn join(specs: &[Spec], boundaries: &[u64]) -> Built {
    let wrong = |value: f64, allowed| Err(invalid("boundaries", value, allowed));
    if specs.is_empty() || boundaries.len() + 1 != specs.len() {
        return wrong(boundaries.len() as f64, "one boundary fewer than schedules");
    }
    let mut start = 0;
    let mut parts = Vec::with_capacity(specs.len());
    for (spec, &end) in specs.iter().zip(boundaries) {
        if end < start {
            return wrong(end as f64, "steps in order");
        }
        parts.push(take(Ok(spec.node.clone()), (end - start) as f64));
        start = end;
    }
    parts.push(Ok(specs[boundaries.len()].node.clone()));
    then(parts)
}
