//! What the stack machine works on: the values of a pickle, as far as weights need them.

use crate::Error;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// Values in values: deeper is no file of weights, and dropping it would take as much stack.
const DEEPEST: usize = 100;

/// A value of a pickle. Lists and dictionaries are shared, since the memo refers to them while they
/// grow.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    /// `None`, booleans, floats, bytes: nothing depends on what they are.
    Other,
    Int(i64),
    Text(Rc<str>),
    Tuple(Rc<[Self]>, usize),
    List(Rc<Growing<Self>>),
    Dict(Rc<Growing<(Self, Self)>>),
    Function(Function),
    Storage(Rc<Storage>),
    View(Rc<View>),
}

/// What a list or a dictionary holds. Once it is itself in something it does not grow any more, as
/// `torch.save` has it: so nothing holds itself, and its depth stays what it was.
#[derive(Debug)]
pub(crate) struct Growing<T> {
    pub(crate) items: RefCell<Vec<T>>,
    depth: Cell<usize>,
    closed: Cell<bool>,
}

impl<T> Default for Growing<T> {
    fn default() -> Self {
        Self { items: RefCell::default(), depth: Cell::new(1), closed: Cell::new(false) }
    }
}

impl<T> Growing<T> {
    /// Adds items of this depth.
    pub(crate) fn extend(&self, items: Vec<T>, depth: usize) -> Result<(), Error> {
        if self.closed.get() {
            return Err(Error::damaged("a list or dictionary grows after it was used"));
        }
        self.depth.set(self.depth.get().max(depth + 1));
        self.items.borrow_mut().extend(items);
        Ok(())
    }
}

/// The depth of values that are put into something, which do not grow from then on.
///
/// # Errors
/// When they are too deep.
pub(crate) fn close<'a>(values: impl IntoIterator<Item = &'a Value>) -> Result<usize, Error> {
    let mut deepest = 0;
    for value in values {
        deepest = deepest.max(match value {
            Value::Tuple(_, depth) => *depth,
            Value::List(list) => {
                list.closed.set(true);
                list.depth.get()
            }
            Value::Dict(dict) => {
                dict.closed.set(true);
                dict.depth.get()
            }
            _ => 0,
        });
    }
    if deepest >= DEEPEST {
        return Err(Error::damaged("lists and dictionaries lie too deep in each other"));
    }
    Ok(deepest)
}

/// What a pickle of weights may call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Function {
    /// `collections.OrderedDict`
    OrderedDict,
    /// `torch._utils._rebuild_tensor_v2`
    Tensor,
    /// `torch._utils._rebuild_parameter`
    Parameter,
    /// `torch.Size`
    Size,
    /// A type of numbers; not called, but named by a storage.
    Numbers(Numbers),
}

/// How the numbers of a storage are kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Numbers {
    F16,
    Bf16,
    F32,
    F64,
    /// Integers or booleans of this many bytes.
    Whole(usize),
}

impl Numbers {
    pub(crate) fn bytes(self) -> usize {
        match self {
            Self::F16 | Self::Bf16 => 2,
            Self::F32 => 4,
            Self::F64 => 8,
            Self::Whole(bytes) => bytes,
        }
    }
}

/// Numbers in a row, which are elsewhere in the file.
#[derive(Debug, PartialEq)]
pub(crate) struct Storage {
    pub(crate) key: Rc<str>,
    pub(crate) numbers: Numbers,
    pub(crate) count: usize,
}

/// A tensor: a part of a storage.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) storage: Rc<Storage>,
    pub(crate) offset: usize,
    pub(crate) shape: Vec<usize>,
    pub(crate) strides: Vec<usize>,
}

