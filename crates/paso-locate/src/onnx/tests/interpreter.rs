//! A slow interpreter of the operators that the export writes, in f64, from ONNX's specification: a
//! second opinion on what the exported file computes.

use super::super::proto::{FLOAT, GraphProto, NodeProto, TensorProto};
use std::collections::BTreeMap;

/// A tensor in row-major order. Integers are kept as numbers too.
#[derive(Clone, Debug)]
pub(super) struct Values {
    pub(super) shape: Vec<usize>,
    pub(super) data: Vec<f64>,
}

impl Values {
    pub(super) fn new(shape: &[usize], data: impl IntoIterator<Item = f64>) -> Self {
        let data: Vec<f64> = data.into_iter().collect();
        assert_eq!(data.len(), shape.iter().product::<usize>(), "{shape:?}");
        Self { shape: shape.to_vec(), data }
    }

    fn constant(tensor: &TensorProto) -> Self {
        let shape: Vec<usize> = tensor.dims.iter().map(|&n| n as usize).collect();
        let raw = &tensor.raw_data;
        let data: Vec<f64> = if tensor.data_type == FLOAT {
            raw.as_chunks::<4>().0.iter().map(|b| f64::from(f32::from_le_bytes(*b))).collect()
        } else {
            raw.as_chunks::<8>().0.iter().map(|b| i64::from_le_bytes(*b) as f64).collect()
        };
        Self::new(&shape, data)
    }

    fn map(&self, f: impl FnMut(f64) -> f64) -> Self {
        Self::new(&self.shape, self.data.iter().copied().map(f))
    }

    /// Element by element; the smaller shape is repeated along its missing first axes and along
    /// those of length 1.
    fn zip(&self, other: &Self, f: &dyn Fn(f64, f64) -> f64) -> Self {
        if self.shape.len() < other.shape.len() {
            return other.zip(self, &|a, b| f(b, a));
        }
        let tail = &self.shape[self.shape.len() - other.shape.len()..];
        let repeats = |(mine, its): (&usize, &usize)| mine == its || *its == 1;
        let fits = tail.iter().zip(&other.shape).all(repeats) || other.data.len() == 1;
        assert!(fits, "{:?} {:?}", self.shape, other.shape);
        let place = |mut i: usize| {
            let (mut place, mut stride) = (0, 1);
            for (mine, its) in tail.iter().zip(&other.shape).rev() {
                place += i % mine % its * stride;
                (i, stride) = (i / mine, stride * its);
            }
            place
        };
        let values = self.data.iter().enumerate().map(|(i, a)| f(*a, other.data[place(i)]));
        Self::new(&self.shape, values)
    }

    fn transposed(&self, order: &[usize]) -> Self {
        let shape: Vec<usize> = order.iter().map(|&axis| self.shape[axis]).collect();
        let stride = |axis: usize| self.shape[axis + 1..].iter().product::<usize>();
        let strides: Vec<usize> = order.iter().map(|&axis| stride(axis)).collect();
        let at = |mut i: usize| {
            let mut offset = 0;
            for (n, stride) in shape.iter().zip(&strides).rev() {
                offset += i % n * stride;
                i /= n;
            }
            self.data[offset]
        };
        Self::new(&shape, (0..self.data.len()).map(at))
    }

    /// Some indices of axis 1.
    fn taken(&self, indices: &[usize]) -> Self {
        let inner: usize = self.shape[2..].iter().product();
        let mut shape = self.shape.clone();
        shape[1] = indices.len();
        let rows = self.data.chunks_exact(self.shape[1] * inner);
        let data = rows.flat_map(|row| indices.iter().flat_map(|&i| &row[i * inner..][..inner]));
        Self::new(&shape, data.copied())
    }
}

/// The values of all names, for this `image`.
pub(super) fn run(graph: &GraphProto, inputs: &[(&str, Values)]) -> BTreeMap<String, Values> {
    let constants = graph.initializer.iter().map(|t| (t.name.clone(), Values::constant(t)));
    let mut known: BTreeMap<String, Values> = constants.collect();
    known.extend(inputs.iter().map(|(name, values)| ((*name).to_owned(), values.clone())));
    for node in &graph.node {
        let inputs: Vec<&Values> = node.input.iter().map(|name| &known[name]).collect();
        let value = operator(node, &inputs);
        known.insert(node.output[0].clone(), value);
    }
    known
}

