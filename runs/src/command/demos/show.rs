//! `demos ls`, `demos stats` and `demos show`: stores, summaries, episodes and steps.

use std::collections::BTreeMap;

use freewheel_core::demonstrations::{Demonstration, DemonstrationSet};
use freewheel_core::{Actions, Ending, Error as Core};
use serde_json::json;

use super::stores;
use crate::cli::{DemosLs, DemosShow, DemosStore};
use crate::error::Result;
use crate::format::{decimal, decimal_or_dash};
use crate::table::{self, Layout};
use crate::{demonstrations, output};

pub(super) fn list(args: &DemosLs) -> Result<()> {
    let (mut rows, mut json) = (Vec::new(), Vec::new());
    for store in stores(&args.folder)? {
        let name = store.display().to_string();
        // A store that cannot be read is listed with the reason.
        match demonstrations::facts(&store) {
            Ok(facts) => {
                let world = if facts.header.world.is_empty() { "-" } else { &facts.header.world };
                json.push(json!({
                    "store": name, "world": facts.header.world, "episodes": facts.episodes, "steps": facts.steps,
                }));
                rows.push([
                    name,
                    world.to_owned(),
                    format!("{} episodes", facts.episodes),
                    format!("{} steps", facts.steps),
                ]);
            }
            Err(e) => {
                json.push(json!({ "store": name, "error": e.to_string() }));
                rows.push([name, e.to_string(), String::new(), String::new()]);
            }
        }
    }
    match args.output.json {
        true => output::json(&json!({ "stores": json })),
        false => output::text(&table::list(rows, Layout::of_stdout(false))),
    }
}

pub(super) fn stats(args: &DemosStore) -> Result<()> {
    let set = demonstrations::read(&args.store)?;
    let groups = groups(&set);
    let summaries: Vec<(String, Summary)> =
        groups.iter().map(|(title, episodes)| (title.clone(), Summary::of(episodes))).collect();
    let actions = action_shares(&set);
    if args.output.json {
        let groups: Vec<_> = summaries.iter().map(|(title, summary)| summary.to_json(title)).collect();
        let all: Vec<&Demonstration> = set.episodes.iter().collect();
        return output::json(&json!({
            "world": set.header.world, "version": set.header.version, "settings": set.header.settings,
            "all": Summary::of(&all).to_json("all"), "groups": groups,
            "actions": actions.iter().map(|(name, share)| json!({ "action": name, "share": share })).collect::<Vec<_>>(),
        }));
    }
    let world = if set.header.world.is_empty() { "another program" } else { &set.header.world };
    let mut text = format!(
        "{world}, version {}: {} episodes, {} steps\n\n",
        set.header.version,
        set.episodes.len(),
        set.steps()
    );
    let mut rows = vec![["player", "episodes", "score", "range", "steps", "terminated"].map(str::to_owned)];
    rows.extend(summaries.into_iter().map(|(title, summary)| summary.row(title)));
    text.push_str(&table::list(rows, Layout::of_stdout(false)));
    if !actions.is_empty() {
        let shares = actions.into_iter().map(|(name, share)| [name, format!("{:.1} %", 100.0 * share)]);
        text.push_str(&format!("\n{}", table::list(shares, Layout::of_stdout(false))));
    }
    output::text(&text)
}

/// Scores, lengths and endings of some episodes.
struct Summary {
    episodes: usize,
    /// Mean, least and largest of the defined scores.
    score: Option<[f64; 3]>,
    /// Mean length.
    length: f64,
    terminated: usize,
}

impl Summary {
    fn of(episodes: &[&Demonstration]) -> Summary {
        let scores: Vec<f64> = episodes.iter().map(|one| one.score).filter(|score| !score.is_nan()).collect();
        let score = (!scores.is_empty()).then(|| {
            let mean = scores.iter().sum::<f64>() / scores.len() as f64;
            let least = scores.iter().copied().fold(f64::INFINITY, f64::min);
            [mean, least, scores.iter().copied().fold(f64::NEG_INFINITY, f64::max)]
        });
        let steps: usize = episodes.iter().map(|one| one.len()).sum();
        Summary {
            episodes: episodes.len(),
            score,
            length: steps as f64 / episodes.len().max(1) as f64,
            terminated: episodes.iter().filter(|one| one.ending == Ending::Terminal).count(),
        }
    }

    fn row(&self, title: String) -> [String; 6] {
        let [mean, range] = match self.score {
            Some([mean, least, most]) => [decimal(mean), format!("{} .. {}", decimal(least), decimal(most))],
            None => ["-".into(), "-".into()],
        };
        let terminated = format!("{} of {}", self.terminated, self.episodes);
        [title, self.episodes.to_string(), mean, range, format!("{:.1}", self.length), terminated]
    }

