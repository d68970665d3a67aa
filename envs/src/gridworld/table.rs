//! Transition table of a finite world, with 4 bytes per entry.
//!
//! An action is a probability distribution over a few *moves*; the result of a move in a state is deterministic. A
//! slippery grid therefore needs one entry for each state and direction, not one for each state, action and outcome.
//! An entry has 32 bits: 24 for the next state and 8 for the number of its (reward, ending) pair.

use std::collections::HashMap;

use freewheel_core::{Step, Stream};

use super::error::MapErrorKind;

/// Maximum number of states: the range of 24 bits, and of exact integers in an `f32`.
pub(super) const MAX_STATES: usize = 1 << 24;

const NEXT_MASK: u32 = (1 << 24) - 1;

/// Result of a deterministic move.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Transition {
    pub(super) next: u32,
    pub(super) reward: f64,
    pub(super) terminal: bool,
}

/// Distribution over moves of one action in one kind of state: pairs of probability and number of the move.
pub(super) type MoveDistribution = Vec<(f64, u8)>;

/// Distributions over moves, for all actions in every kind of state.
#[derive(Clone, Debug)]
pub(super) struct MoveDistributions {
    actions: usize,
    /// Largest number of moves of any distribution.
    max_moves: usize,
    /// Number of moves of each distribution, `[kinds, actions]`.
    num_moves: Vec<u8>,
    /// Probability of each move, `[kinds, actions, max_moves]`; 0 in the padding.
    probabilities: Vec<f64>,
    /// Number of blocks of four thresholds of each distribution.
    blocks: usize,
    /// Cumulative probabilities in units of 2^-53, `[kinds, actions, blocks]`. Move i is sampled if i is the first
    /// index for which 53 random bits are below threshold i; unused thresholds are larger than any random value.
    thresholds: Vec<[u64; 4]>,
    /// Move numbers, `[kinds, actions, max_moves]`.
    moves: Vec<u8>,
}

impl MoveDistributions {
    /// Compact form of the distributions `kinds`, `[kinds][actions]`.
    pub(super) fn new(kinds: &[Vec<MoveDistribution>]) -> Self {
        let actions = kinds.first().map_or(0, Vec::len);
        let max_moves = kinds.iter().flatten().map(Vec::len).max().unwrap_or(1);
        let mut distributions = MoveDistributions {
            actions,
            max_moves,
            num_moves: Vec::new(),
            probabilities: Vec::new(),
            blocks: (max_moves - 1).div_ceil(4),
            thresholds: Vec::new(),
            moves: Vec::new(),
        };
        for distribution in kinds.iter().flatten() {
            distributions.num_moves.push(distribution.len() as u8);
            let mut sum = 0.0;
            let mut thresholds = vec![[u64::MAX; 4]; distributions.blocks];
            for index in 0..max_moves {
                let (probability, mv) = distribution.get(index).copied().unwrap_or((0.0, 0));
                sum += probability;
                distributions.probabilities.push(probability);
                // The last move has no threshold, so that rounding of the sum cannot skip it.
                if index + 1 < distribution.len() {
                    thresholds[index / 4][index % 4] = (sum * (1u64 << 53) as f64).ceil() as u64;
                }
                distributions.moves.push(mv);
            }
            distributions.thresholds.append(&mut thresholds);
        }
        distributions
    }

    /// Distributions of a deterministic world: action a is move a.
    pub(super) fn deterministic(actions: usize) -> Self {
        MoveDistributions::new(&[(0..actions).map(|a| vec![(1.0, a as u8)]).collect()])
    }

    #[inline(always)]
    fn sample(&self, kind: usize, action: usize, rng: &mut Stream) -> usize {
        let distribution = kind * self.actions + action;
        // Same bits as `Stream::uniform`. The sampled move is the number of thresholds that are not above the bits: a
        // count has no unpredictable branches.
        let bits = rng.bits() >> 11;
        let thresholds = &self.thresholds[distribution * self.blocks..(distribution + 1) * self.blocks];
        let drawn = thresholds.iter().flatten().filter(|threshold| bits >= **threshold).count();
        self.moves[distribution * self.max_moves + drawn] as usize
    }

    fn moves_of(&self, kind: usize, action: usize) -> impl Iterator<Item = (f64, usize)> + '_ {
        let distribution = kind * self.actions + action;
        let at = distribution * self.max_moves;
        (at..at + self.num_moves[distribution] as usize)
            .map(|index| (self.probabilities[index], self.moves[index] as usize))
    }
}

/// Every transition of a finite world.
pub(super) struct TransitionTable {
    states: usize,
    /// Number of moves in each state.
    moves: usize,
    /// Next state and number of the (reward, ending) pair, `[states, moves]`.
    entries: Vec<u32>,
    /// Step result of each (reward, ending) pair, padded to 256 entries so that no index is out of bounds.
    steps: Box<[Step; 256]>,
    /// Exact rewards of `steps`, before rounding to `f32`.
    rewards: Vec<f64>,
    distributions: MoveDistributions,
    /// Kind of each state; empty if all states are of kind 0.
    kinds: Vec<u8>,
    /// Mask of each state: bit a is set if action a is legal; empty if all actions are legal in all states.
    legal: Vec<u16>,
}

