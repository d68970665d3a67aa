//! Tests of the deep agents: in worlds with known optimum, resumed runs, diverging runs.

use std::sync::Arc;

use freewheel_core::{
    ActionBuffer, ActionSpace, Agent, Batch, Env, Error, ManagedVectorEnv, ObservationSpace, PolicyMode,
    Purpose, Spec, Step, Stream, Streams,
};
use proptest::prelude::*;

use crate::tabular::graph::{Graph, greedy_return};
use crate::tabular::tests::two_players::{FIRST, action_value, take_away};
use crate::{AgentFactory, Budget, all};

mod distributed;
mod forged;
mod insight;
pub(crate) mod recall;

const DEEP: [&str; 6] = ["dqn", "recurrent-dqn", "reinforce", "a2c", "ppo", "recurrent-ppo"];

/// The deep agents and the planning one.
fn with_planning() -> impl Iterator<Item = &'static str> {
    DEEP.into_iter().chain(["alphazero"])
}

fn factory(id: &str) -> Box<dyn AgentFactory> {
    all().into_iter().find(|factory| factory.id() == id).unwrap()
}

fn build(id: &str, spec: &Spec, settings: &str, budget: Budget, seed: u64) -> Box<dyn Agent> {
    factory(id).build(spec, &settings.parse().unwrap(), budget, Streams::new(seed)).unwrap()
}

