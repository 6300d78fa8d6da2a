//! Forward and backward kernels of small CNNs over NHWC slices, SIMD chosen at run time.
