//! Tests of the registry entries of the agents: names, settings, refusals.

use freewheel_core::{ActionBuffer, ActionSpace, Policy, PolicyMode, Purpose, Spec, Streams};

use crate::tabular::graph::{Graph, ends, goes_to, one_env};
use crate::{AgentFactory, all, tabular};

fn factory(id: &str) -> Box<dyn AgentFactory> {
    all().into_iter().find(|factory| factory.id() == id).unwrap()
}

fn refusal(id: &str, spec: &Spec, settings: &str) -> String {
    let built = factory(id).build(spec, &settings.parse().unwrap(), one_env(100), Streams::new(0));
    built.err().expect("refused").to_string()
}

#[test]
fn agents_with_documented_settings() {
    let ids: Vec<String> = all().iter().map(|factory| factory.id().to_owned()).collect();
    let expected = [
        "random",
        "q-learning",
        "sarsa",
        "expected-sarsa",
        "double-q",
        "q-lambda",
        "n-step-sarsa",
        "dyna-q",
        "dqn",
        "recurrent-dqn",
        "self-imitation",
        "reinforce",
        "a2c",
        "ppo",
        "recurrent-ppo",
        "sac",
        "td3",
        "alphazero",
        "bc",
        "deep-bc",
        "iql",
        "scripted",
        "reference",
    ];
    assert_eq!(ids, expected);
    for factory in all() {
        assert!(!factory.about().is_empty());
        for field in factory.fields() {
            assert!(field.about.len() > 20, "{} {}: {:?}", factory.id(), field.name, field.about);
        }
    }
    let fields = factory("dyna-q").fields();
    let default = |name: &str| fields.iter().find(|field| field.name == name).unwrap().default.clone();
    assert_eq!(default("planning_steps"), 10);
    assert_eq!(default("initial_value"), 0.0);
    assert_eq!(default("exploration"), "epsilon-greedy");
}

#[test]
fn resolved_settings_are_complete_and_read_back() {
    for factory in all() {
        let resolved = factory.resolve(&toml::Table::new()).unwrap();
        // gamma has no default of its own: its default is the discount of the world. Some defaults are omitted.
        let omitted = ["gamma", "warm_start", "noise", "blunders", "settings"];
        // Those of a search depend on the number of players.
        let of_search = |name: &str| factory.id() == "alphazero" && ["c_scale", "n_step"].contains(&name);
        let is_omitted = |name: &str| omitted.contains(&name) || of_search(name);
        let known = factory.fields().iter().filter(|field| !is_omitted(&field.name)).count();
        assert_eq!(resolved.len(), known, "{} {resolved}", factory.id());
        assert_eq!(factory.resolve(&resolved).unwrap(), resolved);
    }
    let text =
        "learning_rate = 'harmonic'\nepsilon = { from = 1, to = 0.05, over = 0.5 }\nbins = [3, 4]\ngamma = 1";
    let resolved = factory("sarsa").resolve(&text.parse().unwrap()).unwrap();
    let expected = "learning_rate = { harmonic = 1.0 }\nbins = [3, 4]\ngamma = 1.0\n\
        epsilon = { from = 1.0, to = 0.05, over = 0.5, shape = 'linear' }";
    for (key, value) in expected.parse::<toml::Table>().unwrap() {
        assert_eq!(resolved[&key], value);
    }
}

#[test]
fn refusals_name_the_agent_the_setting_and_the_correction() {
    let cliff = Graph::cliff();
    let cases = [
        (
            "q-learning",
            "epsilno = 0.1",
            "agent q-learning: unknown setting `epsilno`; did you mean `epsilon`?",
        ),
        (
            "q-learning",
            "epsilon = 2",
            "agent q-learning: epsilon = 2 is out of range: it must be at least 0 and at most 1",
        ),
        (
            "q-lambda",
            "lambda = 1.5",
            "agent q-lambda: lambda = 1.5 is out of range: it must be at least 0 and at most 1",
        ),
        (
            "n-step-sarsa",
            "n_step = 0",
            "agent n-step-sarsa: n_step = 0 is out of range: it must be at least 1 and at most 10000",
        ),
        (
            "dyna-q",
            "theta = -1",
            "agent dyna-q: theta = -1 is out of range: it must be at least 0 and finite",
        ),
        ("dyna-q", "kappa = 0.1", "agent dyna-q: kappa = 0.1 needs prioritized = false"),
    ];
    for (id, settings, expected) in cases {
        let message = refusal(id, cliff.spec(), settings);
        assert!(message.starts_with(expected), "{message}");
    }
    // The error for a value of the wrong type contains the name of its setting, also among several settings.
    for (id, settings, field) in [
        ("sarsa", "learning_rate = 'fast'", "learning_rate"),
        ("q-lambda", "lambda = 'x'", "lambda"),
        ("sarsa", "bins = 'x'", "bins"),
    ] {
        let message = refusal(id, cliff.spec(), &format!("gamma = 1\n{settings}"));
        assert!(message.contains(&format!("agent {id}: {field} = ")), "{message}");
    }
}

