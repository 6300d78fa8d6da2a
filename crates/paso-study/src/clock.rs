//! A stopwatch that also works where there is no clock.
//!
//! WebAssembly in a browser has no monotonic clock that the standard library knows; durations are
//! only used for estimates there, so 0 is good enough.

/// Measures elapsed time; always 0 on `wasm32-unknown-unknown`, where `std::time::Instant` panics.
#[derive(Clone, Copy)]
pub(crate) struct Stopwatch {
    #[cfg(not(all(target_arch = "wasm32", target_os = "unknown")))]
    start: std::time::Instant,
}

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self {
            #[cfg(not(all(target_arch = "wasm32", target_os = "unknown")))]
            start: std::time::Instant::now(),
        }
    }

    /// Seconds since [`start`](Self::start).
    pub(crate) fn seconds(self) -> f64 {
        #[cfg(not(all(target_arch = "wasm32", target_os = "unknown")))]
        {
            self.start.elapsed().as_secs_f64()
        }
        #[cfg(all(target_arch = "wasm32", target_os = "unknown"))]
        {
            0.0
        }
    }
}
