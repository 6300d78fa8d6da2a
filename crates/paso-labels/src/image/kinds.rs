//! Files that are called images and cannot be read: what they are, by their first bytes, and what to
//! do.

/// A way out that many of them share.
const CONVERT: &str = "convert it to PNG or JPEG";

/// Says what bytes are that are no image of a format that is read. The answer continues "is ...".
pub(super) fn unread(bytes: &[u8]) -> Option<String> {
    let at = |start: usize, what: &[u8]| bytes.get(start..).is_some_and(|b| b.starts_with(what));
    let named = |name: &str| Some(format!("is {name}, which is not read; {CONVERT}"));
    if at(4, b"ftyp") {
        return named(brand(bytes));
    }
    if at(4, b"jP  \r\n\x87\n") || at(0, b"\xff\x4f\xff\x51") {
        return named("a JPEG 2000 image");
    }
    if at(4, b"JXL \r\n\x87\n") || at(0, b"\xff\x0a") {
        return named("a JPEG XL image");
    }
    if at(0, b"FUJIFILMCCD-RAW")
        || at(0, b"IIU\0")
        || at(0, b"IIRO")
        || at(0, b"IIRS")
        || at(0, b"II*\0") && at(8, b"CR")
        || is_tiff(bytes) && has_preview_first(bytes)
    {
        return named("a raw image of a camera");
    }
    if at(0, b"8BPS") {
        return named("a Photoshop file");
    }
    if at(0, b"\0\0\x01\0") {
        return named("an icon (ICO)");
    }
    if at(0, b"%PDF") {
        return named("a PDF");
    }
    if at(0, b"PK\x03\x04") {
        return Some("is a ZIP archive; unpack it".into());
    }
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(1024)]).to_lowercase();
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if text.starts_with("version https://git-lfs") {
        return Some("is a pointer of Git LFS and not the image; run git lfs pull".into());
    }
    if text.starts_with("<svg") || text.starts_with("<?xml") && text.contains("<svg") {
        return named("an SVG drawing");
    }
    if text.starts_with("<!doctype html") || text.starts_with("<html") {
        return Some("is a web page and not an image; download the image again".into());
    }
    None
}

/// What a file of the ISO media family is.
fn brand(bytes: &[u8]) -> &'static str {
    let length = bytes.get(..4).map_or(0, |b| usize::from(b[3]) + 256 * usize::from(b[2]));
    let brands = bytes.get(8..length.clamp(12, 256).min(bytes.len())).unwrap_or_default();
    // The first brand, a version, the compatible brands.
    let mut all = brands.chunks_exact(4).enumerate().filter(|(i, _)| *i != 1).map(|(_, b)| b);
    let has = |wanted: &[&[u8; 4]]| all.clone().any(|b| wanted.iter().any(|w| w[..] == *b));
    if has(&[b"avif", b"avis"]) {
        "an AVIF image"
    } else if has(&[b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"]) {
        "a HEIC image"
    } else if all.next() == Some(b"crx ") {
        "a raw image of a camera"
    } else {
        "a video"
    }
}

pub(super) fn is_tiff(bytes: &[u8]) -> bool {
    bytes.starts_with(b"II*\0") || bytes.starts_with(b"MM\0*")
}

/// True if the first image of a TIFF is a preview, as in raw files (DNG, NEF, ARW): what is asked
/// for lies deeper.
fn has_preview_first(bytes: &[u8]) -> bool {
    const NEW_SUBFILE_TYPE: u16 = 254;
    const DNG_VERSION: u16 = 50_706;
    let little = bytes[0] == b'I';
    let short = |at: usize| {
        let pair: [u8; 2] = bytes.get(at..)?.first_chunk().copied()?;
        Some(if little { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) })
    };
    let long = |at: usize| {
        let four: [u8; 4] = bytes.get(at..)?.first_chunk().copied()?;
        let value = if little { u32::from_le_bytes(four) } else { u32::from_be_bytes(four) };
        usize::try_from(value).ok()
    };
    let entries = || {
        let start = long(4)?;
        let count = usize::from(short(start)?);
        Some((0..count).map_while(move |i| {
            let at = start.checked_add(2 + 12 * i)?;
            Some((short(at)?, long(at + 8)?))
        }))
    };
    entries().is_some_and(|mut all| {
        all.any(|(tag, value)| tag == DNG_VERSION || tag == NEW_SUBFILE_TYPE && value & 1 == 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_read_is_named_with_a_way_out() {
        for (bytes, says) in [
            (
                &b"\0\0\0\x1cftypavif\0\0\0\0mif1avif"[..],
                "is an AVIF image, which is not read; conv",
            ),
            (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avif....", "is an AVIF image"),
            (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "is a HEIC image, which is not read"),
            (b"\0\0\0\x18ftypisom\0\0\0\0isomavc1", "is a video"),
            (b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom", "is a raw image"),
            (b"\0\0\0\x0cjP  \r\n\x87\n....", "is a JPEG 2000 image"),
            (b"\xff\x4f\xff\x51\0", "is a JPEG 2000 image"),
            (b"\xff\x0a\0\0", "is a JPEG XL image"),
            (b"\0\0\0\x0cJXL \r\n\x87\n....", "is a JPEG XL image"),
            (b"8BPS\0\x01", "is a Photoshop file"),
            (b"II*\0\x10\0\0\0CR\x02\0", "is a raw image"),
            (b"MM\0*\0\0\0\x08\0\x01\0\xfe\0\x04\0\0\0\x01\0\0\0\x01", "is a raw image"),
            (b"<?xml version='1.0'?>\n<svg xmlns=''/>", "is an SVG drawing"),
            (b"\xef\xbb\xbf<!DOCTYPE HTML><html>", "is a web page"),
            (b"version https://git-lfs.github.com/spec/v1\n", "run git lfs pull"),
            (b"PK\x03\x04..", "is a ZIP archive"),
            (b"%PDF-1.4", "is a PDF"),
        ] {
            let message = unread(bytes).unwrap_or_else(|| panic!("{says}"));
            assert!(message.starts_with(says) || message.contains(says), "{message}");
        }
    }

    #[test]
    fn what_is_read_or_unknown_is_left_to_the_decoders() {
        for bytes in [
            &b""[..],
            b"\x89PNG\r\n\x1a\n",
            b"\xff\xd8\xff\xe0",
            b"GIF89a",
            b"II*\0\xff\xff\xff\xff",
            b"MM\0*\0\0\0\x08\0\x01\0\xfe\0\x04\0\0\0\x01\0\0\0\0",
            b"hello",
            b"\0\0\0\x08ft",
        ] {
            assert_eq!(unread(bytes), None, "{bytes:?}");
        }
    }
}
