//! Report about finished runs: one HTML file without outside parts, or Markdown.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use freewheel_core::{Result, stats};

use crate::Registry;
use crate::checksums::EPISODES;
use crate::comparison::words::size;
use crate::comparison::{Comparison, Entry, normalized};
use crate::curves::Curves;
use crate::format::{count, quoted};
use crate::mean_curve::mean_curve;
use crate::picture::learning_curves::{LearningCurves, NamedCurve, Panel};
use crate::picture::profiles::PerformanceProfiles;
use crate::picture::{Depth, Picture};
use crate::render::{Timing, cells};
use crate::table::{Column, Table};
use crate::tui::{Offscreen, Theme, Watch};
use crate::{output, recordings};

mod crosstable;
mod policies;

use policies::Trained;

/// Style of the page.
const STYLE: &str = include_str!("report_page/style.css");
/// Player of recorded episodes. It has no `<` and no `&`, so that the page is well-formed XML, too.
const PLAYER: &str = include_str!("report_page/player.js");
/// Largest picture of a world, columns and rows.
const PICTURE: (u16, u16) = (100, 40);
/// Title of the table of all pairs.
const DIFFERENCES: &str = "Differences";
/// Screens of an episode: 10 a second, at most 20 s.
const TIMING: Timing = Timing { fps: 10.0, max_seconds: 20.0 };

/// Report about the runs of a comparison.
pub(crate) struct ReportPage<'a> {
    comparison: &'a Comparison,
    question: String,
    command: String,
    /// Policies of the entries of the comparison, in their order.
    policies: Vec<Option<Trained>>,
    /// Titles and crosstables of the boards of Go.
    crosstables: Vec<(String, Table)>,
}

impl<'a> ReportPage<'a> {
    /// Report about the runs in the folders `runs`, to be written to the file `to`.
    ///
    /// # Errors
    /// Errors of reading the policies of the runs.
    pub(crate) fn new(
        registry: &Registry,
        comparison: &'a Comparison,
        runs: &[PathBuf],
        to: &Path,
        question: Option<&str>,
    ) -> Result<Self> {
        let mut command = "freewheel report".to_owned();
        for run in runs {
            let _ = write!(command, " {}", quoted(&run.to_string_lossy()));
        }
        let _ = write!(command, " --to {}", quoted(&to.to_string_lossy()));
        if let Some(question) = question {
            let _ = write!(command, " --question {}", quoted(question));
        }
        let question = question.map(str::to_owned).unwrap_or_else(|| {
            let mut agents: Vec<&str> = Vec::new();
            for entry in &comparison.entries {
                if !agents.contains(&&*entry.agent) {
                    agents.push(&entry.agent);
                }
            }
            let worlds: Vec<&str> = comparison.worlds().map(|entries| &*entries[0].world).collect();
            let of = match agents.len() {
                0..=3 => agents.join(", "),
                n => format!("{n} agents"),
            };
            let place = match worlds.len() {
                0..=2 => worlds.join(" and in "),
                n => format!("each of {n} worlds"),
            };
            format!("Which of {of} has the best mean score in {place}?")
        });
        let policies = policies::of(registry, &comparison.entries)?;
        let (mut crosstables, mut first) = (Vec::new(), 0);
        for entries in comparison.worlds() {
            if let Some(table) = crosstable::of(entries, &policies[first..first + entries.len()])? {
                let games = crosstable::GAMES;
                let title = format!(
                    "{}: {games} games of each two; all won or all lost: unbounded",
                    entries[0].world
                );
                crosstables.push((title, table));
            }
            first += entries.len();
        }
        let question = output::plain(&question).into_owned();
        Ok(ReportPage { comparison, question, command, policies, crosstables })
    }

    /// The report in Markdown: tables and sentences, without pictures.
    pub(crate) fn markdown(&self) -> String {
        let mut out = format!("# {}\n\n## Results\n\n", self.question);
        for sentence in self.comparison.sentences() {
            let _ = writeln!(out, "- {}", output::plain(&sentence));
        }
        for (title, table) in self.tables() {
            let _ = write!(out, "\n## {title}\n\n{}", table.markdown());
        }
        let profiles = self.profiles();
        if !profiles.is_empty() {
            out.push_str("\n## Performance profiles\n\n```text\n");
            for picture in profiles {
                out.push_str(&output::plain(&picture.text(100, Depth::None)));
            }
            out.push_str("```\n");
        }
        let _ = write!(
            out,
            "\n## Configuration\n\n{}\n\n```sh\n{}\n```\n",
            versions(),
            output::plain(&self.command)
        );
        for (name, text) in self.configurations() {
            let _ = write!(out, "\n{name}:\n\n```toml\n{}```\n", output::plain(&text));
        }
        out
    }

