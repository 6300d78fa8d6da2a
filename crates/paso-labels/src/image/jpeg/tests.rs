//! Whole and damaged files, sequential and progressive.

use super::*;

#[test]
fn the_end_marker_of_a_thumbnail_does_not_count() {
    // Start, an APP1 segment with FF D9 inside, a scan header, data with a stuffed zero and a
    // restart, the end.
    let whole = [
        &[0xFF, 0xD8][..],
        &[0xFF, 0xE1, 0x00, 0x06, 0xFF, 0xD9, 0x00, 0x00],
        &[0xFF, 0xDA, 0x00, 0x04, 0x01, 0x02],
        &[0x12, 0xFF, 0x00, 0x34, 0xFF, 0xD0, 0x56],
        &[0xFF, 0xD9],
    ]
    .concat();
    assert!(is_complete_jpeg(&whole));
    for length in 0..whole.len() {
        assert!(!is_complete_jpeg(&whole[..length]), "cut to {length}");
    }
    assert!(is_complete_jpeg(&[&whole[..], &[0, 0, 0]].concat()), "something after the end");
}

/// A photograph-like image, as a sequential JPEG.
fn photo() -> Vec<u8> {
    let noise = |x: u32, y: u32| x.wrapping_mul(2_654_435_761).wrapping_add(y * 40_503) >> 24;
    let image = image::RgbImage::from_fn(75, 53, |x, y| {
        let value = |v: u32| u8::try_from(v % 256).expect("a byte");
        image::Rgb([value(3 * x + noise(x, y) / 8), value(4 * y), value(x + y + noise(y, x) / 4)])
    });
    let mut bytes = Vec::new();
    let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 85);
    image.write_with_encoder(encoder).expect("it is encoded");
    bytes
}

/// The compressed data of the first scan.
fn data(bytes: &[u8]) -> std::ops::Range<usize> {
    let scan = bytes.windows(2).position(|w| w == [0xFF, 0xDA]).expect("a scan");
    let length = usize::from(u16::from_be_bytes([bytes[scan + 2], bytes[scan + 3]]));
    scan + 2 + length..bytes.len() - 2
}

#[test]
fn whole_files_pass_and_so_does_what_is_padded() {
    let bytes = photo();
    assert_eq!(check_data(&bytes), Ok(()));
    let mut padded = bytes.clone();
    padded.splice(bytes.len() - 2..bytes.len() - 2, [0, 0, 0, 0xFF]);
    assert_eq!(check_data(&padded), Ok(()), "zeros and fill bytes before the end");
    let mut followed = bytes;
    followed.extend([1, 2, 3]);
    assert_eq!(check_data(&followed), Ok(()), "something after the end");
}

#[test]
fn missing_and_additional_data_is_found() {
    let bytes = photo();
    let data = data(&bytes);
    let middle = data.start + data.len() / 2;
    let mut shorter = bytes.clone();
    shorter.drain(middle..middle + 40);
    assert!(check_data(&shorter).is_err());
    let mut early = bytes.clone();
    early.splice(middle..middle, [0xFF, 0xD9]);
    assert_eq!(check_data(&early), Err("its data ends too early"));
    let mut longer = bytes.clone();
    longer.splice(data.end..data.end, [1, 2, 3]);
    assert_eq!(check_data(&longer), Err("there is data left over"));
}

#[test]
fn overwritten_data_is_mostly_found() {
    let bytes = photo();
    let data = data(&bytes);
    let (mut found, mut tried) = (0, 0);
    for at in data.clone().step_by(13).filter(|at| at + 16 < data.end) {
        let mut broken = bytes.clone();
        broken[at..at + 16].fill(0xA5);
        tried += 1;
        found += usize::from(check_data(&broken).is_err());
    }
    assert!(tried > 50 && found * 10 >= tried * 7, "{found} of {tried}");
}

/// A progressive JPEG of 16x16 gray pixels, by hand: all scans that there can be.
fn progressive() -> Vec<u8> {
    let table = |class: u8, symbols: &[u8]| {
        // All codes of 3 bits, at most 7.
        let mut bytes = vec![0xFF, 0xC4, 0, 19 + u8::try_from(symbols.len()).expect("few"), class];
        bytes.extend([0, 0, u8::try_from(symbols.len()).expect("few")]);
        bytes.extend([0; 13]);
        bytes.extend(symbols);
        bytes
    };
    let scan = |first: u8, last: u8, bits: u8, data: &[u8]| {
        let head = [0xFF, 0xDA, 0, 8, 1, 1, 0, first, last, bits];
        [&head[..], data].concat()
    };
    [
        vec![0xFF, 0xD8],
        [&[0xFF, 0xDB, 0, 67, 0][..], &[1; 64]].concat(),
        vec![0xFF, 0xC2, 0, 11, 8, 0, 16, 0, 16, 1, 1, 0x11, 0],
        table(0x00, &[0, 1]),
        table(0x10, &[0x01, 0x10, 0x00, 0x02]),
        // Four blocks, each 000: no difference.
        scan(0, 0, 0x01, &[0b0000_0000, 0b0000_1111]),
        // 000 1 (a coefficient, positive), 001 0 (a run of blocks: 2), then 001 0: two more.
        scan(1, 63, 0x01, &[0b0001_0010, 0b0010_0111]),
        // One bit for each block.
        scan(0, 0, 0x10, &[0b1010_1111]),
        // 010: nothing new; a bit for the coefficient that is there; three blocks more in a run of 2
        // and one of 1.
        scan(1, 63, 0x10, &[0b0101_0010, 0b0100_1111]),
        vec![0xFF, 0xD9],
    ]
    .concat()
}

#[test]
fn scans_that_refine_are_followed() {
    let bytes = progressive();
    assert_eq!(check_data(&bytes), Ok(()));
    let at = bytes.len() - 4;
    let mut more = bytes.clone();
    more.splice(at + 2..at + 2, [0x55]);
    assert_eq!(check_data(&more), Err("there is data left over"));
    let mut fewer = bytes.clone();
    fewer.remove(at + 1);
    assert_eq!(check_data(&fewer), Err("its data ends too early"));
    let mut invalid = bytes;
    // 111 is no code.
    invalid[at] = 0xFE;
    assert_eq!(check_data(&invalid), Err("there is an invalid code"));
}

#[test]
fn no_bytes_panic() {
    for bytes in [photo(), progressive()] {
        for at in 0..bytes.len() {
            for value in [0, 1, 0x7F, 0xFF] {
                let mut changed = bytes.clone();
                changed[at] = value;
                // Sides are bounded where images are opened; here they are not.
                let _ = check_data(&changed[..at.max(20)]);
                if !(150..175).contains(&at) {
                    let _ = check_data(&changed);
                }
            }
        }
    }
}