impl Function {
    /// By its name in Python.
    ///
    /// # Errors
    /// When it is not among those that weights need.
    pub(crate) fn named(module: &str, name: &str) -> Result<Self, Error> {
        let numbers = |numbers| Ok(Self::Numbers(numbers));
        match (module, name) {
            ("collections", "OrderedDict") => Ok(Self::OrderedDict),
            ("torch._utils", "_rebuild_tensor_v2") => Ok(Self::Tensor),
            ("torch._utils", "_rebuild_parameter") => Ok(Self::Parameter),
            ("torch", "Size") => Ok(Self::Size),
            ("torch", "HalfStorage") => numbers(Numbers::F16),
            ("torch", "BFloat16Storage") => numbers(Numbers::Bf16),
            ("torch", "FloatStorage") => numbers(Numbers::F32),
            ("torch", "DoubleStorage") => numbers(Numbers::F64),
            ("torch", "LongStorage") => numbers(Numbers::Whole(8)),
            ("torch", "IntStorage") => numbers(Numbers::Whole(4)),
            ("torch", "ShortStorage") => numbers(Numbers::Whole(2)),
            ("torch", "CharStorage" | "ByteStorage" | "BoolStorage") => numbers(Numbers::Whole(1)),
            _ => Err(Error::code(module, name)),
        }
    }

    /// What it returns.
    ///
    /// # Errors
    /// When the arguments do not fit.
    pub(crate) fn call(self, arguments: &Value) -> Result<Value, Error> {
        let Value::Tuple(arguments, _) = arguments else {
            return Err(Error::damaged("a function is called without arguments"));
        };
        match (self, &arguments[..]) {
            (Self::OrderedDict, []) => Ok(Value::Dict(Rc::default())),
            // Pairs, as Python 2 wrote them.
            (Self::OrderedDict, [Value::List(pairs)]) => {
                let pair = |value: &Value| match value {
                    Value::Tuple(both, _) if both.len() == 2 => {
                        Ok((both[0].clone(), both[1].clone()))
                    }
                    Value::List(both) if both.items.borrow().len() == 2 => {
                        let both = both.items.borrow();
                        Ok((both[0].clone(), both[1].clone()))
                    }
                    _ => Err(Error::damaged("a dictionary is made of something else than pairs")),
                };
                let pairs: Result<Vec<_>, Error> = pairs.items.borrow().iter().map(pair).collect();
                let (pairs, dict) = (pairs?, Growing::default());
                let depth = close(pairs.iter().flat_map(|(key, value)| [key, value]))?;
                dict.extend(pairs, depth)?;
                Ok(Value::Dict(Rc::new(dict)))
            }
            (Self::Tensor, [Value::Storage(storage), Value::Int(offset), shape, strides, ..]) => {
                let view = View {
                    storage: Rc::clone(storage),
                    offset: whole(*offset)?,
                    shape: shape.sizes()?,
                    strides: strides.sizes()?,
                };
                if view.shape.len() != view.strides.len() {
                    return Err(Error::damaged("a tensor has a shape and strides of two lengths"));
                }
                Ok(Value::View(Rc::new(view)))
            }
            (Self::Parameter, [view @ Value::View(_), ..]) => Ok(view.clone()),
            (Self::Size, [sizes @ Value::Tuple(..)]) => Ok(sizes.clone()),
            _ => Err(Error::damaged(format!("wrong arguments for {self:?}"))),
        }
    }
}

impl Value {
    /// A tuple of whole numbers, such as a shape.
    fn sizes(&self) -> Result<Vec<usize>, Error> {
        let Self::Tuple(values, _) = self else {
            return Err(Error::damaged("a tensor's shape is no tuple"));
        };
        let size = |value: &Self| match value {
            Self::Int(size) => whole(*size),
            _ => Err(Error::damaged("a tensor's shape holds something else than numbers")),
        };
        values.iter().map(size).collect()
    }

    /// The storage that a persistent id stands for: `("storage", type, key, device, count)`.
    pub(crate) fn storage(&self) -> Result<Rc<Storage>, Error> {
        if let Self::Tuple(parts, _) = self
            && let [
                Self::Text(kind),
                Self::Function(Function::Numbers(numbers)),
                Self::Text(key),
                _device,
                Self::Int(count),
                ..,
            ] = &parts[..]
            && &**kind == "storage"
        {
            let (key, count) = (Rc::clone(key), whole(*count)?);
            return Ok(Rc::new(Storage { key, numbers: *numbers, count }));
        }
        Err(Error::damaged("a persistent id names no storage"))
    }
}

fn whole(number: i64) -> Result<usize, Error> {
    usize::try_from(number)
        .map_err(|_| Error::damaged(format!("a size or place is {number}, which cannot be")))
}
