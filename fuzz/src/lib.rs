//! What fuzz targets share: inputs to begin with, and a bound on the memory that reading may take.

pub mod seeds;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
    static MOST: Cell<isize> = const { Cell::new(0) };
}

/// The system's allocator, which counts what each thread holds.
struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

fn count(size: isize) {
    let held = HELD.get() + size;
    HELD.set(held);
    MOST.set(MOST.get().max(held));
}

// SAFETY: every request is passed on as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: what the caller promises is what the system asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: what the caller promises is what the system asks for.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: what the caller promises is what the system asks for.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// What `work` gives, which takes no more memory on this thread than so many bytes a byte of its input, and some.
pub fn bounded<T>(input: usize, factor: usize, work: impl FnOnce() -> T) -> T {
    const SOME: usize = 1 << 16;
    let before = HELD.get();
    MOST.set(before);
    let value = work();
    let most = (MOST.get() - before) as usize;
    let allowed = SOME + factor * input;
    assert!(
        most <= allowed,
        "{most} bytes of memory for {input} bytes of input, and {allowed} are allowed"
    );
    value
}
