//! Drawing of a board: stones on a grid, coordinates, action values of a policy, and optional layers.

use freewheel_core::{Cell, Env, Frame, Policy, Rgb};

use super::layers::{Layer, PointMark};
use super::layout::Layout;
use super::stone;
use crate::go::gtp::vertex;
use crate::go::rules::{Color, Game, Point};
use crate::heat::format_value;

const WOOD: Rgb = Rgb(196, 152, 84);
const LINE: Rgb = Rgb(112, 78, 34);
const BLACK: Rgb = Rgb(14, 14, 16);
const WHITE: Rgb = Rgb(250, 248, 240);
const LAST: Rgb = Rgb(226, 120, 60);
const COLD: Rgb = Rgb(58, 92, 132);
const HOT: Rgb = Rgb(196, 58, 48);
const FAINT: Rgb = Rgb(130, 136, 148);
const TEXT: Rgb = Rgb(220, 220, 220);

/// Content of the drawing of a board.
pub(super) struct BoardScene<'a> {
    /// Game that is drawn.
    pub(super) game: &'a Game,
    /// Action values of a policy for each point and the pass, `[points + 1]`; NaN if unknown.
    pub(super) action_values: Option<&'a [f32]>,
    /// Status line below the board.
    pub(super) status: String,
}

/// Action values of `policy`, `[points + 1]`; NaN for illegal actions; `None` for a policy without values.
pub(super) fn action_values<E: Env>(world: &E, state: &E::State, policy: &dyn Policy) -> Option<Vec<f32>> {
    let spec = world.spec();
    let mut obs = vec![0.0; spec.observation.len()];
    let mut legal = vec![true; spec.actions.count()];
    let mut values = vec![f32::NAN; spec.actions.count()];
    world.observe(state, &mut obs);
    world.legal(state, &mut legal);
    if !policy.action_values(&obs, &legal, &mut values) {
        return None;
    }
    for (value, _) in values.iter_mut().zip(legal).filter(|(_, legal)| !legal) {
        *value = f32::NAN;
    }
    Some(values)
}

/// Character of a stone.
pub(super) fn stone(color: Color) -> char {
    match color {
        Color::Black => '●',
        Color::White => '○',
    }
}

/// Status line: player to move, or result.
pub(super) fn status(game: &Game) -> String {
    let (number, mover) = (game.move_number(), stone(game.to_play()));
    match (game.is_over(), game.score()) {
        (true, score) if score > 0.0 => format!("● wins by {score} after {number} moves"),
        (true, score) if score < 0.0 => format!("○ wins by {} after {number} moves", -score),
        (true, _) => format!("a draw after {number} moves"),
        (false, _) if game.passes() > 0 => format!("move {}, {mover} after a pass", number + 1),
        (false, _) => format!("move {}, {mover}", number + 1),
    }
}

/// Line of text below the board: komi and captures.
pub(super) fn captures(game: &Game) -> String {
    let [black, white] = Color::BOTH.map(|color| game.captures(color));
    format!("komi {}  captures ● {black} ○ {white}", game.rules().komi)
}

/// Draws the board as large as the frame allows.
pub(super) fn draw_board(scene: &BoardScene<'_>, frame: &mut Frame) {
    let layout = Layout::of(scene.game, frame);
    let (columns, rows) = layout.size();
    frame.clear(columns, rows);
    let (left, top) = layout.origin();
    let board = layout.board();
    for (x, y) in (0..board.1).flat_map(|y| (0..board.0).map(move |x| (x, y))) {
        frame.set(left + x, top + y, Cell { glyph: ' ', fg: LINE, bg: WOOD });
    }
    let layer = Layer::of(scene.game, frame.layer());
    let heat_map = HeatMap::of(scene);
    for point in 0..scene.game.area() {
        let mark = layer.marks.get(point).cloned().flatten();
        let mut painter = Painter { frame, layout, game: scene.game, point };
        painter.lines();
        match scene.game.stone(point as Point) {
            Some(color) => painter.stone(color, mark),
            None => painter.empty(&heat_map, mark),
        }
    }
    if layout.framed {
        labels(layout, frame);
        let status =
            [scene.status.as_str(), &layer.legend].join(if layer.legend.is_empty() { "" } else { "   " });
        frame.write(0, rows - 2, &status, TEXT, Rgb::default());
        let pass = match heat_map.pass {
            Some(value) => format!("  pass {value:+.2}"),
            None if frame.max_size().is_some() => "  pass".to_owned(),
            None => String::new(),
        };
        frame.write(0, rows - 1, &format!("{}{pass}", captures(scene.game)), FAINT, Rgb::default());
    }
    if let Some(last) = scene.game.last_move().filter(|last| last.point < scene.game.pass()) {
        let (x, y) = layout.point_cell(usize::from(last.point));
        frame.focus_on(x, y);
    }
}

