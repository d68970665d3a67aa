//! Experiment files: reading a file and making its list of runs.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use freewheel_agents::Budget;
use freewheel_agents::demonstrations::Chosen;
use freewheel_core::names::{self, unknown};
use freewheel_core::settings::{Field, fields};
use freewheel_core::{Error, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use crate::count;
use crate::demonstrations::recording::Recording;
use crate::demonstrations::source::{self, Stores};
use crate::document::Document;
use crate::job::{CheckpointPlan, Evaluation, Job, JobConfig, LogPlan, MAX_STEPS, out_of_range};
use crate::map::MapPlan;
use crate::observation::ObservationConfig;
use crate::presets::{self, DEFAULT_STEPS, Preset};
use crate::registry::{Registry, world_file};
use crate::seeds::Seeds;

mod entry;
mod layers;
mod of_world;

use entry::{Entry, entries, find_agents};
use layers::{Layer, layer, layer_inline, merged, placed, read_section, without_tables_of};
use of_world::OfWorld;

pub(crate) use layers::section;

/// Keys at the top of an experiment file whose value is a text or a number, not a table or list.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Top {
    /// Name of the experiment, and of its folder in `results/`.
    name: String,
    /// Seeds of the runs, such as "0..5" (5 not included).
    seeds: Seeds,
    /// Environment steps of each run, such as 100000 or 1e5; default: those of the preset, or 100000.
    #[serde(deserialize_with = "count::deserialize")]
    steps: Option<u64>,
    /// Steps that ramps, log lines, evaluations and checkpoints refer to; default: those of the run. A run of fewer
    /// steps begins like one of this length.
    #[serde(deserialize_with = "count::deserialize")]
    schedule_steps: Option<u64>,
    /// Number of environments that an agent is trained in at once; default: that of the preset or the agent.
    num_envs: Option<usize>,
    /// Start from the presets of the worlds and agents.
    presets: bool,
    /// Write an event file for TensorBoard into the folder of each run.
    tensorboard: bool,
    /// Write a report, `report.html`, into the folder of the results when all runs have finished.
    report: bool,
}

impl Default for Top {
    fn default() -> Self {
        let name = "experiment".into();
        Top {
            name,
            seeds: Seeds::default(),
            steps: None,
            schedule_steps: None,
            num_envs: None,
            presets: true,
            tensorboard: false,
            report: false,
        }
    }
}

/// An experiment, ready to run.
#[derive(Default)]
pub struct Plan {
    /// Name of the experiment.
    pub name: String,
    /// Runs: worlds x agents x seeds, in this order.
    pub jobs: Vec<Job>,
    /// Settings for the maps of visited states; `None` if no maps are asked for.
    pub map: Option<MapPlan>,
    /// Names of the presets that the runs start from.
    pub presets: Vec<String>,
    /// Warnings about runs that cannot learn, one for each world and agent.
    pub warnings: Vec<String>,
    /// Whether the experiment names `schedule_steps`: its runs then extend no runs of another schedule.
    pub schedule_is_given: bool,
    /// Choices that the plan has made, with their reasons.
    pub notes: Vec<String>,
    /// Whether the experiment asks for a report.
    pub report: bool,
}

/// Keys at the top of an experiment file whose value is a table or a list.
const SECTIONS: [&str; 9] =
    ["worlds", "agents", "world", "agent", "demonstrations", "evaluation", "log", "checkpoint", "map"];

