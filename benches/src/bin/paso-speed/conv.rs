//! `paso-speed conv`: every convolution shape of the nets, in GFLOP/s and as a share of the
//! multiply-adds that this core can do.
//!
//! The formula: `2 * pixels of the output * weights * images / seconds`, for each of the three
//! directions, which count the same. `share_of_peak` is each rate over that of a loop of nothing
//! but multiply-adds on the same core (`peak.rs`), measured in the same process. An algorithm with
//! fewer multiplications than the formula, such as Winograd's, can exceed a share of 1.
//!
//! Keys of a line: `isa`, `net`, `conv` (kernel, stride, channels and side), `images` (how many are
//! computed in one call), `forward`, `input_grad`, `weight_grad` in GFLOP/s, `share_of_peak` in
//! this order, and `peak`. One thread only. Packing of the weights is not timed.

use paso_ops::{Buffer, Conv, Epilogue, Images, ImagesMut, Isa, PackedConv, Plane};

use crate::peak;
use crate::timing::{self, Effort};
use crate::train_nets::{NetName, noise};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only the shapes of this net; all of them where none is named.
    #[arg(long, value_enum, ignore_case = true)]
    net: Option<NetName>,
    /// Seconds for each kernel.
    #[arg(long, default_value_t = 0.3)]
    seconds: f64,
    /// Run every kernel so many times and time nothing: for counting instructions.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    steps: Option<u32>,
}

/// A convolution and the side of its square input.
type Shape = (Conv, usize);

/// The different convolutions of a net, in order.
fn shapes(net: NetName) -> Vec<Shape> {
    let conv =
        |side, from, to, kernel, stride| (Conv { stride, ..Conv::new(from, to, kernel) }, side);
    match net {
        NetName::S => vec![
            conv(64, 3, 16, 3, 1),
            conv(32, 16, 32, 3, 1),
            conv(16, 32, 64, 3, 1),
            conv(8, 64, 128, 3, 1),
        ],
        NetName::M => {
            let mut all = vec![conv(128, 3, 32, 3, 2), conv(64, 32, 32, 3, 1)];
            for (side, from) in [(64, 32), (32, 64), (16, 128)] {
                all.push(conv(side, from, 2 * from, 3, 2));
                all.push(conv(side, from, 2 * from, 1, 2));
                all.push(conv(side / 2, 2 * from, 2 * from, 3, 1));
            }
            all
        }
        NetName::D => {
            let mut all = vec![conv(128, 3, 16, 3, 2)];
            let blocks = [
                (64, 16, 32, 1),
                (64, 32, 64, 2),
                (32, 64, 64, 1),
                (32, 64, 128, 2),
                (16, 128, 128, 1),
                (16, 128, 256, 2),
                (8, 256, 256, 1),
            ];
            for (side, from, to, stride) in blocks {
                all.push((Conv { stride, ..Conv::depthwise(from, 3) }, side));
                all.push(conv(side / stride, from, to, 1, 1));
            }
            all
        }
    }
}

/// Prints a line for each shape.
pub(crate) fn run(args: &Args) {
    let nets = args.net.map_or(vec![NetName::S, NetName::M, NetName::D], |net| vec![net]);
    let isa = Isa::from_env().unwrap_or_else(|e| panic!("PASO_ISA: {e}"));
    let effort = Effort::new(args.seconds, args.steps);
    effort.install(1, || {
        let peak = match effort {
            Effort::Seconds(seconds) => peak::gflops(isa, seconds),
            Effort::Steps(_) => f64::NAN,
        };
        for net in nets {
            for shape in shapes(net) {
                line(isa, net, shape, peak, effort);
            }
        }
    });
}

/// Checks one shape, times its three directions and prints the line.
fn line(isa: Isa, net: NetName, (conv, side): Shape, peak: f64, effort: Effort) {
    let mut job = Job::new(isa, conv, side);
    job.check();
    let pixels = job.y.plane.pixels() * conv.weight_len() / conv.out_channels * conv.out_channels;
    let flop = 2.0 * (pixels * job.count) as f64;
    let rate = |time: (f64, f64)| flop / time.0 / 1e9;
    let rates = [
        rate(timing::sample(effort, || job.forward())),
        rate(timing::sample(effort, || job.input_grad())),
        rate(timing::sample(effort, || job.weight_grad())),
    ];
    let [forward, input_grad, weight_grad] = rates.map(|x| (x * 10.0).round() / 10.0);
    let share = rates.map(|x| (x / peak * 100.0).round() / 100.0);
    let (k, s) = (conv.kernel, conv.stride);
    let kind = if conv.groups > 1 { "depthwise " } else { "" };
    let line = serde_json::json!({
        "isa": isa.name(),
        "net": format!("{net:?}"),
        "conv": format!("{kind}{k}x{k}/{s} {}->{} of {side}x{side}", conv.in_channels, conv.out_channels),
        "images": job.count,
        "forward": forward,
        "input_grad": input_grad,
        "weight_grad": weight_grad,
        "share_of_peak": share,
        "peak": (peak * 10.0).round() / 10.0,
    });
    #[expect(clippy::print_stdout, reason = "the program's output")]
    {
        println!("{line}");
    }
}

