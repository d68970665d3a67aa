//! Tests of SAC and TD3: formulas against numbers computed by hand, gradients against finite differences, resumed runs,
//! learning in a world with a known optimum.

use std::sync::Arc;

use freewheel_core::{
    ActionBuffer, ActionSpace, Agent, Batch as Envs, Env, Error, ObservationSpace, PolicyMode, Purpose, Spec,
    Step, Stream, Streams, VectorEnv,
};
use proptest::prelude::*;

use super::critic::{Objective, TwinCritic};
use super::experience::{Batch, Experience};
use super::settings::{ActionRanges, OffPolicy};
use crate::nn::{Activation, NetworkSettings, OptimizerConfig};
use crate::tests::{settings, track_target, world};
use crate::{AgentFactory, Budget, all};

const IDS: [&str; 2] = ["sac", "td3"];

pub(super) fn spec(d: usize, k: usize) -> Spec {
    let names = (0..k).map(|i| i.to_string()).collect();
    let actions = ActionSpace::Continuous { names, low: vec![-1.0; k], high: vec![3.0; k] };
    Spec::new("test/off-policy", ObservationSpace::vector(&vec![(-1.0, 1.0); d]), actions)
}

/// Small smooth networks, for finite differences.
pub(super) fn smooth() -> OffPolicy {
    OffPolicy {
        optimizer: OptimizerConfig::Sgd { momentum: 0.0 },
        network: NetworkSettings {
            hidden_sizes: vec![7],
            activation: Activation::Tanh,
            ..NetworkSettings::default()
        },
        ..OffPolicy::default()
    }
}

/// `len` numbers from -1 to 1.
pub(super) fn numbers(len: usize, seed: u64) -> Vec<f32> {
    let mut rng = Streams::new(seed).stream(Purpose::Data, 0, 0);
    (0..len).map(|_| (2.0 * rng.uniform() - 1.0) as f32).collect()
}

fn factory(id: &str) -> Box<dyn AgentFactory> {
    all().into_iter().find(|factory| factory.id() == id).unwrap()
}

fn build(id: &str, spec: &Spec, settings: &str, budget: Budget, seed: u64) -> Box<dyn Agent> {
    factory(id).build(spec, &settings.parse().unwrap(), budget, Streams::new(seed)).unwrap()
}

fn initialization(seed: u64) -> Stream {
    Streams::new(seed).stream(Purpose::Initialization, 0, 0)
}

#[test]
fn critics_by_finite_differences() {
    let (b, d, k) = (5, 3, 2);
    let (spec, settings) = (spec(d, k), smooth());
    let mut critic = TwinCritic::new(&spec, &settings, &mut initialization(1));
    let (obs, actions, targets) = (numbers(b * d, 2), numbers(b * k, 3), numbers(b, 4));
    // A learning rate of 0 leaves the parameters as they are.
    let step = critic.learn(&obs, &actions, &targets, (0.0, None), 0).unwrap();
    let gradient = critic.net.gradient().to_vec();
    for i in (0..gradient.len()).step_by(7) {
        let mut loss = |change: f32| {
            critic.net.parameters_mut()[i] += change;
            let loss = critic.learn(&obs, &actions, &targets, (0.0, None), 0).unwrap().loss;
            critic.net.parameters_mut()[i] -= change;
            loss
        };
        let difference = (loss(1e-2) - loss(-1e-2)) / 2e-2;
        let own = f64::from(gradient[i]);
        assert!((own - difference).abs() < 1e-3 * (1.0 + own.abs()), "{i}: {own} {difference}");
    }
    // The loss, from the values that the target networks, equal at first, give.
    let mut q = Vec::new();
    critic.action_gradient(&obs, &actions, b, Objective::First, &mut q);
    let values = critic.q.clone();
    let by_hand: f64 =
        values.iter().enumerate().map(|(i, q)| f64::from(q - targets[i / 2]).powi(2)).sum::<f64>() / 10.0;
    assert!((step.loss - by_hand).abs() < 1e-6, "{} {by_hand}", step.loss);
}

