//! Board of an experiment: state and progress of its jobs while they run. The threads that train write to it, and the
//! training dashboard reads it. Training only touches atomics here; a lock is taken for messages, and for a policy that
//! the dashboard has asked for.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use freewheel_core::{Policy, Result};

use crate::training::Outcome;

/// State of a job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum JobState {
    /// Not started yet.
    #[default]
    Waiting,
    /// In training or in its final evaluation.
    Learning,
    /// In training, and not better than the baseline. The dashboard finds this state in the metrics.
    Stalled,
    /// Interrupted and saved.
    Saved,
    /// Ended because a quantity became NaN or infinite.
    Diverged,
    /// Ended by an error.
    Failed,
    /// Finished.
    Done,
}

impl JobState {
    /// All states, in the order of their declaration.
    const ALL: [JobState; 7] = [
        JobState::Waiting,
        JobState::Learning,
        JobState::Stalled,
        JobState::Saved,
        JobState::Diverged,
        JobState::Failed,
        JobState::Done,
    ];

    /// Name of the state.
    pub fn name(self) -> &'static str {
        match self {
            JobState::Waiting => "waiting",
            JobState::Learning => "learning",
            JobState::Stalled => "stalled",
            JobState::Saved => "saved",
            JobState::Diverged => "diverged",
            JobState::Failed => "failed",
            JobState::Done => "done",
        }
    }

    /// Whether the job is in training.
    pub fn is_running(self) -> bool {
        matches!(self, JobState::Learning | JobState::Stalled)
    }

    /// Whether the job ends in this state.
    pub fn is_over(self) -> bool {
        matches!(self, JobState::Saved | JobState::Diverged | JobState::Failed | JobState::Done)
    }
}

/// Board of an experiment.
#[derive(Default)]
pub struct Board {
    /// Entries of the jobs, in the order of the experiment.
    pub jobs: Vec<Entry>,
    notes: Mutex<Vec<String>>,
}

impl Board {
    /// Board of `jobs` jobs that wait.
    pub fn new(jobs: usize) -> Self {
        Board { jobs: (0..jobs).map(|_| Entry::default()).collect(), notes: Mutex::default() }
    }

    /// Adds a message for the user.
    pub fn note(&self, text: &str) {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).push(text.to_owned());
    }

    /// Messages from number `from` on, the first one having the number 0.
    pub fn notes_from(&self, from: usize) -> Vec<String> {
        let notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        notes.get(from..).unwrap_or_default().to_vec()
    }
}

/// Entry of one job on the board.
#[derive(Default)]
pub struct Entry {
    /// Index of the state in [`JobState::ALL`].
    state: AtomicU8,
    /// Number of environment steps made, those of earlier calls of the program included.
    step: AtomicU64,
    /// Number of environment steps made by this call of the program.
    new_steps: AtomicU64,
    /// Requests of the user to the job.
    pub requests: Requests,
}

impl Entry {
    /// State of the job.
    pub fn state(&self) -> JobState {
        JobState::ALL[usize::from(self.state.load(Ordering::Relaxed)) % JobState::ALL.len()]
    }

    /// Number of environment steps made, and how many of them by this call of the program.
    pub fn steps(&self) -> (u64, u64) {
        (self.step.load(Ordering::Relaxed), self.new_steps.load(Ordering::Relaxed))
    }

    /// Sets the state.
    pub(crate) fn set(&self, state: JobState) {
        self.state.store(state as u8, Ordering::Relaxed);
    }

    /// Adds environment steps of this call.
    pub(crate) fn add(&self, steps: u64) {
        self.step.fetch_add(steps, Ordering::Relaxed);
        self.new_steps.fetch_add(steps, Ordering::Relaxed);
    }

    /// Adds environment steps of an earlier call.
    pub(crate) fn add_resumed(&self, steps: u64) {
        self.step.fetch_add(steps, Ordering::Relaxed);
    }

    /// Sets the state in which the job has ended.
    pub(crate) fn end(&self, outcome: &Result<Outcome>) {
        self.set(match outcome {
            Ok(Outcome::Done(_)) => JobState::Done,
            Ok(Outcome::Interrupted) => JobState::Saved,
            Ok(Outcome::Diverged(_)) => JobState::Diverged,
            Err(_) => JobState::Failed,
        });
    }
}

/// Requests to a job in training, which it answers after its current slice of steps, within about 100 ms.
#[derive(Default)]
pub struct Requests {
    checkpoint: AtomicBool,
    policy: AtomicBool,
    newest: Mutex<Option<(u64, Arc<dyn Policy>)>>,
}

impl Requests {
    /// Asks for a checkpoint now.
    pub fn ask_checkpoint(&self) {
        self.checkpoint.store(true, Ordering::Relaxed);
    }

    /// Asks for a copy of the present policy.
    pub fn ask_policy(&self) {
        self.policy.store(true, Ordering::Relaxed);
    }

    /// Takes the policy that was asked for, with the step of the job at which it was copied.
    pub fn take_policy(&self) -> Option<(u64, Arc<dyn Policy>)> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Whether a checkpoint was asked for since the last call.
    pub(crate) fn wants_checkpoint(&self) -> bool {
        self.checkpoint.swap(false, Ordering::Relaxed)
    }

    /// Whether a policy was asked for since the last call.
    pub(crate) fn wants_policy(&self) -> bool {
        self.policy.swap(false, Ordering::Relaxed)
    }

    /// Hands over the policy of the step `step`.
    pub(crate) fn hand_over(&self, step: u64, policy: Arc<dyn Policy>) {
        *self.newest.lock().unwrap_or_else(PoisonError::into_inner) = Some((step, policy));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_and_steps_survive_the_atomics() {
        let entry = Entry::default();
        for state in JobState::ALL {
            entry.set(state);
            assert_eq!(entry.state(), state);
        }
        entry.add_resumed(100);
        entry.add(20);
        assert_eq!(entry.steps(), (120, 20));
        entry.end(&Ok(Outcome::Diverged("loss".into())));
        assert_eq!(entry.state(), JobState::Diverged);
    }

    #[test]
    fn a_request_is_answered_once() {
        let requests = Requests::default();
        assert!(!requests.wants_checkpoint() && !requests.wants_policy());
        requests.ask_checkpoint();
        requests.ask_policy();
        assert!(requests.wants_checkpoint() && !requests.wants_checkpoint());
        assert!(requests.wants_policy() && !requests.wants_policy());
        requests.hand_over(7, Arc::new(freewheel_core::ScriptedPolicy(0)));
        assert_eq!(requests.take_policy().map(|(step, _)| step), Some(7));
        assert!(requests.take_policy().is_none());
    }

    #[test]
    fn notes_are_read_from_where_the_reader_is() {
        let board = Board::new(2);
        board.note("a");
        board.note("b");
        assert_eq!(board.notes_from(1), ["b"]);
        assert!(board.notes_from(2).is_empty() && board.notes_from(9).is_empty());
    }
}
