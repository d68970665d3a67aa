//! Comparison of finished runs: scores of each agent in each world, their intervals, and the differences of all pairs.

use std::path::{Path, PathBuf};

use freewheel_core::stats::interval::{Group, weighted_mean_interval};
use freewheel_core::stats::sequential::{self, Decision, Design, Verdict};
use freewheel_core::stats::tolerance::tolerance_interval;
use freewheel_core::stats::{self, Interval};
use freewheel_core::{Baseline, Error, Result, Streams};
use serde::Serialize;

use crate::Registry;
use crate::checksums::{CONFIG, METRICS};
use crate::curves::{CurveReader, Curves};
use crate::folders::{WorldCache, files_below, no_run};
use crate::job::{Job, JobConfig};
use crate::plan_file;
use crate::score_scale::{Reference, ScoreScale, ScoreScales};

pub(crate) mod words;

/// Maximum number of agents of a comparison: the number of pairs grows with its square.
const MOST_AGENTS: usize = 24;

/// Scores and costs of the runs of one agent in one world.
#[derive(Serialize)]
pub(crate) struct Entry {
    /// Name of the world in tables.
    pub(crate) world: String,
    /// Name of the agent in tables.
    pub(crate) agent: String,
    /// Seeds of the finished runs, in order.
    pub(crate) seeds: Vec<u64>,
    /// Score of the final evaluation of each seed.
    pub(crate) scores: Vec<f64>,
    /// Normalized score of each seed: 0 is the baseline, 1 the reference; empty without them.
    pub(crate) normalized: Vec<f64>,
    /// Number of runs without results: not finished, interrupted or diverged.
    pub(crate) unfinished: usize,
    /// Mean score.
    pub(crate) mean: Option<f64>,
    /// 95 % interval of the mean score.
    pub(crate) interval: Option<Interval>,
    /// Interquartile mean of the scores.
    pub(crate) iqm: Option<f64>,
    /// Interval that holds 80 % of all runs with a confidence of 95 %; `None` below 22 seeds.
    pub(crate) tolerance: Option<Interval>,
    /// Median of the steps at which the runs reach half of the way from the baseline to the reference; `None` if
    /// half of the runs or more never do.
    pub(crate) steps_to_half: Option<f64>,
    /// Environment steps of all finished runs.
    pub(crate) steps: u64,
    /// Size of the folders of all runs, bytes.
    pub(crate) bytes: u64,
    /// Time from the first to the last file of each finished run, summed, s; pauses included.
    pub(crate) seconds: f64,
    /// Reference score of the world.
    pub(crate) reference: Option<Reference>,
    /// Baseline score of the world.
    pub(crate) baseline: Option<Baseline>,
    /// Whether lower scores are better.
    pub(crate) lower_is_better: bool,
    /// Learning curves of all runs.
    #[serde(skip)]
    pub(crate) curves: Vec<Curves>,
    /// Job of the first run.
    #[serde(skip)]
    pub(crate) job: Job,
    /// Folders of the finished runs.
    #[serde(skip)]
    pub(crate) folders: Vec<PathBuf>,
}

/// Results of one agent over the worlds that all agents share.
#[derive(Serialize)]
pub(crate) struct Overall {
    /// Name of the agent in tables.
    pub(crate) agent: String,
    /// Mean, median and interquartile mean of the normalized scores, and the optimality gap, as rliable defines them.
    pub(crate) mean: f64,
    /// 95 % interval of the mean.
    pub(crate) interval: Option<Interval>,
    /// Median of the mean normalized scores of the worlds.
    pub(crate) median: f64,
    /// Interquartile mean of all normalized scores.
    pub(crate) iqm: f64,
    /// 95 % stratified percentile bootstrap interval of `iqm`.
    pub(crate) iqm_interval: Option<Interval>,
    /// Mean distance to 1 of the normalized scores, where a score above 1 counts as 1.
    pub(crate) optimality_gap: f64,
}

/// Difference of two agents in one world, or over the shared worlds.
#[derive(Serialize)]
pub(crate) struct Pair {
    /// Name of the world; `None` over the shared worlds, in normalized scores.
    pub(crate) world: Option<String>,
    /// Agents.
    pub(crate) agents: [String; 2],
    /// Difference of the mean scores, first minus second; a positive one is better, also where lower scores are better.
    pub(crate) difference: f64,
    /// 95 % interval of the difference.
    pub(crate) interval: Option<Interval>,
    /// Probability that a run of the first agent is better than one of the second, ties one half.
    pub(crate) probability_of_improvement: f64,
    /// Decision of the group-sequential test, with the number of seeds at which it was made.
    pub(crate) verdict: Verdict,
    /// Number of seeds of the agent with fewer.
    pub(crate) seeds: usize,
}