/// Writes the coordinates around the board.
fn labels(layout: Layout, frame: &mut Frame) {
    let ((left, top), board) = (layout.origin(), layout.board());
    for x in 0..layout.width {
        let (column, _) = layout.point_cell(x);
        for row in [0, top + board.1] {
            frame.write(column, row, &vertex::column(x).to_string(), FAINT, Rgb::default());
        }
    }
    for y in 0..layout.height {
        let (_, row) = layout.point_cell(y * layout.width);
        let label = format!("{:>2}", y + 1);
        frame.write(0, row, &label, FAINT, Rgb::default());
        frame.write(left + board.0 + 1, row, label.trim_start(), FAINT, Rgb::default());
    }
}

/// Painter of the cells of one point.
struct Painter<'a> {
    frame: &'a mut Frame,
    layout: Layout,
    game: &'a Game,
    point: usize,
}

impl Painter<'_> {
    /// Whether grid lines lead from the point to the left, right, up and down.
    fn ways(&self) -> [bool; 4] {
        let Layout { width, height, .. } = self.layout;
        let (x, y) = (self.point % width, self.point / width);
        [x > 0, x + 1 < width, y + 1 < height, y > 0]
    }

    /// Draws the grid lines of the point, up to the next point to the right and below.
    fn lines(&mut self) {
        let ((x, y), (column, row)) = (self.layout.stone_cell(self.point), self.layout.middle());
        let [left, right, up, down] = self.ways();
        for i in 0..self.layout.pitch.0 {
            if (i < column && left) || (i > column && right) {
                self.frame.set(x + i, y + row, Cell { glyph: '─', fg: LINE, bg: WOOD });
            }
        }
        for i in 0..self.layout.pitch.1 {
            if (i < row && up) || (i > row && down) {
                self.frame.set(x + column, y + i, Cell { glyph: '│', fg: LINE, bg: WOOD });
            }
        }
        let size = (self.layout.width, self.layout.height);
        let star = is_star((self.point % size.0, self.point / size.0), size);
        let glyph = match star {
            true if self.layout.pitch.1 > 1 => '◆',
            true => '╋',
            false => crossing([left, right, up, down]),
        };
        self.frame.set(x + column, y + row, Cell { glyph, fg: LINE, bg: WOOD });
    }

    /// Draws a stone, with the text of a layer, or the mark of the last move, in its middle.
    fn stone(&mut self, color: Color, mark: Option<PointMark>) {
        let ((x, y), size) = (self.layout.stone_cell(self.point), self.layout.stone());
        let last = self.game.last_move().is_some_and(|last| usize::from(last.point) == self.point);
        let glyph = match (color, last) {
            (color, false) => stone(color),
            (Color::Black, true) => '◉',
            (Color::White, true) => '◎',
        };
        if size.1 == 1 {
            let (fg, bg) =
                (if color == Color::Black { BLACK } else { WHITE }, if last { LAST } else { WOOD });
            self.frame.set(x, y, Cell { glyph, fg, bg });
            // Beside a small stone there is room for one character.
            if let Some((glyph, strong)) = mark.and_then(|mark| Some((mark.short?, mark.strong)))
                && self.layout.pitch.0 > 1
            {
                self.frame.set(x + 1, y, Cell { glyph, fg: if strong { HOT } else { BLACK }, bg: WOOD });
            }
            return;
        }
        for (column, row) in (0..size.1).flat_map(|row| (0..size.0).map(move |column| (column, row))) {
            if let Some(cell) = stone::cell(color, size.0, (column, row), WOOD) {
                self.frame.set(x + column, y + row, cell);
            }
        }
        let (fg, bg) = stone::text_colors(color);
        let (text, strong) = match &mark {
            Some(mark) => (mark.text.clone(), mark.strong),
            None if last || color == Color::White => (glyph.to_string(), false),
            None => return,
        };
        let fg = match (last, strong) {
            (true, _) => LAST,
            (false, true) => HOT,
            // The sign of a white stone is visible only where there are no colors.
            (false, false) if mark.is_none() => bg,
            (false, false) => fg,
        };
        self.text(&text, 0, fg, bg);
    }

    /// Draws the action value of an empty point, and the mark of a layer.
    fn empty(&mut self, heat_map: &HeatMap<'_>, mark: Option<PointMark>) {
        let size = self.layout.stone();
        let heat = heat_map.color(self.point);
        if let Some(ground) = heat {
            let (x, y) = self.layout.stone_cell(self.point);
            for (column, row) in (0..size.1).flat_map(|row| (0..size.0).map(move |column| (column, row))) {
                if let Some(cell) = self.frame.get(x + column, y + row).copied() {
                    self.frame.set(x + column, y + row, Cell { bg: ground, ..cell });
                }
            }
            let text = heat_map.text(self.point, size);
            if !text.is_empty() {
                self.text(&text, 0, WHITE, ground);
            }
        }
        if let Some(mark) = mark {
            let fg = if mark.strong { BLACK } else { WHITE };
            let text = if size.0 > 3 { mark.text } else { mark.short.into_iter().collect() };
            // Below the action value, if there is one.
            self.text(&text, usize::from(heat.is_some() && size.1 > 1), fg, heat.unwrap_or(WOOD));
        }
    }

    /// Writes `text` into the middle of the point, `below` rows lower.
    fn text(&mut self, text: &str, below: usize, fg: Rgb, bg: Rgb) {
        let ((x, y), (width, _), (_, row)) =
            (self.layout.stone_cell(self.point), self.layout.stone(), self.layout.middle());
        let indent = width.saturating_sub(text.chars().count()) / 2;
        self.frame.write(x + indent, y + row + below, text, fg, bg);
    }
}