impl TransitionTable {
    /// Table with the result `transition(state, move)` of every move. `kinds` has the kind of each state, or is empty.
    ///
    /// # Errors
    /// [`MapErrorKind::TooManyRewards`] for more than 256 different (reward, ending) pairs.
    pub(super) fn new(
        states: usize,
        moves: usize,
        distributions: MoveDistributions,
        kinds: Vec<u8>,
        mut transition: impl FnMut(u32, usize) -> Transition,
    ) -> Result<Self, MapErrorKind> {
        let mut pairs: HashMap<(u64, bool), u32> = HashMap::new();
        let mut steps = Box::new([Step::transition(0.0); 256]);
        let mut rewards = Vec::new();
        let mut entries = Vec::with_capacity(states * moves);
        for state in 0..states as u32 {
            for mv in 0..moves {
                let Transition { next, reward, terminal } = transition(state, mv);
                let pair = *pairs.entry((reward.to_bits(), terminal)).or_insert(rewards.len() as u32);
                if pair as usize == rewards.len() {
                    let slot = steps.get_mut(pair as usize).ok_or(MapErrorKind::TooManyRewards)?;
                    *slot = match terminal {
                        true => Step::termination(reward as f32),
                        false => Step::transition(reward as f32),
                    };
                    rewards.push(reward);
                }
                entries.push(next & NEXT_MASK | pair << 24);
            }
        }
        Ok(TransitionTable {
            states,
            moves,
            entries,
            steps,
            rewards,
            distributions,
            kinds,
            legal: Vec::new(),
        })
    }

    /// Same table with a mask `legal` `[states]`: bit a of `legal[s]` is set if action a is legal in state s.
    pub(super) fn with_mask(mut self, legal: Vec<u16>) -> Self {
        self.legal = legal;
        self
    }

    /// Same table with a mask: actions that cannot change the state are illegal. If no action can change a state, all
    /// actions are legal in that state.
    pub(super) fn mask_idle_actions(self) -> Self {
        let all = u16::MAX >> (16 - self.actions());
        let mask = |state: u32| {
            let idle = |a: usize| self.outcomes(state, a).all(|(_, o)| o.next == state && !o.terminal);
            let legal = (0..self.actions()).filter(|&a| !idle(a)).fold(0, |bits, a| bits | 1 << a);
            if legal == 0 { all } else { legal }
        };
        let legal = (0..self.states as u32).map(mask).collect();
        self.with_mask(legal)
    }

    pub(super) fn states(&self) -> usize {
        self.states
    }

    pub(super) fn actions(&self) -> usize {
        self.distributions.actions
    }

    pub(super) fn is_masked(&self) -> bool {
        !self.legal.is_empty()
    }

    /// Samples the outcome of `action` in `state`, and updates `state`.
    #[inline(always)]
    pub(super) fn step(&self, state: &mut u32, action: u32, rng: &mut Stream) -> Step {
        let at = *state as usize;
        let mv = if self.distributions.max_moves == 1 {
            action as usize
        } else {
            let kind = self.kinds.get(at).copied().unwrap_or(0);
            self.distributions.sample(kind as usize, action as usize, rng)
        };
        let entry = self.entries[at * self.moves + mv];
        *state = entry & NEXT_MASK;
        self.steps[(entry >> 24) as usize]
    }

    /// Whether `action` is legal in `state`.
    #[inline]
    pub(super) fn is_legal(&self, state: u32, action: usize) -> bool {
        self.legal.get(state as usize).is_none_or(|bits| bits >> action & 1 == 1)
    }

    /// Writes the mask of legal actions in `state`, `[A]`, to `out`.
    #[inline]
    pub(super) fn legal(&self, state: u32, out: &mut [bool]) {
        let bits = self.legal.get(state as usize).copied().unwrap_or(u16::MAX);
        for (action, legal) in out.iter_mut().enumerate() {
            *legal = bits >> action & 1 == 1;
        }
    }

    /// Outcomes of `action` in `state`, with their probabilities; the same outcome may be listed twice.
    pub(super) fn outcomes(&self, state: u32, action: usize) -> impl Iterator<Item = (f64, Transition)> + '_ {
        let kind = self.kinds.get(state as usize).copied().unwrap_or(0);
        self.distributions.moves_of(kind as usize, action).map(move |(probability, mv)| {
            let entry = self.entries[state as usize * self.moves + mv];
            let pair = (entry >> 24) as usize;
            let terminal = self.steps[pair].ending.is_over();
            (probability, Transition { next: entry & NEXT_MASK, reward: self.rewards[pair], terminal })
        })
    }
}
