//! Player of Go that follows a trained policy: by its network alone, or with a tree search.

use std::sync::Arc;

use freewheel_core::{ActionBuffer, EnvSimulator, Error, Insight, Policy, Result, Simulator, Stream};

use super::config;
use super::settings::Settings;
use super::two_player::Go;
use super::view::View;
use crate::go::players::{Player, PlayerAction};
use crate::go::rules::Game;
use crate::go::uct::MovePrior;

/// Player that follows a trained policy, on boards of the size of the policy's training.
pub struct PolicyPlayer {
    name: String,
    policy: Arc<dyn Policy>,
    size: u8,
    view: View,
    /// Player of a scripted policy, which uses the game instead of the observation.
    scripted_player: Option<Arc<dyn Player>>,
    /// Rules by which a planning policy simulates games; `None` for any other policy.
    world: Option<Arc<Go>>,
}

impl PolicyPlayer {
    /// Player `name` for boards of `size` x `size`, with the observations and masks of a world with these `settings`.
    pub fn new(name: String, policy: Arc<dyn Policy>, size: u8, settings: &Settings) -> Self {
        let scripted_player = policy.script().and_then(config::scripted_player);
        // Komi, ko and suicide are those of the game that is played.
        let world = policy.plans().then(|| Go::new(&format!("go/{size}x{size}"), size, settings).ok());
        let world = world.flatten().map(Arc::new);
        PolicyPlayer { name, policy, size, view: View::of(settings), scripted_player, world }
    }

    /// Simulator of `game`; `None` for a policy that does not plan.
    fn simulator(&self, game: &Game) -> Option<Box<dyn Simulator>> {
        let world = Arc::clone(self.world.as_ref()?);
        Some(Box::new(EnvSimulator::new(world, game.clone())?))
    }

    /// Observation of the player to move, `[D]`, and its mask, `[N² + 1]`.
    fn look(&self, game: &Game) -> (Vec<f32>, Vec<bool>) {
        let mut obs = vec![0.0; self.view.planes() * game.area()];
        self.view.observe(game, game.to_play(), &mut obs);
        let mut legal = vec![true; game.area() + 1];
        self.view.legal(game, &mut legal);
        (obs, legal)
    }
}

impl MovePrior for PolicyPlayer {
    fn probabilities(&self, game: &Game, out: &mut [f32]) -> bool {
        if self.check_ready(game).is_err() {
            return false;
        }
        let (obs, legal) = self.look(game);
        out.len() == legal.len() && self.policy.action_values(&obs, &legal, out)
    }

    fn check_board(&self, start: &Game) -> Result<()> {
        self.check_ready(start)
    }
}

impl Player for PolicyPlayer {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn is_slow(&self) -> bool {
        self.world.is_some()
    }

    fn insight(&self, game: &Game, rng: &mut Stream) -> Option<Insight> {
        if game.is_over() || self.check_ready(game).is_err() {
            return None;
        }
        self.policy.plan_insight(self.simulator(game)?, rng)
    }

    fn choose(&self, game: &Game, rng: &mut Stream) -> Result<PlayerAction> {
        self.check_ready(game)?;
        if let Some(scripted_player) = &self.scripted_player {
            return scripted_player.choose(game, rng);
        }
        // A policy of human records, which rarely end with passes, is not asked whether it passes here.
        if !self.view.eyes && game.passes() > 0 && config::margin(game, game.to_play()) > 0.0 {
            return Ok(PlayerAction::Play(game.pass()));
        }
        let (rngs, mut actions) = (std::slice::from_mut(rng), ActionBuffer::Discrete(vec![0]));
        match self.simulator(game) {
            Some(simulator) => self.policy.plan(&mut [simulator], rngs, &mut actions),
            None => {
                let (obs, legal) = self.look(game);
                self.policy.act(&obs, &legal, rngs, &mut actions);
            }
        }
        match actions {
            ActionBuffer::Discrete(actions) if actions.len() == 1 => {
                Ok(PlayerAction::Play(config::action_to_point(actions[0])))
            }
            _ => Err(Error::Unsupported(format!("{} does not have discrete actions", self.name))),
        }
    }

    fn check_ready(&self, start: &Game) -> Result<()> {
        let size = self.size;
        if (start.rules().width, start.rules().height) == (size, size) {
            return Ok(());
        }
        Err(Error::Config(format!(
            "{} was trained on {size}x{size} and cannot play on another board size",
            self.name
        )))
    }
}
