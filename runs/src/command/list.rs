//! `envs`, `agents`, `learners` and `data`: what there is.

use freewheel_core::data;
use freewheel_core::settings::{Field, fields, unknown};
use freewheel_core::{Error, ObservationSpace};
use serde_json::json;

use super::columns;
use crate::cli::List;
use crate::error::Result;
use crate::{Registry, output};

pub(super) fn envs(registry: &Registry, args: List) -> Result<()> {
    let Some(id) = args.id else {
        let worlds = registry.worlds();
        if args.json {
            return output::json(&json!({ "envs": worlds }));
        }
        let rows = worlds.into_iter().map(|info| [info.id, info.about]);
        return output::text(&format!("{}\nA map of your own: grid:path/to/map.txt\n", columns(rows)));
    };
    let fields = registry.world_fields(&id);
    let world = match registry.build_world(&id, &toml::Table::new()) {
        Ok(world) => world,
        // A world of the list that cannot be without a setting, such as the file of a replay: its settings are the help.
        Err(e @ Error::Config(_)) => match registry.worlds().into_iter().find(|info| info.id == id) {
            Some(_) if args.json => {
                return output::json(&json!({ "spec": null, "settings": fields, "lacks": e.to_string() }));
            }
            Some(info) => {
                let facts = columns([["world".into(), info.id], ["about".into(), info.about]]);
                return output::text(&format!("{facts}{e}\n\n{}", settings("world", &fields)));
            }
            None => return Err(e.into()),
        },
        Err(e) => return Err(e.into()),
    };
    let spec = world.spec();
    if args.json {
        return output::json(&json!({ "spec": spec, "settings": fields }));
    }
    let observation = match &spec.observation {
        ObservationSpace::Discrete { n } => format!("one of {n} states"),
        ObservationSpace::Box { shape, .. } => format!("numbers of shape {shape:?}"),
    };
    let limit = spec.time_limit.map_or("none".into(), |n| format!("{n} steps"));
    let facts = [
        ["world".into(), format!("{} (version {})", spec.id, spec.version)],
        ["observation".into(), observation],
        ["actions".into(), spec.actions.names().join(", ")],
        ["time limit".into(), limit],
        ["discount".into(), spec.gamma.to_string()],
    ];
    output::text(&format!("{}\n{}", columns(facts), settings("world", &fields)))
}

pub(super) fn agents(registry: &Registry, args: List) -> Result<()> {
    let Some(id) = args.id else {
        let agents = registry.agents();
        if args.json {
            let list: Vec<_> =
                agents.map(|a| json!({ "id": a.id(), "about": a.about(), "settings": a.fields() })).collect();
            return output::json(&json!({ "agents": list }));
        }
        return output::text(&columns(agents.map(|agent| [agent.id().into(), agent.about().into()])));
    };
    let agent = registry.find_agent(&id)?;
    if args.json {
        return output::json(
            &json!({ "id": agent.id(), "about": agent.about(), "settings": agent.fields() }),
        );
    }
    output::text(&format!("{}: {}\n\n{}", agent.id(), agent.about(), settings("agent", &agent.fields())))
}

pub(super) fn learners(registry: &Registry, args: List) -> Result<()> {
    let Some(id) = args.id else {
        let learners = registry.learners().iter();
        if args.json {
            let list: Vec<_> = learners
                .map(|l| json!({ "id": l.id(), "about": l.about(), "settings": l.fields() }))
                .collect();
            return output::json(&json!({ "learners": list }));
        }
        return output::text(&columns(learners.map(|learner| [learner.id().into(), learner.about().into()])));
    };
    let learner = registry.find_learner(&id)?;
    if args.json {
        return output::json(
            &json!({ "id": learner.id(), "about": learner.about(), "settings": learner.fields() }),
        );
    }
    let settings = settings("learner", &learner.fields());
    output::text(&format!("{}: {}\n\n{settings}", learner.id(), learner.about()))
}

pub(super) fn data(args: List) -> Result<()> {
    let fields = fields(&schemars::schema_for!(data::Options));
    let sets = data::list();
    let Some(id) = args.id else {
        if args.json {
            return output::json(&json!({ "data": sets, "settings": fields }));
        }
        let rows = sets.iter().map(|set| [set.name.into(), set.about.into(), set.source.into()]);
        return output::text(&format!(
            "{}\nA table, an IDX file or a folder of your own: its path\n\n{}",
            columns(rows),
            settings("data", &fields)
        ));
    };
    let Some(set) = sets.iter().find(|set| set.name == id) else {
        let known: Vec<&str> = sets.iter().map(|set| set.name).collect();
        return Err(Error::Config(unknown("data set", &id, &known, "")).into());
    };
    if args.json {
        return output::json(&json!({ "set": set, "settings": fields }));
    }
    let from = if set.source.is_empty() { "inside the program" } else { set.source };
    output::text(&format!("{}: {}\nfrom {from}\n\n{}", set.name, set.about, settings("data", &fields)))
}

fn settings(prefix: &str, fields: &[Field]) -> String {
    if fields.is_empty() {
        return "It has no settings.\n".into();
    }
    let rows = fields.iter().map(|field| {
        let default = if field.default.is_null() { "-".into() } else { field.default.to_string() };
        [format!("{prefix}.{}", field.name), default, field.about.clone()]
    });
    format!("Settings (--set KEY=VALUE), their defaults and meaning:\n{}", columns(rows))
}
