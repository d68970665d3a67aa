//! Drawing of a board: stones on a grid, coordinates, and action values of a policy as colors of the empty points.

use freewheel_core::{Cell, Env, Frame, Policy, Rgb};

use crate::go::gtp::vertex;
use crate::go::rules::{Color, Game};

const WOOD: Rgb = Rgb(196, 152, 84);
const LINE: Rgb = Rgb(112, 78, 34);
const BLACK: Rgb = Rgb(14, 14, 16);
const WHITE: Rgb = Rgb(250, 248, 240);
const LAST: Rgb = Rgb(226, 120, 60);
const COLD: Rgb = Rgb(58, 92, 132);
const HOT: Rgb = Rgb(196, 58, 48);
const FAINT: Rgb = Rgb(130, 136, 148);
const TEXT: Rgb = Rgb(220, 220, 220);

/// Layout of the drawing; the first of [`Layout::ALL`] that fits is used.
#[derive(Clone, Copy)]
struct Layout {
    /// Columns from one point to the next.
    pitch: usize,
    /// Whether coordinates and status lines are drawn.
    framed: bool,
}

impl Layout {
    const ALL: [Layout; 3] = [
        Layout { pitch: 2, framed: true },
        Layout { pitch: 2, framed: false },
        Layout { pitch: 1, framed: false },
    ];

    /// Size of the drawing of a board of `width` x `height`: columns and rows of characters.
    fn size(self, width: usize, height: usize) -> (usize, usize) {
        let columns = self.pitch * (width - 1) + 3;
        if self.framed { ((columns + 6).max(STATUS), height + 4) } else { (columns, height) }
    }

    fn for_room(room: Option<(usize, usize)>, width: usize, height: usize) -> Layout {
        let fits = |layout: &Layout| {
            let (columns, rows) = layout.size(width, height);
            room.is_none_or(|room| columns <= room.0 && rows <= room.1)
        };
        Layout::ALL.into_iter().find(fits).unwrap_or(Layout { pitch: 1, framed: false })
    }
}

/// Smallest width of the drawing at which the lines below the board fit, columns.
const STATUS: usize = 42;

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

/// Draws the board as large as the frame allows.
pub(super) fn draw_board(scene: &BoardScene<'_>, frame: &mut Frame) {
    let rules = scene.game.rules();
    let (width, height) = (usize::from(rules.width), usize::from(rules.height));
    let layout = Layout::for_room(frame.max_size(), width, height);
    let (columns, rows) = layout.size(width, height);
    frame.clear(columns, rows);
    // The background in the color of wood extends one column beyond the first and the last grid line.
    let (left, top) = if layout.framed { (3, 1) } else { (0, 0) };
    let heat_map = HeatMap::of(scene);
    for row in 0..height {
        let y = height - 1 - row;
        for x in 0..layout.pitch * (width - 1) + 3 {
            let inside = x >= 1 && x <= layout.pitch * (width - 1) + 1;
            let cell = match inside && (x - 1).is_multiple_of(layout.pitch) {
                true => point(scene.game, (x - 1) / layout.pitch, y, &heat_map),
                false => Cell { glyph: if inside { '─' } else { ' ' }, fg: LINE, bg: WOOD },
            };
            frame.set(left + x, top + row, cell);
        }
        if layout.framed {
            let label = format!("{:>2}", y + 1);
            let right = left + layout.pitch * (width - 1) + 3;
            frame.write(0, top + row, &label, FAINT, Rgb::default());
            frame.write(right + 1, top + row, label.trim_start(), FAINT, Rgb::default());
        }
    }
    if layout.framed {
        for x in 0..width {
            let letter = vertex::column(x).to_string();
            for y in [0, height + 1] {
                frame.write(left + 1 + layout.pitch * x, y, &letter, FAINT, Rgb::default());
            }
        }
        let [black, white] = Color::BOTH.map(|color| scene.game.captures(color));
        let pass = heat_map.pass.map(|value| format!("  pass {value:+.2}")).unwrap_or_default();
        frame.write(0, height + 2, &scene.status, TEXT, Rgb::default());
        let line = format!("komi {}  captures ● {black} ○ {white}{pass}", rules.komi);
        frame.write(0, height + 3, &line, FAINT, Rgb::default());
    }
    if let Some(last) =
        scene.game.last_move().map(|last| usize::from(last.point)).filter(|&last| last < width * height)
    {
        frame.focus_on(left + 1 + layout.pitch * (last % width), top + height - 1 - last / width);
    }
}

/// Character cell of one point.
fn point(game: &Game, x: usize, y: usize, heat_map: &HeatMap<'_>) -> Cell {
    let (width, height) = (usize::from(game.rules().width), usize::from(game.rules().height));
    let index = y * width + x;
    let last = game.last_move().is_some_and(|last| usize::from(last.point) == index);
    match (game.stone(index as u16), last) {
        (Some(Color::Black), false) => Cell { glyph: '●', fg: BLACK, bg: WOOD },
        (Some(Color::Black), true) => Cell { glyph: '◉', fg: BLACK, bg: LAST },
        (Some(Color::White), false) => Cell { glyph: '○', fg: WHITE, bg: WOOD },
        (Some(Color::White), true) => Cell { glyph: '◎', fg: WHITE, bg: LAST },
        (None, _) => {
            let glyph = if is_star(x, y, width, height) { '╋' } else { crossing(x, y, width, height) };
            Cell { glyph, fg: LINE, bg: heat_map.at(index).unwrap_or(WOOD) }
        }
    }
}

/// Character of the grid lines at an empty point.
fn crossing(x: usize, y: usize, width: usize, height: usize) -> char {
    let (left, right, below, above) = (x > 0, x + 1 < width, y > 0, y + 1 < height);
    match (left, right, above, below) {
        (true, true, true, true) => '┼',
        (false, true, true, true) => '├',
        (true, false, true, true) => '┤',
        (true, true, false, true) => '┬',
        (true, true, true, false) => '┴',
        (false, true, false, true) => '┌',
        (true, false, false, true) => '┐',
        (false, true, true, false) => '└',
        (true, false, true, false) => '┘',
        (_, _, true, _) | (_, _, _, true) => '│',
        _ => '─',
    }
}

/// Whether a point is a star point: intersections of the lines three (from 13 on: four) from the edge, the middle of
/// odd boards from 5 on, and from 13 on the middles of the sides.
fn is_star(x: usize, y: usize, width: usize, height: usize) -> bool {
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

/// Colors of points by the action values of a policy.
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

    /// Background color of a point; `None` if the action value is unknown, or all values are equal.
    fn at(&self, point: usize) -> Option<Rgb> {
        let value = self.values.get(point).copied().filter(|value| value.is_finite())?;
        let share = (value - self.least) / (self.most - self.least);
        share.is_finite().then(|| WOOD.mix(if share < 0.5 { COLD } else { HOT }, (2.0 * share - 1.0).abs()))
    }
}
