//! The searching player.

use freewheel_core::{Result, Stream};

use super::{Player, Turn};
use crate::go::rules::Game;
use crate::go::uct::{Search, UctSettings};

/// Searches every move anew with a fixed number of playouts.
#[derive(Clone, Debug)]
pub struct Uct {
    settings: UctSettings,
}

impl Uct {
    /// With these settings.
    pub fn new(settings: UctSettings) -> Self {
        Uct { settings }
    }

    /// Its settings, for who wants to look into its searches.
    pub fn settings(&self) -> &UctSettings {
        &self.settings
    }
}

impl Player for Uct {
    fn name(&self) -> String {
        format!("uct:{}", self.settings)
    }

    fn choose(&self, game: &Game, rng: &mut Stream) -> Result<Turn> {
        let mut search = Search::new(self.settings.clone(), game);
        search.run(self.settings.playouts, rng);
        Ok(Turn::Play(search.choose()))
    }
}
