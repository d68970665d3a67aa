//! Painting a board of cells: the agent, the ground, and what a policy thinks of every cell.

use freewheel_core::{Cell, Frame, Policy, Rgb};

use super::table::Table;

/// What a world must say about itself to be painted.
pub(super) trait Board: Send + Sync {
    /// Columns and rows of cells.
    fn size(&self) -> (usize, usize);
    /// The cell the agent stands on, row-major; `None` where it has left the board.
    fn agent(&self, observation: u32) -> Option<usize>;
    /// What the agent would observe if it stood on `cell` instead; `None` where it cannot stand.
    fn seen_from(&self, cell: usize, observation: u32) -> Option<u32>;
    /// How the ground looks.
    fn look(&self, cell: usize, observation: u32) -> Look;
    /// A glyph for `action` as it works at `observation`.
    fn arrow(&self, observation: u32, action: usize) -> char;
    /// Whether a thin wall stands between `cell` and the one to its left.
    fn wall_to_the_left(&self, _cell: usize) -> bool {
        false
    }
    /// What is written below a column, at most four characters.
    fn below(&self, _column: usize) -> Option<String> {
        None
    }
    /// A line below the board; empty for none.
    fn status(&self, _observation: u32) -> String {
        String::new()
    }
}

/// How a cell's ground looks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Look {
    /// In its middle.
    pub(super) glyph: char,
    pub(super) fg: Rgb,
    pub(super) bg: Rgb,
    /// Whether a policy has nothing to say here: walls, holes, goals.
    pub(super) still: bool,
}

const AGENT: Rgb = Rgb(255, 214, 64);
const DIM: Rgb = Rgb(120, 128, 140);
const THIN_WALL: Rgb = Rgb(150, 158, 170);

/// Columns and rows on the screen that a cell takes.
#[derive(Clone, Copy)]
struct Scale {
    width: usize,
    height: usize,
}

impl Scale {
    fn of(columns: usize, rows: usize) -> Self {
        match (columns, rows) {
            (..=16, ..=16) => Scale { width: 6, height: 2 },
            (..=60, _) => Scale { width: 3, height: 1 },
            _ => Scale { width: 1, height: 1 },
        }
    }
}

/// What a policy thinks of one cell.
struct Thought {
    /// The greatest action value.
    value: f32,
    /// The glyphs of all actions that have it.
    arrows: Vec<char>,
}

/// Paints `board` with the agent at `observation`.
pub(super) fn paint(
    board: &dyn Board,
    table: &Table,
    observation: u32,
    policy: Option<&dyn Policy>,
    frame: &mut Frame,
) {
    let (columns, rows) = board.size();
    let scale = Scale::of(columns, rows);
    let has_feet = scale.width > 1 && (0..columns).any(|column| board.below(column).is_some());
    let status = board.status(observation);
    let width = (columns * scale.width).max(status.chars().count());
    frame.clear(width, rows * scale.height + usize::from(has_feet) + usize::from(!status.is_empty()));

    let thoughts: Vec<Option<Thought>> = match policy {
        Some(policy) => {
            let mut thinker = Thinker::new(policy, table);
            (0..columns * rows).map(|cell| thinker.ask(board, cell, observation)).collect()
        }
        None => Vec::new(),
    };
    let (low, high) = thoughts
        .iter()
        .flatten()
        .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), t| (low.min(t.value), high.max(t.value)));
    let agent = board.agent(observation);
    for cell in 0..columns * rows {
        let (x, y) = (cell % columns * scale.width, cell / columns * scale.height);
        let thought = thoughts.get(cell).and_then(Option::as_ref);
        let look = board.look(cell, observation);
        let ground = match thought {
            Some(t) => shade(if high > low { (t.value - low) / (high - low) } else { 0.5 }),
            None => look.bg,
        };
        let mut painter = Painter { frame, x, y, scale, ground };
        painter.fill();
        painter.cell(&look, thought, agent == Some(cell));
        if scale.width > 1 && board.wall_to_the_left(cell) {
            painter.thin_wall();
        }
    }
    let mut y = rows * scale.height;
    if has_feet {
        for column in 0..columns {
            if let Some(text) = board.below(column) {
                let indent = (scale.width - text.chars().count().min(scale.width)).div_ceil(2);
                frame.write(column * scale.width + indent, y, &text, DIM, Rgb::default());
            }
        }
        y += 1;
    }
    frame.write(0, y, &status, DIM, Rgb::default());
}

struct Painter<'a> {
    frame: &'a mut Frame,
    x: usize,
    y: usize,
    scale: Scale,
    ground: Rgb,
}