/// Comparison of runs.
#[derive(Serialize)]
pub(crate) struct Comparison {
    /// Results of each agent in each world.
    pub(crate) entries: Vec<Entry>,
    /// Worlds that all agents share and that have a reference and a baseline.
    pub(crate) shared: Vec<String>,
    /// Results over the shared worlds; empty for fewer than two.
    pub(crate) overall: Vec<Overall>,
    /// Pairs of agents in each world, and over the shared worlds.
    pub(crate) pairs: Vec<Pair>,
}

/// Design of the sequential test: up to 5 groups of 5 seeds, family-wise error 5 % in each world.
pub(crate) fn design() -> Design {
    Design::default()
}

impl Comparison {
    /// Comparison of the runs in and below `folders`. A run that is found twice counts once.
    ///
    /// # Errors
    /// Errors of reading the runs; [`Error::Config`] for a folder without runs, and if no run is finished.
    pub(crate) fn read(registry: &Registry, folders: &[PathBuf]) -> Result<Self> {
        let mut entries = read(registry, folders)?;
        if entries.iter().all(|entry| entry.scores.is_empty()) {
            let first = folders.first().map(|it| it.display().to_string()).unwrap_or_default();
            let why = "no run is finished; `freewheel resume` continues interrupted runs";
            return Err(Error::Config(format!("{first}: {why}")));
        }
        distinct_names(&mut entries);
        let (mut worlds, mut agents): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
        for entry in &entries {
            if !worlds.contains(&entry.world) {
                worlds.push(entry.world.clone());
            }
            if !agents.contains(&entry.agent) {
                agents.push(entry.agent.clone());
            }
        }
        if agents.len() > MOST_AGENTS {
            let n = agents.len();
            let why = format!("{n} agents are too many to compare; name folders with at most {MOST_AGENTS}");
            return Err(Error::Config(why));
        }
        entries.sort_by_key(|entry| worlds.iter().position(|world| *world == entry.world));
        let shared: Vec<String> =
            worlds.iter().filter(|world| is_shared(&entries, &agents, world)).cloned().collect();
        let mut pairs: Vec<Pair> = worlds.iter().flat_map(|world| in_world(&entries, world)).collect();
        let mut overall = Vec::new();
        if shared.len() > 1 {
            let tasks: Vec<(String, Vec<Vec<f64>>)> =
                agents.iter().map(|agent| (agent.clone(), normalized(&entries, agent, &shared))).collect();
            overall.extend(tasks.iter().map(|(agent, tasks)| Overall::new(agent, tasks)));
            pairs.extend(all_pairs(None, &tasks));
        }
        Ok(Comparison { entries, shared, overall, pairs })
    }

    /// Entries of each world, in the order of the worlds.
    pub(crate) fn worlds(&self) -> impl Iterator<Item = &[Entry]> {
        self.entries.chunk_by(|a, b| a.world == b.world)
    }
}

impl Overall {
    fn new(agent: &str, tasks: &[Vec<f64>]) -> Self {
        let streams = Streams::new(0);
        let spread = tasks.iter().all(|task| task.len() > 1);
        Overall {
            agent: agent.to_owned(),
            mean: stats::aggregate_mean(tasks),
            interval: mean_interval(&[(1.0, tasks)]),
            median: stats::aggregate_median(tasks),
            iqm: stats::aggregate_iqm(tasks),
            iqm_interval: spread
                .then(|| stats::bootstrap(tasks, stats::aggregate_iqm, 0.95, stats::RESAMPLES, streams)),
            optimality_gap: stats::optimality_gap(&stats::flatten(tasks), 1.0),
        }
    }
}

/// 95 % interval of the sum of weighted means over tasks.
fn mean_interval(sides: &[(f64, &[Vec<f64>])]) -> Option<Interval> {
    let groups: Vec<Group<'_>> = sides
        .iter()
        .flat_map(|(sign, tasks)| {
            let weight = sign / tasks.len() as f64;
            tasks.iter().map(move |scores| Group { weight, scores })
        })
        .collect();
    weighted_mean_interval(&groups, 0.95, stats::RESAMPLES, Streams::new(0))
}