#[test]
fn action_gradients_by_finite_differences() {
    let (b, d, k) = (6, 3, 2);
    let mut critic = TwinCritic::new(&spec(d, k), &smooth(), &mut initialization(5));
    let (obs, mut actions) = (numbers(b * d, 2), numbers(b * k, 3));
    let mut gradient = Vec::new();
    for objective in [Objective::Minimum, Objective::First] {
        let mean = critic.action_gradient(&obs, &actions, b, objective, &mut gradient);
        let q: Vec<[f32; 2]> = critic.q.as_chunks::<2>().0.to_vec();
        // Both critics are the smaller one somewhere.
        assert!(q.iter().any(|[q1, q2]| q1 < q2) && q.iter().any(|[q1, q2]| q2 < q1));
        let chosen = |[q1, q2]: &[f32; 2]| if objective == Objective::First { *q1 } else { q1.min(*q2) };
        let by_hand = q.iter().map(chosen).map(f64::from).sum::<f64>() / b as f64;
        assert!((mean - by_hand).abs() < 1e-6);
        for i in 0..b * k {
            let own = f64::from(gradient[i]) / b as f64;
            let mut scratch = Vec::new();
            let mut value = |change: f32| {
                actions[i] += change;
                let value = critic.action_gradient(&obs, &actions, b, objective, &mut scratch);
                actions[i] -= change;
                value
            };
            let difference = (value(1e-3) - value(-1e-3)) / 2e-3;
            assert!((own - difference).abs() < 1e-3, "{objective:?} {i}: {own} {difference}");
        }
    }
}

/// The target is the smaller value of the target networks, which follow by the share tau.
#[test]
fn twin_minimum_of_the_target_networks() {
    let mut critic = TwinCritic::new(&spec(1, 1), &smooth(), &mut initialization(0));
    let (obs, actions) = ([0.5, -0.5, 0.1], [0.2, -0.9, 0.3]);
    // With all weights 0 a value is the bias of its output: the last parameter of each critic.
    let half = critic.net.target_mut().len() / 2;
    critic.net.target_mut().fill(0.0);
    (critic.net.target_mut()[half - 1], critic.net.target_mut()[2 * half - 1]) = (2.0, -3.0);
    let mut out = Vec::new();
    critic.target_minimum(&obs, &actions, 3, &mut out);
    assert_eq!(out, [-3.0; 3]);
    critic.net.parameters_mut().fill(0.0);
    critic.net.parameters_mut()[2 * half - 1] = 5.0;
    critic.update_target(0.75);
    critic.target_minimum(&obs, &actions, 3, &mut out);
    // Q1: 2 + .75 (0 - 2) = .5; Q2: -3 + .75 (5 + 3) = 3.
    assert_eq!(out, [0.5; 3]);
}

/// World whose observation is the number of the step; episodes are truncated after 4 steps, and terminate before with
/// the action above 0.5 if `terminates`.
struct Counter {
    spec: Spec,
    terminates: bool,
}

fn counter(terminates: bool) -> Arc<Counter> {
    let actions = ActionSpace::Continuous { names: vec!["a".into()], low: vec![-1.0], high: vec![3.0] };
    let spec = Spec::new("test/counter", ObservationSpace::vector(&[(0.0, 9.0)]), actions);
    Arc::new(Counter { spec: Spec { time_limit: Some(4), gamma: 0.5, ..spec }, terminates })
}

impl Env for Counter {
    type State = u32;
    type Action = [f32; 1];

    fn spec(&self) -> &Spec {
        &self.spec
    }

    fn reset(&self, _: &mut Stream) -> u32 {
        0
    }

    fn step(&self, state: &mut u32, [action]: [f32; 1], _: &mut Stream) -> Step {
        *state += 1;
        if self.terminates && action > 2.0 { Step::termination(action) } else { Step::transition(action) }
    }

    fn observe(&self, state: &u32, out: &mut [f32]) {
        out[0] = *state as f32;
    }
}

/// A truncated episode bootstraps from its final observation, a terminated one does not; actions are stored in -1..1.
#[test]
fn endings_are_kept_apart() {
    let envs = |terminates| Envs::new(counter(terminates), 2, Streams::new(0), Purpose::Environment, 0);
    let settings =
        OffPolicy { normalize_rewards: false, batch_size: 200, learning_starts: 300, ..OffPolicy::default() };
    let settings = OffPolicy {
        network: NetworkSettings { normalize_observations: false, ..settings.network },
        ..settings
    };
    for terminates in [false, true] {
        let mut envs = envs(terminates);
        let budget = Budget { steps: 300, num_envs: 2 };
        let mut experience =
            Experience::new("sac", &envs.spec().clone(), &settings, budget, Streams::new(1)).unwrap();
        experience.begin_learning(&envs, 300, 1).unwrap();
        for _ in 0..150 {
            experience.collect_step(&mut envs, |_, _, _| panic!("before learning_starts")).unwrap();
        }
        assert_eq!(experience.gradient_steps_due(), 0);
        let mut batch = Batch::default();
        assert!(experience.sample(&mut batch));
        let mut seen = [0; 2];
        for i in 0..batch.rows {
            // The reward is the action in units of the world: 1 + 2 a.
            assert_eq!(batch.rewards[i], 1.0 + 2.0 * batch.actions[i]);
            let over = terminates && batch.rewards[i] > 2.0;
            assert_eq!(batch.discounts[i], if over { 0.0 } else { 0.5 });
            if !over {
                assert_eq!(batch.successors[i], batch.obs[i] + 1.0);
            }
            seen[usize::from(over)] += 1;
        }
        assert!(batch.successors.contains(&4.0) && seen[0] > 0 && (seen[1] > 0) == terminates);
    }
}

