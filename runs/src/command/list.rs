//! `envs`, `agents`, `estimators` and `data`: lists of the available items, with settings and defaults.

use freewheel_agents::data;
use freewheel_core::settings::{Field, fields, unknown};
use freewheel_core::{Error, ObservationSpace};
use serde_json::{Value, json};

use crate::cli::List;
use crate::error::Result;
use crate::presets::{self, Preset};
use crate::table::{self, Layout};
use crate::{Registry, output};

pub(super) fn envs(registry: &Registry, args: List) -> Result<()> {
    let layout = args.wide.layout();
    let Some(id) = args.id else {
        let worlds = registry.worlds();
        if args.output.json {
            return output::json(&json!({ "envs": worlds }));
        }
        let rows = worlds.into_iter().map(|info| [info.id, info.about]);
        return output::text(&format!("{}\nYour own map: grid:path/to/map.txt\n", table::list(rows, layout)));
    };
    let fields = registry.world_fields(&id);
    let world = match registry.build_world(&id, &toml::Table::new()) {
        Ok(world) => world,
        // A world with a required setting, such as a file of prices: show the settings and the error about the missing
        // one.
        Err(e @ (Error::Config(_) | Error::Setting { .. })) => {
            match registry.worlds().into_iter().find(|info| info.id == id) {
                Some(_) if args.output.json => {
                    return output::json(
                        &json!({ "spec": null, "settings": fields, "lacks": e.to_string() }),
                    );
                }
                Some(info) => {
                    let facts =
                        table::list([["world".into(), info.id], ["about".into(), info.about]], layout);
                    return output::text(&format!("{facts}{e}\n\n{}", settings("world", &fields, layout)));
                }
                None => return Err(e.into()),
            }
        }
        Err(e) => return Err(e.into()),
    };
    let spec = world.spec();
    if args.output.json {
        return output::json(&json!({ "spec": spec, "settings": fields }));
    }
    let observation = match &spec.observation {
        ObservationSpace::Discrete { n } => format!("discrete, {n} states"),
        ObservationSpace::Box { shape, .. } => format!("numbers, shape {shape:?}"),
    };
    let limit = spec.time_limit.map_or("none".into(), |n| format!("{n} steps"));
    let facts = [
        ["world".into(), format!("{} (version {})", spec.id, spec.version)],
        ["observation".into(), observation],
        ["actions".into(), spec.actions.names().join(", ")],
        ["time limit".into(), limit],
        ["discount".into(), spec.gamma.to_string()],
    ];
    output::text(&format!("{}\n{}", table::list(facts, layout), settings("world", &fields, layout)))
}

pub(super) fn agents(registry: &Registry, args: List) -> Result<()> {
    let described = |agent: &dyn freewheel_agents::AgentFactory| Described {
        id: agent.id().to_owned(),
        about: agent.about().to_owned(),
        settings: agent.fields(),
    };
    match &args.id {
        None => list("agents", registry.agents().map(described).collect(), &args),
        Some(id) => show("agent", &described(registry.find_agent(id)?), &args),
    }
}

pub(super) fn presets(args: &List) -> Result<()> {
    let text = args.id.as_deref().unwrap_or_default();
    let presets: Vec<&Preset> = presets::all().iter().filter(|preset| preset.name().contains(text)).collect();
    if presets.is_empty() {
        let names: Vec<String> = presets::all().iter().map(Preset::name).collect();
        return Err(Error::Config(unknown("preset", text, &names, "")).into());
    }
    if args.output.json {
        return output::json(&json!({ "presets": presets }));
    }
    let rows = presets.into_iter().map(|preset| {
        let num_envs = preset.num_envs.map(|num_envs| format!("num_envs = {num_envs}"));
        let settings = preset.settings.iter().map(|(key, value)| format!("{key} = {value}"));
        let of_world = preset.world_settings.iter().map(|(key, value)| format!("world.{key} = {value}"));
        let settings: Vec<String> = num_envs.into_iter().chain(settings).chain(of_world).collect();
        [preset.world.clone(), preset.agent.clone(), preset.steps.to_string(), settings.join(", ")]
    });
    output::text(&table::list(rows, args.wide.layout()))
}

pub(super) fn estimators(registry: &Registry, args: List) -> Result<()> {
    let described = |estimator: &dyn freewheel_agents::estimator::EstimatorFactory| Described {
        id: estimator.id().to_owned(),
        about: estimator.about().to_owned(),
        settings: estimator.fields(),
    };
    match &args.id {
        None => {
            list("estimators", registry.estimators().iter().map(|one| described(&**one)).collect(), &args)
        }
        Some(id) => show("estimator", &described(registry.find_estimator(id)?), &args),
    }
}

pub(super) fn data(args: List) -> Result<()> {
    let fields = fields(&schemars::schema_for!(data::Options));
    let (sets, layout) = (data::list(), args.wide.layout());
    let Some(id) = args.id else {
        if args.output.json {
            return output::json(&json!({ "data": sets, "settings": fields }));
        }
        let rows = sets.iter().map(|set| [set.name.into(), set.about.into(), set.source.into()]);
        return output::text(&format!(
            "{}\nYour own table, IDX file or folder of images: its path\n\n{}",
            table::list(rows, layout),
            settings("data", &fields, layout)
        ));
    };
    let Some(set) = sets.iter().find(|set| set.name == id) else {
        let known: Vec<&str> = sets.iter().map(|set| set.name).collect();
        return Err(Error::Config(unknown("data set", &id, &known, "")).into());
    };
    if args.output.json {
        return output::json(&json!({ "set": set, "settings": fields }));
    }
    let source = if set.source.is_empty() { "built-in" } else { set.source };
    let about = table::wrapped(&format!("{}: {}\nsource: {source}", set.name, set.about), 2, layout);
    output::text(&format!("{about}\n{}", settings("data", &fields, layout)))
}

/// Agent or estimator, described with its settings.
#[derive(serde::Serialize)]
struct Described {
    id: String,
    about: String,
    settings: Vec<Field>,
}

/// Prints the names and descriptions of all items of a kind, such as agents.
fn list(kind: &str, all: Vec<Described>, args: &List) -> Result<()> {
    match args.output.json {
        true => output::json(&json!({ kind: all })),
        false => {
            let rows = all.into_iter().map(|one| [one.id, one.about]);
            output::text(&table::list(rows, args.wide.layout()))
        }
    }
}

/// Prints one item, such as an agent, with its settings.
fn show(prefix: &str, one: &Described, args: &List) -> Result<()> {
    if args.output.json {
        return output::json(one);
    }
    let layout = args.wide.layout();
    let about = table::wrapped(&format!("{}: {}", one.id, one.about), 2, layout);
    output::text(&format!("{about}\n{}", settings(prefix, &one.settings, layout)))
}

/// Table of settings with their defaults; `-` marks a setting without a default.
fn settings(prefix: &str, fields: &[Field], layout: Layout) -> String {
    if fields.is_empty() {
        return "No settings.\n".into();
    }
    let rows = fields
        .iter()
        .map(|field| [format!("{prefix}.{}", field.name), default_text(&field.default), field.about.clone()]);
    format!("Settings (--set KEY=VALUE), defaults and meaning:\n{}", table::list(rows, layout))
}

/// Default value in TOML, the syntax of `--set`; in JSON if TOML cannot express the value.
fn default_text(default: &Value) -> String {
    if default.is_null() {
        return "-".into();
    }
    toml::Value::try_from(default).map_or_else(|_| default.to_string(), |value| value.to_string())
}
