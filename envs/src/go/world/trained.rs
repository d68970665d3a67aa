//! A policy as a player: it is shown what a learner in its place would be.

use std::sync::Arc;

use freewheel_core::{ActionBuffer, Error, Policy, Result, Stream};

use super::{observation, terms};
use crate::go::players::{Player, Turn};
use crate::go::rules::Game;

/// Plays what a trained policy chooses, on boards of the size that it was trained on.
pub struct Trained {
    name: String,
    policy: Arc<dyn Policy>,
    size: u8,
    history: usize,
    /// The player that the policy is where that is one of the world's own, which sees the game itself.
    script: Option<Arc<dyn Player>>,
}

impl Trained {
    /// The player called `name`, who knows boards of `size` x `size` and is shown `history` positions.
    pub fn new(name: String, policy: Arc<dyn Policy>, size: u8, history: usize) -> Self {
        let script = policy.script().and_then(terms::script);
        Trained { name, policy, size, history, script }
    }
}

impl Player for Trained {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn choose(&self, game: &Game, rng: &mut Stream) -> Result<Turn> {
        self.ready(game)?;
        if let Some(script) = &self.script {
            return script.choose(game, rng);
        }
        let mut obs = vec![0.0; observation::planes(self.history) * game.area()];
        observation::observe(game, game.to_play(), self.history, &mut obs);
        let mut legal = vec![true; game.area() + 1];
        terms::legal(game, &mut legal);
        let mut choice = ActionBuffer::Discrete(vec![0]);
        self.policy.act(&obs, &legal, std::slice::from_mut(rng), &mut choice);
        match choice {
            ActionBuffer::Discrete(actions) if actions.len() == 1 => Ok(Turn::Play(terms::point(actions[0]))),
            _ => Err(Error::Unsupported(format!("{} does not choose among counted moves", self.name))),
        }
    }

    fn ready(&self, start: &Game) -> Result<()> {
        let size = self.size;
        if (start.rules().width, start.rules().height) == (size, size) {
            return Ok(());
        }
        Err(Error::Config(format!("{} was trained on {size}x{size}, and plays on no other board", self.name)))
    }
}
