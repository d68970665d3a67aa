use std::sync::Arc;

use freewheel_core::{
    Actions, Choice, DynWorld, Ending, Error, Frame, Origin, Player, Policy, Purpose, Stage, Streams, World,
};

use crate::worlds::{Uniform, duel, push, walk};

fn stage<W: World>(world: W, index: u64) -> Box<dyn Stage> {
    Arc::new(world).stage(Streams::new(7), Purpose::Environment, index)
}

/// Several episodes of a stage against row 3 of a batch of the same streams: the same numbers, bit for bit.
pub(crate) fn equals_a_row_of_a_batch(world: &dyn DynWorld) {
    let (streams, rows) = (Streams::new(7), 5);
    let mut batch = world.batch(rows, streams, Purpose::Environment, 10);
    let mut stage = world.stage(streams, Purpose::Environment, 13);
    let mut rngs: Vec<_> = (0..rows as u64).map(|i| streams.stream(Purpose::Action, i, 0)).collect();
    let mut choice = Choice::for_spec(world.spec(), rows);
    let mut episode = 0;
    for _ in 0..200 {
        let view = batch.view();
        assert_eq!(stage.obs(), view.obs_row(3));
        assert_eq!(stage.legal(), view.legal_row(3));
        assert_eq!(stage.to_play(), view.to_play[3]);
        Uniform.act(view.obs, view.legal, &mut rngs, &mut choice);
        let action = match &choice {
            Choice::Discrete(all) => Actions::Discrete(&all[3..4]),
            Choice::Continuous(all) => Actions::Continuous(&all[6..8]),
        };
        let step = stage.step(action).unwrap();
        batch.step(choice.actions()).unwrap();
        let view = batch.view();
        assert_eq!((step.reward, step.ending), (view.reward[3], view.ending[3]));
        assert_eq!(stage.ending(), step.ending);
        assert_eq!((stage.obs(), stage.legal()), view.successor(3));
        let finished = batch.take_finished();
        if step.ending.is_over() {
            let row = finished.iter().find(|f| f.index == 13).unwrap();
            assert_eq!((row.episode, row.length), (stage.episode(), stage.length()));
            assert_eq!(row.score.to_bits(), stage.score().to_bits());
            episode += 1;
            stage.begin(episode);
        }
    }
    assert!(episode > 5);
}

#[test]
fn a_stage_is_a_row_of_a_batch() {
    equals_a_row_of_a_batch(&*walk(true, Some(9)).shared());
    equals_a_row_of_a_batch(&*duel().shared());
    equals_a_row_of_a_batch(&*push().shared());
}

#[test]
fn an_episode_by_hand() {
    let mut stage = stage(duel(), 4);
    assert_eq!(stage.origin(), Origin { seed: 7, purpose: Purpose::Environment, index: 4 });
    for action in [2, 2, 2] {
        stage.step(Actions::Discrete(&[action])).unwrap();
    }
    assert_eq!((stage.obs(), stage.to_play(), stage.length()), ([9.0].as_slice(), Player::Second, 3));
    stage.step(Actions::Discrete(&[0])).unwrap();
    // 3 - 3/2 + 3/4 - 1/8.
    assert_eq!((stage.score(), stage.ending()), (2.125, Ending::Terminal));
    assert!(matches!(stage.step(Actions::Discrete(&[0])), Err(Error::Config(_))));
    stage.begin(0);
    assert_eq!((stage.score(), stage.length(), stage.ending()), (0.0, 0, Ending::Running));
}

#[test]
fn what_a_stage_refuses_changes_nothing() {
    let mut stage = stage(walk(false, None), 0);
    for _ in 0..2 {
        stage.step(Actions::Discrete(&[0])).unwrap();
    }
    assert_eq!(stage.legal(), [false, true, true]);
    for bad in [0, 3, u32::MAX] {
        assert!(matches!(stage.step(Actions::Discrete(&[bad])), Err(Error::IllegalAction { .. })));
    }
    assert!(matches!(stage.step(Actions::Discrete(&[1, 1])), Err(Error::Config(_))));
    assert!(matches!(stage.step(Actions::Continuous(&[1.0])), Err(Error::Config(_))));
    assert_eq!((stage.obs(), stage.length()), ([0.0, 2.0].as_slice(), 2));
}

#[test]
fn a_world_without_a_drawing_shows_its_observation() {
    let mut frame = Frame::default();
    stage(walk(false, None), 0).draw(None, &mut frame);
    assert_eq!(frame.to_text(), "[2.0, 0.0]\n");
}
