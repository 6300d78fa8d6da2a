//! A growable slice of `f32` that begins on a cache line.
//!
//! `Vec<f32>` begins where the allocator likes, usually on 16 bytes. A 32- or 64-byte vector load
//! from there touches two cache lines every second time or always, which is a second access.
//! The crate has no `unsafe`, so a buffer allocates one line more than it needs and begins at the
//! first boundary inside.

use std::ops::{Deref, DerefMut};

const LINE: usize = 64;

/// Zeros that begin on a 64-byte boundary, so that no vector load is split between two cache lines.
///
/// ```
/// let mut buffer = paso_ops::Buffer::default();
/// buffer.resize(100);
/// assert_eq!(buffer.len(), 100);
/// assert_eq!(buffer.as_ptr().addr() % 64, 0);
/// ```
#[derive(Debug, Default)]
pub struct Buffer {
    data: Vec<f32>,
    start: usize,
    len: usize,
}

impl Buffer {
    /// A buffer of `len` zeros.
    #[must_use]
    pub fn zeros(len: usize) -> Self {
        let mut buffer = Self::default();
        buffer.resize(len);
        buffer
    }

    /// Sets the length. Allocates, and sets everything to zero, only when it must grow beyond what
    /// it ever was. Otherwise elements keep what they held, also those that a shorter length hid
    /// for a while: this is memory for kernels that overwrite it, and for halos that stay zero.
    ///
    /// ```
    /// let mut buffer = paso_ops::Buffer::zeros(4);
    /// buffer.fill(1.0);
    /// buffer.resize(2);
    /// buffer.resize(4);
    /// assert_eq!(buffer[..], [1.0; 4]); // nothing was cleared
    /// ```
    pub fn resize(&mut self, len: usize) {
        let floats = LINE / size_of::<f32>();
        if self.data.len() < len + floats {
            self.data = vec![0.0; len + floats];
            self.start = self.data.as_ptr().align_offset(LINE).min(floats);
        }
        self.len = len;
    }
}

impl Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.data[self.start..self.start + self.len]
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.data[self.start..self.start + self.len]
    }
}

impl Clone for Buffer {
    fn clone(&self) -> Self {
        let mut copy = Self::zeros(self.len);
        copy.copy_from_slice(self);
        copy
    }
}