/// Settings of small networks with frequent updates.
pub(crate) fn settings(id: &str, variant: usize) -> &'static str {
    match (id, variant) {
        ("dqn", 0) => {
            "hidden_sizes = [8]\nbuffer_size = 60\nlearning_starts = 10\nbatch_size = 8\n\
             train_freq = 3\ntarget_update_interval = 20\nprioritized = true\nn_step = 3"
        }
        ("dqn", 1) => {
            "hidden_sizes = [8]\nbuffer_size = 500\nlearning_starts = 20\nbatch_size = 4\n\
             train_freq = 1\ntau = 0.1\ntarget_update_interval = 5\ndueling = true\n\
             noisy = true\nquantiles = 3\nhuber_delta = 1\nlayer_norm = true"
        }
        ("dqn", _) => {
            "hidden_sizes = []\nbuffer_size = 100\nlearning_starts = 10\nbatch_size = 4\n\
             double = false\nrepeat_random = true\noptimizer = { kind = 'rmsprop' }\n\
             normalize_observations = true"
        }
        ("recurrent-dqn", 0) => {
            "hidden_sizes = [8]\ngru_units = 5\nbuffer_size = 60\nlearning_starts = 10\nbatch_size = 3\n\
             sequence_length = 6\nburn_in = 2\ntrain_freq = 3\ntarget_update_interval = 20"
        }
        ("recurrent-dqn", 1) => {
            "hidden_sizes = [8]\ngru_units = 4\nbuffer_size = 500\nlearning_starts = 20\nbatch_size = 20\n\
             sequence_length = 5\nburn_in = 0\ntrain_freq = 9\ntau = 0.1\nhuber_delta = 1\nlayer_norm = true"
        }
        ("recurrent-dqn", _) => {
            "hidden_sizes = []\ngru_units = 4\nbuffer_size = 100\nlearning_starts = 0\nbatch_size = 2\n\
             sequence_length = 1\nburn_in = 0\ndouble = false\noptimizer = { kind = 'rmsprop' }\n\
             normalize_observations = true"
        }
        ("alphazero", 0) => {
            "hidden_sizes = [8]\nsimulations = 5\nbuffer_size = 40\nlearning_starts = 10\nbatch_size = 8\n\
             train_freq = 3\nn_step = 3"
        }
        ("alphazero", 1) => {
            "hidden_sizes = [8]\nsimulations = 3\nmax_considered_actions = 2\nbuffer_size = 500\n\
             learning_starts = 20\nbatch_size = 4\ntrain_freq = 1\nnormalize_observations = true"
        }
        ("alphazero", _) => {
            "hidden_sizes = []\nsimulations = 2\nbuffer_size = 100\nlearning_starts = 0\nbatch_size = 4\n\
             gradient_steps = 2\nc_scale = 1\noptimizer = { kind = 'rmsprop' }"
        }
        ("reinforce", 0) => "hidden_sizes = [8]\nnum_episodes = 3",
        ("reinforce", _) => {
            "hidden_sizes = [8]\nnum_episodes = 1\nbaseline = false\nnormalize_rewards = true"
        }
        ("a2c", 0) => "hidden_sizes = [8]\nnum_steps = 5\nent_coef = { from = 0.1, to = 0 }",
        ("a2c", _) => {
            "hidden_sizes = [8]\nnum_steps = 7\nshared_network = true\nnormalize_observations = true"
        }
        ("sac" | "td3", 0) => {
            "hidden_sizes = [8]\nbuffer_size = 60\nlearning_starts = 10\nbatch_size = 8\n\
             train_freq = 3\ngradient_steps = 2\nn_step = 3"
        }
        ("sac", 1) => {
            "hidden_sizes = [8]\nbuffer_size = 500\nlearning_starts = 20\nbatch_size = 4\n\
             autotune = false\nent_coef = 0.1\nnormalize_rewards = false\nstorage = 'u8'"
        }
        ("td3", 1) => {
            "hidden_sizes = [8]\nbuffer_size = 500\nlearning_starts = 20\nbatch_size = 4\n\
             policy_delay = 3\nexploration_noise = 0\nnormalize_rewards = false\nstorage = 'u8'"
        }
        ("sac" | "td3", _) => {
            "hidden_sizes = []\nbuffer_size = 100\nlearning_starts = 0\nbatch_size = 4\n\
             optimizer = { kind = 'rmsprop' }\nnormalize_observations = false\nmax_grad_norm = 1"
        }
        ("recurrent-ppo", 0) => {
            "hidden_sizes = [8]\ngru_units = 5\nnum_steps = 16\nsequence_length = 4\nminibatch_size = 12\n\
             num_epochs = 2\ncount_bonus = { from = 0.5, to = 0 }"
        }
        ("recurrent-ppo", _) => {
            "hidden_sizes = []\ngru_units = 4\nnum_steps = 9\nsequence_length = 9\nminibatch_size = 9\n\
             shared_network = true\ntarget_kl = 0.001\noptimizer = { kind = 'sgd', momentum = 0.5 }"
        }
        (_, 0) => {
            "hidden_sizes = [8]\nnum_steps = 16\nminibatch_size = 10\nnum_epochs = 2\n\
             normalize_rewards = true\ncount_bonus = 0.5"
        }
        (_, _) => {
            "hidden_sizes = [8]\nnum_steps = 9\nminibatch_size = 8\ntarget_kl = 0.001\n\
             clip_range_vf = 0.2\nnormalize_observations = true\n\
             optimizer = { kind = 'sgd', momentum = 0.5 }"
        }
    }
}

/// The observation is a number x; the reward is the negative squared distance of the two actions from x and -x / 2.
pub(crate) struct TrackTarget(Spec);

pub(crate) fn track_target(squash: bool) -> Arc<TrackTarget> {
    let names = vec!["same".into(), "opposite".into()];
    let actions = ActionSpace::Continuous {
        names,
        low: vec![-1.0, -3.0],
        high: vec![1.0, if squash { 3.0 } else { 1.0 }],
    };
    let spec = Spec::new("test/track", ObservationSpace::vector(&[(-1.0, 1.0)]), actions);
    Arc::new(TrackTarget(Spec { time_limit: Some(8), ..spec }))
}

impl Env for TrackTarget {
    type State = f32;
    type Action = [f32; 2];

    fn spec(&self) -> &Spec {
        &self.0
    }

    fn reset(&self, rng: &mut Stream) -> f32 {
        1.6 * rng.uniform() as f32 - 0.8
    }

    fn step(&self, state: &mut f32, [same, opposite]: [f32; 2], rng: &mut Stream) -> Step {
        let reward = -(same - *state).powi(2) - (opposite + 0.5 * *state).powi(2);
        *state = self.reset(rng);
        Step::transition(reward)
    }

