//! Sweep file: an experiment of one agent in one world, with the tables `sweep` and `space`.

use freewheel_core::{Error, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::sampler::{MAX_PARAMETERS, MAX_TRIALS};
use super::space::{Parameter, Range};
use crate::document::Document;
use crate::job::{Job, JobConfig};
use crate::plan::{Plan, section};
use crate::registry::Registry;
use crate::seeds::Seeds;

/// Choice of the sampler.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Sampler {
    /// Uniform points.
    Random,
    /// Points that fill the space evenly.
    Sobol,
    /// Points near those of good trials: the tree-structured Parzen estimator.
    #[default]
    Tpe,
}

/// The table `sweep` of a sweep file.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Sampler of the trials: `random`, `sobol` or `tpe`.
    pub sampler: Sampler,
    /// Number of trials.
    pub trials: u32,
    /// Number of trials that are sampled at once, from the results of the earlier ones; halving takes place among them.
    pub generation: u32,
    /// Number of rungs of successive halving, from 1, no halving, to 10.
    pub rungs: u32,
    /// One trial of so many goes on from a rung to the next, with so many times the steps; at least 2.
    pub factor: u32,
    /// Seed of the sampler.
    pub seed: u64,
    /// Seeds on which the best trial is compared with the defaults; default: 10 seeds after those of the trials.
    pub confirm: Option<Seeds>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            sampler: Sampler::default(),
            trials: 40,
            generation: 10,
            rungs: 1,
            factor: 3,
            seed: 0,
            confirm: None,
        }
    }
}

/// A sweep, ready to be run.
pub struct Definition {
    /// Name of the sweep, and of its folder in `results/`.
    pub name: String,
    /// Settings of the search.
    pub settings: Settings,
    /// Space of the search.
    pub parameters: Vec<Parameter>,
    /// Seeds of each trial.
    pub seeds: Vec<u64>,
    /// Seeds of the comparison with the defaults.
    pub confirm: Vec<u64>,
    /// Text by which a folder knows its sweep: all settings, with those of the command line.
    pub(crate) text: String,
    /// Experiment without the tables of the sweep.
    experiment: Document,
    /// Run of the defaults, with the first of the seeds.
    pub(crate) defaults: Job,
    /// Warnings about the defaults.
    pub(crate) warnings: Vec<String>,
}

impl Definition {
    /// Sweep in `doc`.
    ///
    /// # Errors
    /// [`Error::Input`] with the line of the faulty key or value.
    pub fn new(registry: &Registry, doc: &Document) -> Result<Self> {
        let settings: Settings = section(doc, "sweep")?;
        let counts = [
            ("trials", settings.trials, 1, MAX_TRIALS),
            ("generation", settings.generation, 1, MAX_TRIALS),
            ("rungs", settings.rungs, 1, 10),
            ("factor", settings.factor, 2, 1000),
        ];
        for (key, value, least, most) in counts {
            if !(least..=most).contains(&value) {
                let message = format!("`{key}` = {value}: it must be at least {least} and at most {most}");
                return Err(doc.error(&["sweep", key], message));
            }
        }
        let parameters = parameters(doc)?;
        let text = toml::to_string(&doc.table)
            .map_err(|e| Error::Config(format!("this sweep cannot be written as TOML: {e}")))?;
        let mut experiment = doc.clone();
        for table in ["sweep", "space", "map"] {
            experiment.table.remove(table);
        }
        // Bad trials are expected: no message for each of them, unless the file asks for it.
        let evaluation = experiment.table.entry("evaluation").or_insert_with(|| Value::Table(Table::new()));
        if let Value::Table(evaluation) = evaluation {
            evaluation.entry("stalled_after").or_insert(Value::Float(0.0));
        }
        let plan = Plan::new(registry, &experiment)?;
        let same = |a: &Job, b: &Job| a.config.without_seed() == b.config.without_seed();
        let Some(defaults) = plan.jobs.first().filter(|first| plan.jobs.iter().all(|job| same(first, job)))
        else {
            return Err(doc.error(&["agents"], "a sweep has one agent in one world"));
        };
        if settings.rungs > 1 && registry.find_agent(&defaults.config.agent)?.is_offline() {
            let message =
                "an agent that learns from demonstrations alone has no steps to halve: write rungs = 1";
            return Err(doc.error(&["sweep", "rungs"], message));
        }
        if settings.rungs > 1 && defaults.config.schedule_steps.is_some() {
            let message = "`schedule_steps` cannot be set together with rungs: the rungs use it";
            return Err(doc.error(&["schedule_steps"], message));
        }
        let seeds: Vec<u64> = plan.jobs.iter().map(|job| job.config.seed).collect();
        let last = seeds.iter().copied().max().unwrap_or_default();
        let confirm = match &settings.confirm {
            Some(seeds) => seeds.as_slice().to_vec(),
            None => (1..=10).map(|n| last.saturating_add(n)).collect(),
        };
        if let Some(seed) = confirm.iter().find(|seed| seeds.contains(seed)) {
            let message = format!("seed {seed} is one of the trials' seeds; the comparison needs other ones");
            return Err(doc.error(&["sweep", "confirm"], message));
        }
        let defaults = defaults.clone();
        let definition = Definition {
            name: plan.name,
            settings,
            parameters,
            seeds,
            confirm,
            text,
            experiment,
            defaults,
            warnings: plan.warnings,
        };
        definition.check_space(registry, doc)?;
        Ok(definition)
    }

