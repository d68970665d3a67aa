//! Action values of a policy, as they are shown in the cells of a board.

use freewheel_core::Policy;

use super::super::table::TransitionTable;
use super::Board;

/// Value and greedy actions shown in one cell.
pub(super) struct CellValue {
    /// Greatest action value.
    pub(super) value: f32,
    /// Glyphs of all actions with the greatest value; a single dot if all actions have this value.
    pub(super) arrows: Vec<char>,
    /// Glyph and value of each legal action.
    pub(super) actions: Vec<(char, f32)>,
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
        let actions =
            legal().map(|(action, (_, value))| (board.arrow(observation_there, action), *value)).collect();
        Some(CellValue { value, arrows, actions })
    }
}
