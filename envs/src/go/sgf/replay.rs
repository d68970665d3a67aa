//! Replay of a game record: from the record to a game.

use super::record::{Edit, EventKind, GameRecord};
use super::tree::{SgfError, Warning};
use crate::go::gtp::vertex;
use crate::go::rules::{Color, Game, Ko, Move, Point, Rules, Setup};

impl GameRecord {
    /// Plays the record to its end under `rules`, on a board of the record's size.
    ///
    /// # Errors
    /// [`SgfError`] with the number and the location of the first illegal move, or of an invalid setup.
    pub fn replay(&self, rules: Rules) -> Result<Game, SgfError> {
        self.replay_with(rules, usize::MAX, |_, _| {})
    }

    /// Plays the first `moves` moves under the rules of the record. Moves that only their ko rule or suicide rule
    /// forbids are played, with a warning about the first.
    ///
    /// # Errors
    /// [`SgfError`] for the first other illegal move, or for an invalid setup.
    pub fn replay_leniently(&self, moves: usize) -> Result<(Game, Option<Warning>), SgfError> {
        let rules = self.ruleset();
        match self.replay_with(rules, moves, |_, _| {}) {
            Ok(game) => Ok((game, None)),
            Err(SgfError { location, message }) => {
                let lenient = Rules { ko: Ko::Simple, suicide: true, ..rules };
                let game = self.replay_with(lenient, moves, |_, _| {})?;
                let message = format!("{message}; it is played nevertheless");
                Ok((game, Some(Warning { location, message })))
            }
        }
    }

    /// Same as [`GameRecord::replay`], for the first `moves` moves; `before` is called before each move with the game
    /// and the move.
    ///
    /// The game is resumed after two passes if the record continues. An edit after a move starts a new game with an
    /// empty history, so that superko ignores earlier positions.
    ///
    /// # Errors
    /// Same errors as [`GameRecord::replay`].
    pub fn replay_with(
        &self,
        rules: Rules,
        moves: usize,
        mut before: impl FnMut(&Game, Move),
    ) -> Result<Game, SgfError> {
        let rules = Rules { width: self.width, height: self.height, ..rules };
        let start = self.events.first().map(|event| event.location).unwrap_or_default();
        // With a handicap White begins, unless the handicap stones are played as moves.
        let first = self.moves().next().map(|first| first.color);
        let to_play = first.unwrap_or(if self.handicap > 1 { Color::White } else { Color::Black });
        let setup = Setup { to_play, handicap: self.handicap, ..Setup::default() };
        let mut game = Game::with_setup(rules, setup).map_err(|e| start.error(e.to_string()))?;
        let mut number = 0;
        for event in &self.events {
            match &event.kind {
                EventKind::Edit(edit) => {
                    let setup = edited(&game, edit);
                    game = Game::with_setup(rules, setup).map_err(|e| event.location.error(e.to_string()))?;
                }
                EventKind::Move(_) if number == moves => break,
                EventKind::Move(played) => {
                    number += 1;
                    game.resume();
                    game.set_to_play(played.color);
                    before(&game, *played);
                    game.play(played.point).map_err(|why| {
                        let (color, point) =
                            (vertex::color_name(played.color), vertex::name(&rules, played.point));
                        event.location.error(format!("move {number}, {color} {point}, is not legal: {why}"))
                    })?;
                }
            }
        }
        Ok(game)
    }
}

/// Position of `game` after an edit, as a start position.
fn edited(game: &Game, edit: &Edit) -> Setup {
    let mut changed = vec![false; game.area()];
    for &point in [&edit.black, &edit.white, &edit.empty].into_iter().flatten() {
        if let Some(changed) = changed.get_mut(usize::from(point)) {
            *changed = true;
        }
    }
    let stones = |color: Color, added: &[Point]| {
        let kept = (0..game.pass())
            .filter(|point| game.stone(*point) == Some(color) && !changed[usize::from(*point)]);
        kept.chain(added.iter().copied()).collect()
    };
    Setup {
        black: stones(Color::Black, &edit.black),
        white: stones(Color::White, &edit.white),
        to_play: edit.to_play.unwrap_or(game.to_play()),
        handicap: game.setup().handicap,
    }
}
