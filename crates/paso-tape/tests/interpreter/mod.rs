//! Graphs computed in f64, op by op, with plain loops.

use paso_tape::{Conv, Params};

/// One op; numbers are those of its inputs, 0 is the image.
#[derive(Debug)]
pub(crate) enum Step {
    Conv(usize, Conv, bool),
    BatchNorm(usize),
    Relu(usize),
    Sigmoid(usize),
    /// 2 x 2.
    MaxPool(usize),
    /// 2 x 2.
    AvgPool(usize),
    Add(usize, usize),
    Concat(usize, usize),
    /// The first so many channels.
    SliceChannels(usize, usize),
}

#[derive(Debug)]
pub(crate) struct Graph {
    /// Height, width and channels of every node; the image first.
    pub(crate) shapes: Vec<[usize; 3]>,
    pub(crate) steps: Vec<Step>,
}

impl Graph {
    pub(crate) fn new(image: [usize; 3]) -> Self {
        Self { shapes: vec![image], steps: Vec::new() }
    }

    pub(crate) fn push(&mut self, step: Step) {
        let shape = |x: usize| self.shapes[x];
        self.shapes.push(match step {
            Step::Conv(x, conv, _) => {
                let [h, w, _] = shape(x);
                let padding = conv.padding + conv.end_padding();
                let side = |n: usize| (n + padding - conv.kernel) / conv.stride + 1;
                [side(h), side(w), conv.out_channels]
            }
            Step::BatchNorm(x) | Step::Relu(x) | Step::Sigmoid(x) | Step::Add(x, _) => shape(x),
            Step::MaxPool(x) | Step::AvgPool(x) => {
                let [h, w, c] = shape(x);
                [h / 2, w / 2, c]
            }
            Step::Concat(x, y) => {
                let [h, w, c] = shape(x);
                [h, w, c + shape(y)[2]]
            }
            Step::SliceChannels(x, n) => {
                let [h, w, _] = shape(x);
                [h, w, n]
            }
        });
        self.steps.push(step);
    }
}

/// A batch of values, image after image, NHWC.
type Values = Vec<f64>;

/// The mean squared error of a linear layer behind the last node. `layout` says where the
/// parameters lie in `params`.
pub(crate) fn loss(
    graph: &Graph,
    layout: &Params,
    params: &[f64],
    images: &[f64],
    targets: &[f64],
) -> f64 {
    let batch = targets.len();
    let tensor = |name: &str| layout.tensor(name).map(|t| &params[t.range.clone()]);
    let mut nodes: Vec<Values> = vec![images.to_vec()];
    for (i, step) in graph.steps.iter().enumerate() {
        let get = |part: &str| tensor(&format!("n{i}.{part}"));
        let out = graph.shapes[i + 1];
        let value = match *step {
            Step::Conv(x, conv, _) => {
                let weight = get("weight").expect("a convolution has weights");
                convolution(&nodes[x], graph.shapes[x], out, batch, conv, weight, get("bias"))
            }
            Step::BatchNorm(x) => {
                let (gamma, beta) = (get("gamma").expect("gamma"), get("beta").expect("beta"));
                normalized(&nodes[x], gamma, beta)
            }
            Step::Relu(x) => nodes[x].iter().map(|v| v.max(0.0)).collect(),
            Step::Sigmoid(x) => nodes[x].iter().map(|v| 1.0 / (1.0 + (-v).exp())).collect(),
            Step::MaxPool(x) => pooled(&nodes[x], graph.shapes[x], out, batch, |window| {
                window.iter().copied().fold(f64::NEG_INFINITY, f64::max)
            }),
            Step::AvgPool(x) => pooled(&nodes[x], graph.shapes[x], out, batch, |window| {
                window.iter().sum::<f64>() / 4.0
            }),
            Step::Add(x, y) => nodes[x].iter().zip(&nodes[y]).map(|(a, b)| a + b).collect(),
            Step::Concat(x, y) => {
                let channels = |n: usize| nodes[n].chunks_exact(graph.shapes[n][2]);
                channels(x).zip(channels(y)).flat_map(|(a, b)| [a, b].concat()).collect()
            }
            Step::SliceChannels(x, n) => {
                let pixels = nodes[x].chunks_exact(graph.shapes[x][2]);
                pixels.flat_map(|pixel| pixel[..n].to_vec()).collect()
            }
        };
        nodes.push(value);
    }
    let last = nodes.last().expect("a node");
    let (weight, bias) =
        (tensor("out.weight").expect("weights"), tensor("out.bias").expect("bias"));
    let outputs = last
        .chunks_exact(last.len() / batch)
        .map(|image| bias[0] + image.iter().zip(weight).map(|(x, w)| x * w).sum::<f64>());
    outputs.zip(targets).map(|(y, t)| (y - t).powi(2)).sum::<f64>() / batch as f64
}