impl Painter<'_> {
    fn fill(&mut self) {
        for y in 0..self.scale.height {
            for x in 0..self.scale.width {
                self.frame.set(self.x + x, self.y + y, Cell { bg: self.ground, ..Cell::default() });
            }
        }
    }

    /// The ground's glyph or the arrows above, the number below, the agent over all.
    fn cell(&mut self, look: &Look, thought: Option<&Thought>, agent: bool) {
        let ink = contrast(self.ground);
        let middle = (self.scale.width - 1) / 2;
        match thought {
            // Where everything is equally good, arrows say nothing.
            Some(thought) if self.scale.width > 1 => {
                let room = self.scale.width - 1;
                let arrows: String = thought.arrows.iter().take(room).collect();
                let own = if look.glyph == '·' { ' ' } else { look.glyph };
                let text = match (agent, own) {
                    (true, _) => format!("●{arrows}"),
                    (false, ' ') => arrows,
                    (false, own) => format!("{own}{arrows}"),
                };
                let text: String = text.chars().take(self.scale.width).collect();
                let indent = (self.scale.width - text.chars().count()) / 2;
                self.write(indent, 0, &text, ink);
                if self.scale.height > 1 {
                    let number = number(thought.value);
                    self.write((self.scale.width - number.chars().count().min(6)) / 2, 1, &number, ink);
                }
            }
            Some(_) if agent => {}
            Some(thought) => {
                let arrow = thought.arrows.first().copied().unwrap_or(' ');
                self.write(0, 0, &arrow.to_string(), ink);
            }
            None => self.write(middle, (self.scale.height - 1) / 2, &look.glyph.to_string(), look.fg),
        }
        if agent && (thought.is_none() || self.scale.width == 1) {
            let text = if self.scale.width >= 6 { "(●)" } else { "●" };
            let indent = (self.scale.width - text.chars().count()).div_ceil(2).min(middle);
            let y = (self.scale.height - 1) / 2;
            let ink = if thought.is_some() { ink } else { AGENT };
            self.write(indent, y, text, ink);
        }
    }

    fn thin_wall(&mut self) {
        for y in 0..self.scale.height {
            self.frame.set(self.x, self.y + y, Cell { glyph: '▌', fg: THIN_WALL, bg: self.ground });
        }
    }

    fn write(&mut self, x: usize, y: usize, text: &str, fg: Rgb) {
        self.frame.write(self.x + x, self.y + y, text, fg, self.ground);
    }
}

/// Asks a policy about one cell after the other, over buffers used again.
struct Thinker<'a> {
    policy: &'a dyn Policy,
    table: &'a Table,
    legal: Vec<bool>,
    values: Vec<f32>,
}

impl<'a> Thinker<'a> {
    fn new(policy: &'a dyn Policy, table: &'a Table) -> Self {
        Thinker { policy, table, legal: vec![true; table.actions()], values: vec![0.0; table.actions()] }
    }

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
        if arrows.len() == legal().count() && arrows.len() > 1 {
            arrows = vec!['∙'];
        }
        Some(Thought { value, arrows })
    }
}

/// A number in at most five characters.
fn number(value: f32) -> String {
    let magnitude = value.abs();
    let text = match magnitude {
        0.0 => "0".to_owned(),
        ..0.0005 => format!("{value:.0e}"),
        ..10.0 => format!("{value:.2}"),
        ..100.0 => format!("{value:.1}"),
        ..10_000.0 => format!("{value:.0}"),
        _ => format!("{value:.0e}"),
    };
    // .42 and -.42 say as much as 0.42 and -0.42.
    match text.strip_prefix("-0.") {
        Some(rest) => format!("-.{rest}"),
        None => text,
    }
}

/// The colour of a value, `t` of the way from the least to the greatest on the board: viridis, darkened.
fn shade(t: f32) -> Rgb {
    const STOPS: [Rgb; 5] =
        [Rgb(58, 6, 74), Rgb(52, 70, 122), Rgb(28, 118, 120), Rgb(70, 158, 80), Rgb(206, 188, 34)];
    let at = t.clamp(0.0, 1.0) * (STOPS.len() - 1) as f32;
    let low = (at as usize).min(STOPS.len() - 2);
    STOPS[low].mix(STOPS[low + 1], at - low as f32)
}

/// Black or white, whichever reads better on `ground` (relative luminance of ITU-R BT.601).
fn contrast(ground: Rgb) -> Rgb {
    let luminance = 0.299 * f32::from(ground.0) + 0.587 * f32::from(ground.1) + 0.114 * f32::from(ground.2);
    if luminance > 130.0 { Rgb(16, 16, 16) } else { Rgb(240, 240, 240) }
}
