//! Tables of a comparison, and sentences about what may and may not be said.

use freewheel_core::stats::Interval;
use freewheel_core::stats::sequential::Decision;

use super::{Comparison, Entry, Pair, design};
use crate::format::{count, decimal, decimal_or_dash, interval_or_dash};
use crate::score_scale::Reference;
use crate::table::{Column, Table};

/// Size as `950 B`, `12 KB` or `3.4 MB`.
pub(crate) fn size(bytes: u64) -> String {
    format!("{}B", count(bytes as f64).replace(" k", " K").replace(' ', "\u{a0}")).replace('\u{a0}', " ")
}

/// Interval whose ends are the same number: it has no meaning.
fn is_point(interval: Option<Interval>) -> bool {
    interval.is_some_and(|interval| interval.low == interval.high)
}

impl Comparison {
    /// Table of the scores in each world.
    pub(crate) fn scores_table(&self) -> Table {
        let has_tolerance = self.entries.iter().any(|entry| entry.tolerance.is_some());
        let mut columns = vec![
            Column::text("world", 0),
            Column::text("agent", 0),
            Column::number("seeds", 0),
            Column::number("mean", 0),
            Column::number("95 % interval", 0),
            Column::number("IQM", 2),
            Column::number("reference", 1),
            Column::number("baseline", 3),
            Column::number("steps to half", 4),
        ];
        columns.extend(has_tolerance.then(|| Column::number("80 % of all runs", 5)));
        let mut table = Table::new(columns);
        for entry in &self.entries {
            let seeds = match entry.unfinished {
                0 => entry.seeds.len().to_string(),
                more => format!("{} of {}", entry.seeds.len(), entry.seeds.len() + more),
            };
            let mut row = vec![
                entry.world.clone(),
                entry.agent.clone(),
                seeds,
                decimal_or_dash(entry.mean),
                interval_or_dash(entry.interval),
                decimal_or_dash(entry.iqm),
                entry.reference.map_or("-".into(), Reference::to_text),
                decimal_or_dash(entry.baseline.as_ref().map(|baseline| baseline.value)),
                entry.steps_to_half.map_or("-".into(), count),
            ];
            row.extend(has_tolerance.then(|| interval_or_dash(entry.tolerance)));
            table.row(row);
        }
        table
    }

    /// Table over the shared worlds; `None` for fewer than two.
    pub(crate) fn overall_table(&self) -> Option<Table> {
        let mut table = Table::new(vec![
            Column::text("agent", 0),
            Column::number("mean", 0),
            Column::number("95 % interval", 0),
            Column::number("median", 2),
            Column::number("IQM", 0),
            Column::number("95 % interval of the IQM", 1),
            Column::number("optimality gap", 3),
        ]);
        for row in &self.overall {
            table.row([
                row.agent.clone(),
                format!("{:.3}", row.mean),
                interval_or_dash(row.interval),
                format!("{:.3}", row.median),
                format!("{:.3}", row.iqm),
                interval_or_dash(row.iqm_interval),
                format!("{:.3}", row.optimality_gap),
            ]);
        }
        (!self.overall.is_empty()).then_some(table)
    }

    /// Table of the pairs; `None` without pairs.
    pub(crate) fn pairs_table(&self) -> Option<Table> {
        let mut table = Table::new(vec![
            Column::text("world", 0),
            Column::text("first", 0),
            Column::text("second", 0),
            Column::number("difference", 0),
            Column::number("95 % interval", 1),
            Column::number("P(better)", 0),
            Column::text("test", 0),
        ]);
        for pair in &self.pairs {
            table.row([
                pair.world.clone().unwrap_or_else(|| "all".into()),
                pair.agents[0].clone(),
                pair.agents[1].clone(),
                decimal(pair.difference),
                interval_or_dash(pair.interval),
                format!("{:.2}", pair.probability_of_improvement),
                match pair.verdict.decision {
                    Decision::Higher => format!("first better ({} seeds)", pair.verdict.runs),
                    Decision::Lower => format!("second better ({} seeds)", pair.verdict.runs),
                    Decision::NotShown => "no difference shown".into(),
                    Decision::Open => "open: more seeds".into(),
                },
            ]);
        }
        (!self.pairs.is_empty()).then_some(table)
    }

