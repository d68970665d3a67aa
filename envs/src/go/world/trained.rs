//! A policy as a player: it is shown what a learner in its place would be.

use std::sync::Arc;

use freewheel_core::{Choice, Error, Policy, Result, Stream};

use super::{observation, terms};
use crate::go::players::{Player, Turn};
use crate::go::rules::Game;

/// Plays what a trained policy chooses, on boards of the size that it was trained on.
pub struct Trained {
    name: String,
    policy: Arc<dyn Policy>,
    size: u8,
    history: usize,
}

impl Trained {
    /// The player called `name`, who knows boards of `size` x `size` and is shown `history` positions.
    pub fn new(name: String, policy: Arc<dyn Policy>, size: u8, history: usize) -> Self {
        Trained { name, policy, size, history }
    }
}

impl Player for Trained {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn choose(&self, game: &Game, rng: &mut Stream) -> Result<Turn> {
        let size = self.size;
        if (game.rules().width, game.rules().height) != (size, size) {
            return Err(Error::Unsupported(format!("{} plays on {size}x{size} only", self.name)));
        }
        let mut obs = vec![0.0; observation::planes(self.history) * game.area()];
        observation::observe(game, game.to_play(), self.history, &mut obs);
        let mut legal = vec![true; game.area() + 1];
        terms::legal(game, &mut legal);
        let mut choice = Choice::Discrete(vec![0]);
        self.policy.act(&obs, &legal, std::slice::from_mut(rng), &mut choice);
        match choice {
            Choice::Discrete(actions) if actions.len() == 1 => Ok(Turn::Play(terms::point(actions[0]))),
            _ => Err(Error::Unsupported(format!("{} does not choose among counted moves", self.name))),
        }
    }
}
