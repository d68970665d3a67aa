//! Drawings, as text.

use std::sync::Arc;

use freewheel_core::{Env, Frame, Policy, Purpose, Scene, SolveQuery, Streams, World};

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
   ▗▄▄▄▖  ▕   ╭───╮  ▕███████████
   █████  ▕   │   │  ▕███████████
   ▝▀▀▀▘  ▕   ╰───╯  ▕███████████
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
