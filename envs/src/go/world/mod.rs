//! Worlds of Go: the two-player game, and the game against an opponent that is part of the world.
//!
//! * **Rules**: see [`rules`](crate::go::rules); Tromp-Taylor by default.
//! * **State**: the game with all moves so far.
//! * **Actions**: 0 to N² - 1 a stone on that point, counted row by row from the lower left corner (a1); N² the pass.
//! * **Observation**: 2 K + 4 planes of N x N, or 15 more with `tactics`, see below.
//! * **Reward**: that of the player who made the move, only at the end: 1 a win, -1 a loss, 0 a draw; or the margin
//!   divided by N².
//! * **Endings**: two passes in a row are terminal. A game is truncated after 2 N² moves, but at least 50 (a
//!   setting), with reward 0; measures then score the board as it stands, as AlphaGo Zero did (Silver et al. 2017).
//! * **Version**: 1.
//!
//! Observation planes, rows from the bottom up, each value 0 or 1; K is the setting `history`. Positions before the
//! first move are all 0, as in AlphaGo Zero.
//!
//! | plane | content |
//! |---|---|
//! | 2 k | own stones k moves ago, k = 0..K - 1 |
//! | 2 k + 1 | the opponent's stones k moves ago |
//! | 2 K | empty points that are illegal by ko or superko |
//! | 2 K + 1 | all 1 if the player is Black |
//! | 2 K + 2 | all 1 if the opponent has just passed: another pass ends the game |
//! | 2 K + 3 | all 1: the board |
//! | 2 K + 4.. | with `tactics`: liberties, last moves, captures, escapes, self-atari, sensible moves; see `tactics` |
//!
//! | file | contents |
//! |---|---|
//! | `settings` | [`Settings`] |
//! | `config` | configuration shared by all episodes |
//! | `view`, `tactics` | observation planes and the mask of legal moves |
//! | `two_player` | [`Go`], the two-player game |
//! | `versus_opponent` | [`GoVersusOpponent`], the game against an opponent |
//! | `policy_player` | [`PolicyPlayer`], a policy as a player |
//! | `reference` | reference values and the random baseline |
//! | `draw`, `layout`, `stone`, `layers` | drawing of the board |
//! | `event` | events of a step: captures, passes, the end |

mod config;
mod draw;
mod event;
mod layers;
mod layout;
mod policy_player;
mod reference;
mod settings;
mod stone;
mod tactics;
#[cfg(test)]
mod tests;
mod two_player;
mod versus_opponent;
mod view;

use std::sync::Arc;

use freewheel_core::{DynWorld, Error, EvaluationWorld, PolicyLoader, Result, World, WorldFamily, WorldInfo};

use super::players;
use settings::SELF;

pub use policy_player::PolicyPlayer;
pub use settings::{AgentColor, Reward, Ruleset, Settings};
pub use two_player::Go;
pub use versus_opponent::{GoVersusOpponent, OpponentStatus, VersusOpponentState};

/// World family `go`: one world for each board size.
///
/// ```
/// use freewheel_core::{NoPolicyLoader, WorldFamily};
/// use freewheel_envs::go::GoFamily;
///
/// let world = GoFamily::default().build("5x5", &toml::Table::new(), &NoPolicyLoader)?.unwrap();
/// assert_eq!(world.spec().actions.count(), 26); // 25 points and pass
/// # Ok::<(), freewheel_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct GoFamily {
    programs: bool,
}

impl Default for GoFamily {
    fn default() -> Self {
        GoFamily { programs: true }
    }
}

impl GoFamily {
    /// Family whose worlds may start other programs as opponents (`gtp:COMMAND`) if `allowed`; the default is `true`.
    /// Without it, a world with such an opponent is refused before anything is started: settings may come from files
    /// of other people.
    #[must_use]
    pub fn programs(self, allowed: bool) -> Self {
        GoFamily { programs: allowed }
    }

    /// # Errors
    /// [`Error::Unsupported`] if the player `name` of the setting `key` is another program, and programs are not
    /// allowed.
    fn check_program(self, id: &str, key: &str, name: &str) -> Result<()> {
        match players::program(name) {
            Some(command) if !self.programs => Err(Error::Unsupported(format!(
                "{id}: the setting `{key}` starts the program {command:?}, which the command line does not name; if \
                 you trust the settings, add --allow-programs"
            ))),
            _ => Ok(()),
        }
    }
}

/// Worlds that are listed, with descriptions.
const LIST: [(&str, &str); 4] = [
    ("5x5", "Go on 5x5; Black's center wins the whole board (van der Werf et al. 2003)"),
    ("9x9", "Go on the small board used by beginners and in computer Go"),
    ("19x19", "Go on the full board"),
    ("NxN", "Go on any board from 2x2 to 19x19; solved up to 3x3"),
];

/// Board size in `name`, such as `9` for `9x9`; `None` if the name is not that of a square board.
fn size(name: &str) -> Option<&str> {
    let (width, height) = name.split_once('x')?;
    let number = width.starts_with(|c: char| c != '0') && width.bytes().all(|byte| byte.is_ascii_digit());
    (width == height && number).then_some(width)
}

impl WorldFamily for GoFamily {
    fn name(&self) -> &str {
        "go"
    }

    fn list(&self) -> Vec<WorldInfo> {
        LIST.iter()
            .map(|(name, about)| WorldInfo { id: format!("go/{name}"), about: (*about).to_owned() })
            .collect()
    }

    fn build(
        &self,
        name: &str,
        settings: &toml::Table,
        policies: &dyn PolicyLoader,
    ) -> Result<Option<Arc<dyn DynWorld>>> {
        let Some(size) = size(name) else { return Ok(None) };
        let id = format!("go/{name}");
        let size = match size.parse() {
            Ok(size @ 2..=19) => size,
            _ => return Err(Error::Config(format!("{id}: the board must be 2x2 to 19x19"))),
        };
        let read = Settings::read(settings, &id)?;
        self.check_program(&id, "opponent", &read.opponent)?;
        if read.opponent != SELF {
            return Ok(Some(GoVersusOpponent::new(&id, size, &read, policies)?.shared()));
        }
        self.check_program(&id, "evaluation_opponent", &read.evaluation_opponent)?;
        let evaluation_error = |message| Error::setting("evaluation_opponent", message);
        if read.evaluation_opponent == SELF {
            return Err(evaluation_error(format!(
                "{id}: evaluation_opponent = {SELF:?}: must be another player, such as \"random\""
            )));
        }
        let mut evaluation = settings.clone();
        evaluation.insert("opponent".into(), read.evaluation_opponent.clone().into());
        let evaluation_settings = Settings::read(&evaluation, &id)?;
        let world =
            GoVersusOpponent::new(&id, size, &evaluation_settings, policies).map_err(|e| match e {
                Error::Setting { key, message } if key == "opponent" => evaluation_error(message),
                other => other,
            })?;
        let evaluation_world = EvaluationWorld { world: world.shared(), settings: evaluation };
        let game = Go::new(&id, size, &read)?.with_evaluation_world(evaluation_world);
        Ok(Some(game.shared()))
    }

    fn settings(&self, _name: &str) -> schemars::Schema {
        schemars::schema_for!(Settings)
    }
}
