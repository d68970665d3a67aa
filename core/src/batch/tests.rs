//! A step that is split over threads gives the same bytes as a serial step, for any size of the chunks.

use super::*;
use crate::{ActionSpace, ObservationSpace, Step};

/// World that adds random numbers to a sum; an episode ends at a sum of 20. The last action is illegal.
struct RandomSum(Spec);

impl Env for RandomSum {
    type State = (u32, u32);
    type Action = u32;

    fn spec(&self) -> &Spec {
        &self.0
    }

    fn reset(&self, rng: &mut Stream) -> (u32, u32) {
        (rng.below(5), 2)
    }

    fn step(&self, (sum, last): &mut (u32, u32), action: u32, rng: &mut Stream) -> Step {
        (*sum, *last) = (*sum + rng.below(4) + action, action);
        if *sum >= 20 { Step::termination(1.0) } else { Step::transition(rng.uniform() as f32) }
    }

    fn observe(&self, state: &(u32, u32), out: &mut [f32]) {
        out.copy_from_slice(&[state.0 as f32, state.1 as f32]);
    }

    fn legal(&self, state: &(u32, u32), out: &mut [bool]) {
        out.copy_from_slice(&[state.1 != 0, state.1 != 1]);
    }

    fn to_play(&self, state: &(u32, u32)) -> Player {
        if state.0.is_multiple_of(2) { Player::First } else { Player::Second }
    }
}

fn random_sum() -> Arc<RandomSum> {
    Arc::new(RandomSum(Spec {
        masked: true,
        players: 2,
        time_limit: Some(12),
        gamma: 0.9,
        ..Spec::new(
            "test/random-sum",
            ObservationSpace::vector(&[(0.0, 30.0); 2]),
            ActionSpace::Discrete { names: vec!["none".into(), "one".into()] },
        )
    }))
}

/// Bytes and finished episodes after 40 steps, with chunks of at most `chunk` environments; serially for `None`.
fn played(num_envs: usize, chunk: Option<usize>) -> (Vec<u8>, Vec<EpisodeSummary>) {
    let env = random_sum();
    let mut batch = Batch::new(Arc::clone(&env), num_envs, Streams::new(5), Purpose::Environment, 3);
    for step in 0..40u32 {
        let actions: Vec<u32> = batch
            .data
            .legal
            .chunks_exact(2)
            .zip(step..)
            .map(|(mask, i)| if mask[0] && mask[1] { i % 2 } else { u32::from(mask[1]) })
            .collect();
        assert!(batch.all_legal(&actions));
        let all = BatchChunk::of(&mut batch.data, &actions, batch.shape, None);
        let (source, before) = (batch.source, batch.finished.len());
        match chunk {
            Some(chunk) => all.parallel(&env, source, chunk, &mut batch.finished),
            None => all.serial(&env, source, &mut batch.finished),
        }
        let over = (3..).zip(&batch.data.ending).filter(|(_, ending)| ending.is_over());
        let new = batch.finished[before..].iter().map(|finished| (finished.index, finished.ending));
        assert!(over.map(|(index, ending)| (index, *ending)).eq(new));
    }
    let finished = batch.finished.clone();
    (batch.save().unwrap(), finished)
}

#[test]
fn any_split_gives_the_same_bytes() {
    for num_envs in [1, 2, 3, 64, 101] {
        let one = played(num_envs, None);
        assert!(one.1.len() >= 3 * num_envs);
        for threads in [1, 2, 8] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            for chunk in [0, 1, 7, 50, 1000] {
                assert!(
                    pool.install(|| played(num_envs, Some(chunk))) == one,
                    "{num_envs} by {chunk}, {threads} threads"
                );
            }
        }
    }
}

#[test]
fn another_number_of_actions_is_an_error() {
    let mut batch = Batch::new(random_sum(), 2, Streams::new(5), Purpose::Environment, 0);
    for actions in [&[][..], &[1], &[1; 3], &[7; 100]] {
        let before = batch.save().unwrap();
        let error = batch.advance(actions).unwrap_err().to_string();
        assert!(
            error.contains(&format!("expected 2 actions, one for each environment, got {}", actions.len())),
            "{error}"
        );
        assert_eq!(batch.save().unwrap(), before);
    }
}

#[test]
fn the_first_illegal_action_is_named_with_and_without_masks() {
    let unmasked = Arc::new(RandomSum(Spec { masked: false, ..random_sum().0.clone() }));
    for (env, actions, first_illegal) in [(unmasked, [1, 1, 2, 3], 2), (random_sum(), [1, 2, 1, 2], 1)] {
        let mut batch = Batch::new(env, 4, Streams::new(5), Purpose::Environment, 0);
        let error = batch.advance(&actions).unwrap_err();
        assert!(matches!(&error, Error::IllegalAction { row, .. } if *row == first_illegal), "{error:?}");
    }
}