    /// The report as one HTML file, which is well-formed XML after its first line.
    ///
    /// # Errors
    /// Errors of reading and replaying a recorded episode.
    pub(crate) fn html(&self, registry: &Registry) -> Result<String> {
        let title = escaped(&self.question);
        let mut out = format!(
            "<!DOCTYPE html>\n<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">\n<head>\n\
             <meta charset=\"utf-8\"/>\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
             <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n\
             <section>\n<h2>Results</h2>\n<ul>\n"
        );
        for sentence in self.comparison.sentences() {
            let _ = writeln!(out, "<li>{}</li>", escaped(&sentence));
        }
        out.push_str("</ul>\n</section>\n");
        for (title, table) in self.tables() {
            let (heading, table) = (escaped(&title), table.html());
            // The table of the pairs is long, and the sentences above say what it shows.
            let (open, close) = match title == DIFFERENCES {
                true => ("<details>\n<summary>All pairs</summary>\n", "</details>\n"),
                false => ("", ""),
            };
            let _ = write!(
                out,
                "<section>\n<h2>{heading}</h2>\n{open}<div class=\"wide\">\n{table}</div>\n{close}</section>\n"
            );
        }
        out.push_str(
            "<section>\n<h2>Learning curves</h2>\n<p>Mean over the seeds, with 95 % intervals.</p>\n",
        );
        for picture in self.learning_curves() {
            let _ = write!(out, "<figure class=\"wide plot\">\n{}</figure>\n", picture.svg());
        }
        out.push_str("</section>\n");
        let profiles = self.profiles();
        if !profiles.is_empty() {
            out.push_str(
                "<section>\n<h2>Performance profiles</h2>\n\
                 <p>Part of the runs above each normalized score: 0 is the baseline, 1 the reference.</p>\n",
            );
            for picture in profiles {
                let _ = write!(out, "<figure class=\"wide plot\">\n{}</figure>\n", picture.svg());
            }
            out.push_str("</section>\n");
        }
        out.push_str(&self.pictures()?);
        out.push_str(&self.episodes(registry)?);
        let _ = write!(
            out,
            "<section>\n<h2>Configuration</h2>\n<p>{}</p>\n<pre>{}</pre>\n",
            escaped(&versions()),
            escaped(&self.command)
        );
        for (name, text) in self.configurations() {
            let (name, text) = (escaped(&name), escaped(&text));
            let _ = write!(out, "<details>\n<summary>{name}</summary>\n<pre>{text}</pre>\n</details>\n");
        }
        let _ = write!(out, "</section>\n</main>\n<script>\n{PLAYER}</script>\n</body>\n</html>\n");
        Ok(out)
    }

    fn tables(&self) -> Vec<(String, Table)> {
        let mut all = vec![("Scores".to_owned(), self.comparison.scores_table())];
        if let Some(table) = self.comparison.overall_table() {
            all.push((format!("Normalized scores over {}", self.comparison.shared.join(", ")), table));
        }
        all.extend(self.comparison.pairs_table().map(|table| (DIFFERENCES.to_owned(), table)));
        all.extend(self.crosstables.clone());
        all.push(("Cost of training and of use".to_owned(), costs(&self.comparison.entries, &self.policies)));
        all
    }

