use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use freewheel_core::evaluate::{Protocol, evaluate};
use freewheel_core::record::play;
use freewheel_core::{
    ActionBuffer, DynWorld, Ending, EpisodeSummary, Error, Policy, Purpose, ScriptedPolicy, Stream, Streams,
    World,
};

use crate::worlds::{LastLegal, Uniform, adding_game, push, timed, walk, with_threads};

const PROTOCOL: Protocol =
    Protocol { episodes: 100, num_envs: 19, max_steps: 25, streams: Streams { seed: 7 } };

/// Each environment plays exactly its number of episodes, and each episode equals that of an episode runner.
fn equals_episodes_played_alone<W: World>(world: W, policy: &dyn Policy) {
    let world = Arc::new(world);
    let finished = evaluate(&world, policy, &PROTOCOL).unwrap();
    // 100 = 19 * 5 + 5: environments 0 to 4 play six episodes, the others five.
    let expected: Vec<(u64, u64)> =
        (0..19).flat_map(|i| (0..if i < 5 { 6 } else { 5 }).map(move |e| (i, e))).collect();
    assert_eq!(finished.iter().map(|f| (f.index, f.episode)).collect::<Vec<_>>(), expected);
    for f in finished {
        let streams = PROTOCOL.streams;
        let mut runner = world.episode_runner(streams, Purpose::EvaluationEnvironment, f.index);
        let rng = streams.stream(Purpose::EvaluationAction, f.index, f.episode);
        let alone = play(runner.as_mut(), f.episode, policy, rng, PROTOCOL.max_steps).unwrap();
        assert_eq!((f.length, f.ending), (alone.length, alone.ending));
        assert_eq!(f.score.to_bits(), alone.episode_return.to_bits());
    }
}

#[test]
fn each_episode_is_a_function_of_its_number() {
    equals_episodes_played_alone(walk(true, None), &Uniform);
    equals_episodes_played_alone(walk(true, Some(9)), &Uniform);
    equals_episodes_played_alone(adding_game(), &Uniform);
    equals_episodes_played_alone(push(), &Uniform);
}

/// Policy with a memory of the parity of the step: uniform in even steps, the last legal action in odd ones.
struct Alternating;

impl Policy for Alternating {
    fn act(&self, obs: &[f32], legal: &[bool], rngs: &mut [Stream], actions: &mut ActionBuffer) {
        Uniform.act(obs, legal, rngs, actions);
    }

    fn memory_len(&self) -> usize {
        1
    }

    fn act_with_memory(
        &self,
        obs: &[f32],
        legal: &[bool],
        memory: &mut [f32],
        rngs: &mut [Stream],
        actions: &mut ActionBuffer,
    ) {
        assert_eq!(memory.len(), rngs.len());
        Uniform.act(obs, legal, rngs, actions);
        let mut last = actions.clone();
        LastLegal.act(obs, legal, rngs, &mut last);
        let (ActionBuffer::Discrete(actions), ActionBuffer::Discrete(last)) = (actions, last) else { return };
        for ((action, last), odd) in actions.iter_mut().zip(last).zip(memory) {
            if *odd == 1.0 {
                *action = last;
            }
            *odd = 1.0 - *odd;
        }
    }
}

/// The memory of each environment is its own, and is empty at the start of an episode.
#[test]
fn each_episode_has_a_memory_of_its_own() {
    equals_episodes_played_alone(walk(true, None), &Alternating);
    equals_episodes_played_alone(adding_game(), &Alternating);
}

#[test]
fn threads_change_nothing() {
    let world = Arc::new(walk(true, None));
    let play = || evaluate(&world, &Uniform, &PROTOCOL).unwrap();
    let one: Vec<EpisodeSummary> = with_threads(1, play);
    assert!(with_threads(2, play) == one);
    assert!(with_threads(8, play) == one);
}

#[test]
fn few_and_many() {
    let world = Arc::new(walk(true, None));
    let of = |episodes, num_envs| {
        evaluate(&world, &Uniform, &Protocol { episodes, num_envs, ..PROTOCOL }).unwrap()
    };
    assert_eq!(of(0, 8), []);
    let three = of(3, 64);
    assert_eq!(three.iter().map(|f| (f.index, f.episode)).collect::<Vec<_>>(), [(0, 0), (1, 0), (2, 0)]);
    let one = of(40, 1);
    assert!(one.iter().map(|f| (f.index, f.episode)).eq((0..40).map(|e| (0, e))));
    // An evaluation of 80 episodes contains those of an evaluation of 40.
    let more = of(80, 8);
    assert!(of(40, 8).iter().all(|f| more.contains(f)));
}

