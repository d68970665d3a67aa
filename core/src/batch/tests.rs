//! The one thing that cannot be seen from outside: that a tick split over threads, however finely, is a tick in one go.

use super::*;
use crate::{ActionSpace, ObservationSpace, Step};

/// Counts up by dice and ends at 20; nobody may act twice the same.
struct Dice(Spec);

impl Env for Dice {
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

fn dice() -> Arc<Dice> {
    Arc::new(Dice(Spec {
        masked: true,
        players: 2,
        time_limit: Some(12),
        gamma: 0.9,
        ..Spec::new(
            "test/dice",
            ObservationSpace::vector(&[(0.0, 30.0); 2]),
            ActionSpace::Discrete { names: vec!["none".into(), "one".into()] },
        )
    }))
}

/// What 40 ticks come to, with chunks of at most `chunk` rows, or in one go.
fn played(rows: usize, chunk: Option<usize>) -> (Vec<u8>, Vec<EpisodeSummary>) {
    let env = dice();
    let mut batch = Batch::new(Arc::clone(&env), rows, Streams::new(5), Purpose::Environment, 3);
    for tick in 0..40u32 {
        let actions: Vec<u32> = batch
            .data
            .legal
            .chunks_exact(2)
            .zip(tick..)
            .map(|(mask, i)| if mask[0] && mask[1] { i % 2 } else { u32::from(mask[1]) })
            .collect();
        assert!(batch.allows(&actions));
        let all = BatchChunk::of(&mut batch.data, &actions, batch.shape);
        let (seat, before) = (batch.seat, batch.finished.len());
        match chunk {
            Some(chunk) => all.parallel(&env, seat, chunk, &mut batch.finished),
            None => all.serial(&env, seat, &mut batch.finished),
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
    for rows in [1, 2, 3, 64, 101] {
        let one = played(rows, None);
        assert!(one.1.len() >= 3 * rows);
        for threads in [1, 2, 8] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            for chunk in [0, 1, 7, 50, 1000] {
                assert!(
                    pool.install(|| played(rows, Some(chunk))) == one,
                    "{rows} rows by {chunk}, {threads} threads"
                );
            }
        }
    }
}

/// Also where the rows that are there could all do as they are told.
#[test]
fn another_number_of_actions_is_an_error() {
    let mut batch = Batch::new(dice(), 2, Streams::new(5), Purpose::Environment, 0);
    for actions in [&[][..], &[1], &[1; 3], &[7; 100]] {
        let before = batch.save().unwrap();
        let error = batch.advance(actions).unwrap_err().to_string();
        assert!(error.contains(&format!("2 rows was given {} actions", actions.len())), "{error}");
        assert_eq!(batch.save().unwrap(), before);
    }
}

#[test]
fn the_first_illegal_action_is_named_with_and_without_masks() {
    let free = Arc::new(Dice(Spec { masked: false, ..dice().0.clone() }));
    for (env, actions, refused) in [(free, [1, 1, 2, 3], 2), (dice(), [1, 2, 1, 2], 1)] {
        let mut batch = Batch::new(env, 4, Streams::new(5), Purpose::Environment, 0);
        let error = batch.advance(&actions).unwrap_err();
        assert!(matches!(&error, Error::IllegalAction { row, .. } if *row == refused), "{error:?}");
    }
}
