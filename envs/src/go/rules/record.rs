//! A game as data: its rules, its setup and its moves. Reading replays them, so that no text, however damaged, becomes
//! a game that the rules did not make.

use freewheel_core::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Color, Game, Point, Rules, Setup};

/// A move: who, where, and whether the game was resumed by it.
type Entry = (Color, Point, bool);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    rules: Rules,
    setup: Setup,
    moves: Vec<Entry>,
    to_play: Color,
    resumed: bool,
}

impl TryFrom<Record> for Game {
    type Error = Error;

    fn try_from(record: Record) -> Result<Game, Error> {
        let mut game = Game::with_setup(record.rules, record.setup)?;
        for (n, (color, point, resumed)) in record.moves.into_iter().enumerate() {
            if resumed {
                game.resume();
            }
            game.set_to_play(color);
            let illegal = |why| Error::Config(format!("move {}, point {point}: {why}", n + 1));
            game.play(point).map_err(illegal)?;
        }
        game.set_to_play(record.to_play);
        if record.resumed {
            game.resume();
        }
        Ok(game)
    }
}

impl Serialize for Game {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let moves = self.moves().zip(self.resumptions()).map(|(m, resumed)| (m.color, m.point, resumed));
        let record = Record {
            rules: *self.rules(),
            setup: self.setup().clone(),
            moves: moves.collect(),
            to_play: self.to_play(),
            resumed: self.is_resumed(),
        };
        record.serialize(to)
    }
}

impl<'de> Deserialize<'de> for Game {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Game::try_from(Record::deserialize(from)?).map_err(serde::de::Error::custom)
    }
}