impl Plan {
    /// Makes the plan of the experiment in `doc`.
    ///
    /// # Errors
    /// [`Error::Input`] with the line of the faulty key, name or value.
    pub fn new(registry: &Registry, doc: &Document) -> Result<Self> {
        let mut top = doc.table.clone();
        top.retain(|key, _| !SECTIONS.contains(&key));
        let known: Vec<&str> =
            ["name", "seeds", "steps", "schedule_steps", "num_envs", "presets", "tensorboard", "report"]
                .into_iter()
                .chain(SECTIONS)
                .collect();
        let (worlds, mut agents) = (entries(doc, "worlds")?, entries(doc, "agents")?);
        if let Some(key) = top.keys().find(|key| !known.contains(&key.as_str())) {
            let elsewhere = misplaced(registry, key, &worlds, &agents);
            return Err(doc.error(&[key], elsewhere.unwrap_or_else(|| unknown("key", key, &known, ""))));
        }
        let top: Top = read_section(doc, &[], &top)?;
        let common = Common {
            evaluation: section(doc, "evaluation")?,
            log: section(doc, "log")?,
            checkpoint: section(doc, "checkpoint")?,
            recordings: recordings(doc)?,
            top,
        };
        common.check(doc)?;
        let map = doc.table.contains_key("map").then(|| section::<MapPlan>(doc, "map")).transpose()?;
        if let Some((key, message)) = map.as_ref().and_then(MapPlan::out_of_range) {
            return Err(doc.error(&["map", key], message));
        }
        known_names(doc, registry, &worlds, &mut agents)?;
        let name = common.top.name.clone();
        let schedule_is_given = common.top.schedule_steps.is_some();
        let report = common.top.report;
        let mut plan = Plan { name, map, schedule_is_given, report, ..Plan::default() };
        let mut stores = Stores::default();
        for world in &worlds {
            common.add_jobs_of(registry, doc, world, &agents, &mut stores, &mut plan)?;
        }
        if plan.jobs.is_empty() {
            return Err(doc.error(&["agents"], "no agent is in any of the worlds"));
        }
        Ok(plan)
    }
}

/// Message about a `key` at the top of an experiment that is a setting of its agents, of its worlds, or of a section.
fn misplaced(registry: &Registry, key: &str, worlds: &[Entry], agents: &[Entry]) -> Option<String> {
    let names = |fields: Vec<Field>| fields.into_iter().map(|field| field.name).collect::<Vec<_>>();
    let of_agents = agents.iter().filter_map(|agent| registry.find_agent(&agent.id).ok()).map(|a| a.fields());
    let of_worlds = worlds.iter().map(|world| registry.world_fields(&world.id));
    let sections = [
        ("agent", names(of_agents.flatten().collect())),
        ("world", names(of_worlds.flatten().collect())),
        ("evaluation", names(fields(&schemars::schema_for!(Evaluation)))),
        ("log", names(fields(&schemars::schema_for!(LogPlan)))),
        ("checkpoint", names(fields(&schemars::schema_for!(CheckpointPlan)))),
    ];
    sections.iter().find_map(|(section, names)| {
        let name = names::known_as(key, names)?;
        Some(format!("unknown key `{key}`; write `{section}.{name}`"))
    })
}

/// Configuration that all runs of an experiment share.
struct Common {
    top: Top,
    evaluation: Evaluation,
    log: LogPlan,
    checkpoint: CheckpointPlan,
    /// Tables of the section `demonstrations`, by name.
    recordings: BTreeMap<String, Recording>,
}

impl Common {
    fn check(&self, doc: &Document) -> Result<()> {
        let Common { top, evaluation, checkpoint, .. } = self;
        if let Some((path, message)) = out_of_range(
            top.steps.unwrap_or(DEFAULT_STEPS),
            top.num_envs.unwrap_or(1),
            evaluation,
            checkpoint,
        ) {
            return Err(doc.error(&path, message));
        }
        if top.schedule_steps.is_some_and(|steps| steps > MAX_STEPS) {
            return Err(doc.error(&["schedule_steps"], format!("it must be at most {MAX_STEPS}")));
        }
        // The name is also the name of a folder in results/.
        let name = &self.top.name;
        if name.is_empty() || name.starts_with('.') || name.contains(['/', '\\']) {
            return Err(doc.error(&["name"], format!("`{name}` cannot be the name of a folder")));
        }
        Ok(())
    }

