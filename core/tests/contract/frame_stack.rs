use std::collections::VecDeque;
use std::sync::Arc;

use freewheel_core::evaluate::{Protocol, evaluate};
use freewheel_core::{
    ActionBuffer, Actions, DynWorld, Error, Frame, FrameStack, ObservationSpace, Player, Policy, Purpose,
    SolveQuery, Streams, World, record,
};

use crate::runner::runner_equals_batch;
use crate::worlds::{CopyObservation, Uniform, adding_game, light, push, timed, walk, with_threads};

const STREAMS: Streams = Streams { seed: 7 };

fn with_history(world: impl World, length: usize) -> Arc<dyn DynWorld> {
    FrameStack::wrap(world.shared(), length).unwrap()
}

/// Last observations of each player in one environment, oldest first: a simple frame stack to compare with.
struct Diary {
    length: usize,
    seen: [VecDeque<Vec<f32>>; 2],
}

impl Diary {
    fn new(length: usize) -> Self {
        Diary { length, seen: Default::default() }
    }

    fn see(&mut self, player: Player, obs: &[f32]) {
        let seen = &mut self.seen[player as usize];
        seen.push_back(obs.to_vec());
        while seen.len() < self.length {
            seen.push_front(obs.to_vec());
        }
        while seen.len() > self.length {
            seen.pop_front();
        }
    }

    fn read(&self, player: Player) -> Vec<f32> {
        self.seen[player as usize].iter().flatten().copied().collect()
    }
}

/// Compares a frame stack with [`Diary`] in random play: the same actions are played with and without the stack.
fn shows_what_a_diary_says(world: Arc<dyn DynWorld>, length: usize) {
    let rows = 5;
    let base = match world.spec().observation {
        ObservationSpace::Discrete { n } => Some(n as f32),
        ObservationSpace::Box { .. } => None,
    };
    let read = |diary: &Diary, player| match base {
        Some(n) => vec![diary.read(player).iter().fold(0.0, |number, digit| number * n + digit)],
        None => diary.read(player),
    };
    let mut plain = world.vector_env(rows, STREAMS, Purpose::Environment, 3);
    let remembering = FrameStack::wrap(world, length).unwrap();
    let mut seen = remembering.vector_env(rows, STREAMS, Purpose::Environment, 3);
    let mut diaries: Vec<Diary> = (0..rows).map(|_| Diary::new(length)).collect();
    let mut rngs: Vec<_> = (0..rows as u64).map(|i| STREAMS.stream(Purpose::Action, i, 0)).collect();
    let mut actions = ActionBuffer::for_spec(remembering.spec(), rows);
    let mut ended = 0;
    for (row, diary) in diaries.iter_mut().enumerate() {
        diary.see(plain.view().to_play[row], plain.view().obs_row(row));
    }
    for _ in 0..200 {
        let (view, bare) = (seen.view(), plain.view());
        assert_eq!(view.obs_len, remembering.spec().observation.len());
        for (row, diary) in diaries.iter().enumerate() {
            assert_eq!(view.obs_row(row), read(diary, bare.to_play[row]));
        }
        Uniform.act(bare.obs, bare.legal, &mut rngs, &mut actions);
        plain.step(actions.as_actions()).unwrap();
        seen.step(actions.as_actions()).unwrap();
        let (view, bare) = (seen.view(), plain.view());
        assert_eq!((view.reward, view.ending, view.legal), (bare.reward, bare.ending, bare.legal));
        assert_eq!((view.to_play, view.last_to_play), (bare.to_play, bare.last_to_play));
        for (row, diary) in diaries.iter_mut().enumerate() {
            let (obs, legal) = bare.successor(row);
            let player = bare.successor_to_play(row);
            diary.see(player, obs);
            assert_eq!(view.successor(row), (&*read(diary, player), legal));
            if bare.ending[row].is_over() {
                ended += 1;
                *diary = Diary::new(length);
                diary.see(bare.to_play[row], bare.obs_row(row));
            }
        }
        assert_eq!(seen.take_finished(), plain.take_finished());
    }
    assert!(ended > 20, "{ended}");
}

#[test]
fn it_shows_what_each_player_saw_itself() {
    for length in [2, 3, 7] {
        shows_what_a_diary_says(walk(true, Some(9)).shared(), length);
        shows_what_a_diary_says(adding_game().shared(), length);
        shows_what_a_diary_says(push().shared(), length);
        shows_what_a_diary_says(light().shared(), length);
    }
}

