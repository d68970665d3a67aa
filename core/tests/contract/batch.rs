use std::sync::Arc;

use freewheel_core::{
    Action, ActionBuffer, Actions, Batch, Ending, Env, EpisodeSummary, Error, ManagedVectorEnv, Player,
    Policy, Purpose, Stream, Streams, VectorEnv, World,
};
use proptest::prelude::*;

use crate::worlds::{Uniform, adding_game, push, walk, with_threads};

const LEFT: u32 = 0;
const RIGHT: u32 = 1;
const STAY: u32 = 2;

fn batch<E: Env>(env: E, num_envs: usize) -> Batch<E> {
    Batch::new(Arc::new(env), num_envs, Streams::new(7), Purpose::Environment, 0)
}

/// Steps N environments `steps` times with uniformly random actions from the generators `rngs [N]`.
fn drive(env: &mut dyn ManagedVectorEnv, rngs: &mut [Stream], steps: usize) {
    let mut actions = ActionBuffer::for_spec(env.spec(), rngs.len());
    for _ in 0..steps {
        let view = env.view();
        Uniform.act(view.obs, view.legal, rngs, &mut actions);
        env.step(actions.as_actions()).unwrap();
    }
}

fn action_streams(num_envs: usize) -> Vec<Stream> {
    (0..num_envs as u64).map(|i| Streams::new(7).stream(Purpose::Action, i, 0)).collect()
}

#[test]
fn a_new_batch_shows_the_first_states() {
    let batch = batch(walk(false, None), 2);
    let view = batch.view();
    assert_eq!((view.num_envs, view.obs_len, view.num_actions), (2, 2, 3));
    assert_eq!(view.obs, [2.0, 0.0, 2.0, 0.0]);
    assert_eq!(view.legal, [true; 6]);
    assert_eq!(view.ending, [Ending::Running; 2]);
    assert_eq!(view.to_play, [Player::First; 2]);
}

/// In the second step, environment 1 is terminated, and 0 and 2 are truncated by the time limit of 2.
#[test]
fn successors_of_running_terminated_and_truncated_episodes() {
    let mut batch = batch(walk(false, Some(2)), 3);
    batch.advance(&[LEFT, RIGHT, LEFT]).unwrap();
    let view = batch.view();
    assert_eq!(view.reward, [1.0, 3.0, 1.0]);
    assert_eq!(view.ending, [Ending::Running; 3]);
    assert_eq!(view.successor(0), ([1.0, 1.0].as_slice(), [true; 3].as_slice()));
    assert!(batch.take_finished().is_empty());

    batch.advance(&[STAY, RIGHT, LEFT]).unwrap();
    let view = batch.view();
    assert_eq!(view.reward, [1.0, 10.0, 0.0]);
    assert_eq!(view.ending, [Ending::Truncated, Ending::Terminal, Ending::Truncated]);
    assert_eq!(view.ending.iter().map(|e| e.discount()).collect::<Vec<_>>(), [1.0, 0.0, 1.0]);
    // The buffers already hold the first observations of the next episodes ...
    assert_eq!(view.obs, [2.0, 0.0, 2.0, 0.0, 2.0, 0.0]);
    assert_eq!(view.legal, [true; 9]);
    // ... and the successors are the last observations of the old episodes, with their masks.
    assert_eq!(view.successor(0), ([1.0, 2.0].as_slice(), [true; 3].as_slice()));
    assert_eq!(view.successor(1), ([4.0, 2.0].as_slice(), [true; 3].as_slice()));
    assert_eq!(view.successor(2), ([0.0, 2.0].as_slice(), [false, true, true].as_slice()));
    let finished = |index, score, ending| EpisodeSummary {
        index,
        episode: 0,
        score,
        episode_return: score,
        length: 2,
        ending,
        measures: Vec::new(),
    };
    let expected = [
        finished(0, 2.0, Ending::Truncated),
        finished(1, 13.0, Ending::Terminal),
        finished(2, 1.0, Ending::Truncated),
    ];
    assert_eq!(batch.take_finished(), expected);
    assert!(batch.take_finished().is_empty());

    // The successor in a running episode is `obs`; `last_obs` still has the last observation of the old episode.
    batch.advance(&[LEFT, LEFT, LEFT]).unwrap();
    let view = batch.view();
    assert_eq!(view.successor(1).0, [1.0, 1.0]);
    assert_eq!(&view.last_obs[2..4], [4.0, 2.0]);
}

