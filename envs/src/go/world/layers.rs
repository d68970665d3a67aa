//! Optional layers of the drawing of a board: territory, liberties, numbers of moves.

use crate::go::rules::Game;

/// Names of the layers.
pub(super) const LAYERS: [&str; 3] = ["territory", "liberties", "moves"];

/// Number of moves that small stones show.
const RECENT: usize = 9;

/// Marks of all points, and a legend.
#[derive(Default)]
pub(super) struct Layer {
    /// Mark of each point, `[points]`; empty without a layer.
    pub(super) marks: Vec<Option<PointMark>>,
    /// Text for the line below the board; may be empty.
    pub(super) legend: String,
}

/// Mark of a point.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PointMark {
    /// Text in the middle of a large point, at most three characters.
    pub(super) text: String,
    /// Character at a small point, if any.
    pub(super) short: Option<char>,
    /// Whether the mark is emphasized: Black's territory, a chain in atari.
    pub(super) strong: bool,
}

impl Layer {
    /// Layer `name` of `game`; without marks for another name.
    pub(super) fn of(game: &Game, name: Option<&str>) -> Self {
        match name {
            Some("territory") => territory(game),
            Some("liberties") => liberties(game),
            Some("moves") => moves(game),
            _ => Layer::default(),
        }
    }
}

/// Empty points that belong to a player by the area rules of Tromp and Taylor, with all stones taken as alive.
fn territory(game: &Game) -> Layer {
    let mut owners = vec![0; game.area()];
    game.ownership(&mut owners);
    let count = |owner: i8| owners.iter().filter(|&&o| o == owner).count();
    let legend = format!("area ● {} ○ {} neutral {}", count(1), count(-1), count(0));
    let mark = |(point, owner): (u16, &i8)| {
        let short = match (game.stone(point), owner) {
            (None, 1) => '■',
            (None, -1) => '□',
            _ => return None,
        };
        Some(PointMark { text: String::from_iter([short; 3]), short: Some(short), strong: *owner == 1 })
    };
    Layer { marks: (0..).zip(&owners).map(mark).collect(), legend }
}

/// Number of liberties of the chain of each stone; a chain in atari has a `!`.
fn liberties(game: &Game) -> Layer {
    let mark = |point| {
        let chain = game.chain(point)?;
        let number = chain.liberties();
        let (text, short) = match number {
            1 => ("!1".to_owned(), '!'),
            2..=9 => (number.to_string(), char::from(b'0' + number as u8)),
            _ => (number.to_string(), '+'),
        };
        Some(PointMark { text, short: Some(short), strong: number == 1 })
    };
    Layer { marks: (0..game.pass()).map(mark).collect(), legend: "liberties, ! atari".to_owned() }
}

/// Number of the move that put each stone on the board; on small stones the last digit of the last nine moves.
fn moves(game: &Game) -> Layer {
    let mut marks = vec![None; game.area()];
    let total = game.moves().len();
    for (number, played) in (1..).zip(game.moves()) {
        let Some(mark) = marks.get_mut(usize::from(played.point)) else { continue };
        let digit = char::from(b'0' + (number % 10) as u8);
        let short = (number + RECENT > total).then_some(digit);
        *mark = Some(PointMark { text: number.to_string(), short, strong: number == total });
    }
    for (mark, point) in marks.iter_mut().zip(0..) {
        if game.stone(point).is_none() {
            *mark = None;
        }
    }
    Layer { marks, legend: "numbers of the moves".to_owned() }
}