    fn to_json(&self, title: &str) -> serde_json::Value {
        let [mean, least, most] = self.score.map_or([None; 3], |score| score.map(Some));
        json!({
            "player": title, "episodes": self.episodes, "score": mean, "min": least, "max": most,
            "length": self.length, "terminated": self.terminated,
        })
    }
}

/// Episodes by the title of their label; imported ones, each with players of its own, are one group.
fn groups(set: &DemonstrationSet) -> BTreeMap<String, Vec<&Demonstration>> {
    let mut groups: BTreeMap<String, Vec<&Demonstration>> = BTreeMap::new();
    for episode in &set.episodes {
        let title = match episode.label.source {
            freewheel_core::demonstrations::Source::Imported => "imported".to_owned(),
            _ => episode.label.title(),
        };
        groups.entry(title).or_default().push(episode);
    }
    groups
}

/// Shares of the discrete actions, the largest first, at most 12.
fn action_shares(set: &DemonstrationSet) -> Vec<(String, f64)> {
    let mut counts = vec![0usize; set.header.actions.count()];
    for episode in &set.episodes {
        for step in 0..episode.len() {
            if let Some(Actions::Discrete(&[action])) = episode.actions.get(step)
                && let Some(count) = counts.get_mut(action as usize)
            {
                *count += 1;
            }
        }
    }
    let total = set.steps().max(1) as f64;
    let names = set.header.actions.names().iter().cloned();
    let mut shares: Vec<(String, f64)> =
        names.zip(counts).filter(|(_, n)| *n > 0).map(|(name, n)| (name, n as f64 / total)).collect();
    shares.sort_by(|a, b| b.1.total_cmp(&a.1));
    shares.truncate(12);
    shares
}

pub(super) fn show(args: &DemosShow) -> Result<()> {
    let set = demonstrations::read(&args.store)?;
    match args.episode {
        None if args.output.json => {
            output::json(&json!({ "episodes": set.episodes.iter().map(facts).collect::<Vec<_>>() }))
        }
        None => {
            let mut rows = vec![["episode", "score", "steps", "ending", "seed", "player"].map(str::to_owned)];
            for (number, episode) in set.episodes.iter().enumerate() {
                let seed = episode.origin.map_or("-".into(), |origin| origin.streams.seed.to_string());
                rows.push([
                    number.to_string(),
                    score(episode),
                    episode.len().to_string(),
                    ending(episode).to_owned(),
                    seed,
                    episode.label.title(),
                ]);
            }
            output::text(&table::list(rows, Layout::of_stdout(false)))
        }
        Some(number) => {
            let Some(episode) = set.episodes.get(number) else {
                let (name, n) = (args.store.display(), set.episodes.len());
                return Err(
                    Core::Config(format!("{name}: has no episode {number}; it has {n}, from 0")).into()
                );
            };
            steps(&set, episode, args.output.json)
        }
    }
}

fn steps(set: &DemonstrationSet, episode: &Demonstration, as_json: bool) -> Result<()> {
    let names = set.header.actions.names();
    let action = |step: usize| match episode.actions.get(step) {
        Some(Actions::Discrete(&[action])) => names.get(action as usize).cloned().unwrap_or_default(),
        Some(Actions::Continuous(values)) => {
            let parts = names.iter().zip(values).map(|(name, x)| format!("{name} {x}"));
            parts.collect::<Vec<_>>().join(", ")
        }
        _ => String::new(),
    };
    let all = (0..episode.len()).map(|step| (step, action(step), episode.rewards[step]));
    if as_json {
        let steps: Vec<_> = all
            .map(|(step, action, reward)| {
                let obs = episode.observation(step);
                json!({ "step": step, "action": action, "reward": reward, "observation": obs })
            })
            .collect();
        return output::json(&json!({ "episode": facts(episode), "steps": steps }));
    }
    let head = format!("{}; score {}, {}\n", episode.label.title(), score(episode), ending(episode));
    let mut rows = vec![["step", "action", "reward"].map(str::to_owned)];
    rows.extend(all.map(|(step, action, reward)| [step.to_string(), action, decimal(f64::from(reward))]));
    output::text(&format!("{head}{}", table::list(rows, Layout::of_stdout(false))))
}

/// Score, or `-` for an undefined one.
fn score(episode: &Demonstration) -> String {
    decimal_or_dash(Some(episode.score).filter(|score| !score.is_nan()))
}

fn ending(episode: &Demonstration) -> &'static str {
    match episode.ending {
        Ending::Terminal => "terminated",
        Ending::Truncated => "truncated",
        Ending::Running => "running",
    }
}

fn facts(episode: &Demonstration) -> serde_json::Value {
    json!({
        "label": episode.label, "title": episode.label.title(), "origin": episode.origin, "steps": episode.len(),
        "return": episode.episode_return, "score": Some(episode.score).filter(|score| !score.is_nan()), "ending": ending(episode),
    })
}
