//! Every format is read, and what is broken or too large is refused.

use super::*;
use image::{ImageFormat, Rgb, RgbImage};

fn encode(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).expect("encodes");
    bytes.into_inner()
}

fn photo() -> DynamicImage {
    RgbImage::from_fn(13, 7, |x, y| {
        Rgb([19 * x, 31 * y, 90].map(|v| u8::try_from(v).expect("small")))
    })
    .into()
}

#[test]
fn every_format_is_known_by_its_bytes() {
    let limits = ImageLimits::default();
    let want = photo().into_rgb8().into_raw();
    for format in [ImageFormat::Png, ImageFormat::Bmp, ImageFormat::WebP, ImageFormat::Tiff] {
        let got = decode_bytes(&encode(&photo(), format), &limits).expect("decodes");
        assert_eq!((got.width, got.height), (13, 7));
        assert_eq!(got.rgb, want, "{format:?}");
    }
    for format in [ImageFormat::Jpeg, ImageFormat::Gif] {
        let got = decode_bytes(&encode(&photo(), format), &limits).expect("decodes");
        assert_eq!((got.width, got.height, got.rgb.len()), (13, 7, want.len()));
    }
}

#[test]
fn gray_alpha_and_16_bits_become_rgb() {
    let limits = ImageLimits::default();
    for image in [
        DynamicImage::from(photo().to_luma8()),
        DynamicImage::from(photo().to_luma16()),
        DynamicImage::from(photo().to_luma_alpha8()),
        DynamicImage::from(photo().to_rgb16()),
        DynamicImage::from(photo().to_rgba16()),
    ] {
        let got = decode_bytes(&encode(&image, ImageFormat::Png), &limits).expect("decodes");
        assert_eq!(got.rgb, image.to_rgb8().into_raw(), "{:?}", image.color());
    }
    let mut clear = photo().to_rgba8();
    clear.pixels_mut().for_each(|p| p.0[3] = 0);
    let got = decode_bytes(&encode(&clear.into(), ImageFormat::Png), &limits).expect("decodes");
    assert!(got.rgb.iter().all(|&v| v == 255), "clear pixels are white");
}

#[test]
fn too_large_is_refused_by_the_header() {
    let small = ImageLimits { max_pixels: 90, ..ImageLimits::default() };
    let error = decode_bytes(&encode(&photo(), ImageFormat::Png), &small).expect_err("91 pixels");
    assert_eq!(error, "is 13x7, 91 pixels; the limit is 90 (--max-megapixels raises it)");
}

#[test]
fn cut_off_files_are_refused() {
    for format in [
        ImageFormat::Png,
        ImageFormat::Jpeg,
        ImageFormat::Gif,
        ImageFormat::Bmp,
        ImageFormat::WebP,
        ImageFormat::Tiff,
    ] {
        let bytes = encode(&photo(), format);
        for length in [0, 1, 2, 10, bytes.len() / 2, bytes.len() - 5] {
            let got = decode_bytes(&bytes[..length], &ImageLimits::default());
            assert!(got.is_err(), "{format:?} cut to {length} of {}", bytes.len());
        }
    }
}

/// A TIFF of one strip of 8-bit gray pixels, little-endian, with these sides and tags besides.
fn tiff(width: u32, height: u32, pixels: &[u8]) -> Vec<u8> {
    let length = u32::try_from(pixels.len()).expect("few");
    let tags: [(u16, u32); 8] = [
        (256, width),
        (257, height),
        (258, 8),
        (259, 1),
        (262, 1),
        (273, 8 + 2 + 8 * 12 + 4),
        (278, height),
        (279, length),
    ];
    let mut bytes = b"II*\0\x08\0\0\0\x08\0".to_vec();
    for (tag, value) in tags {
        bytes.extend(tag.to_le_bytes());
        bytes.extend([4, 0, 1, 0, 0, 0]);
        bytes.extend(value.to_le_bytes());
    }
    bytes.extend([0; 4]);
    bytes.extend(pixels);
    bytes
}

