//! Tests of Gumbel AlphaZero: tic-tac-toe against perfect play, the gradient, symmetries, warm starts.

use std::collections::HashMap;
use std::sync::Arc;

use freewheel_core::{
    ActionBuffer, ActionSpace, Batch, Ending, Env, EnvSimulator, ManagedVectorEnv, ObservationSpace, Player,
    PolicyMode, Simulator, Spec, Step, World,
};

use super::*;
use crate::demonstrations::{Demonstrated, WarmStart, recorded};
use crate::nn::NetworkSettings;
use crate::tabular::graph::{Graph, greedy_return};

/// Tic-tac-toe: three points in a row win; a full board is a draw.
struct TicTacToe(Spec);

/// Stones of the two players, one bit a point.
type Stones = [u16; 2];

const LINES: [u16; 8] = [0o7, 0o70, 0o700, 0o111, 0o222, 0o444, 0o421, 0o124];

fn tic_tac_toe() -> Arc<TicTacToe> {
    let space = ObservationSpace::Box { shape: vec![2, 3, 3], low: vec![0.0; 18], high: vec![1.0; 18] };
    let actions = ActionSpace::Discrete { names: (0..9).map(|point| point.to_string()).collect() };
    Arc::new(TicTacToe(Spec { players: 2, masked: true, ..Spec::new("test/tic-tac-toe", space, actions) }))
}

/// Player to move: 0 or 1.
fn mover(stones: &Stones) -> usize {
    ((stones[0].count_ones() + stones[1].count_ones()) % 2) as usize
}

fn won(stones: u16) -> bool {
    LINES.iter().any(|line| stones & line == *line)
}

fn free(stones: &Stones) -> impl Iterator<Item = u32> + use<> {
    let taken = stones[0] | stones[1];
    (0..9).filter(move |point| taken & (1 << point) == 0)
}

impl Env for TicTacToe {
    type State = Stones;
    type Action = u32;

    fn spec(&self) -> &Spec {
        &self.0
    }

    fn reset(&self, _: &mut Stream) -> Stones {
        [0; 2]
    }

    fn step(&self, stones: &mut Stones, action: u32, _: &mut Stream) -> Step {
        let player = mover(stones);
        stones[player] |= 1 << action;
        match (won(stones[player]), free(stones).next()) {
            (true, _) => Step::termination(1.0),
            (false, None) => Step::termination(0.0),
            (false, Some(_)) => Step::transition(0.0),
        }
    }

    fn observe(&self, stones: &Stones, out: &mut [f32]) {
        let player = mover(stones);
        for (i, out) in out.iter_mut().enumerate() {
            let side = if i < 9 { player } else { 1 - player };
            *out = f32::from(u8::from(stones[side] & (1 << (i % 9)) != 0));
        }
    }

    fn legal(&self, stones: &Stones, out: &mut [bool]) {
        out.fill(false);
        free(stones).for_each(|point| out[point as usize] = true);
    }

    fn to_play(&self, stones: &Stones) -> Player {
        [Player::First, Player::Second][mover(stones)]
    }
}

impl World for TicTacToe {}

fn settings(text: &str) -> Config {
    freewheel_core::settings::read(&text.parse().unwrap(), "alphazero").unwrap()
}

fn agent(env: &Spec, text: &str, budget: Budget) -> AlphaZero {
    AlphaZero::new(env, settings(text), budget, Streams::new(1)).unwrap()
}

fn batch<E: Env + 'static>(env: &Arc<E>, num_envs: usize) -> Batch<E> {
    Batch::new(Arc::clone(env), num_envs, Streams::new(1), Purpose::Environment, 0)
}

/// Result for player `own` of games in which the other player tries everything: the worst one, 1, 0 or -1.
fn worst(
    env: &Arc<TicTacToe>,
    policy: &dyn Policy,
    own: usize,
    stones: Stones,
    known: &mut HashMap<Stones, u32>,
) -> i32 {
    let mut rng = Streams::new(5).stream(Purpose::EvaluationAction, 0, 0);
    let mut play = |point: u32, known: &mut HashMap<Stones, u32>| {
        let mut next = stones;
        match env.step(&mut next, point, &mut rng) {
            Step { ending: Ending::Terminal, reward } if mover(&stones) == own => reward as i32,
            Step { ending: Ending::Terminal, reward } => -(reward as i32),
            _ => worst(env, policy, own, next, known),
        }
    };
    if mover(&stones) != own {
        return free(&stones).map(|point| play(point, known)).min().unwrap();
    }
    let action = *known.entry(stones).or_insert_with(|| {
        let simulator: Box<dyn Simulator> = Box::new(EnvSimulator::new(Arc::clone(env), stones).unwrap());
        let mut rngs = [Streams::new(5).stream(Purpose::EvaluationAction, 1, 0)];
        let mut actions = ActionBuffer::Discrete(vec![9]);
        policy.plan(&mut [simulator], &mut rngs, &mut actions);
        actions.discrete().unwrap()
    });
    play(action, known)
}

