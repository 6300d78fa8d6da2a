//! The parser's place in the tokens, and the smallest things that it reads: numbers, learning
//! rates, lengths.
//!
//! There is no backtracking: the next token decides which rule applies. The first mistake ends the
//! parse. Messages say what could stand there and what was found.

use super::ast::{Length, Rate};
use super::elsewhere;
use super::grammar::nearest;
use super::lexer::{Token, syntax};
use crate::error::Error;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Reads tokens one after the other. The rules of the grammar are its methods: of a schedule in
/// `parse.rs`, of a curve's arguments in `parse_call.rs`, of a modifier in `parse_modifier.rs`.
pub(super) struct Parser<'a> {
    tokens: Vec<(Token<'a>, usize)>,
    next: usize,
    /// How many groups are open.
    pub(super) depth: usize,
}

impl<'a> Parser<'a> {
    /// A parser of tokens, of which the last one is [`Token::End`].
    pub(super) fn new(tokens: Vec<(Token<'a>, usize)>) -> Self {
        Self { tokens, next: 0, depth: 0 }
    }

    pub(super) fn peek(&self) -> Token<'a> {
        self.tokens[self.next].0
    }

    /// The column of the next token.
    pub(super) fn column(&self) -> usize {
        self.tokens[self.next].1
    }

    /// The next token; the last one, `End`, stays.
    pub(super) fn take(&mut self) -> Token<'a> {
        let token = self.peek();
        self.next = (self.next + 1).min(self.tokens.len() - 1);
        token
    }

    /// Takes the token and returns true if it is the next one; otherwise nothing changes.
    pub(super) fn eat(&mut self, token: Token<'_>) -> bool {
        let found = self.peek() == token;
        if found {
            self.take();
        }
        found
    }

    /// `place` completes the message after the name of the token.
    pub(super) fn expect(&mut self, token: Token<'_>, place: &str) -> Result<(), Error> {
        if self.eat(token) {
            return Ok(());
        }
        Err(self.unexpected(&format!("{} {place}", token.name())))
    }

    pub(super) fn unexpected(&self, wanted: &str) -> Error {
        syntax(self.column(), format!("expected {wanted}, found {}", self.peek().name()))
    }

    pub(super) fn number(&mut self) -> Result<f64, Error> {
        match self.peek() {
            Token::Number(x) => {
                self.take();
                Ok(x)
            }
            _ => Err(self.unexpected("a number")),
        }
    }

    /// A number, `N%` or `peak`.
    pub(super) fn rate(&mut self) -> Result<Rate, Error> {
        let rate = match self.peek() {
            Token::Number(x) => Rate::Absolute(x),
            Token::Percent(x) => Rate::OfPeak(x),
            Token::Word("peak") => Rate::OfPeak(100.0),
            _ => return Err(self.unexpected("a rate: a number, `N%` of the peak, or `peak`")),
        };
        self.take();
        Ok(rate)
    }

    /// A number of steps or `N%`.
    pub(super) fn length(&mut self) -> Result<Length, Error> {
        let length = match self.peek() {
            Token::Number(x) => Length::Steps(x),
            Token::Percent(x) => Length::OfRun(x),
            _ => return Err(self.unexpected("a number of steps, or `N%` of the run")),
        };
        self.take();
        Ok(length)
    }
}

/// Sets what may be given once.
pub(super) fn once<T>(
    place: &mut Option<T>,
    value: T,
    column: usize,
    what: &str,
) -> Result<(), Error> {
    if place.is_some() {
        return Err(syntax(column, format!("the {what} is given twice")));
    }
    *place = Some(value);
    Ok(())
}

/// "there is no `cosin`; did you mean `cosine`?"
pub(super) fn unknown<'n>(
    column: usize,
    name: &str,
    known: impl Iterator<Item = &'n str> + Clone,
) -> Error {
    let name: String = name.chars().take(40).collect();
    let hint = match (nearest(&name, known.clone()), elsewhere::hint(&name)) {
        (_, Some(line)) => line,
        (Some(near), None) => format!("did you mean `{near}`?"),
        (None, None) => {
            let all: Vec<_> = known.collect();
            if all.is_empty() {
                "nothing of that kind can stand here".into()
            } else {
                format!("there are {}", all.join(", "))
            }
        }
    };
    syntax(column, format!("there is no `{name}` here; {hint}"))
}