fn operator(node: &NodeProto, inputs: &[&Values]) -> Values {
    let x = inputs[0];
    let attribute = |name: &str| node.attribute.iter().find(|a| a.name == name);
    let number = |name: &str| f64::from(attribute(name).and_then(|a| a.f).expect("a float"));
    let list = |name: &str| -> Vec<usize> {
        attribute(name).expect("a list").ints.iter().map(|&i| i as usize).collect()
    };
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    match node.op_type.as_str() {
        "Add" => x.zip(inputs[1], &|a, b| a + b),
        "Sub" => x.zip(inputs[1], &|a, b| a - b),
        "Mul" => x.zip(inputs[1], &|a, b| a * b),
        "Div" => x.zip(inputs[1], &|a, b| a / b),
        "Sum" => inputs[1..].iter().fold(x.clone(), |sum, x| sum.zip(x, &|a, b| a + b)),
        "Identity" => x.clone(),
        "Relu" => x.map(|x| x.max(0.0)),
        "LeakyRelu" => x.map(|x| if x > 0.0 { x } else { number("alpha") * x }),
        "Sigmoid" => x.map(sigmoid),
        "Tanh" => x.map(f64::tanh),
        "Softplus" => x.map(|x| x.exp().ln_1p()),
        "HardSigmoid" => x.map(|x| (number("alpha") * x + number("beta")).clamp(0.0, 1.0)),
        "HardSwish" => x.map(|x| x * (x / 6.0 + 0.5).clamp(0.0, 1.0)),
        "Clip" => x.map(|x| x.clamp(inputs[1].data[0], inputs[2].data[0])),
        "Transpose" => x.transposed(&list("perm")),
        "Reshape" => {
            let mut shape: Vec<usize> = Vec::new();
            for (i, &n) in inputs[1].data.iter().enumerate() {
                shape.push(if n == 0.0 { x.shape[i] } else { n.max(1.0) as usize });
            }
            if let Some(rest) = inputs[1].data.iter().position(|&n| n == -1.0) {
                shape[rest] = x.data.len() / shape.iter().product::<usize>();
            }
            Values::new(&shape, x.data.iter().copied())
        }
        "Slice" => {
            assert_eq!(inputs[3].data, [1.0], "channels only");
            let end = inputs[2].data[0] as usize;
            x.taken(&(inputs[1].data[0] as usize..end).collect::<Vec<_>>())
        }
        "Gather" => x.taken(&inputs[1].data.iter().map(|&i| i as usize).collect::<Vec<_>>()),
        "Concat" => concat(inputs),
        "MatMul" | "Gemm" => {
            let y = product(x, inputs[1]);
            inputs.get(2).map_or_else(|| y.clone(), |bias| y.zip(bias, &|a, b| a + b))
        }
        "Softmax" => {
            let row = x.shape[x.shape.len() - 1];
            let share = |row: &[f64]| {
                let sum: f64 = row.iter().map(|x| x.exp()).sum();
                row.iter().map(|x| x.exp() / sum).collect::<Vec<_>>()
            };
            Values::new(&x.shape, x.data.chunks_exact(row).flat_map(share))
        }
        "BatchNormalization" => {
            let inner: usize = x.shape[2..].iter().product();
            let [gamma, beta, mean, var] = [1, 2, 3, 4].map(|i| &inputs[i].data);
            let (eps, channels) = (number("epsilon"), inputs[0].shape[1]);
            let each = |(i, x): (usize, &f64)| {
                let c = i / inner % channels;
                (x - mean[c]) / (var[c] + eps).sqrt() * gamma[c] + beta[c]
            };
            Values::new(&x.shape, x.data.iter().enumerate().map(each))
        }
        "GlobalAveragePool" => {
            let inner: usize = x.shape[2..].iter().product();
            let means = x.data.chunks_exact(inner).map(|c| c.iter().sum::<f64>() / inner as f64);
            Values::new(&[x.shape[0], x.shape[1], 1, 1], means)
        }
        "MaxPool" | "AveragePool" => {
            let (kernel, pads) = (list("kernel_shape")[0], list("pads"));
            let mean = node.op_type == "AveragePool";
            assert!(!mean || attribute("count_include_pad").and_then(|a| a.i) == Some(1));
            windows(x, x.shape[1], kernel, list("strides")[0], &pads, |n, c, taps| {
                let values = taps.iter().map(|&(y, x_, _)| at(x, n, c, y, x_));
                if mean {
                    values.sum::<f64>() / (kernel * kernel) as f64
                } else {
                    values.fold(f64::NEG_INFINITY, f64::max)
                }
            })
        }
        "Conv" => {
            let (kernel, pads) = (list("kernel_shape")[0], list("pads"));
            let w = inputs[1];
            let groups = attribute("group").and_then(|a| a.i).unwrap_or(1) as usize;
            let (outputs, ins) = (w.shape[0], w.shape[1]);
            assert_eq!(ins * groups, x.shape[1], "{}", node.name);
            windows(x, outputs, kernel, list("strides")[0], &pads, |n, o, taps| {
                let first = o / (outputs / groups) * ins;
                let one = |i: usize| {
                    let tap = |&(y, x_, k): &(usize, usize, usize)| {
                        at(x, n, first + i, y, x_) * w.data[(o * ins + i) * kernel * kernel + k]
                    };
                    taps.iter().map(tap).sum::<f64>()
                };
                let bias = inputs.get(2).map_or(0.0, |bias| bias.data[o]);
                (0..ins).map(one).sum::<f64>() + bias
            })
        }
        other => panic!("{other} is no operator that the export writes"),
    }
}