/// Gradient steps are due every `train_freq` environment steps after `learning_starts`.
#[test]
fn update_to_data_ratio() {
    let run = |num_envs: usize, settings: &str| {
        let budget = Budget { steps: 600, num_envs };
        let mut envs = Envs::new(counter(true), num_envs, Streams::new(0), Purpose::Environment, 0);
        let text = format!("hidden_sizes = [4]\nbatch_size = 4\nlearning_starts = 200\n{settings}");
        let mut agent = build("sac", &envs.spec().clone(), &text, budget, 0);
        agent.learn(&mut envs, 600).unwrap();
        struct Updates(f64);
        impl freewheel_core::MetricSink for Updates {
            fn scalar(&mut self, name: &str, value: f64) {
                if name == "updates" {
                    self.0 = value;
                }
            }
        }
        let mut updates = Updates(0.0);
        agent.report(&mut updates);
        updates.0
    };
    assert_eq!(run(1, ""), 400.0);
    assert_eq!(run(4, ""), 400.0);
    assert_eq!(run(1, "train_freq = 8"), 50.0);
    assert_eq!(run(4, "train_freq = 16\ngradient_steps = 3"), 75.0);
}

#[test]
fn actions_are_scaled_to_the_range() {
    let ranges = ActionRanges::new("sac", &spec(1, 2)).unwrap();
    let mut buffer = ActionBuffer::Continuous(vec![0.0; 4]);
    ranges.write(&[-1.0, 0.0, 0.5, 1.0], &mut buffer);
    assert_eq!(buffer, ActionBuffer::Continuous(vec![-1.0, 1.0, 2.0, 3.0]));
}

#[test]
fn unsuitable_worlds_and_settings_are_refused() {
    let budget = Budget { steps: 100, num_envs: 1 };
    let refused = |id: &str, spec: &Spec, text: &str| {
        factory(id).build(spec, &text.parse().unwrap(), budget, Streams::new(0)).err().unwrap().to_string()
    };
    let endless =
        ActionSpace::Continuous { names: vec!["a".into()], low: vec![0.0], high: vec![f32::INFINITY] };
    let endless = Spec { actions: endless, ..spec(1, 1) };
    let indexed = Spec { observation: ObservationSpace::Discrete { n: 3 }, ..spec(1, 1) };
    for id in IDS {
        let discrete = refused(id, &Spec::discrete("test/discrete", 3, &["a"]), "");
        assert!(discrete.contains(&format!("has discrete actions, but {id} needs continuous")), "{discrete}");
        assert!(refused(id, &indexed, "").contains("has discrete observations"));
        assert!(refused(id, &Spec { players: 2, ..spec(1, 1) }, "").contains("has 2 players"));
        assert!(refused(id, &spec(0, 1), "").contains("no observations or no actions"));
        assert!(refused(id, &spec(1, 1), "tau = 0").contains("tau"));
        assert!(refused(id, &spec(1, 1), "buffer_size = 3").contains("buffer_size = 3: must be at least 4"));
        assert!(refused(id, &spec(1, 1), "channels = 4").contains("channels = 4"));
        assert!(refused(id, &spec(1, 1), "gradient_step = 4").contains("did you mean `gradient_steps`"));
        assert!(refused(id, &endless, "").contains("action `a` must have finite bounds"));
    }
    assert!(refused("sac", &spec(1, 1), "ent_coef = 0").contains("ent_coef = 0"));
    assert!(refused("td3", &spec(1, 1), "policy_delay = 0").contains("policy_delay = 0"));
}