#[test]
fn an_episode_by_hand() {
    let world = with_history(walk(false, None), 3);
    let mut runner = world.episode_runner(STREAMS, Purpose::Environment, 0);
    assert_eq!(runner.obs(), [2.0, 0.0, 2.0, 0.0, 2.0, 0.0]);
    for action in [1, 0] {
        runner.step(Actions::Discrete(&[action])).unwrap();
    }
    assert_eq!(
        (runner.obs(), runner.world_obs()),
        ([2.0, 0.0, 3.0, 1.0, 2.0, 2.0].as_slice(), &[2.0, 2.0][..])
    );
    runner.reset(1);
    assert_eq!(runner.obs(), [2.0, 0.0, 2.0, 0.0, 2.0, 0.0]);
    // The first player adds one; the second adds two, two and one: the first player does not observe these sums.
    let world = with_history(adding_game(), 2);
    let mut runner = world.episode_runner(STREAMS, Purpose::Environment, 0);
    let mut seen = vec![runner.obs().to_vec()];
    for action in [0, 1, 1, 0, 2] {
        runner.step(Actions::Discrete(&[action])).unwrap();
        seen.push(runner.obs().to_vec());
    }
    assert_eq!(seen, [[0.0, 0.0], [1.0, 1.0], [1.0, 3.0], [3.0, 5.0], [0.0, 6.0], [5.0, 9.0]]);
}

#[test]
fn a_stage_is_a_row_of_a_batch() {
    runner_equals_batch(&*with_history(walk(true, Some(9)), 3));
    runner_equals_batch(&*with_history(adding_game(), 3));
    runner_equals_batch(&*with_history(push(), 2));
    runner_equals_batch(&*with_history(light(), 4));
}

#[test]
fn what_it_looks_like() {
    let plain = walk(true, Some(9)).shared();
    assert!(Arc::ptr_eq(&plain, &FrameStack::wrap(Arc::clone(&plain), 1).unwrap()));
    let seen = FrameStack::wrap(Arc::clone(&plain), 4).unwrap();
    let (low, high) = (vec![f32::NEG_INFINITY; 8], vec![f32::INFINITY; 8]);
    assert_eq!(seen.spec().observation, ObservationSpace::Box { shape: vec![8], low, high });
    assert_eq!((&seen.spec().id, seen.spec().masked), (&plain.spec().id, true));
    // Four observations: 4^12 = 2^24 is the largest number of stacked discrete observations.
    let light = light().shared();
    let seen = |length| FrameStack::wrap(Arc::clone(&light), length);
    assert_eq!(seen(12).unwrap().spec().observation, ObservationSpace::Discrete { n: 1 << 24 });
    for (length, why) in [(0, "at least 1"), (usize::MAX, "at most 1024")] {
        assert!(seen(length).err().unwrap().to_string().contains(why), "{length}");
    }
}

#[test]
fn planes_are_stacked_in_front() {
    let mut pushed = push();
    let (low, high) = (vec![-1.0, 0.0], vec![1.0, 2.0]);
    pushed.0.observation = ObservationSpace::Box { shape: vec![1, 1, 2], low, high };
    let observation = with_history(pushed, 3).spec().observation.clone();
    let (low, high) = ([-1.0, 0.0].repeat(3), [1.0, 2.0].repeat(3));
    assert_eq!(observation, ObservationSpace::Box { shape: vec![3, 1, 2], low, high });
}

