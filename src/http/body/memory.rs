//! The memory of large bodies, which is kept for the bodies that follow.
//!
//! An allocator returns large blocks to the kernel, and the kernel clears their pages one by one when the next body arrives.
//! With 16 bodies of 1 MB at a time, that is a fifth of the cost of a review.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// From how many bytes on memory is kept: the size from which on glibc maps a block of its own (`M_MMAP_THRESHOLD`).
const LARGE: usize = 128 << 10;
/// The most bytes that are kept, those that bodies use again included: 16 bodies of 1 MiB.
const MAX_KEPT: usize = 16 << 20;

/// The memory of earlier bodies. All requests of a port share it.
#[derive(Debug, Default)]
pub(super) struct KeptMemory(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    free: Vec<Vec<u8>>,
    /// The bytes of all kept blocks, those that bodies use included.
    bytes: usize,
}

/// The bytes of a body.
#[derive(Debug, Default)]
pub(super) struct BodyMemory {
    pub(super) bytes: Vec<u8>,
    /// How many bytes of it count as kept: none if the memory was allocated for this body.
    counted: usize,
    /// Where the memory is kept after the body; `None` for a body that is not large.
    kept: Option<Arc<KeptMemory>>,
}

impl KeptMemory {
    /// Empty memory for a body. Where the body is large and there is enough kept memory, its whole length fits in.
    pub(super) fn take(self: &Arc<Self>, announced: usize) -> BodyMemory {
        if announced < LARGE {
            return BodyMemory::default();
        }
        let mut kept = self.kept();
        let enough = kept.free.iter().position(|block| block.capacity() >= announced);
        let bytes = enough.map(|at| kept.free.swap_remove(at)).unwrap_or_default();
        BodyMemory { counted: bytes.capacity(), bytes, kept: Some(Arc::clone(self)) }
    }

    /// Keeps the memory of a body that ends, in place of other free blocks if need be: they may be too small for the bodies
    /// that arrive now.
    fn put_back(&self, mut block: Vec<u8>, counted: usize) {
        block.clear();
        let mut kept = self.kept();
        kept.bytes -= counted;
        while kept.bytes + block.capacity() > MAX_KEPT {
            let Some(other) = kept.free.pop() else { return };
            kept.bytes -= other.capacity();
        }
        kept.bytes += block.capacity();
        kept.free.push(block);
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for BodyMemory {
    fn drop(&mut self) {
        if let Some(kept) = self.kept.take().filter(|_| self.bytes.capacity() > 0) {
            kept.put_back(std::mem::take(&mut self.bytes), self.counted);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(kept: &Arc<KeptMemory>, length: usize) -> BodyMemory {
        let mut body = kept.take(length);
        body.bytes.resize(length, b'x');
        body
    }

    /// How many blocks are free, their bytes, and the bytes of all kept blocks.
    fn state(kept: &KeptMemory) -> (usize, usize, usize) {
        let kept = kept.kept();
        (kept.free.len(), kept.free.iter().map(Vec::capacity).sum(), kept.bytes)
    }

    #[test]
    fn a_large_body_gets_the_memory_of_an_earlier_one_that_is_large_enough() {
        let kept = Arc::new(KeptMemory::default());
        let first = body(&kept, 2 * LARGE);
        let memory = first.bytes.as_ptr();
        drop(first);
        assert_eq!(kept.take(2 * LARGE + 1).bytes.capacity(), 0);
        assert_eq!(kept.take(LARGE - 1).bytes.capacity(), 0);
        let second = kept.take(LARGE);
        assert_eq!((second.bytes.as_ptr(), second.bytes.len()), (memory, 0));
        assert_eq!(kept.take(LARGE).bytes.capacity(), 0, "it is used once at a time");
    }

    #[test]
    fn memory_that_bodies_use_again_counts_as_kept() {
        let kept = Arc::new(KeptMemory::default());
        let most = MAX_KEPT / (1 << 20);
        let all = |length: usize| (0..2 * most).map(|_| body(&kept, length)).collect::<Vec<_>>();
        drop(all(1 << 20));
        assert_eq!(state(&kept), (most, MAX_KEPT, MAX_KEPT));
        let again = all(LARGE);
        assert_eq!(again.iter().filter(|body| body.bytes.capacity() >= 1 << 20).count(), most);
        drop(body(&kept, 1 << 20));
        assert_eq!(state(&kept), (0, 0, MAX_KEPT), "there is no room for more");
        drop(again);
        let (_, free, bytes) = state(&kept);
        assert_eq!(free, bytes);
        assert!(bytes > MAX_KEPT / 2 && bytes <= MAX_KEPT, "{bytes}");
    }

    #[test]
    fn larger_memory_is_kept_in_place_of_smaller_memory() {
        let kept = Arc::new(KeptMemory::default());
        drop((0..MAX_KEPT / LARGE).map(|_| body(&kept, LARGE)).collect::<Vec<_>>());
        drop(body(&kept, 1 << 20));
        assert!(kept.take(1 << 20).bytes.capacity() >= 1 << 20);
        assert!(state(&kept).2 <= MAX_KEPT);
    }
}
