//! `gtp`: serves a Go player over the Go Text Protocol.

use std::io::{BufReader, ErrorKind};
use std::path::Path;
use std::sync::Arc;

use freewheel_core::{Error as Core, PolicyLoader};
use freewheel_envs::go::gtp::Engine;
use freewheel_envs::go::players::{self, Player};
use freewheel_envs::go::rules::Rules;
use freewheel_envs::go::uct::UctSettings;
use freewheel_envs::go::{PolicyPlayer, Settings};

use crate::Registry;
use crate::cli::{GoRules, Gtp};
use crate::error::Result;

/// Number of playouts for the command `lz-genmove_analyze` if the player itself is not a tree search.
const ANALYSIS_PLAYOUTS: u32 = 1000;

pub(super) fn gtp(registry: &Registry, args: &Gtp) -> Result<()> {
    let (player, trained_rules) = player(registry, &args.player)?;
    let analysis = match args.player.trim().strip_prefix("uct:") {
        Some(settings) => UctSettings::parse(settings)?,
        None => UctSettings::strong(ANALYSIS_PLAYOUTS),
    };
    let mut engine = Engine::new(player, analysis, rules(&args.rules, trained_rules), args.seed)?;
    match engine.run(BufReader::new(std::io::stdin()), std::io::stdout()) {
        // The client closed its end: a normal exit.
        Err(e) if e.kind() != ErrorKind::BrokenPipe => Err(Core::io("standard output")(e).into()),
        _ => Ok(()),
    }
}

/// Player that `name` describes: a built-in player, another program, or the folder of a trained run. For a trained run,
/// also the rules of Go that it was trained under.
pub(super) fn player(registry: &Registry, name: &str) -> Result<(Arc<dyn Player>, Option<Rules>)> {
    let folder = Path::new(name);
    match players::parse(name) {
        Err(_) if folder.is_dir() => {}
        parsed => return Ok((parsed?, None)),
    }
    let job = registry.job_in(folder)?;
    let spec = job.world.spec();
    let size = spec.id.strip_prefix("go/").and_then(|board| board.split_once('x')?.0.parse().ok());
    let Some(size) = size else {
        return Err(Core::Config(format!("{name}: this run was trained in {}, not in Go", spec.id)).into());
    };
    let settings = Settings::read(&job.config.world_settings, &spec.id)?;
    let player = PolicyPlayer::new(name.to_owned(), registry.load(folder, spec)?, size, settings.history);
    Ok((Arc::new(player), Some(settings.rules(size))))
}

/// Rules of Go from the command line; default size and komi: those of `trained_rules`, else 9 and that of the rule set.
pub(super) fn rules(args: &GoRules, trained_rules: Option<Rules>) -> Rules {
    let size = args.size.or(trained_rules.map(|rules| rules.width)).unwrap_or(9);
    let set = args.rules;
    let rules = set.apply(Rules { move_limit: None, ..Rules::tromp_taylor(size) });
    Rules {
        komi: args.komi.or(trained_rules.map(|rules| rules.komi)).unwrap_or(set.komi),
        ko: args.ko.unwrap_or(set.ko),
        suicide: args.suicide.unwrap_or(set.suicide),
        ..rules
    }
}
