//! The Adam family over plain slices: SIMD chosen at run time, the same bits everywhere, no allocation.
