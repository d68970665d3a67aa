//! Tree search of Gumbel AlphaZero: a root whose actions are drawn without replacement and halved in turn, and inner
//! nodes that follow the improved policy.
//!
//! ```text
//! sigma(q)  = (c_visit + max_b N(b)) c_scale q'           q' is q on the scale of 0 to 1
//! q_hat(a)  = Q(a) if N(a) > 0, else v_mix                (completed action values)
//! v_mix     = (v + N sum_b p(b) Q(b) / sum_b p(b)) / (1 + N)      over the visited b, N = sum_b N(b)
//! policy    = softmax(logits + sigma(q_hat))              (improved policy)
//! at a root:      argmax g + logits + sigma(q_hat) among the actions whose visits the schedule allows, g Gumbel noise
//! elsewhere:      argmax policy(a) - N(a) / (1 + N)
//! ```
//!
//! Danihelka et al. 2022, "Policy improvement by planning with Gumbel", <https://openreview.net/forum?id=bERaNdoegnO>.
//! Sequential halving: Karnin et al. 2013.
//!
//! A value belongs to the player to move, and changes its sign where the player changes. A terminated state is worth
//! 0; a truncated one is worth what the network says, and is not continued. A step that draws random numbers is drawn
//! anew at each visit, and equal results share a node; any other step is made once.

use freewheel_core::{Ending, Player, Simulator, Stream};

/// Number of different results of one random step; once there are so many, one of them is drawn.
const MAX_RESULTS: usize = 16;

/// Constants of a search.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Search {
    /// Simulations, n.
    pub simulations: u32,
    /// Actions that are considered at the root, at most.
    pub max_considered: u32,
    /// Offset of the visits in sigma.
    pub c_visit: f32,
    /// Factor of the values in sigma.
    pub c_scale: f32,
    /// Discount of the next value.
    pub gamma: f32,
    /// Scale of the values in sigma.
    pub scale: Scale,
    /// Gumbel noise at the root; without it the search is greedy.
    pub noise: bool,
}

/// Scale on which action values are compared with logits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scale {
    /// Values from -x to x become 0 to 1.
    Bound(f32),
    /// The values of one state, from the lowest to the highest, become 0 to 1; a difference below x counts as x, so
    /// that differences that mean nothing are not enlarged.
    Range(f32),
}

/// A search tree over the states of a [`Simulator`].
#[derive(Debug, Default)]
pub struct Tree {
    nodes: Vec<Node>,
    edges: Vec<Edge>,
    /// Gumbel noise of the edges of the root.
    gumbel: Vec<f32>,
    /// Number of visits of the actions that each simulation may visit at the root.
    schedule: Vec<u32>,
    /// Edges and results of the simulation in progress.
    path: Vec<(usize, usize)>,
}

#[derive(Debug)]
struct Node {
    /// Number of the state in the simulator.
    state: usize,
    player: Player,
    /// Whether the episode is over.
    over: bool,
    /// Whether the value is known.
    evaluated: bool,
    /// Value by the network, in rewards, for the player to move; 0 for a terminated state.
    value: f32,
    /// Legal actions.
    edges: std::ops::Range<usize>,
}

/// A legal action of a node.
#[derive(Debug)]
struct Edge {
    action: u32,
    logit: f32,
    prior: f32,
    visits: u32,
    /// Sum of the returns of the visits.
    sum: f32,
    /// Whether the step draws random numbers.
    is_random: bool,
    results: Vec<Outcome>,
}

/// Result of a step.
#[derive(Debug)]
struct Outcome {
    node: usize,
    reward: f32,
    /// Factor of the value of `node`: the discount, negative if the other player moves, 0 after a termination.
    factor: f32,
    count: u32,
}

impl Edge {
    /// Mean return; 0 without visits.
    fn q(&self) -> f32 {
        if self.visits > 0 { self.sum / self.visits as f32 } else { 0.0 }
    }
}

/// Decision of a search.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// Action to take.
    pub action: u32,
    /// Improved policy, `[A]`: the target of the policy network.
    pub policy: Vec<f32>,
    /// Value of the state under the improved policy, in rewards, for the player to move.
    pub value: f32,
    /// Visits of each action, `[A]`.
    pub visits: Vec<u32>,
}

