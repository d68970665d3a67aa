//! Action values of a policy, as they are shown in the cells of a board.

use freewheel_core::{Policy, Rgb};

use super::super::table::TransitionTable;
use super::Board;

/// Value and greedy actions shown in one cell.
pub(super) struct CellValue {
    /// Greatest action value.
    pub(super) value: f32,
    /// Glyphs of all actions with the greatest value; a single dot if all actions have this value.
    pub(super) arrows: Vec<char>,
}

/// Value and greedy actions of every cell, `[cells]`; `None` in cells where no policy is shown.
pub(super) fn evaluate_cells(
    board: &dyn Board,
    table: &TransitionTable,
    observation: u32,
    policy: &dyn Policy,
) -> Vec<Option<CellValue>> {
    let (columns, rows) = board.size();
    let actions = table.actions();
    let mut evaluator =
        CellEvaluator { policy, table, legal: vec![true; actions], values: vec![0.0; actions] };
    (0..columns * rows).map(|cell| evaluator.evaluate(board, cell, observation)).collect()
}

/// Computes the value and the greedy actions of cells, with buffers that are reused for each cell.
struct CellEvaluator<'a> {
    policy: &'a dyn Policy,
    table: &'a TransitionTable,
    legal: Vec<bool>,
    values: Vec<f32>,
}

impl CellEvaluator<'_> {
    fn evaluate(&mut self, board: &dyn Board, cell: usize, observation: u32) -> Option<CellValue> {
        if board.cell_style(cell, observation).no_policy {
            return None;
        }
        let observation_there = board.observation_at(cell, observation)?;
        self.table.legal(observation_there, &mut self.legal);
        if !self.policy.action_values(&[observation_there as f32], &self.legal, &mut self.values) {
            return None;
        }
        let legal = || self.legal.iter().zip(&self.values).enumerate().filter(|(_, (legal, _))| **legal);
        let value = legal().map(|(_, (_, value))| *value).fold(f32::NEG_INFINITY, f32::max);
        if !value.is_finite() {
            return None;
        }
        let close = 1e-5 * value.abs().max(1e-3);
        let greedy = legal().filter(|(_, (_, v))| **v >= value - close);
        let mut arrows: Vec<char> =
            greedy.map(|(action, _)| board.arrow(observation_there, action)).collect();
        // Where all actions are equally good, arrows would carry no information: a dot replaces them.
        if arrows.len() == legal().count() && arrows.len() > 1 {
            arrows = vec!['∙'];
        }
        Some(CellValue { value, arrows })
    }
}

/// Text of a number in at most five characters, or `max_len` if that is smaller; empty if the number does not fit.
pub(super) fn format_value(value: f32, max_len: usize) -> String {
    let decimals = match value.abs() {
        0.0 => 0,
        ..0.0005 => {
            return Some(format!("{value:.0e}")).filter(|text| text.len() <= max_len).unwrap_or_default();
        }
        ..10.0 => 2,
        ..100.0 => 1,
        ..10_000.0 => 0,
        _ => return Some(format!("{value:.0e}")).filter(|text| text.len() <= max_len).unwrap_or_default(),
    };
    let text = |decimals: usize| {
        let text = format!("{value:.decimals$}");
        // The zero before the decimal point is omitted: .42 for 0.42.
        match (text.strip_prefix("-0."), text.strip_prefix("0.")) {
            (Some(rest), _) => format!("-.{rest}"),
            (_, Some(rest)) if text.len() > max_len => format!(".{rest}"),
            _ => text,
        }
    };
    (0..=decimals).rev().map(text).find(|text| text.len() <= max_len).unwrap_or_default()
}

/// Color of a value in the darkened color map viridis. `t` is the position of the value between the least (0) and the
/// greatest (1) value on the board.
pub(super) fn value_color(t: f32) -> Rgb {
    const STOPS: [Rgb; 5] =
        [Rgb(58, 6, 74), Rgb(52, 70, 122), Rgb(28, 118, 120), Rgb(70, 158, 80), Rgb(206, 188, 34)];
    let at = t.clamp(0.0, 1.0) * (STOPS.len() - 1) as f32;
    let low = (at as usize).min(STOPS.len() - 2);
    STOPS[low].mix(STOPS[low + 1], at - low as f32)
}

/// Text color on the background color `ground`: black or white, whichever is more readable (luma of ITU-R BT.601).
pub(super) fn text_color(ground: Rgb) -> Rgb {
    let luminance = 0.299 * f32::from(ground.0) + 0.587 * f32::from(ground.1) + 0.114 * f32::from(ground.2);
    if luminance > 130.0 { Rgb(16, 16, 16) } else { Rgb(240, 240, 240) }
}

#[cfg(test)]
mod tests {
    use super::format_value;

    #[test]
    fn values_are_as_long_as_fits() {
        let all = [0.0, 0.734, -0.5, -2.345, -13.04, 123.4, -8765.0, 0.0001, 2e6];
        let with_max_len = |max_len| all.map(|value| format_value(value, max_len));
        assert_eq!(with_max_len(6), ["0", "0.73", "-.50", "-2.35", "-13.0", "123", "-8765", "1e-4", "2e6"]);
        assert_eq!(with_max_len(4), ["0", "0.73", "-.50", "-2.3", "-13", "123", "", "1e-4", "2e6"]);
        assert_eq!(with_max_len(3), ["0", ".73", "-.5", "-2", "-13", "123", "", "", "2e6"]);
    }
}
