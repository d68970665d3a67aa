//! Openings of the episodes of a batch.

use super::chunk::BatchShape;
use super::{EpisodeClock, StreamSource};
use crate::{Action, ActionBuffer, Actions, Env, Opener, Opening, Player, Stream};

/// State of an episode that an opening changes.
pub(super) struct Opened<'a, E: Env> {
    pub(super) state: &'a mut E::State,
    pub(super) rng: &'a mut Stream,
    pub(super) clock: &'a mut EpisodeClock,
}

impl<E: Env> Opened<'_, E> {
    /// Makes the opening of the episode that has just started in environment `index`.
    #[cold]
    pub(super) fn open(
        self,
        env: &E,
        shape: &BatchShape,
        source: StreamSource,
        index: u64,
        opener: &dyn Opener,
    ) {
        let Opened { state, rng, clock } = self;
        let before = (state.clone(), rng.clone(), *clock);
        let made = match opener.opening(source.first + index, clock.episode) {
            Opening::None => return,
            Opening::Guided { policy, steps, rng: mut action_rng } => {
                let mut actions = ActionBuffer::for_spec(env.spec(), 1);
                let (mut obs, mut legal) = (vec![0.0; shape.d], vec![true; shape.a]);
                (0..steps).try_fold(0, |made, _| {
                    env.observe(state, &mut obs);
                    if shape.masked {
                        env.legal(state, &mut legal);
                    }
                    match policy.script() {
                        Some(script) => {
                            let action = env.scripted(script, state, &mut action_rng)?;
                            actions.set(0, action.as_actions()).ok()?;
                            policy.disturb(0, &legal, &mut action_rng, &mut actions);
                        }
                        None => {
                            policy.act(&obs, &legal, std::slice::from_mut(&mut action_rng), &mut actions);
                        }
                    }
                    step(env, shape, (&mut *state, &mut *rng, &mut *clock), actions.as_actions())?;
                    Some(made + 1)
                })
            }
            Opening::Recorded { stream, before, actions, steps } => {
                *rng = stream;
                *state = env.reset(rng);
                let all = (0..before.len()).filter_map(|t| before.get(t));
                let all = all.chain((0..steps as usize).filter_map(|t| actions.get(t)));
                all.into_iter().try_fold(0, |made, action| {
                    step(env, shape, (&mut *state, &mut *rng, &mut *clock), action)?;
                    Some(made + 1)
                })
            }
        };
        match made {
            Some(made) => opener.count(made),
            // The episode has ended, or an action was not legal.
            None => (*state, *rng, *clock) = before,
        }
    }
}

/// Makes one step; `None` for an action that is not legal, or if the episode is over.
fn step<E: Env>(
    env: &E,
    shape: &BatchShape,
    (state, rng, clock): (&mut E::State, &mut Stream, &mut EpisodeClock),
    action: Actions<'_>,
) -> Option<()> {
    let &[action] = E::Action::from_actions(action, 1)? else { return None };
    let mut legal = vec![true; shape.a];
    if shape.masked {
        env.legal(state, &mut legal);
    }
    if !action.is_allowed(&legal) {
        return None;
    }
    let mover = if env.spec().players == 2 { env.to_play(state) } else { Player::First };
    let made = env.step(state, action, rng);
    (!clock.advance(made, mover, shape.limits).is_over()).then_some(())
}