/// Planes and numbers of as many images as a convolution had best be given.
struct Job {
    isa: Isa,
    conv: Conv,
    /// Images in a call.
    count: usize,
    weights: Vec<f32>,
    forward: PackedConv,
    backward: PackedConv,
    /// The input: noise.
    x: Held,
    /// The output of the last forward pass.
    y: Held,
    /// The gradient of the output: noise that does not depend on `y`.
    dy: Held,
    /// The gradient of the input.
    dx: Held,
    /// The gradient of the weights.
    dw: Vec<f32>,
}

/// The images of one tensor, each a plane with its halo.
struct Held {
    plane: Plane,
    data: Buffer,
}

impl Held {
    fn zeros(count: usize, plane: Plane) -> Self {
        let mut data = Buffer::default();
        data.resize(count * plane.len());
        Self { plane, data }
    }

    /// Noise within the halo, which stays zero.
    fn noise(count: usize, plane: Plane, seed: u32) -> Self {
        let mut held = Self::zeros(count, plane);
        let mut values = noise(seed, count * plane.inner_len()).into_iter();
        for image in held.images_mut().iter_mut() {
            for run in plane.runs() {
                image.data[run].iter_mut().zip(&mut values).for_each(|(x, value)| *x = value);
            }
        }
        held
    }

    fn images(&self) -> Images<'_> {
        Images::new(self.plane, &self.data)
    }

    fn images_mut(&mut self) -> ImagesMut<'_> {
        ImagesMut::new(self.plane, &mut self.data)
    }

    /// The inner product of two tensors of one size without their halos, in f64.
    fn dot(&self, other: &Self) -> f64 {
        let values = |held: &Self| -> Vec<f64> {
            let inner = held.images().iter().flat_map(|image| {
                held.plane.runs().flat_map(move |run| image.data[run].iter().copied())
            });
            inner.map(f64::from).collect()
        };
        dot(&values(self), &values(other))
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

impl Job {
    fn new(isa: Isa, conv: Conv, side: usize) -> Self {
        let x = Plane::new(side, side, conv.in_channels).with_halo(conv.padding);
        let (y, count) = (conv.output(x), conv.preferred_batch(x));
        let weights = noise(1, conv.weight_len());
        let (mut forward, mut backward) = (PackedConv::default(), PackedConv::default());
        forward.pack(isa, &conv, x, &weights);
        backward.pack_backward(isa, &conv, x, &weights);
        Self {
            isa,
            conv,
            count,
            forward,
            backward,
            dw: vec![0.0; weights.len()],
            weights,
            x: Held::noise(count, x, 2),
            y: Held::zeros(count, y),
            dy: Held::noise(count, y.with_halo(conv.grad_halo(x)), 3),
            dx: Held::zeros(count, x),
        }
    }

    fn forward(&mut self) {
        self.conv.forward(
            self.isa,
            self.x.images(),
            &self.forward,
            Epilogue::default(),
            self.y.images_mut(),
        );
    }

    fn input_grad(&mut self) {
        self.conv.input_grad(self.isa, self.dy.images(), &self.backward, self.dx.images_mut());
    }

    fn weight_grad(&mut self) {
        self.conv.weight_grad(self.isa, self.x.images(), self.dy.images(), &mut self.dw);
    }

    /// One output by hand, and both gradients as the adjoints they are:
    /// `dy . f(x, w) = dx . x = dw . w`.
    ///
    /// A convolution is linear in its input and in its weights, so the three products are equal in
    /// exact arithmetic. Each is one number to which every element of a gradient contributes.
    fn check(&mut self) {
        self.forward();
        self.input_grad();
        self.weight_grad();
        let (conv, x) = (self.conv, self.x.plane);
        let (depth, at) = (conv.in_channels / conv.groups, self.y.plane.height / 2);
        let channel = conv.out_channels - 1;
        let first = if conv.groups > 1 { channel } else { 0 };
        let mut sum = 0.0;
        for (w, weight) in self.weights.chunks_exact(conv.out_channels).enumerate() {
            let (tap, c) = (w / depth, w % depth);
            let (row, column) =
                (at * conv.stride + tap / conv.kernel, at * conv.stride + tap % conv.kernel);
            let input = self.x.data[row * x.row_stride() + column * x.channels + first + c];
            sum += f64::from(input) * f64::from(weight[channel]);
        }
        let y = self.y.plane;
        let got = self.y.data[y.origin() + at * y.row_stride() + at * y.channels + channel];
        assert!((f64::from(got) - sum).abs() < 1e-3, "{conv:?}: {got} instead of {sum}");

        let wide = |values: &[f32]| values.iter().copied().map(f64::from).collect::<Vec<_>>();
        let (through_y, size) = (self.dy.dot(&self.y), self.dy.dot(&self.dy).sqrt());
        let tolerance = 1e-5 * size * self.y.dot(&self.y).sqrt();
        for (what, got) in [
            ("input", self.dx.dot(&self.x)),
            ("weight", dot(&wide(&self.dw), &wide(&self.weights))),
        ] {
            let error = (got - through_y).abs();
            assert!(error < tolerance, "{conv:?}, {what} gradient: off by {error:e}");
        }
    }
}
