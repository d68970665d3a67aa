//! Painting a board of cells: the agent, the ground, and what a policy thinks of every cell.

mod scale;
mod thought;

use freewheel_core::{Cell, Frame, Policy, Rgb};

use super::table::Table;
use scale::Scale;
use thought::{Thought, contrast, number, shade};

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
    /// Whether nothing can be here: walls.
    pub(super) solid: bool,
}

/// Unlike every ground, and unlike every value.
const AGENT: Rgb = Rgb(255, 104, 92);
const DIM: Rgb = Rgb(120, 128, 140);
/// Rows from which on a cell has room for more than its text.
const LARGE: usize = 3;
const THIN_WALL: Rgb = Rgb(186, 192, 204);

/// Paints `board` with the agent at `observation`, as large as there is room for.
pub(super) fn paint(
    board: &dyn Board,
    table: &Table,
    observation: u32,
    policy: Option<&dyn Policy>,
    frame: &mut Frame,
) {
    let (columns, rows) = board.size();
    let status = board.status(observation);
    let below: Vec<Option<String>> = (0..columns).map(|column| board.below(column)).collect();
    let has_feet = below.iter().any(Option::is_some);
    // What stands below the board; on a screen a blank line parts it from the board.
    let air = usize::from(frame.room().is_some() && !status.is_empty());
    let lines = air + usize::from(has_feet) + usize::from(!status.is_empty());
    let room = frame.room().map(|(wide, high)| (wide, high.saturating_sub(lines)));
    let scale = Scale::fitting(columns, rows, room);
    let has_feet = has_feet && scale.width > 1;
    let width = (columns * scale.width).max(status.chars().count());
    let feet = rows * scale.height;
    let foot = feet + usize::from(has_feet) + air;
    frame.clear(width, foot + usize::from(!status.is_empty()));

    let thoughts =
        policy.map(|policy| thought::of_all(board, table, observation, policy)).unwrap_or_default();
    let (low, high) = thoughts
        .iter()
        .flatten()
        .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), t| (low.min(t.value), high.max(t.value)));
    let agent = board.agent(observation);
    for cell in 0..columns * rows {
        let (x, y) = (cell % columns * scale.width, cell / columns * scale.height);
        let thought = thoughts.get(cell).and_then(Option::as_ref);
        let look = board.look(cell, observation);
        let here = agent == Some(cell);
        let ground = match thought {
            _ if here => AGENT,
            Some(t) => shade(if high > low { (t.value - low) / (high - low) } else { 0.5 }),
            None => look.bg,
        };
        let mut painter = Painter { frame, x, y, scale, ground };
        painter.fill(&look);
        painter.cell(&look, thought, here);
        if scale.width > 1 && board.wall_to_the_left(cell) {
            painter.thin_wall();
        }
        if here {
            frame.focus_on(x + (scale.width - 1) / 2, y + (scale.height - 1) / 2);
        }
    }
    if has_feet {
        for (column, text) in below.iter().enumerate() {
            let text: String = text.iter().flat_map(|text| text.chars()).take(scale.width).collect();
            let indent = (scale.width - text.chars().count()).div_ceil(2);
            frame.write(column * scale.width + indent, feet, &text, DIM, Rgb::default());
        }
    }
    frame.write(0, foot, &status, DIM, Rgb::default());
}

struct Painter<'a> {
    frame: &'a mut Frame,
    x: usize,
    y: usize,
    scale: Scale,
    ground: Rgb,
}

impl Painter<'_> {
    /// The ground. On a screen a wall is a block that can be seen without colors too, and large cells are parted by
    /// thin lines; on paper walls are left blank.
    fn fill(&mut self, look: &Look) {
        let Scale { width, height } = self.scale;
        let block = look.solid && self.frame.room().is_some();
        let line = self.ground.mix(Rgb(0, 0, 0), 0.35);
        for (x, y) in (0..height).flat_map(|y| (0..width).map(move |x| (x, y))) {
            let (glyph, fg) = match () {
                () if block => ('█', self.ground),
                () if look.solid || height < LARGE => (' ', Cell::default().fg),
                () if look.glyph == '▒' => ('░', look.fg),
                () if x + 1 == width => ('▕', line),
                () if y + 1 == height => ('▁', line),
                () => (' ', Cell::default().fg),
            };
            self.frame.set(self.x + x, self.y + y, Cell { glyph, fg, bg: self.ground });
        }
    }

    /// The ground's glyph or the arrows above, the number below, the agent over all.
    fn cell(&mut self, look: &Look, thought: Option<&Thought>, agent: bool) {
        let Scale { width, height } = self.scale;
        let (ink, middle) = (contrast(self.ground), (height - 1) / 2);
        match thought {
            _ if agent && width < 3 => self.write_centered("●", middle, ink),
            Some(thought) => {
                let own = if look.glyph == '·' || width == 1 { None } else { Some(look.glyph) };
                let mark = if agent { Some('●') } else { own };
                let arrows = thought.arrows.iter().copied().take((width - 1).max(1));
                let text: String = mark.into_iter().chain(arrows).take(width).collect();
                let (above, below) = two_lines(height);
                self.write_centered(&text, above, ink);
                if height > 1 {
                    let room = if width < 6 { width - 1 } else { width };
                    self.write_centered(&number(thought.value, room), below, ink);
                }
            }
            None if agent => self.picture('●', ink),
            None if look.solid || look.glyph == '▒' && height >= LARGE => {}
            None => self.picture(look.glyph, look.fg),
        }
    }

    /// A glyph, drawn large where there is room for that.
    fn picture(&mut self, glyph: char, fg: Rgb) {
        let Scale { width, height } = self.scale;
        let large = match glyph {
            '●' => ["▗▄▄▄▖", "█████", "▝▀▀▀▘"],
            '○' => ["╭───╮", "│   │", "╰───╯"],
            '⚑' => ["▐▄▄▄ ", "▐▀▀▀ ", "▐    "],
            _ => ["", "", ""],
        };
        let middle = (height - 1) / 2;
        match glyph {
            _ if height >= 5 && !large[0].is_empty() => {
                if glyph == '○' {
                    self.ground = self.ground.mix(Rgb(0, 0, 0), 0.35);
                }
                for (y, row) in (middle - 1..).zip(large) {
                    self.write_centered(row, y, fg);
                }
            }
            '●' if width >= 6 => self.write_centered(" (●)", middle, fg),
            _ => self.write_centered(glyph.encode_utf8(&mut [0; 4]), middle, fg),
        }
    }

    fn thin_wall(&mut self) {
        for y in 0..self.scale.height {
            self.frame.set(self.x, self.y + y, Cell { glyph: '▌', fg: THIN_WALL, bg: self.ground });
        }
    }

    fn write_centered(&mut self, text: &str, y: usize, fg: Rgb) {
        let indent = (self.scale.width - text.chars().count().min(self.scale.width)) / 2;
        self.frame.write(self.x + indent, self.y + y, text, fg, self.ground);
    }
}

/// The rows of two lines of text in a cell: nearer to each other than to those of its neighbors.
fn two_lines(height: usize) -> (usize, usize) {
    match height {
        ..=3 => (0, height.min(2) - 1),
        _ if height % 2 == 1 => (height / 2 - 1, height / 2 + 1),
        _ => (height / 2 - 1, height / 2),
    }
}
