//! A finite world as a compact table: what a step looks up.
//!
//! An action is a die over a few *moves*; what a move does in a state is fixed. A slippery grid so needs one entry a
//! state and direction, not one a state, action and outcome. An entry is 32 bits: the next state in 24 and, in 8, the
//! number of its (reward, ending) pair.

use std::collections::HashMap;

use freewheel_core::{Step, Stream};

use super::fault::Fault;

/// The most states of a table: an `f32` counts so far, and so do 24 bits.
pub(super) const MAX_STATES: usize = 1 << 24;

const NEXT: u32 = (1 << 24) - 1;

/// One thing that may come of an action.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Landing {
    pub(super) next: u32,
    pub(super) reward: f64,
    pub(super) terminal: bool,
}

/// What an action may turn into: its moves with their probabilities, `[(probability, move)]`.
pub(super) type Die = Vec<(f64, u8)>;

/// The dice of all actions in every kind of state.
#[derive(Clone, Debug)]
pub(super) struct Dice {
    actions: usize,
    /// The most faces of any die.
    faces: usize,
    /// How many faces each die has, `[kinds, actions]`.
    counts: Vec<u8>,
    /// `[kinds, actions, faces]`.
    probabilities: Vec<f64>,
    /// How many bars of four each die has.
    bars: usize,
    /// Running sums of the probabilities in units of 2^-53: face i comes up while 53 random bits are below the i-th; what
    /// is left over is never passed. `[kinds, actions, bars]`.
    sums: Vec<[u64; 4]>,
    /// `[kinds, actions, faces]`.
    moves: Vec<u8>,
}

impl Dice {
    /// Dice given as `[kinds][actions]`.
    pub(super) fn new(kinds: &[Vec<Die>]) -> Self {
        let actions = kinds.first().map_or(0, Vec::len);
        let faces = kinds.iter().flatten().map(Vec::len).max().unwrap_or(1);
        let mut dice = Dice {
            actions,
            faces,
            counts: Vec::new(),
            probabilities: Vec::new(),
            bars: (faces - 1).div_ceil(4),
            sums: Vec::new(),
            moves: Vec::new(),
        };
        for die in kinds.iter().flatten() {
            dice.counts.push(die.len() as u8);
            let mut sum = 0.0;
            let mut sums = vec![[u64::MAX; 4]; dice.bars];
            for face in 0..faces {
                let (probability, mv) = die.get(face).copied().unwrap_or((0.0, 0));
                sum += probability;
                dice.probabilities.push(probability);
                // The last face never fails, whatever the rounding of the sum.
                if face + 1 < die.len() {
                    sums[face / 4][face % 4] = (sum * (1u64 << 53) as f64).ceil() as u64;
                }
                dice.moves.push(mv);
            }
            dice.sums.append(&mut sums);
        }
        dice
    }

    /// Dice with one face: action a is move a.
    pub(super) fn plain(actions: usize) -> Self {
        Dice::new(&[(0..actions).map(|a| vec![(1.0, a as u8)]).collect()])
    }

    #[inline(always)]
    fn roll(&self, kind: usize, action: usize, rng: &mut Stream) -> usize {
        let die = kind * self.actions + action;
        // The bits of `Stream::uniform`. Counting what they pass needs no branch that could be guessed wrong.
        let bits = rng.bits() >> 11;
        let sums = &self.sums[die * self.bars..(die + 1) * self.bars];
        let passed = sums.iter().flatten().filter(|sum| bits >= **sum).count();
        self.moves[die * self.faces + passed] as usize
    }

    fn faces(&self, kind: usize, action: usize) -> impl Iterator<Item = (f64, usize)> + '_ {
        let die = kind * self.actions + action;
        let at = die * self.faces;
        (at..at + self.counts[die] as usize).map(|face| (self.probabilities[face], self.moves[face] as usize))
    }
}

