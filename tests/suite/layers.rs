//! Golden vectors: layers. Every case of the reference libraries' files that the kernels claim to do.
//!
//! Numbers are f64 results of `PyTorch`; ours are f32, so a sum of `n` products of numbers around 1 may be off by a few
//! `n` ulp. Each check states its bound.

use paso_ops::{Image, Isa, Plane};
use paso_tests::{json, number, numbers, root, shared};
use serde_json::Value;

mod boxes;
mod conv;
mod losses;
mod norm;
mod pool;

/// The cases of one file: the project's own few, and all of `../shared` where it is.
fn cases(file: &str) -> Vec<Value> {
    let own = root().join("tests/vectors/layers").join(file);
    let all = shared("vectors").map(|folder| folder.join("layers").join(file));
    let mut cases = Vec::new();
    for path in [Some(own), all].into_iter().flatten() {
        cases.extend(json(&path)["cases"].as_array().expect("a file of vectors has cases").clone());
    }
    cases
}

/// A tensor as f32 numbers.
fn floats(tensor: &Value) -> Vec<f32> {
    numbers(&tensor["data"]).iter().map(|&x| x as f32).collect()
}

fn dims(tensor: &Value) -> Vec<usize> {
    numbers(&tensor["shape"]).iter().map(|&n| n as usize).collect()
}

fn size(params: &Value, name: &str) -> usize {
    number(&params[name]) as usize
}

/// A batch in NCHW as images in NHWC with a halo.
struct Batch {
    plane: Plane,
    images: Vec<Vec<f32>>,
}

impl Batch {
    fn new(tensor: &Value, halo: usize) -> Self {
        let [n, c, h, w] = dims(tensor)[..] else { panic!("not a batch of images") };
        let plane = Plane::new(h, w, c).with_halo(halo);
        let data = floats(tensor);
        let mut images = vec![vec![0.0; plane.len()]; n];
        for (i, image) in images.iter_mut().enumerate() {
            for ch in 0..c {
                for y in 0..h {
                    for x in 0..w {
                        image[plane.row(y).start + x * c + ch] =
                            data[((i * c + ch) * h + y) * w + x];
                    }
                }
            }
        }
        Self { plane, images }
    }

    fn zeros(plane: Plane, n: usize) -> Self {
        Self { plane, images: vec![vec![0.0; plane.len()]; n] }
    }

    fn image(&self, i: usize) -> Image<'_> {
        Image::new(self.plane, &self.images[i])
    }

    /// Back to NCHW.
    fn nchw(&self) -> Vec<f32> {
        let p = self.plane;
        let mut data = Vec::new();
        for image in &self.images {
            for c in 0..p.channels {
                for y in 0..p.height {
                    data.extend((0..p.width).map(|x| image[p.row(y).start + x * p.channels + c]));
                }
            }
        }
        data
    }
}

/// Every number within `ulps` f32 ulp of a number of its size, or of the size of 1 where it is smaller.
#[track_caller]
fn close(id: &Value, what: &str, isa: Isa, got: &[f32], want: &[f64], ulps: f64) {
    assert_eq!(got.len(), want.len(), "{id} {what}: lengths");
    for (i, (&got, &want)) in got.iter().zip(want).enumerate() {
        let bound = ulps * f64::from(f32::EPSILON) * want.abs().max(1.0);
        let same = (f64::from(got) - want).abs() <= bound || (got.is_nan() && want.is_nan());
        assert!(same, "{id} {what} on {isa}: number {i} is {got}, the reference says {want}");
    }
}
