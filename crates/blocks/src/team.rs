//! Threads that take up work within a fraction of a microsecond.
//!
//! A token of a small model is some hundred pieces of work of ten to fifty microseconds each, one after the other. Handing
//! one to a pool that sleeps in between takes about as long as the piece, so a team waits in a loop for the next one, and
//! sleeps only when none has come for a while. While it waits it asks memory for what it is going to read.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// Looks at the counter before a member sleeps: about a tenth of a millisecond.
const LOOKS: usize = 20_000;

/// Looks between which the processor is offered to others, for machines on which they compete for it.
const POLITE: usize = 2_000;

/// Bytes that are asked for between two looks.
const ASKED: usize = 256;

/// Bytes that are asked for at most: a quarter of a core's own cache.
const FARTHEST: usize = 1 << 17;

/// Bytes of a line of a cache.
const LINE: usize = 64;

/// Some threads, of which whoever has the team is one.
#[derive(Debug)]
pub struct Team {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
    /// What each member is going to read after the work that comes.
    ahead: Vec<Ahead>,
}

/// Bytes that are going to be read. Nothing is ever read by it, so that they may be gone.
#[derive(Debug, Clone, Copy)]
struct Ahead {
    from: *const u8,
    bytes: usize,
}

// SAFETY: memory is asked for the lines, which may lie anywhere, and nothing is read or written.
unsafe impl Send for Ahead {}
// SAFETY: as above.
unsafe impl Sync for Ahead {}

impl Ahead {
    const NOTHING: Self = Self {
        from: std::ptr::null(),
        bytes: 0,
    };

    /// Asks for the next few lines.
    fn ask(&mut self) {
        let now = self.bytes.min(ASKED);
        for line in (0..now).step_by(LINE) {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: it needs no more than every processor of this kind has, and an address may be any.
            unsafe {
                use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
                _mm_prefetch::<_MM_HINT_T0>(self.from.wrapping_add(line).cast());
            }
            #[cfg(not(target_arch = "x86_64"))]
            let _ = line;
        }
        (self.from, self.bytes) = (self.from.wrapping_add(now), self.bytes - now);
    }
}

/// What lies in lines of the cache of its own: a counter that one member changes is looked at by the others all the time.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Apart<T>(T);

/// What the members share.
#[derive(Debug)]
struct Shared {
    /// How many pieces of work there were; the last one ends the team.
    started: Apart<AtomicUsize>,
    /// Members that are done with the one that is being done.
    done: Apart<AtomicUsize>,
    /// The next item of it that nobody has.
    next: Apart<AtomicUsize>,
    /// What is done, a `*const Work`; null at the end.
    work: Apart<AtomicPtr<Work<'static>>>,
    asleep: Mutex<usize>,
    wake: Condvar,
    fault: Mutex<Option<Box<dyn Any + Send>>>,
}

/// What a member does with the items that it takes, given what tells it the next one.
type Member<'a> = dyn Fn(&mut dyn FnMut() -> Option<usize>) + Sync + 'a;

/// Some items, and what is done with them.
struct Work<'a> {
    items: usize,
    member: &'a Member<'a>,
    ahead: &'a [Ahead],
}

impl Work<'_> {
    /// What a member is going to read after it.
    fn ahead(&self, member: usize) -> Ahead {
        self.ahead.get(member).copied().unwrap_or(Ahead::NOTHING)
    }
}

/// The items that a member takes, one after the other, as long as there are any that nobody has.
pub struct Taken<'a, T> {
    items: &'a Start<T>,
    next: &'a mut dyn FnMut() -> Option<usize>,
}

/// The first item.
struct Start<T>(*mut T);

// SAFETY: no two threads are given the same item.
unsafe impl<T: Send> Sync for Start<T> {}

impl<'a, T> Iterator for Taken<'a, T> {
    type Item = &'a mut T;

    fn next(&mut self) -> Option<&'a mut T> {
        let index = (self.next)()?;
        // SAFETY: every index below the number of items comes once, so that nobody else has this one, and the items are
        // borrowed until all are done.
        Some(unsafe { &mut *self.items.0.wrapping_add(index) })
    }
}

