//! Drawings, as text.

use std::sync::Arc;

use freewheel_core::{Env, Frame, Policy, Purpose, Scene, SolveQuery, Step, Streams, World};

use crate::golden;

use super::super::{Gridworld, State};
use super::{of, world};

fn draw(world: &Gridworld, policy: Option<&dyn Policy>) -> Frame {
    let mut frame = Frame::default();
    let state = world.reset(&mut Streams::new(0).stream(Purpose::WatchEnvironment, 0, 0));
    world.draw(&Scene { policy, ..Scene::of(&state) }, &mut frame);
    frame
}

fn best(world: &Gridworld) -> Arc<dyn Policy> {
    let query = SolveQuery { horizon: None, ..SolveQuery::for_spec(world.spec()) };
    world.solve(&query).unwrap().policy.unwrap()
}

#[test]
fn a_policy_shows_arrows_ties_and_values() {
    let world = of("S..\n.#G\n");
    let text = draw(&world, Some(&*best(&world))).to_text();
    assert_eq!(text, "  ●→    →     ↓\n-3.00 -2.00 -1.00\n  ↑           ⚑\n-4.00\n", "{text}");
}

#[test]
fn wind_and_keys_are_shown() {
    let text = draw(&of("S..\n.aA\n..G\n---\nwind = [0, -1, 2]\n"), None).to_text();
    assert!(text.contains("⇣1    ⇡2"), "{text}");
    assert!(text.ends_with("keys: none\n"), "{text}");
    assert!(text.contains("(●)"), "{text}");
}

#[test]
fn cells_shrink_with_the_map() {
    for (side, width, height) in [(16, 96, 32), (17, 51, 17), (60, 180, 60), (61, 61, 61)] {
        let world = world(&format!("random-{side}x{side}-1"), "");
        let frame = draw(&world, Some(&*best(&world)));
        assert_eq!((frame.width(), frame.height()), (width, height));
        assert_eq!(frame.to_text().matches('●').count(), 1);
    }
}

#[test]
fn on_a_screen_cells_fill_the_size_and_the_agent_is_in_focus() {
    let world = of("SH#\n..G\n---\n[cells.H]\nterminal = true\nreward = -1\n");
    let state = world.reset(&mut Streams::new(0).stream(Purpose::WatchEnvironment, 0, 0));
    let mut frame = Frame::with_max_size(40, 10);
    world.draw(&Scene::of(&state), &mut frame);
    let expected = "          ▕          ▕███████████
   ▄███▄  ▕   ╭───╮  ▕███████████
   █████  ▕   │   │  ▕███████████
    ▀▀▀   ▕   ╰───╯  ▕███████████
▁▁▁▁▁▁▁▁▁▁▕▁▁▁▁▁▁▁▁▁▁▕███████████
          ▕          ▕          ▕
          ▕          ▕   ▐▄▄▄   ▕
     ·    ▕     ·    ▕   ▐▀▀▀   ▕
          ▕          ▕   ▐      ▕
▁▁▁▁▁▁▁▁▁▁▕▁▁▁▁▁▁▁▁▁▁▕▁▁▁▁▁▁▁▁▁▁▕
";
    assert_eq!(frame.to_text(), expected, "\n{}", frame.to_text());
    assert_eq!(frame.focus(), Some((5, 2)));
    world.draw(&Scene { policy: Some(&*best(&world)), ..Scene::of(&state) }, &mut frame);
    let text = frame.to_text();
    assert!(text.contains("●→") && text.contains("-1.00") && text.contains("▐▄▄▄"), "{text}");
    // The board does not fit: square cells, to be scrolled.
    let mut frame = Frame::with_max_size(2, 1);
    world.draw(&Scene::of(&state), &mut frame);
    assert_eq!((frame.to_text().as_str(), frame.focus()), ("● ○ ██\n· · ⚑\n", Some((0, 0))));
}

#[test]
fn values_color_the_ground() {
    let world = world("cliff", "");
    let frame = draw(&world, Some(&*best(&world)));
    let ground = |column: usize, row: usize| frame.get(column * 6, row * 2).unwrap().bg;
    assert_ne!(ground(0, 0), ground(11, 2));
    assert_eq!(ground(0, 0).0, 58, "the worst cell has the darkest color");
    assert_eq!(ground(11, 2).0, 206, "the best one the brightest");
}

