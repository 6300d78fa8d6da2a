//! Tokens to a schedule as it was written: one function for each rule of the grammar.

use super::ast::{Base, Call, Column, Item, Length, Modifier, Rate};
use super::grammar::{MODIFIERS, find, nearest};
use super::lexer::{Token, syntax, tokens};
use crate::curves::{Form, KINDS, Kind, OptKind, Value};
use crate::error::Error;
use crate::math::whole;
use crate::spec::PastEnd;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// How deep groups may be nested, and how many modifiers may follow each other: what keeps the
/// recursion over a schedule shallow.
const DEEPEST: usize = 24;

/// The whole text: items, and the policy past their end.
pub(crate) fn parse(text: &str) -> Result<(Vec<Item>, PastEnd), Error> {
    let mut parser = Parser { tokens: tokens(text)?, next: 0, depth: 0 };
    let (items, past_end) = parser.schedule()?;
    match parser.peek() {
        Token::End => Ok((items, past_end)),
        token => Err(syntax(
            parser.column(),
            format!("expected `then` or the end, found {}", token.name()),
        )),
    }
}

struct Parser<'a> {
    tokens: Vec<(Token<'a>, usize)>,
    next: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Token<'a> {
        self.tokens[self.next].0
    }

    /// The column of the next token.
    fn column(&self) -> usize {
        self.tokens[self.next].1
    }

    /// The next token; the last one, `End`, stays.
    fn take(&mut self) -> Token<'a> {
        let token = self.peek();
        self.next = (self.next + 1).min(self.tokens.len() - 1);
        token
    }

    fn eat(&mut self, token: Token<'_>) -> bool {
        let found = self.peek() == token;
        if found {
            self.take();
        }
        found
    }

    fn expect(&mut self, token: Token<'_>, place: &str) -> Result<(), Error> {
        if self.eat(token) {
            return Ok(());
        }
        Err(self.unexpected(&format!("{} {place}", token.name())))
    }

    fn unexpected(&self, wanted: &str) -> Error {
        syntax(self.column(), format!("expected {wanted}, found {}", self.peek().name()))
    }

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
    fn group(&mut self) -> Result<Vec<Item>, Error> {
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

    /// What stands in a curve's parentheses.
    fn call(&mut self, kind: Kind, column: usize) -> Result<Call, Error> {
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
                    // Commas between the rates are as good as blanks.
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

    /// `[ "->" rate ]` after a first rate.
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

    /// `name(value)` after a dot.
    fn modifier(&mut self) -> Result<Modifier, Error> {
        let column = self.column();
        let Token::Word(name) = self.peek() else {
            return Err(self.unexpected("a modifier, such as `floor`"));
        };
        if !MODIFIERS.contains(&name) {
            return Err(unknown(column, name, MODIFIERS.iter().copied()));
        }
        self.take();
        if name == "repeat" {
            return self.repeat();
        }
        self.expect(Token::Mark('('), &format!("after `{name}`"))?;
        let modifier = match name {
            "scale" => Modifier::Scale(self.number()?),
            "plus" => Modifier::Plus(self.rate()?),
            "below" => Modifier::Below(self.rate()?),
            "floor" => Modifier::Floor(self.rate()?),
            "cap" => Modifier::Cap(self.rate()?),
            "delay" => Modifier::Delay(self.length()?),
            "skip" => Modifier::Skip(self.length()?),
            "take" => Modifier::Take(self.length()?),
            "stretch" => Modifier::Stretch(self.number()?),
            "every" => Modifier::Every(self.length()?),
            // The list above holds nothing else.
            _ => return Ok(Modifier::Times(self.group()?)),
        };
        self.expect(Token::Mark(')'), &format!("after the value of `{name}`"))?;
        Ok(modifier)
    }

    /// `[ "(" [TIMES] { "," ("stretch" | "scale") NUMBER } ")" ]` after `repeat`.
    fn repeat(&mut self) -> Result<Modifier, Error> {
        let (mut times, mut stretch, mut scale) = (None, None, None);
        if self.eat(Token::Mark('(')) {
            loop {
                let column = self.column();
                match self.take() {
                    Token::Number(n) if n >= 1.0 && whole(n) as f64 == n => {
                        once(&mut times, whole(n), column, "number of cycles")?;
                    }
                    Token::Word("stretch") => {
                        once(&mut stretch, self.number()?, column, "`stretch`")?;
                    }
                    Token::Word("scale") => once(&mut scale, self.number()?, column, "`scale`")?,
                    token => {
                        let wanted =
                            "a number of cycles (1 or more), `stretch NUMBER` or `scale NUMBER`";
                        return Err(syntax(
                            column,
                            format!("expected {wanted}, found {}", token.name()),
                        ));
                    }
                }
                if self.eat(Token::Mark(')')) {
                    break;
                }
                self.expect(Token::Mark(','), "or `)`")?;
            }
        }
        Ok(Modifier::Repeat { times, stretch: stretch.unwrap_or(1.0), scale: scale.unwrap_or(1.0) })
    }

    fn number(&mut self) -> Result<f64, Error> {
        match self.peek() {
            Token::Number(x) => {
                self.take();
                Ok(x)
            }
            _ => Err(self.unexpected("a number")),
        }
    }

    /// A number, `N%` or `peak`.
    fn rate(&mut self) -> Result<Rate, Error> {
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
    fn length(&mut self) -> Result<Length, Error> {
        let length = match self.peek() {
            Token::Number(x) => Length::Steps(x),
            Token::Percent(x) => Length::OfRun(x),
            _ => return Err(self.unexpected("a number of steps, or `N%` of the run")),
        };
        self.take();
        Ok(length)
    }
}

fn once<T>(place: &mut Option<T>, value: T, column: usize, what: &str) -> Result<(), Error> {
    if place.is_some() {
        return Err(syntax(column, format!("the {what} is given twice")));
    }
    *place = Some(value);
    Ok(())
}

/// "there is no `cosin`; did you mean `cosine`?"
fn unknown<'n>(column: usize, name: &str, known: impl Iterator<Item = &'n str> + Clone) -> Error {
    let name: String = name.chars().take(40).collect();
    let hint = match nearest(&name, known.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
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
