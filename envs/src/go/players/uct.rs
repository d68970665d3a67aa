//! Tree search player.

use std::sync::Arc;
use std::time::{Duration, Instant};

use freewheel_core::{Error, Insight, Purpose, Result, Stream, Streams};

use super::{Memory, Player, PlayerAction};
use crate::go::gtp::is_interrupted;
use crate::go::rules::Game;
use crate::go::uct::{self, MovePrior, Search, UctSettings};

/// Number of playouts between two checks of the clock, and whether the search was interrupted.
const PLAYOUTS_PER_CHECK: u32 = 64;

/// Tree search player. Without a [`Memory`] each move begins a new search.
#[derive(Clone)]
pub struct Uct {
    settings: UctSettings,
    /// Name and probabilities of a prior.
    prior: Option<(String, Arc<dyn MovePrior>)>,
}

impl Uct {
    /// Tree search player with the search settings `settings`.
    pub fn new(settings: UctSettings) -> Self {
        Uct { settings, prior: None }
    }

    /// The same player, whose search starts new nodes with the probabilities of `prior`, called `name`.
    #[must_use]
    pub fn with_prior(self, name: impl Into<String>, prior: Arc<dyn MovePrior>) -> Self {
        Uct { prior: Some((name.into(), prior)), ..self }
    }

    /// New search of the position of `game`.
    fn search_of(&self, game: &Game) -> Search {
        let search = Search::new(self.settings.clone(), game);
        match &self.prior {
            Some((_, prior)) => search.with_prior(Arc::clone(prior)),
            None => search,
        }
    }

    /// Search settings of the player.
    pub fn settings(&self) -> &UctSettings {
        &self.settings
    }

    /// Searches the position of `game` with each tree of `memory`, which keeps what it knows about the position.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if it was interrupted.
    fn search(
        &self,
        game: &Game,
        memory: &mut Memory,
        time: Option<Duration>,
        rng: &mut Stream,
    ) -> Result<()> {
        let trees = self.settings.trees.max(1);
        let Memory { searches } = memory;
        searches.truncate(trees as usize);
        for search in searches.iter_mut() {
            if !search.advance(game) {
                *search = self.search_of(game);
            }
        }
        searches.resize_with(trees as usize, || self.search_of(game));
        let own = self.settings.seconds.map(Duration::from_secs_f64);
        let deadline = [own, time].into_iter().flatten().min().map(|time| Instant::now() + time);
        let playouts = self.settings.playouts.div_ceil(trees);
        match searches.as_mut_slice() {
            [search] => run(search, playouts, deadline, rng),
            searches => std::thread::scope(|scope| {
                for search in searches {
                    let mut rng = Streams::new(rng.bits()).stream(Purpose::WatchAction, 0, 0);
                    scope.spawn(move || run(search, playouts, deadline, &mut rng));
                }
            }),
        }
        match is_interrupted() {
            true => Err(Error::Unsupported(format!("{} was interrupted", self.name()))),
            false => Ok(()),
        }
    }
}

/// Runs playouts until there are `playouts` more, the time is over, or the search is interrupted; at least some.
fn run(search: &mut Search, playouts: u32, deadline: Option<Instant>, rng: &mut Stream) {
    let mut left = playouts;
    while left > 0 {
        let batch = left.min(PLAYOUTS_PER_CHECK);
        search.run(batch, rng);
        left -= batch;
        if is_interrupted() || deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return;
        }
    }
}

impl Player for Uct {
    fn name(&self) -> String {
        match &self.prior {
            Some((prior, _)) => format!("uct:{},prior={prior}", self.settings),
            None => format!("uct:{}", self.settings),
        }
    }

    fn check_ready(&self, start: &Game) -> Result<()> {
        self.prior.as_ref().map_or(Ok(()), |(_, prior)| prior.check_board(start))
    }

    fn is_slow(&self) -> bool {
        true
    }

    fn choose(&self, game: &Game, rng: &mut Stream) -> Result<PlayerAction> {
        self.choose_in_game(game, &mut Memory::default(), None, rng)
    }

    fn choose_in_game(
        &self,
        game: &Game,
        memory: &mut Memory,
        time: Option<Duration>,
        rng: &mut Stream,
    ) -> Result<PlayerAction> {
        self.search(game, memory, time, rng)?;
        let candidates = uct::merge(&memory.searches);
        let settled = game.move_number() as usize >= game.area() / 4;
        let lost = candidates.first().is_some_and(|best| best.win_rate < self.settings.resign);
        // A pass that wins on the board is better than any win rate.
        let point = uct::choose(game, &candidates);
        match settled && lost && point != game.pass() {
            true => Ok(PlayerAction::Resign),
            false => Ok(PlayerAction::Play(point)),
        }
    }

    fn insight(&self, game: &Game, rng: &mut Stream) -> Option<Insight> {
        if game.is_over() {
            return None;
        }
        let mut memory = Memory::default();
        self.search(game, &mut memory, None, rng).ok()?;
        memory.searches.first().map(Search::insight)
    }
}
