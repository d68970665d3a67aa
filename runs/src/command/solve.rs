//! `solve`: computes the value of the optimal policy of a world, or of another policy.

use freewheel_core::{Certainty, Frame, PolicyClass, Purpose, Score, SolveQuery, Streams};
use serde_json::json;
use toml::Table;

use super::overlay;
use crate::cli::{Solve, SolvePolicy};
use crate::document::Document;
use crate::error::{Error, Result};
use crate::progress::LateBar;
use crate::{Registry, output};

pub(super) fn solve(registry: &Registry, args: Solve) -> Result<()> {
    let world = registry.build_world(&args.world, &world_settings(&args.overrides.set)?)?;
    let spec = world.spec();
    let unit = 0.0..=1.0;
    for (name, value) in [("--gamma", args.gamma.unwrap_or(1.0)), ("--epsilon", args.epsilon)] {
        if !unit.contains(&value) {
            return Err(Error::Usage(format!("{name} {value}: must be between 0 and 1")));
        }
    }
    let (policy_class, name) = match args.policy {
        None => (PolicyClass::Optimal, "optimal"),
        Some(SolvePolicy::Random) => (PolicyClass::Random, "random"),
        Some(SolvePolicy::EpsilonGreedy) => (PolicyClass::EpsilonGreedy(args.epsilon), "epsilon-greedy"),
        Some(SolvePolicy::EpsilonSoft) => (PolicyClass::EpsilonSoft(args.epsilon), "epsilon-soft"),
    };
    let gamma = args.gamma.unwrap_or(spec.gamma);
    let query = SolveQuery { gamma, horizon: args.horizon, time_observed: args.time_observed, policy_class };
    let solution = LateBar::new("solving; Ctrl-C ends it").during(|| world.solve(&query))?;
    if args.output.json {
        let epsilon = matches!(policy_class, PolicyClass::EpsilonGreedy(_) | PolicyClass::EpsilonSoft(_))
            .then_some(args.epsilon);
        return output::json(&json!({
            "world": spec.id,
            "version": spec.version,
            "gamma": gamma,
            "horizon": args.horizon,
            "time_observed": args.time_observed,
            "policy": name,
            "epsilon": epsilon,
            "kind": solution.certainty,
            "value": solution.value,
            "upper": solution.upper,
            "bound_of": world.upper_bound_player(),
            "values": solution.values,
        }));
    }
    let side = if spec.lower_is_better() { "lower" } else { "upper" };
    let bound = |bound: f64| match world.upper_bound_player() {
        Some(player) => {
            format!("{side} bound {bound:.10}, which only the privileged player `{player}` can reach")
        }
        None => format!("{side} bound {bound:.10}"),
    };
    let certainty = match (solution.certainty, solution.upper) {
        (Certainty::Exact, _) => "exact".to_owned(),
        (Certainty::Bracket, Some(upper)) => format!("reached; {}", bound(upper)),
        (Certainty::BestKnown, Some(upper)) => format!("best known; {}", bound(upper)),
        _ => "best known".to_owned(),
    };
    let horizon = args.horizon.map_or("no time limit".into(), |n| format!("{n} steps"));
    let observed = if args.time_observed { ", time observed" } else { "" };
    let name = match (policy_class, solution.certainty) {
        (PolicyClass::Optimal, Certainty::Bracket | Certainty::BestKnown) => "reference",
        _ => name,
    };
    // A measure, such as a lap time, has no discount.
    let (discount, value) = match spec.score {
        Score::Return => (format!(", discount {gamma}"), "value of the start".to_owned()),
        Score::Measure(_) => (String::new(), spec.score_title()),
    };
    let mut text = format!(
        "{}, {name} policy{discount}, {horizon}{observed}\n{value}: {:.10} ({certainty})\n",
        spec.id, solution.value
    );
    if let Some(policy) = &solution.policy {
        let runner = world.episode_runner(Streams::new(0), Purpose::WatchEnvironment, 0);
        let mut frame = Frame::default();
        runner.draw(Some(&**policy), &mut frame);
        if frame.width() <= args.wide.layout().width.unwrap_or(200) && frame.height() <= 80 {
            text.push_str(&format!("\n{}", frame.to_text()));
        }
    }
    output::text(&text)
}

/// World settings given as `--set world.KEY=VALUE`.
///
/// # Errors
/// [`Error::Usage`] for a key that does not start with `world.`.
fn world_settings(set: &[String]) -> Result<Table> {
    let mut doc = Document::parse("the command line", "")?;
    overlay(&mut doc, set)?;
    if let Some(key) = doc.table.keys().find(|key| *key != "world") {
        return Err(Error::Usage(format!(
            "--set {key}...: only settings of the world are allowed here, such as world.time_limit=50"
        )));
    }
    Ok(doc.table.get("world").and_then(|world| world.as_table()).cloned().unwrap_or_default())
}