    /// Learning curves of each world: of the greedy evaluations, or of the training episodes without them.
    fn learning_curves(&self) -> Vec<LearningCurves> {
        let of_world = |entries: &[Entry]| {
            let has = |entry: &Entry| entry.curves.iter().any(|it| it.points(Curves::EVALUATION).len() > 1);
            let metric = if entries.iter().any(has) { Curves::EVALUATION } else { "score" };
            let curve = |entry: &Entry| NamedCurve {
                name: entry.agent.clone(),
                runs: entry.curves.len(),
                points: mean_curve(&entry.curves, metric, false),
            };
            let curves: Vec<NamedCurve> =
                entries.iter().map(curve).filter(|curve| !curve.points.is_empty()).collect();
            let panel = Panel {
                world: entries[0].world.clone(),
                reference: entries[0].reference.map(|reference| reference.value),
                baseline: entries[0].baseline.as_ref().map(|baseline| baseline.value),
                lower_is_better: entries[0].lower_is_better,
                curves,
            };
            let has_curves = !panel.curves.is_empty();
            let metric = metric.to_owned();
            has_curves.then(|| LearningCurves {
                metric,
                x: "steps".into(),
                panels: vec![panel],
                theme: Theme::default(),
            })
        };
        self.comparison.worlds().filter_map(of_world).collect()
    }

    /// Performance profiles of each world with normalized scores, and over the shared worlds.
    fn profiles(&self) -> Vec<PerformanceProfiles> {
        let thresholds: Vec<f64> = (-5..=24).map(|i| f64::from(i) * 0.05).collect();
        let profile = |title: &str, agents: Vec<(String, Vec<f64>)>| PerformanceProfiles {
            title: title.to_owned(),
            agents: agents
                .into_iter()
                .map(|(name, scores)| (name, stats::performance_profile(&scores, &thresholds)))
                .collect(),
            thresholds: thresholds.clone(),
        };
        let of_world = |entries: &[Entry]| {
            let with = entries.iter().filter(|entry| !entry.normalized.is_empty());
            let agents: Vec<_> = with.map(|entry| (entry.agent.clone(), entry.normalized.clone())).collect();
            (!agents.is_empty()).then(|| profile(&entries[0].world, agents))
        };
        let mut all: Vec<PerformanceProfiles> = self.comparison.worlds().filter_map(of_world).collect();
        let Comparison { entries, shared, overall, .. } = self.comparison;
        if !overall.is_empty() {
            let scores = |agent: &str| stats::flatten(&normalized(entries, agent, shared));
            let agents = overall.iter().map(|row| (row.agent.clone(), scores(&row.agent))).collect();
            all.push(profile("all worlds", agents));
        }
        all
    }

    /// Last screen of an episode of the best agent of each world, as the viewer shows it.
    fn pictures(&self) -> Result<String> {
        let (mut out, mut first) = (String::new(), 0);
        for entries in self.comparison.worlds() {
            let policies = &self.policies[first..first + entries.len()];
            first += entries.len();
            let Some((entry, policy)) =
                best(entries).and_then(|at| Some((&entries[at], policies[at].as_ref()?)))
            else {
                continue;
            };
            let _ = write!(
                out,
                "<figure class=\"wide\">\n<figcaption>{}: {}</figcaption>\n{}</figure>\n",
                escaped(&entry.world),
                escaped(&entry.agent),
                policy.picture()?
            );
        }
        match out.is_empty() {
            true => Ok(out),
            false => Ok(format!(
                "<section>\n<h2>Policies</h2>\n<p>The end of an episode of the best agent that learns.</p>\n\
                 {out}</section>\n"
            )),
        }
    }

    /// Players of a recorded episode for each world: of the agent with the best mean score.
    fn episodes(&self, registry: &Registry) -> Result<String> {
        let mut out = String::new();
        for entries in self.comparison.worlds() {
            let best = best(entries).map(|at| &entries[at]);
            let Some((best, folder)) = best.and_then(|best| Some((best, best.folders.first()?))) else {
                continue;
            };
            let file = folder.join(EPISODES);
            if !file.is_file() {
                continue;
            }
            let mut all = recordings::read(registry, &file)?;
            all.truncate(1);
            let Some(world) = all.first().map(|one| std::sync::Arc::clone(&one.world)) else { continue };
            let watch = Watch { title: best.world.clone(), recordings: all, ..Watch::new(world) };
            let mut viewer = Offscreen::new(watch, 0, PICTURE, true, &|_| {})?;
            let steps = viewer.steps();
            // In a script element `<` could end it, and `&` begins a reference in XML.
            let data = cells::cells(&mut viewer, TIMING)?.to_string();
            let data = data.replace('<', "\\u003c").replace('&', "\\u0026").replace('>', "\\u003e");
            let _ = write!(
                out,
                "<figure class=\"player\">\n<figcaption>{}: {}, seed {}, {steps} steps</figcaption>\n\
                 <canvas role=\"img\" aria-label=\"episode in {}\"></canvas>\n<div class=\"keys\">\
                 <button type=\"button\">Play</button><input type=\"range\" min=\"0\" value=\"0\" \
                 aria-label=\"time\"/></div>\n<script type=\"application/json\">{data}</script>\n</figure>\n",
                escaped(&best.world),
                escaped(&best.agent),
                best.seeds.first().copied().unwrap_or(0),
                escaped(&best.world)
            );
        }
        match out.is_empty() {
            true => Ok(out),
            false => Ok(format!("<section>\n<h2>Episodes</h2>\n{out}</section>\n")),
        }
    }