/// An episode that the rules end in the step of the time limit is terminated, not truncated.
#[test]
fn termination_has_priority_over_the_time_limit() {
    let mut batch = batch(walk(false, Some(2)), 1);
    batch.advance(&[RIGHT]).unwrap();
    batch.advance(&[RIGHT]).unwrap();
    assert_eq!(batch.view().ending, [Ending::Terminal]);
}

#[test]
fn a_time_limit_only_shortens_episodes() {
    let length = |limit: Option<u32>, world: Option<u32>| {
        let mut batch = batch(walk(false, world), 1);
        limit.into_iter().for_each(|limit| batch.set_time_limit(limit));
        (0..10).for_each(|_| batch.advance(&[STAY]).unwrap());
        batch.take_finished().first().map(|f| (f.length, f.ending))
    };
    assert_eq!(length(None, None), None);
    assert_eq!(length(Some(4), None), Some((4, Ending::Truncated)));
    assert_eq!(length(Some(4), Some(7)), Some((4, Ending::Truncated)));
    assert_eq!(length(Some(7), Some(4)), Some((4, Ending::Truncated)));
}

/// Each episode uses the random stream of its number, whatever the length of earlier episodes.
#[test]
fn episodes_draw_from_their_own_streams() {
    let streams = Streams::new(7);
    let env = Arc::new(walk(true, Some(3)));
    let mut batch = Batch::new(Arc::clone(&env), 2, streams, Purpose::Environment, 40);
    for episode in 0..20 {
        for (row, state) in batch.states().iter().enumerate() {
            let mut rng = streams.stream(Purpose::Environment, 40 + row as u64, episode);
            assert_eq!(*state, env.reset(&mut rng));
        }
        for _ in 0..3 {
            batch.advance(&[STAY, STAY]).unwrap();
        }
    }
    let ended: Vec<_> = batch.take_finished().iter().map(|f| (f.index, f.episode)).collect();
    let expected: Vec<_> = (0..20).flat_map(|e| [(40, e), (41, e)]).collect();
    assert_eq!(ended, expected);
}

#[test]
fn masks_follow_the_states() {
    let mut batch = batch(walk(false, None), 2);
    batch.advance(&[LEFT, STAY]).unwrap();
    batch.advance(&[LEFT, STAY]).unwrap();
    assert_eq!(batch.view().legal_row(0), [false, true, true]);
    assert_eq!(batch.view().legal_row(1), [true, true, true]);
    batch.advance(&[RIGHT, STAY]).unwrap();
    assert_eq!(batch.view().legal_row(0), [true, true, true]);
}

#[test]
fn an_error_of_step_changes_nothing() {
    let mut batch = batch(walk(true, Some(9)), 64);
    drive(&mut batch, &mut action_streams(64), 30);
    // Illegal actions are `left` in cell 0, and numbers out of range.
    batch.set_time_limit(9);
    let before = batch.save().unwrap();
    let stuck = batch.states().iter().position(|s| s.cell == 0).unwrap();
    let mut actions = vec![RIGHT; 64];
    for (expected, bad) in [(stuck, LEFT), (63, 3), (63, u32::MAX)] {
        let was = std::mem::replace(&mut actions[expected], bad);
        match batch.advance(&actions) {
            Err(Error::IllegalAction { row, action: named }) => {
                assert_eq!((row, named), (expected, bad.to_string()));
            }
            other => panic!("{other:?}"),
        }
        assert!(batch.step(Actions::Discrete(&actions)).is_err());
        actions[expected] = was;
    }
    assert!(matches!(batch.advance(&actions[1..]), Err(Error::Config(_))));
    assert!(matches!(batch.step(Actions::Discrete(&[])), Err(Error::Config(_))));
    assert!(matches!(batch.step(Actions::Continuous(&[0.0; 64])), Err(Error::Config(_))));
    assert_eq!(batch.save().unwrap(), before);
}

#[test]
fn an_empty_batch_does_nothing() {
    let mut batch = batch(walk(false, None), 0);
    (0..10).for_each(|_| batch.advance(&[]).unwrap());
    assert!(batch.take_finished().is_empty());
}

