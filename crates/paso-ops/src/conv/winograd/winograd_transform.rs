//! The Winograd transforms F(2, 3) and F(4, 3) in one dimension: of weights, inputs, products and
//! gradients.
//!
//! Three weights `w` over `N` inputs `x` make `M = N - 2` outputs `A' ((G w) * (B' x))`, with `N`
//! multiplications where the sum has `3 M`. Done along rows and columns it is a tile of a 3 x 3
//! convolution. The matrices follow from `N - 1` points, one of them 0, at which polynomials are
//! evaluated, and infinity (Toom and Cook).
//!
//! For F(2, 3), with the outputs `y0 = x0 w0 + x1 w1 + x2 w2` and `y1 = x1 w0 + x2 w1 + x3 w2`:
//!
//! ```text
//! m0 = (x0 - x2) w0                   y0 = m0 + m1 + m2
//! m1 = (x1 + x2) (w0 + w1 + w2) / 2   y1 = m1 - m2 - m3
//! m2 = (x2 - x1) (w0 - w1 + w2) / 2
//! m3 = (x1 - x3) w2
//! ```
//!
//! Four products in place of six. Gradients are the transposed maps: `y` is linear in `x` and in
//! `w`, so the gradient of `w` is `G' ((A dy) * (B' x))`. That of `x` is not needed: a transposed
//! convolution is a convolution with the taps reversed, which `input_grad` packs for the forward
//! kernel.

use pulp::Simd;

/// The transforms of `N` inputs to `M` outputs.
pub(in crate::conv) struct Winograd<const N: usize, const M: usize>;

/// Its five small matrices.
pub(in crate::conv) trait WinogradTransform<const N: usize, const M: usize> {
    /// `G w`: weights before they are multiplied.
    fn weight(w: [f32; 3]) -> [f32; N];

    /// `B' x`: inputs before they are multiplied.
    fn input<S: Simd>(simd: S, x: [S::f32s; N]) -> [S::f32s; N];

    /// `A' m`: products to outputs.
    fn output<S: Simd>(simd: S, m: [S::f32s; N]) -> [S::f32s; M];

    /// `A dy`: gradients of outputs to those of products.
    fn output_grad<S: Simd>(simd: S, dy: [S::f32s; M]) -> [S::f32s; N];

    /// `G' m`: sums of products to gradients of weights.
    fn weight_grad<S: Simd>(simd: S, m: [S::f32s; N]) -> [S::f32s; 3];
}

/// F(2, 3), at the points 0, 1 and -1.
impl WinogradTransform<4, 2> for Winograd<4, 2> {
    fn weight([a, b, c]: [f32; 3]) -> [f32; 4] {
        let ends = 0.5 * (a + c);
        [a, ends + 0.5 * b, ends - 0.5 * b, c]
    }

    #[inline(always)]
    fn input<S: Simd>(simd: S, [a, b, c, d]: [S::f32s; 4]) -> [S::f32s; 4] {
        [simd.sub_f32s(a, c), simd.add_f32s(b, c), simd.sub_f32s(c, b), simd.sub_f32s(b, d)]
    }

    #[inline(always)]
    fn output<S: Simd>(simd: S, [a, b, c, d]: [S::f32s; 4]) -> [S::f32s; 2] {
        [simd.add_f32s(simd.add_f32s(a, b), c), simd.sub_f32s(simd.sub_f32s(b, c), d)]
    }

    #[inline(always)]
    fn output_grad<S: Simd>(simd: S, [a, b]: [S::f32s; 2]) -> [S::f32s; 4] {
        [a, simd.add_f32s(a, b), simd.sub_f32s(a, b), simd.neg_f32s(b)]
    }

    #[inline(always)]
    fn weight_grad<S: Simd>(simd: S, [a, b, c, d]: [S::f32s; 4]) -> [S::f32s; 3] {
        let half = simd.splat_f32s(0.5);
        let both = simd.mul_f32s(half, simd.add_f32s(b, c));
        [simd.add_f32s(a, both), simd.mul_f32s(half, simd.sub_f32s(b, c)), simd.add_f32s(both, d)]
    }
}

/// The points decide how much is rounded: 0, ±1 and ±2 of Lavin & Gray round five times as coarsely
/// as the direct sum, these twice (root mean square over 64 channels of what a `ReLU` let through;
/// the former simulated in `NumPy`, the latter tested). After Barabasz, Anderson, Soodhalter &
/// Gregg, *Error Analysis and Improving the Accuracy of Winograd Convolution for Deep Neural
/// Networks* (2020): points near ±1 and near each other's reciprocals; these have exact squares and
/// products besides.
const P: f32 = 0.625;
const Q: f32 = 1.5;
const PP: f32 = P * P;
const QQ: f32 = Q * Q;
const PPQQ: f32 = PP * QQ;
/// A point's distance from the others, multiplied: what the values at 0, `±P` and `±Q` are divided
/// by.
const AT_0: f32 = 1.0 / PPQQ;
const AT_P: f32 = 1.0 / (2.0 * PP * (PP - QQ));
const AT_Q: f32 = 1.0 / (2.0 * QQ * (QQ - PP));