    /// Sentences about what the scores show, one a line.
    pub(crate) fn sentences(&self) -> Vec<String> {
        let mut all = self.decided();
        all.extend(self.not_shown());
        all.extend(self.open());
        all.extend(self.weaknesses());
        if self.pairs.is_empty() {
            all.push("There is one agent in each world: nothing is compared.".into());
        }
        if self.overall.is_empty() && self.worlds().count() > 1 && !self.pairs.is_empty() {
            all.push(
                "Nothing is said over all worlds: fewer than two worlds have a reference, a baseline and \
                 finished runs of all agents."
                    .into(),
            );
        }
        if !self.pairs.is_empty() {
            all.push(format!(
                "Each decision is about the mean score with these settings and this number of steps. The family-wise \
                 error is {:.0} % in each world, not over all worlds together.",
                100.0 * design().alpha
            ));
        }
        all
    }

    /// One sentence for each agent that is better than others in a world.
    fn decided(&self) -> Vec<String> {
        let mut found: Vec<(&str, &str, Vec<Won<'_>>)> = Vec::new();
        for pair in self.pairs.iter().filter(|pair| pair.is_decided()) {
            let [mut better, mut worse] = pair.agents.each_ref();
            let mut probability = pair.probability_of_improvement;
            if pair.verdict.decision == Decision::Lower {
                (better, worse, probability) = (worse, better, 1.0 - probability);
            }
            let won = Won { worse, probability, seeds: pair.verdict.runs };
            match found.iter_mut().find(|(at, agent, _)| *at == place(pair) && agent == better) {
                Some((_, _, all)) => all.push(won),
                None => found.push((place(pair), better, vec![won])),
            }
        }
        found.into_iter().map(|(at, better, all)| better_than(at, better, &all)).collect()
    }

    /// One sentence for all entries of a world whose intervals say little for the same reason.
    fn weaknesses(&self) -> Vec<String> {
        let mut found: Vec<(String, &str, Vec<&str>)> = Vec::new();
        for entry in &self.entries {
            let Some(why) = weakness(entry) else { continue };
            match found.iter_mut().find(|(other, world, _)| *other == why && *world == entry.world) {
                Some((_, _, agents)) => agents.push(&entry.agent),
                None => found.push((why, &entry.world, vec![&entry.agent])),
            }
        }
        let sentence =
            |(why, world, agents): (String, &str, Vec<&str>)| format!("{world}: {}: {why}", listed(&agents));
        found.into_iter().map(sentence).collect()
    }

    fn not_shown(&self) -> Vec<String> {
        let pairs = self.pairs.iter().filter(|pair| pair.verdict.decision == Decision::NotShown);
        pairs
            .map(|pair| {
                let [a, b] = &pair.agents;
                let most = design().most();
                let within = pair.interval.map_or(String::new(), |it| {
                    format!("; a difference between {} and {} is possible", decimal(it.low), decimal(it.high))
                });
                format!(
                    "{}: with {most} seeds no difference of {a} and {b} is shown{within}. This does not say that \
                     they are equal.",
                    place(pair)
                )
            })
            .collect()
    }

    /// One sentence for all open pairs of a world: they need the same seeds.
    fn open(&self) -> Vec<String> {
        let open: Vec<&Pair> =
            self.pairs.iter().filter(|pair| pair.verdict.decision == Decision::Open).collect();
        let worlds = open.chunk_by(|a, b| a.world == b.world);
        worlds
            .map(|pairs| {
                let group = design().group;
                let names = pairs.iter().map(|pair| pair.agents.join(" and ")).collect::<Vec<_>>();
                let shown = match names.len() {
                    0..=3 => names.join(", "),
                    n => format!("{} and {} more pairs", names[..3].join(", "), n - 3),
                };
                let seeds = pairs.iter().map(|pair| pair.seeds).min().unwrap_or(0);
                let next = (seeds / group + 1) * group;
                format!(
                    "{}: not decided: {shown}. More seeds are needed: train to {next} seeds each (--seeds 0..{next}) \
                     and compare again. The test ends after {} seeds at the latest.",
                    place(pairs[0]),
                    design().most()
                )
            })
            .collect()
    }
}

fn place(pair: &Pair) -> &str {
    pair.world.as_deref().unwrap_or("Over all worlds")
}

/// Comparison that an agent has won.
struct Won<'a> {
    worse: &'a str,
    /// Probability that a run of the better agent is better.
    probability: f64,
    /// Seeds after which the test has decided.
    seeds: usize,
}

