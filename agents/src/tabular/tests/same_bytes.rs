//! Tests of checkpoints: interrupted and resumed runs are identical to the byte, and so are algorithms that coincide.

use freewheel_core::{Agent, ManagedVectorEnv, Streams};
use proptest::prelude::*;

use crate::schedule::Schedule;
use crate::tabular::graph::{Graph, one_env, returns};
use crate::tabular::settings::Tabular;
use crate::tabular::{dyna_q, expected_sarsa, n_step_sarsa, q_lambda, q_learning, sarsa};
use crate::{AgentFactory, Budget, all, tabular};

/// Tabular agents and the random agent.
fn factories() -> impl Iterator<Item = Box<dyn AgentFactory>> {
    let tabular: Vec<String> = tabular::all().iter().map(|factory| factory.id().to_owned()).collect();
    all()
        .into_iter()
        .filter(move |factory| factory.id() == "random" || tabular.iter().any(|id| id == factory.id()))
}

/// Worlds with termination, truncation, random transitions, masks and continuous observations.
fn world(kind: usize) -> Graph {
    match kind {
        0 => Graph::cliff(),
        1 => Graph::cliff().with_limit(7),
        2 => Graph::maximization_bias(),
        3 => Graph::maze(&["S..", ".#.", "..G"]).with_limit(20).with_slip(0.3),
        _ => Graph::cliff().with_limit(30).with_box_observations(),
    }
}

/// Settings with frequent changes.
fn settings(agent: &str, kind: usize, variant: usize) -> toml::Table {
    let mut table = toml::Table::new();
    let mut set = |text: &str| table.extend(text.parse::<toml::Table>().unwrap());
    match variant {
        _ if agent == "random" => {}
        0 => set("learning_rate = { from = 0.9, to = 0.1 }\n\
             epsilon = { from = 1.0, to = 0.1, shape = 'exponential' }"),
        1 => set("learning_rate = 'harmonic'\nexploration = 'softmax'\ntemperature = 0.5"),
        _ => set("exploration = 'ucb'\ninitial_value = 0.5"),
    }
    if agent == "dyna-q" && variant == 2 {
        set("prioritized = false\nkappa = 0.01\nmodel = 'latest'");
    }
    if agent == "q-lambda" && variant == 1 {
        set("naive = true\ntraces = 'accumulating'");
    }
    if agent != "random" && kind == 4 {
        // 256 * 256 cells have a row each; the next test has a growing table.
        set("bins = 256");
    }
    table
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn resumed_runs_are_identical(
        kind in 0..5usize, variant in 0..3usize, num_envs in 1..4usize, seed: u64,
        first in 0u64..300, second in 0u64..300,
    ) {
        let budget = Budget { steps: 600, num_envs };
        for factory in factories() {
            let spec = world(kind).spec().clone();
            let settings = settings(factory.id(), kind, variant);
            let fresh = || factory.build(&spec, &settings, budget, Streams::new(seed)).unwrap();

            let (mut whole, mut whole_batch) = (fresh(), world(kind).batch(num_envs, seed));
            whole.learn(&mut whole_batch, first + second).unwrap();

            let (mut cut, mut cut_batch) = (fresh(), world(kind).batch(num_envs, seed));
            cut.learn(&mut cut_batch, first).unwrap();
            let (saved, saved_batch) = (cut.save().unwrap(), cut_batch.save().unwrap());
            cut.learn(&mut cut_batch, second).unwrap();
            prop_assert!(whole.save().unwrap() == cut.save().unwrap(), "{} cut", factory.id());
            prop_assert!(whole_batch.save().unwrap() == cut_batch.save().unwrap(), "{} cut", factory.id());

            let (mut resumed, mut resumed_batch) = (fresh(), world(kind).batch(num_envs, seed + 1));
            resumed.load(&saved).unwrap();
            resumed_batch.load(&saved_batch).unwrap();
            prop_assert!(resumed.save().unwrap() == saved, "{} loaded", factory.id());
            resumed.learn(&mut resumed_batch, second).unwrap();
            prop_assert!(whole.save().unwrap() == resumed.save().unwrap(), "{} resumed", factory.id());

            let (mut before, mut after) = (Vec::new(), Vec::new());
            whole.report(&mut before);
            resumed.report(&mut after);
            prop_assert_eq!(before, after, "{} reported", factory.id());
        }
    }

    #[test]
    fn a_growing_table_is_the_same_table(seed: u64, cut in 0u64..500) {
        // 256^3 cells exceed the maximum of a full table.
        let spec = |graph: &Graph| {
            let mut spec = graph.spec().clone();
            spec.observation = freewheel_core::ObservationSpace::Discrete { n: 1 << 24 };
            spec
        };
        for factory in factories() {
            let spec = spec(&Graph::cliff());
            let fresh = || factory.build(&spec, &toml::Table::new(), one_env(500), Streams::new(seed)).unwrap();
            let (mut whole, mut batch) = (fresh(), Graph::cliff().batch(1, seed));
            whole.learn(&mut batch, 500).unwrap();
            let (mut first, mut batch) = (fresh(), Graph::cliff().batch(1, seed));
            first.learn(&mut batch, cut).unwrap();
            let mut second = fresh();
            second.load(&first.save().unwrap()).unwrap();
            second.learn(&mut batch, 500 - cut).unwrap();
            prop_assert!(whole.save().unwrap() == second.save().unwrap(), "{}", factory.id());
            prop_assert!(whole.save().unwrap().len() < 12_000, "only visited states are saved");
        }
    }

    #[test]
    fn damaged_bytes_are_refused_or_harmless(at in 0usize..4000, to: u8) {
        for factory in factories() {
            let mut batch = Graph::cliff().batch(1, 0);
            let build = || factory.build(Graph::cliff().spec(), &toml::Table::new(), one_env(9), Streams::new(0));
            let fresh = || build().unwrap();
            let mut agent = fresh();
            agent.learn(&mut batch, 200).unwrap();
            let mut bytes = agent.save().unwrap();
            let at = at % bytes.len();
            bytes[at] = to;
            let mut other = fresh();
            if other.load(&bytes).is_ok() {
                let _ = other.learn(&mut batch, 50);
            }
            prop_assert!(other.load(&bytes[..at]).is_err(), "{}", factory.id());
        }
    }
}

