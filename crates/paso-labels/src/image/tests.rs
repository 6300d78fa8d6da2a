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
    for format in [ImageFormat::Png, ImageFormat::Bmp, ImageFormat::WebP] {
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
    assert!(error.contains("13x7") && error.contains("90"), "{error}");
}

#[test]
fn cut_off_files_are_refused() {
    for format in
        [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::Bmp, ImageFormat::WebP]
    {
        let bytes = encode(&photo(), format);
        for length in [0, 1, 2, 10, bytes.len() / 2, bytes.len() - 5] {
            let got = decode_bytes(&bytes[..length], &ImageLimits::default());
            assert!(got.is_err(), "{format:?} cut to {length} of {}", bytes.len());
        }
    }
}