/// After a short self-play, the network with a search never loses, against any play of the other side and with either
/// color, and knows that the start is a draw.
#[test]
fn tic_tac_toe_is_never_lost() {
    let env = tic_tac_toe();
    let text = "simulations = 24\nhidden_sizes = [64]\nbatch_size = 64\nlearning_starts = 200\ntrain_freq = 8\n\
                learning_rate = { from = 5e-3, to = 5e-4 }\nsymmetries = true\nc_scale = 0.1";
    let budget = Budget { steps: 10_000, num_envs: 32 };
    let mut agent = agent(&env.0, text, budget);
    agent.learn(&mut batch(&env, 32), budget.steps).unwrap();
    let policy = agent.policy(PolicyMode::Greedy).with_search(800).unwrap();
    for own in [0, 1] {
        assert_eq!(worst(&env, &*policy, own, [0; 2], &mut HashMap::new()), 0, "player {own}");
    }
    let simulator: Box<dyn Simulator> = Box::new(EnvSimulator::new(Arc::clone(&env), [0; 2]).unwrap());
    let mut rng = Streams::new(5).stream(Purpose::EvaluationAction, 2, 0);
    let insight = policy.plan_insight(simulator, &mut rng).unwrap();
    assert!(insight.value.unwrap().abs() < 0.4, "{insight:?}");
    assert_eq!(insight.per_action.iter().sum::<f32>(), 800.0);
    // The first player wins with two in a row, and the search says so.
    let two: Box<dyn Simulator> = Box::new(EnvSimulator::new(Arc::clone(&env), [0b11, 0b11000]).unwrap());
    let insight = policy.plan_insight(two, &mut rng).unwrap();
    assert!(insight.value.unwrap() > 0.9 && insight.best(&[true; 9]) == Some(2), "{insight:?}");
    assert_eq!(insight.rows[2], ("variation".to_owned(), "2".to_owned()));
}

/// The result is the same on one thread and on three.
#[test]
fn threads_do_not_change_the_bytes() {
    let env = tic_tac_toe();
    let bytes = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let text = "simulations = 8\nchannels = 8\nblocks = 1\nhidden_sizes = [16]\nbatch_size = 64\n\
                        learning_starts = 100\ntrain_freq = 128";
            let mut agent = agent(&env.0, text, Budget { steps: 2000, num_envs: 128 });
            agent.learn(&mut batch(&env, 128), 2000).unwrap();
            agent.save().unwrap()
        })
    };
    assert!(bytes(1) == bytes(3));
}

/// One row by hand: p = (3/4, 1/4) against (1/2, 1/2), value 2 against 3 / 1.5; the third action is not legal.
#[test]
fn gradient_by_hand() {
    let head = Head::Categorical { num_actions: 3 };
    let examples = Examples {
        obs: Vec::new(),
        legal: vec![true, true, false],
        policies: vec![0.5, 0.5, 0.0],
        returns: vec![6.0],
    };
    let mut outputs = vec![3f32.ln(), 0.0, 7.0, 2.5];
    let (divergence, error) = gradient(&head, &examples, 1.5, 0.5, &mut outputs);
    // ln(2/3) / 2 + ln(2) / 2; (2.5 - 4)^2, whose gradient has the weight 1/2.
    assert!((divergence - (4f32 / 3.0).ln() / 2.0).abs() < 1e-6 && (error - 2.25).abs() < 1e-6);
    for (found, expected) in outputs.iter().zip([0.25, -0.25, 0.0, -0.75]) {
        assert!((found - expected).abs() < 1e-6, "{outputs:?}");
    }
}