/// Calls `f` with every image, row, column and channel of a batch, in their order.
fn each(shape: [usize; 3], batch: usize, f: impl Fn(usize, usize, usize, usize) -> f64) -> Values {
    let [h, w, c] = shape;
    let pixels = (0..batch).flat_map(|n| (0..h).flat_map(move |y| (0..w).map(move |x| (n, y, x))));
    pixels
        .flat_map(|(n, y, x)| (0..c).map(move |k| (n, y, x, k)))
        .map(|(n, y, x, k)| f(n, y, x, k))
        .collect()
}

fn convolution(
    x: &[f64],
    [h, w, c]: [usize; 3],
    out: [usize; 3],
    batch: usize,
    conv: Conv,
    weight: &[f64],
    bias: Option<&[f64]>,
) -> Values {
    let depth = c / conv.groups;
    each(out, batch, |n, row, column, o| {
        let mut sum = bias.map_or(0.0, |bias| bias[o]);
        let group = o / (conv.out_channels / conv.groups);
        for (tap, weights) in weight.chunks_exact(depth * conv.out_channels).enumerate() {
            let (y, x_) =
                (row * conv.stride + tap / conv.kernel, column * conv.stride + tap % conv.kernel);
            let inside = (conv.padding..h + conv.padding).contains(&y)
                && (conv.padding..w + conv.padding).contains(&x_);
            if inside {
                let pixel = (n * h + y - conv.padding) * w + x_ - conv.padding;
                for d in 0..depth {
                    sum += x[pixel * c + group * depth + d] * weights[d * conv.out_channels + o];
                }
            }
        }
        sum
    })
}

fn normalized(x: &[f64], gamma: &[f64], beta: &[f64]) -> Values {
    let channels = gamma.len();
    let count = (x.len() / channels) as f64;
    let of = |c: usize| x.iter().skip(c).step_by(channels);
    let moments: Vec<_> = (0..channels)
        .map(|c| {
            let mean = of(c).sum::<f64>() / count;
            (mean, of(c).map(|v| (v - mean).powi(2)).sum::<f64>() / count)
        })
        .collect();
    let normal = |(i, v): (usize, &f64)| {
        let (mean, variance) = moments[i % channels];
        (v - mean) / (variance + 1e-5).sqrt() * gamma[i % channels] + beta[i % channels]
    };
    x.iter().enumerate().map(normal).collect()
}

fn pooled(
    x: &[f64],
    [h, w, c]: [usize; 3],
    out: [usize; 3],
    batch: usize,
    of: impl Fn([f64; 4]) -> f64,
) -> Values {
    each(out, batch, |n, row, column, k| {
        let at = |y: usize, x_: usize| x[((n * h + y) * w + x_) * c + k];
        let (y, x_) = (2 * row, 2 * column);
        of([at(y, x_), at(y, x_ + 1), at(y + 1, x_), at(y + 1, x_ + 1)])
    })
}