    /// Adds the runs of all agents in one world to the plan.
    fn add_jobs_of(
        &self,
        registry: &Registry,
        doc: &Document,
        world_entry: &Entry,
        agents: &[Entry],
        stores: &mut Stores,
        plan: &mut Plan,
    ) -> Result<()> {
        // Layers from general to specific: a later layer overrides an earlier one.
        let mut own = [layer(doc, &["world", &world_entry.id]), layer_inline(world_entry)];
        let general = layer(doc, &["agent"]);
        let OfWorld { steps, evaluation, recordings, agents: agent_layers } =
            OfWorld::new(doc, self, general, &mut own)?;
        let mut layers = vec![without_tables_of(layer(doc, &["world"]), |key| key.contains(['/', ':']))];
        layers.extend(own);
        let mut own_settings = merged(&layers);
        let id = located(doc, &world_entry.id)?;
        for field in registry.world_fields(&id).iter().filter(|field| field.is_path) {
            own_settings.get_mut(&field.name).map_or(Ok(()), |value| make_absolute(doc, value))?;
        }
        let build = |settings: &Table| {
            registry.build_world_of_file(&id, settings).map_err(|e| match e {
                Error::Io { .. } => doc.error(&["worlds", &world_entry.path[1]], e.to_string()),
                e => placed(doc, &layers, e),
            })
        };
        let plain = build(&own_settings)?;
        let world_digest = registry.world_digest(&id, &own_settings)?;
        for agent in agents.iter().filter(|agent| agent.is_in(world_entry)) {
            let preset = presets::find(&id, &agent.id).filter(|_| self.top.presets);
            let (of_world, of_agent) = preset.map(Preset::tables).unwrap_or_default();
            let changes_world = of_world.keys().any(|key| !own_settings.contains_key(key));
            let world_settings: Table = of_world.into_iter().chain(own_settings.clone()).collect();
            let built = if changes_world { build(&world_settings)? } else { Arc::clone(&plain) };
            let mut layers = self.agent_layers(registry, doc, &agent_layers, agent, agents)?;
            layers.insert(0, Layer { path: Vec::new(), table: of_agent });
            let settings = merged(&layers);
            let factory = registry.find_agent(&agent.id)?;
            let steps = agent.steps.or(steps).or(preset.map(|preset| preset.steps)).unwrap_or(DEFAULT_STEPS);
            let num_envs = self.top.num_envs.or(preset.and_then(|preset| preset.num_envs));
            let num_envs = num_envs.unwrap_or_else(|| factory.num_envs());
            let notes = &mut plan.notes;
            let checked = || -> Result<Job> {
                let mut agent_settings = factory.resolve(&settings)?;
                let transforms = ObservationConfig::of(&settings)?;
                let world = transforms.apply(Arc::clone(&built), registry.estimators())?;
                let place = (registry, id.as_str(), &world_settings);
                locate_demonstrations(doc, &recordings, place, &mut agent_settings)?;
                let source = factory.demonstrations(&agent_settings)?.filter(|it| !it.demos.is_empty());
                let loaded = source.map(|it| stores.load(&it, &id, &world_settings, &*world, &transforms));
                let demonstrations = loaded.transpose()?;
                let chosen = match &demonstrations {
                    Some(set) => factory.choose_method(&*world, &agent_settings, set)?,
                    None => None,
                };
                if let Some(Chosen { method, reason }) = chosen {
                    source::set_method(&mut agent_settings, &method);
                    let (world, agent) = (&world_entry.label, &agent.label);
                    notes.push(format!("{world} {agent}: method = \"auto\" is {method}: {reason}"));
                }
                let steps = match &demonstrations {
                    Some(set) if factory.is_offline() => set.steps() as u64,
                    _ => steps,
                };
                let steps = steps.next_multiple_of(num_envs as u64);
                let schedule = self.top.schedule_steps.map(|n| n.next_multiple_of(num_envs as u64));
                let config = JobConfig {
                    format: JobConfig::FORMAT,
                    world: id.clone(),
                    world_label: world_entry.label.clone(),
                    world_version: built.spec().version,
                    world_digest: world_digest.clone(),
                    demonstrations_digest: stores.digest_of(factory, &agent_settings)?,
                    agent: agent.id.clone(),
                    agent_label: agent.label.clone(),
                    seed: 0,
                    steps,
                    schedule_steps: schedule.filter(|&n| n != steps && !factory.is_offline()),
                    num_envs,
                    evaluation: evaluation.clone(),
                    log: self.log.clone(),
                    checkpoint: self.checkpoint.clone(),
                    world_settings,
                    agent_settings,
                };
                let job = Job { config, world, demonstrations, tensorboard: self.top.tensorboard };
                job.check(registry)?;
                Ok(job)
            };
            let job = checked().map_err(|e| placed(doc, &layers, e))?;
            let JobConfig { agent_settings, world_label, agent_label, .. } = &job.config;
            let budget = Budget { steps: job.config.schedule_steps.unwrap_or(steps), num_envs };
            let warnings = factory.warnings(agent_settings, budget).into_iter();
            plan.warnings.extend(warnings.map(|text| format!("{world_label} {agent_label}: {text}")));
            plan.presets.extend(preset.map(Preset::name));
            for &seed in self.top.seeds.as_slice() {
                let config = JobConfig { seed, ..job.config.clone() };
                plan.jobs.push(Job { config, ..job.clone() });
            }
        }
        Ok(())
    }

