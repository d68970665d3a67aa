//! `plot`: learning curves of runs, in the terminal or as SVG, PNG or CSV.

use std::path::{Path, PathBuf};

use freewheel_core::Error as Core;
use freewheel_core::checkpoint::write_atomically;

use crate::checksums::{CONFIG, METRICS};
use crate::cli::{Plot, PlotX};
use crate::curves::{CurveReader, Curves};
use crate::error::{Error, Result};
use crate::folders::{WorldCache, files_below, no_run};
use crate::job::JobConfig;
use crate::mean_curve::mean_curve;
use crate::picture::learning_curves::{LearningCurves, NamedCurve, Panel};
use crate::picture::{Depth, Picture};
use crate::progress::LateBar;
use crate::score_scale::ScoreScales;
use crate::table::Layout;
use crate::tui::Theme;
use crate::{Registry, output};

/// Runs that differ in their seeds only.
struct Group {
    config: JobConfig,
    /// Folder of the first run.
    folder: PathBuf,
    curves: Vec<Curves>,
}

pub(super) fn plot(registry: &Registry, args: &Plot) -> Result<()> {
    let format = args.to.as_deref().map(format_of).transpose()?;
    let groups = read(&args.runs)?;
    let curves = curves(registry, args, &groups)?;
    let (Some(file), Some(format)) = (&args.to, format) else {
        let layout = Layout::of_stdout(false);
        let depth = match layout.colors {
            true => Depth::detect(|name| std::env::var(name).ok()),
            false => Depth::None,
        };
        let width = layout.width.unwrap_or(100);
        return output::picture(&curves.text(u16::try_from(width).unwrap_or(u16::MAX), depth));
    };
    let bytes = match format {
        Format::Svg => curves.svg().into_bytes(),
        Format::Png => curves.png()?,
        Format::Csv => curves.csv().into_bytes(),
    };
    write_atomically(file, &bytes)?;
    output::text(&format!("{}\n", file.display()))
}

/// Format of a file of learning curves.
enum Format {
    Svg,
    Png,
    Csv,
}

fn format_of(file: &Path) -> Result<Format> {
    let extension = file.extension().and_then(|it| it.to_str()).map(str::to_lowercase);
    match extension.as_deref() {
        Some("svg") => Ok(Format::Svg),
        Some("png") => Ok(Format::Png),
        Some("csv") => Ok(Format::Csv),
        _ => Err(Error::Usage(format!(
            "--to {}: the format follows from the extension, which must be .svg, .png or .csv",
            file.display()
        ))),
    }
}

/// Runs in and below the folders, in groups; a run that is found twice counts once.
fn read(folders: &[PathBuf]) -> Result<Vec<Group>> {
    let (mut groups, mut known): (Vec<(String, Group)>, Vec<PathBuf>) = (Vec::new(), Vec::new());
    for folder in folders {
        let found = files_below(folder, CONFIG)?;
        if found.is_empty() {
            return Err(no_run(folder).into());
        }
        for run in found.iter().filter_map(|file| file.parent()) {
            let place = std::fs::canonicalize(run).unwrap_or_else(|_| run.to_owned());
            if known.contains(&place) {
                continue;
            }
            known.push(place);
            let config = JobConfig::read(run)?;
            let mut reader = CurveReader::new(run.join(METRICS));
            while reader.read()? {}
            let (name, curves) = (config.folder(), reader.curves().clone());
            match groups.iter_mut().find(|(known, _)| *known == name) {
                Some((_, group)) => group.curves.push(curves),
                None => groups.push((name, Group { config, folder: run.to_owned(), curves: vec![curves] })),
            }
        }
    }
    Ok(groups.into_iter().map(|(_, group)| group).collect())
}

/// Curves of all groups, one panel for each world.
fn curves(registry: &Registry, args: &Plot, groups: &[Group]) -> Result<LearningCurves> {
    let by_episodes = args.x == PlotX::Episodes;
    let is_score = matches!(&*args.metric, "score" | Curves::EVALUATION);
    let mut panels: Vec<Panel> = Vec::new();
    let (mut worlds, scales) = (WorldCache::default(), ScoreScales::default());
    let bar = LateBar::new("solving the world");
    for group in groups {
        let points = mean_curve(&group.curves, &args.metric, by_episodes);
        if points.is_empty() {
            continue;
        }
        let same = |other: &&Group| labels(other) == labels(group);
        let name = match groups.iter().filter(same).count() {
            1 => group.config.agent_label.clone(),
            // Configurations with the same label differ in their settings: the digest tells them apart.
            _ => {
                let folder = group.config.folder();
                let digest = folder.rsplit('-').next().unwrap_or_default().to_owned();
                format!("{} {digest}", group.config.agent_label)
            }
        };
        let curve = NamedCurve { name, runs: group.curves.len(), points };
        if let Some(panel) = panels.iter_mut().find(|panel| panel.world == group.config.world_label) {
            panel.curves.push(curve);
            continue;
        }
        let mut panel =
            Panel { world: group.config.world_label.clone(), curves: vec![curve], ..Panel::default() };
        if is_score {
            let config = group.config.clone();
            match registry.job_of(config, &group.folder.join(CONFIG), &mut worlds) {
                Ok(job) => {
                    panel.lower_is_better = job.evaluation_world().spec().lower_is_better();
                    if !args.no_reference {
                        let scale = bar.during(|| scales.of(&job))?;
                        panel.reference = scale.reference.map(|reference| reference.value);
                        panel.baseline = scale.baseline.map(|baseline| baseline.value);
                    }
                }
                Err(why) => output::note(&format!("no reference: {why}")),
            }
        }
        panels.push(panel);
    }
    if panels.is_empty() {
        return Err(no_metric(&args.metric, groups).into());
    }
    let x = if by_episodes { "episodes" } else { "steps" };
    Ok(LearningCurves {
        metric: args.metric.clone(),
        x: x.into(),
        panels,
        theme: args.theme.unwrap_or_else(Theme::chosen),
    })
}

fn labels(group: &Group) -> (&str, &str) {
    (&group.config.world_label, &group.config.agent_label)
}

/// Error about a metric that no run has, with the names of those that there are.
fn no_metric(metric: &str, groups: &[Group]) -> Core {
    let mut names: Vec<&str> = Vec::new();
    for curve in groups.iter().flat_map(|group| &group.curves).flat_map(|curves| &curves.all) {
        if !names.contains(&&*curve.name) {
            names.push(&curve.name);
        }
    }
    match names.is_empty() {
        true => Core::Config("the runs have no metrics yet; train them first".into()),
        false => Core::Config(format!("no run has the metric `{metric}`; there are {}", names.join(", "))),
    }
}
