//! `gtp`: a player of Go behind the Go Text Protocol.

use std::io::{BufReader, ErrorKind};
use std::path::Path;
use std::sync::Arc;

use freewheel_core::{Error as Core, PolicyLoader};
use freewheel_envs::go::gtp::Engine;
use freewheel_envs::go::players::{self, Player};
use freewheel_envs::go::rules::{Ko, Rules};
use freewheel_envs::go::uct::UctSettings;
use freewheel_envs::go::{Settings, Trained};

use crate::Registry;
use crate::cli::{GoRules, Gtp, KoRule, Suicide};
use crate::error::Result;

/// How a position is analyzed where the player itself is no search.
const ANALYSIS: u32 = 1000;

pub(super) fn gtp(registry: &Registry, args: &Gtp) -> Result<()> {
    let (player, home) = player(registry, &args.player)?;
    let analysis = match args.player.trim().strip_prefix("uct:") {
        Some(settings) => UctSettings::parse(settings)?,
        None => UctSettings::strong(ANALYSIS),
    };
    let mut engine = Engine::new(player, analysis, rules(&args.rules, home), args.seed)?;
    // Standard output is not locked for good: nobody else writes to it.
    match engine.run(BufReader::new(std::io::stdin()), std::io::stdout()) {
        // Who no longer listens is gone, which is no error.
        Err(e) if e.kind() != ErrorKind::BrokenPipe => Err(Core::io("standard output")(e).into()),
        _ => Ok(()),
    }
}

/// The player called `name`: one that the world ships, another program, or the folder of a trained run, then with the
/// rules that it was trained under.
pub(super) fn player(registry: &Registry, name: &str) -> Result<(Arc<dyn Player>, Option<Rules>)> {
    let folder = Path::new(name);
    match players::parse(name) {
        Err(_) if folder.is_dir() => {}
        parsed => return Ok((parsed?, None)),
    }
    let job = registry.run_in(folder)?;
    let spec = job.world.spec();
    let size = spec.id.strip_prefix("go/").and_then(|board| board.split_once('x')?.0.parse().ok());
    let Some(size) = size else {
        return Err(Core::Config(format!("{name}: this run learned {}, not Go", spec.id)).into());
    };
    let settings = Settings::read(&job.config.world_settings, &spec.id)?;
    let player = Trained::new(name.to_owned(), registry.load(folder, spec)?, size, settings.history);
    Ok((Arc::new(player), Some(settings.rules(size))))
}

/// The rules that the command line says; where it does not say the size or the komi, those of a player's `home`.
pub(super) fn rules(said: &GoRules, home: Option<Rules>) -> Rules {
    let ko = match said.ko {
        KoRule::Simple => Ko::Simple,
        KoRule::Positional => Ko::Positional,
        KoRule::Situational => Ko::Situational,
    };
    let suicide = said.suicide == Suicide::Allow;
    let size = said.size.or(home.map(|home| home.width)).unwrap_or(9);
    let komi = said.komi.or(home.map(|home| home.komi)).unwrap_or(7.5);
    Rules { ko, suicide, komi, move_limit: None, ..Rules::tromp_taylor(size) }
}
