//! `gtp`: a player of Go behind the Go Text Protocol.

use std::io::{BufReader, ErrorKind};
use std::path::Path;
use std::sync::Arc;

use freewheel_core::{Cast, Error as Core};
use freewheel_envs::go::gtp::Engine;
use freewheel_envs::go::players::{self, Player};
use freewheel_envs::go::rules::{Ko, Rules};
use freewheel_envs::go::uct::UctSettings;
use freewheel_envs::go::{Settings, Trained};

use super::Built;
use crate::Catalogue;
use crate::cli::{GoRules, Gtp, KoRule, Suicide};
use crate::error::Result;

/// How a position is analysed where the player itself is no search.
const ANALYSIS: u32 = 1000;

pub(super) fn gtp(catalogue: &Catalogue, args: &Gtp) -> Result<()> {
    let player = player(catalogue, &args.player)?;
    let analysis = match args.player.trim().strip_prefix("uct:") {
        Some(settings) => UctSettings::parse(settings)?,
        None => UctSettings::strong(ANALYSIS),
    };
    let mut engine = Engine::new(player, analysis, rules(&args.rules), args.seed)?;
    // Standard output is not locked for good: nobody else writes to it.
    match engine.run(BufReader::new(std::io::stdin()), std::io::stdout()) {
        // Who no longer listens is gone, which is no error.
        Err(e) if e.kind() != ErrorKind::BrokenPipe => Err(Core::io("standard output")(e).into()),
        _ => Ok(()),
    }
}

/// The player called `name`: one that the world ships, another program, or the folder of a trained run.
pub(super) fn player(catalogue: &Catalogue, name: &str) -> Result<Arc<dyn Player>> {
    let folder = Path::new(name);
    if !folder.join("config.toml").is_file() {
        return Ok(players::parse(name)?);
    }
    let job = catalogue.load_job(folder, &mut Built::new())?;
    let spec = job.world.spec();
    let size = spec.id.strip_prefix("go/").and_then(|board| board.split_once('x')?.0.parse().ok());
    let Some(size) = size else {
        return Err(Core::Config(format!("{name}: this run learned {}, not Go", spec.id)).into());
    };
    let history = Settings::read(&job.config.world_settings, &spec.id)?.history;
    Ok(Arc::new(Trained::new(name.to_owned(), catalogue.seat(folder, spec)?, size, history)))
}

/// The rules that the command line says.
pub(super) fn rules(said: &GoRules) -> Rules {
    let ko = match said.ko {
        KoRule::Simple => Ko::Simple,
        KoRule::Positional => Ko::Positional,
        KoRule::Situational => Ko::Situational,
    };
    let suicide = said.suicide == Suicide::Allow;
    Rules { ko, suicide, komi: said.komi, move_limit: None, ..Rules::tromp_taylor(said.size) }
}
