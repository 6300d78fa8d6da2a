//! The stack machine: the opcodes that weights need, of the protocols 2 to 5.
//!
//! Every opcode reads at least one byte and pushes at most one value, so that a pickle of n bytes
//! makes at most n values. `pickletools` of Python's library documents all opcodes.

use crate::Error;
use crate::value::{Function, Value, close};
use std::collections::HashMap;
use std::rc::Rc;

/// What a pickle has made.
pub(crate) struct Pickle {
    pub(crate) value: Value,
    /// Its bytes.
    pub(crate) length: usize,
    /// Bytes of a number in each storage that it names, by key.
    pub(crate) storages: HashMap<Rc<str>, usize>,
}

/// Runs the pickle at the beginning of these bytes.
///
/// # Errors
/// [`Error::Code`] when it names a function that weights do not need, [`Error::Damaged`] when it
/// does not end, or an opcode is unknown or finds what it cannot use.
pub(crate) fn run(bytes: &[u8]) -> Result<Pickle, Error> {
    let mut machine = Machine {
        bytes,
        at: 0,
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
        storages: HashMap::new(),
    };
    loop {
        let at = machine.at;
        let opcode = machine.byte()?;
        if opcode == b'.' {
            let value = machine.pop()?;
            return Ok(Pickle { value, length: machine.at, storages: machine.storages });
        }
        machine.step(opcode, at)?;
    }
}

struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    stack: Vec<Value>,
    /// Lengths of the stack where a mark was set.
    marks: Vec<usize>,
    memo: HashMap<usize, Value>,
    storages: HashMap<Rc<str>, usize>,
}