impl Team {
    /// A team of so many threads, that of the caller among them.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn new(threads: usize) -> std::io::Result<Self> {
        let mut team = Self {
            shared: Arc::new(Shared {
                started: Apart::default(),
                done: Apart::default(),
                next: Apart::default(),
                work: Apart(AtomicPtr::new(std::ptr::null_mut())),
                asleep: Mutex::new(0),
                wake: Condvar::new(),
                fault: Mutex::new(None),
            }),
            threads: Vec::new(),
            ahead: Vec::new(),
        };
        for member in 1..threads.max(1) {
            let shared = Arc::clone(&team.shared);
            let thread = std::thread::Builder::new().name("team".to_owned());
            team.threads.push(thread.spawn(move || shared.serve(member))?);
        }
        Ok(team)
    }

    /// Says what each member is going to read after the work that comes, as whoever takes the items of [`each`](Self::each)
    /// in turn begins: the first one that of the first item.
    pub fn expect<'a>(&mut self, reads: impl Iterator<Item = &'a [u8]>) {
        self.ahead.clear();
        self.ahead
            .extend(reads.take(self.threads.len() + 1).map(|bytes| Ahead {
                from: bytes.as_ptr(),
                bytes: bytes.len().min(FARTHEST),
            }));
    }

    /// How many threads it has.
    pub fn threads(&self) -> usize {
        self.threads.len() + 1
    }

    /// Calls `task` for every item, each on one of the threads: the first on that of the caller, the next on the next one, and
    /// those that follow on whichever is done.
    pub fn each<T: Send>(&mut self, items: &mut [T], task: impl Fn(&mut T) + Sync) {
        self.share(items, |taken| taken.for_each(&task));
    }

    /// Calls `member` on every thread with the items that it takes, so that it can do something once before the first.
    pub fn share<T: Send>(&mut self, items: &mut [T], member: impl Fn(Taken<'_, T>) + Sync) {
        let (count, start) = (items.len(), Start(items.as_mut_ptr()));
        let member = |next: &mut dyn FnMut() -> Option<usize>| {
            member(Taken { items: &start, next });
        };
        if self.threads.is_empty() || count < 2 {
            let mut indices = 0..count;
            return member(&mut || indices.next());
        }
        self.run(&Work {
            items: count,
            member: &member,
            ahead: &self.ahead,
        });
    }

    /// Does all items of some work, and returns when everybody is done with it.
    fn run(&self, work: &Work<'_>) {
        let shared = &*self.shared;
        shared.next.0.store(self.threads(), Ordering::Relaxed);
        shared.done.0.store(0, Ordering::Relaxed);
        shared
            .work
            .0
            .store(std::ptr::from_ref(work).cast_mut().cast(), Ordering::Relaxed);
        shared.start();
        shared.take_part(work, 0);
        let (mut looks, mut ahead) = (0, work.ahead(0));
        while shared.done.0.load(Ordering::Acquire) < self.threads.len() {
            pause(&mut looks, &mut ahead);
        }
        if let Some(fault) = lock(&shared.fault).take() {
            resume_unwind(fault);
        }
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        self.shared.work.0.store(std::ptr::null_mut(), Ordering::Relaxed);
        self.shared.start();
        for thread in self.threads.drain(..) {
            // A member catches what its work does, so none ends otherwise than by this.
            let _ = thread.join();
        }
    }
}

impl Shared {
    /// Tells that there is new work.
    fn start(&self) {
        self.started.0.fetch_add(1, Ordering::SeqCst);
        // Whoever is about to sleep holds the lock from its last look on.
        if *lock(&self.asleep) > 0 {
            self.wake.notify_all();
        }
    }

    /// Takes part in all work until there is none to come.
    fn serve(&self, member: usize) {
        let (mut seen, mut ahead) = (0, Ahead::NOTHING);
        loop {
            self.wait_beyond(seen, ahead);
            seen += 1;
            let work = self.work.0.load(Ordering::Acquire);
            if work.is_null() {
                return;
            }
            // SAFETY: whoever has the team waits in `run`, with the work, until `done` says that no member reads it.
            let work = unsafe { &*work };
            ahead = work.ahead(member);
            self.take_part(work, member);
            self.done.0.fetch_add(1, Ordering::Release);
        }
    }

    /// Does the item of a member's own number, then others as long as there are any that nobody has.
    fn take_part(&self, work: &Work<'_>, member: usize) {
        let mut own = Some(member);
        let mut next = || {
            let item = own
                .take()
                .unwrap_or_else(|| self.next.0.fetch_add(1, Ordering::Relaxed));
            (item < work.items).then_some(item)
        };
        if let Err(fault) = catch_unwind(AssertUnwindSafe(|| (work.member)(&mut next))) {
            // Only the first is told, and the others are not dropped: that could panic, too, and end this thread's part
            // while others read the work.
            match &mut *lock(&self.fault) {
                first @ None => *first = Some(fault),
                Some(_) => std::mem::forget(fault),
            }
        }
    }

    /// Waits until more pieces of work were started than `seen`.
    fn wait_beyond(&self, seen: usize, mut ahead: Ahead) {
        let mut looks = 0;
        while looks < LOOKS {
            if self.started.0.load(Ordering::Acquire) != seen {
                return;
            }
            pause(&mut looks, &mut ahead);
        }
        let mut asleep = lock(&self.asleep);
        *asleep += 1;
        while self.started.0.load(Ordering::SeqCst) == seen {
            asleep = self.wake.wait(asleep).unwrap_or_else(PoisonError::into_inner);
        }
        *asleep -= 1;
    }
}

/// A moment between two looks.
fn pause(looks: &mut usize, ahead: &mut Ahead) {
    *looks += 1;
    ahead.ask();
    match looks.is_multiple_of(POLITE) {
        true => std::thread::yield_now(),
        false => std::hint::spin_loop(),
    }
}

/// What the lock guards, whatever happened to others that held it: every change under it is a single one.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_done_once_on_any_number_of_threads() {
        for threads in 1..=4 {
            let mut team = Team::new(threads).unwrap();
            for count in [0, 1, 2, 3, 100] {
                for round in 0..50 {
                    let mut items = vec![round; count];
                    team.each(&mut items, |item| *item += 1);
                    assert_eq!(items, vec![round + 1; count], "{threads} threads");
                }
            }
        }
    }

    #[test]
    fn members_that_fell_asleep_wake_up() {
        let mut team = Team::new(3).unwrap();
        for _ in 0..3 {
            std::thread::sleep(std::time::Duration::from_millis(30));
            let mut items = vec![0; 64];
            team.each(&mut items, |item| *item = 1);
            assert_eq!(items, vec![1; 64]);
        }
    }

    #[test]
    fn a_fault_reaches_the_caller_and_leaves_the_team_whole() {
        let mut team = Team::new(2).unwrap();
        let faulty = catch_unwind(AssertUnwindSafe(|| {
            team.each(&mut [0, 1, 2, 3], |item| assert!(*item != 2, "two"));
        }));
        assert!(faulty.is_err());
        let mut items = vec![0; 8];
        team.each(&mut items, |item| *item = 1);
        assert_eq!(items, vec![1; 8]);
    }
}
