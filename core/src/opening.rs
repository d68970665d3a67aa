//! First steps of episodes that a vector environment makes before an agent acts: those of another policy, or recorded
//! ones.

use crate::record::RecordedActions;
use crate::{Policy, Stream};

/// Choice of the first steps of each episode of a vector environment.
///
/// ```
/// use std::sync::Arc;
///
/// use freewheel_core::*;
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/example/corridor.rs")); }
/// # use example::{AlwaysRight, corridor};
///
/// /// The first two steps are to the right.
/// struct ToTheMiddle;
///
/// impl Opener for ToTheMiddle {
///     fn opening(&self, index: u64, episode: u64) -> Opening<'_> {
///         let rng = Streams::new(0).stream(Purpose::Agent, index, episode);
///         Opening::Guided { policy: &AlwaysRight, steps: 2, rng }
///     }
/// }
///
/// let mut envs = corridor().shared().vector_env(1, Streams::new(0), Purpose::Environment, 0);
/// assert!(envs.set_opener(Arc::new(ToTheMiddle)));
/// (0..4).try_for_each(|_| envs.step(Actions::Discrete(&[1])))?;
/// // The first episode has no opening, because it began before; the second one begins in the middle.
/// assert_eq!(envs.view().obs, [2.0]);
/// # Ok::<(), Error>(())
/// ```
pub trait Opener: Send + Sync {
    /// Opening of the episode number `episode` of the environment `index`.
    fn opening(&self, index: u64, episode: u64) -> Opening<'_>;

    /// Tells the number of steps that an opening has made.
    fn count(&self, _steps: u32) {}
}

/// First steps of an episode. An episode that would end within its opening starts without one.
pub enum Opening<'a> {
    /// No steps: the agent acts from the start.
    None,
    /// Steps of another policy.
    Guided {
        /// The policy; it gets the observations of the world.
        policy: &'a dyn Policy,
        /// Number of steps.
        steps: u32,
        /// Random numbers of the policy.
        rng: Stream,
    },
    /// Steps of a recorded episode, from its own random stream, so that its states are met again.
    Recorded {
        /// Random stream of the recorded episode.
        stream: Stream,
        /// Actions before the first recorded observation.
        before: &'a RecordedActions,
        /// Actions.
        actions: &'a RecordedActions,
        /// Number of `actions` to make.
        steps: u32,
    },
}
