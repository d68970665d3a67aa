//! [`Simulator`]: simulated continuations of an episode, for planners.

use std::sync::Arc;

use crate::batch::EpisodeLimits;
use crate::{Action, Actions, Ending, Env, Player, Spec, Step, Stream};

/// Simulated continuations of an episode: states with numbers, of which number 0 is the state to plan from. The random
/// numbers of the episode itself are not part of it, so that a planner cannot foresee them.
///
/// ```
/// use freewheel_core::*;
/// # mod example { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/example/corridor.rs")); }
/// # use example::corridor;
///
/// let envs = corridor().shared().vector_env(1, Streams::new(0), Purpose::Environment, 0);
/// let mut simulator = envs.simulator(0).unwrap();
/// let mut rng = Streams::new(0).stream(Purpose::Agent, 0, 0);
/// // Number 1 is the state after a step to the right, number 2 that after another one.
/// assert_eq!(simulator.step(0, 1, &mut rng), Step::transition(0.0));
/// assert_eq!(simulator.step(1, 1, &mut rng), Step::transition(0.0));
/// let mut obs = [0.0];
/// simulator.observe(2, &mut obs);
/// assert_eq!((obs, simulator.len()), ([2.0], 3));
/// // The episode itself has not moved.
/// assert_eq!(envs.view().obs, [0.0]);
/// ```
pub trait Simulator: Send {
    /// Static description of the world.
    fn spec(&self) -> &Spec;
    /// Number of states; at least 1.
    fn len(&self) -> usize;
    /// Whether there are no states: never, because number 0 stays.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Copies state `from`, advances the copy by `action` with random numbers from `rng`, and applies the time limit.
    /// The new state gets the number [`Simulator::len`]. The caller has checked that the action is legal.
    fn step(&mut self, from: usize, action: u32, rng: &mut Stream) -> Step;
    /// Forgets all states but the first `len`; number 0 stays.
    fn truncate(&mut self, len: usize);
    /// Writes the observation of the player to move in `state` into `out`, `[D]`.
    fn observe(&self, state: usize, out: &mut [f32]);
    /// Writes the mask of legal actions of `state` into `out`, `[A]`.
    fn legal(&self, state: usize, out: &mut [bool]);
    /// Player to move in `state`.
    fn to_play(&self, state: usize) -> Player;
    /// Whether two states are equal, the number of steps included.
    fn are_equal(&self, a: usize, b: usize) -> bool;
}

/// A [`Simulator`] over the rules of a world with discrete actions.
pub struct EnvSimulator<E: Env> {
    env: Arc<E>,
    time_limit: u32,
    /// States, each with the number of steps of the episode before it.
    states: Vec<(E::State, u32)>,
}

impl<E: Env> EnvSimulator<E> {
    /// Simulator of `state`, from which the time limit of the world counts; `None` for continuous actions.
    pub fn new(env: Arc<E>, state: E::State) -> Option<Self> {
        let limits = EpisodeLimits::of(env.spec());
        EnvSimulator::after(env, state, 0, limits)
    }

    /// Simulator of `state` after `length` steps of an episode with these `limits`.
    pub(crate) fn after(env: Arc<E>, state: E::State, length: u32, limits: EpisodeLimits) -> Option<Self> {
        let discrete = env.spec().actions.count() > 0;
        discrete.then(|| EnvSimulator { env, time_limit: limits.time_limit(), states: vec![(state, length)] })
    }
}

impl<E: Env + 'static> Simulator for EnvSimulator<E> {
    fn spec(&self) -> &Spec {
        self.env.spec()
    }

    fn len(&self) -> usize {
        self.states.len()
    }

    fn step(&mut self, from: usize, action: u32, rng: &mut Stream) -> Step {
        let (mut state, length) = self.states[from].clone();
        let step = match E::Action::from_actions(Actions::Discrete(&[action]), 1) {
            Some(&[action]) => self.env.step(&mut state, action, rng),
            // Not for discrete actions, which `after` has checked.
            _ => Step::truncation(0.0),
        };
        let length = length.saturating_add(1);
        self.states.push((state, length));
        let cut = step.ending == Ending::Running && length >= self.time_limit;
        Step { ending: if cut { Ending::Truncated } else { step.ending }, ..step }
    }

    fn truncate(&mut self, len: usize) {
        self.states.truncate(len.max(1));
    }

    fn observe(&self, state: usize, out: &mut [f32]) {
        self.env.observe(&self.states[state].0, out);
    }

    fn legal(&self, state: usize, out: &mut [bool]) {
        match self.env.spec().masked {
            true => self.env.legal(&self.states[state].0, out),
            false => out.fill(true),
        }
    }

    fn to_play(&self, state: usize) -> Player {
        match self.env.spec().players {
            2 => self.env.to_play(&self.states[state].0),
            _ => Player::First,
        }
    }

    fn are_equal(&self, a: usize, b: usize) -> bool {
        let bytes = |state: usize| postcard::to_stdvec(&self.states[state]).ok();
        a == b || bytes(a).is_some_and(|a| Some(a) == bytes(b))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Batch, ManagedVectorEnv, Purpose, Streams, VectorEnv};

    /// Walk on the integers: action 1 goes right, action 0 stays or goes left with equal probability; ends at 3.
    struct Walk(Spec);

    impl Env for Walk {
        type State = i32;
        type Action = u32;

        fn spec(&self) -> &Spec {
            &self.0
        }

        fn reset(&self, _: &mut Stream) -> i32 {
            0
        }

        fn step(&self, state: &mut i32, action: u32, rng: &mut Stream) -> Step {
            *state += if action == 1 { 1 } else { -i32::from(rng.chance(0.5)) };
            if *state == 3 { Step::termination(1.0) } else { Step::transition(0.0) }
        }

        fn observe(&self, state: &i32, out: &mut [f32]) {
            out[0] = *state as f32;
        }
    }

    fn batch() -> Batch<Walk> {
        let spec = Spec { time_limit: Some(4), ..Spec::discrete("test/walk", 9, &["stay", "right"]) };
        Batch::new(Arc::new(Walk(spec)), 1, Streams::new(0), Purpose::Environment, 0)
    }

    #[test]
    fn states_branch_and_the_time_limit_counts_from_the_start_of_the_episode() {
        let mut batch = batch();
        batch.advance(&[1]).unwrap();
        batch.set_time_limit(3);
        let (mut simulator, mut rng) =
            (batch.simulator(0).unwrap(), Streams::new(1).stream(Purpose::Agent, 0, 0));
        let before = rng.clone();
        assert_eq!(simulator.step(0, 1, &mut rng), Step::transition(0.0));
        assert!(rng == before, "a step to the right draws no random number");
        assert_eq!(simulator.step(1, 1, &mut rng), Step::termination(1.0));
        assert_eq!(simulator.step(1, 0, &mut rng).ending, Ending::Truncated);
        assert_eq!(simulator.len(), 4);
        // Equal places after another number of steps are different states.
        assert!(simulator.are_equal(2, 2) && !simulator.are_equal(0, 1));
        simulator.truncate(1);
        assert!(simulator.step(0, 1, &mut rng) == Step::transition(0.0) && simulator.len() == 2);
        assert_eq!(batch.states(), [1]);
    }
}