impl<'a> Machine<'a> {
    fn step(&mut self, opcode: u8, at: usize) -> Result<(), Error> {
        match opcode {
            // Protocol and frame: nothing to do.
            0x80 => drop(self.take(1)?),
            0x95 => drop(self.take(8)?),
            b'(' => self.marks.push(self.stack.len()),
            b'0' => drop(self.pop()?),
            b'1' => drop(self.marked()?),
            b'N' | 0x88 | 0x89 => self.push(Value::Other),
            b'G' => {
                self.take(8)?;
                self.push(Value::Other);
            }
            b'K' => {
                let number = self.byte()?;
                self.push(Value::Int(number.into()));
            }
            b'M' => {
                let number = self.number(2)?;
                self.push(Value::Int(number as i64));
            }
            b'J' => {
                let bytes = self.take(4)?;
                let number = i32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
                self.push(Value::Int(number.into()));
            }
            0x8a => {
                let length = usize::from(self.byte()?);
                let number = long(self.take(length)?);
                self.push(number);
            }
            b'X' => self.text(4)?,
            0x8c | b'U' => self.text(1)?,
            0x8d => self.text(8)?,
            b'T' => self.text(4)?,
            b'B' => self.skip(4)?,
            b'C' => self.skip(1)?,
            b')' => self.tuple(Vec::new())?,
            b't' => {
                let values = self.marked()?;
                self.tuple(values)?;
            }
            0x85..=0x87 => {
                let count = usize::from(opcode - 0x84);
                let start = self.stack.len().checked_sub(count).ok_or_else(|| empty(at))?;
                let values = self.stack.drain(start..).collect();
                self.tuple(values)?;
            }
            b']' => self.push(Value::List(Rc::default())),
            b'}' => self.push(Value::Dict(Rc::default())),
            b'a' => {
                let value = self.pop()?;
                self.append(vec![value], at)?;
            }
            b'e' => {
                let values = self.marked()?;
                self.append(values, at)?;
            }
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.insert(vec![key, value], at)?;
            }
            b'u' => {
                let values = self.marked()?;
                self.insert(values, at)?;
            }
            b'q' => {
                let place = self.number(1)?;
                self.remember(place)?;
            }
            b'r' => {
                let place = self.number(4)?;
                self.remember(place)?;
            }
            0x94 => self.remember(self.memo.len())?,
            b'h' => {
                let place = self.number(1)?;
                self.recall(place)?;
            }
            b'j' => {
                let place = self.number(4)?;
                self.recall(place)?;
            }
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                self.push(Value::Function(Function::named(module, name)?));
            }
            0x93 => {
                let (name, module) = (self.pop()?, self.pop()?);
                let (Value::Text(module), Value::Text(name)) = (module, name) else {
                    return Err(wrong(at, "a function's name is no text"));
                };
                self.push(Value::Function(Function::named(&module, &name)?));
            }
            b'R' => {
                let (arguments, function) = (self.pop()?, self.pop()?);
                let Value::Function(function) = function else {
                    return Err(wrong(at, "something is called that is no function"));
                };
                self.push(function.call(&arguments)?);
            }
            // Attributes of a dictionary (`_metadata`): not needed.
            b'b' => {
                self.pop()?;
                if !matches!(self.stack.last(), Some(Value::Dict(_) | Value::View(_))) {
                    return Err(wrong(at, "attributes for something else than a dictionary"));
                }
            }
            b'Q' => {
                let storage = self.pop()?.storage()?;
                self.storages.insert(Rc::clone(&storage.key), storage.numbers.bytes());
                self.push(Value::Storage(storage));
            }
            other => return Err(wrong(at, &format!("opcode {other:#04x} is not one of weights"))),
        }
        Ok(())
    }

    fn push(&mut self, value: Value) {
        self.stack.push(value);
    }

    fn pop(&mut self) -> Result<Value, Error> {
        let bottom = self.marks.last().copied().unwrap_or(0);
        if self.stack.len() <= bottom {
            return Err(empty(self.at));
        }
        self.stack.pop().ok_or_else(|| empty(self.at))
    }

    /// What was pushed since the last mark.
    fn marked(&mut self) -> Result<Vec<Value>, Error> {
        let start = self.marks.pop().ok_or_else(|| wrong(self.at, "a mark is missing"))?;
        Ok(self.stack.drain(start.min(self.stack.len())..).collect())
    }

    fn tuple(&mut self, values: Vec<Value>) -> Result<(), Error> {
        let depth = close(&values)?;
        self.push(Value::Tuple(values.into(), depth + 1));
        Ok(())
    }

    fn append(&mut self, values: Vec<Value>, at: usize) -> Result<(), Error> {
        let Some(Value::List(list)) = self.stack.last() else {
            return Err(wrong(at, "values for a list, and there is none"));
        };
        let depth = close(&values)?;
        list.extend(values, depth)
    }

    /// A key, its value, the next key, and so on.
    fn insert(&mut self, values: Vec<Value>, at: usize) -> Result<(), Error> {
        let Some(Value::Dict(dict)) = self.stack.last() else {
            return Err(wrong(at, "values for a dictionary, and there is none"));
        };
        if !values.len().is_multiple_of(2) {
            return Err(wrong(at, "a key of a dictionary has no value"));
        }
        let depth = close(&values)?;
        let (mut values, mut pairs) = (values.into_iter(), Vec::new());
        while let (Some(key), Some(value)) = (values.next(), values.next()) {
            pairs.push((key, value));
        }
        dict.extend(pairs, depth)
    }

    fn remember(&mut self, place: usize) -> Result<(), Error> {
        let value = self.stack.last().ok_or_else(|| empty(self.at))?.clone();
        self.memo.insert(place, value);
        Ok(())
    }

    fn recall(&mut self, place: usize) -> Result<(), Error> {
        let value = self.memo.get(&place).cloned();
        self.push(value.ok_or_else(|| wrong(self.at, "the memo has no such value"))?);
        Ok(())
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Error> {
        let rest = &self.bytes[self.at..];
        let taken = rest.get(..count).ok_or_else(|| Error::damaged("a pickle ends too early"))?;
        self.at += count;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, Error> {
        Ok(self.take(1)?[0])
    }

    /// A number of up to eight bytes, without a sign.
    fn number(&mut self, bytes: usize) -> Result<usize, Error> {
        let mut number = 0_u64;
        for (i, &byte) in self.take(bytes)?.iter().enumerate() {
            number |= u64::from(byte) << (8 * i);
        }
        usize::try_from(number).map_err(|_| wrong(self.at, "a length is too large"))
    }

    /// Text, after its length in so many bytes.
    fn text(&mut self, bytes: usize) -> Result<(), Error> {
        let (length, at) = (self.number(bytes)?, self.at);
        let text = str::from_utf8(self.take(length)?).map_err(|_| wrong(at, "text is no UTF-8"))?;
        self.push(Value::Text(text.into()));
        Ok(())
    }

    fn skip(&mut self, bytes: usize) -> Result<(), Error> {
        let length = self.number(bytes)?;
        self.take(length)?;
        self.push(Value::Other);
        Ok(())
    }

    fn line(&mut self) -> Result<&'a str, Error> {
        let rest = &self.bytes[self.at..];
        let end = rest.iter().position(|byte| *byte == b'\n');
        let end = end.ok_or_else(|| Error::damaged("a pickle ends too early"))?;
        let line =
            str::from_utf8(&rest[..end]).map_err(|_| wrong(self.at, "a name is no UTF-8"))?;
        self.at += end + 1;
        Ok(line)
    }
}

/// A whole number of any length: those that fit into 64 bits with their sign are sizes, and the
/// others are not needed.
fn long(bytes: &[u8]) -> Value {
    if bytes.len() > 8 {
        return Value::Other;
    }
    let negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
    let mut all = [if negative { 0xff } else { 0 }; 8];
    all[..bytes.len()].copy_from_slice(bytes);
    Value::Int(i64::from_le_bytes(all))
}

fn wrong(at: usize, what: &str) -> Error {
    Error::damaged(format!("{what}, at byte {at} of a pickle"))
}

fn empty(at: usize) -> Error {
    wrong(at, "a value is missing")
}
