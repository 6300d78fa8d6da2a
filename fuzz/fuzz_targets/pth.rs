//! Any bytes are a file of `torch.save` or are refused, in memory that follows from their length.
#![no_main]

use libfuzzer_sys::fuzz_target;
use paso_fuzz::bounded;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(tensors) = bounded(bytes.len(), || paso_pth::read(bytes)) {
        for tensor in tensors {
            assert_eq!(tensor.shape.iter().product::<usize>(), tensor.values.len());
        }
    }
    let _member = bounded(bytes.len(), || paso_pth::member(bytes, ".pth", 1 << 18));
});
