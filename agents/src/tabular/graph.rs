//! Small worlds for tests, given as graphs: the transition of each state and action.

use std::sync::Arc;

use freewheel_core::{
    ActionBuffer, ActionSpace, Agent, Batch, Env, ManagedVectorEnv, ObservationSpace, PolicyMode, Purpose,
    Spec, Step, Stream, Streams, VectorEnv, World,
};

use crate::Budget;

/// Transition of a state and action.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edge {
    to: usize,
    reward: f32,
    terminal: bool,
    /// Standard deviation of the reward.
    noise: f32,
}

/// Transition to state `to`.
pub(crate) fn goes_to(to: usize, reward: f32) -> Edge {
    Edge { to, reward, terminal: false, noise: 0.0 }
}

/// Transition to state `to` that terminates the episode.
pub(crate) fn ends(to: usize, reward: f32) -> Edge {
    Edge { terminal: true, ..goes_to(to, reward) }
}

/// World of numbered states with A actions each; `None` is an illegal action. Episodes begin in state `start`.
pub(crate) struct Graph {
    spec: Spec,
    edges: Vec<Vec<Option<Edge>>>,
    start: usize,
    /// Probability that a random action replaces the selected one.
    slip: f64,
}

impl Graph {
    pub(crate) fn new(edges: Vec<Vec<Option<Edge>>>, start: usize) -> Self {
        let actions = edges[0].len();
        let spec = Spec {
            masked: edges.iter().flatten().any(Option::is_none),
            ..Spec::new(
                "test/graph",
                ObservationSpace::Discrete { n: edges.len() },
                ActionSpace::Discrete { names: (0..actions).map(|a| a.to_string()).collect() },
            )
        };
        Graph { spec, edges, start, slip: 0.0 }
    }

    pub(crate) fn with_limit(mut self, steps: u32) -> Self {
        self.spec.time_limit = Some(steps);
        self
    }

    pub(crate) fn with_slip(mut self, slip: f64) -> Self {
        self.slip = slip;
        self
    }

    /// Same world with continuous observations `[n % 12, n / 12]` of state n.
    pub(crate) fn with_box_observations(mut self) -> Self {
        self.spec.observation =
            ObservationSpace::Box { shape: vec![2], low: vec![0.0; 2], high: vec![256.0; 2] };
        self
    }

    /// Cliff walking (Sutton & Barto, Example 6.6): 4 x 12 cells, reward -1 per step; a step into the cliff has reward
    /// -100 and leads back to the start. Actions up, right, down, left.
    pub(crate) fn cliff() -> Self {
        let walk = |state: usize, action: usize| {
            let (x, y) = (state % 12, state / 12);
            let (x, y) = match action {
                0 => (x, y.saturating_sub(1)),
                1 => ((x + 1).min(11), y),
                2 => (x, (y + 1).min(3)),
                _ => (x.saturating_sub(1), y),
            };
            Some(match 12 * y + x {
                47 => ends(47, -1.0),
                37..=46 => goes_to(36, -100.0),
                to => goes_to(to, -1.0),
            })
        };
        Graph::new((0..48).map(|state| (0..4).map(|action| walk(state, action)).collect()).collect(), 36)
    }

    /// Maximization bias (Sutton & Barto, Example 6.7): in state A (0), right (0) terminates with reward 0, left (1)
    /// leads to state B (1); in B ten actions terminate with reward N(-0.1, 1).
    pub(crate) fn maximization_bias() -> Self {
        let mut a = vec![None; 10];
        (a[0], a[1]) = (Some(ends(2, 0.0)), Some(goes_to(1, 0.0)));
        let b = vec![Some(Edge { noise: 1.0, ..ends(2, -0.1) }); 10];
        Graph::new(vec![a, b, vec![Some(ends(2, 0.0)); 10]], 0)
    }

    /// Maze from a map: `S` start, `G` goal (reward 1, other rewards 0), `#` wall. Actions up, right, down, left.
    pub(crate) fn maze(map: &[&str]) -> Self {
        let (width, height) = (map[0].len(), map.len());
        let at = |x: usize, y: usize| map[y].as_bytes()[x];
        let walk = |state: usize, action: usize| {
            let (x, y) = (state % width, state / width);
            let (to_x, to_y) = match action {
                0 => (x, y.saturating_sub(1)),
                1 => ((x + 1).min(width - 1), y),
                2 => (x, (y + 1).min(height - 1)),
                _ => (x.saturating_sub(1), y),
            };
            Some(match at(to_x, to_y) {
                b'#' => goes_to(state, 0.0),
                b'G' => ends(to_y * width + to_x, 1.0),
                _ => goes_to(to_y * width + to_x, 0.0),
            })
        };
        let states = width * height;
        let start = (0..states).find(|s| at(s % width, s / width) == b'S').unwrap();
        let mut graph =
            Graph::new((0..states).map(|s| (0..4).map(|a| walk(s, a)).collect()).collect(), start);
        graph.spec.gamma = 0.95;
        graph
    }