#[test]
fn another_agents_bytes_are_refused() {
    let build = |factory: &dyn crate::AgentFactory| {
        factory.build(Graph::cliff().spec(), &toml::Table::new(), one_env(9), Streams::new(0)).unwrap()
    };
    let all = tabular::all();
    for (one, other) in all.iter().zip(all.iter().cycle().skip(1)) {
        let message = build(&**one).load(&build(&**other).save().unwrap()).unwrap_err().to_string();
        assert!(message.contains(one.id()), "{message}");
    }
}

/// Table after at least 20 episodes in 2 environments.
macro_rules! table {
    ($agent:path, $config:expr, $kind:expr) => {{
        let mut agent =
            <$agent>::new(world($kind).spec(), $config, Budget { steps: 9000, num_envs: 2 }, Streams::new(5))
                .unwrap();
        let mut batch = world($kind).batch(2, 5);
        returns(&mut agent, &mut batch, 20);
        agent.learn(&mut batch, 33).unwrap();
        agent.core.table.clone()
    }};
}

fn tabular() -> Tabular {
    Tabular {
        learning_rate: Schedule::Harmonic { power: 0.8 },
        gamma: Some(0.9),
        epsilon: Schedule::Constant(0.3),
        ..Tabular::default()
    }
}

#[test]
fn special_cases_are_the_simpler_algorithm() {
    for kind in 0..4 {
        let tabular = tabular();
        let q = table!(q_learning::QLearning, q_learning::Config { tabular: tabular.clone() }, kind);
        let lambda = q_lambda::Config { lambda: 0.0, tabular: tabular.clone(), ..Default::default() };
        assert_eq!(table!(q_lambda::QLambda, lambda, kind), q, "Q(0) is Q-learning");
        let dyna = dyna_q::Config { planning_steps: 0, tabular: tabular.clone(), ..Default::default() };
        assert_eq!(table!(dyna_q::DynaQ, dyna, kind), q, "Dyna-Q without planning is Q-learning");

        let s = table!(sarsa::Sarsa, sarsa::Config { tabular: tabular.clone() }, kind);
        let one = n_step_sarsa::Config { n_step: 1, tabular: tabular.clone() };
        assert_eq!(table!(n_step_sarsa::NStepSarsa, one, kind), s, "1-step Sarsa is Sarsa");
        assert_ne!(s, q);

        let greedy = Tabular { epsilon: Schedule::Constant(0.0), ..tabular };
        let q = table!(q_learning::QLearning, q_learning::Config { tabular: greedy.clone() }, kind);
        let expected = expected_sarsa::Config { tabular: greedy };
        assert_eq!(
            table!(expected_sarsa::ExpectedSarsa, expected, kind),
            q,
            "greedy Expected Sarsa is Q-learning"
        );
    }
}