/// Observation, mask and policy turn together.
#[test]
fn examples_are_turned_as_a_whole() {
    let mut examples = Examples { returns: vec![1.0; 40], ..Examples::default() };
    for _ in 0..40 {
        let one = |at: usize, len: usize| (0..len).map(move |i| f32::from(u8::from(i == at)));
        examples.obs.extend(one(1, 9).chain(one(3, 9)));
        examples.policies.extend(one(1, 10));
        examples.legal.extend((0..10).map(|i| i == 1 || i == 9));
    }
    let (mut rng, mut turned) = (Streams::new(1).stream(Purpose::Agent, 0, 0), Examples::default());
    turn(&Symmetries::of(3), &examples, &mut rng, &mut turned);
    let mut places = std::collections::BTreeSet::new();
    for row in 0..40 {
        let at = turned.policies[row * 10..(row + 1) * 10].iter().position(|&p| p == 1.0).unwrap();
        assert!(
            turned.obs[row * 18 + at] == 1.0 && turned.legal[row * 10 + at] && turned.legal[row * 10 + 9]
        );
        assert_eq!(turned.obs[row * 18..(row + 1) * 18].iter().sum::<f32>(), 2.0);
        places.insert(at);
    }
    // The middle of a side goes to the middle of each side.
    assert_eq!(places, [1, 3, 5, 7].into());
}

/// A board with one action more than points: the logits are those of a convolution, and one of the hidden layers.
#[test]
fn boards_have_a_logit_for_each_point() {
    let mut spec = tic_tac_toe().0.clone();
    let config = settings("channels = 4\nblocks = 1\nhidden_sizes = [8]");
    let budget = Budget { steps: 10, num_envs: 1 };
    let outputs = |spec: &Spec| config.check(spec, budget).unwrap();
    assert_eq!((outputs(&spec).output_len(), outputs(&spec).num_outputs()), (10, 2));
    let names = (0..10).map(|point| point.to_string()).collect();
    spec.actions = ActionSpace::Discrete { names };
    assert_eq!((outputs(&spec).output_len(), outputs(&spec).num_outputs()), (11, 3));
    let agent = AlphaZero::new(&spec, config.clone(), budget, Streams::new(1)).unwrap();
    assert!(agent.policy(PolicyMode::Greedy).graph(&spec).is_ok());
}

/// Demonstrations are the first content of the window: without a step of its own, the agent knows the way.
#[test]
fn demonstrations_are_learned_first() {
    let set = recorded::record(&Graph::cliff(), 10, 200, 0, |state, _| recorded::along_the_cliff(state));
    let warm = WarmStart { demonstrated: Demonstrated::of(set), pretraining: 300, ..WarmStart::default() };
    let network = NetworkSettings { hidden_sizes: vec![32], ..NetworkSettings::default() };
    let config = Config { warm_start: Some(warm), batch_size: 32, network, ..Config::default() };
    let budget = Budget { steps: 100, num_envs: 1 };
    let agent = AlphaZero::new(Graph::cliff().spec(), config, budget, Streams::new(1)).unwrap();
    assert_eq!(greedy_return(&agent, Graph::cliff()), (-13.0, 13));
    assert_eq!(agent.window.len(), 130);
    let settings = settings("warm_start = { demos = 'somewhere' }");
    let mut unloaded = AlphaZero::new(Graph::cliff().spec(), settings, budget, Streams::new(1)).unwrap();
    let error = unloaded.learn(&mut Graph::cliff().batch(1, 0), 1).unwrap_err().to_string();
    assert!(error.contains("`somewhere` are not loaded"), "{error}");
}

#[test]
fn worlds_that_cannot_be_planned_are_refused() {
    let budget = Budget { steps: 100, num_envs: 1 };
    let continuous = crate::tests::track_target(false);
    let error = AlphaZero::new(continuous.spec(), Config::default(), budget, Streams::new(1)).err().unwrap();
    assert!(error.to_string().contains("continuous actions"), "{error}");
    // A frame stack shows what is not a function of the state.
    let stacked = freewheel_core::FrameStack::wrap(Graph::cliff().shared(), 2).unwrap();
    let factory = crate::planning::all().pop().unwrap();
    let error = factory.check(&*stacked, &toml::Table::new(), budget).unwrap_err().to_string();
    assert!(error.contains("leave out frame_stack"), "{error}");
    let mut agent = factory.build(stacked.spec(), &toml::Table::new(), budget, Streams::new(1)).unwrap();
    let mut envs: Box<dyn ManagedVectorEnv> = stacked.vector_env(1, Streams::new(1), Purpose::Environment, 0);
    assert!(agent.learn(&mut *envs, 1).unwrap_err().to_string().contains("cannot be simulated"));
}