    /// DeepSea (Osband et al. 2019) with `n` rows: only one of 2^n action sequences, always right (1), reaches the
    /// treasure of 1; a step to the right costs 0.01 / n, a step to the left (0) nothing.
    pub(crate) fn deep_sea(n: usize) -> Self {
        let mut edges = Vec::new();
        for row in 0..n {
            for column in 0..n {
                let go = |right: bool| {
                    let to = if right { (column + 1).min(n - 1) } else { column.saturating_sub(1) };
                    let reward = if right { -0.01 / n as f32 } else { 0.0 };
                    match (row + 1 == n, right && column + 1 == n) {
                        (true, true) => ends(0, 1.0),
                        (true, false) => ends(0, reward),
                        _ => goes_to((row + 1) * n + to, reward),
                    }
                };
                edges.push(vec![Some(go(false)), Some(go(true))]);
            }
        }
        Graph::new(edges, 0)
    }

    pub(crate) fn batch(self, num_envs: usize, seed: u64) -> Batch<Graph> {
        Batch::new(Arc::new(self), num_envs, Streams::new(seed), Purpose::Environment, 0)
    }

    pub(crate) fn spec(&self) -> &Spec {
        &self.spec
    }
}

impl Env for Graph {
    type State = usize;
    type Action = u32;

    fn spec(&self) -> &Spec {
        &self.spec
    }

    fn reset(&self, _: &mut Stream) -> usize {
        self.start
    }

    fn step(&self, state: &mut usize, action: u32, rng: &mut Stream) -> Step {
        let edges = &self.edges[*state];
        let slipped = self.slip > 0.0 && rng.chance(self.slip);
        let action = if slipped { rng.below(edges.len() as u32) } else { action };
        let Some(edge) = edges[action as usize] else { return Step::transition(0.0) };
        *state = edge.to;
        let reward =
            if edge.noise > 0.0 { edge.reward + edge.noise * rng.normal() as f32 } else { edge.reward };
        if edge.terminal { Step::termination(reward) } else { Step::transition(reward) }
    }

    fn observe(&self, state: &usize, out: &mut [f32]) {
        match out {
            [index] => *index = *state as f32,
            _ => (out[0], out[1]) = ((*state % 12) as f32 + 0.5, (*state / 12) as f32 + 0.5),
        }
    }

    fn legal(&self, state: &usize, out: &mut [bool]) {
        out.iter_mut().zip(&self.edges[*state]).for_each(|(out, edge)| *out = edge.is_some());
    }
}

impl World for Graph {}

/// Budget of `steps` in one environment.
pub(crate) fn one_env(steps: u64) -> Budget {
    Budget { steps, num_envs: 1 }
}

/// Returns of the first `episodes` episodes while `agent` learns.
pub(crate) fn returns(agent: &mut dyn Agent, envs: &mut dyn ManagedVectorEnv, episodes: usize) -> Vec<f64> {
    let mut all = Vec::new();
    while all.len() < episodes {
        agent.learn(envs, 100).unwrap();
        all.extend(envs.take_finished().iter().map(|finished| finished.score));
    }
    all.truncate(episodes);
    all
}

/// Return and length of one episode of the greedy policy, at most 1000 steps.
pub(crate) fn greedy_return(agent: &dyn Agent, graph: Graph) -> (f64, u32) {
    let (policy, mut batch) = (agent.policy(PolicyMode::Greedy), graph.batch(1, 99));
    let mut rngs = vec![Streams::new(99).stream(Purpose::EvaluationAction, 0, 0)];
    let mut actions = ActionBuffer::for_spec(batch.spec(), 1);
    batch.set_time_limit(1000);
    loop {
        policy.act(batch.view().obs, batch.view().legal, &mut rngs, &mut actions);
        batch.step(actions.as_actions()).unwrap();
        if let Some(finished) = batch.take_finished().first() {
            return (finished.score, finished.length);
        }
    }
}