/// Every transition of a finite world.
pub(super) struct Table {
    states: usize,
    /// Moves a state has.
    moves: usize,
    /// `[states, moves]`.
    entries: Vec<u32>,
    /// What the upper bits of an entry mean, padded to 256 so that no index is out of bounds.
    steps: Box<[Step; 256]>,
    /// The exact rewards that `steps` rounds.
    rewards: Vec<f64>,
    dice: Dice,
    /// Which dice each state uses; empty where all use the first.
    kinds: Vec<u8>,
    /// Bit a of a state: whether action a is legal; empty where all are.
    legal: Vec<u16>,
}

impl Table {
    /// `land(s, m)` says what move `m` does in state `s`. `kinds` is empty or `[states]`.
    pub(super) fn new(
        states: usize,
        moves: usize,
        dice: Dice,
        kinds: Vec<u8>,
        mut land: impl FnMut(u32, usize) -> Landing,
    ) -> Result<Self, Fault> {
        let mut classes: HashMap<(u64, bool), u32> = HashMap::new();
        let mut steps = Box::new([Step::transition(0.0); 256]);
        let mut rewards = Vec::new();
        let mut entries = Vec::with_capacity(states * moves);
        for state in 0..states as u32 {
            for mv in 0..moves {
                let Landing { next, reward, terminal } = land(state, mv);
                let class = *classes.entry((reward.to_bits(), terminal)).or_insert(rewards.len() as u32);
                if class as usize == rewards.len() {
                    let slot = steps.get_mut(class as usize).ok_or(Fault::TooManyRewards)?;
                    *slot = match terminal {
                        true => Step::termination(reward as f32),
                        false => Step::transition(reward as f32),
                    };
                    rewards.push(reward);
                }
                entries.push(next & NEXT | class << 24);
            }
        }
        Ok(Table { states, moves, entries, steps, rewards, dice, kinds, legal: Vec::new() })
    }

    /// Makes some actions illegal: bit a of `legal[s]`, `[states]`.
    pub(super) fn with_mask(mut self, legal: Vec<u16>) -> Self {
        self.legal = legal;
        self
    }

    /// Makes actions illegal that surely change nothing. Where that would be all, all stay legal.
    pub(super) fn masking_idle(self) -> Self {
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
        self.dice.actions
    }

    pub(super) fn is_masked(&self) -> bool {
        !self.legal.is_empty()
    }

    /// Moves on from `state`.
    #[inline(always)]
    pub(super) fn step(&self, state: &mut u32, action: u32, rng: &mut Stream) -> Step {
        let at = *state as usize;
        let mv = if self.dice.faces == 1 {
            action as usize
        } else {
            let kind = self.kinds.get(at).copied().unwrap_or(0);
            self.dice.roll(kind as usize, action as usize, rng)
        };
        let entry = self.entries[at * self.moves + mv];
        *state = entry & NEXT;
        self.steps[(entry >> 24) as usize]
    }

    /// Whether `action` is legal in `state`.
    #[inline]
    pub(super) fn is_legal(&self, state: u32, action: usize) -> bool {
        self.legal.get(state as usize).is_none_or(|bits| bits >> action & 1 == 1)
    }

    /// Writes the mask of `state`, `[A]`.
    #[inline]
    pub(super) fn legal(&self, state: u32, out: &mut [bool]) {
        let bits = self.legal.get(state as usize).copied().unwrap_or(u16::MAX);
        for (action, legal) in out.iter_mut().enumerate() {
            *legal = bits >> action & 1 == 1;
        }
    }

    /// Everything that may come of `action` in `state`, with its probability; one landing may come twice.
    pub(super) fn outcomes(&self, state: u32, action: usize) -> impl Iterator<Item = (f64, Landing)> + '_ {
        let kind = self.kinds.get(state as usize).copied().unwrap_or(0);
        self.dice.faces(kind as usize, action).map(move |(probability, mv)| {
            let entry = self.entries[state as usize * self.moves + mv];
            let class = (entry >> 24) as usize;
            let terminal = self.steps[class].ending.is_over();
            (probability, Landing { next: entry & NEXT, reward: self.rewards[class], terminal })
        })
    }
}
