//! What is drawn, as text.

use freewheel_core::{Frame, World};

use super::super::State;
use super::cartpole;

fn draw(position: f64, angle: f64, room: (usize, usize)) -> Frame {
    let mut frame = Frame::with_room(room.0, room.1);
    let state = State { position, angle, pushed: Some(1), ..State::default() };
    cartpole("").draw(&state, None, &mut frame);
    frame
}

/// Every room is filled in width or in height, and the cart is in focus wherever it is.
#[test]
fn a_drawing_fits_its_room() {
    for (columns, rows) in [(80, 24), (200, 60), (48, 12), (200, 10), (3, 2)] {
        for position in [-9.0, -2.4, 0.0, 1.0, 2.4, 9.0] {
            let frame = draw(position, 0.1, (columns, rows));
            assert!(frame.width() == columns.max(44) && frame.height() <= rows.max(8));
            let (x, y) = frame.focus().unwrap();
            assert!(x < frame.width() && y < frame.height() - 2);
            if position.abs() < 3.0 {
                assert_ne!(frame.get(x, y).unwrap().glyph, ' ', "{}", frame.to_text());
            }
        }
    }
}

#[test]
fn the_pole_leans_to_its_side() {
    // Nothing above the cart but the pole has more red than blue.
    let top = |angle| {
        let frame = draw(0.0, angle, (80, 24));
        let lit = |x: &usize| frame.get(*x, 2).is_some_and(|cell| cell.fg.0 > cell.fg.2.saturating_add(40));
        let columns: Vec<f64> = (0..80).filter(lit).map(|x| x as f64 - 39.5).collect();
        columns.iter().sum::<f64>() / columns.len() as f64
    };
    assert!(top(0.0).abs() < 1.0, "{}", top(0.0));
    assert!(top(0.2) > 1.5 && top(-0.2) < -1.5, "{} {}", top(0.2), top(-0.2));
}

#[test]
fn an_end_is_said() {
    assert!(draw(0.0, 0.3, (80, 24)).to_text().contains("fallen"));
    assert!(draw(2.5, 0.0, (80, 24)).to_text().contains("off the track"));
    assert!(draw(0.5, 0.0, (80, 24)).to_text().contains("cart +0.50 m"));
}
