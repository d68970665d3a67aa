//! Signals that end the viewer, and job control: suspension by Ctrl-Z or SIGTSTP, continuation by `fg`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use freewheel_core::Result;
#[cfg(unix)]
use signal_hook::consts::{SIGCONT, SIGTSTP};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::low_level::emulate_default_handler;

use super::terminal::{failed, restore};

/// Time that the event loop has to end after a signal.
const GRACE: Duration = Duration::from_millis(500);

/// Signals that end the program.
#[cfg(unix)]
const ENDING: [i32; 3] = [SIGTERM, SIGINT, signal_hook::consts::SIGHUP];
/// Signals that end the program.
#[cfg(not(unix))]
const ENDING: [i32; 2] = [SIGTERM, SIGINT];

/// Handler of signals.
///
/// The event loop may not notice a signal: a policy may be computing, and crossterm never returns from a closed
/// terminal. A thread therefore restores the terminal and ends the program after the time [`GRACE`].
pub(super) struct Signals {
    received: Arc<AtomicI32>,
    suspend: Arc<AtomicBool>,
    continued: Arc<AtomicBool>,
    /// Thread that ends the program, if signals end it, and the handle by which the thread is ended.
    ending: Option<(signal_hook::iterator::Handle, JoinHandle<()>)>,
}

impl Signals {
    /// Starts to listen to suspension and continuation only: other signals are handled elsewhere.
    pub(super) fn listen_to_suspension() -> Result<Self> {
        let (suspend, continued) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        #[cfg(unix)]
        for (signal, flag) in [(SIGTSTP, &suspend), (SIGCONT, &continued)] {
            signal_hook::flag::register(signal, Arc::clone(flag)).map_err(failed)?;
        }
        Ok(Signals { received: Arc::new(AtomicI32::new(0)), suspend, continued, ending: None })
    }

    /// Starts to listen. `active` tells whether the terminal has to be restored.
    pub(super) fn listen(active: &Arc<AtomicBool>) -> Result<Self> {
        let mut signals = signal_hook::iterator::Signals::new(ENDING).map_err(failed)?;
        let mut all = Self::listen_to_suspension()?;
        let (received, handle) = (Arc::clone(&all.received), signals.handle());
        let (store, left, active) = (Arc::clone(&received), handle.clone(), Arc::clone(active));
        let body = move || {
            let Some(signal) = signals.forever().next() else { return };
            store.store(signal, Ordering::Relaxed);
            let then = Instant::now();
            while then.elapsed() < GRACE {
                if left.is_closed() {
                    return;
                }
                std::thread::sleep(Duration::from_millis(5));
            }
            restore(&active);
            let _ = emulate_default_handler(signal);
        };
        let thread = std::thread::Builder::new().name("signals".into()).spawn(body).map_err(failed)?;
        all.ending = Some((handle, thread));
        Ok(all)
    }

    /// Signal that ends the program, if there was one.
    pub(super) fn received(&self) -> Option<i32> {
        let signal = self.received.load(Ordering::Relaxed);
        (signal != 0).then_some(signal)
    }

    /// Asks for suspension, as SIGTSTP does.
    pub(super) fn request_suspend(&self) {
        self.suspend.store(cfg!(unix), Ordering::Relaxed);
    }

    /// Whether the program has to be suspended; true once for each request.
    pub(super) fn suspend_requested(&self) -> bool {
        self.suspend.swap(false, Ordering::Relaxed)
    }

    /// Stops the program until another one continues it.
    ///
    /// # Errors
    /// Errors of the operating system.
    pub(super) fn stop(&self) -> Result<()> {
        #[cfg(unix)]
        emulate_default_handler(SIGTSTP).map_err(failed)?;
        self.continued.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Whether the program was stopped and continued since the last call.
    pub(super) fn was_continued(&self) -> bool {
        self.continued.swap(false, Ordering::Relaxed)
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        if let Some((handle, thread)) = self.ending.take() {
            handle.close();
            let _ = thread.join();
        }
    }
}
