//! Threads of a process: those of rayon, which do not survive a fork, are started again in the child.

use std::process;
use std::sync::{Mutex, OnceLock};

use rayon::ThreadPool;

use crate::lock;

/// Process that imported this module.
static HOME: OnceLock<u32> = OnceLock::new();
/// Pool of a forked process, with the id of this process.
static POOL: Mutex<Option<(u32, &'static ThreadPool)>> = Mutex::new(None);

/// Remembers the process that imported this module.
pub(crate) fn remember_process() {
    HOME.get_or_init(process::id);
}

/// Runs `work`, which may use rayon. In a process that was forked after the import, `work` runs in a pool of this
/// process: rayon's own pool waits forever for threads that only the parent has.
pub(crate) fn run<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    let now = process::id();
    if now == *HOME.get_or_init(process::id) {
        return work();
    }
    match pool_of(now) {
        Some(pool) => pool.install(work),
        None => work(),
    }
}

/// Pool of the process `id`, made at the first call; `None` if the system has no more threads. The pool of a parent is
/// left alone: its threads are not in this process, so that it cannot be ended here.
fn pool_of(id: u32) -> Option<&'static ThreadPool> {
    let mut pool = lock(&POOL);
    match *pool {
        Some((owner, pool)) if owner == id => Some(pool),
        _ => {
            let built = Box::leak(Box::new(rayon::ThreadPoolBuilder::new().build().ok()?));
            *pool = Some((id, built));
            Some(built)
        }
    }
}
