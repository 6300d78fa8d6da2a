//! Any bytes are an image within the limits or are refused, in memory that follows from the limits.
#![no_main]

use libfuzzer_sys::fuzz_target;
use paso_labels::image::{ImageLimits, decode_bytes};

fuzz_target!(|bytes: &[u8]| {
    let limits = ImageLimits { max_pixels: 10_000, max_bytes: 1 << 20 };
    if let Ok(image) = decode_bytes(bytes, &limits) {
        let pixels = u64::from(image.width) * u64::from(image.height);
        assert!(0 < pixels && pixels <= limits.max_pixels, "{}x{}", image.width, image.height);
        assert_eq!(image.rgb.len() as u64, 3 * pixels);
    }
});