    /// Settings of one agent in one world. A key in the table `[agent]` applies to the agents that have a setting of
    /// this name; a key that no agent has is an error.
    fn agent_layers(
        &self,
        registry: &Registry,
        doc: &Document,
        layers: &[Layer],
        agent: &Entry,
        agents: &[Entry],
    ) -> Result<Vec<Layer>> {
        let knows = |id: &str, key: &str| {
            registry.find_agent(id).is_ok_and(|kind| kind.fields().iter().any(|field| field.name == key))
        };
        let is_agent = |key: &str| registry.find_agent(key).is_ok();
        let mut result = Vec::new();
        for layer in layers {
            let mut common = Table::new();
            for (key, value) in &layer.table {
                let path: Vec<&str> = layer.path.iter().chain([key]).map(String::as_str).collect();
                match value {
                    Value::Table(_) if is_agent(key) => {}
                    _ if knows(&agent.id, key) => drop(common.insert(key.clone(), value.clone())),
                    _ if agents.iter().any(|other| knows(&other.id, key)) => {}
                    _ => {
                        let fields =
                            agents.iter().flat_map(|a| registry.find_agent(&a.id)).flat_map(|k| k.fields());
                        let known: Vec<String> = fields.map(|field| field.name).collect();
                        return Err(doc.error(&path, unknown("setting", key, &known, "agent")));
                    }
                }
            }
            result.push(Layer { path: layer.path.clone(), table: common });
            if let Some(Value::Table(table)) = layer.table.get(&agent.id) {
                let path = layer.path.iter().cloned().chain([agent.id.clone()]).collect();
                result.push(Layer { path, table: table.clone() });
            }
        }
        result.push(layer_inline(agent));
        Ok(result)
    }
}

/// Replaces the name of the demonstrations in `settings` by the absolute path of their store: a name in `recordings`,
/// which is recorded now unless it exists, or a path. The world is the one that the registry builds from the name and
/// the settings.
fn locate_demonstrations(
    doc: &Document,
    recordings: &BTreeMap<String, Recording>,
    (registry, id, world_settings): (&Registry, &str, &Table),
    settings: &mut Table,
) -> Result<()> {
    let Some(value) = source::path_in(settings) else { return Ok(()) };
    let Some((name, recording)) = value.as_str().and_then(|name| recordings.get_key_value(name)) else {
        return make_absolute(doc, value);
    };
    if let Some(other) = recording.world.as_deref().filter(|other| *other != id) {
        let message = format!("demonstrations.{name} is of {other}, and the agent learns in {id}");
        return Err(Error::Config(message));
    }
    *value = Value::String(recording.store(registry, name, id, world_settings)?.display().to_string());
    Ok(())
}

