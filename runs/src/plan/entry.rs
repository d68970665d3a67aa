//! Entries of the lists `worlds` and `agents` of an experiment.

use freewheel_agents::AgentFactory;
use freewheel_core::Result;
use freewheel_core::names::unknown;
use serde::Deserialize;
use toml::{Table, Value};

use crate::document::Document;
use crate::job::MAX_STEPS;
use crate::registry::Registry;

/// An entry of the list `worlds` or `agents` of an experiment.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) label: String,
    /// Settings in the entry, without the keys `id`, `label`, `worlds` and, of an agent, `steps`.
    pub(super) inline: Table,
    /// Names of the worlds in which an agent is trained; empty for all.
    pub(super) worlds: Vec<String>,
    /// Environment steps of an agent; `None` for those of the world or the experiment.
    pub(super) steps: Option<u64>,
    /// Key path of the entry in the file, for messages.
    pub(super) path: [String; 2],
}

impl Entry {
    /// Whether this agent is trained in `world`.
    pub(super) fn is_in(&self, world: &Entry) -> bool {
        self.worlds.is_empty() || self.worlds.iter().any(|name| [&world.id, &world.label].contains(&name))
    }

    /// Entry of `list` at `path`: a name, or a table with an `id`, optionally a `label`, and settings.
    fn new(doc: &Document, list: &str, path: [String; 2], value: &Value) -> Result<Self> {
        let at = [list, &*path[1]];
        let mut table = match value {
            Value::String(id) => {
                let (label, inline, worlds, steps) = (id.clone(), Table::new(), Vec::new(), None);
                return Ok(Entry { id: id.clone(), label, inline, worlds, steps, path });
            }
            Value::Table(table) => table.clone(),
            _ => return Err(doc.error(&at, "a name or a table with an `id` is wanted here")),
        };
        let Some(Value::String(id)) = table.remove("id") else {
            return Err(doc.error(&at, "this entry needs an `id`, such as { id = \"...\" }"));
        };
        let label = match table.remove("label") {
            Some(Value::String(label)) => label,
            None => id.clone(),
            Some(_) => return Err(doc.error(&[list, &path[1], "label"], "`label` must be a text")),
        };
        let (mut worlds, mut steps) = (Vec::new(), None);
        if list == "agents" {
            steps = take_steps(doc, &mut table, &at)?;
            if let Some(names) = table.remove("worlds") {
                let message = "`worlds` must be a list of names of worlds";
                worlds =
                    Vec::deserialize(names).map_err(|_| doc.error(&[list, &path[1], "worlds"], message))?;
            }
        }
        Ok(Entry { id, label, inline: table, worlds, steps, path })
    }

    /// Whether both are trained in one world, as far as the names tell.
    fn shares_a_world_with(&self, other: &Entry) -> bool {
        self.worlds.is_empty()
            || other.worlds.is_empty()
            || self.worlds.iter().any(|name| other.worlds.contains(name))
    }
}

/// Makes an entry of `agents` that names a scripted policy of a world an entry of the agent `scripted`.
///
/// # Errors
/// [`Error::Input`](freewheel_core::Error::Input) for a name that is neither an agent nor a scripted policy.
pub(super) fn find_agents(
    registry: &Registry,
    doc: &Document,
    worlds: &[Entry],
    agents: &mut [Entry],
) -> Result<()> {
    for agent in agents.iter_mut().filter(|agent| registry.find_agent(&agent.id).is_err()) {
        let built =
            worlds.iter().filter_map(|world| registry.build_world_of_file(&world.id, &Table::new()).ok());
        let scripts: Vec<String> = built.flat_map(|world| world.spec().scripts.clone()).collect();
        if !scripts.contains(&agent.id) {
            let known: Vec<&str> =
                registry.agents().map(AgentFactory::id).chain(scripts.iter().map(String::as_str)).collect();
            return Err(doc.error(&["agents", &agent.path[1]], unknown("agent", &agent.id, &known, "")));
        }
        let player = std::mem::replace(&mut agent.id, "scripted".to_owned());
        agent.inline.insert("player".to_owned(), player.into());
    }
    Ok(())
}

/// Entries of the list `worlds` or `agents`.
pub(super) fn entries(doc: &Document, list: &str) -> Result<Vec<Entry>> {
    let Some(Value::Array(array)) = doc.table.get(list) else {
        return Err(doc.error(&[list], format!("`{list}` must be a list of names; see `freewheel init`")));
    };
    let mut entries: Vec<Entry> = Vec::new();
    for (i, value) in array.iter().enumerate() {
        let entry = Entry::new(doc, list, [list.to_owned(), i.to_string()], value)?;
        if entries.iter().any(|other| other.label == entry.label && other.shares_a_world_with(&entry)) {
            let message = format!("`{}` is named twice; give one of them a `label` of its own", entry.label);
            return Err(doc.error(&[list, &entry.path[1]], message));
        }
        entries.push(entry);
    }
    if entries.is_empty() {
        return Err(doc.error(&[list], format!("`{list}` is empty")));
    }
    Ok(entries)
}

/// Removes the environment steps from the table at `path`.
///
/// # Errors
/// [`Error::Input`](freewheel_core::Error::Input) for a number of steps that no run can have.
pub(super) fn take_steps(doc: &Document, table: &mut Table, path: &[&str]) -> Result<Option<u64>> {
    let Some(value) = table.remove("steps") else { return Ok(None) };
    let value = value.as_integer().and_then(|n| u64::try_from(n).ok());
    let steps = value.filter(|n| (1..=MAX_STEPS).contains(n)).ok_or_else(|| {
        let message = format!("`steps` must be a whole number, at least 1 and at most {MAX_STEPS}");
        doc.error(&[path, &["steps"]].concat(), message)
    })?;
    Ok(Some(steps))
}
