//! How a batch is cut into chunks, and how threads take them.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

/// Chunks of full size that a batch would fill.
const FULL: usize = 8;

/// The number of chunks that threads take last in every phase, in either direction.
pub(crate) const SMALL_CHUNKS: usize = 2;

/// The images of each chunk of a batch: six of an eighth each, then smaller ones. Of up to eight
/// images, each is a chunk.
///
/// Threads take the small chunks last in every phase, so that at its end a thread waits for
/// another's small chunk and not for an eighth of the batch. Eight threads share a batch evenly.
/// The cut must not depend on the number of threads, because the order of the sums over a batch
/// follows the cut.
pub(crate) fn batch_chunks(batch: usize) -> impl Iterator<Item = Range<usize>> {
    let size = batch.div_ceil(FULL).max(1);
    let full = batch.div_ceil(size).saturating_sub(2);
    let rest = batch - full * size;
    let small = if size > 1 { (size / 4).max(1) } else { 0 };
    let middle = rest.saturating_sub(2 * small);
    let tail = [middle.div_ceil(2), middle / 2, small, rest - middle - small];
    let sizes = std::iter::repeat_n(size, full).chain(tail).filter(|&size| size > 0);
    sizes.scan(0, |start, size| {
        let range = *start..*start + size;
        *start = range.end;
        Some(range)
    })
}

/// Calls `work` with each item: in order, or on all threads of the rayon pool, where each thread
/// takes the next item when it is free.
pub(crate) fn for_each<T: Send>(
    parallel: bool,
    items: impl Iterator<Item = T> + Send,
    work: impl Fn(T) + Sync,
) {
    if !parallel {
        return items.for_each(work);
    }
    let queue = Mutex::new(items);
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    (0..rayon::current_num_threads()).into_par_iter().with_max_len(1).for_each(|_| {
        while let Some(item) = next() {
            work(item);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(batch: usize) -> Vec<usize> {
        batch_chunks(batch).map(|range| range.len()).collect()
    }

    #[test]
    fn every_batch_is_cut_whole_and_in_order() {
        for batch in 1..300 {
            let mut end = 0;
            for range in batch_chunks(batch) {
                assert!(range.start == end && range.end > end, "{batch}: {range:?} after {end}");
                end = range.end;
            }
            assert_eq!(end, batch);
            let sizes = sizes(batch);
            assert!(sizes.is_sorted_by(|a, b| a >= b), "{batch}: {sizes:?}");
            assert!(sizes.len() <= FULL + 2 && sizes[0] == batch.div_ceil(FULL), "{sizes:?}");
        }
    }

    #[test]
    fn the_last_chunks_are_small() {
        assert_eq!(sizes(32), [4, 4, 4, 4, 4, 4, 3, 3, 1, 1]);
        assert_eq!(sizes(16), [2, 2, 2, 2, 2, 2, 1, 1, 1, 1]);
        assert_eq!(sizes(8), [1; 8]);
        assert_eq!(sizes(3), [1; 3]);
    }

    #[test]
    fn an_empty_batch_has_no_chunks_and_one_image_is_one() {
        assert_eq!(batch_chunks(0).count(), 0);
        assert_eq!(sizes(1), [1]);
    }

    #[test]
    fn each_item_is_worked_on_once_and_in_order_without_threads() {
        for count in [0, 1, 2, 7, 1000] {
            let seen = Mutex::new(Vec::new());
            for_each(false, 0..count, |i| seen.lock().unwrap().push(i));
            assert!(seen.into_inner().unwrap().into_iter().eq(0..count));
            for threads in [1, 3] {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                let seen = Mutex::new(Vec::new());
                pool.install(|| for_each(true, 0..count, |i| seen.lock().unwrap().push(i)));
                let mut seen = seen.into_inner().unwrap();
                seen.sort_unstable();
                assert!(seen.into_iter().eq(0..count), "{count} items on {threads} threads");
            }
        }
    }

    #[test]
    fn a_panic_in_one_item_reaches_the_caller_and_the_next_call_works() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
        let run = |bad: usize| {
            let work = |i: usize| assert!(i != bad, "item {i}");
            let all = || pool.install(|| for_each(true, 0..20, work));
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(all)).is_ok()
        };
        assert!(!run(7) && run(20));
    }
}
