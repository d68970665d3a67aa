//! What is drawn, as text.

use freewheel_core::{Env, Frame, Purpose, Streams, World};

use super::driving;

fn draw(name: &str, steps: usize, room: Option<(usize, usize)>) -> Frame {
    let world = driving(name, "");
    let mut rng = Streams::new(0).stream(Purpose::WatchEnvironment, 0, 0);
    let mut state = world.reset(&mut rng);
    for _ in 0..steps {
        let action = world.scripted(0, &state, &mut rng).unwrap();
        world.step(&mut state, action, &mut rng);
    }
    let mut frame = room.map_or_else(Frame::default, |(columns, rows)| Frame::with_room(columns, rows));
    world.draw(&state, None, &mut frame);
    frame
}

#[test]
fn a_drawing_fills_the_room_and_keeps_the_car_in_focus() {
    for (columns, rows) in [(80, 24), (200, 60), (40, 12), (3, 2)] {
        let frame = draw("club", 100, Some((columns, rows)));
        assert_eq!((frame.width(), frame.height()), (columns.max(30), rows.max(8)));
        let (x, y) = frame.focus().unwrap();
        assert!("→↗↑↖←↙↓↘".contains(frame.get(x, y).unwrap().glyph));
        // The map touches two opposite sides, and all of it is there.
        let road = |x: usize, y: usize| "▀▄█".contains(frame.get(x, y).unwrap().glyph);
        let rows = frame.height() - 2;
        let across = |x: usize| (0..rows).any(|y| road(x, y));
        let along = |y: usize| (0..frame.width()).any(|x| road(x, y));
        assert!((across(0) || across(1)) || (along(0) && along(rows - 1)), "{}", frame.to_text());
    }
}

#[test]
fn a_stadium_is_drawn_as_one() {
    let text = draw("stadium", 60, Some((40, 12))).to_text();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/src/track/golden/stadium-40x12.txt");
    if std::env::var_os("FREEWHEEL_BLESS").is_some() {
        std::fs::write(file, &text).unwrap();
    }
    let expected = std::fs::read_to_string(file).unwrap().replace("\r\n", "\n");
    assert_eq!(text, expected, "\n{text}");
}
