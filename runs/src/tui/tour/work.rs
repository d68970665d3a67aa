//! Work in the background of a page: a thread that sends results, and a flag that ends it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::time::{Duration, Instant};

use freewheel_core::{Error, Result};

/// Side of the thread.
pub(super) struct Reporter<T> {
    sender: Sender<(f64, Option<T>)>,
    stop: Arc<AtomicBool>,
}

impl<T> Reporter<T> {
    /// Sends the share of the work that is done, 0 to 1, and a result; false if the work must end.
    pub(super) fn send(&self, share: f64, result: Option<T>) -> bool {
        self.sender.send((share, result)).is_ok() && !self.is_stopped()
    }

    /// Whether the work must end.
    pub(super) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// Side of the page. Dropping it ends the work.
pub(super) struct Work<T> {
    receiver: Receiver<(f64, Option<T>)>,
    failure: Receiver<Error>,
    stop: Arc<AtomicBool>,
    share: f64,
    started: Instant,
}

/// State of the work after a look at it.
pub(super) enum News<T> {
    /// Nothing new.
    Nothing,
    /// The share has changed.
    Progress,
    /// A result.
    Result(T),
    /// The thread has ended, with an error or without; its time.
    Ended(Option<Error>, Duration),
}

impl<T: Send + 'static> Work<T> {
    /// Starts `work` on a thread of its own.
    pub(super) fn start(work: impl FnOnce(&Reporter<T>) -> Result<()> + Send + 'static) -> Self {
        let (sender, receiver) = channel();
        let (failed, failure) = channel();
        let stop = Arc::new(AtomicBool::new(false));
        let reporter = Reporter { sender, stop: Arc::clone(&stop) };
        let run = move || {
            if let Err(error) = work(&reporter) {
                let _ = failed.send(error);
            }
        };
        // Without a thread, the channels are closed, and the work has ended.
        let _ = std::thread::Builder::new().name("tour".into()).spawn(run);
        Work { receiver, failure, stop, share: 0.0, started: Instant::now() }
    }

    /// Next news.
    pub(super) fn next(&mut self) -> News<T> {
        match self.receiver.try_recv() {
            Ok((share, result)) => {
                self.share = share;
                result.map_or(News::Progress, News::Result)
            }
            Err(TryRecvError::Empty) => News::Nothing,
            Err(TryRecvError::Disconnected) => {
                News::Ended(self.failure.try_recv().ok(), self.started.elapsed())
            }
        }
    }

    /// Share of the work that is done, 0 to 1.
    pub(super) fn share(&self) -> f64 {
        self.share
    }
}

impl<T> Drop for Work<T> {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_and_then_the_end() {
        let mut work = Work::start(|reporter| {
            reporter.send(0.5, Some(1));
            reporter.send(1.0, Some(2));
            Err(Error::Config("no more".into()))
        });
        let mut all = Vec::new();
        loop {
            match work.next() {
                News::Result(x) => all.push(x),
                News::Ended(error, _) => {
                    assert_eq!((all, work.share()), (vec![1, 2], 1.0));
                    return assert!(error.is_some());
                }
                News::Nothing | News::Progress => std::thread::sleep(Duration::from_millis(1)),
            }
        }
    }

    #[test]
    fn dropping_ends_the_work() {
        let (sender, receiver) = channel();
        let work = Work::<()>::start(move |reporter| {
            while !reporter.is_stopped() {
                std::thread::sleep(Duration::from_millis(1));
            }
            let _ = sender.send(());
            Ok(())
        });
        drop(work);
        receiver.recv_timeout(Duration::from_secs(10)).unwrap();
    }
}