#[test]
fn runs_without_an_update_are_warned_of() {
    for id in IDS {
        let warned = |text: &str, steps| {
            let table = factory(id).resolve(&text.parse().unwrap()).unwrap();
            factory(id).warnings(&table, Budget { steps, num_envs: 1 }).len()
        };
        assert_eq!((warned("", 1000), warned("", 1001)), (1, 0));
        assert_eq!((warned("train_freq = 64", 1063), warned("learning_starts = 9", 10)), (1, 0));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn resumed_runs_are_identical(
        variant in 0..3usize, num_envs in 1..4usize, seed: u64, first in 0u64..150, second in 0u64..150,
    ) {
        for id in IDS {
            let mut whole_batch = world(5, num_envs, seed);
            let spec = whole_batch.spec().clone();
            let fresh = || build(id, &spec, settings(id, variant), Budget { steps: 400, num_envs }, seed);
            let mut whole = fresh();
            whole.learn(&mut *whole_batch, first + second).unwrap();

            let (mut cut, mut cut_batch) = (fresh(), world(5, num_envs, seed));
            cut.learn(&mut *cut_batch, first).unwrap();
            let (saved, saved_batch) = (cut.save().unwrap(), cut_batch.save().unwrap());
            cut.learn(&mut *cut_batch, second).unwrap();
            prop_assert!(whole.save().unwrap() == cut.save().unwrap(), "{id} cut");

            let (mut resumed, mut resumed_batch) = (fresh(), world(5, num_envs, seed + 1));
            resumed.load(&saved).unwrap();
            resumed_batch.load(&saved_batch).unwrap();
            prop_assert!(resumed.save().unwrap() == saved, "{id} loaded");
            resumed.learn(&mut *resumed_batch, second).unwrap();
            prop_assert!(whole.save().unwrap() == resumed.save().unwrap(), "{id} resumed");
            resumed.load(&saved).unwrap();
            prop_assert!(resumed.save().unwrap() == saved, "{id} loaded again");
        }
    }
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    for id in IDS {
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                // Batches large enough to be split into chunks.
                let text = "hidden_sizes = [64, 64]\nbatch_size = 512\nlearning_starts = 40";
                let mut envs = world(5, 2, 3);
                let budget = Budget { steps: 60, num_envs: 2 };
                let mut agent = build(id, &envs.spec().clone(), text, budget, 3);
                agent.learn(&mut *envs, 60).unwrap();
                agent.save().unwrap()
            })
        };
        assert!(run(1) == run(4), "{id}");
    }
}

#[test]
fn a_saved_agent_of_another_kind_or_size_is_refused() {
    let budget = Budget { steps: 100, num_envs: 1 };
    let small =
        |id: &str, text: &str| build(id, &spec(2, 1), &format!("hidden_sizes = [8]\n{text}"), budget, 0);
    for id in IDS {
        let saved = small(id, "").save().unwrap();
        assert!(small(id, "").load(&saved).is_ok());
        let others = [
            (id, "hidden_sizes = [9]".to_owned()),
            (id, "normalize_rewards = false\nhidden_sizes = [8]".to_owned()),
            (id, "optimizer = { kind = 'sgd' }\nhidden_sizes = [8]".to_owned()),
            (if id == "sac" { "td3" } else { "sac" }, "hidden_sizes = [8]".to_owned()),
        ];
        for (other, text) in others {
            let refused = build(other, &spec(2, 1), &text, budget, 0).load(&saved).unwrap_err().to_string();
            assert!(refused.contains(&format!("this is not a saved {other}")), "{refused}");
        }
        assert!(small(id, "").load(&saved[..saved.len() - 1]).is_err());
    }
    let saved = small("sac", "").save().unwrap();
    assert!(small("sac", "autotune = false").load(&saved).is_err());
}

/// Rewards are the negative squared distance from a known action, with bounds of the range inside and outside of it.
#[test]
fn continuous_actions_are_fitted() {
    let text =
        "hidden_sizes = [32, 32]\nbatch_size = 64\nlearning_rate = 3e-3\ngamma = 0\nlearning_starts = 200";
    for id in IDS {
        let (env, budget) = (track_target(true), Budget { steps: 3000, num_envs: 4 });
        let mut agent = build(id, env.spec(), text, budget, 2);
        let mut envs = Envs::new(Arc::clone(&env), 4, Streams::new(2), Purpose::Environment, 0);
        agent.learn(&mut envs, budget.steps).unwrap();
        let (policy, mut actions) =
            (agent.policy(PolicyMode::Greedy), ActionBuffer::Continuous(vec![9.0; 2]));
        for shown in [-0.6f32, 0.0, 0.5] {
            let mut rngs = [Streams::new(0).stream(Purpose::EvaluationAction, 0, 0)];
            policy.act(&[shown], &[], &mut rngs, &mut actions);
            let all = actions.continuous().unwrap();
            let (same, opposite) = (all[0] - shown, all[1] + 0.5 * shown);
            assert!(same.abs() < 0.1 && opposite.abs() < 0.2, "{id}: {shown} -> {all:?}");
        }
    }
}

#[test]
fn diverging_updates_stop_learning() {
    for id in IDS {
        let text = "hidden_sizes = [8]\nbatch_size = 8\nlearning_rate = 1e30\nlearning_starts = 20";
        let mut envs = world(5, 1, 0);
        let mut agent = build(id, &envs.spec().clone(), text, Budget { steps: 500, num_envs: 1 }, 0);
        let error = agent.learn(&mut *envs, 500).unwrap_err();
        let Error::Diverged { quantity, .. } = &error else { panic!("{id}: {error}") };
        assert!(
            ["loss", "gradient norm", "a parameter", "an action"].contains(&&**quantity),
            "{id}: {error}"
        );
    }
}
