//! Wind, slips, one-way cells, keys, teleports, bumps: a test with a small map for each.

use freewheel_core::World;
use std::sync::Arc;

use freewheel_core::{Batch, ManagedVectorEnv, Purpose, Streams};

use super::super::Gridworld;
use super::{of, world};

/// The only outcome of a deterministic action: next state, reward, terminal.
fn sure(world: &Gridworld, state: usize, action: usize) -> (u32, f64, bool) {
    let outcomes: Vec<_> = world.outcomes(state, action).collect();
    assert_eq!(outcomes.len(), 1, "{outcomes:?}");
    (outcomes[0].next, outcomes[0].reward, outcomes[0].terminal)
}

const UP: usize = 0;
const RIGHT: usize = 1;
const DOWN: usize = 2;
const LEFT: usize = 3;

#[test]
fn edges_and_walls_stop() {
    let world = of("S#.\n..G\n---\nstep = -2\nbump = -5");
    // Indices skip the wall: 0 is S, 1 is right of the wall, 2, 3 and 4 are the second row.
    assert_eq!(world.states(), 5);
    assert_eq!(sure(&world, 0, UP), (0, -5.0, false));
    assert_eq!(sure(&world, 0, RIGHT), (0, -5.0, false));
    assert_eq!(sure(&world, 0, DOWN), (2, -2.0, false));
    assert_eq!(sure(&world, 3, RIGHT), (4, -2.0, true));
    assert_eq!(sure(&world, 4, LEFT), (4, 0.0, true));
}

#[test]
fn states_are_described_by_their_cell() {
    let describe = |world: &Gridworld, observation| {
        world.describe(&crate::gridworld::world::State { observation }).unwrap()
    };
    assert_eq!(describe(&of("S#.\n..G\n---\n"), 4), "row 1, column 2");
    // Gymnasium numbers the state ((row 5 + column) 5 + passenger) 4 + destination.
    let taxi = world("taxi", "");
    assert_eq!(describe(&taxi, ((3 * 5 + 1) * 5 + 2) * 4), "row 3, column 1, passenger at Y, to R");
}

#[test]
fn wind_lifts_by_the_column_that_is_left() {
    let world = world("windy", "");
    let at = |row: usize, column: usize| row * 10 + column;
    // Sutton & Barto: "if you are one cell to the right of the goal, then the action left takes you to the cell just
    // above the goal".
    assert_eq!(sure(&world, at(3, 8), LEFT).0 as usize, at(2, 7));
    assert_eq!(sure(&world, at(6, 6), RIGHT).0 as usize, at(4, 7));
    assert_eq!(sure(&world, at(1, 6), UP).0 as usize, at(0, 6));
    assert_eq!(sure(&world, at(0, 7), LEFT).0 as usize, at(0, 6));
    // A move down and a wind of one cell up cancel, also at the lower edge.
    assert_eq!(sure(&world, at(6, 3), DOWN).0 as usize, at(6, 3));
    assert_eq!(sure(&world, at(3, 0), RIGHT), (31, -1.0, false));
}

#[test]
fn wind_stops_at_walls() {
    let world = of("...G\n.#..\n....\nS...\n---\nwind = [0, 2, 0, -1]");
    // Indices: first row 0..=3; second row, which has a wall, 4..=6; third 7..=10; fourth 11..=14.
    assert_eq!(sure(&world, 12, RIGHT).0, 5, "to the side first, then two up");
    assert_eq!(sure(&world, 12, UP).0, 8, "the wall stops all three");
    assert_eq!(sure(&world, 6, LEFT).0, 9, "blown down");
}

#[test]
fn stochastic_wind_varies_by_one_where_there_is_any() {
    let world = world("windy-stochastic", "");
    let at = |row: u32, column: u32| row * 10 + column;
    let nexts = |row, column, action| -> Vec<(f64, u32)> {
        world.outcomes(at(row, column) as usize, action).map(|o| (o.probability, o.next)).collect()
    };
    let third = 1.0 / 3.0;
    // Action 2 of a king is right; the mean wind of column 7 is 2.
    assert_eq!(nexts(5, 7, 2), [(third, at(4, 8)), (third, at(3, 8)), (third, at(2, 8))]);
    assert_eq!(nexts(5, 3, 2), [(third, at(5, 4)), (third, at(4, 4)), (third, at(3, 4))]);
    assert_eq!(nexts(5, 0, 2), [(1.0, at(5, 1))]);
}

