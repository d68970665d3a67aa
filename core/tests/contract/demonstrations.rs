use std::sync::Arc;

use freewheel_core::demonstrations::{Demonstration, DemonstrationSet, Keep, Label, Source, WorldHeader};
use freewheel_core::record::RecordedActions;
use freewheel_core::{
    ActionBuffer, Actions, DynWorld, Ending, Error, FrameStack, Policy, Purpose, ScriptedPolicy, Stream,
    Streams, World,
};

use crate::worlds::{LastLegal, Uniform, adding_game, push, timed, walk};

const STREAMS: Streams = Streams { seed: 7 };

fn label() -> Label {
    Label::of(Source::Scripted, "test")
}

/// Set of `n` episodes of `policy` with `label` in `world`.
fn set_of(world: &dyn DynWorld, policy: &dyn Policy, label: &Label, n: u64) -> DemonstrationSet {
    let mut runner = world.episode_runner(STREAMS, Purpose::EvaluationEnvironment, 0);
    let mut play = |episode| {
        let mut rng = STREAMS.stream(Purpose::EvaluationAction, 0, episode);
        Demonstration::play(&mut *runner, episode, policy, label, &mut rng, 1000).unwrap()
    };
    let episodes = (0..n).map(&mut play).collect();
    DemonstrationSet {
        header: WorldHeader::of(world.spec(), "test/world", serde_json::Value::Null),
        episodes,
    }
}

fn worlds() -> Vec<Arc<dyn DynWorld>> {
    vec![walk(true, Some(30)).shared(), adding_game().shared(), push().shared(), timed().shared()]
}

#[test]
fn episodes_are_complete_and_verify() {
    for world in worlds() {
        let set = set_of(&*world, &Uniform, &label(), 4);
        for episode in &set.episodes {
            episode.check(&set.header).unwrap();
            assert!(episode.ending.is_over() && !episode.is_empty());
            let (was, is) = (episode.episode_return, episode.return_of_rewards(world.spec().gamma));
            assert!((was - is).abs() < 1e-9, "{was} {is}");
            assert_eq!(episode.observation(0).len(), world.spec().observation.len());
            assert!(episode.observation(episode.len() + 1).is_empty());
        }
        assert_eq!(set.verify(&*world).unwrap(), 0);
        assert_eq!(set, set_of(&*world, &Uniform, &label(), 4));
    }
}

#[test]
fn every_change_is_found() {
    let world = walk(true, Some(30)).shared();
    let set = set_of(&*world, &Uniform, &label(), 2);
    let fault = |change: &dyn Fn(&mut Demonstration)| {
        let mut changed = set.clone();
        change(&mut changed.episodes[1]);
        match changed.verify(&*world) {
            Err(Error::Mismatch(why)) => why,
            other => panic!("{other:?}"),
        }
    };
    let found = [
        fault(&|episode| episode.rewards[2] += 0.5),
        fault(&|episode| episode.observations[0] = f32::from_bits(episode.observations[0].to_bits() ^ 1)),
        fault(&|episode| episode.legal[1] ^= true),
        fault(&|episode| episode.ending = Ending::Running),
        fault(&|episode| episode.score += 1.0),
        fault(&|episode| episode.origin.as_mut().unwrap().episode += 7),
    ];
    let expected =
        ["the reward of step 2 was", "the observation before step 0 differs", "the mask", "the ending was"];
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.starts_with("episode 1: ") && found.contains(expected), "{found}");
    }
    // A version, or another world.
    let mut other = set.clone();
    other.header.version += 1;
    assert!(other.verify(&*world).unwrap_err().to_string().contains("record them again"));
    assert!(set.verify(&*push().shared()).is_err());
}

#[test]
fn faults_of_data_are_named() {
    let world = walk(false, Some(30)).shared();
    let set = set_of(&*world, &LastLegal, &label(), 1);
    let fault = |change: &dyn Fn(&mut Demonstration)| {
        let mut episode = set.episodes[0].clone();
        change(&mut episode);
        episode.check(&set.header).unwrap_err()
    };
    assert!(fault(&|episode| episode.actions = RecordedActions::Discrete(vec![9; 30])).contains("step 0"));
    assert!(fault(&|episode| episode.rewards[3] = f32::NAN).contains("reward 3"));
    assert!(fault(&|episode| episode.observations[5] = f32::NAN).contains("observation 2"));
    assert!(fault(&|episode| episode.legal.truncate(1)).contains("masks"));
    assert!(fault(&|episode| episode.rewards.truncate(1)).contains("30 steps"));
    assert!(fault(&|episode| episode.ending = Ending::Running).contains("no ending"));
}

