//! Errors and savings of the group-sequential test in simulated experiments: `sequential [EXPERIMENTS] [PERMUTATIONS]`.
//!
//! Prints a table in Markdown. *Wrong* is the part of the experiments in which at least one pair of equal agents, or a
//! pair in the wrong direction, is decided. *Saved* is the part of the runs that are not made, against 25 seeds for
//! each agent; an agent gets seeds until all its pairs are decided.
#![allow(clippy::print_stdout)]

use freewheel_core::stats::sequential::{Decision, Design, compare};
use freewheel_core::{Purpose, Stream, Streams};

/// Score of one run of an agent that is `better` by this much.
type Shape = fn(&mut Stream, f64) -> f64;

const SHAPES: [(&str, Shape); 4] = [
    ("normal, sd 1", |rng, better| better + rng.normal()),
    ("skewed: 1 - exponential", |rng, better| better + (1.0 - rng.uniform()).ln()),
    ("bimodal: half of the runs fail", |rng, better| {
        let center = if rng.uniform() < 0.5 { 1.0 } else { -1.0 };
        better + center + 0.1 * rng.normal()
    }),
    ("many ties: rounded normal", |rng, better| (better + rng.normal()).round()),
];

/// Mean scores of the agents of an experiment.
const QUESTIONS: [(&str, &[f64]); 4] = [
    ("two equal agents", &[0.0, 0.0]),
    ("five equal agents", &[0.0; 5]),
    ("two groups of equal agents, 2 apart", &[0.0, 0.0, 2.0, 2.0, 2.0]),
    ("five agents, 2 apart each", &[0.0, 2.0, 4.0, 6.0, 8.0]),
];

fn main() {
    let mut given = std::env::args().skip(1).filter_map(|arg| arg.parse::<usize>().ok());
    let experiments = given.next().unwrap_or(2000);
    let design =
        Design { permutations: given.next().unwrap_or(Design::default().permutations), ..Design::default() };
    println!("| agents | scores | wrong | true differences decided | runs saved |");
    println!("|---|---|---:|---:|---:|");
    for (question, means) in QUESTIONS {
        let agents = means.len();
        let pairs: Vec<(usize, usize)> =
            (0..agents).flat_map(|a| (a + 1..agents).map(move |b| (a, b))).collect();
        let different = pairs.iter().filter(|&&(a, b)| means[a] != means[b]).count();
        for (name, shape) in SHAPES {
            let (mut wrong, mut decided, mut runs) = (0usize, 0usize, 0usize);
            for experiment in 0..experiments as u64 {
                let mut rng = Streams::new(3).stream(Purpose::Generation, experiment, agents as u64);
                let mut runs_of =
                    |&better: &f64| vec![(0..design.most()).map(|_| shape(&mut rng, better)).collect()];
                let scores: Vec<Vec<Vec<f64>>> = means.iter().map(&mut runs_of).collect();
                let verdicts = compare(&scores, &pairs, &design, Streams::new(experiment));
                // 1: decided as it is; -1: decided wrongly; 0: not decided.
                let judged = pairs.iter().zip(&verdicts).map(|(&(a, b), verdict)| {
                    let true_sign = (means[a] - means[b]).partial_cmp(&0.0).map_or(0, |order| order as i32);
                    match verdict.decision {
                        Decision::Higher => {
                            if true_sign > 0 {
                                1
                            } else {
                                -1
                            }
                        }
                        Decision::Lower => {
                            if true_sign < 0 {
                                1
                            } else {
                                -1
                            }
                        }
                        Decision::NotShown | Decision::Open => 0,
                    }
                });
                let judged: Vec<i32> = judged.collect();
                wrong += usize::from(judged.contains(&-1));
                decided += judged.iter().filter(|&&it| it == 1).count();
                for agent in 0..agents {
                    let of_agent =
                        pairs.iter().zip(&verdicts).filter(|((a, b), _)| *a == agent || *b == agent);
                    runs += of_agent.map(|(_, verdict)| verdict.runs).max().unwrap_or(0);
                }
            }
            let part = |n: usize, of: usize| 100.0 * n as f64 / of as f64;
            let power = match different {
                0 => "-".to_owned(),
                _ => format!("{:.1} %", part(decided, different * experiments)),
            };
            println!(
                "| {question} | {name} | {:.1} % | {power} | {:.0} % |",
                part(wrong, experiments),
                100.0 - part(runs, agents * design.most() * experiments)
            );
        }
    }
}