#[test]
fn saved_and_loaded_it_goes_on_in_the_same_bytes() {
    for world in
        [with_history(walk(true, Some(9)), 3), with_history(adding_game(), 3), with_history(light(), 3)]
    {
        let batch = |rows| world.vector_env(rows, STREAMS, Purpose::Environment, 0);
        let mut rngs: Vec<_> = (0..4).map(|i| STREAMS.stream(Purpose::Action, i, 0)).collect();
        let mut actions = ActionBuffer::for_spec(world.spec(), 4);
        let mut play = |episodes: &mut dyn freewheel_core::ManagedVectorEnv, ticks| {
            let mut made = Vec::new();
            for _ in 0..ticks {
                let view = episodes.view();
                Uniform.act(view.obs, view.legal, &mut rngs, &mut actions);
                episodes.step(actions.as_actions()).unwrap();
                made.push(actions.clone());
            }
            made
        };
        let mut one = batch(4);
        play(&mut *one, 37);
        let saved = one.save().unwrap();
        let made = play(&mut *one, 40);
        let mut other = batch(4);
        other.load(&saved).unwrap();
        assert_eq!(other.save().unwrap(), saved);
        for actions in &made {
            other.step(actions.as_actions()).unwrap();
        }
        assert_eq!(other.save().unwrap(), one.save().unwrap());
        assert_eq!((other.view().obs, other.view().last_obs), (one.view().obs, one.view().last_obs));
        // Saved bytes of another size, or damaged bytes, are an error that changes nothing.
        let before = other.save().unwrap();
        for bad in [batch(3).save().unwrap(), saved[1..].to_vec(), [&saved[..], &[0]].concat(), Vec::new()] {
            assert!(matches!(other.load(&bad), Err(Error::Config(_))));
        }
        assert_eq!(other.save().unwrap(), before);
    }
    let [two, three] =
        [2, 3].map(|length| with_history(light(), length).vector_env(4, STREAMS, Purpose::Environment, 0));
    let mut two = two;
    assert!(two.load(&three.save().unwrap()).is_err(), "another length");
}

#[test]
fn its_episodes_are_recorded_as_the_worlds() {
    for world in [walk(true, Some(9)).shared(), adding_game().shared(), push().shared()] {
        let seen = FrameStack::wrap(Arc::clone(&world), 3).unwrap();
        let mut runner = seen.episode_runner(STREAMS, Purpose::EvaluationEnvironment, 2);
        let rng = STREAMS.stream(Purpose::EvaluationAction, 2, 0);
        let played = record::play(&mut *runner, 5, &Uniform, rng, 1000).unwrap();
        record::verify(&played, &*world).unwrap();
        record::verify(&played, &*seen).unwrap();
    }
}

#[test]
fn the_reference_looks_at_the_present() {
    let world = light().shared();
    let seen = FrameStack::wrap(Arc::clone(&world), 3).unwrap();
    let solution = seen.solve(&SolveQuery::for_spec(seen.spec())).unwrap();
    assert_eq!((solution.value, solution.values.len()), (1.0, 0));
    let protocol = Protocol { episodes: 40, num_envs: 7, max_steps: 50, streams: STREAMS };
    let finished = evaluate(&*seen, &*solution.policy.unwrap(), &protocol).unwrap();
    assert_eq!(finished, evaluate(&*world, &CopyObservation, &protocol).unwrap());
    assert!(finished.iter().all(|episode| episode.score == 1.0));
    // Observations of the evaluation world are stacked, too.
    let judge = seen.evaluation_world().unwrap();
    assert_eq!(
        (judge.world.spec().id.as_str(), &judge.world.spec().observation),
        ("test/lantern", &seen.spec().observation)
    );
}

#[test]
fn a_drawing_asks_what_would_be_thought_of_another_present() {
    let seen = with_history(light(), 3);
    let mut runner = seen.episode_runner(STREAMS, Purpose::Environment, 0);
    let color = runner.world_obs()[0] as u32;
    runner.step(Actions::Discrete(&[3])).unwrap();
    let mut frame = Frame::default();
    runner.draw(Some(&CopyObservation), &mut frame);
    // The stack is color, color and each of the four observations, as a number in base 4.
    let past = f64::from(16 * color + 4 * color);
    assert_eq!(frame.to_text().trim_end(), format!("{:?}", [0.0, 1.0, 2.0, 3.0].map(|seen| past + seen)));
}

#[test]
fn the_worlds_own_players_play_as_ever() {
    let (world, seen) = (timed().shared(), with_history(timed(), 4));
    let protocol = Protocol { episodes: 50, num_envs: 16, max_steps: 30, streams: STREAMS };
    for script in 0..2 {
        let policy = freewheel_core::ScriptedPolicy(script);
        let play = |world: &dyn DynWorld| evaluate(world, &policy, &protocol).unwrap();
        assert_eq!(play(&*seen), play(&*world));
    }
}

#[test]
fn threads_change_nothing() {
    let play = || {
        let protocol = Protocol { episodes: 200, num_envs: 64, max_steps: 50, streams: STREAMS };
        evaluate(&*with_history(walk(true, Some(9)), 3), &Uniform, &protocol).unwrap()
    };
    assert_eq!(with_threads(1, play), with_threads(3, play));
}
