use std::sync::Arc;

use freewheel_core::{
    ActionBuffer, Actions, DynWorld, Ending, EpisodeRunner, Error, Frame, FrameStack, Origin, Player, Policy,
    Purpose, Streams, World,
};

use crate::worlds::{Uniform, adding_game, push, walk};

fn runner<W: World>(world: W, index: u64) -> Box<dyn EpisodeRunner> {
    Arc::new(world).episode_runner(Streams::new(7), Purpose::Environment, index)
}

/// Episodes of a runner equal those of environment 3 of a batch with the same random streams, bit for bit.
pub(crate) fn runner_equals_batch(world: &dyn DynWorld) {
    let (streams, num_envs) = (Streams::new(7), 5);
    let mut batch = world.vector_env(num_envs, streams, Purpose::Environment, 10);
    let mut runner = world.episode_runner(streams, Purpose::Environment, 13);
    let mut rngs: Vec<_> = (0..num_envs as u64).map(|i| streams.stream(Purpose::Action, i, 0)).collect();
    let mut actions = ActionBuffer::for_spec(world.spec(), num_envs);
    let mut episode = 0;
    for _ in 0..200 {
        let view = batch.view();
        assert_eq!(runner.obs(), view.obs_row(3));
        assert_eq!(runner.legal(), view.legal_row(3));
        assert_eq!(runner.to_play(), view.to_play[3]);
        Uniform.act(view.obs, view.legal, &mut rngs, &mut actions);
        let action = match &actions {
            ActionBuffer::Discrete(all) => Actions::Discrete(&all[3..4]),
            ActionBuffer::Continuous(all) => Actions::Continuous(&all[6..8]),
        };
        let step = runner.step(action).unwrap();
        batch.step(actions.as_actions()).unwrap();
        let view = batch.view();
        assert_eq!((step.reward, step.ending), (view.reward[3], view.ending[3]));
        assert_eq!(runner.ending(), step.ending);
        assert_eq!((runner.obs(), runner.legal()), view.successor(3));
        let finished = batch.take_finished();
        if step.ending.is_over() {
            let summary = finished.iter().find(|f| f.index == 13).unwrap();
            assert_eq!((summary.episode, summary.length), (runner.episode(), runner.length()));
            assert_eq!(summary.score.to_bits(), runner.episode_return().to_bits());
            episode += 1;
            runner.reset(episode);
        }
    }
    assert!(episode > 5);
}

#[test]
fn a_runner_equals_an_environment_of_a_batch() {
    runner_equals_batch(&*walk(true, Some(9)).shared());
    runner_equals_batch(&*adding_game().shared());
    runner_equals_batch(&*push().shared());
}

#[test]
fn an_episode_by_hand() {
    let mut runner = runner(adding_game(), 4);
    assert_eq!(runner.origin(), Origin { seed: 7, purpose: Purpose::Environment, index: 4 });
    for action in [2, 2, 2] {
        runner.step(Actions::Discrete(&[action])).unwrap();
    }
    assert_eq!((runner.obs(), runner.to_play(), runner.length()), ([9.0].as_slice(), Player::Second, 3));
    runner.step(Actions::Discrete(&[0])).unwrap();
    // Discounted return: 3 - 3/2 + 3/4 - 1/8.
    assert_eq!((runner.episode_return(), runner.ending()), (2.125, Ending::Terminal));
    assert!(matches!(runner.step(Actions::Discrete(&[0])), Err(Error::Config(_))));
    runner.reset(0);
    assert_eq!((runner.episode_return(), runner.length(), runner.ending()), (0.0, 0, Ending::Running));
}

#[test]
fn an_error_of_step_changes_nothing() {
    let mut runner = runner(walk(false, None), 0);
    for _ in 0..2 {
        runner.step(Actions::Discrete(&[0])).unwrap();
    }
    assert_eq!(runner.legal(), [false, true, true]);
    for bad in [0, 3, u32::MAX] {
        assert!(matches!(runner.step(Actions::Discrete(&[bad])), Err(Error::IllegalAction { .. })));
    }
    assert!(matches!(runner.step(Actions::Discrete(&[1, 1])), Err(Error::Config(_))));
    assert!(matches!(runner.step(Actions::Continuous(&[1.0])), Err(Error::Config(_))));
    assert_eq!((runner.obs(), runner.length()), ([0.0, 2.0].as_slice(), 2));
}

#[test]
fn the_default_drawing_is_the_observation() {
    let mut frame = Frame::default();
    runner(walk(false, None), 0).draw(None, &mut frame);
    assert_eq!(frame.to_text(), "[2.0, 0.0]\n");
}

