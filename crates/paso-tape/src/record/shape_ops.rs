//! Recording of sums, products, and operations that change shapes.

use std::ops::Range;

use paso_ops::Plane;

use crate::graph::Var;
use crate::ops::{
    Add, Concat, CxcywhToXyxy, Mul, Op, Reshape, ScaleChannels, SliceChannels, WeightedSum,
};
use crate::tape::Tape;

impl Tape {
    /// `a + b`.
    ///
    /// # Panics
    /// When shapes differ.
    #[track_caller]
    pub fn add(&mut self, a: Var, b: Var) -> Var {
        let plane = self.same_shape("add", a, b);
        self.push(Op::Add(Add { a, b }), plane)
    }

    /// `a * b`, element by element; with an input for `b`, this weights images.
    ///
    /// # Panics
    /// When shapes differ.
    #[track_caller]
    pub fn mul(&mut self, a: Var, b: Var) -> Var {
        let plane = self.same_shape("mul", a, b);
        self.push(Op::Mul(Mul { a, b }), plane)
    }

    /// Every channel of `x`, `[height, width, channels]`, times its value of `scale`,
    /// `[1, 1, channels]`: the end of a squeeze-and-excitation block (Hu et al., arXiv 1709.01507).
    ///
    /// ```
    /// use paso_tape::{Activation, Params, Tape};
    ///
    /// let (mut tape, mut params) = (Tape::new(), Params::new(0));
    /// let x = tape.input([4, 4, 8]);
    /// let squeezed = tape.global_avg_pool(x);
    /// let hidden = tape.linear(&mut params, "squeeze", squeezed, 2);
    /// let hidden = tape.relu(hidden);
    /// let excited = tape.linear(&mut params, "excite", hidden, 8);
    /// let scale = tape.activation(excited, Activation::Sigmoid);
    /// let y = tape.scale_channels(x, scale);
    /// assert_eq!(tape.shape(y), [4, 4, 8]);
    /// ```
    ///
    /// # Panics
    /// When `scale` is not one value per channel of `x`.
    #[track_caller]
    pub fn scale_channels(&mut self, x: Var, scale: Var) -> Var {
        let plane = self.plane(x);
        let wanted = [1, 1, plane.channels];
        let given = self.shape(scale);
        assert!(given == wanted, "scale_channels: a scale of {given:?}, {wanted:?} is needed");
        self.push(Op::ScaleChannels(ScaleChannels { x, scale }), plane)
    }

    /// The channels of all inputs, one input after the other.
    ///
    /// One input may occur several times; its gradient is then the sum.
    ///
    /// ```
    /// use paso_tape::{Params, Tape};
    ///
    /// let mut tape = Tape::new();
    /// let x = tape.input([1, 1, 2]);
    /// let y = tape.concat(&[x, x]);
    /// tape.infer(&Params::new(0), &[(x, &[1.0, 2.0])]);
    /// assert_eq!(tape.value(y), [1.0, 2.0, 1.0, 2.0]);
    /// ```
    ///
    /// # Panics
    /// When there is no input, or heights or widths differ.
    #[track_caller]
    pub fn concat(&mut self, inputs: &[Var]) -> Var {
        let [height, width, _] = self.shape(*inputs.first().expect("concat needs an input"));
        let mut channels = 0;
        for &x in inputs {
            let [h, w, c] = self.shape(x);
            assert!(
                (h, w) == (height, width),
                "concat: {h}x{w} pixels, the first input has {height}x{width}"
            );
            channels += c;
        }
        self.push(
            Op::Concat(Concat { inputs: inputs.to_vec() }),
            Plane::new(height, width, channels),
        )
    }

    /// Some channels of every pixel, such as the box in a vector of box and class scores.
    ///
    /// # Panics
    /// When the range is empty or outside the channels.
    #[track_caller]
    pub fn slice_channels(&mut self, x: Var, channels: Range<usize>) -> Var {
        let plane = self.plane(x);
        assert!(
            channels.start < channels.end && channels.end <= plane.channels,
            "channels {channels:?} of {}",
            plane.channels
        );
        let plane = Plane { channels: channels.len(), ..plane };
        self.push(Op::SliceChannels(SliceChannels { x, channels }), plane)
    }

    /// The same elements in another shape, in NHWC order.
    ///
    /// # Panics
    /// When the shapes do not hold equally many elements.
    #[track_caller]
    pub fn reshape(&mut self, x: Var, shape: [usize; 3]) -> Var {
        let [height, width, channels] = shape;
        let plane = Plane::new(height, width, channels);
        let had = self.plane(x).inner_len();
        assert_eq!(
            had,
            plane.inner_len(),
            "{had} elements cannot become {height}x{width}x{channels}"
        );
        self.push(Op::Reshape(Reshape { x }), plane)
    }

    /// All elements of an image as a vector; `x` itself if it is one.
    pub fn flatten(&mut self, x: Var) -> Var {
        let plane = self.plane(x);
        if plane.pixels() == 1 { x } else { self.reshape(x, [1, 1, plane.inner_len()]) }
    }

    /// `sum of factor * x`: how losses are combined.
    ///
    /// ```
    /// use paso_tape::{Params, Tape};
    ///
    /// let mut tape = Tape::new();
    /// let (a, b) = (tape.input([1, 1, 1]), tape.input([1, 1, 1]));
    /// let sum = tape.weighted_sum(&[(1.0, a), (-0.5, b)]);
    /// tape.infer(&Params::new(0), &[(a, &[3.0]), (b, &[4.0])]);
    /// assert_eq!(tape.value(sum), [1.0]);
    /// ```
    ///
    /// # Panics
    /// When there is no term or shapes differ.
    #[track_caller]
    pub fn weighted_sum(&mut self, terms: &[(f32, Var)]) -> Var {
        let first = terms.first().expect("a weighted sum needs a term").1;
        let plane = terms
            .iter()
            .fold(self.plane(first), |_, t| self.same_shape("weighted sum", first, t.1));
        self.push(Op::WeightedSum(WeightedSum { terms: terms.to_vec() }), plane)
    }

    /// Boxes `(center x, center y, width, height)` as `(x_min, y_min, x_max, y_max)`.
    ///
    /// ```
    /// use paso_tape::{Params, Tape};
    ///
    /// let mut tape = Tape::new();
    /// let x = tape.input([1, 1, 4]);
    /// let y = tape.cxcywh_to_xyxy(x);
    /// tape.infer(&Params::new(0), &[(x, &[0.5, 0.5, 0.5, 1.0])]);
    /// assert_eq!(tape.value(y), [0.25, 0.0, 0.75, 1.0]);
    /// ```
    ///
    /// # Panics
    /// When `x` does not have four channels.
    #[track_caller]
    pub fn cxcywh_to_xyxy(&mut self, x: Var) -> Var {
        let plane = self.plane(x);
        assert_eq!(plane.channels, 4, "a box has four elements, not {}", plane.channels);
        self.push(Op::CxcywhToXyxy(CxcywhToXyxy { x }), plane)
    }

    #[track_caller]
    pub(super) fn same_shape(&self, what: &str, a: Var, b: Var) -> Plane {
        let (pa, pb) = (self.plane(a), self.plane(b));
        assert!(
            pa.same_shape(&pb),
            "{what}: shapes {:?} and {:?} differ",
            self.shape(a),
            self.shape(b)
        );
        pa
    }
}
