//! What stands in a curve's parentheses.
//!
//! A bare quantity is the first learning rate, and after a learning rate the length. In a warm-up
//! it is the length, and in `points` a step. A percent sign gives a share of the peak or of the
//! run, by the place where it stands. Whether numbers are in their ranges is checked when they are
//! bound.

use super::ast::Call;
use super::cursor::{Parser, once, unknown};
use super::lexer::{Token, syntax};
use crate::curves::{Form, Kind, OptKind, Value};
use crate::error::Error;
use alloc::format;
use alloc::vec::Vec;

impl Parser<'_> {
    /// What stands in a curve's parentheses.
    pub(super) fn call(&mut self, kind: Kind, column: usize) -> Result<Call, Error> {
        let mut call =
            Call { kind, from: None, to: None, len: None, options: Vec::new(), points: Vec::new() };
        if self.eat(Token::Mark('(')) && !self.eat(Token::Mark(')')) {
            loop {
                self.argument(&mut call)?;
                if self.eat(Token::Mark(')')) {
                    break;
                }
                self.expect(Token::Mark(','), "or `)`")?;
            }
        }
        self.complete(&call, column)?;
        Ok(call)
    }

    /// Whether everything is there that the curve cannot do without.
    fn complete(&self, call: &Call, column: usize) -> Result<(), Error> {
        let name = call.kind.signature().name;
        for option in call.kind.signature().options.iter().filter(|option| option.required) {
            if call.option(option.name).is_none() {
                return Err(syntax(column, format!("`{name}` needs `{} …`", option.name)));
            }
        }
        match call.kind.signature().form {
            Form::FromToRequired if call.to.is_none() => Err(syntax(
                column,
                format!("`{name}` needs an end above 0, such as `{name}(to 1%)`"),
            )),
            Form::Points if call.points.is_empty() => Err(syntax(
                column,
                format!("`{name}` needs a point, such as `{name}(0: 1e-3, 100: 1e-4)`"),
            )),
            Form::Table if call.points.is_empty() => {
                Err(syntax(column, format!("`{name}` needs a rate, such as `{name}(1e-3 5e-4)`")))
            }
            Form::Warmup if call.len.is_none() => Err(syntax(
                column,
                format!("`{name}` needs a length, such as `{name}(500)` or `{name}(5%)`"),
            )),
            _ => Ok(()),
        }
    }

    /// One argument of a curve.
    fn argument(&mut self, call: &mut Call) -> Result<(), Error> {
        let column = self.column();
        let form = call.kind.signature().form;
        let takes_rates = call.kind.signature().has_from();
        match self.peek() {
            Token::Word("from") if takes_rates => {
                self.take();
                once(&mut call.from, self.rate()?, column, "start")?;
                self.transition(call)
            }
            Token::Word("to") if call.kind.signature().has_to() => {
                self.take();
                once(&mut call.to, self.rate()?, column, "end")
            }
            Token::Word("for") if call.kind.signature().has_len() => {
                self.take();
                once(&mut call.len, self.length()?, column, "length")
            }
            Token::Number(_) | Token::Percent(_) | Token::Word("peak") => match form {
                Form::Points => {
                    let at = self.length()?;
                    self.expect(Token::Mark(':'), "and the rate at this step")?;
                    call.points.push((Some(at), self.rate()?));
                    Ok(())
                }
                Form::Table => {
                    // Commas between the learning rates are as good as blanks.
                    call.points.push((None, self.rate()?));
                    while self.at_quantity() {
                        call.points.push((None, self.rate()?));
                    }
                    Ok(())
                }
                Form::Warmup => once(&mut call.len, self.length()?, column, "length"),
                _ if call.from.is_none() && call.to.is_none() && call.len.is_none() => {
                    call.from = Some(self.rate()?);
                    self.transition(call)
                }
                _ if call.kind.signature().has_len() => {
                    once(&mut call.len, self.length()?, column, "length")
                }
                _ => Err(syntax(
                    column,
                    format!(
                        "`{}` has its rate already, and takes no length",
                        call.kind.signature().name
                    ),
                )),
            },
            Token::Word(word) => self.option(call, word),
            _ => Err(self.unexpected("a rate, a number of steps or an option")),
        }
    }

    fn at_quantity(&self) -> bool {
        matches!(self.peek(), Token::Number(_) | Token::Percent(_) | Token::Word("peak"))
    }

    /// `[ "->" rate ]` after a first learning rate.
    fn transition(&mut self, call: &mut Call) -> Result<(), Error> {
        let column = self.column();
        if self.eat(Token::Arrow) {
            if !call.kind.signature().has_to() {
                return Err(syntax(
                    column,
                    format!(
                        "`{}` has one rate, it does not go to another",
                        call.kind.signature().name
                    ),
                ));
            }
            once(&mut call.to, self.rate()?, column, "end")?;
        }
        Ok(())
    }

    /// `name value`.
    fn option(&mut self, call: &mut Call, word: &str) -> Result<(), Error> {
        let column = self.column();
        let options = call.kind.signature().options;
        let Some(option) = options.iter().find(|option| option.name == word) else {
            let known = options
                .iter()
                .map(|o| o.name)
                .chain(call.kind.signature().has_to().then_some("to"));
            return Err(unknown(
                column,
                word,
                known.chain(call.kind.signature().has_from().then_some("from")),
            ));
        };
        self.take();
        if call.option(option.name).is_some() {
            return Err(syntax(column, format!("`{}` is given twice", option.name)));
        }
        let value = match option.kind {
            OptKind::Flag if call.options.is_empty() => Value::Flag,
            OptKind::Flag => {
                return Err(syntax(
                    column,
                    format!("`{}` contradicts `{}`", option.name, call.options[0].0),
                ));
            }
            OptKind::Number(..) => Value::Number(self.number()?),
            OptKind::Length(_) => Value::Length(self.length()?),
            OptKind::Lengths => {
                let mut list = Vec::from([self.length()?]);
                while self.at_quantity() {
                    list.push(self.length()?);
                }
                Value::Lengths(list)
            }
        };
        call.options.push((option.name, value));
        Ok(())
    }
}
