//! Demonstrated steps as examples: of recorded observations, or of a replay, packed to one bit a number.

use std::sync::Arc;

use freewheel_core::demonstrations::{Demonstration, DemonstrationSet};
use freewheel_core::{Actions, DynWorld, Error, Purpose, Result, Streams, memory};
use rayon::prelude::*;

use crate::symmetries::Symmetries;

/// Number of episodes that are replayed before their steps are appended.
const EPISODES_PER_PART: usize = 256;

/// Steps of a replay, with observations of zeros and ones.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Packed {
    /// Numbers in an observation and in a mask (0 in a world without masks).
    widths: [usize; 2],
    /// Observation and mask of each step, one bit a number, `[T, words]`.
    bits: Vec<u64>,
    /// Actions, `[T]`.
    actions: Vec<u32>,
    /// First step of each episode, and T.
    starts: Vec<usize>,
}

/// Steps of one episode.
type Part = (Vec<u64>, Vec<u32>);

impl Packed {
    /// Steps of `set`, replayed in `world` up to the first action of each episode that is illegal there.
    ///
    /// # Errors
    /// [`Error::Config`] for an episode that cannot be replayed, or observations that are not zeros and ones.
    pub(super) fn replay(world: &dyn DynWorld, set: &DemonstrationSet) -> Result<Self> {
        let spec = world.spec();
        let mask = if spec.masked { spec.actions.count() } else { 0 };
        let mut packed = Packed { widths: [spec.observation.len(), mask], ..Packed::default() };
        let bytes = 8 * packed.words() as u128 * set.steps() as u128;
        memory::require(&format!("{} demonstrated steps", set.steps()), bytes)?;
        packed.bits.reserve(packed.words() * set.steps());
        packed.starts.push(0);
        for (part, episodes) in set.episodes.chunks(EPISODES_PER_PART).enumerate() {
            let parts: Vec<Part> = episodes
                .par_iter()
                .enumerate()
                .map(|(i, episode)| {
                    packed.pack(world, episode).map_err(|why| {
                        Error::Config(format!("episode {}: {why}", part * EPISODES_PER_PART + i))
                    })
                })
                .collect::<Result<_>>()?;
            for (bits, actions) in parts {
                packed.bits.extend(bits);
                packed.actions.extend(actions);
                packed.starts.push(packed.actions.len());
            }
        }
        match packed.actions.is_empty() {
            true => Err(Error::Config(format!("none of the demonstrated actions is legal in {}", spec.id))),
            false => Ok(packed),
        }
    }

    /// Words of a step.
    fn words(&self) -> usize {
        self.widths.iter().sum::<usize>().div_ceil(64)
    }

    fn pack(&self, world: &dyn DynWorld, episode: &Demonstration) -> Result<Part, String> {
        let (mut bits, mut actions, mut fault) = (Vec::new(), Vec::new(), None);
        episode.replay_each(world, |runner, action| {
            let Actions::Discrete(&[action]) = action else { return };
            let mut step = vec![0u64; self.words()];
            let mask = runner.legal().iter().take(self.widths[1]).map(|&legal| f32::from(u8::from(legal)));
            for (i, x) in runner.obs().iter().copied().chain(mask).enumerate() {
                if x == 1.0 {
                    step[i / 64] |= 1 << (i % 64);
                } else if x != 0.0 {
                    fault = Some(x);
                }
            }
            bits.extend(step);
            actions.push(action);
        })?;
        match fault {
            None => Ok((bits, actions)),
            Some(x) => Err(format!(
                "an observation has the number {x}; only those of zeros and ones are replayed for this agent: import \
                 without --actions-only"
            )),
        }
    }
}

/// Source of the examples.
enum Source {
    /// Recorded observations.
    Recorded(Arc<DemonstrationSet>),
    /// Packed observations of a replay.
    Packed(Arc<Packed>),
}

