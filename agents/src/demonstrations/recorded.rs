//! Recorded episodes of the small worlds of the tests.

use std::sync::Arc;

use freewheel_core::demonstrations::{Demonstration, DemonstrationSet, Label, Source, WorldHeader};
use freewheel_core::record::RecordedActions;
use freewheel_core::{Ending, Env, Purpose, Stream, Streams};

use crate::tabular::graph::Graph;

/// Episodes of `graph`, played by `policy` (state, stream of random numbers) for at most `max_steps` steps each.
pub(crate) fn record(
    graph: &Graph,
    episodes: u64,
    max_steps: usize,
    seed: u64,
    policy: impl Fn(usize, &mut Stream) -> u32,
) -> Arc<DemonstrationSet> {
    let spec = Graph::spec(graph);
    let play = |number: u64| {
        let mut rng = Streams::new(seed).stream(Purpose::DemonstrationAction, 0, number);
        let mut state = graph.reset(&mut rng);
        let (mut observations, mut legal) = (Vec::new(), Vec::new());
        let (mut actions, mut rewards) = (Vec::new(), Vec::new());
        let mut look = |state: usize| {
            let mut obs = vec![0.0; spec.observation.len()];
            graph.observe(&state, &mut obs);
            observations.extend(obs);
            if spec.masked {
                let mut mask = vec![true; spec.actions.count()];
                graph.legal(&state, &mut mask);
                legal.extend(mask);
            }
        };
        let mut ending = Ending::Truncated;
        look(state);
        while actions.len() < max_steps {
            let action = policy(state, &mut rng);
            let step = graph.step(&mut state, action, &mut rng);
            actions.push(action);
            rewards.push(step.reward);
            look(state);
            if step.ending.is_over() {
                ending = step.ending;
                break;
            }
        }
        let mut discount = 1.0;
        let mut episode_return = 0.0;
        for &reward in &rewards {
            episode_return += discount * f64::from(reward);
            discount *= spec.gamma;
        }
        Demonstration {
            label: Label::of(Source::Scripted, "test"),
            origin: None,
            opening: RecordedActions::Discrete(Vec::new()),
            observations,
            legal,
            to_play: Vec::new(),
            actions: RecordedActions::Discrete(actions),
            rewards,
            ending,
            episode_return,
            score: episode_return,
        }
    };
    let header = WorldHeader::of(spec, "test/graph", serde_json::Value::Null);
    let set = DemonstrationSet { header, episodes: (0..episodes).map(play).collect() };
    assert!(set.episodes.iter().all(|episode| episode.check(&set.header).is_ok()));
    Arc::new(set)
}

/// Both sets together.
pub(crate) fn together(a: &DemonstrationSet, b: &DemonstrationSet) -> Arc<DemonstrationSet> {
    let mut all = a.clone();
    all.merge(b.clone()).unwrap();
    Arc::new(all)
}

/// Shortest path of the cliff world along the edge: up, right and down, with the return -13.
pub(crate) fn along_the_cliff(state: usize) -> u32 {
    match state {
        36 => 0,
        35 => 2,
        _ => 1,
    }
}
