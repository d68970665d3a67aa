//! Tests of the replay buffer against a plain list.

use freewheel_core::{ActionSpace, Ending, ObservationSpace, Purpose, Spec, Streams};
use proptest::prelude::*;

use super::{Replay, Sample, SampleRequest, Storage, Transition};

fn spec(actions: usize) -> Spec {
    let names: Vec<String> = (0..actions).map(|a| a.to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let observation = ObservationSpace::vector(&[(0.0, 2.55e4), (0.0, 1.0)]);
    Spec { masked: true, players: 2, observation, ..Spec::discrete("test/replay", 1, &names) }
}

/// Step in the plain list; the number of the step is in the observation.
#[derive(Clone, Copy, Debug)]
struct StoredStep {
    action: u32,
    reward: f32,
    ending: Ending,
    player_changed: bool,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn samples_are_the_stored_transitions(
        seed: u64, num_envs in 1..4usize, slots in 12..40usize, count in 20..120usize,
        n in 1..5usize, prioritized: bool, bytes: bool,
    ) {
        let spec = spec(11);
        let storage = if bytes { Storage::U8 } else { Storage::F32 };
        let build = || Replay::<u32>::new(&spec, num_envs, num_envs * slots, 2 * n + 2, storage, prioritized).unwrap();
        let mut replay = build();
        let mut rng = Streams::new(seed).stream(Purpose::Agent, 0, 0);
        // 100 apart, so that they differ as bytes too.
        let obs_of = |number: usize| [100.0 * number as f32, (number % 2) as f32];
        let mask = |number: usize| -> Vec<bool> { (0..11).map(|a| (number >> (a % 7)) & 1 == 1).collect() };
        let mut lists = vec![Vec::<StoredStep>::new(); num_envs];
        // Observations of an environment are numbered; the final one of a truncated episode has its own number.
        let mut numbers = vec![Vec::<usize>::new(); num_envs];
        let mut next = vec![0usize; num_envs];
        for i in 0..count {
            let env = i % num_envs;
            let ending = match rng.below(8) { 0 => Ending::Terminal, 1 => Ending::Truncated, _ => Ending::Running };
            let (action, reward) = (rng.below(11), rng.below(9) as f32 - 4.0);
            let made = StoredStep { action, reward, ending, player_changed: rng.chance(0.5) };
            let number = next[env];
            let (obs, legal) = (obs_of(number), mask(number));
            let (last, last_legal) = (obs_of(number + 1), mask(number + 1));
            replay.push(env, &Transition {
                obs: &obs, legal: &legal, action: &[made.action], reward: made.reward, ending,
                player_changed: made.player_changed, successor: (&last, &last_legal),
            });
            numbers[env].push(number);
            lists[env].push(made);
            next[env] += if ending == Ending::Truncated { 2 } else { 1 };
        }
        let request = SampleRequest { batch_size: 16, n_step: n, gamma: 0.5, beta: 0.7 };
        let mut sample = Sample::default();
        // At least one step has a successor, so that a whole batch is sampled.
        prop_assert!(replay.sample(request, &mut rng, &mut sample));
        for i in 0..request.batch_size {
            let env = sample.indices[i] / slots;
            let number = (sample.obs[2 * i] / 100.0).round() as usize;
            let at = numbers[env].iter().position(|&own| own == number).unwrap();
            prop_assert_eq!(sample.obs[2 * i + 1], (number % 2) as f32);
            prop_assert_eq!(sample.actions[i], lists[env][at].action);
            // The same transition, computed from the list by the formula.
            let (mut reward, mut weight, mut k, mut over) = (0.0, 1.0, at, false);
            while k < at + n && !over {
                let made = lists[env][k];
                reward += weight * made.reward;
                weight *= if made.player_changed { -0.5 } else { 0.5 };
                over = made.ending.is_over();
                if made.ending == Ending::Terminal { weight = 0.0; }
                k += 1;
            }
            prop_assert!((sample.rewards[i] - reward).abs() < 1e-5);
            prop_assert_eq!(sample.discounts[i], weight);
            if weight != 0.0 {
                let successor = (sample.successors[2 * i] / 100.0).round() as usize;
                prop_assert_eq!(successor, numbers[env][k - 1] + 1);
                prop_assert_eq!(&sample.legal[11 * i..11 * (i + 1)], &mask(successor)[..]);
            }
        }
        // A restored buffer gives the same samples.
        let mut again = build();
        again.load(postcard::from_bytes(&postcard::to_stdvec(&replay.save()).unwrap()).unwrap()).unwrap();
        let (mut again_rng, mut sample_again) = (rng.clone(), Sample::default());
        replay.sample(request, &mut rng, &mut sample);
        again.sample(request, &mut again_rng, &mut sample_again);
        prop_assert_eq!(sample.indices, sample_again.indices);
        prop_assert_eq!(sample.successors, sample_again.successors);
        prop_assert_eq!(sample.weights, sample_again.weights);
    }
}

#[test]
fn priorities_decide_how_often_and_weights_undo_it() {
    let spec = spec(2);
    let mut replay = Replay::new(&spec, 1, 8, 4, Storage::F32, true).unwrap();
    for i in 0..5 {
        let obs = [i as f32, 0.0];
        let step = Transition {
            obs: &obs,
            legal: &[true; 2],
            action: &[0u32],
            reward: i as f32,
            ending: Ending::Running,
            player_changed: false,
            successor: (&obs, &[true; 2]),
        };
        replay.push(0, &step);
    }
    // The newest step has no successor yet; of the first four the second is three times as likely as each other one.
    replay.set_priorities(&[0, 1, 2, 3, 4], [1.0, 3.0, 1.0, 1.0, 0.0].into_iter());
    let mut rng = Streams::new(0).stream(Purpose::Agent, 0, 0);
    let (mut sample, mut counts) = (Sample::default(), [0; 5]);
    for _ in 0..2000 {
        assert!(replay.sample(
            SampleRequest { batch_size: 4, n_step: 1, gamma: 1.0, beta: 1.0 },
            &mut rng,
            &mut sample
        ));
        for (&at, &weight) in sample.indices.iter().zip(&sample.weights) {
            counts[at] += 1;
            let expected = if sample.indices.contains(&0)
                || sample.indices.contains(&2)
                || sample.indices.contains(&3)
            {
                1.0 / 3.0
            } else {
                1.0
            };
            assert!((weight - if at == 1 { expected } else { 1.0 }).abs() < 1e-6);
        }
    }
    assert!((f64::from(counts[1]) / 8000.0 - 0.5).abs() < 0.03 && counts[4] == 0, "{counts:?}");
}

#[test]
fn unsuitable_storage_is_refused() {
    let discrete = Spec::discrete("test/index", 5, &["a"]);
    let refused = Replay::<u32>::new(&discrete, 1, 10, 4, Storage::U8, false).err().unwrap().to_string();
    assert!(refused.contains("storage = \"u8\""), "{refused}");
    let refused = Replay::<u32>::new(&discrete, 4, 10, 4, Storage::F32, false).err().unwrap().to_string();
    assert!(refused.contains("buffer_size = 10: must be at least 16"), "{refused}");
}

/// Actions of several numbers are stored, sampled and restored with their step.
#[test]
fn continuous_actions() {
    let names = vec!["x".into(), "y".into()];
    let actions = ActionSpace::Continuous { names, low: vec![-2.0, 0.0], high: vec![2.0, 1.0] };
    let spec = Spec::new("test/continuous", ObservationSpace::vector(&[(0.0, 99.0)]), actions);
    let build = || Replay::<f32>::new(&spec, 2, 20, 4, Storage::F32, false).unwrap();
    let mut replay = build();
    for i in 0..16 {
        let number = i as f32;
        let step = Transition {
            obs: &[number],
            legal: &[],
            action: &[number / 16.0, -number / 16.0],
            reward: number,
            ending: Ending::Running,
            player_changed: false,
            successor: (&[number + 2.0], &[]),
        };
        replay.push(i % 2, &step);
    }
    let request = SampleRequest { batch_size: 32, n_step: 1, gamma: 0.5, beta: 0.0 };
    let mut rng = Streams::new(0).stream(Purpose::Agent, 0, 0);
    let mut again = build();
    again.load(postcard::from_bytes(&postcard::to_stdvec(&replay.save()).unwrap()).unwrap()).unwrap();
    for replay in [&replay, &again] {
        let mut sample = Sample::default();
        assert!(replay.sample(request, &mut rng, &mut sample));
        for (i, &obs) in sample.obs.iter().enumerate() {
            assert_eq!(sample.actions[2 * i..2 * i + 2], [obs / 16.0, -obs / 16.0]);
            assert_eq!((sample.rewards[i], sample.successors[i]), (obs, obs + 2.0));
        }
        assert!(sample.obs.contains(&0.0) && sample.obs.contains(&13.0));
    }
    // Out of range, or of another width.
    let mut saved = replay.save();
    saved.action[3] = 1.5;
    assert!(build().load(saved).is_err());
    let mut saved = replay.save();
    saved.action.pop();
    assert!(build().load(saved).is_err());
}