/// Examples to learn from, and examples of other episodes.
pub(super) struct Examples {
    source: Source,
    num_actions: usize,
    /// Episode and step of each example to learn from.
    pub(super) training: Vec<(u32, u32)>,
    /// Episode and step of the examples of held-out episodes.
    pub(super) held_out: Vec<(u32, u32)>,
}

impl Examples {
    /// Examples of the `set`, or of its replay `packed`; the share `held_out` of the episodes, drawn at random, is held
    /// out.
    pub(super) fn new(
        set: Arc<DemonstrationSet>,
        packed: Option<Arc<Packed>>,
        num_actions: usize,
        held_out: f64,
        streams: Streams,
    ) -> Self {
        let lengths: Vec<usize> = match &packed {
            Some(packed) => packed.starts.windows(2).map(|pair| pair[1] - pair[0]).collect(),
            None => set.episodes.iter().map(Demonstration::len).collect(),
        };
        let mut order: Vec<u32> = (0..lengths.len() as u32).collect();
        let mut rng = streams.stream(Purpose::Data, 0, 0);
        for i in (1..order.len()).rev() {
            order.swap(i, rng.below(i as u32 + 1) as usize);
        }
        let count = (held_out * order.len() as f64).round() as usize;
        let (out, kept) = order.split_at(count.min(order.len().saturating_sub(1)));
        let steps = |episodes: &[u32]| {
            let mut episodes = episodes.to_vec();
            episodes.sort_unstable();
            let of = |episode: u32| (0..lengths[episode as usize] as u32).map(move |step| (episode, step));
            episodes.into_iter().flat_map(of).collect::<Vec<_>>()
        };
        let (training, held_out) = (steps(kept), steps(out));
        let source = match packed {
            Some(packed) => Source::Packed(packed),
            None => Source::Recorded(set),
        };
        Examples { source, num_actions, training, held_out }
    }

    /// Writes the observation of an example to `obs [D]` and its mask to `legal [A]`, both transformed by `symmetry`;
    /// returns the transformed action.
    pub(super) fn write(
        &self,
        (episode, step): (u32, u32),
        symmetry: Option<(&Symmetries, usize)>,
        obs: &mut [f32],
        legal: &mut [bool],
    ) -> usize {
        let plane = |i: usize| symmetry.map_or(i, |(all, which)| all.plane(which, i));
        let place = |i: usize| symmetry.map_or(i, |(all, which)| all.action(which, i));
        match &self.source {
            Source::Recorded(set) => {
                let (episode, step) = (&set.episodes[episode as usize], step as usize);
                for (i, &x) in episode.observation(step).iter().enumerate() {
                    obs[plane(i)] = x;
                }
                legal.fill(true);
                for (i, &is_legal) in episode.mask(step).iter().enumerate() {
                    legal[place(i)] = is_legal;
                }
                match episode.actions.get(step) {
                    Some(Actions::Discrete(&[action])) => place(action as usize),
                    _ => 0,
                }
            }
            Source::Packed(packed) => {
                let row = packed.starts[episode as usize] + step as usize;
                let [width, masked] = packed.widths;
                obs.fill(0.0);
                legal.fill(masked == 0);
                for (word, &bits) in packed.bits[row * packed.words()..][..packed.words()].iter().enumerate()
                {
                    let mut rest = bits;
                    while rest != 0 {
                        let i = 64 * word + rest.trailing_zeros() as usize;
                        rest &= rest - 1;
                        match i.checked_sub(width) {
                            None => obs[plane(i)] = 1.0,
                            Some(action) => legal[place(action)] = true,
                        }
                    }
                }
                place(packed.actions[row] as usize)
            }
        }
    }

    /// At most `count` of the held-out examples, evenly spaced.
    pub(super) fn held_out_sample(&self, count: usize) -> Vec<(u32, u32)> {
        let all = self.held_out.len();
        let count = count.min(all);
        (0..count).map(|i| self.held_out[i * all / count]).collect()
    }

    /// Number of actions, A.
    pub(super) fn num_actions(&self) -> usize {
        self.num_actions
    }
}