    /// Configuration of the first run of each entry.
    fn configurations(&self) -> Vec<(String, String)> {
        let of = |entry: &Entry| {
            let text = toml::to_string(&entry.job.config).unwrap_or_default();
            (format!("{} {}", entry.world, entry.agent), text)
        };
        self.comparison.entries.iter().map(of).collect()
    }
}

/// Table of what training cost, and of what the policies cost in use.
fn costs(entries: &[Entry], policies: &[Option<Trained>]) -> Table {
    let mut table = Table::new(vec![
        Column::text("world", 0),
        Column::text("agent", 0),
        Column::number("runs", 0),
        Column::number("steps", 0),
        Column::number("seconds by file times", 0),
        Column::number("size on disk", 0),
        Column::number("parameters", 0),
        Column::number("us an action", 0),
    ]);
    for (entry, policy) in entries.iter().zip(policies) {
        let parameters = policy.as_ref().and_then(|it| it.parameters);
        let microseconds = policy.as_ref().and_then(|it| it.microseconds);
        table.row([
            entry.world.clone(),
            entry.agent.clone(),
            entry.scores.len().to_string(),
            count(entry.steps as f64),
            format!("{:.1}", entry.seconds),
            size(entry.bytes),
            parameters.map_or("-".into(), |n| n.to_string()),
            microseconds.map_or("-".into(), |time| format!("{time:.2}")),
        ]);
    }
    table
}

/// Agents that do not learn.
const FIXED: [&str; 3] = ["random", "scripted", "reference"];

/// Position of the entry with the best mean score among the agents that learn, or among all if there are none.
fn best(entries: &[Entry]) -> Option<usize> {
    let value = |entry: &Entry| match (entry.mean, entry.lower_is_better) {
        (Some(mean), true) => -mean,
        (Some(mean), false) => mean,
        (None, _) => f64::NEG_INFINITY,
    };
    let learns = |&at: &usize| !FIXED.contains(&&*entries[at].job.config.agent);
    let none_learns = !(0..entries.len()).any(|at| learns(&at));
    let candidates = (0..entries.len()).filter(|at| none_learns || learns(at));
    candidates.max_by(|&a, &b| value(&entries[a]).total_cmp(&value(&entries[b])))
}

/// Versions of the program and the machine that wrote the report.
fn versions() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    format!("Freewheel {}; report written on {os} {arch} with {cores} cores.", crate::cli::VERSION)
}

/// Text for XML and HTML; control characters are shown as escapes.
fn escaped(text: &str) -> String {
    let text = output::plain(text);
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

impl Table {
    /// Table in HTML, with all columns; the cells are escaped.
    fn html(&self) -> String {
        let mut out = String::from("<table>\n<thead><tr>");
        for (name, right) in self.names() {
            let class = if right { " class=\"number\"" } else { "" };
            let _ = write!(out, "<th{class}>{}</th>", escaped(name));
        }
        out.push_str("</tr></thead>\n<tbody>\n");
        for row in self.rows() {
            out.push_str("<tr>");
            for (cell, (_, right)) in row.iter().zip(self.names()) {
                let class = if right { " class=\"number\"" } else { "" };
                let _ = write!(out, "<td{class}>{}</td>", escaped(cell));
            }
            out.push_str("</tr>\n");
        }
        out.push_str("</tbody>\n</table>\n");
        out
    }
}

#[cfg(test)]
mod tests;
