//! `gtp`: serves a Go player over the Go Text Protocol.

use std::io::{BufReader, ErrorKind};
use std::path::Path;
use std::sync::Arc;

use freewheel_core::{Error as Core, Policy, PolicyLoader, PolicyMode, Streams};
use freewheel_envs::go::gtp::Engine;
use freewheel_envs::go::players::{self, Player, Uct};
use freewheel_envs::go::rules::Rules;
use freewheel_envs::go::uct::UctSettings;
use freewheel_envs::go::{PolicyPlayer, Settings};

use crate::checkpoints::no_checkpoint;
use crate::cli::{GoRules, Gtp};
use crate::error::Result;
use crate::folders::{split_search, with_search};
use crate::job::{Job, JobConfig};
use crate::observation::ObservationConfig;
use crate::{Registry, output};

/// Number of playouts for the command `lz-genmove_analyze` if the player itself is not a tree search.
const ANALYSIS_PLAYOUTS: u32 = 1000;

pub(super) fn gtp(registry: &Registry, args: &Gtp) -> Result<()> {
    let (player, trained_rules) = player(registry, &args.player, args.rules.size)?;
    let analysis = match split_prior(&args.player).0.trim().strip_prefix("uct:") {
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

/// Player that `name` describes, for boards of `size`: a built-in player, another program, the folder of a trained run,
/// with a search by its network as in `RUN+search:200`, or a tree search with such a run as prior,
/// `uct:1000,strong,prior=RUN`. For a trained run, also the rules of Go that it was trained under.
pub(super) fn player(
    registry: &Registry,
    name: &str,
    size: Option<u8>,
) -> Result<(Arc<dyn Player>, Option<Rules>)> {
    if let (settings, Some(prior)) = split_prior(name)
        && let Some(settings) = settings.trim().strip_prefix("uct:")
    {
        let settings = UctSettings::parse(settings)?;
        let (policy, rules) = trained_player(registry, prior, size)?;
        return Ok((Arc::new(Uct::new(settings).with_prior(prior, Arc::new(policy))), Some(rules)));
    }
    let is_run =
        split_search(name).is_ok_and(|(run, simulations)| simulations.is_some() || Path::new(run).is_dir());
    match players::parse(name) {
        Err(_) if is_run => {
            let (player, rules) = trained_player(registry, name, size)?;
            Ok((Arc::new(player), Some(rules)))
        }
        parsed => Ok((parsed?, None)),
    }
}

/// Name of a tree search without its option `prior=RUN`, and the run.
fn split_prior(name: &str) -> (&str, Option<&str>) {
    match name.split_once(",prior=") {
        Some((search, run)) if search.trim().starts_with("uct:") => (search, Some(run)),
        _ => (name, None),
    }
}

/// Player of the trained run in the folder `name`, for boards of `size` if the policy can play on them, and the rules
/// of Go that it was trained under.
fn trained_player(registry: &Registry, name: &str, size: Option<u8>) -> Result<(PolicyPlayer, Rules)> {
    let (run, simulations) = split_search(name)?;
    let folder = Path::new(run);
    let job = registry.job_in(folder)?;
    let spec = job.world.spec();
    let own = spec.id.strip_prefix("go/").and_then(|board| board.split_once('x')?.0.parse().ok());
    let Some(own) = own else {
        return Err(Core::Config(format!("{name}: this run was trained in {}, not in Go", spec.id)).into());
    };
    let settings = Settings::read(&job.config.world_settings, &spec.id)?;
    let size = size.unwrap_or(own);
    let policy = match size == own {
        true => registry.load(Path::new(name), spec)?,
        false => Arc::from(with_search(resized(registry, &job, folder, size)?, simulations, name)?),
    };
    Ok((PolicyPlayer::new(name.to_owned(), policy, size, &settings), settings.rules(size)))
}

/// Policy of the run `job` in `folder` with the observations and actions of a board of `size`, if its network is that
/// of any board.
fn resized(registry: &Registry, job: &Job, folder: &Path, size: u8) -> Result<Box<dyn Policy>> {
    let JobConfig { agent, agent_settings, world_settings, seed, .. } = &job.config;
    let other = format!("go/{size}x{size}");
    let refuse = |why: String| {
        let trained = job.world.spec().id.trim_start_matches("go/");
        Core::Config(format!(
            "{}: this policy was trained on {trained} and cannot play on {size}x{size}: {why}",
            folder.display()
        ))
    };
    if ObservationConfig::of(agent_settings)? != ObservationConfig::default() {
        return Err(refuse("it has a frame stack or an encoder".into()).into());
    }
    let Some((_, trained)) = job.trained(registry, folder, &output::note)? else {
        return Err(no_checkpoint(folder).into());
    };
    let world = registry.build_world_of_file(&other, world_settings)?;
    let factory = registry.find_agent(agent)?;
    let mut agent = factory
        .build_in(&*world, agent_settings, job.config.budget(), Streams::new(*seed))
        .map_err(|e| refuse(e.to_string()))?;
    agent.load(&trained.save()?).map_err(|_| refuse("it reads boards of that size only".into()))?;
    Ok(agent.policy(PolicyMode::Greedy))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prior_is_split_from_the_settings_of_a_search() {
        assert_eq!(
            split_prior("uct:100,strong,prior=results/a,b/seed-0"),
            ("uct:100,strong", Some("results/a,b/seed-0"))
        );
        assert_eq!(split_prior("results/x,prior=y"), ("results/x,prior=y", None));
        assert_eq!(split_prior("uct:100"), ("uct:100", None));
    }
}
