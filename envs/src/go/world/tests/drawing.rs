//! Drawings of boards.

use freewheel_core::{ActionBuffer, Env, Frame, Policy, Purpose, Scene, Stream, Streams, World};

use crate::golden;

use super::super::{layers, layout::Layout};
use super::{Go, two_player};
use crate::go::rules::{Color, Game};

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

/// Every action comes back from its cell, on boards of all sizes in rooms of all sizes.
#[test]
fn clicks_are_moves() {
    for (size, room) in
        [(2, (60, 20)), (5, (12, 6)), (9, (120, 40)), (9, (30, 12)), (19, (80, 24)), (19, (9, 9))]
    {
        let world = two_player(size, "opponent = 'self'");
        let game = world.reset(&mut Streams::new(0).stream(Purpose::Environment, 0, 0));
        let mut frame = Frame::with_max_size(room.0, room.1);
        world.draw(&Scene::of(&game), &mut frame);
        for action in 0..u32::from(size) * u32::from(size) {
            let (x, y) = world.action_cell(&game, &frame, action).unwrap();
            assert!(x < frame.width() && y < frame.height(), "{size} {room:?}");
            assert_eq!(world.action_at(&game, &frame, x, y), Some(action), "{size} {room:?}");
        }
        let pass = u32::from(size) * u32::from(size);
        if let Some((x, y)) = world.action_cell(&game, &frame, pass) {
            assert_eq!(frame.get(x, y).unwrap().glyph, 'p');
            assert_eq!(world.action_at(&game, &frame, x + 3, y), Some(pass));
            assert_eq!(world.action_at(&game, &frame, x - 1, y), None);
        }
        assert_eq!(world.action_cell(&game, &frame, pass + 1), None);
        assert_eq!(world.action_at(&game, &frame, 0, frame.height()), None);
    }
}

/// Text of a drawing of `game` in a room, without colors.
fn text(world: &Go, scene: &Scene<'_, Game>, room: (usize, usize), layer: Option<&'static str>) -> String {
    let mut frame = Frame::with_max_size(room.0, room.1);
    frame.set_layer(layer);
    world.draw(scene, &mut frame);
    assert!(frame.width() <= room.0 && frame.height() <= room.1, "{room:?}");
    golden::shown(&frame)
}

/// 9x9 board after a capture, with chains in atari.
fn position(world: &Go) -> Game {
    let mut rng = Streams::new(0).stream(Purpose::Environment, 0, 0);
    let mut game = world.reset(&mut rng);
    for action in [40, 39, 31, 30, 22, 48, 58, 38, 20, 41, 60, 49, 57, 32, 0, 50, 9] {
        world.step(&mut game, action, &mut rng);
    }
    game
}

#[test]
fn large_rooms_get_stones_as_disks() {
    let world = two_player(9, "opponent = 'self'");
    let game = position(&world);
    let size = |columns, rows| Layout::of(&game, &Frame::with_max_size(columns, rows)).pitch;
    assert_eq!([size(38, 20), size(46, 22), size(76, 36), size(120, 40)], [(2, 1), (4, 2), (6, 3), (8, 4)]);
    let drawn = text(&world, &Scene::of(&game), (76, 36), None);
    for shape in ["▄███▄", "▄▔▔▔▄", "▏ ○ ▕", " ▀▀▀ ", "──◆──", "██◉██"]
    {
        assert!(drawn.contains(shape), "{shape}\n{drawn}");
    }
}

/// Without colors the text alone tells apart stones, the last move, policies and layers, in every size.
#[test]
fn the_text_shows_stones_layers_and_policies() {
    let world = two_player(9, "opponent = 'self'");
    let mut rng = Streams::new(0).stream(Purpose::Environment, 0, 0);
    let empty = world.reset(&mut rng);
    let game = position(&world);
    let mut passed = game.clone();
    world.step(&mut passed, 81, &mut rng);
    let after = |actions: &[u32]| {
        let mut game = empty.clone();
        for &action in actions {
            world.step(&mut game, action, &mut Streams::new(0).stream(Purpose::Environment, 0, 0));
        }
        game
    };
    for room in [(38, 20), (46, 22), (76, 36), (150, 55)] {
        let games = [empty.clone(), after(&[0]), after(&[81, 0]), after(&[0, 8]), after(&[8, 81, 0])];
        let mut texts: Vec<String> =
            games.iter().map(|game| text(&world, &Scene::of(game), room, None)).collect();
        let valued = Scene { policy: Some(&Counting), ..Scene::of(&game) };
        texts.extend([text(&world, &Scene::of(&game), room, None), text(&world, &valued, room, None)]);
        texts.push(text(&world, &Scene::of(&passed), room, None));
        texts.extend(layers::LAYERS.map(|layer| text(&world, &Scene::of(&game), room, Some(layer))));
        for (i, one) in texts.iter().enumerate() {
            assert!(!texts[..i].contains(one), "{room:?} {i}\n{one}");
        }
    }
}

#[test]
fn layers_show_what_they_say() {
    let world = two_player(5, "opponent = 'self'");
    // b1 takes a1; the stone on c1 has one liberty left: c2 and d1 are Black's.
    let mut game = world.reset(&mut Streams::new(0).stream(Purpose::Environment, 0, 0));
    for action in [5, 0, 1, 2, 7, 25, 3] {
        world.step(&mut game, action, &mut Streams::new(0).stream(Purpose::Environment, 0, 0));
    }
    assert_eq!((game.captures(Color::Black), game.stone(2)), (2, None));
    let drawn = |layer| text(&world, &Scene::of(&game), (60, 10), Some(layer));
    assert!(drawn("territory").contains("area ● 25 ○ 0 neutral 0"), "{}", drawn("territory"));
    assert!(drawn("territory").contains("■"));
    assert!(drawn("liberties").contains("●4") || drawn("liberties").contains("●3"), "{}", drawn("liberties"));
    assert!(drawn("moves").contains("◉7"), "{}", drawn("moves"));
}

#[test]
fn captures_passes_and_the_end_are_events() {
    let world = two_player(5, "opponent = 'self'");
    let mut rng = Streams::new(0).stream(Purpose::Environment, 0, 0);
    let mut game = world.reset(&mut rng);
    let mut event = |action| {
        let before = game.clone();
        let step = world.step(&mut game, action, &mut rng);
        world.event(&before, action, &game, step).map(|event| (event.kind, event.text))
    };
    assert_eq!([event(5), event(0)], [None, None]);
    assert_eq!(event(1), Some(("capture", "captured 1 stone".into())));
    assert_eq!(event(25), Some(("pass", "white passes".into())));
    let (kind, text) = event(25).unwrap();
    assert_eq!((kind, text.as_str()), ("end", "● wins by 24.5 after 5 moves"));
}