/// Tables of the section `demonstrations`, by name.
fn recordings(doc: &Document) -> Result<BTreeMap<String, Recording>> {
    let one = |(name, value): (&String, &Value)| {
        let path = ["demonstrations", name];
        let Some(table) = value.as_table() else {
            return Err(doc.error(&path, format!("write [demonstrations.{name}] above its settings")));
        };
        if name.contains('/') {
            return Err(doc.error(&path, "a name of demonstrations has no `/`"));
        }
        Ok((name.clone(), read_section(doc, &path, table)?))
    };
    match doc.table.get("demonstrations") {
        None => Ok(BTreeMap::new()),
        Some(Value::Table(table)) => table.iter().map(one).collect(),
        Some(_) => Err(doc.error(&["demonstrations"], "write [demonstrations.NAME] above the settings")),
    }
}

/// Checks the names of worlds and agents before the settings, because an unknown name explains most other errors. A
/// table for a world that is not in the list `worlds` is an error, too.
fn known_names(doc: &Document, registry: &Registry, worlds: &[Entry], agents: &mut [Entry]) -> Result<()> {
    for key in ["world", "agent"] {
        if doc.table.get(key).is_some_and(|value| !value.is_table()) {
            return Err(
                doc.error(&[key], format!("`{key}` must be a table: write [{key}] above its settings"))
            );
        }
    }
    find_agents(registry, doc, worlds, agents)?;
    for agent in &*agents {
        let known: Vec<&str> = worlds.iter().flat_map(|world| [&*world.id, &*world.label]).collect();
        if let Some(name) = agent.worlds.iter().find(|name| !known.contains(&name.as_str())) {
            let message = unknown("world", name, &known, "this experiment");
            return Err(doc.error(&["agents", &agent.path[1], "worlds"], message));
        }
    }
    for (key, value) in layer(doc, &["agent"]).table {
        if value.is_table() && registry.find_agent(&key).is_ok() && agents.iter().all(|agent| agent.id != key)
        {
            let known: Vec<&str> = agents.iter().map(|agent| agent.id.as_str()).collect();
            return Err(doc.error(&["agent", &key], unknown("agent", &key, &known, "this experiment")));
        }
    }
    for key in layer(doc, &["world"]).table.keys().filter(|key| key.contains(['/', ':'])) {
        if worlds.iter().all(|world| world.id != *key) {
            let known: Vec<&str> = worlds.iter().map(|world| world.id.as_str()).collect();
            return Err(doc.error(&["world", key], unknown("world", key, &known, "this experiment")));
        }
    }
    Ok(())
}

/// World id as stored in the configuration of a run. The path in `family:file` becomes absolute, starting from the
/// folder of the experiment file, so that the run can be resumed from any folder.
fn located(doc: &Document, id: &str) -> Result<String> {
    let Some((family, file)) = world_file(id) else { return Ok(id.to_owned()) };
    Ok(format!("{family}:{}", absolute(doc, file)?))
}

/// Makes a path, or each path in a list, absolute.
fn make_absolute(doc: &Document, value: &mut Value) -> Result<()> {
    match value {
        Value::String(path) if !path.is_empty() => *path = absolute(doc, path)?,
        Value::Array(paths) => paths.iter_mut().try_for_each(|path| make_absolute(doc, path))?,
        _ => {}
    }
    Ok(())
}

/// Absolute path of a `path` in an experiment file, which is relative to the folder of this file.
fn absolute(doc: &Document, path: &str) -> Result<String> {
    let path = doc.folder().map_or_else(|| PathBuf::from(path), |folder| folder.join(path));
    let path = std::path::absolute(&path).map_err(Error::io(&path))?;
    Ok(path.display().to_string())
}