/// Runs in and below the folders, one entry for each configuration.
fn read(registry: &Registry, folders: &[PathBuf]) -> Result<Vec<Entry>> {
    let mut groups: Vec<(String, Vec<(JobConfig, PathBuf)>)> = Vec::new();
    for folder in folders {
        let found = files_below(folder, CONFIG)?;
        if found.is_empty() {
            return Err(no_run(folder));
        }
        for run in found.iter().filter_map(|file| file.parent()) {
            let config = JobConfig::read(run)?;
            let name = config.folder();
            let at = groups.iter().position(|(known, _)| *known == name).unwrap_or_else(|| {
                groups.push((name, Vec::new()));
                groups.len() - 1
            });
            let known = &mut groups[at].1;
            // Two runs of the same configuration and seed are the same run.
            if !known.iter().any(|(other, _)| other.seed == config.seed) {
                known.push((config, run.to_owned()));
            }
        }
    }
    let order = planned(folders)?;
    groups.sort_by_key(|(name, _)| order.iter().position(|other| other == name).unwrap_or(order.len()));
    let (mut worlds, scales) = (WorldCache::default(), ScoreScales::default());
    let mut entries = Vec::new();
    for (_, mut runs) in groups {
        runs.sort_by_key(|(config, _)| config.seed);
        let (config, folder) = &runs[0];
        let job = registry.job_of(config.clone(), &folder.join(CONFIG), &mut worlds)?;
        let scale = crate::progress::LateBar::new("solving the world").during(|| scales.of(&job))?;
        entries.push(Entry::new(&job, &scale, &runs)?);
    }
    Ok(entries)
}

/// Folders of the configurations in the order of the experiments' plans. A plan that cannot be read orders nothing.
fn planned(folders: &[PathBuf]) -> Result<Vec<String>> {
    let mut order = Vec::new();
    for folder in folders {
        for plan in plan_file::below(folder)?.iter().filter_map(|file| plan_file::read(file).ok()) {
            order.extend(plan.configs.iter().map(JobConfig::folder));
        }
    }
    Ok(order)
}

impl Entry {
    fn new(job: &Job, scale: &ScoreScale, runs: &[(JobConfig, PathBuf)]) -> Result<Self> {
        let lower_is_better = job.evaluation_world().spec().lower_is_better();
        let half = scale.normalize(0.0, lower_is_better).and_then(|_| {
            let (best, baseline) = (scale.reference?.best(), scale.baseline.as_ref()?.value);
            Some(f64::midpoint(best, baseline))
        });
        let mut entry = Entry {
            world: job.config.world_label.clone(),
            agent: job.config.agent_label.clone(),
            seeds: Vec::new(),
            scores: Vec::new(),
            normalized: Vec::new(),
            unfinished: 0,
            mean: None,
            interval: None,
            iqm: None,
            tolerance: None,
            steps_to_half: None,
            steps: 0,
            bytes: 0,
            seconds: 0.0,
            reference: scale.reference,
            baseline: scale.baseline.clone(),
            lower_is_better,
            curves: Vec::new(),
            job: job.clone(),
            folders: Vec::new(),
        };
        let mut reached: Vec<f64> = Vec::new();
        for (config, folder) in runs {
            entry.bytes += crate::run_list::size_of(folder);
            let mut reader = CurveReader::new(folder.join(METRICS));
            while reader.read()? {}
            let curves = reader.curves().clone();
            let score = Job::result_in(folder)?.and_then(|result| result.evaluation.score());
            let Some(score) = score.filter(|score| score.is_finite()) else {
                entry.unfinished += 1;
                continue;
            };
            entry.seeds.push(config.seed);
            entry.scores.push(score);
            entry.steps += config.steps;
            entry.seconds += seconds(folder);
            entry.normalized.extend(scale.normalize(score, lower_is_better));
            if let Some(half) = half {
                let name =
                    if curves.points(Curves::EVALUATION).is_empty() { "score" } else { Curves::EVALUATION };
                let at = stats::steps_to_threshold(curves.points(name), half, lower_is_better);
                reached.push(at.map_or(f64::INFINITY, |step| step as f64));
            }
            entry.curves.push(curves);
            entry.folders.push(folder.clone());
        }
        if !entry.scores.is_empty() {
            entry.mean = Some(stats::mean(&entry.scores));
            entry.iqm = Some(stats::iqm(&entry.scores));
            entry.tolerance = tolerance_interval(&entry.scores, 0.8, 0.95);
            let tasks = [entry.scores.clone()];
            entry.interval = mean_interval(&[(1.0, &tasks)]);
            entry.steps_to_half = Some(stats::median(&reached)).filter(|median| median.is_finite());
        }
        Ok(entry)
    }
}

