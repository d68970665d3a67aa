//! Presets: settings with which an agent learns a world, used where the user sets nothing else.
//!
//! The files `presets/*.toml` have one table for each world and agent, `["grid/taxi".ppo]`, with the settings of the
//! agent, the keys `steps` and `num_envs` of an experiment, and a table `world` of settings of the world.
//! `docs/results/presets.md` has their scores.

use std::sync::LazyLock;

use toml::{Table, Value};

/// Settings with which an agent learns a world.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Preset {
    /// Id of the world.
    pub world: String,
    /// Id of the agent.
    pub agent: String,
    /// Environment steps of a run.
    pub steps: u64,
    /// Number of environments that the agent is trained in at once; `None` for the agent's default.
    pub num_envs: Option<usize>,
    /// Settings of the agent that differ from its defaults.
    pub settings: Table,
    /// Settings of the world for training, such as other starts of an episode.
    pub world_settings: Table,
}

impl Preset {
    /// Name of the preset: world and agent.
    pub fn name(&self) -> String {
        format!("{} {}", self.world, self.agent)
    }

    /// Settings of the world, and of the agent.
    pub(crate) fn tables(&self) -> (Table, Table) {
        (self.world_settings.clone(), self.settings.clone())
    }
}

/// Built-in presets, in the order of their files.
pub fn all() -> &'static [Preset] {
    static ALL: LazyLock<Vec<Preset>> = LazyLock::new(|| {
        let files = [
            include_str!("presets/classic.toml"),
            include_str!("presets/grid.toml"),
            include_str!("presets/go.toml"),
            include_str!("presets/track.toml"),
            include_str!("presets/market.toml"),
        ];
        files.iter().flat_map(|text| text.parse::<Table>().unwrap_or_default()).flat_map(of_world).collect()
    });
    &ALL
}

/// Preset of an agent in a world; `None` if there is none.
pub fn find(world: &str, agent: &str) -> Option<&'static Preset> {
    all().iter().find(|preset| preset.world == world && preset.agent == agent)
}

fn of_world((world, agents): (String, Value)) -> Vec<Preset> {
    let tables = agents.as_table().cloned().unwrap_or_default().into_iter();
    let tables = tables.filter_map(|(agent, settings)| Some((agent, settings.as_table()?.clone())));
    tables
        .map(|(agent, mut settings)| {
            let mut take = |key: &str| settings.remove(key).and_then(|value| value.as_integer());
            let (steps, num_envs) = (take("steps"), take("num_envs"));
            let world_settings = settings.remove("world").and_then(|value| value.as_table().cloned());
            Preset {
                world: world.clone(),
                agent,
                steps: steps.and_then(|steps| u64::try_from(steps).ok()).unwrap_or(DEFAULT_STEPS),
                num_envs: num_envs.and_then(|num_envs| usize::try_from(num_envs).ok()),
                settings,
                world_settings: world_settings.unwrap_or_default(),
            }
        })
        .collect()
}

/// Environment steps of a run without a preset.
pub(crate) const DEFAULT_STEPS: u64 = 100_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Registry;
    use crate::document::Document;
    use crate::plan::Plan;

    #[test]
    fn files_are_toml_and_presets_can_be_trained() {
        for text in ["classic", "grid", "go", "track", "market"] {
            let file = format!("{}/src/presets/{text}.toml", env!("CARGO_MANIFEST_DIR"));
            std::fs::read_to_string(file).unwrap().parse::<Table>().unwrap();
        }
        let registry = Registry::standard();
        for preset in all() {
            let doc = Document::one_run(&preset.world, &preset.agent, None, "0");
            let plan = Plan::new(&registry, &doc).unwrap_or_else(|e| panic!("{}: {e}", preset.name()));
            let config = &plan.jobs[0].config;
            assert_eq!(plan.presets, [preset.name()]);
            assert!((preset.steps..preset.steps + config.num_envs as u64).contains(&config.steps));
            let resolved = registry.find_agent(&preset.agent).unwrap().resolve(&preset.settings).unwrap();
            assert_eq!(config.agent_settings, resolved);
            assert_eq!(config.world_settings, preset.world_settings);
            assert_eq!(plan.warnings, Vec::<String>::new(), "{}", preset.name());
        }
    }
}
