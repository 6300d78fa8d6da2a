//! The text of a label file: decoded, with the line numbers that an editor shows.
//!
//! A byte order mark decides the encoding (UTF-8 or UTF-16), else the declaration of an XML file,
//! else the text has to be UTF-8. Nothing is guessed: a class name in a wrong encoding would be
//! another class.
//!
//! A line ends with `\n`, `\r\n`, or `\r` alone, as spreadsheets of old Macs write it. Parsers
//! count only some of these, so every message takes its line from [`Text::line_at`].

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// A decoded label file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text {
    content: String,
    /// Where each line but the first begins, in bytes, ascending.
    starts: Vec<usize>,
}

impl Text {
    /// Decodes bytes. The error is a sentence without the file's name.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, String> {
        let (encoding, bytes) = match Encoding::for_bom(bytes) {
            Some((encoding, length)) => (encoding, &bytes[length..]),
            None => (without_mark(bytes)?, bytes),
        };
        if encoding == UTF_8 {
            let content = std::str::from_utf8(bytes).map_err(|e| {
                format!("is not UTF-8 (byte {}); save it as UTF-8", e.valid_up_to())
            })?;
            return Ok(Self::new(content.to_owned()));
        }
        let (content, malformed) = encoding.decode_without_bom_handling(bytes);
        if malformed {
            return Err(format!(
                "is not valid {}, the encoding that it begins with or declares; save it as UTF-8",
                encoding.name()
            ));
        }
        Ok(Self::new(content.into_owned()))
    }

    /// A text that is decoded already.
    pub(crate) fn new(content: String) -> Self {
        let bytes = content.as_bytes();
        let ends = bytes.iter().enumerate().filter(|&(at, &byte)| {
            byte == b'\n' || byte == b'\r' && bytes.get(at + 1) != Some(&b'\n')
        });
        let starts = ends.map(|(at, _)| at + 1).collect();
        Self { content, starts }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.content
    }

    /// The line, from 1, of a byte of the text.
    pub(crate) fn line_at(&self, byte: usize) -> usize {
        self.starts.partition_point(|&start| start <= byte) + 1
    }

    /// The lines with their numbers, without their ends.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let starts = std::iter::once(0).chain(self.starts.iter().copied());
        let ends = self.starts.iter().copied().chain([self.content.len()]);
        let line =
            |(start, end): (usize, usize)| self.content[start..end].trim_end_matches(['\n', '\r']);
        (1..).zip(starts.zip(ends).map(line))
    }
}

/// The encoding of bytes that begin with no byte order mark.
fn without_mark(bytes: &[u8]) -> Result<&'static Encoding, String> {
    // `<?` in 16 bits each.
    match bytes {
        [b'<', 0, b'?', 0, ..] => return Ok(UTF_16LE),
        [0, b'<', 0, b'?', ..] => return Ok(UTF_16BE),
        _ => {}
    }
    let Some(label) = declared(bytes) else { return Ok(UTF_8) };
    let Some(encoding) = Encoding::for_label(label) else {
        return Err(format!(
            "declares the encoding {:?}, which is unknown; save it as UTF-8",
            String::from_utf8_lossy(label)
        ));
    };
    // A declaration that can be read byte by byte is not of a text in 16 bits.
    Ok(if encoding == UTF_16LE || encoding == UTF_16BE { UTF_8 } else { encoding })
}

/// What stands behind `encoding=` in the declaration of an XML file.
fn declared(bytes: &[u8]) -> Option<&[u8]> {
    let bytes = bytes.trim_ascii_start().strip_prefix(b"<?xml")?;
    let end = bytes.windows(2).take(1024).position(|pair| pair == b"?>")?;
    let declaration = &bytes[..end];
    let at = declaration.windows(8).position(|word| word == b"encoding")?;
    let value = declaration[at + 8..].trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let (&quote, value) = value.split_first().filter(|(first, _)| b"\"'".contains(first))?;
    Some(&value[..value.iter().position(|&byte| byte == quote)?])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(bytes: &[u8]) -> String {
        Text::decode(bytes).expect("it is text").as_str().to_owned()
    }

    #[test]
    fn an_encoding_is_known_by_its_mark_or_its_declaration() {
        let text = "<?xml version=\"1.0\"?><name>é狗</name>";
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(decoded(text.as_bytes()), text);
        assert_eq!(decoded(&[b"\xef\xbb\xbf", text.as_bytes()].concat()), text);
        assert_eq!(decoded(&little), text, "UTF-16 without a mark");
        assert_eq!(decoded(&big), text);
        assert_eq!(decoded(&[b"\xff\xfe", &little[..]].concat()), text);
        assert_eq!(decoded(&[b"\xfe\xff", &big[..]].concat()), text);
        let chinese = b"<?xml version='1.0' encoding='gb2312'?><name>\xb9\xb7</name>";
        assert!(decoded(chinese).contains("<name>狗</name>"));
        let western = b"<?xml version=\"1.0\" encoding = \"ISO-8859-1\" ?><name>caf\xe9</name>";
        assert!(decoded(western).contains("café"));
        let wrong = b"<?xml version=\"1.0\" encoding=\"UTF-16\"?><name>plain</name>";
        assert!(decoded(wrong).contains("plain"), "it says UTF-16 and is not");
    }

    #[test]
    fn what_is_no_text_is_refused_with_what_it_should_be() {
        for (bytes, says) in [
            (&b"ab\xff"[..], "is not UTF-8 (byte 2); save it as UTF-8"),
            (b"<?xml encoding=\"klingon\"?>", "declares the encoding \"klingon\""),
            (b"<?xml encoding=\"gb2312\"?>\xff\xff", "is not valid GBK"),
            (b"\xff\xfea\0\0\xd8b\0", "is not valid UTF-16LE"),
        ] {
            let message = Text::decode(bytes).expect_err("no text");
            assert!(message.contains(says), "{message}");
        }
    }

    #[test]
    fn lines_are_those_of_an_editor_whatever_ends_them() {
        for end in ["\n", "\r\n", "\r"] {
            let text = Text::new(["a", "", "c", ""].join(end));
            let lines: Vec<(usize, &str)> = text.lines().collect();
            assert_eq!(lines, [(1, "a"), (2, ""), (3, "c"), (4, "")], "{end:?}");
            let at = text.as_str().find('c').expect("it is there");
            assert_eq!((text.line_at(at), text.line_at(0)), (3, 1));
        }
        assert_eq!(Text::new(String::new()).lines().collect::<Vec<_>>(), [(1, "")]);
    }
}