#[test]
fn worlds_beyond_a_table_are_refused() {
    let mut spec = Graph::cliff().spec().clone();
    spec.actions =
        ActionSpace::Continuous { names: vec!["steering".into()], low: vec![-1.0], high: vec![1.0] };
    for factory in tabular::all() {
        let message = refusal(factory.id(), &spec, "");
        assert!(message.contains("steering"), "{message}");
    }
}

#[test]
fn greedy_policies_are_functions_and_exploring_ones_explore() {
    let spec = Graph::cliff().spec().clone();
    let mut q =
        factory("q-learning").build(&spec, &toml::Table::new(), one_env(100), Streams::new(0)).unwrap();
    let play = |policy: &dyn Policy, obs: &[f32], legal: &[bool]| {
        let mut rngs: Vec<_> =
            (0..obs.len() as u64).map(|row| Streams::new(1).stream(Purpose::WatchAction, row, 0)).collect();
        let mut actions = ActionBuffer::for_spec(&spec, obs.len());
        policy.act(obs, legal, &mut rngs, &mut actions);
        let ActionBuffer::Discrete(actions) = actions else { panic!("discrete actions") };
        actions
    };
    let legal = [[false, true, false, true]; 40].concat();
    assert_eq!(play(&*q.policy(PolicyMode::Greedy), &[36.0; 40], &legal), [1; 40]);
    // All values are equal: ties are broken at random.
    let exploring = play(&*q.policy(PolicyMode::Exploring), &[36.0; 40], &legal);
    assert!(exploring.contains(&1) && exploring.contains(&3) && exploring.iter().all(|a| a % 2 == 1));
    q.learn(&mut Graph::cliff().batch(1, 0), 1).unwrap();
    let mut values = [9.0; 4];
    assert!(q.policy(PolicyMode::Greedy).action_values(&[36.0], &[true; 4], &mut values));
    assert_eq!(values.iter().filter(|&&value| value < 0.0).count(), 1, "{values:?}");
    let random = factory("random").build(&spec, &toml::Table::new(), one_env(1), Streams::new(0)).unwrap();
    assert!(play(&*random.policy(PolicyMode::Greedy), &[36.0; 40], &legal).contains(&3));
}

#[test]
fn non_finite_rewards_stop_learning() {
    for reward in [f32::NAN, f32::INFINITY] {
        let world = || Graph::new(vec![vec![Some(goes_to(1, 0.0))], vec![Some(ends(0, reward))]], 0);
        for factory in tabular::all() {
            let mut agent =
                factory.build(world().spec(), &toml::Table::new(), one_env(9), Streams::new(0)).unwrap();
            let error = agent.learn(&mut world().batch(1, 0), 9).unwrap_err();
            let freewheel_core::Error::Diverged { quantity, value, step } = error else { panic!("{error}") };
            assert!(!value.is_finite());
            assert_eq!((quantity.as_str(), step), ("td_error", 2), "{}", factory.id());
        }
    }
}

#[test]
fn another_number_of_environments_is_refused() {
    for factory in tabular::all() {
        let mut agent =
            factory.build(Graph::cliff().spec(), &toml::Table::new(), one_env(9), Streams::new(0)).unwrap();
        assert!(agent.learn(&mut Graph::cliff().batch(2, 0), 9).unwrap_err().to_string().contains("got 2"));
    }
}