fn at(x: &Values, n: usize, c: usize, row: usize, column: usize) -> f64 {
    x.data[((n * x.shape[1] + c) * x.shape[2] + row) * x.shape[3] + column]
}

/// A map whose elements are computed from the pixels under each window: row, column, and place in
/// the window.
fn windows(
    x: &Values,
    channels: usize,
    kernel: usize,
    stride: usize,
    pads: &[usize],
    value: impl Fn(usize, usize, &[(usize, usize, usize)]) -> f64,
) -> Values {
    // Top, left, bottom, right.
    assert!(pads[0] == pads[1] && pads[2] == pads[3], "{pads:?}");
    let (pad, both) = (pads[0], pads[0] + pads[2]);
    let [height, width] = [x.shape[2], x.shape[3]].map(|n| (n + both - kernel) / stride + 1);
    let mut data = Vec::new();
    for n in 0..x.shape[0] {
        for c in 0..channels {
            for i in 0..height * width {
                let (top, left) = (i / width * stride, i % width * stride);
                let taps: Vec<_> = (0..kernel * kernel)
                    .map(|k| (top + k / kernel, left + k % kernel, k))
                    .filter(|&(row, column, _)| {
                        (pad..pad + x.shape[2]).contains(&row)
                            && (pad..pad + x.shape[3]).contains(&column)
                    })
                    .map(|(row, column, k)| (row - pad, column - pad, k))
                    .collect();
                data.push(value(n, c, &taps));
            }
        }
    }
    Values::new(&[x.shape[0], channels, height, width], data)
}

fn concat(inputs: &[&Values]) -> Values {
    let mut shape = inputs[0].shape.clone();
    shape[1] = inputs.iter().map(|x| x.shape[1]).sum();
    let row = |x: &Values| x.data.len() / x.shape[0];
    let data = (0..shape[0])
        .flat_map(|n| inputs.iter().flat_map(move |x| &x.data[n * row(x)..][..row(x)]))
        .copied();
    Values::new(&shape, data)
}

/// Matrices in the last two axes; one matrix on the right serves all on the left.
fn product(a: &Values, b: &Values) -> Values {
    let (inner, columns) = (b.shape[b.shape.len() - 2], b.shape[b.shape.len() - 1]);
    let rows = a.shape[a.shape.len() - 2];
    let mut shape = a.shape.clone();
    *shape.last_mut().expect("two axes") = columns;
    let each = |(r, row): (usize, &[f64])| {
        let matrix = if b.shape.len() > 2 { r / rows * inner * columns } else { 0 };
        let dot = |c: usize| {
            row.iter().enumerate().map(|(i, v)| v * b.data[matrix + i * columns + c]).sum::<f64>()
        };
        (0..columns).map(dot).collect::<Vec<f64>>()
    };
    Values::new(&shape, a.data.chunks_exact(inner).enumerate().flat_map(each))
}