/// Character of the grid lines at an empty point with lines to the left, right, up and down.
fn crossing(ways: [bool; 4]) -> char {
    match ways {
        [true, true, true, true] => '┼',
        [false, true, true, true] => '├',
        [true, false, true, true] => '┤',
        [true, true, false, true] => '┬',
        [true, true, true, false] => '┴',
        [false, true, false, true] => '┌',
        [true, false, false, true] => '┐',
        [false, true, true, false] => '└',
        [true, false, true, false] => '┘',
        [_, _, true, _] | [_, _, _, true] => '│',
        _ => '─',
    }
}

/// Whether a point is a star point: intersections of the lines three (from 13 on: four) from the edge, the middle of
/// odd boards from 5 on, and from 13 on the middles of the sides.
fn is_star((x, y): (usize, usize), (width, height): (usize, usize)) -> bool {
    let edge = |at: usize, size: usize| {
        let edge = if size >= 13 { 3 } else { 2 };
        size >= 7 && (at == edge || at + edge + 1 == size)
    };
    let middle = |at: usize, size: usize| size >= 5 && !size.is_multiple_of(2) && at == size / 2;
    let sides = width >= 13 && height >= 13;
    match (edge(x, width), middle(x, width), edge(y, height), middle(y, height)) {
        (true, _, true, _) | (_, true, _, true) => true,
        (true, _, _, true) | (_, true, true, _) => sides,
        _ => false,
    }
}

/// Action values of a policy: colors of points, and their texts.
struct HeatMap<'a> {
    values: &'a [f32],
    least: f32,
    most: f32,
    pass: Option<f32>,
}

impl<'a> HeatMap<'a> {
    fn of(scene: &BoardScene<'a>) -> Self {
        let values = scene.action_values.unwrap_or_default();
        let finite = || values.iter().copied().filter(|value| value.is_finite());
        HeatMap {
            values,
            least: finite().fold(f32::INFINITY, f32::min),
            most: finite().fold(f32::NEG_INFINITY, f32::max),
            pass: values.last().copied().filter(|value| value.is_finite()),
        }
    }

    fn value(&self, point: usize) -> Option<f32> {
        self.values.get(point).copied().filter(|value| value.is_finite())
    }

    /// Background color of a point; `None` if the action value is unknown, or all values are equal.
    fn color(&self, point: usize) -> Option<Rgb> {
        let share = (self.value(point)? - self.least) / (self.most - self.least);
        share.is_finite().then(|| WOOD.mix(if share < 0.5 { COLD } else { HOT }, (2.0 * share - 1.0).abs()))
    }

    /// Text of a point with stones of `size`: the value, with a star if it is the greatest; on small points the rank of
    /// the best nine values.
    fn text(&self, point: usize, size: (usize, usize)) -> String {
        let Some(value) = self.value(point) else { return String::new() };
        if size.1 == 1 {
            let points = &self.values[..self.values.len() - 1];
            let better = points.iter().filter(|other| **other > value).count();
            return if better < 9 { (better + 1).to_string() } else { String::new() };
        }
        if value == self.most {
            return format!("*{}", format_value(value, size.0 - 1));
        }
        format_value(value, size.0)
    }
}
