//! Searches of several games at once: the new leaves of all trees are evaluated in one forward pass.
//!
//! Each game has a tree, a simulator and a random stream of its own, so that the result depends neither on the number
//! of threads nor on the order of the games.

use freewheel_core::{Simulator, Stream};
use rayon::prelude::*;

use super::gumbel::{Search, Tree};

/// Numbers of all observations and masks of a simulation from which on the games are split over threads: entering rayon
/// costs about as much as the simulation of smaller ones.
const MIN_PARALLEL: usize = 2048;

/// Network of the leaves: writes logits and value in rewards, `[B, A + 1]`, of the observations `[B, D]`.
pub type Evaluate<'a> = dyn FnMut(&[f32], &mut Vec<f32>) + 'a;

/// One game.
struct Game<'a> {
    tree: Tree,
    simulator: &'a mut Box<dyn Simulator>,
    rng: &'a mut Stream,
    /// Node that needs the network.
    leaf: Option<usize>,
    /// Observation `[D]` and mask `[A]` of the leaf.
    obs: Vec<f32>,
    legal: Vec<bool>,
    /// Row of the leaf in the outputs of the network.
    row: usize,
}

impl Game<'_> {
    fn look(&mut self, state: usize) {
        self.simulator.observe(state, &mut self.obs);
        self.simulator.legal(state, &mut self.legal);
    }

    fn simulate(&mut self, search: &Search) {
        self.leaf = self.tree.simulate(search, &mut **self.simulator, self.rng);
        if let Some(leaf) = self.leaf {
            self.look(self.tree.state(leaf));
        }
    }

    /// Takes the outputs `[B, A + 1]` of the leaf into the tree.
    fn learn(&mut self, outputs: &[f32]) {
        if let Some(leaf) = self.leaf {
            let a = self.legal.len();
            let outputs = &outputs[self.row * (a + 1)..(self.row + 1) * (a + 1)];
            self.tree.expand(leaf, &outputs[..a], &self.legal, outputs[a]);
        }
        self.tree.backward();
    }
}

/// Calls `f` for each game.
fn each(games: &mut [Game<'_>], is_parallel: bool, f: impl Fn(&mut Game<'_>) + Sync) {
    match is_parallel {
        true => games.par_iter_mut().for_each(&f),
        false => games.iter_mut().for_each(f),
    }
}

/// Trees of the searches from state 0 of each of the `simulators [N]`, which are running, with the random streams
/// `rngs [N]`.
pub fn run(
    search: &Search,
    simulators: &mut [Box<dyn Simulator>],
    rngs: &mut [Stream],
    evaluate: &mut Evaluate<'_>,
) -> Vec<Tree> {
    let Some(spec) = simulators.first().map(|simulator| simulator.spec()) else { return Vec::new() };
    let (d, a) = (spec.observation.len(), spec.actions.count());
    let game = |(simulator, rng)| {
        let (obs, legal) = (vec![0.0; d], vec![false; a]);
        Game { tree: Tree::default(), simulator, rng, leaf: None, obs, legal, row: 0 }
    };
    let mut games: Vec<Game<'_>> = simulators.iter_mut().zip(rngs).map(game).collect();
    let is_parallel = games.len() > 1 && games.len() * (d + a) >= MIN_PARALLEL;
    let (mut obs, mut outputs) = (Vec::new(), Vec::new());

    each(&mut games, is_parallel, |game| game.look(0));
    games.iter().for_each(|game| obs.extend_from_slice(&game.obs));
    evaluate(&obs, &mut outputs);
    for (game, outputs) in games.iter_mut().zip(outputs.chunks_exact(a + 1)) {
        let root = (&outputs[..a], &game.legal[..], outputs[a]);
        game.tree.begin(search, &**game.simulator, root, game.rng);
    }
    for _ in 0..search.simulations {
        each(&mut games, is_parallel, |game| game.simulate(search));
        obs.clear();
        let leaves = games.iter_mut().filter(|game| game.leaf.is_some());
        for (row, game) in leaves.enumerate() {
            game.row = row;
            obs.extend_from_slice(&game.obs);
        }
        if !obs.is_empty() {
            evaluate(&obs, &mut outputs);
        }
        each(&mut games, is_parallel, |game| game.learn(&outputs));
    }
    games.into_iter().map(|game| game.tree).collect()
}
