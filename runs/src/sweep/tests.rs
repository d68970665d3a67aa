use std::collections::HashSet;

use freewheel_core::{Purpose, Streams};

use super::journal::{Key, Results};
use super::search::{Search, Standing, Step};
use super::*;
use crate::Registry;
use crate::document::Document;

const TEXT: &str = r#"
name = "small"
worlds = ["grid/cliff"]
agents = ["q-learning"]
steps = 900
seeds = "0..2"

[sweep]
sampler = "tpe"
trials = 24
generation = 6
rungs = 3
factor = 3

[space]
learning_rate = { log = [0.01, 1.0] }
epsilon = { uniform = [0.0, 0.5] }
"#;

fn definition(registry: &Registry, text: &str) -> freewheel_core::Result<Definition> {
    Definition::new(registry, &Document::parse("sweep.toml", text)?)
}

/// Score that a run would have: best at a learning rate of 0.1, better with more steps, a little noise by the seed.
fn score(job: &crate::job::Job) -> Option<f64> {
    let config = &job.config;
    // The defaults have ramps.
    let of = |name: &str| config.agent_settings[name].as_float().unwrap_or(0.2);
    let far = (of("learning_rate").log10() + 1.0).abs() + of("epsilon");
    // Some settings diverge.
    (far < 1.3).then(|| config.steps as f64 / 900.0 - far + 0.01 * config.seed as f64)
}

/// Runs a search in which `pick` chooses the runs that end next; returns it with its results.
fn searched<'a>(
    registry: &'a Registry,
    definition: &'a Definition,
    mut pick: impl FnMut(usize) -> Vec<usize>,
) -> (Search<'a>, Results) {
    let (mut search, mut results) = (Search::new(registry, definition), Results::new());
    while let Step::Work(tasks) = search.next(&results).unwrap() {
        for at in pick(tasks.len()) {
            assert_eq!(tasks[at].key.steps, tasks[at].job.config.steps);
            results.insert(tasks[at].key.clone(), score(&tasks[at].job));
        }
    }
    (search, results)
}

#[test]
fn the_order_of_the_results_does_not_matter() {
    let registry = Registry::standard();
    for sampler in ["tpe", "random", "sobol"] {
        let text = TEXT.replace("\"tpe\"", &format!("\"{sampler}\""));
        let definition = definition(&registry, &text).unwrap();
        let (one, known) = searched(&registry, &definition, |count| (0..count).collect());
        for seed in 0..5 {
            let mut rng = Streams::new(seed).stream(Purpose::Data, 0, 0);
            let (other, again) = searched(&registry, &definition, |count| {
                // A few runs in any order.
                let count = count as u32;
                (0..1 + rng.below(3)).map(|_| rng.below(count) as usize).collect()
            });
            assert_eq!(one.standings, other.standings, "{sampler}");
            assert_eq!(known, again);
            let points =
                |search: &Search<'_>| search.trials.iter().map(|one| one.point.clone()).collect::<Vec<_>>();
            assert_eq!(points(&one), points(&other));
        }
        let best = one.best().unwrap();
        let rate = best.job.config.agent_settings["learning_rate"].as_float().unwrap();
        assert!((0.02..0.5).contains(&rate), "{sampler}: {rate}");
    }
}

