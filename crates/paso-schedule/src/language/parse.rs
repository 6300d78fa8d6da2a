//! Tokens to a schedule as it was written: sequences, groups and items.
//!
//! `then hold`, `then error` and `then repeat` may end the whole text only. `then repeat` is
//! another way to write a group with `.repeat`; it prints in that form.

use super::ast::{Base, Column, Item, Modifier};
use super::cursor::{Parser, unknown};
use super::grammar::find;
use super::lexer::{Token, syntax, tokens};
use crate::curves::KINDS;
use crate::error::Error;
use crate::spec::PastEnd;
use alloc::format;
use alloc::vec::Vec;

/// How deep groups may be nested, and how many modifiers may follow each other: what keeps the
/// recursion over a schedule shallow.
const DEEPEST: usize = 24;

/// The whole text: items, and the policy past their end.
pub(crate) fn parse(text: &str) -> Result<(Vec<Item>, PastEnd), Error> {
    let mut parser = Parser::new(tokens(text)?);
    let (items, past_end) = parser.schedule()?;
    match parser.peek() {
        Token::End => Ok((items, past_end)),
        token => Err(syntax(
            parser.column(),
            format!("expected `then` or the end, found {}", token.name()),
        )),
    }
}

impl Parser<'_> {
    /// `item { "then" item } [ "then" ("hold" | "error" | "repeat") ]`
    fn schedule(&mut self) -> Result<(Vec<Item>, PastEnd), Error> {
        let column = Column(self.column());
        let mut items = Vec::from([self.item()?]);
        while self.eat(Token::Word("then")) {
            match self.peek() {
                Token::Word("hold") => {
                    self.take();
                    return Ok((items, PastEnd::Hold));
                }
                Token::Word("error") => {
                    self.take();
                    return Ok((items, PastEnd::Error));
                }
                Token::Word("repeat") => {
                    self.take();
                    let modifiers =
                        Vec::from([Modifier::Repeat { times: None, stretch: 1.0, scale: 1.0 }]);
                    // A curve alone needs no group around it.
                    match &mut items[..] {
                        [Item { base: Base::Curve(_), modifiers: none, .. }] if none.is_empty() => {
                            *none = modifiers;
                        }
                        _ => {
                            items =
                                Vec::from([Item { column, base: Base::Group(items), modifiers }]);
                        }
                    }
                    return Ok((items, PastEnd::Hold));
                }
                _ => items.push(self.item()?),
            }
        }
        Ok((items, PastEnd::Hold))
    }

    /// `item { "then" item }`, inside parentheses that are open.
    pub(super) fn group(&mut self) -> Result<Vec<Item>, Error> {
        if self.depth >= DEEPEST {
            return Err(syntax(
                self.column(),
                format!("parentheses are nested more than {DEEPEST} deep"),
            ));
        }
        self.depth += 1;
        let mut items = Vec::from([self.item()?]);
        while self.eat(Token::Word("then")) {
            items.push(self.item()?);
        }
        self.depth -= 1;
        self.expect(Token::Mark(')'), "or `then`")?;
        Ok(items)
    }

    /// `(curve | "(" group ")") { "." modifier }`
    fn item(&mut self) -> Result<Item, Error> {
        let column = self.column();
        let base = match self.peek() {
            Token::Mark('(') => {
                self.take();
                Base::Group(self.group()?)
            }
            Token::Word(name) => {
                let names = KINDS.iter().map(|kind| kind.signature().name);
                let kind = find(name).ok_or_else(|| unknown(column, name, names))?;
                self.take();
                Base::Curve(self.call(kind, column)?)
            }
            _ => return Err(self.unexpected("a curve, such as `cosine`")),
        };
        let mut modifiers = Vec::new();
        while self.eat(Token::Mark('.')) {
            if modifiers.len() == DEEPEST {
                return Err(syntax(
                    self.column(),
                    format!("more than {DEEPEST} modifiers follow each other"),
                ));
            }
            modifiers.push(self.modifier()?);
        }
        Ok(Item { column: Column(column), base, modifiers })
    }
}
