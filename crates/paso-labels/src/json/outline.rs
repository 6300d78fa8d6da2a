//! Which keys a JSON file has, and so which format it is of, without parsing it.
//!
//! Detection asks every format about every file, among them images in base64 and files of
//! 450 MB. The first 64 KiB show the keys nearly always; where a format cannot tell from them, the
//! whole file is looked at. A file that is cut off or broken behind its keys is still of its format,
//! so that it is refused by line and not passed over.

use super::super::formats::Input;

/// The keys that tell formats apart.
const WORDS: [&str; 29] = [
    "images",
    "annotations",
    "categories",
    "shapes",
    "points",
    "imagePath",
    "imageData",
    "imageWidth",
    "imageHeight",
    "image",
    "imagefilename",
    "annotation",
    "coordinates",
    "label",
    "assets",
    "asset",
    "regions",
    "frames",
    "inputTags",
    "image_id",
    "category_id",
    "bbox",
    "score",
    "segmentation",
    "value",
    "result",
    "data",
    "_via_img_metadata",
    "_via_settings",
];

/// How much of a file is looked at first.
const FIRST_BYTES: u64 = 1 << 16;

/// The keys of a file's object, or of the objects in its list, and of those two levels below.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Outline {
    /// True if the file is a list.
    pub(crate) is_list: bool,
    keys: Vec<(&'static str, u8)>,
    inner: Vec<&'static str>,
    /// True if something is still open at the end.
    is_open: bool,
}

impl Outline {
    /// The outline of a text that may be cut off; `None` if it does not begin as JSON does.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let mut outline = Self::default();
        let bytes = text.as_bytes();
        let first = text.trim_start().as_bytes().first()?;
        outline.is_list = *first == b'[';
        if !outline.is_list && *first != b'{' {
            return None;
        }
        let base = if outline.is_list { 2 } else { 1 };
        let (mut at, mut depth, mut last) = (0, 0_usize, "");
        while at < bytes.len() {
            match bytes[at] {
                quote @ (b'"' | b'\'') => {
                    let start = at + 1;
                    at = end_of_text(bytes, start, quote);
                    last = text.get(start..at).unwrap_or_default();
                }
                b'/' if bytes.get(at + 1) == Some(&b'/') => at = line_end(bytes, at),
                b'#' => at = line_end(bytes, at),
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth = depth.saturating_sub(1),
                b':' if depth == base || depth == base + 2 => {
                    if let Some(word) = WORDS.into_iter().find(|word| *word == last) {
                        let value = bytes[at + 1..].trim_ascii_start().first().copied();
                        outline.add(word, value.unwrap_or_default(), depth == base);
                    }
                }
                _ => {}
            }
            at += 1;
        }
        outline.is_open = depth > 0;
        Some(outline)
    }

    fn add(&mut self, word: &'static str, value: u8, is_base: bool) {
        if !is_base {
            if !self.inner.contains(&word) {
                self.inner.push(word);
            }
        } else if !self.has(word) {
            self.keys.push((word, value));
        }
    }

    /// True if the file's object, or one in its list, has a key.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.keys.iter().any(|(word, _)| *word == key)
    }

    /// True if it has one of these.
    pub(crate) fn has_any(&self, keys: &[&str]) -> bool {
        keys.iter().any(|key| self.has(key))
    }

    /// True if it has a key whose value begins with one of these bytes, or is not seen any more.
    pub(crate) fn has_as(&self, key: &str, starts: &[u8]) -> bool {
        self.keys
            .iter()
            .any(|(word, value)| *word == key && (*value == 0 || starts.contains(value)))
    }

    /// True if an object two levels below has a key.
    pub(crate) fn has_inner(&self, key: &str) -> bool {
        self.inner.contains(&key)
    }

    /// True if an object two levels below has any of the keys that tell formats apart.
    pub(crate) fn has_inners(&self) -> bool {
        !self.inner.is_empty()
    }
}

/// Whether a file is of a format. `decide` gets its outline, and whether that is of the whole file;
/// for the whole file, `None` means that it is not.
///
/// # Errors
///
/// What the file lacks.
pub(crate) fn examine(
    input: &Input<'_>,
    name: &str,
    decide: impl Fn(&Outline, bool) -> Option<Result<(), String>>,
) -> Result<(), String> {
    let size = input.files.get(name).and_then(|path| path.metadata().ok()).map_or(0, |m| m.len());
    let no_json = || "it does not begin with { or [".to_owned();
    let outline = Outline::new(&input.files.first_text(name)).ok_or_else(no_json)?;
    let is_whole = size <= FIRST_BYTES;
    if let Some(decided) = decide(&outline, is_whole) {
        return if is_whole { decided.map_err(|lacks| with_end(lacks, &outline)) } else { decided };
    }
    // A file that cannot be read is passed over here: nothing shows that it is of this format.
    let text = input.files.text(name).map_err(|problem| problem.message)?;
    let outline = Outline::new(text.as_str()).ok_or_else(no_json)?;
    let decided = decide(&outline, true).unwrap_or_else(|| Err("it is something else".into()));
    decided.map_err(|lacks| with_end(lacks, &outline))
}

fn with_end(lacks: String, outline: &Outline) -> String {
    if outline.is_open { format!("{lacks}, and it ends in the middle") } else { lacks }
}

/// The place of the quote that ends a text, or the end.
fn end_of_text(bytes: &[u8], start: usize, quote: u8) -> usize {
    let mut at = start;
    while at < bytes.len() && bytes[at] != quote {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    at.min(bytes.len())
}

fn line_end(bytes: &[u8], at: usize) -> usize {
    let rest = bytes[at..].iter().position(|byte| matches!(byte, b'\n' | b'\r'));
    rest.map_or(bytes.len(), |length| at + length)
}