#[test]
fn an_episode_that_its_player_left_is_truncated_and_verifies() {
    let world = walk(true, None).shared();
    let mut runner = world.episode_runner(STREAMS, Purpose::WatchEnvironment, 0);
    runner.keep_history();
    let mut episode = Demonstration::start(&*runner, Label::of(Source::Human, ""));
    for action in [2, 0, 2, 2] {
        let action = Actions::Discrete(std::slice::from_ref(&action));
        let step = runner.step(action).unwrap();
        episode.push(action, step, &*runner);
    }
    // Two steps are taken back, and another one is made.
    assert!(runner.seek(2));
    episode.rewind(2, &*runner);
    assert_eq!(episode.episode_return, runner.episode_return());
    let step = runner.step(Actions::Discrete(&[2])).unwrap();
    episode.push(Actions::Discrete(&[2]), step, &*runner);
    let episode = episode.finish();
    assert_eq!((episode.len(), episode.ending), (3, Ending::Truncated));
    assert_eq!(episode.actions, RecordedActions::Discrete(vec![2, 0, 2]));
    episode.verify(&*world).unwrap();
}

#[test]
fn an_opening_is_replayed_and_not_learned_from() {
    let world = adding_game().shared();
    let mut runner = world.episode_runner(STREAMS, Purpose::Environment, 0);
    let mut episode = Demonstration::start(&*runner, label());
    let mut play = |episode: &mut Demonstration| {
        let step = runner.step(Actions::Discrete(&[0])).unwrap();
        episode.push(Actions::Discrete(&[0]), step, &*runner);
    };
    play(&mut episode);
    play(&mut episode);
    let mut later = episode.clone();
    play(&mut later);
    let expected = later.observation(3).to_vec();
    let mut runner = world.episode_runner(STREAMS, Purpose::Environment, 0);
    for _ in 0..2 {
        runner.step(Actions::Discrete(&[0])).unwrap();
    }
    episode.begin_here(&*runner);
    let step = runner.step(Actions::Discrete(&[0])).unwrap();
    episode.push(Actions::Discrete(&[0]), step, &*runner);
    let episode = episode.finish();
    assert_eq!((episode.len(), episode.opening.len()), (1, 2));
    assert_eq!(episode.observation(1), expected);
    episode.verify(&*world).unwrap();
}

#[test]
fn worlds_with_frame_stacks_record_single_observations() {
    let world = walk(true, Some(20)).shared();
    let stacked = FrameStack::wrap(Arc::clone(&world), 3).unwrap();
    let mut set = set_of(&*stacked, &Uniform, &label(), 2);
    set.header = WorldHeader::of(world.spec(), "test/walk", serde_json::Value::Null);
    set.episodes[0].check(&set.header).unwrap();
    set.verify(&*world).unwrap();
}

#[test]
fn the_best_share_is_kept_by_score() {
    // The score is the number of steps, and lower is better.
    let world = timed().shared();
    let set = set_of(&*world, &ScriptedPolicy(1), &label(), 10);
    let mut lengths: Vec<usize> = set.episodes.iter().map(Demonstration::len).collect();
    let kept = set.select(&set.kept(Keep::Top(0.2)));
    lengths.sort_unstable();
    let mut best: Vec<usize> = kept.episodes.iter().map(Demonstration::len).collect();
    best.sort_unstable();
    assert_eq!(best, lengths[..2]);
    assert_eq!(set.kept(Keep::Top(0.21)).len(), 3);
    assert_eq!(set.kept(Keep::Top(0.01)).len(), 1);
    assert_eq!(set.kept(Keep::Top(1.0)), (0..10).collect::<Vec<_>>());
    assert!(set.kept(Keep::Source(Source::Human)).is_empty());
    assert_eq!(set.kept(Keep::Source(Source::Scripted)).len(), 10);
    let least = set.episodes[3].episode_return;
    let good = set.kept(Keep::MinReturn(least));
    assert!(good.contains(&3) && good.iter().all(|&i| set.episodes[i].episode_return >= least));
}