/// The first player adds 2, moves again and adds 3; the second adds 1; the first adds 2, moves again and adds 3, which
/// ends the game. Return of the first player at discount 1/2: 2 + 3/2 - 1/4 + 2/8 + 3/16 = 3.6875.
#[test]
fn the_return_is_the_first_players() {
    let mut batch = batch(adding_game(), 1);
    let movers = [Player::First, Player::First, Player::Second, Player::First, Player::First];
    for (action, mover) in [1, 2, 0, 1, 2].into_iter().zip(movers) {
        assert_eq!(batch.view().to_play, [mover]);
        batch.advance(&[action]).unwrap();
        // The reward is that of the player who moved.
        assert_eq!(batch.view().reward, [action as f32 + 1.0]);
    }
    assert_eq!(batch.view().to_play, [Player::First]);
    let finished = batch.take_finished();
    assert_eq!((finished[0].score, finished[0].length), (3.6875, 5));
}

#[test]
fn continuous_actions_are_arrays_or_flat() {
    let (mut arrays, mut flat) = (batch(push(), 3), batch(push(), 3));
    let actions = [[0.5, -1.0], [0.25, 0.0], [9.0, 9.0]];
    arrays.advance(&actions).unwrap();
    flat.step(Actions::Continuous(actions.as_flattened())).unwrap();
    assert_eq!(arrays.save().unwrap(), flat.save().unwrap());
    let view = flat.view();
    assert_eq!((view.num_actions, view.legal.len(), view.last_legal.len()), (0, 0, 0));
    assert_eq!(view.ending, [Ending::Running, Ending::Running, Ending::Terminal]);
    assert_eq!(view.obs_row(0)[1], -1.0);

    let before = flat.save().unwrap();
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let result = flat.step(Actions::Continuous(&[0.0, 0.0, 0.0, 0.0, 0.0, bad]));
        assert!(matches!(result, Err(Error::IllegalAction { row: 2, .. })), "{result:?}");
    }
    assert!(matches!(flat.step(Actions::Continuous(&[0.0; 5])), Err(Error::Config(_))));
    assert!(matches!(flat.step(Actions::Discrete(&[0; 3])), Err(Error::Config(_))));
    assert_eq!(flat.save().unwrap(), before);
}

#[test]
fn actions_are_split_by_environment() {
    assert_eq!(<u32 as Action>::from_actions(Actions::Discrete(&[1, 2]), 2), Some([1, 2].as_slice()));
    assert_eq!(<u32 as Action>::from_actions(Actions::Discrete(&[1, 2]), 3), None);
    assert_eq!(
        <[f32; 2] as Action>::from_actions(Actions::Continuous(&[1.0, 2.0]), 1),
        Some([[1.0, 2.0]].as_slice())
    );
    assert_eq!(<[f32; 2] as Action>::from_actions(Actions::Continuous(&[1.0]), 1), None);
    assert_eq!(7u32.as_actions(), Actions::Discrete(&[7]));
    assert_eq!([1.0f32, 2.0].as_actions(), Actions::Continuous(&[1.0, 2.0]));
}

/// 90 steps give the same bytes as `at` steps, saving, loading into a new batch, and the remaining steps.
fn resumes<W: World>(world: W, at: usize) {
    let world = Arc::new(world);
    let fresh = |seed| Batch::new(Arc::clone(&world), 5, Streams::new(seed), Purpose::Environment, 2);
    let (mut whole, mut rngs) = (fresh(7), action_streams(5));
    drive(&mut whole, &mut rngs, at);
    let (saved, mut saved_rngs) = (whole.save().unwrap(), rngs.clone());
    drive(&mut whole, &mut rngs, 90 - at);
    // A batch with other random streams gets the saved ones by loading.
    let mut resumed = fresh(8);
    resumed.load(&saved).unwrap();
    assert_eq!(resumed.save().unwrap(), saved);
    drive(&mut resumed, &mut saved_rngs, 90 - at);
    assert_eq!(resumed.save().unwrap(), whole.save().unwrap());
    assert_eq!(resumed.view().obs, whole.view().obs);
    assert_eq!(resumed.view().legal, whole.view().legal);
    assert_eq!(resumed.view().to_play, whole.view().to_play);
    assert_eq!(resumed.take_finished(), whole.take_finished());
}

