//! The family `go`: worlds by the size of their board.

use std::sync::Arc;

use freewheel_core::{DynWorld, Error, EvaluationWorld, PolicyLoader, Result, World, WorldFamily, WorldInfo};

use super::settings::SELF;
use super::{Go, GoAgainst, Settings};

/// The family `go`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Boards;

/// The worlds that a list shows.
const LIST: [(&str, &str); 4] = [
    ("5x5", "Go on 5x5; Black's center wins the whole board (van der Werf et al. 2003)"),
    ("9x9", "Go on the small board of beginners and of computer Go"),
    ("19x19", "Go on the full board"),
    ("NxN", "Go on any board from 2x2 to 19x19; solved up to 3x3"),
];

/// The size of the board called `name`, such as `9x9`; `None` where that is no square.
fn size(name: &str) -> Option<&str> {
    let (width, height) = name.split_once('x')?;
    let number = width.starts_with(|c: char| c != '0') && width.bytes().all(|byte| byte.is_ascii_digit());
    (width == height && number).then_some(width)
}

impl WorldFamily for Boards {
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
            _ => return Err(Error::Config(format!("{id}: boards go from 2x2 to 19x19"))),
        };
        let read = Settings::read(settings, &id)?;
        if read.opponent != SELF {
            return Ok(Some(GoAgainst::new(&id, size, &read, policies)?.shared()));
        }
        if read.judge == SELF {
            let message = format!("{id}: judge = {SELF:?}: must be a player of its own, such as \"random\"");
            return Err(Error::Config(message));
        }
        let mut judge = settings.clone();
        judge.insert("opponent".into(), read.judge.clone().into());
        let world = GoAgainst::new(&id, size, &Settings::read(&judge, &id)?, policies)?.shared();
        let game = Go::new(&id, size, &read)?.judged_by(EvaluationWorld { world, settings: judge });
        Ok(Some(game.shared()))
    }

    fn settings(&self, _name: &str) -> schemars::Schema {
        schemars::schema_for!(Settings)
    }
}
