//! What the tests of this command share.

use paso_locate::schedule::Spec;
use std::io;

pub(super) fn specs(texts: &[&str]) -> Vec<Spec> {
    texts.iter().map(|text| text.parse().expect(text)).collect()
}

pub(super) fn text(write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).expect("a vector takes everything");
    String::from_utf8(out).expect("UTF-8")
}
