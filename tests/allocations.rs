//! A step of a world allocates no memory: rules, observation and mask write into existing buffers.

use std::sync::Arc;

use allocation_counter::measure;
use freewheel::Registry;
use freewheel_core::{Actions, DynWorld, Purpose, Streams, World};
use freewheel_envs::market::replay::{Replay, Settings, random_walk};
use toml::Table;

/// Number of measured steps of each world; the first steps, which may allocate, come before them.
const STEPS: usize = 3000;
const FIRST: usize = 50;

/// Number of allocations in random steps. Steps that end an episode, which store a summary and reset, are not counted.
fn allocations(world: &Arc<dyn DynWorld>) -> u64 {
    let mut batch = world.vector_env(1, Streams::new(1), Purpose::Environment, 0);
    let mut rng = Streams::new(1).stream(Purpose::Action, 0, 0);
    let mut numbers = vec![0.0; world.spec().actions.dimensions()];
    let mut allocated = 0;
    for step in 0..FIRST + STEPS {
        let legal = batch.view().legal_row(0);
        let action = match legal.iter().filter(|&&legal| legal).count() as u32 {
            0 => 0,
            count => {
                let pick = rng.below(count) as usize;
                (0..).zip(legal).filter(|(_, legal)| **legal).nth(pick).unwrap().0
            }
        };
        numbers.fill_with(|| 2.0 * rng.uniform() as f32 - 1.0);
        let actions = [action];
        let actions =
            if numbers.is_empty() { Actions::Discrete(&actions) } else { Actions::Continuous(&numbers) };
        let found = measure(|| batch.step(actions).unwrap());
        if step >= FIRST && !batch.view().ending[0].is_over() {
            allocated += found.count_total;
        }
    }
    allocated
}

#[test]
fn no_step_allocates() {
    let registry = Registry::standard();
    let build = |id: &str, settings: &str| registry.build_world(id, &settings.parse::<Table>().unwrap());
    // All worlds without required settings; synthetic markets and circuits are among them.
    let mut worlds: Vec<(String, Arc<dyn DynWorld>)> = registry
        .worlds()
        .into_iter()
        .filter_map(|info| Some((info.id.clone(), build(&info.id, "").ok()?)))
        .collect();
    assert!(worlds.len() > 30, "{}", worlds.len());
    for (id, settings) in [
        ("go/9x9", "opponent = 'self'"),
        ("go/9x9", "opponent = 'self'\nko = 'situational'\nhistory = 8"),
        ("go/9x9", "opponent = 'greedy'\nruleset = 'chinese'"),
        ("track/club", "actions = 'continuous'"),
        ("track/club", "observation = 'rays'\nmodel = 'st'\nstart = 'anywhere'"),
        ("market/regime", "actions = 'continuous'"),
        ("market/making", "actions = 'continuous'"),
    ] {
        worlds.push((format!("{id} {settings}"), build(id, settings).unwrap()));
    }
    let settings = Settings::default();
    let prices = random_walk(1000, &settings).unwrap();
    worlds.push(("replay".into(), Replay::<u32>::new("market/replay", prices, &settings).unwrap().shared()));
    for (name, world) in worlds {
        assert_eq!(allocations(&world), 0, "{name}");
    }
    // The counter of allocations works.
    assert_eq!(measure(|| drop(vec![1])).count_total, 1);
}
