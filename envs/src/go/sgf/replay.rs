//! Playing a record on a board.

use super::record::{Edit, GameRecord, What};
use super::tree::SgfError;
use crate::go::gtp::vertex;
use crate::go::rules::{Color, Compensation, Game, Ko, Move, Point, Rules, Setup};

impl GameRecord {
    /// The rules that the record names, as far as they are known here, on its board, with its komi, without move limit. Japanese
    /// rules are those of a board, not of a count: simple ko, no suicide. So are rules that are not named.
    pub fn ruleset(&self) -> Rules {
        let name = self.rules.to_ascii_lowercase();
        let is = |words: &[&str]| words.iter().any(|word| name.starts_with(word));
        let (ko, suicide, compensation) = match () {
            () if is(&["chinese"]) => (Ko::Positional, false, Compensation::Stones),
            () if is(&["aga"]) => (Ko::Situational, false, Compensation::StonesLessOne),
            () if is(&["new zealand", "nz"]) => (Ko::Situational, true, Compensation::None),
            () if is(&["tromp", "tt"]) => (Ko::Positional, true, Compensation::None),
            () => (Ko::Simple, false, Compensation::None),
        };
        let komi = self.komi.unwrap_or_default();
        Rules { width: self.width, height: self.height, komi, ko, suicide, compensation, move_limit: None }
    }

    /// Plays the record to its end under `rules`, whose size is taken from the record.
    ///
    /// # Errors
    /// [`SgfError`] with the number and the place of the first move that the rules forbid, or of a setup that is no position.
    pub fn replay(&self, rules: Rules) -> Result<Game, SgfError> {
        self.replay_with(rules, usize::MAX, |_, _| {})
    }

    /// The same for the first `moves` moves; `before` sees each with the game that it is made in.
    ///
    /// A game goes on after two passes where the record goes on. What is set up after a move begins a new game, whose
    /// history is empty: ko rules look back no further.
    ///
    /// # Errors
    /// As [`GameRecord::replay`].
    pub fn replay_with(
        &self,
        rules: Rules,
        moves: usize,
        mut before: impl FnMut(&Game, Move),
    ) -> Result<Game, SgfError> {
        let rules = Rules { width: self.width, height: self.height, ..rules };
        let start = self.events.first().map(|event| event.place).unwrap_or_default();
        // With a handicap White begins; but where its stones are played as moves, Black does.
        let first = self.moves().next().map(|first| first.color);
        let to_play = first.unwrap_or(if self.handicap > 1 { Color::White } else { Color::Black });
        let setup = Setup { to_play, handicap: self.handicap, ..Setup::default() };
        let mut game = Game::with_setup(rules, setup).map_err(|e| start.error(e.to_string()))?;
        let mut number = 0;
        for event in &self.events {
            match &event.what {
                What::Edit(edit) => {
                    let setup = edited(&game, edit);
                    game = Game::with_setup(rules, setup).map_err(|e| event.place.error(e.to_string()))?;
                }
                What::Move(_) if number == moves => break,
                What::Move(played) => {
                    number += 1;
                    game.resume();
                    game.set_to_play(played.color);
                    before(&game, *played);
                    game.play(played.point).map_err(|why| {
                        let (color, point) =
                            (vertex::color_name(played.color), vertex::name(&rules, played.point));
                        event.place.error(format!("move {number}, {color} {point}, is not legal: {why}"))
                    })?;
                }
            }
        }
        Ok(game)
    }
}

/// The position of `game` after a change by hand, as a position to begin with.
fn edited(game: &Game, edit: &Edit) -> Setup {
    let changed =
        |point: &Point| [&edit.black, &edit.white, &edit.empty].into_iter().any(|list| list.contains(point));
    let stones = |color: Color, added: &[Point]| {
        let kept = (0..game.pass()).filter(|point| game.stone(*point) == Some(color) && !changed(point));
        kept.chain(added.iter().copied()).collect()
    };
    Setup {
        black: stones(Color::Black, &edit.black),
        white: stones(Color::White, &edit.white),
        to_play: edit.to_play.unwrap_or(game.to_play()),
        handicap: game.setup().handicap,
    }
}