/// Number of visits of the actions that each of `simulations` simulations may visit, by sequential halving among
/// `considered` actions: an action is visited only if it has exactly this many.
pub fn considered_visits(considered: u32, simulations: u32) -> Vec<u32> {
    if considered <= 1 {
        return (0..simulations).collect();
    }
    // Rounds of halving: the logarithm to base 2, rounded up.
    let rounds = u32::BITS - (considered - 1).leading_zeros();
    let (mut sequence, mut left, mut visits) = (Vec::new(), considered, 0);
    while sequence.len() < simulations as usize {
        let times = (simulations / (rounds * left)).max(1);
        for _ in 0..times {
            sequence.extend(std::iter::repeat_n(visits, left as usize));
            visits += 1;
        }
        left = (left / 2).max(2);
    }
    sequence.truncate(simulations as usize);
    sequence
}

/// Estimate of a state's value from the value `raw` of the network and the visited actions: pairs of prior probability
/// and action value, with `visits` visits in all. Weight 1 for `raw`, `visits` for the actions.
pub fn mixed_value(raw: f32, visited: impl Iterator<Item = (f32, f32)>, visits: u32) -> f32 {
    let (mut weights, mut weighted) = (0.0, 0.0);
    for (prior, q) in visited {
        let prior = prior.max(f32::MIN_POSITIVE);
        (weights, weighted) = (weights + prior, weighted + prior * q);
    }
    if visits == 0 || weights == 0.0 {
        return raw;
    }
    let n = visits as f32;
    (raw + n * weighted / weights) / (n + 1.0)
}

/// Replaces `logits` by their softmax.
fn softmax(logits: &mut [f32]) {
    let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    logits.iter_mut().for_each(|x| *x = (*x - max).exp());
    let sum: f32 = logits.iter().sum();
    logits.iter_mut().for_each(|x| *x /= sum);
}

/// First index of the largest number; 0 without numbers.
fn argmax(numbers: impl Iterator<Item = f32>) -> usize {
    let mut best = (f32::NEG_INFINITY, 0);
    for (i, x) in numbers.enumerate() {
        if x > best.0 {
            best = (x, i);
        }
    }
    best.1
}

impl Tree {
    /// Begins a search from state 0 of `simulator`, which is not the end of an episode, with the logits `[A]` and the
    /// mask
    /// `legal [A]` of the state, and its value by the network.
    pub fn begin(
        &mut self,
        search: &Search,
        simulator: &dyn Simulator,
        (logits, legal, value): (&[f32], &[bool], f32),
        rng: &mut Stream,
    ) {
        self.nodes.clear();
        self.edges.clear();
        self.nodes.push(Node::new(0, simulator.to_play(0), Ending::Running));
        self.expand(0, logits, legal, value);
        let n = self.edges.len();
        self.gumbel.clear();
        // -ln(-ln u) of a uniform u in (0, 1).
        let gumbel = |rng: &mut Stream| -(-((1.0 - rng.uniform()).ln())).max(f64::MIN_POSITIVE).ln() as f32;
        self.gumbel.extend((0..n).map(|_| if search.noise { gumbel(rng) } else { 0.0 }));
        self.schedule = considered_visits(search.max_considered.min(n as u32), search.simulations);
    }

    /// Follows the tree to a state that is new or the end of an episode; returns the node of a state that needs the
    /// network, for [`Tree::expand`].
    pub fn simulate(
        &mut self,
        search: &Search,
        simulator: &mut dyn Simulator,
        rng: &mut Stream,
    ) -> Option<usize> {
        self.path.clear();
        if self.edges.is_empty() {
            return None;
        }
        let mut node = 0;
        loop {
            let edge = if node == 0 { self.root_edge(search) } else { self.inner_edge(search, node) };
            let result = self.follow(search, node, edge, simulator, rng);
            self.path.push((edge, result));
            node = self.edges[edge].results[result].node;
            let Node { over, evaluated, .. } = self.nodes[node];
            match (evaluated, over || self.nodes[node].edges.is_empty()) {
                (false, _) => return Some(node),
                (true, true) => return None,
                (true, false) => {}
            }
        }
    }

    /// Number of the state of `node` in the simulator.
    pub fn state(&self, node: usize) -> usize {
        self.nodes[node].state
    }