#[test]
fn tiff_of_any_depth_is_read_and_its_bombs_are_refused() {
    let limits = ImageLimits::default();
    let got = decode_bytes(&tiff(3, 1, &[0, 100, 255]), &limits).expect("decodes");
    assert_eq!(got.rgb, [0, 0, 0, 100, 100, 100, 255, 255, 255]);
    for image in [DynamicImage::from(photo().to_luma16()), photo().to_rgb16().into()] {
        let got = decode_bytes(&encode(&image, ImageFormat::Tiff), &limits).expect("decodes");
        assert_eq!(got.rgb, image.to_rgb8().into_raw(), "{:?}", image.color());
    }
    let float = DynamicImage::from(photo().to_rgb32f());
    let got = decode_bytes(&encode(&float, ImageFormat::Tiff), &limits).expect("decodes");
    assert_eq!(got.rgb, photo().into_rgb8().into_raw());
    let mut beyond = photo().to_rgb32f();
    beyond.pixels_mut().for_each(|p| p.0[0] *= 255.0);
    let error = decode_bytes(&encode(&beyond.into(), ImageFormat::Tiff), &limits).expect_err("255");
    assert!(error.contains("not all from 0 to 1"), "{error}");
    let error = decode_bytes(&tiff(60_000, 60_000, &[0; 16]), &limits).expect_err("a bomb");
    assert!(error.starts_with("is 60000x60000, 3600000000 pixels; the limit is"), "{error}");
    let error = decode_bytes(&tiff(6_000, 6_000, &[0; 16]), &limits).expect_err("cut off");
    assert!(error.starts_with("is a broken"), "{error}");
}

#[test]
fn a_jpeg_that_is_damaged_in_the_middle_is_refused() {
    let bytes = encode(&photo(), ImageFormat::Jpeg);
    let mut broken = bytes.clone();
    let end = bytes.len() - 2;
    broken.splice(end - 20..end - 8, [0x11; 4]);
    let error = decode_bytes(&broken, &ImageLimits::default()).expect_err("damaged");
    assert!(error.starts_with("is a damaged JPEG: "), "{error}");
}

#[test]
fn tiff_in_cmyk_is_read_and_of_many_pages_the_first() {
    // Four samples of 8 bits, which lie behind the tags with the pixels.
    let tags: [(u16, u16, u32, u32); 9] = [
        (256, 4, 1, 2),
        (257, 4, 1, 1),
        (258, 3, 4, 8 + 2 + 9 * 12 + 4),
        (259, 3, 1, 1),
        (262, 3, 1, 5),
        (273, 4, 1, 8 + 2 + 9 * 12 + 4 + 8),
        (277, 3, 1, 4),
        (278, 4, 1, 1),
        (279, 4, 1, 8),
    ];
    let page = |next: u32, width: u32| {
        let mut bytes = vec![9, 0];
        for (tag, kind, count, value) in tags {
            let value = if tag == 256 { width } else { value };
            bytes.extend([tag.to_le_bytes(), kind.to_le_bytes()].concat());
            bytes.extend([count.to_le_bytes(), value.to_le_bytes()].concat());
        }
        bytes.extend(next.to_le_bytes());
        bytes
    };
    let pixels = [8, 0, 8, 0, 8, 0, 8, 0, 0, 0, 0, 0, 0, 255, 255, 0];
    let first = |next: u32| [b"II*\0\x08\0\0\0", &page(next, 2)[..], &pixels].concat();
    let second = u32::try_from(first(0).len()).expect("few");
    for bytes in [first(0), [first(second), page(0, 1)].concat()] {
        let got = decode_bytes(&bytes, &ImageLimits::default()).expect("CMYK");
        assert_eq!((got.width, got.height), (2, 1));
        assert_eq!(got.rgb, [255, 255, 255, 255, 0, 0], "white and red");
    }
    // Whoever looks for the last page of this one never ends.
    decode_bytes(&first(8), &ImageLimits::default()).expect_err("the next page is itself");
}
