//! Any bytes are a checkpoint or are refused, in memory that follows from their length; what is read
//! has numbers that training can have, and is written back as what it is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use paso_fuzz::{bounded, folder, resealed_checkpoint, write};
use paso_locate::{Model, checkpoint};

fuzz_target!(|bytes: &[u8]| {
    let folder = folder();
    for bytes in [bytes, &resealed_checkpoint(bytes)] {
        let path = write(folder.path(), "x.safetensors", bytes);
        let Ok((meta, tensors)) = bounded(bytes.len(), || checkpoint::load(&path)) else {
            continue;
        };
        for tensor in &tensors {
            assert!(tensor.values.iter().all(|x| x.is_finite()), "{}", tensor.name);
            assert_eq!(tensor.shape.iter().product::<usize>(), tensor.values.len());
        }
        // A net of the settings that are named, or a tensor that does not fit.
        let _net = Model::load(&path);
        let copy = folder.path().join("copy.safetensors");
        checkpoint::save(&copy, &meta, &tensors).expect("what was read can be written");
        let (again, same) = checkpoint::load(&copy).expect("what was written can be read");
        assert_eq!((again.step, again.best, again.config), (meta.step, meta.best, meta.config));
        assert_eq!(same, tensors);
    }
});