    /// Sets the value by the network of `node`, and its actions from the logits `[A]` and the mask `legal [A]`; the
    /// end of an episode has no actions.
    pub fn expand(&mut self, node: usize, logits: &[f32], legal: &[bool], value: f32) {
        let first = self.edges.len();
        if !self.nodes[node].over {
            let actions = logits.iter().zip(legal).enumerate().filter(|(_, (_, legal))| **legal);
            let mut priors: Vec<f32> = actions.clone().map(|(_, (logit, _))| *logit).collect();
            softmax(&mut priors);
            self.edges.extend(actions.zip(priors).map(|((action, (&logit, _)), prior)| Edge {
                action: action as u32,
                logit,
                prior,
                visits: 0,
                sum: 0.0,
                is_random: false,
                results: Vec::new(),
            }));
        }
        let edges = first..self.edges.len();
        self.nodes[node] = Node { value, evaluated: true, edges, ..self.nodes[node] };
    }

    /// Adds the value of the last state of the simulation to all actions on the way to it.
    pub fn backward(&mut self) {
        let Some(&(edge, result)) = self.path.last() else { return };
        let mut value = self.nodes[self.edges[edge].results[result].node].value;
        for &(edge, result) in self.path.iter().rev() {
            let edge = &mut self.edges[edge];
            let Outcome { reward, factor, .. } = edge.results[result];
            value = reward + factor * value;
            edge.visits += 1;
            edge.sum += value;
        }
    }

    /// Decision after all simulations, among `num_actions` actions.
    pub fn decide(&self, search: &Search, num_actions: usize) -> Decision {
        let edges = &self.edges[self.nodes[0].edges.clone()];
        let (mut policy, mut visits) = (vec![0.0; num_actions], vec![0; num_actions]);
        let q = self.completed(0);
        let improved = self.improved(search, 0, &q);
        for (edge, p) in edges.iter().zip(&improved) {
            (policy[edge.action as usize], visits[edge.action as usize]) = (*p, edge.visits);
        }
        let value = improved.iter().zip(&q).map(|(p, q)| p * q).sum();
        Decision { action: self.best_action(search).unwrap_or(0), policy, value, visits }
    }

    /// The best of the most visited actions.
    fn best_action(&self, search: &Search) -> Option<u32> {
        let edges = &self.edges[self.nodes[0].edges.clone()];
        let most = edges.iter().map(|edge| edge.visits).max()?;
        edges.get(self.best_with(search, most)).map(|edge| edge.action)
    }

    /// Principal variation: the actions that the search expects, the decision first, at most `len`.
    pub fn variation(&self, search: &Search, len: usize) -> Vec<u32> {
        let mut actions: Vec<u32> = Vec::new();
        let mut node = 0;
        while actions.len() < len {
            let range = self.nodes[node].edges.clone();
            let best = match node {
                0 => self.best_action(search),
                // The most visited action, and the first of several.
                _ => range
                    .clone()
                    .reduce(|best, other| match self.edges[other].visits > self.edges[best].visits {
                        true => other,
                        false => best,
                    })
                    .filter(|&edge| self.edges[edge].visits > 0)
                    .map(|edge| self.edges[edge].action),
            };
            let Some(action) = best else { break };
            actions.push(action);
            let Some(edge) = self.edges[range].iter().find(|edge| edge.action == action) else { break };
            match edge.results.iter().max_by_key(|result| result.count) {
                Some(result) => node = result.node,
                None => break,
            }
        }
        actions
    }

    /// Completed action values of `node`, one for each legal action, in rewards.
    fn completed(&self, node: usize) -> Vec<f32> {
        let edges = &self.edges[self.nodes[node].edges.clone()];
        let visits = edges.iter().map(|edge| edge.visits).sum();
        let visited = edges.iter().filter(|edge| edge.visits > 0).map(|edge| (edge.prior, edge.q()));
        let mixed = mixed_value(self.nodes[node].value, visited, visits);
        edges.iter().map(|edge| if edge.visits > 0 { edge.q() } else { mixed }).collect()
    }