/// Time between the configuration and the results of a run, s.
fn seconds(folder: &Path) -> f64 {
    let changed = |name: &str| folder.join(name).metadata().and_then(|it| it.modified()).ok();
    let both = changed(CONFIG).zip(changed(crate::checksums::RESULTS));
    both.and_then(|(from, to)| to.duration_since(from).ok()).map_or(0.0, |time| time.as_secs_f64())
}

/// Adds the hash of the configuration to the names of agents that would be the same in a world.
fn distinct_names(entries: &mut [Entry]) {
    let names: Vec<(String, String)> =
        entries.iter().map(|entry| (entry.world.clone(), entry.agent.clone())).collect();
    for entry in entries {
        let same = names.iter().filter(|(world, agent)| (world, agent) == (&entry.world, &entry.agent));
        if same.count() > 1 {
            let folder = entry.job.config.folder();
            entry.agent = format!("{} {}", entry.agent, folder.rsplit('-').next().unwrap_or_default());
        }
    }
}

/// Whether all agents have normalized scores in `world`.
fn is_shared(entries: &[Entry], agents: &[String], world: &str) -> bool {
    agents.iter().all(|agent| {
        entries
            .iter()
            .any(|entry| entry.world == world && entry.agent == *agent && !entry.normalized.is_empty())
    })
}

/// Normalized scores of `agent` in each of the `worlds`.
pub(crate) fn normalized(entries: &[Entry], agent: &str, worlds: &[String]) -> Vec<Vec<f64>> {
    let of = |world: &String| entries.iter().find(|entry| entry.world == *world && entry.agent == agent);
    worlds.iter().filter_map(|world| Some(of(world)?.normalized.clone())).collect()
}

fn in_world(entries: &[Entry], world: &str) -> Vec<Pair> {
    let here = entries.iter().filter(|entry| entry.world == world && !entry.scores.is_empty());
    // A score is turned around where lower ones are better, so that higher is better below.
    let turned = |entry: &Entry| match entry.lower_is_better {
        true => entry.scores.iter().map(|score| -score).collect(),
        false => entry.scores.clone(),
    };
    let tasks: Vec<(String, Vec<Vec<f64>>)> =
        here.map(|entry| (entry.agent.clone(), vec![turned(entry)])).collect();
    all_pairs(Some(world), &tasks)
}

/// All pairs of agents with the scores `[task][run]` of each, of which higher ones are better.
fn all_pairs(world: Option<&str>, agents: &[(String, Vec<Vec<f64>>)]) -> Vec<Pair> {
    let n = agents.len();
    let pairs: Vec<(usize, usize)> = (0..n).flat_map(|a| (a + 1..n).map(move |b| (a, b))).collect();
    let scores: Vec<Vec<Vec<f64>>> = agents.iter().map(|(_, tasks)| tasks.clone()).collect();
    let verdicts = sequential::compare(&scores, &pairs, &design(), Streams::new(0));
    let pair = |(&(a, b), verdict): (&(usize, usize), Verdict)| Pair {
        world: world.map(str::to_owned),
        agents: [agents[a].0.clone(), agents[b].0.clone()],
        difference: stats::aggregate_mean(&scores[a]) - stats::aggregate_mean(&scores[b]),
        interval: mean_interval(&[(1.0, &scores[a]), (-1.0, &scores[b])]),
        probability_of_improvement: stats::probability_of_improvement(&scores[a], &scores[b]),
        seeds: scores[a].iter().chain(&scores[b]).map(Vec::len).min().unwrap_or(0),
        verdict,
    };
    pairs.iter().zip(verdicts).map(pair).collect()
}

impl Pair {
    /// Whether the test has shown a difference.
    pub(crate) fn is_decided(&self) -> bool {
        matches!(self.verdict.decision, Decision::Higher | Decision::Lower)
    }
}
