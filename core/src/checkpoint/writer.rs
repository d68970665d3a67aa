//! Saving while learning goes on.

use std::thread::{Builder, JoinHandle};

use crate::Result;

/// Writes to the disk on a thread of its own, one thing at a time.
///
/// An error is told by the next call. Dropping it waits, and tells nobody: call [`Writer::finish`] first.
#[derive(Debug, Default)]
pub struct Writer(Option<JoinHandle<Result<()>>>);

impl Writer {
    /// Waits until what was begun before is done, then lets `work`, such as a [`Store::save`](super::Store::save), be
    /// done in the background.
    ///
    /// # Errors
    /// Those of what was begun before; then `work` is not begun.
    pub fn begin(&mut self, work: impl FnOnce() -> Result<()> + Send + 'static) -> Result<()> {
        self.finish()?;
        let spawned = Builder::new().name("writer".into()).spawn(work);
        self.0 = Some(spawned.map_err(crate::Error::io("a thread to save on"))?);
        Ok(())
    }

    /// Waits until everything is written.
    ///
    /// # Errors
    /// Those of what was begun before.
    pub fn finish(&mut self) -> Result<()> {
        match self.0.take().map(JoinHandle::join) {
            None => Ok(()),
            Some(Ok(written)) => written,
            Some(Err(panic)) => std::panic::resume_unwind(panic),
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if let Some(at_work) = self.0.take() {
            let _ = at_work.join();
        }
    }
}
