//! From a schedule as it was written to a complete one: shares become learning rates and steps, and
//! the one part without a length takes what the others leave.
//!
//! A part without a first learning rate starts where the part before it ended, and the first part
//! at the peak. Only one part of a sequence may be without a length when it is bound to a run. A
//! warm-up is bound last, after the part that follows it, since it rises to the first learning rate
//! of that part.

use super::ast::{Base, Call, Item};
use super::run::{Run, checked};
use crate::curves::{Args, Form, Kind};
use crate::error::Error;
use crate::node::Node;
use alloc::boxed::Box;
use alloc::format;
use alloc::vec::Vec;

impl Run {
    /// The whole schedule.
    pub(crate) fn bind(self, items: &[Item]) -> Result<Node, Error> {
        self.sequence(items, self.steps, None)
    }

    /// Parts one after the other within `room` steps; `before` is the learning rate where they
    /// start.
    pub(super) fn sequence(
        self,
        items: &[Item],
        room: Option<f64>,
        before: Option<f64>,
    ) -> Result<Node, Error> {
        let lens = items.iter().map(|item| self.item_len(item)).collect::<Result<Vec<_>, _>>()?;
        let rest = self.rest(items, &lens, room)?;
        let mut nodes: Vec<Node> = Vec::with_capacity(items.len());
        let mut before = before;
        // A warm-up needs the first learning rate of what follows it.
        let mut pending: Option<(Kind, Option<f64>, f64)> = None;
        let last = items.len() - 1;
        for (i, item) in items.iter().enumerate() {
            let column = item.column.0;
            if let Some((call, len)) = self.warmup(item)? {
                if i == last || pending.is_some() {
                    let message = "a warm-up rises to the rate of the part after it: `warmup(…) then constant`";
                    return Err(Error::Syntax { column, message: message.into() });
                }
                let from = call.from.map(|rate| self.rate(rate, column)).transpose()?;
                pending = Some((call.kind, from, len));
                before = None;
                continue;
            }
            let room = if lens[i].is_none() { rest } else { None };
            let mut node = self.item(item, room, before)?;
            if i < last && node.len().is_none() {
                let Some(steps) = room else {
                    return Err(Error::Endless { part: format!("{item}"), column: Some(column) });
                };
                node = checked(Node::Take { inner: Box::new(node), steps }, column)?;
            }
            if let Some((kind, from, len)) = pending.take() {
                let args = Args { from, to: node.value(0.0), len: Some(len), ..Args::default() };
                nodes.push(checked(Node::Curve(kind.curve(&args)), items[i - 1].column.0)?);
            }
            before = node.len().map(|len| node.value(len));
            nodes.push(node);
        }
        // Every node but the last has a length by now.
        Node::then(nodes).map_err(|i| Error::Endless {
            part: format!("{}", items[i]),
            column: Some(items[i].column.0),
        })
    }

    /// A warm-up without modifiers, and its length.
    fn warmup(self, item: &Item) -> Result<Option<(&Call, f64)>, Error> {
        let Base::Curve(call) = &item.base else { return Ok(None) };
        if call.kind.signature().form != Form::Warmup {
            return Ok(None);
        }
        let column = item.column.0;
        if !item.modifiers.is_empty() {
            let message =
                "a warm-up cannot be modified alone; put it and what follows in parentheses";
            return Err(Error::Syntax { column, message: message.into() });
        }
        // The parser refused a warm-up without a length.
        let len = call.len.map_or(Ok(0.0), |len| self.length(len, item))?;
        Ok(Some((call, len)))
    }
}
