//! Messages of work in the background to the viewer: policies of an agent that is being trained, new checkpoints of a
//! run, the reference of the world.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use freewheel_core::Policy;

/// Message of work in the background.
pub enum Update {
    /// A new policy with its name; it comes last in the list.
    Policy(String, Arc<dyn Policy>),
    /// Reference and baseline scores of the world.
    Scale {
        /// Reference score.
        reference: Option<f64>,
        /// Baseline score.
        baseline: Option<f64>,
    },
    /// State of the work.
    Progress(Progress),
    /// The work has ended. The text is a message for the user, such as the error that ended it.
    Done(Option<String>),
}

/// State of work in the background.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// The work, such as `training dqn`.
    pub what: String,
    /// Number of steps made, and of all steps; `None` for work of unknown length.
    pub steps: Option<(u64, u64)>,
    /// Time since the start of the work.
    pub elapsed: Duration,
}

impl Progress {
    /// Steps a second so far; `None` before the first step.
    pub(super) fn speed(&self) -> Option<f64> {
        let speed = self.steps?.0 as f64 / self.elapsed.as_secs_f64();
        (speed.is_finite() && speed > 0.0).then_some(speed)
    }

    /// Time left at the speed so far, s.
    pub(super) fn seconds_left(&self) -> Option<f64> {
        let (done, all) = self.steps?;
        Some(all.saturating_sub(done) as f64 / self.speed()?)
    }

    /// Share of the work that is done, 0 to 1.
    pub(super) fn share(&self) -> Option<f64> {
        let (done, all) = self.steps?;
        Some((done as f64 / all.max(1) as f64).min(1.0))
    }
}

/// Work in the background, as its thread has it: messages to the viewer, and the flag that ends the work.
#[derive(Clone)]
pub struct Reporter {
    sender: Sender<Update>,
    stop: Arc<AtomicBool>,
}

impl Reporter {
    /// Sends a message; false if the viewer has ended.
    pub fn send(&self, update: Update) -> bool {
        self.sender.send(update).is_ok()
    }

    /// Whether the work must end: the user has cancelled it, or the viewer has ended.
    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// Work in the background, as the viewer has it. Dropping it ends the work.
pub struct Background {
    receiver: Receiver<Update>,
    stop: Arc<AtomicBool>,
}

impl Background {
    /// Channel between the viewer and the thread of the work.
    pub fn channel() -> (Reporter, Background) {
        let (sender, receiver) = channel();
        let stop = Arc::new(AtomicBool::new(false));
        (Reporter { sender, stop: Arc::clone(&stop) }, Background { receiver, stop })
    }

    /// Next message; `None` if there is none.
    pub(super) fn next(&self) -> Option<Update> {
        self.receiver.try_recv().ok()
    }

    /// Asks the work to end.
    pub(super) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.stop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_follows_from_the_speed() {
        let progress = Progress {
            what: "training".into(),
            steps: Some((30_000, 120_000)),
            elapsed: Duration::from_secs(10),
        };
        assert_eq!(
            (progress.speed(), progress.seconds_left(), progress.share()),
            (Some(3000.0), Some(30.0), Some(0.25))
        );
        let start = Progress { elapsed: Duration::ZERO, steps: Some((0, 9)), ..progress };
        assert_eq!((start.speed(), start.seconds_left(), start.share()), (None, None, Some(0.0)));
    }

    #[test]
    fn the_end_of_the_viewer_ends_the_work() {
        let (reporter, background) = Background::channel();
        assert!(!reporter.is_stopped() && reporter.send(Update::Done(None)));
        assert!(background.next().is_some() && background.next().is_none());
        drop(background);
        assert!(reporter.is_stopped() && !reporter.send(Update::Done(None)));
    }
}
