//! Writes what `torch.save` would write.

use std::io::{Cursor, Write};

#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    Half,
    BFloat16,
    Float,
    Double,
    Long,
}

/// A part of a storage.
pub(crate) struct View {
    pub(crate) key: &'static str,
    pub(crate) offset: usize,
    pub(crate) shape: &'static [usize],
    pub(crate) strides: &'static [usize],
}

/// A dictionary of tensors.
#[derive(Default)]
pub(crate) struct Saved {
    storages: Vec<(&'static str, Kind, Vec<u8>)>,
    views: Vec<(&'static str, View)>,
    outer: Vec<&'static str>,
    first: Vec<u8>,
}

impl Saved {
    pub(crate) fn storage(mut self, key: &'static str, kind: Kind, bytes: Vec<u8>) -> Self {
        self.storages.push((key, kind, bytes));
        self
    }

    pub(crate) fn view(mut self, name: &'static str, view: View) -> Self {
        self.views.push((name, view));
        self
    }

    /// The dictionary as a value of another one.
    pub(crate) fn within(mut self, key: &'static str) -> Self {
        self.outer.insert(0, key);
        self
    }

    /// Opcodes that come before everything else; what they push is left on the stack.
    pub(crate) fn first(mut self, opcodes: &[u8]) -> Self {
        self.first = opcodes.into();
        self
    }

    fn pickle(&self) -> Vec<u8> {
        let mut out = [&b"\x80\x02"[..], &self.first].concat();
        for key in &self.outer {
            out.push(b'}');
            text(&mut out, key);
        }
        out.extend(b"ccollections\nOrderedDict\nq\x00)Rq\x01(");
        for (name, view) in &self.views {
            text(&mut out, name);
            self.rebuild(&mut out, view);
        }
        // The attributes of a state dictionary.
        out.extend(b"u}(X\x09\x00\x00\x00_metadatah\x00)Rub");
        out.extend(self.outer.iter().map(|_| b's'));
        out.push(b'.');
        out
    }

    fn rebuild(&self, out: &mut Vec<u8>, view: &View) {
        let found = self.storages.iter().find(|(key, ..)| *key == view.key);
        let (key, kind, bytes) = found.expect("a storage of this key");
        out.extend(b"ctorch._utils\n_rebuild_tensor_v2\n((");
        text(out, "storage");
        let (name, size) = of(*kind);
        out.extend(format!("ctorch\n{name}\n").bytes());
        text(out, key);
        text(out, "cpu");
        long(out, bytes.len() / size);
        out.extend(b"tQ");
        long(out, view.offset);
        for sizes in [view.shape, view.strides] {
            out.push(b'(');
            sizes.iter().for_each(|size| long(out, *size));
            out.push(b't');
        }
        out.extend(b"\x89h\x00)RtR");
    }
}

/// A storage's class and the bytes of a number.
fn of(kind: Kind) -> (&'static str, usize) {
    match kind {
        Kind::Half => ("HalfStorage", 2),
        Kind::BFloat16 => ("BFloat16Storage", 2),
        Kind::Float => ("FloatStorage", 4),
        Kind::Double => ("DoubleStorage", 8),
        Kind::Long => ("LongStorage", 8),
    }
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.push(b'X');
    out.extend(u32::try_from(text.len()).expect("short").to_le_bytes());
    out.extend(text.bytes());
}

fn long(out: &mut Vec<u8>, number: usize) {
    out.extend([0x8a, 8]);
    out.extend((number as u64).to_le_bytes());
}

/// The form before PyTorch 1.6.
pub(crate) fn chain(saved: &Saved) -> Vec<u8> {
    let mut out =
        b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.".to_vec();
    out.extend(b"\x80\x02}q\x00X\x0d\x00\x00\x00little_endianq\x01\x88s.");
    out.extend(saved.pickle());
    out.extend(b"\x80\x02](");
    saved.storages.iter().for_each(|(key, ..)| text(&mut out, key));
    out.extend(b"e.");
    for (_, kind, bytes) in &saved.storages {
        out.extend((bytes.len() as u64 / of(*kind).1 as u64).to_le_bytes());
        out.extend(bytes);
    }
    out
}

/// The form since PyTorch 1.6.
pub(crate) fn archive(saved: &Saved) -> Vec<u8> {
    let pickle = saved.pickle();
    let names: Vec<String> =
        saved.storages.iter().map(|(key, ..)| format!("net/data/{key}")).collect();
    let storages = names.iter().zip(&saved.storages).map(|(name, (.., bytes))| (&**name, &**bytes));
    let mut files = vec![("net/data.pkl", &*pickle), ("net/byteorder", b"little")];
    files.extend(storages);
    zip(&files, false)
}

pub(crate) fn zip(files: &[(&str, &[u8])], compressed: bool) -> Vec<u8> {
    let method =
        if compressed { zip::CompressionMethod::Deflated } else { zip::CompressionMethod::Stored };
    let options = zip::write::SimpleFileOptions::default().compression_method(method);
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        archive.start_file(*name, options).expect("a name");
        archive.write_all(content).expect("memory");
    }
    archive.finish().expect("memory").into_inner()
}
