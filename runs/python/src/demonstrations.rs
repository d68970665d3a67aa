//! Demonstrations: episodes of a store as NumPy arrays, and recordings.

use std::path::PathBuf;
use std::sync::Arc;

use freewheel::agents::fixed::UniformPolicy;
use freewheel::core::demonstrations::{Demonstration, DemonstrationSet, Label, Source, WorldHeader};
use freewheel::core::record::RecordedActions;
use freewheel::core::{
    DynWorld, Ending, Error, ObservationSpace, Policy, PolicyMode, Purpose, Result, ScriptedPolicy,
    SolveQuery, Streams,
};
use numpy::{PyArray1, PyArrayMethods};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::trainer::Trainer;
use crate::world::World;
use crate::{exception, threads};

/// Episodes of the store `folder` as dictionaries of arrays; `episodes` counts them, T is the number of steps.
///
/// `observations [T + 1, ..]`, `actions [T]` or `[T, K]`, `rewards [T]`, `terminated`, `truncated`, `return`, `player`;
/// `action_mask [T + 1, A]` in worlds with masks, `to_play [T + 1]` in games for two.
#[pyfunction]
pub(crate) fn read_demonstrations<'py>(
    py: Python<'py>,
    folder: PathBuf,
) -> PyResult<Vec<Bound<'py, PyDict>>> {
    let read = || freewheel::demonstrations::read(&folder);
    let set = py.detach(|| threads::run(read)).map_err(exception)?;
    set.episodes.iter().map(|episode| arrays(py, episode, &set.header)).collect()
}

fn arrays<'py>(
    py: Python<'py>,
    episode: &Demonstration,
    header: &WorldHeader,
) -> PyResult<Bound<'py, PyDict>> {
    let (all, states) = (PyDict::new(py), episode.len() + 1);
    match &header.observation {
        _ if header.actions_only => {}
        ObservationSpace::Discrete { .. } => {
            let indices = episode.observations.iter().map(|&obs| obs as i64);
            all.set_item("observations", PyArray1::from_iter(py, indices))?;
        }
        ObservationSpace::Box { shape, .. } => {
            let shape: Vec<usize> = [states].iter().chain(shape).copied().collect();
            all.set_item("observations", PyArray1::from_slice(py, &episode.observations).reshape(shape)?)?;
        }
    }
    match &episode.actions {
        RecordedActions::Discrete(actions) => {
            all.set_item("actions", PyArray1::from_iter(py, actions.iter().map(|&a| i64::from(a))))?;
        }
        RecordedActions::Continuous(actions) => {
            let flat: Vec<f32> = actions.iter().flatten().copied().collect();
            let shape = [actions.len(), header.actions.dimensions()];
            all.set_item("actions", PyArray1::from_vec(py, flat).reshape(shape)?)?;
        }
    }
    all.set_item("rewards", PyArray1::from_slice(py, &episode.rewards))?;
    if header.masked && !header.actions_only {
        let mask = PyArray1::from_iter(py, episode.legal.iter().map(|&legal| i8::from(legal)));
        all.set_item("action_mask", mask.reshape([states, header.actions.count()])?)?;
    }
    if header.players > 1 {
        let players = episode.to_play.iter().map(|&player| player as i64);
        all.set_item("to_play", PyArray1::from_iter(py, players))?;
    }
    all.set_item("terminated", episode.ending == Ending::Terminal)?;
    all.set_item("truncated", episode.ending == Ending::Truncated)?;
    all.set_item("return", episode.episode_return)?;
    all.set_item("player", episode.label.title())?;
    Ok(all)
}

/// Player of a recording: a name, or a trainer.
#[derive(FromPyObject)]
pub(crate) enum Player<'py> {
    Name(String),
    Trainer(Bound<'py, Trainer>),
}

/// Records `episodes` episodes of `player` in the world `id`, whose settings are the text of a JSON object, and appends
/// them to the store `folder`; returns the number of steps.
#[pyfunction]
#[pyo3(signature = (world, id, settings_json, folder, player, *, episodes, seed, max_steps, delay, noise, blunders))]
#[allow(clippy::too_many_arguments)]
pub(crate) fn record_demonstrations(
    py: Python<'_>,
    world: &World,
    id: &str,
    settings_json: &str,
    folder: PathBuf,
    player: Player<'_>,
    episodes: u64,
    seed: u64,
    max_steps: u32,
    delay: u32,
    noise: f64,
    blunders: f64,
) -> PyResult<usize> {
    let settings: serde_json::Value = match crate::world::settings(settings_json)? {
        table if table.is_empty() => serde_json::Value::Null,
        table => serde_json::to_value(table).map_err(|e| exception(Error::Config(e.to_string())))?,
    };
    let header = WorldHeader::of(world.0.spec(), id, settings);
    // The world of a trainer has the observations that its agent gets.
    let (played, policy, source, name): (_, Arc<dyn Policy>, _, _) = match player {
        Player::Trainer(trainer) => {
            let (played, policy) = trainer
                .get()
                .with(py, |inner| Ok((Arc::clone(inner.world()), inner.policy(PolicyMode::Greedy)?)))?;
            (played, policy.into(), Source::Agent, "trainer".to_owned())
        }
        Player::Name(name) => {
            let found = || named(&*world.0, &name);
            let (policy, source) = py.detach(|| threads::run(found)).map_err(exception)?;
            (Arc::clone(&world.0), policy, source, name)
        }
    };
    let label = Label { delay, noise, blunders, ..Label::of(source, name) };
    let record = || -> Result<usize> {
        label.check(played.spec()).map_err(Error::Config)?;
        let streams = Streams::new(seed);
        let mut runner = played.episode_runner(streams, Purpose::DemonstrationEnvironment, 0);
        let one = |episode: u64| {
            let mut rng = streams.stream(Purpose::DemonstrationAction, 0, episode);
            Demonstration::play(&mut *runner, episode, &*policy, &label, &mut rng, max_steps)
        };
        let episodes = (0..episodes).map(one).collect::<Result<Vec<_>>>()?;
        let set = DemonstrationSet { header, episodes };
        freewheel::demonstrations::append(&folder, &set)?;
        Ok(set.steps())
    };
    py.detach(|| threads::run(record)).map_err(exception)
}

/// Player with this name: `random`, `reference`, or a scripted policy of the world.
fn named(world: &dyn DynWorld, name: &str) -> Result<(Arc<dyn Policy>, Source)> {
    let spec = world.spec();
    if let Some(script) = spec.scripts.iter().position(|script| script == name) {
        return Ok((Arc::new(ScriptedPolicy(script)), Source::Scripted));
    }
    match name {
        "random" => Ok((Arc::new(UniformPolicy::new(spec)?), Source::Scripted)),
        "reference" => match world.solve(&SolveQuery::for_spec(spec))?.policy {
            Some(policy) => Ok((policy, Source::Reference)),
            None => Err(Error::Config(format!("{} has a reference score, but no reference policy", spec.id))),
        },
        _ => {
            let mut known = vec!["random", "reference"];
            known.extend(spec.scripts.iter().map(String::as_str));
            Err(Error::Config(freewheel::core::names::unknown("player", name, &known, "")))
        }
    }
}