fn better_than(place: &str, better: &str, all: &[Won<'_>]) -> String {
    let worse: Vec<&str> = all.iter().map(|won| won.worse).collect();
    let seeds = || all.iter().map(|won| won.seeds);
    let (fewest, most) = (seeds().min().unwrap_or(0), seeds().max().unwrap_or(0));
    let seeds = if fewest == most { most.to_string() } else { format!("{fewest} to {most}") };
    let probability = all.iter().map(|won| won.probability).fold(1.0, f64::min);
    let bound = if all.len() > 1 { "at least " } else { "" };
    format!(
        "{place}: {better} is better than {}, decided with {seeds} seeds; its run is the better one with probability \
         {bound}{probability:.2}.",
        listed(&worse)
    )
}

/// Names as `a`, `a and b`, or `a, b and c`.
fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// Reason why the interval of an entry says little; `None` for the others.
fn weakness(entry: &Entry) -> Option<String> {
    let n = entry.scores.len();
    match n {
        0 => Some("no finished run; not compared.".into()),
        1 => Some("one seed, therefore no interval.".into()),
        _ if is_point(entry.interval) => Some(format!(
            "all {n} scores are equal. The interval is a point and says nothing about rare failures: with {n} seeds, \
             failures of up to {:.0} % of the runs may go unseen.",
            // Largest part p of failing runs with (1 - p)^n >= 0.05.
            100.0 * (1.0 - 0.05f64.powf(1.0 / n as f64))
        )),
        _ if entry.unfinished > 0 => Some(format!(
            "{} of {} runs have no score (interrupted or diverged). If they diverged, the mean is too good.",
            entry.unfinished,
            n + entry.unfinished
        )),
        2..=4 => Some(format!("{n} seeds; the test needs {}.", design().group)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::all_pairs;
    use super::*;

    fn comparison(agents: &[(&str, &[f64])]) -> Comparison {
        let tasks: Vec<(String, Vec<Vec<f64>>)> =
            agents.iter().map(|(name, scores)| ((*name).to_owned(), vec![scores.to_vec()])).collect();
        let pairs = all_pairs(Some("grid/cliff"), &tasks);
        Comparison { entries: Vec::new(), shared: Vec::new(), overall: Vec::new(), pairs }
    }

    #[test]
    fn words_follow_the_test() {
        let (high, low, alike) =
            ([5.0, 5.1, 5.2, 5.3, 5.4], [1.0, 1.1, 1.2, 1.3, 1.4], [5.0, 5.2, 5.1, 5.35, 5.3]);
        let it = comparison(&[("low", &low), ("high", &high), ("alike", &alike)]);
        let text = it.sentences().join("\n");
        assert!(text.contains("grid/cliff: high is better than low, decided with 5 seeds"), "{text}");
        assert!(text.contains("with probability 1.00"), "{text}");
        assert!(text.contains("grid/cliff: not decided: high and alike."), "{text}");
        assert!(text.contains("--seeds 0..10"), "{text}");
        assert_eq!(it.pairs.iter().filter(|pair| pair.is_decided()).count(), 2);
        let lowest = comparison(&[("high", &high), ("low", &low), ("alike", &alike)]);
        let text = lowest.sentences().join("\n");
        assert!(text.contains("high is better than low, decided"), "{text}");
        assert_eq!(
            [listed(&["a"]), listed(&["a", "b"]), listed(&["a", "b", "c"])],
            ["a", "a and b", "a, b and c"]
        );
        let three = comparison(&[("low", &low[..3]), ("high", &high[..3])]).sentences().join("\n");
        assert!(!three.contains("is better") && three.contains("train to 5 seeds"), "{three}");
    }

    #[test]
    fn the_last_look_ends_the_test() {
        let scores = |shift: f64| (0..25).map(|i| f64::from(i * 7 % 25) + shift).collect::<Vec<f64>>();
        let text = comparison(&[("a", &scores(0.0)), ("b", &scores(0.5))]).sentences().join("\n");
        assert!(text.contains("with 25 seeds no difference of a and b is shown"), "{text}");
        assert!(text.contains("does not say that they are equal"), "{text}");
    }

    #[test]
    fn sizes() {
        assert_eq!([size(12), size(12_345), size(3_400_000)], ["12B", "12 KB", "3.4 MB"]);
    }
}