    /// Logits plus sigma of the completed action values `q` of `node`, one for each legal action.
    fn scores(&self, search: &Search, node: usize, q: &[f32]) -> Vec<f32> {
        let edges = &self.edges[self.nodes[node].edges.clone()];
        let most = edges.iter().map(|edge| edge.visits).max().unwrap_or(0);
        let factor = (search.c_visit + most as f32) * search.c_scale;
        let (low, width) = match search.scale {
            Scale::Bound(bound) => (-bound, 2.0 * bound),
            Scale::Range(least) => {
                let low = q.iter().copied().fold(f32::INFINITY, f32::min);
                (low, (q.iter().copied().fold(f32::NEG_INFINITY, f32::max) - low).max(least))
            }
        };
        let unit = |q: f32| (q - low) / width.max(1e-8);
        edges.iter().zip(q).map(|(edge, &q)| edge.logit + factor * unit(q)).collect()
    }

    /// Improved policy of `node`, one probability for each legal action.
    fn improved(&self, search: &Search, node: usize, q: &[f32]) -> Vec<f32> {
        let mut policy = self.scores(search, node, q);
        softmax(&mut policy);
        policy
    }

    /// Index of the best action of the root among those with `visits` visits.
    fn best_with(&self, search: &Search, visits: u32) -> usize {
        let edges = &self.edges[self.nodes[0].edges.clone()];
        let scores = self.scores(search, 0, &self.completed(0));
        let noisy = edges.iter().zip(scores.iter().zip(&self.gumbel));
        argmax(noisy.map(|(edge, (score, gumbel))| match edge.visits == visits {
            true => (score + gumbel).max(f32::MIN),
            false => f32::NEG_INFINITY,
        }))
    }

    /// Edge of the root that the schedule allows.
    fn root_edge(&self, search: &Search) -> usize {
        let range = self.nodes[0].edges.clone();
        let made: u32 = self.edges[range].iter().map(|edge| edge.visits).sum();
        self.best_with(search, self.schedule.get(made as usize).copied().unwrap_or(0))
    }

    /// Edge of an inner node, so that visits follow the improved policy.
    fn inner_edge(&self, search: &Search, node: usize) -> usize {
        let range = self.nodes[node].edges.clone();
        let edges = &self.edges[range.clone()];
        let policy = self.improved(search, node, &self.completed(node));
        let all: u32 = edges.iter().map(|edge| edge.visits).sum();
        let share = |edge: &Edge| edge.visits as f32 / (1.0 + all as f32);
        range.start + argmax(policy.iter().zip(edges).map(|(p, edge)| p - share(edge)))
    }

    /// Result of the step `edge` of `node`, by its position in the results of the edge.
    fn follow(
        &mut self,
        search: &Search,
        node: usize,
        edge: usize,
        simulator: &mut dyn Simulator,
        rng: &mut Stream,
    ) -> usize {
        let Edge { action, is_random, ref results, .. } = self.edges[edge];
        if !results.is_empty() && !is_random {
            return 0;
        }
        if results.len() >= MAX_RESULTS {
            let mut drawn = rng.below(results.iter().map(|result| result.count).sum());
            let found = results.iter().position(|result| match drawn < result.count {
                true => true,
                false => {
                    drawn -= result.count;
                    false
                }
            });
            return found.unwrap_or(0);
        }
        let before = rng.clone();
        let state = simulator.len();
        let step = simulator.step(self.nodes[node].state, action, rng);
        if *rng != before {
            self.edges[edge].is_random = true;
            let is_same = |result: &Outcome| {
                let other = &self.nodes[result.node];
                result.reward.to_bits() == step.reward.to_bits()
                    && other.over == step.ending.is_over()
                    && simulator.are_equal(other.state, state)
            };
            if let Some(same) = self.edges[edge].results.iter().position(is_same) {
                simulator.truncate(state);
                self.edges[edge].results[same].count += 1;
                return same;
            }
        }
        let player = simulator.to_play(state);
        let sign = if player == self.nodes[node].player { 1.0 } else { -1.0 };
        let factor = step.ending.discount() * search.gamma * sign;
        self.nodes.push(Node::new(state, player, step.ending));
        let results = &mut self.edges[edge].results;
        results.push(Outcome { node: self.nodes.len() - 1, reward: step.reward, factor, count: 1 });
        results.len() - 1
    }
}

impl Node {
    /// Node of `state`, whose value is known only if it is terminated.
    fn new(state: usize, player: Player, ending: Ending) -> Self {
        let evaluated = ending == Ending::Terminal;
        Node { state, player, over: ending.is_over(), evaluated, value: 0.0, edges: 0..0 }
    }
}

#[cfg(test)]
mod tests;
