//! Coverage of 95 % intervals in simulated experiments: `coverage [EXPERIMENTS] [RESAMPLES]`.
//!
//! Prints a table in Markdown: for each shape of the scores and number of seeds, the part of the experiments whose
//! interval holds the true value.
#![allow(clippy::print_stdout)]

use freewheel_core::stats::interval::{Group, weighted_mean_interval};
use freewheel_core::stats::{Interval, aggregate_iqm, aggregate_mean, bootstrap, mean};
use freewheel_core::{Purpose, Stream, Streams};

/// Score of one run.
type Shape = fn(&mut Stream) -> f64;

fn choice(rng: &mut Stream, part: f64, one: (f64, f64), other: (f64, f64)) -> f64 {
    let (center, width) = if rng.uniform() < part { one } else { other };
    center + width * rng.normal()
}

const SHAPES: [(&str, Shape); 6] = [
    ("normal", |rng| rng.normal()),
    ("skewed: 1 - exponential", |rng| 1.0 + 0.1 * (1.0 - rng.uniform()).ln()),
    ("bounded: normal cut at the optimum", |rng| (0.95 + 0.1 * rng.normal()).min(1.0)),
    ("bounded: beta(5, 1)", |rng| rng.uniform().powf(0.2)),
    ("bimodal: half of the runs fail", |rng| choice(rng, 0.5, (0.9, 0.05), (0.2, 0.05))),
    ("bimodal: a fifth of the runs fails", |rng| choice(rng, 0.8, (0.95, 0.03), (0.1, 0.05))),
];

/// Mean, and mean of the middle half, of many scores.
fn truth(shape: Shape) -> [f64; 2] {
    let mut rng = Streams::new(1).stream(Purpose::Generation, 0, 0);
    let mut all: Vec<f64> = (0..2_000_000).map(|_| shape(&mut rng)).collect();
    // By position, since many scores may be equal.
    all.sort_unstable_by(f64::total_cmp);
    let middle = &all[500_000..1_500_000];
    [mean(&all), mean(middle)]
}

fn main() {
    let mut given = std::env::args().skip(1).filter_map(|arg| arg.parse::<usize>().ok());
    let experiments = given.next().unwrap_or(10_000);
    let resamples = given.next().unwrap_or(1000);
    println!("| scores | seeds | mean, studentized | mean, percentile | IQM, percentile |");
    println!("|---|---:|---:|---:|---:|");
    for (name, shape) in SHAPES {
        let [mean, iqm] = truth(shape);
        for seeds in [5, 10, 30] {
            let mut held = [0u32; 3];
            for experiment in 0..experiments as u64 {
                let mut rng = Streams::new(2).stream(Purpose::Generation, experiment, seeds);
                let tasks = [(0..seeds).map(|_| shape(&mut rng)).collect::<Vec<f64>>()];
                let streams = Streams::new(experiment);
                let group = Group { weight: 1.0, scores: &tasks[0] };
                let percentile = |statistic: fn(&[Vec<f64>]) -> f64| {
                    Some(bootstrap(&tasks, statistic, 0.95, resamples, streams))
                };
                let holds = |interval: Option<Interval>, value: f64| {
                    u32::from(interval.is_some_and(|it| it.low <= value && value <= it.high))
                };
                held[0] += holds(weighted_mean_interval(&[group], 0.95, resamples, streams), mean);
                held[1] += holds(percentile(aggregate_mean), mean);
                held[2] += holds(percentile(aggregate_iqm), iqm);
            }
            let [a, b, c] = held.map(|held| 100.0 * f64::from(held) / experiments as f64);
            println!("| {name} | {seeds} | {a:.1} % | {b:.1} % | {c:.1} % |");
        }
    }
}