#[test]
fn the_step_limit_holds() {
    let world = Arc::new(walk(false, None));
    let finished = evaluate(&world, &LastLegal, &PROTOCOL).unwrap();
    assert!(finished.iter().all(|f| (f.length, f.ending) == (25, Ending::Truncated)));
}

#[test]
fn a_protocol_without_environments_or_steps_is_an_error() {
    let world = Arc::new(walk(false, None));
    for protocol in [Protocol { num_envs: 0, ..PROTOCOL }, Protocol { max_steps: 0, ..PROTOCOL }] {
        assert!(matches!(evaluate(&world, &Uniform, &protocol), Err(Error::Config(_))));
    }
}

/// Uniform policy that counts its actions.
struct CountingPolicy(AtomicU64);

impl Policy for CountingPolicy {
    fn act(&self, obs: &[f32], legal: &[bool], rngs: &mut [Stream], actions: &mut ActionBuffer) {
        self.0.fetch_add(rngs.len() as u64, Ordering::Relaxed);
        Uniform.act(obs, legal, rngs, actions);
    }
}

/// The policy acts exactly once for each step of an episode that counts.
#[test]
fn finished_environments_are_not_played_on() {
    for protocol in [PROTOCOL, Protocol { episodes: 19, ..PROTOCOL }] {
        let (world, policy) = (Arc::new(walk(true, None)), CountingPolicy(AtomicU64::new(0)));
        let finished = evaluate(&world, &policy, &protocol).unwrap();
        assert_eq!(policy.0.into_inner(), finished.iter().map(|f| u64::from(f.length)).sum::<u64>());
    }
}

/// Policy that writes continuous instead of discrete actions (true), or none (false), once an environment has finished.
struct WrongActions(bool);

impl Policy for WrongActions {
    fn act(&self, obs: &[f32], legal: &[bool], rngs: &mut [Stream], actions: &mut ActionBuffer) {
        Uniform.act(obs, legal, rngs, actions);
        if rngs.len() < 8 {
            *actions =
                if self.0 { ActionBuffer::Continuous(vec![0.0; 8]) } else { ActionBuffer::Discrete(vec![]) };
        }
    }
}

#[test]
fn a_policy_of_another_kind_is_an_error() {
    let world: Arc<_> = Arc::new(walk(true, None));
    for kind in [true, false] {
        let protocol = Protocol { episodes: 8, num_envs: 8, ..PROTOCOL };
        assert!(matches!(evaluate(&world, &WrongActions(kind), &protocol), Err(Error::Config(_))));
    }
}

#[test]
fn scores_by_a_measure_and_scripted_policies() {
    let world = Arc::new(timed());
    for script in [0, 1] {
        let policy = ScriptedPolicy(script);
        let finished = evaluate(&world, &policy, &PROTOCOL).unwrap();
        assert_eq!(finished.len(), 100);
        let mut different = 0;
        for f in &finished {
            assert_eq!((f.score, f.measures[1]), (f64::from(f.length), f64::from(f.length)));
            assert_eq!(f.measures[0] == 4.0, f.ending == Ending::Terminal);
            // The episode equals that of an episode runner.
            let mut runner = world.episode_runner(PROTOCOL.streams, Purpose::EvaluationEnvironment, f.index);
            let rng = PROTOCOL.streams.stream(Purpose::EvaluationAction, f.index, f.episode);
            let alone = play(runner.as_mut(), f.episode, &policy, rng, PROTOCOL.max_steps).unwrap();
            assert_eq!((alone.length, alone.ending), (f.length, f.ending));
            assert_eq!((alone.episode_return, runner.measures()), (f.episode_return, f.measures.clone()));
            different += usize::from(f.episode_return != f.score);
        }
        assert!(different > 50, "score and return are different numbers");
        assert!(with_threads(2, || evaluate(&world, &policy, &PROTOCOL).unwrap()) == finished);
    }
    assert!(matches!(evaluate(&world, &ScriptedPolicy(2), &PROTOCOL), Err(Error::Unsupported(_))));
}