#[test]
fn every_state_of_every_board_can_be_drawn() {
    for name in ["taxi", "deepsea-4", "key-door", "example-3.5", "windy-stochastic"] {
        let world = world(name, "");
        let best = best(&world);
        let mut frame = Frame::default();
        for observation in 0..world.states() as u32 {
            world.draw(&Scene { policy: Some(&*best), ..Scene::of(&State { observation }) }, &mut frame);
            assert!(frame.width() > 0 && frame.height() > 0);
        }
    }
}

/// Every action with a cell comes back from that cell, in every state of every board and size; a click aims at the
/// neighboring cell.
#[test]
fn clicks_are_moves() {
    for (name, room) in
        [("taxi", (80, 30)), ("deepsea-4", (20, 20)), ("key-door", (40, 12)), ("windy-kings", (99, 50))]
    {
        let world = world(name, "");
        let mut frame = Frame::with_max_size(room.0, room.1);
        for observation in 0..world.states() as u32 {
            let state = State { observation };
            world.draw(&Scene::of(&state), &mut frame);
            for action in 0..world.actions() as u32 {
                let Some((x, y)) = world.action_cell(&state, &frame, action) else { continue };
                assert_eq!(world.action_at(&state, &frame, x, y), Some(action), "{name} {observation}");
            }
        }
    }
    // Cells of 11 x 5: the agent is on the first one.
    let world = of("S..\n..G\n");
    let state = world.reset(&mut Streams::new(0).stream(Purpose::WatchEnvironment, 0, 0));
    let frame = Frame::with_max_size(40, 10);
    let clicked = |x, y| world.action_at(&state, &frame, x, y);
    assert_eq!([clicked(11, 0), clicked(21, 4), clicked(10, 5)], [Some(1), Some(1), Some(2)]);
    assert_eq!([clicked(22, 0), clicked(11, 5), clicked(33, 0), clicked(0, 99)], [None; 4]);
    assert_eq!(world.action_cell(&state, &frame, 1), Some((16, 2)));
    assert_eq!(world.action_cell(&state, &frame, 0), None, "above the map");
}

/// Each cell of a board stands for the state with the agent there, except walls.
#[test]
fn cells_are_states() {
    let world = of("S.#\n..G\n");
    let state = world.reset(&mut Streams::new(0).stream(Purpose::WatchEnvironment, 0, 0));
    // Cells of 11 x 5.
    let frame = Frame::with_max_size(40, 10);
    let cell = world.cell_at(&state, &frame, 21, 9).unwrap();
    assert_eq!((cell.name.as_str(), cell.area), ("row 1, column 1", (11, 5, 11, 5)));
    let there = State { observation: cell.obs[0] as u32 };
    assert_eq!(world.describe(&there).as_deref(), Some("row 1, column 1"));
    let mut legal = vec![false; world.actions()];
    world.legal(&there, &mut legal);
    assert_eq!(cell.legal, legal);
    assert_eq!(world.cell_at(&state, &frame, 0, 0).unwrap().obs, [state.observation as f32]);
    assert_eq!(world.cell_at(&state, &frame, 22, 0), None, "a wall");
    assert_eq!(world.cell_at(&state, &frame, 33, 0), None, "beside the board");
}

/// Text of a drawing in a room, without colors.
fn text(
    world: &Gridworld,
    scene: &Scene<'_, State>,
    room: (usize, usize),
    layer: Option<&'static str>,
) -> String {
    let mut frame = Frame::with_max_size(room.0, room.1);
    frame.set_layer(layer);
    world.draw(scene, &mut frame);
    golden::shown(&frame)
}

#[test]
fn layers_show_visits_and_the_trail() {
    let world = of("S..\n.#G\n");
    // Two steps against the upper edge or a wall, then right and right.
    let past = [0, 0, 0, 1].map(|observation| State { observation });
    let scene = Scene { past: &past, ..Scene::of(&State { observation: 2 }) };
    let drawn = |layer, scene: &Scene<'_, State>| text(&world, scene, (30, 12), layer);
    let (plain, visits, trail) =
        (drawn(None, &scene), drawn(Some("visits"), &scene), drawn(Some("trail"), &scene));
    assert_eq!(plain.matches('•').count(), 2, "{plain}");
    assert!(visits.contains("×3") && visits.matches("×1").count() == 2, "{visits}");
    assert_eq!(trail.matches('→').count(), 2, "{trail}");
    assert!(trail.contains('3') && trail.contains('4') && trail.contains("last step out"), "{trail}");
    let valued = Scene { policy: Some(&*best(&world)), ..scene };
    assert!(drawn(None, &valued).contains('•') && drawn(Some("visits"), &valued).contains("×3"));
    let start = Scene::of(&past[0]);
    assert!(drawn(Some("visits"), &start).contains("no steps so far"));
    assert!(!drawn(None, &start).contains('•'));
}

