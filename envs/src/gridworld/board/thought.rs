//! What a policy thinks of the cells of a board.

use freewheel_core::{Policy, Rgb};

use super::super::table::Table;
use super::Board;

/// What a policy thinks of one cell.
pub(super) struct Thought {
    /// The greatest action value.
    pub(super) value: f32,
    /// The glyphs of all actions that have it; one dot where that is all of them.
    pub(super) arrows: Vec<char>,
}

/// What `policy` thinks of every cell, `[cells]`.
pub(super) fn of_all(
    board: &dyn Board,
    table: &Table,
    observation: u32,
    policy: &dyn Policy,
) -> Vec<Option<Thought>> {
    let (columns, rows) = board.size();
    let actions = table.actions();
    let mut thinker = Thinker { policy, table, legal: vec![true; actions], values: vec![0.0; actions] };
    (0..columns * rows).map(|cell| thinker.ask(board, cell, observation)).collect()
}

/// Asks a policy about one cell after the other, over buffers used again.
struct Thinker<'a> {
    policy: &'a dyn Policy,
    table: &'a Table,
    legal: Vec<bool>,
    values: Vec<f32>,
}

impl Thinker<'_> {
    fn ask(&mut self, board: &dyn Board, cell: usize, observation: u32) -> Option<Thought> {
        if board.look(cell, observation).still {
            return None;
        }
        let seen = board.seen_from(cell, observation)?;
        self.table.legal(seen, &mut self.legal);
        if !self.policy.action_values(&[seen as f32], &self.legal, &mut self.values) {
            return None;
        }
        let legal = || self.legal.iter().zip(&self.values).enumerate().filter(|(_, (legal, _))| **legal);
        let value = legal().map(|(_, (_, value))| *value).fold(f32::NEG_INFINITY, f32::max);
        if !value.is_finite() {
            return None;
        }
        let close = 1e-5 * value.abs().max(1e-3);
        let best = legal().filter(|(_, (_, v))| **v >= value - close);
        let mut arrows: Vec<char> = best.map(|(action, _)| board.arrow(seen, action)).collect();
        // Where everything is equally good, arrows say nothing.
        if arrows.len() == legal().count() && arrows.len() > 1 {
            arrows = vec!['∙'];
        }
        Some(Thought { value, arrows })
    }
}

/// A number in at most five characters, or in fewer where there is room for fewer only; nothing where it cannot be.
pub(super) fn number(value: f32, room: usize) -> String {
    let decimals = match value.abs() {
        0.0 => 0,
        ..0.0005 => {
            return Some(format!("{value:.0e}")).filter(|text| text.len() <= room).unwrap_or_default();
        }
        ..10.0 => 2,
        ..100.0 => 1,
        ..10_000.0 => 0,
        _ => return Some(format!("{value:.0e}")).filter(|text| text.len() <= room).unwrap_or_default(),
    };
    let text = |decimals: usize| {
        let text = format!("{value:.decimals$}");
        // .42 and -.42 say as much as 0.42 and -0.42.
        match (text.strip_prefix("-0."), text.strip_prefix("0.")) {
            (Some(rest), _) => format!("-.{rest}"),
            (_, Some(rest)) if text.len() > room => format!(".{rest}"),
            _ => text,
        }
    };
    (0..=decimals).rev().map(text).find(|text| text.len() <= room).unwrap_or_default()
}

/// The color of a value, `t` of the way from the least to the greatest on the board: viridis, darkened.
pub(super) fn shade(t: f32) -> Rgb {
    const STOPS: [Rgb; 5] =
        [Rgb(58, 6, 74), Rgb(52, 70, 122), Rgb(28, 118, 120), Rgb(70, 158, 80), Rgb(206, 188, 34)];
    let at = t.clamp(0.0, 1.0) * (STOPS.len() - 1) as f32;
    let low = (at as usize).min(STOPS.len() - 2);
    STOPS[low].mix(STOPS[low + 1], at - low as f32)
}

/// Black or white, whichever reads better on `ground` (relative luminance of ITU-R BT.601).
pub(super) fn contrast(ground: Rgb) -> Rgb {
    let luminance = 0.299 * f32::from(ground.0) + 0.587 * f32::from(ground.1) + 0.114 * f32::from(ground.2);
    if luminance > 130.0 { Rgb(16, 16, 16) } else { Rgb(240, 240, 240) }
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_are_as_long_as_there_is_room() {
        let all = [0.0, 0.734, -0.5, -2.345, -13.04, 123.4, -8765.0, 0.0001, 2e6];
        let in_room = |room| all.map(|value| number(value, room));
        assert_eq!(in_room(6), ["0", "0.73", "-.50", "-2.35", "-13.0", "123", "-8765", "1e-4", "2e6"]);
        assert_eq!(in_room(4), ["0", "0.73", "-.50", "-2.3", "-13", "123", "", "1e-4", "2e6"]);
        assert_eq!(in_room(3), ["0", ".73", "-.5", "-2", "-13", "123", "", "", "2e6"]);
    }
}
