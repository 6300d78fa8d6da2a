//! Is a JPEG file whole? The decoder does not say: it fills what is missing ([`is_complete_jpeg`]),
//! and shows what is damaged ([`check_data`]).
//!
//! Half an upload is a common way for a photograph to be broken. libjpeg warns; the decoder used
//! here returns the rows that it has and gray for the others, which would train as an image.

mod bits;
mod entropy;
mod headers;

/// Refuses a JPEG whose compressed data is damaged. The error is what is wrong, in a few words.
pub(crate) fn check_data(bytes: &[u8]) -> Result<(), &'static str> {
    entropy::check(bytes)
}

/// True if the image's end marker follows its data.
///
/// Looking for the two bytes FF D9 alone would find those of a thumbnail inside the header, so this
/// walks the segments (ITU-T T.81, annex B): each has its length, except that entropy-coded data
/// runs to the next marker that is neither a stuffed zero nor a restart.
pub(crate) fn is_complete_jpeg(bytes: &[u8]) -> bool {
    const START_OF_SCAN: u8 = 0xDA;
    const END_OF_IMAGE: u8 = 0xD9;
    let mut at = 2; // after the start of image
    loop {
        // To the next marker: past entropy-coded data, stuffed zeros and fill bytes.
        let Some(marker) = bytes.get(at..).and_then(|rest| {
            let found = rest
                .windows(2)
                .position(|w| w[0] == 0xFF && !matches!(w[1], 0x00 | 0xFF | 0x01 | 0xD0..=0xD7))?;
            at += found + 2;
            Some(rest[found + 1])
        }) else {
            return false;
        };
        if marker == END_OF_IMAGE {
            return true;
        }
        let Some(length) = bytes.get(at..at + 2) else { return false };
        let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
        at += length.max(2);
        if marker == START_OF_SCAN && at >= bytes.len() {
            return false;
        }
    }
}

#[cfg(test)]
#[path = "jpeg/tests.rs"]
mod tests;