#[test]
fn a_resumed_batch_ends_in_the_same_bytes() {
    for at in [0, 1, 31, 89] {
        resumes(walk(true, Some(9)), at);
        resumes(adding_game(), at);
        resumes(push(), at);
    }
}

#[test]
fn saved_bytes_of_another_batch_are_an_error() {
    let mut here = batch(walk(true, Some(9)), 5);
    drive(&mut here, &mut action_streams(5), 20);
    let saved = here.save().unwrap();
    let is_error = |here: &mut dyn ManagedVectorEnv, bytes: &[u8], why: &str| {
        let error = here.load(bytes).unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
        assert_eq!(here.save().unwrap(), saved, "the batch has changed");
    };
    let mut more = batch(walk(true, Some(9)), 6);
    drive(&mut more, &mut action_streams(6), 20);
    is_error(&mut here, &more.save().unwrap(), "does not have 5 environments");
    is_error(&mut here, &batch(adding_game(), 5).save().unwrap(), "test/adding-game");
    let mut newer = walk(true, Some(9));
    newer.spec.version = 2;
    is_error(&mut here, &batch(newer, 5).save().unwrap(), "version 2");
    is_error(&mut here, &[&saved[..], &[0]].concat(), "1 bytes follow");
    for len in 0..saved.len() {
        is_error(&mut here, &saved[..len], "saved batch");
    }
}

/// Bytes and finished episodes of a batch with this number of threads; a step is expensive enough to be split.
fn played<W: World>(world: &Arc<W>, threads: usize) -> (Vec<u8>, Vec<EpisodeSummary>) {
    with_threads(threads, || {
        let num_envs = 257;
        let mut batch = Batch::new(Arc::clone(world), num_envs, Streams::new(3), Purpose::Environment, 0);
        drive(&mut batch, &mut action_streams(num_envs), 60);
        let finished = batch.take_finished();
        (batch.save().unwrap(), finished)
    })
}

#[test]
fn threads_change_nothing() {
    let mut world = walk(true, Some(9));
    // More than a microsecond per environment: a step of 257 environments is split from the ninth step on.
    world.work = 1000;
    let world = Arc::new(world);
    let one = played(&world, 1);
    assert!(one.1.len() > 257);
    for threads in [2, 8] {
        assert!(played(&world, threads) == one, "{threads} threads");
    }
}

proptest! {
    /// Random play: scores are sums of rewards, lengths are within the limit, and masks are those of the states.
    #[test]
    fn summaries_match_the_steps(seed: u64, num_envs in 1usize..6, limit in 1u32..12) {
        let env = Arc::new(walk(true, Some(limit)));
        let mut batch = Batch::new(Arc::clone(&env), num_envs, Streams::new(seed), Purpose::Environment, 0);
        let mut rngs: Vec<_> = (0..num_envs as u64).map(|i| Streams::new(seed).stream(Purpose::Action, i, 0)).collect();
        let mut sums = vec![(0.0, 0u32, 0u64); num_envs];
        for _ in 0..60 {
            drive(&mut batch, &mut rngs, 1);
            let finished = batch.take_finished();
            let mut finished = finished.iter();
            let view = batch.view();
            for (row, (sum, length, episode)) in sums.iter_mut().enumerate() {
                *sum += f64::from(view.reward[row]);
                *length += 1;
                if view.ending[row].is_over() {
                    let f = finished.next().unwrap();
                    prop_assert_eq!((f.index, f.episode, f.length), (row as u64, *episode, *length));
                    prop_assert_eq!(f.score, *sum);
                    prop_assert!(f.length <= limit);
                    prop_assert_eq!(f.ending == Ending::Terminal, view.successor(row).0[0] == 4.0);
                    (*sum, *length, *episode) = (0.0, 0, *episode + 1);
                }
                prop_assert_eq!(view.obs_row(row)[1], *length as f32);
                let mut mask = [false; 3];
                env.legal(&batch.states()[row], &mut mask);
                prop_assert_eq!(view.legal_row(row), mask);
            }
            prop_assert!(finished.next().is_none());
        }
    }
}
