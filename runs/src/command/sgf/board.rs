//! A board as text.

use freewheel_envs::go::gtp::vertex;
use freewheel_envs::go::rules::{Color, Game, Point};

/// Rows of the board with coordinates: `X` for Black, `O` for White, the last move in parentheses.
pub(super) fn board(game: &Game) -> Vec<String> {
    let (width, height) = (Point::from(game.rules().width), Point::from(game.rules().height));
    let letters: String = (0..width).map(|x| format!(" {}", vertex::column(usize::from(x)))).collect();
    let last = game.last_move().map(|last| last.point);
    let row = |y: Point| {
        let mut row = format!("{:>3}", y + 1);
        let mut before = ' ';
        for point in (0..width).map(|x| y * width + x) {
            let is_last = last == Some(point);
            row.push(if is_last { '(' } else { before });
            row.push(match game.stone(point) {
                Some(Color::Black) => 'X',
                Some(Color::White) => 'O',
                None => '.',
            });
            before = if is_last { ')' } else { ' ' };
        }
        row.push(before);
        format!("{} {}", row, y + 1).trim_end().to_owned()
    };
    let edge = format!("   {letters}");
    std::iter::once(edge.clone()).chain((0..height).rev().map(row)).chain([edge]).collect()
}