/// F(4, 3), at the points 0, `±P` and `±Q`.
impl WinogradTransform<6, 4> for Winograd<6, 4> {
    fn weight([a, b, c]: [f32; 3]) -> [f32; 6] {
        let (even_p, odd_p) = (AT_P * a + AT_P * PP * c, AT_P * P * b);
        let (even_q, odd_q) = (AT_Q * a + AT_Q * QQ * c, AT_Q * Q * b);
        [AT_0 * a, even_p + odd_p, even_p - odd_p, even_q + odd_q, even_q - odd_q, c]
    }

    #[inline(always)]
    fn input<S: Simd>(simd: S, [a, b, c, d, e, f]: [S::f32s; 6]) -> [S::f32s; 6] {
        let (even_p, odd_p) = (plus(simd, e, -QQ, c), plus(simd, d, -QQ, b));
        let (even_q, odd_q) = (plus(simd, e, -PP, c), plus(simd, d, -PP, b));
        [
            plus(simd, plus(simd, e, -(PP + QQ), c), PPQQ, a),
            plus(simd, even_p, P, odd_p),
            plus(simd, even_p, -P, odd_p),
            plus(simd, even_q, Q, odd_q),
            plus(simd, even_q, -Q, odd_q),
            plus(simd, plus(simd, f, -(PP + QQ), d), PPQQ, b),
        ]
    }

    #[inline(always)]
    fn output<S: Simd>(simd: S, [a, b, c, d, e, f]: [S::f32s; 6]) -> [S::f32s; 4] {
        let (even_p, odd_p) = (simd.add_f32s(b, c), simd.sub_f32s(b, c));
        let (even_q, odd_q) = (simd.add_f32s(d, e), simd.sub_f32s(d, e));
        [
            simd.add_f32s(simd.add_f32s(a, even_p), even_q),
            plus(simd, simd.mul_f32s(simd.splat_f32s(P), odd_p), Q, odd_q),
            plus(simd, simd.mul_f32s(simd.splat_f32s(PP), even_p), QQ, even_q),
            plus(simd, plus(simd, f, P * PP, odd_p), Q * QQ, odd_q),
        ]
    }

    #[inline(always)]
    fn output_grad<S: Simd>(simd: S, [a, b, c, d]: [S::f32s; 4]) -> [S::f32s; 6] {
        let (even_p, odd_p) = (plus(simd, a, PP, c), plus(simd, b, PP, d));
        let (even_q, odd_q) = (plus(simd, a, QQ, c), plus(simd, b, QQ, d));
        [
            a,
            plus(simd, even_p, P, odd_p),
            plus(simd, even_p, -P, odd_p),
            plus(simd, even_q, Q, odd_q),
            plus(simd, even_q, -Q, odd_q),
            d,
        ]
    }

    #[inline(always)]
    fn weight_grad<S: Simd>(simd: S, [a, b, c, d, e, f]: [S::f32s; 6]) -> [S::f32s; 3] {
        let (even_p, odd_p) = (simd.add_f32s(b, c), simd.sub_f32s(b, c));
        let (even_q, odd_q) = (simd.add_f32s(d, e), simd.sub_f32s(d, e));
        let first = simd.mul_f32s(simd.splat_f32s(AT_0), a);
        let second = simd.mul_f32s(simd.splat_f32s(AT_P * P), odd_p);
        [
            plus(simd, plus(simd, first, AT_P, even_p), AT_Q, even_q),
            plus(simd, second, AT_Q * Q, odd_q),
            plus(simd, plus(simd, f, AT_P * PP, even_p), AT_Q * QQ, even_q),
        ]
    }
}

/// `y + factor * x`.
#[inline(always)]
fn plus<S: Simd>(simd: S, y: S::f32s, factor: f32, x: S::f32s) -> S::f32s {
    simd.mul_add_f32s(simd.splat_f32s(factor), x, y)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three weights over `N` inputs, and both gradients, against their definitions.
    fn check<const N: usize, const M: usize>()
    where
        Winograd<N, M>: WinogradTransform<N, M>,
    {
        let simd = pulp::Scalar::new();
        let value = |seed: usize, i: usize| {
            f32::from(u8::try_from((i * 37 + seed * 101) % 251).unwrap()) / 125.0 - 1.0
        };
        let (w, x): ([f32; 3], [f32; N]) =
            (std::array::from_fn(|i| value(1, i)), std::array::from_fn(|i| value(2, i)));
        let dy: [f32; M] = std::array::from_fn(|i| value(3, i));
        let (u, v) = (Winograd::<N, M>::weight(w), Winograd::<N, M>::input(simd, x));
        let y = Winograd::<N, M>::output(simd, std::array::from_fn(|i| u[i] * v[i]));
        for (i, y) in y.iter().enumerate() {
            let want: f32 = (0..3).map(|k| w[k] * x[i + k]).sum();
            assert!((y - want).abs() < 2e-6, "output {i}: {y} instead of {want}");
        }
        let transformed_grad = Winograd::<N, M>::output_grad(simd, dy);
        let dw = Winograd::<N, M>::weight_grad(
            simd,
            std::array::from_fn(|i| transformed_grad[i] * v[i]),
        );
        for (k, dw) in dw.iter().enumerate() {
            let want: f32 = (0..M).map(|i| dy[i] * x[i + k]).sum();
            assert!((dw - want).abs() < 2e-6, "weight {k}: {dw} instead of {want}");
        }
    }

    #[test]
    fn two_outputs() {
        check::<4, 2>();
    }

    #[test]
    fn four_outputs() {
        check::<6, 4>();
    }
}
