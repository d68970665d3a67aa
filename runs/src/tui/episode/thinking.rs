//! Steps that take long, such as moves of a tree search: made on a copy of the episode in a thread of their own, while
//! the viewer shows the present state.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use freewheel_core::{ActionBuffer, EpisodeRunner, Error, Insight, Policy, Result, Stream};

use super::{Episode, EpisodeStep};

/// Step that a thread makes. Dropping it drops the step; the thread ends by itself.
pub(in crate::tui) struct Thinking {
    made: Receiver<Result<MadeStep>>,
}

/// Step of the copied episode.
pub(in crate::tui) struct MadeStep {
    runner: Box<dyn EpisodeRunner>,
    /// Number of steps before this one.
    at: usize,
    step: EpisodeStep,
    source: (Stream, Vec<f32>),
    insight: Option<KnownInsight>,
}

/// Numbers of a policy about the state after a number of steps.
pub(super) struct KnownInsight {
    policy: Arc<dyn Policy>,
    at: usize,
    pub(super) insight: Option<Insight>,
}

impl KnownInsight {
    /// Whether these are the numbers of `policy` about the state after `at` steps.
    pub(super) fn is_of(&self, policy: &dyn Policy, at: usize) -> bool {
        self.at == at && std::ptr::addr_eq(&raw const *self.policy, policy)
    }
}

impl Thinking {
    /// The step, after waiting for it for at most `patience`; `None` if it is not yet made.
    pub(in crate::tui) fn wait(&self, patience: Duration) -> Option<Result<MadeStep>> {
        match self.made.recv_timeout(patience) {
            Ok(made) => Some(made),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => {
                Some(Err(Error::Config("the thread that makes a step has ended without it".into())))
            }
        }
    }
}

impl Episode {
    /// Begins to make the next step in a thread: with `action` of the user, or else with an action of `policy`, whose
    /// numbers about the state after it are computed, too. `None` if the step is known or recorded, there is nobody to
    /// make it, or the world's episodes cannot be copied.
    pub(in crate::tui) fn think(
        &self,
        policy: Option<Arc<dyn Policy>>,
        action: Option<ActionBuffer>,
    ) -> Option<Thinking> {
        let at = self.position();
        if self.has_next() || (policy.is_none() && action.is_none()) {
            return None;
        }
        let (mut runner, mut source) = (self.runner.fork()?, self.sources.get(at)?.clone());
        let (by_human, mut actions) = (action.is_some(), action.unwrap_or_else(|| self.actions.clone()));
        let (sender, made) = channel();
        let make = move || -> Result<MadeStep> {
            if let Some(policy) = policy.as_ref().filter(|_| !by_human) {
                runner.select_action(&**policy, &mut source.1, &mut source.0, &mut actions)?;
            }
            let mover = runner.to_play();
            let step = runner.step(actions.as_actions())?;
            let insight = policy.filter(|_| !step.ending.is_over()).map(|policy| {
                let insight = runner.insight(&*policy, &source.1, &source.0);
                KnownInsight { policy, at: at + 1, insight }
            });
            let step = EpisodeStep { action: actions, reward: step.reward, mover, by_human };
            Ok(MadeStep { runner, at, step, source, insight })
        };
        // The viewer may have dropped the step.
        let work = move || drop(sender.send(make()));
        std::thread::Builder::new().name("thinking".into()).spawn(work).ok()?;
        Some(Thinking { made })
    }

    /// Takes over the step of [`Episode::think`]. The position must be the one that it began in.
    pub(in crate::tui) fn take(&mut self, made: MadeStep) {
        (self.runner, self.insight) = (made.runner, made.insight);
        self.add_step(made.at, made.step, made.source);
    }
}
