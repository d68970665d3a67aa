//! `completions` and `man`: shell completion scripts and man pages, generated from the command line and the registry.

use std::path::Path;

use clap::builder::PossibleValuesParser;
use freewheel_core::Error;

use crate::error::Result;
use crate::messages::Language;
use crate::output;
use crate::registry::Registry;

/// Prints a completion script with the names of worlds, agents, estimators, data sets and settings.
pub(super) fn completions(registry: &Registry, shell: clap_complete::Shell) -> Result<()> {
    let mut script = Vec::new();
    let mut command = with_names(registry, super::command_line(registry.name(), Language::En));
    clap_complete::generate(shell, &mut command, registry.name(), &mut script);
    output::text(&String::from_utf8_lossy(&script))
}

/// Writes one man page for the program and one for each subcommand into the folder `dir`.
pub(super) fn man(registry: &Registry, dir: &Path) -> Result<()> {
    std::fs::create_dir_all(dir).map_err(Error::io(dir))?;
    clap_mangen::generate_to(super::command_line(registry.name(), Language::En), dir)
        .map_err(Error::io(dir))?;
    output::text(&format!("{}/{}.1 and a page for each subcommand\n", dir.display(), registry.name()))
}

/// Adds the names in the registry to the arguments of `command` as possible values; for shell completion only.
fn with_names(registry: &Registry, command: clap::Command) -> clap::Command {
    // A name such as `grid/deepsea-N` stands for many worlds.
    let worlds = registry.worlds().into_iter().map(|info| info.id).filter(|id| !id.contains('N'));
    let worlds: Vec<String> = worlds.collect();
    let agents: Vec<String> = registry.agents().map(|agent| agent.id().to_owned()).collect();
    let estimators: Vec<String> = registry.estimators().iter().map(|one| one.id().to_owned()).collect();
    let data: Vec<String> =
        freewheel_agents::data::registry::list().iter().map(|set| set.name.into()).collect();
    let settings = settings(registry, &worlds);
    command.mut_subcommands(|subcommand| {
        let listed = match subcommand.get_name() {
            "envs" => worlds.clone(),
            "agents" => agents.clone(),
            "estimators" => estimators.clone(),
            "data" => data.clone(),
            _ => Vec::new(),
        };
        subcommand.mut_args(|argument| {
            let names = match argument.get_id().as_str() {
                "world" | "what" => &worlds,
                "agent" => &agents,
                "estimator" => &estimators,
                "data" => &data,
                "set" => &settings,
                "id" => &listed,
                _ => return argument,
            };
            argument.value_parser(PossibleValuesParser::new(names.clone()))
        })
    })
}

/// Setting keys for `--set`, each followed by `=`.
fn settings(registry: &Registry, worlds: &[String]) -> Vec<String> {
    let agents = registry.agents().flat_map(|agent| agent.fields());
    let agents = agents.map(|field| format!("agent.{}=", field.name));
    let worlds = worlds.iter().flat_map(|id| registry.world_fields(id));
    let worlds = worlds.map(|field| format!("world.{}=", field.name));
    let mut all: Vec<String> = agents.chain(worlds).chain(["num_envs=".into(), "steps=".into()]).collect();
    all.sort_unstable();
    all.dedup();
    all
}