#[test]
fn one_way_cells_are_entered_one_way() {
    let world = of("S>.G\n.v..");
    assert_eq!(sure(&world, 0, RIGHT).0, 1);
    assert_eq!(sure(&world, 2, LEFT).0, 2, "against the arrow");
    assert_eq!(sure(&world, 5, UP).0, 5, "across the arrow");
    assert_eq!(sure(&world, 1, DOWN).0, 5);
    assert_eq!(sure(&world, 1, LEFT).0, 0, "leaving is free");
    assert_eq!(sure(&world, 4, RIGHT).0, 4);
}

#[test]
fn keys_open_their_doors() {
    let world = of("aSAG\nb.B.\n---\nbump = -3");
    assert_eq!(world.states(), 8 * 4);
    let with = |keys: u32, cell: u32| keys * 8 + cell;
    assert_eq!(sure(&world, 1, RIGHT), (1, -3.0, false), "closed");
    assert_eq!(sure(&world, 1, LEFT), (with(1, 0), -1.0, false), "picked up");
    assert_eq!(sure(&world, with(1, 1) as usize, RIGHT), (with(1, 2), -1.0, false));
    assert_eq!(sure(&world, with(1, 2) as usize, DOWN), (with(1, 2), -3.0, false), "the other door");
    assert_eq!(sure(&world, with(1, 0) as usize, DOWN), (with(3, 4), -1.0, false), "both keys");
    assert_eq!(sure(&world, with(3, 5) as usize, RIGHT), (with(3, 6), -1.0, false));
    assert_eq!(sure(&world, with(1, 2) as usize, RIGHT), (with(1, 3), -1.0, true));
}

#[test]
fn teleports_pay_for_leaving() {
    let world = world("example-3.5", "");
    for action in 0..4 {
        assert_eq!(sure(&world, 1, action), (21, 10.0, false));
        assert_eq!(sure(&world, 3, action), (13, 5.0, false));
    }
    assert_eq!(sure(&world, 0, UP), (0, -1.0, false));
    assert_eq!(sure(&world, 0, RIGHT), (1, 0.0, false));
}

#[test]
fn corners_are_cut_or_not() {
    let king = "S#G\n...\n---\nmoves = \"king\"\ndiagonal = -1.5\n";
    let cut = of(king);
    // Actions of a king: 0 up, 1 up-right, 2 right, 3 down-right; the wall has no index.
    assert_eq!(sure(&cut, 0, 3), (3, -1.5, false));
    let kept = of(&format!("{king}cut_corners = false\n"));
    assert_eq!(sure(&kept, 0, 3), (0, -1.5, false));
    assert_eq!(sure(&kept, 0, 4), (2, -1.0, false));
}

#[test]
fn slips_go_sideways_or_to_all_others() {
    let rooms = world("four-rooms", "");
    let outcomes: Vec<_> = rooms.outcomes(12, 1).collect();
    assert_eq!(outcomes.len(), 4);
    for outcome in &outcomes {
        let expected = if outcome.next == 13 { 2.0 / 3.0 } else { 1.0 / 9.0 };
        assert!((outcome.probability - expected).abs() < 1e-12, "{outcomes:?}");
    }
    assert_eq!(rooms.states(), 104);
}

#[test]
fn a_mask_forbids_what_changes_nothing() {
    let world = of("S#.\n..G\n---\nmask = true");
    let legal = |state| (0..4).map(|action| world.is_legal(state, action)).collect::<Vec<_>>();
    assert_eq!(legal(0), [false, false, true, false]);
    assert_eq!(legal(3), [false, true, false, true]);
    assert_eq!(legal(4), [true; 4], "all actions are legal in a terminal state");
}

#[test]
fn falling_from_the_cliff_begins_again() {
    let cliff = world("cliff", "");
    assert_eq!(sure(&cliff, 36, RIGHT), (36, -100.0, false));
    assert_eq!(sure(&cliff, 25, DOWN), (36, -100.0, false));
    assert_eq!(sure(&cliff, 35, DOWN), (47, -1.0, true));
}

#[test]
fn a_saved_cell_outside_the_world_is_refused() {
    let batch = |world| Batch::new(Arc::new(world), 2, Streams::new(0), Purpose::Environment, 0);
    // Both worlds have the same id and version, but one has more cells.
    let row = |cells: usize| of(&format!("S{}G\n---\nstep = -1", ".".repeat(cells)));
    let mut large = batch(row(40));
    for _ in 0..30 {
        large.advance(&[RIGHT as u32; 2]).unwrap();
    }
    let saved = large.save().unwrap();
    assert!(batch(row(40)).load(&saved).is_ok());
    let refused = batch(row(3)).load(&saved).unwrap_err().to_string();
    assert!(refused.contains("a state that the world does not have"), "{refused}");
}