#[test]
fn splits_are_of_whole_episodes_and_merge_again() {
    let world = walk(true, Some(30)).shared();
    let set = set_of(&*world, &Uniform, &label(), 10);
    let [mut train, test] = set.split(0.8, 0);
    assert_eq!((train.episodes.len(), test.episodes.len()), (8, 2));
    assert_eq!(set.split(0.8, 0)[1], test);
    assert!((1..5).any(|seed| set.split(0.8, seed)[1] != test));
    assert!(test.episodes.iter().all(|episode| !train.episodes.contains(episode)));
    train.merge(test).unwrap();
    assert_eq!((train.episodes.len(), train.steps()), (10, set.steps()));
    let other = set_of(&*push().shared(), &Uniform, &label(), 1);
    assert!(train.merge(other).unwrap_err().to_string().contains("different observations or actions"));
}

/// Policy that takes action 1 in cell 2, and 2 elsewhere; its values are highest for action 1.
struct ByCell;

impl Policy for ByCell {
    fn act(&self, obs: &[f32], _legal: &[bool], _rngs: &mut [Stream], actions: &mut ActionBuffer) {
        let ActionBuffer::Discrete(actions) = actions else { panic!("discrete actions") };
        actions[0] = if obs[0] == 2.0 { 1 } else { 2 };
    }

    fn action_values(&self, _obs: &[f32], _legal: &[bool], out: &mut [f32]) -> bool {
        out.copy_from_slice(&[0.0, 1.0, -1.0]);
        true
    }
}

#[test]
fn delay_noise_and_blunders() {
    // Starts in cell 2 and goes right; with a delay of 1, the second action is that for cell 2, too, and ends in cell
    // 4.
    let world = walk(false, Some(6)).shared();
    let actions = |label: Label| set_of(&*world, &ByCell, &label, 1).episodes.remove(0).actions;
    let RecordedActions::Discrete(perfect) = actions(label()) else { panic!() };
    assert_eq!(perfect, [1, 2, 2, 2, 2, 2]);
    assert_eq!(actions(Label { delay: 1, ..label() }), RecordedActions::Discrete(vec![1, 1]));
    // A blunder is the legal action of the lowest value.
    assert_eq!(actions(Label { blunders: 1.0, ..label() }), RecordedActions::Discrete(vec![2; 6]));
    // Only noise: uniform over the legal actions.
    let noisy = set_of(&*walk(true, Some(200)).shared(), &ByCell, &Label { noise: 1.0, ..label() }, 40);
    let mut counts = [0.0; 3];
    for episode in &noisy.episodes {
        for t in (0..episode.len()).filter(|&t| episode.mask(t)[0]) {
            if let Some(Actions::Discrete(&[a])) = episode.actions.get(t) {
                counts[a as usize] += 1.0;
            }
        }
    }
    let n: f64 = counts.iter().sum();
    assert!(
        n > 100.0 && counts.iter().all(|count| (count / n - 1.0 / 3.0).abs() < 4.0 * (0.22 / n).sqrt()),
        "{counts:?}"
    );
    // Continuous actions: a blunder mirrors the action at the middle of its range.
    let world = push().shared();
    let (good, bad) = (
        set_of(&*world, &Uniform, &label(), 1).episodes.remove(0),
        set_of(&*world, &Uniform, &Label { blunders: 1.0, ..label() }, 1).episodes.remove(0),
    );
    let first = |episode: &Demonstration| match &episode.actions {
        RecordedActions::Continuous(all) => all[0].clone(),
        RecordedActions::Discrete(_) => panic!(),
    };
    let freewheel_core::ActionSpace::Continuous { low, high, .. } = &world.spec().actions else { panic!() };
    for (((good, bad), low), high) in first(&good).iter().zip(first(&bad)).zip(low).zip(high) {
        assert!((good + bad - (low + high)).abs() < 1e-5);
    }
}

#[test]
fn labels_say_what_they_are() {
    let impaired = Label { delay: 2, noise: 0.1, ..Label::of(Source::Reference, "optimal") };
    assert_eq!(impaired.title(), "reference: optimal, delay 2, noise 0.1");
    assert_eq!("human".parse::<Source>().unwrap(), Source::Human);
    assert!("humans".parse::<Source>().unwrap_err().contains("did you mean `human`?"));
    let spec = walk(false, None).spec;
    assert!(Label { noise: 1.5, ..label() }.check(&spec).unwrap_err().contains("noise 1.5"));
    assert!(Label { blunders: -0.1, ..label() }.check(&spec).is_err());
    assert!(impaired.check(&spec).is_ok());
}