/// Without colors the text alone tells apart all states, in every size.
#[test]
fn the_text_shows_every_state() {
    for name in ["taxi", "deepsea-4", "key-door", "frozenlake-4x4", "windy"] {
        let world = world(name, "");
        for room in [(38, 20), (76, 36), (150, 55)] {
            let mut seen = std::collections::HashMap::new();
            for observation in 0..world.states() as u32 {
                let drawn = text(&world, &Scene::of(&State { observation }), room, None);
                assert_eq!(seen.insert(drawn, observation), None, "{name} {room:?}");
            }
        }
    }
}

/// Very large cells show the value of every action.
#[test]
fn large_cells_show_all_action_values() {
    let world = of("S.G\n");
    let state = State { observation: 1 };
    let drawn = |columns| {
        let scene = Scene { policy: Some(&*best(&world)), ..Scene::of(&state) };
        text(&world, &scene, (columns, 20), None)
    };
    // Right: -1; left: a step there and two to the goal; up and down: a step on the spot and one to the goal.
    for value in ["-1.00→", "←-3.00", "↑-2.00", "↓-2.00"] {
        assert!(drawn(75).contains(value) && !drawn(45).contains(value), "{value}\n{}", drawn(75));
    }
}

#[test]
fn slips_falls_and_goals_are_events() {
    let event = |world: &Gridworld, before, action, after, reward| {
        let (before, after) = (State { observation: before }, State { observation: after });
        world.event(&before, action, &after, Step::transition(reward)).map(|event| (event.kind, event.text))
    };
    let some = |kind, text: &str| Some((kind, text.to_owned()));
    let slippery = of("S.\n.G\n---\nslip = 0.5\n");
    assert_eq!(event(&slippery, 0, 1, 1, -1.0), None);
    assert_eq!(event(&slippery, 0, 1, 2, -1.0), some("slip", "slipped: meant right, went down"));
    assert_eq!(event(&slippery, 0, 1, 0, -1.0), some("slip", "slipped: meant right, stayed"));
    assert_eq!(event(&slippery, 1, 2, 3, -1.0), some("goal", "reached the goal, reward -1"));
    let slipped = "reached the goal, reward -1; slipped: meant right, went down";
    assert_eq!(event(&slippery, 1, 1, 3, -1.0), some("goal", slipped));
    let cliff = world("cliff", "");
    assert_eq!(event(&cliff, 36, 1, 36, -100.0), some("hole", "fell, back to the start, reward -100"));
    assert_eq!(event(&cliff, 36, 3, 36, -1.0), None);
    let taxi = world("taxi", "");
    // The taxi is on R, where the passenger is; the destination is G.
    assert_eq!(event(&taxi, 1, 4, 17, -1.0), some("pickup", "picked up the passenger at R"));
    assert_eq!(event(&taxi, 1, 5, 1, -10.0), some("reward", "no place to drop off, reward -10"));
}

/// A step is a slip exactly if its result is not that of the intended move, which the table of a slippery world lists
/// second; the table of a deterministic world has one result.
#[test]
fn slips_are_those_of_the_table() {
    for (name, slippery) in [("frozenlake-4x4", true), ("windy", false), ("key-door", false)] {
        let world = world(name, "");
        for (state, action) in (0..world.states()).flat_map(|s| (0..world.actions()).map(move |a| (s, a))) {
            let outcomes: Vec<_> = world.outcomes(state, action).collect();
            let intended = outcomes[outcomes.len() / 2].next;
            for outcome in &outcomes {
                let (before, after) =
                    (State { observation: state as u32 }, State { observation: outcome.next });
                let step = Step::transition(outcome.reward as f32);
                let event = world.event(&before, action as u32, &after, step);
                let slipped = event.is_some_and(|event| event.text.contains("slipped: meant"));
                assert_eq!(slipped, slippery && outcome.next != intended, "{name} {state} {action}");
            }
        }
    }
}
