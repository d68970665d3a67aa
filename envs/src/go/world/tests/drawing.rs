//! Drawings of boards.

use freewheel_core::{ActionBuffer, Env, Frame, Policy, Purpose, Scene, Stream, Streams, World};

use super::two_player;

/// Policy whose action values are the action numbers.
struct Counting;

impl Policy for Counting {
    fn act(&self, _: &[f32], _: &[bool], _: &mut [Stream], _: &mut ActionBuffer) {}

    fn action_values(&self, _obs: &[f32], _legal: &[bool], out: &mut [f32]) -> bool {
        out.iter_mut().zip(0u8..).for_each(|(out, i)| *out = f32::from(i));
        true
    }
}

/// Drawing after a few moves on 5x5: a capture, and a pass at the end.
fn drawn(room: Option<(usize, usize)>, policy: Option<&dyn Policy>) -> Frame {
    let world = two_player(5, "opponent = 'self'");
    let mut rng = Streams::new(0).stream(Purpose::Environment, 0, 0);
    let mut game = world.reset(&mut rng);
    // b1 takes a1.
    for action in [5, 0, 1, 12, 18] {
        world.step(&mut game, action, &mut rng);
    }
    let mut frame = room.map_or_else(Frame::default, |(columns, rows)| Frame::with_max_size(columns, rows));
    world.draw(&Scene { policy, ..Scene::of(&game) }, &mut frame);
    frame
}

#[test]
fn a_board_is_drawn() {
    let expected_win_rate = "    A B C D E
 5  ┌─┬─┬─┬─┬  5
 4  ├─┼─┼─◉─┤  4
 3  ├─┼─○─┼─┤  3
 2  ●─┼─┼─┼─┤  2
 1  └─●─┴─┴─┘  1
    A B C D E
move 6, ○
komi 0.5  captures ● 1 ○ 0
"
    .replace("┬─┬  5", "┬─┐  5");
    assert_eq!(drawn(None, None).to_text(), expected_win_rate);
}

#[test]
fn small_rooms_get_small_boards() {
    let (wide, narrow) = (drawn(Some((12, 6)), None), drawn(Some((7, 5)), None));
    assert_eq!((wide.width(), wide.height()), (11, 5));
    assert_eq!((narrow.width(), narrow.height()), (7, 5));
    assert_eq!(narrow.to_text().lines().next(), Some(" ┌┬┬┬┐"));
}

#[test]
fn values_color_the_empty_points() {
    let (plain, valued) = (drawn(None, None), drawn(None, Some(&Counting)));
    let background = |frame: &Frame, x: usize, y: usize| frame.get(4 + 2 * x, 5 - y).unwrap().bg;
    // Stones keep their background; the least and the greatest value differ from the wood and from each other.
    assert_eq!(background(&plain, 0, 1), background(&valued, 0, 1));
    // White may not play at a1, where it would capture its own stone: its value is unknown.
    assert_eq!(background(&plain, 0, 0), background(&valued, 0, 0));
    let (least, most) = (background(&valued, 2, 0), background(&valued, 4, 4));
    assert!(least != most && least != background(&plain, 2, 0) && most != background(&plain, 4, 4));
    assert!(valued.to_text().contains("pass +25.00"));
}