/// Going back to any earlier step and repeating the actions gives the same rewards and observations, as does going
/// forward again; without a history, nothing changes.
pub(crate) fn seek_repeats_the_episode(world: &dyn DynWorld) {
    let mut runner = world.episode_runner(Streams::new(7), Purpose::Environment, 2);
    assert!(!runner.seek(0));
    runner.keep_history();
    runner.reset(3);
    let mut rng = Streams::new(7).stream(Purpose::Action, 0, 0);
    let mut actions = ActionBuffer::for_spec(world.spec(), 1);
    let mut seen = Vec::new();
    while !runner.ending().is_over() && seen.len() < 30 {
        let before = (runner.obs().to_vec(), runner.legal().to_vec(), runner.to_play());
        runner.select_action(&Uniform, &mut Vec::new(), &mut rng, &mut actions).unwrap();
        let step = runner.step(actions.as_actions()).unwrap();
        seen.push((before, actions.clone(), step, runner.episode_return().to_bits()));
    }
    let (length, ending) = (seen.len(), runner.ending());
    let events = runner.events().to_vec();
    for target in [length, length - 1, length / 2, 0] {
        assert!(runner.seek(target as u32));
        assert_eq!((runner.length() as usize, runner.episode()), (target, 3));
        assert!(!runner.seek(length as u32 + 1), "a step that was never made");
        assert!(runner.events().iter().all(|(at, _)| (*at as usize) < target));
        // Forward over the steps that were made, to the end and to the middle, and back again.
        for forward in [length, target + (length - target) / 2] {
            assert!(runner.seek(forward as u32));
            assert_eq!(runner.length() as usize, forward);
            if let Some((before, ..)) = seen.get(forward) {
                assert_eq!(&(runner.obs().to_vec(), runner.legal().to_vec(), runner.to_play()), before);
            } else {
                assert_eq!((runner.ending(), runner.events()), (ending, &events[..]));
            }
        }
        assert!(runner.seek(target as u32));
        for (before, actions, step, total) in &seen[target..] {
            let now = (runner.obs().to_vec(), runner.legal().to_vec(), runner.to_play());
            assert_eq!(&now, before);
            assert_eq!(&runner.step(actions.as_actions()).unwrap(), step);
            assert_eq!(runner.episode_return().to_bits(), *total);
            assert!(!runner.seek(runner.length() + 1), "a new step forgets the later ones");
        }
    }
}

/// A copy of a runner in the middle of an episode goes on as the runner does, and back to the start.
pub(crate) fn a_fork_goes_on_the_same(world: &dyn DynWorld) {
    let mut runner = world.episode_runner(Streams::new(7), Purpose::Environment, 2);
    runner.keep_history();
    runner.reset(3);
    let mut rng = Streams::new(7).stream(Purpose::Action, 0, 0);
    let mut actions = ActionBuffer::for_spec(world.spec(), 1);
    let mut fork = None;
    while !runner.ending().is_over() && runner.length() < 30 {
        if runner.length() == 2 {
            fork = runner.fork();
            assert!(fork.is_some());
        }
        runner.select_action(&Uniform, &mut Vec::new(), &mut rng, &mut actions).unwrap();
        let step = runner.step(actions.as_actions()).unwrap();
        if let Some(fork) = &mut fork {
            assert_eq!(fork.step(actions.as_actions()).unwrap(), step);
            assert_eq!((fork.obs(), fork.legal()), (runner.obs(), runner.legal()));
            assert_eq!((fork.origin(), fork.episode()), (runner.origin(), runner.episode()));
            assert_eq!((fork.ending(), fork.events()), (runner.ending(), runner.events()));
            assert_eq!(fork.episode_return().to_bits(), runner.episode_return().to_bits());
        }
    }
    let mut fork = fork.unwrap();
    for step in [1, 0, 2] {
        assert!(fork.seek(step) && runner.seek(step));
        assert_eq!((fork.obs(), fork.length()), (runner.obs(), step));
    }
}

#[test]
fn an_episode_goes_back() {
    let worlds = [walk(true, Some(9)).shared(), adding_game().shared(), push().shared()];
    for world in worlds {
        seek_repeats_the_episode(&*world);
        a_fork_goes_on_the_same(&*world);
        a_fork_goes_on_the_same(&*FrameStack::wrap(world.clone(), 3).unwrap());
        seek_repeats_the_episode(&*FrameStack::wrap(world, 3).unwrap());
    }
}

#[test]
fn a_saved_episode_goes_on_the_same() {
    for world in [walk(true, Some(9)).shared(), adding_game().shared(), push().shared()] {
        let mut runner = world.episode_runner(Streams::new(7), Purpose::Environment, 2);
        runner.reset(4);
        let rng = Streams::new(7).stream(Purpose::Action, 0, 0);
        let mut actions = ActionBuffer::for_spec(world.spec(), 1);
        let mut play = |runner: &mut dyn EpisodeRunner| {
            let mut seen = Vec::new();
            while !runner.ending().is_over() && seen.len() < 20 {
                runner.select_action(&Uniform, &mut Vec::new(), &mut rng.clone(), &mut actions).unwrap();
                let step = runner.step(actions.as_actions()).unwrap();
                seen.push((step, runner.obs().to_vec(), runner.episode_return().to_bits()));
            }
            seen
        };
        let saved = runner.save().unwrap();
        let rest = play(&mut *runner);
        // In a runner of another seed, whose episode has ended or not.
        let mut other = world.episode_runner(Streams::new(8), Purpose::WatchEnvironment, 0);
        play(&mut *other);
        other.load(&saved).unwrap();
        assert_eq!((other.episode(), other.length()), (4, 0));
        assert_eq!(play(&mut *other), rest);
        for damaged in [&saved[1..], &saved[..saved.len() - 1], &[&saved[..], &[0]].concat()] {
            assert!(other.load(damaged).is_err());
        }
    }
    let mut walk = runner(walk(true, None), 0);
    assert!(walk.load(&runner(adding_game(), 0).save().unwrap()).is_err(), "another world");
}
