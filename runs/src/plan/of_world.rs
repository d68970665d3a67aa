//! Settings of an experiment that differ between its worlds: `[world.ID]` with `steps`, `evaluation`, `demonstrations`
//! and `agent` beside the settings of the world itself.

use std::collections::BTreeMap;

use freewheel_core::Result;
use toml::{Table, Value};

use super::Common;
use super::entry::take_steps;
use super::layers::{Layer, read_section};
use crate::demonstrations::recording::Recording;
use crate::document::Document;
use crate::job::{Evaluation, out_of_range};

/// Steps, evaluation, demonstrations and agent settings of one world.
pub(super) struct OfWorld {
    /// Environment steps; `None` for those of the presets.
    pub(super) steps: Option<u64>,
    pub(super) evaluation: Evaluation,
    /// Tables of the section `demonstrations`, by name.
    pub(super) recordings: BTreeMap<String, Recording>,
    /// Settings of agents, from general to specific.
    pub(super) agents: Vec<Layer>,
}

impl OfWorld {
    /// Settings of the experiment, with those that the tables `own` of the world replace; these are removed from `own`.
    ///
    /// # Errors
    /// [`Error::Input`](freewheel_core::Error::Input) with the line of the faulty key or value.
    pub(super) fn new(doc: &Document, common: &Common, general: Layer, own: &mut [Layer]) -> Result<Self> {
        let mut all = OfWorld {
            steps: common.top.steps,
            evaluation: common.evaluation.clone(),
            recordings: common.recordings.clone(),
            agents: vec![general],
        };
        for layer in own {
            let path = layer.path.clone();
            let steps = take_steps(doc, &mut layer.table, &words(&path))?;
            all.steps = steps.or(all.steps);
            all.take_evaluation(doc, common, layer)?;
            all.take_recordings(doc, layer)?;
            if let Some(Value::Table(table)) = layer.table.remove("agent") {
                all.agents.push(Layer { path: inside(layer, "agent"), table });
            }
        }
        Ok(all)
    }

    fn take_evaluation(&mut self, doc: &Document, common: &Common, layer: &mut Layer) -> Result<()> {
        let Some(table) = table_in(doc, layer, "evaluation")? else { return Ok(()) };
        let path = inside(layer, "evaluation");
        let general = doc.table.get("evaluation").and_then(Value::as_table).cloned().unwrap_or_default();
        let merged: Table = general.into_iter().chain(table).collect();
        self.evaluation = read_section(doc, &words(&path), &merged)?;
        match out_of_range(1, 1, &self.evaluation, &common.checkpoint) {
            Some((key, message)) => {
                let at: Vec<&str> = words(&path).into_iter().chain(key.last().copied()).collect();
                Err(doc.error(&at, message))
            }
            None => Ok(()),
        }
    }

    fn take_recordings(&mut self, doc: &Document, layer: &mut Layer) -> Result<()> {
        let Some(tables) = table_in(doc, layer, "demonstrations")? else { return Ok(()) };
        for (name, value) in tables {
            let path = [inside(layer, "demonstrations"), vec![name.clone()]].concat();
            let Value::Table(table) = value else {
                return Err(
                    doc.error(&words(&path), "write a table of settings here, such as { noise = 0.3 }")
                );
            };
            let general = doc.table.get("demonstrations").and_then(|all| all.get(&name));
            let general = general.and_then(Value::as_table).cloned().unwrap_or_default();
            let merged: Table = general.into_iter().chain(table).collect();
            self.recordings.insert(name, read_section(doc, &words(&path), &merged)?);
        }
        Ok(())
    }
}

/// Removes the table `key` from `layer`.
fn table_in(doc: &Document, layer: &mut Layer, key: &str) -> Result<Option<Table>> {
    match layer.table.remove(key) {
        None => Ok(None),
        Some(Value::Table(table)) => Ok(Some(table)),
        Some(_) => {
            let path = inside(layer, key);
            Err(doc.error(&words(&path), format!("`{key}` of a world must be a table of settings")))
        }
    }
}

/// Key path of `key` in `layer`.
fn inside(layer: &Layer, key: &str) -> Vec<String> {
    layer.path.iter().cloned().chain([key.to_owned()]).collect()
}

fn words(path: &[String]) -> Vec<&str> {
    path.iter().map(String::as_str).collect()
}