    fn observe(&self, state: &f32, out: &mut [f32]) {
        out[0] = *state;
    }
}

pub(crate) fn world(kind: usize, num_envs: usize, seed: u64) -> Box<dyn ManagedVectorEnv> {
    match kind {
        0 => Box::new(Graph::cliff().with_limit(7).batch(num_envs, seed)),
        1 => Box::new(Graph::maximization_bias().batch(num_envs, seed)),
        2 => {
            Box::new(Graph::maze(&["S..", ".#.", "..G"]).with_limit(20).with_slip(0.3).batch(num_envs, seed))
        }
        3 => Box::new(Graph::cliff().with_limit(30).with_box_observations().batch(num_envs, seed)),
        4 => Box::new(Batch::new(take_away(), num_envs, Streams::new(seed), Purpose::Environment, 0)),
        _ => Box::new(Batch::new(track_target(false), num_envs, Streams::new(seed), Purpose::Environment, 0)),
    }
}

/// Whether the agent `id` can learn in worlds with the spec `spec`.
fn suits(id: &str, spec: &Spec) -> bool {
    match id {
        "dqn" | "alphazero" => spec.actions.count() > 0,
        "recurrent-dqn" => spec.actions.count() > 0 && spec.players == 1,
        "recurrent-ppo" | "self-imitation" => spec.players == 1,
        _ => true,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn resumed_runs_are_identical(
        kind in 0..6usize, variant in 0..3usize, num_envs in 1..4usize, seed: u64,
        first in 0u64..200, second in 0u64..200,
    ) {
        for id in with_planning() {
            let mut whole_batch = world(kind, num_envs, seed);
            if !suits(id, whole_batch.spec()) {
                continue;
            }
            let spec = whole_batch.spec().clone();
            let fresh = || build(id, &spec, settings(id, variant), Budget { steps: 400, num_envs }, seed);
            let mut whole = fresh();
            whole.learn(&mut *whole_batch, first + second).unwrap();

            let (mut cut, mut cut_batch) = (fresh(), world(kind, num_envs, seed));
            cut.learn(&mut *cut_batch, first).unwrap();
            let (saved, saved_batch) = (cut.save().unwrap(), cut_batch.save().unwrap());
            cut.learn(&mut *cut_batch, second).unwrap();
            prop_assert!(whole.save().unwrap() == cut.save().unwrap(), "{id} cut");

            let (mut resumed, mut resumed_batch) = (fresh(), world(kind, num_envs, seed + 1));
            resumed.load(&saved).unwrap();
            resumed_batch.load(&saved_batch).unwrap();
            prop_assert!(resumed.save().unwrap() == saved, "{id} loaded");
            resumed.learn(&mut *resumed_batch, second).unwrap();
            prop_assert!(whole.save().unwrap() == resumed.save().unwrap(), "{id} resumed");
            // `load` restores the complete state.
            resumed.load(&saved).unwrap();
            prop_assert!(resumed.save().unwrap() == saved, "{id} loaded again");
        }
    }
}

#[test]
fn a_saved_agent_of_another_kind_is_refused() {
    let spec = Graph::cliff().spec().clone();
    let budget = Budget { steps: 100, num_envs: 1 };
    for id in with_planning() {
        let saved = build(id, &spec, "hidden_sizes = [8]", budget, 0).save().unwrap();
        for (other, text) in [
            ("dqn", "hidden_sizes = [9]"),
            ("ppo", "hidden_sizes = [9]"),
            ("a2c", "hidden_sizes = [8]\noptimizer = { kind = 'adam' }"),
        ] {
            let refused = build(other, &spec, text, budget, 0).load(&saved).unwrap_err().to_string();
            assert!(refused.contains("this is not a saved"), "{id} {other}: {refused}");
        }
        assert!(
            build(id, &spec, "hidden_sizes = [8]", budget, 0).load(&saved[..saved.len() - 1]).is_err(),
            "{id}"
        );
    }
}

#[test]
fn the_shortest_way_through_a_maze() {
    let maze = || Graph::maze(&["S....", ".###.", ".#G..", ".#.#.", "....."]).with_limit(100);
    let settings = [
        (
            "dqn",
            "hidden_sizes = [32]\nlearning_starts = 200\nlearning_rate = 2e-3\n\
             target_update_interval = 100\ntau = 1\nepsilon = { from = 1, to = 0.1, over = 0.5 }",
        ),
        ("reinforce", "hidden_sizes = [32]\nlearning_rate = 1e-2\nent_coef = 0.01"),
        ("a2c", "hidden_sizes = [32]\nlearning_rate = 3e-3\nent_coef = 0.01"),
        ("ppo", "hidden_sizes = [32]\nlearning_rate = 3e-3\nent_coef = 0.01\nnum_steps = 64"),
    ];
    for (id, text) in settings {
        let budget = Budget { steps: 24_000, num_envs: 4 };
        let mut agent = build(id, maze().spec(), text, budget, 1);
        agent.learn(&mut maze().batch(4, 1), budget.steps).unwrap();
        // Eight steps; the last one has reward 1, discounted by .95 per step.
        let (score, length) = greedy_return(&*agent, maze());
        assert!(length == 8 && (score - 0.95f64.powi(7)).abs() < 1e-9, "{id}: {score} in {length} steps");
    }
}

#[test]
fn every_agent_learns_a_game_against_itself() {
    let settings = [
        (
            "dqn",
            "hidden_sizes = [64]\nlearning_starts = 500\nlearning_rate = 1e-3\n\
             target_update_interval = 200\ntau = 1\nn_step = 1\nepsilon = { from = 1, to = 0.2 }",
        ),
        ("reinforce", "hidden_sizes = [64]\nlearning_rate = 3e-3\nent_coef = 0.02"),
        ("a2c", "hidden_sizes = [64]\nlearning_rate = 2e-3\nent_coef = 0.02"),
        ("ppo", "hidden_sizes = [64]\nlearning_rate = 1e-3\nent_coef = 0.02\nnum_steps = 64"),
    ];
    for (id, text) in settings {
        let (env, budget) = (take_away(), Budget { steps: 60_000, num_envs: 4 });
        let mut agent = build(id, &env.0, &format!("gamma = 0.9\n{text}"), budget, 1);
        let mut batch = Batch::new(Arc::clone(&env), 4, Streams::new(1), Purpose::Environment, 0);
        agent.learn(&mut batch, budget.steps).unwrap();
        let policy = agent.policy(PolicyMode::Greedy);
        for left in 1..=FIRST {
            let mut legal = [false; 3];
            env.legal(&(left, freewheel_core::Player::First), &mut legal);
            let mut actions = ActionBuffer::Discrete(vec![9]);
            let mut rngs = [Streams::new(0).stream(Purpose::EvaluationAction, 0, 0)];
            policy.act(&[left as f32], &legal, &mut rngs, &mut actions);
            let ActionBuffer::Discrete(chosen) = &actions else { panic!() };
            let best =
                (1..=3.min(left)).map(|taken| action_value(left, taken)).fold(f64::NEG_INFINITY, f64::max);
            assert!(
                (action_value(left, chosen[0] + 1) - best).abs() < 0.11,
                "{id}: {left} left, takes {}",
                chosen[0] + 1
            );
        }
    }
}

#[test]
fn continuous_actions_are_fitted() {
    for squash in [false, true] {
        let settings = [
            ("ppo", "hidden_sizes = [32]\nlearning_rate = 3e-3\nnum_steps = 64\ngamma = 0.0\nlog_std = -0.5"),
            ("a2c", "hidden_sizes = [32]\nlearning_rate = 2e-3\ngamma = 0.0\nnum_steps = 16\nlog_std = -0.5"),
            ("reinforce", "hidden_sizes = [32]\nlearning_rate = 3e-3\ngamma = 0.0\nlog_std = -0.5"),
        ];
        for (id, text) in settings {
            let (env, budget) = (track_target(squash), Budget { steps: 60_000, num_envs: 8 });
            let mut agent = build(id, &env.0, &format!("{text}\nsquash_output = {squash}"), budget, 2);
            let mut batch = Batch::new(Arc::clone(&env), 8, Streams::new(2), Purpose::Environment, 0);
            agent.learn(&mut batch, budget.steps).unwrap();
            let (policy, mut actions) =
                (agent.policy(PolicyMode::Greedy), ActionBuffer::Continuous(vec![9.0; 2]));
            for shown in [-0.6f32, 0.0, 0.5] {
                let mut rngs = [Streams::new(0).stream(Purpose::EvaluationAction, 0, 0)];
                policy.act(&[shown], &[], &mut rngs, &mut actions);
                let ActionBuffer::Continuous(all) = &actions else { panic!() };
                let (same, opposite) = (all[0] - shown, all[1] + 0.5 * shown);
                assert!(same.abs() < 0.2 && opposite.abs() < 0.3, "{id} squash {squash}: {shown} -> {all:?}");
            }
        }
    }
}

/// World with an infinite reward or a non-finite observation in step 300.
struct NonFiniteWorld {
    spec: Spec,
    pays: bool,
    /// Observation in step 300, if the observation is the wrong number (`pays` is false).
    shows: f32,
}

impl Env for NonFiniteWorld {
    type State = u32;
    type Action = u32;

    fn spec(&self) -> &Spec {
        &self.spec
    }

    fn reset(&self, _: &mut Stream) -> u32 {
        0
    }

    fn step(&self, state: &mut u32, _: u32, _: &mut Stream) -> Step {
        *state += 1;
        Step::transition(if *state == 300 && self.pays { f32::INFINITY } else { 1.0 })
    }

    fn observe(&self, state: &u32, out: &mut [f32]) {
        out[0] = if *state == 300 && !self.pays { self.shows } else { 0.0 };
    }
}

#[test]
fn non_finite_values_stop_learning_and_are_named() {
    let spec = Spec { time_limit: Some(1000), ..Spec::discrete("test/broken", 1, &["a", "b"]) };
    let spec = Spec { observation: ObservationSpace::vector(&[(0.0, 1.0)]), ..spec };
    let ways = [(true, 0.0), (false, f32::NAN), (false, f32::INFINITY)];
    for (id, (pays, shows)) in DEEP.into_iter().flat_map(|id| ways.map(|way| (id, way))) {
        let env = Arc::new(NonFiniteWorld { spec: spec.clone(), pays, shows });
        // Storage as bytes would hide NaN, and normalization would hide infinity.
        let text = match id {
            "dqn" => "storage = 'u8'",
            _ => "normalize_rewards = true\nnormalize_observations = true",
        };
        let mut agent = build(id, &spec, text, Budget { steps: 5000, num_envs: 1 }, 0);
        let mut batch = Batch::new(env, 1, Streams::new(0), Purpose::Environment, 0);
        let error = agent.learn(&mut batch, 5000).unwrap_err();
        let Error::Diverged { quantity, step, .. } = &error else { panic!("{id}: {error}") };
        // With an update in this step, the loss is the first quantity that is not finite.
        let known = if pays { ["a reward"; 2] } else { ["an observation", "loss"] };
        assert!(known.contains(&&**quantity) && *step == 300, "{id}: {error}");
    }
}

#[test]
fn diverging_updates_stop_learning() {
    let maze = || Graph::maze(&["S..", ".#.", "..G"]).with_limit(20);
    for id in with_planning() {
        let text = "hidden_sizes = [8, 8]\nactivation = 'relu'\nlearning_rate = 1e30\nmax_grad_norm = 0";
        let more = match id {
            "dqn" => "\nlearning_starts = 50",
            "alphazero" => "\nlearning_starts = 50\nsimulations = 4",
            _ => "",
        };
        let mut agent =
            build(id, maze().spec(), &format!("{text}{more}"), Budget { steps: 5000, num_envs: 1 }, 0);
        let error = agent.learn(&mut maze().batch(1, 0), 5000).unwrap_err();
        let Error::Diverged { quantity, .. } = &error else { panic!("{id}: {error}") };
        let known = ["loss", "gradient norm", "a parameter", "an action value", "the network's output"];
        assert!(known.contains(&&**quantity), "{id}: {error}");
    }
}