/// 4 generations of 6 trials with 2 seeds: all at the first rung, a third at the second, one at the last.
#[test]
fn halving_trains_the_best_third_further() {
    let registry = Registry::standard();
    let definition = definition(&registry, &TEXT.replace("\"tpe\"", "\"sobol\"")).unwrap();
    assert_eq!(definition.rungs(&definition.defaults.config), [100, 300, 900]);
    let (search, results) = searched(&registry, &definition, |count| (0..count).collect());
    let confirm: HashSet<u64> = definition.confirm.iter().copied().collect();
    let seed = |key: &Key| key.run.rsplit('-').next().unwrap().parse::<u64>().unwrap();
    let at =
        |steps: u64| results.keys().filter(|key| key.steps == steps && !confirm.contains(&seed(key))).count();
    assert_eq!((at(100), at(300), at(900)), (48, 16, 8));
    assert_eq!(results.keys().filter(|key| confirm.contains(&seed(key))).count(), 20);
    assert_eq!(definition.confirm, (2..12).collect::<Vec<u64>>());
    let reached = |rung: usize| search.standings.iter().filter(|one| one.rung == rung).count();
    assert_eq!([reached(0), reached(1), reached(2)], [16, 4, 4]);
    // The order is that of the rungs, then that of the scores; what diverged is last.
    let worse = |pair: &[Standing]| {
        let [a, b] = pair else { unreachable!() };
        a.rung > b.rung || (a.rung == b.rung && (b.score.is_none() || a.score >= b.score))
    };
    assert!(search.standings.windows(2).all(worse), "{:?}", search.standings);
}

#[test]
fn rungs_of_a_run_begin_like_the_whole_run() {
    let registry = Registry::standard();
    let definition = definition(&registry, TEXT).unwrap();
    let mut search = Search::new(&registry, &definition);
    let Step::Work(tasks) = search.next(&Results::new()).unwrap() else { panic!("no work") };
    let (short, whole) = (&tasks[0].job.config, &search.trials[0].job.config);
    assert_eq!((short.steps, short.schedule(), whole.steps), (100, 900, 900));
    assert_eq!(short.folder(), whole.folder());
    assert_eq!(short.with_steps(900), *whole);
}

#[test]
fn faulty_sweeps_have_errors_with_lines() {
    let registry = Registry::standard();
    for (from, to, expected) in [
        ("trials = 24", "trials = 0", "sweep.toml:10:1: `trials` = 0: it must be at least 1"),
        ("factor = 3", "factor = 1", "sweep.toml:13:1: `factor` = 1: it must be at least 2"),
        ("rungs = 3", "rung = 3", "sweep.toml:12:1: |unknown setting `rung`"),
        ("log = [0.01, 1.0]", "log = [1.0, 0.01]", "sweep.toml:16:1: `learning_rate`: the first bound"),
        ("log = [0.01, 1.0]", "uniform = [0.5, 7.0]", "sweep.toml:16:1: at 7.0: |learning_rate = 7"),
        ("epsilon = {", "epsilom = {", "sweep.toml:17:1: at 0.0: |unknown setting `epsilom`"),
        ("epsilon = {", "\"gamma.from\" = {", "`gamma` is not a table"),
        ("[\"q-learning\"]", "[\"q-learning\", \"sarsa\"]", "one agent in one world"),
        ("[space]", "[spaces]", "write [space]"),
        ("factor = 3", "factor = 3\nconfirm = \"1..9\"", "seed 1 is one of the trials' seeds"),
    ] {
        let error = definition(&registry, &TEXT.replace(from, to)).err().unwrap().to_string();
        assert!(expected.split('|').all(|part| error.contains(part)), "{to}: {error}");
    }
}

#[test]
fn an_entry_of_a_table_keeps_the_others() {
    let registry = Registry::standard();
    let text = TEXT
        .replace("epsilon = {", "\"epsilon.from\" = {")
        .replace("[sweep]", "[agent]\nepsilon = { from = 1.0, to = 0.1, over = 0.5 }\n\n[sweep]");
    let definition = definition(&registry, &text).unwrap();
    let job = definition.job(&registry, &definition.values(&[0.5, 0.5])).unwrap();
    let epsilon = job.config.agent_settings["epsilon"].as_table().unwrap();
    assert_eq!((epsilon["from"].as_float(), epsilon["to"].as_float()), (Some(0.25), Some(0.1)));
    assert_eq!(job.config.agent_settings["learning_rate"].as_float(), Some(0.1));
}

#[test]
fn tasks_are_numbered_from_one() {
    assert_eq!("2/8".parse::<TaskId>(), Ok(TaskId { index: 2, count: 8 }));
    for wrong in ["0/8", "9/8", "8", "1/0", "a/b", ""] {
        assert!(wrong.parse::<TaskId>().is_err(), "{wrong}");
    }
}
