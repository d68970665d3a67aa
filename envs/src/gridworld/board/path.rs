//! Path of the agent so far: visits of each cell, and the last way out of it.

use freewheel_core::Rgb;

use super::{Board, Moment, RECENT, VISITED};

/// Path of the agent on a board.
pub(super) struct Path {
    /// Number of visits of each cell, the present one included, `[cells]`; empty without earlier states.
    visits: Vec<u32>,
    /// Last step out of each cell: its number, counted from 1, and the arrow of its direction, `[cells]`.
    exits: Vec<Option<(usize, char)>>,
    /// Number of steps.
    steps: usize,
}

/// Mark of a cell on the path.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Mark {
    /// Glyph of the mark.
    pub(super) glyph: char,
    /// Number of the mark, if a layer is drawn.
    pub(super) number: Option<usize>,
    /// Color of the background, and its share from 0 to 1.
    pub(super) color: Rgb,
    pub(super) share: f32,
}

impl Path {
    /// Path of `moment`.
    pub(super) fn of(board: &dyn Board, moment: &Moment<'_>) -> Self {
        let (columns, rows) = board.size();
        let mut path = Path { visits: Vec::new(), exits: Vec::new(), steps: moment.past.len() };
        if moment.past.is_empty() {
            return path;
        }
        path.visits = vec![0; columns * rows];
        path.exits = vec![None; columns * rows];
        let observations = moment.past.iter().map(|state| state.observation).chain([moment.observation]);
        let mut last: Option<usize> = None;
        for (number, cell) in observations.map(|observation| board.agent(observation)).enumerate() {
            if let (Some(from), Some(to)) = (last, cell)
                && let Some(exit) = path.exits.get_mut(from)
                && from != to
            {
                *exit = Some((number, arrow((from % columns, from / columns), (to % columns, to / columns))));
            }
            if let Some(visits) = cell.and_then(|cell| path.visits.get_mut(cell)) {
                *visits += 1;
            }
            last = cell;
        }
        path
    }

    /// Whether there are no earlier states.
    pub(super) fn is_empty(&self) -> bool {
        self.visits.is_empty()
    }

    /// Mark of a cell in `layer`; without a layer a dot on cells that were visited; `None` for a cell without a mark.
    pub(super) fn mark(&self, cell: usize, layer: Option<&str>) -> Option<Mark> {
        let visits = self.visits.get(cell).copied().filter(|visits| *visits > 0)?;
        match layer {
            Some("visits") => {
                let most = self.visits.iter().copied().max().unwrap_or(1);
                let share = 0.25 + 0.75 * (f64::from(visits).ln_1p() / f64::from(most).ln_1p()) as f32;
                Some(Mark { glyph: '×', number: Some(visits as usize), color: VISITED, share })
            }
            Some("trail") => {
                let (number, glyph) = self.exits.get(cell).copied().flatten()?;
                let share = 0.15 + 0.85 * number as f32 / self.steps.max(1) as f32;
                Some(Mark { glyph, number: Some(number), color: RECENT, share })
            }
            _ => Some(Mark { glyph: '•', number: None, color: RECENT, share: 0.0 }),
        }
    }
}

/// Arrow from one cell to another, given as column and row; `↯` if they are not neighbors.
fn arrow(from: (usize, usize), to: (usize, usize)) -> char {
    let along = |from: usize, to: usize| to as i64 - from as i64;
    match (along(from.0, to.0), along(from.1, to.1)) {
        (0, -1) => '↑',
        (1, -1) => '↗',
        (1, 0) => '→',
        (1, 1) => '↘',
        (0, 1) => '↓',
        (-1, 1) => '↙',
        (-1, 0) => '←',
        (-1, -1) => '↖',
        _ => '↯',
    }
}