    /// Steps of the rungs of a run with the configuration `config`, ascending.
    pub(crate) fn rungs(&self, config: &JobConfig) -> Vec<u64> {
        let (full, num_envs) = (config.steps, config.num_envs as u64);
        let of = |rung: u32| {
            let divisor = u64::from(self.settings.factor).saturating_pow(self.settings.rungs - 1 - rung);
            (full / divisor).max(1).next_multiple_of(num_envs).min(full)
        };
        (0..self.settings.rungs).map(of).collect()
    }

    /// Values of the settings at `point`, by the names of the parameters.
    pub(crate) fn values(&self, point: &[f64]) -> Vec<(String, Value)> {
        let of = |(parameter, &u): (&Parameter, &f64)| (parameter.name.clone(), parameter.range.value(u));
        self.parameters.iter().zip(point).map(of).collect()
    }

    /// Run with these values of the settings, all steps, and the first of the seeds.
    ///
    /// # Errors
    /// Errors of [`Plan::new`].
    pub(crate) fn job(&self, registry: &Registry, values: &[(String, Value)]) -> Result<Job> {
        let mut doc = self.experiment.clone();
        let wrong = |name: &str, why: &str| Error::setting(name, format!("`{name}`: {why}"));
        let entry = doc.table.get_mut("agents").and_then(Value::as_array_mut).and_then(|all| all.first_mut());
        let Some(entry) = entry else { return Err(wrong("agents", "the list is empty")) };
        if let Value::String(id) = entry {
            *entry = Value::Table(Table::from_iter([("id".to_owned(), Value::String(id.clone()))]));
        }
        let Value::Table(entry) = entry else { return Err(wrong("agents", "an entry is a name or a table")) };
        let mut num_envs = None;
        for (name, value) in values {
            match name.split_once('.') {
                None if name == "num_envs" => num_envs = Some(value.clone()),
                None => drop(entry.insert(name.clone(), value.clone())),
                Some((table, key)) => {
                    // An entry replaces the whole table, so it gets the other keys of the table, too.
                    let known = entry.get(table).or_else(|| self.defaults.config.agent_settings.get(table));
                    let Some(mut inner) = known.and_then(Value::as_table).cloned() else {
                        return Err(wrong(name, &format!("`{table}` is not a table in this sweep")));
                    };
                    inner.insert(key.to_owned(), value.clone());
                    entry.insert(table.to_owned(), Value::Table(inner));
                }
            }
        }
        if let Some(num_envs) = num_envs {
            doc.table.insert("num_envs".into(), num_envs);
        }
        let mut jobs = Plan::new(registry, &doc)?.jobs;
        match jobs.is_empty() {
            true => Err(wrong("seeds", "there is no run")),
            false => Ok(jobs.swap_remove(0)),
        }
    }

    /// Checks that the agent accepts the ends of each range, so that no trial fails for its settings.
    fn check_space(&self, registry: &Registry, doc: &Document) -> Result<()> {
        for parameter in &self.parameters {
            for u in parameter.range.corners() {
                let value = parameter.range.value(u);
                self.job(registry, &[(parameter.name.clone(), value.clone())]).map_err(|e| {
                    let message = match e {
                        Error::Input { message, .. } => message,
                        other => other.to_string(),
                    };
                    doc.error(&["space", &parameter.name], format!("at {value}: {message}"))
                })?;
            }
        }
        Ok(())
    }
}

/// Space in the table `space` of `doc`.
fn parameters(doc: &Document) -> Result<Vec<Parameter>> {
    let Some(Value::Table(table)) = doc.table.get("space") else {
        return Err(doc.error(
            &["space"],
            "write [space] and below it the settings to search, such as learning_rate = { log = [1e-4, 1.0] }",
        ));
    };
    let one = |(name, value): (&String, &Value)| match Range::of(value) {
        Ok(range) => Ok(Parameter { name: name.clone(), range }),
        Err(message) => Err(doc.error(&["space", name], format!("`{name}`: {message}"))),
    };
    let parameters: Vec<Parameter> = table.iter().map(one).collect::<Result<_>>()?;
    match parameters.len() {
        1..=MAX_PARAMETERS => Ok(parameters),
        n => {
            Err(doc.error(&["space"], format!("{n} settings to search: 1 to {MAX_PARAMETERS} are possible")))
        }
    }
}
