//! Insights of all agents agree with their greedy actions.

use freewheel_core::{ActionBuffer, InsightKind, PolicyMode, Purpose, Streams};

use super::{settings, suits, with_planning, world};
use crate::{Budget, all};

#[test]
fn the_best_action_of_an_insight_is_the_greedy_action() {
    let mut seen = 0;
    for factory in all() {
        let id = factory.id().to_owned();
        for kind in 0..6 {
            let mut envs = world(kind, 2, 4);
            let continuous = envs.spec().actions.count() == 0;
            let off_policy = ["sac", "td3"].contains(&&*id);
            let deep = with_planning().any(|deep| deep == id) || off_policy;
            // Offline agents need demonstrations.
            let fixed = ["random", "scripted", "reference", "bc", "deep-bc", "iql"].contains(&&*id);
            if fixed || off_policy != continuous && (off_policy || !deep) || !suits(&id, envs.spec()) {
                continue;
            }
            let text = if deep { settings(&id, 1) } else { "" };
            let budget = Budget { steps: 400, num_envs: 2 };
            let spec = envs.spec().clone();
            let mut agent = factory.build(&spec, &text.parse().unwrap(), budget, Streams::new(1)).unwrap();
            agent.learn(&mut *envs, 120).unwrap();
            let policy = agent.policy(PolicyMode::Greedy);
            let view = envs.view();
            let (obs, legal) = (view.obs_row(0), view.legal_row(0));
            let mut memory = vec![0.0; policy.memory_len()];
            let Some(insight) = policy.insight(obs, legal, &memory) else {
                // A table of a growing discretizer may not have met the observation.
                assert!(!deep, "{id}");
                continue;
            };
            let mut actions = ActionBuffer::for_spec(&spec, 1);
            let mut rngs = [Streams::new(0).stream(Purpose::Action, 0, 0)];
            policy.act_with_memory(obs, legal, &mut memory, &mut rngs, &mut actions);
            match actions {
                ActionBuffer::Discrete(action) => {
                    assert_eq!(insight.best(legal), Some(action[0] as usize), "{id} {kind} {insight:?}");
                }
                ActionBuffer::Continuous(action) => {
                    assert_eq!(insight.continuous.len(), action.len());
                    for (a, d) in action.iter().zip(&insight.continuous) {
                        assert!((a - d.mean).abs() < 1e-5 && d.std >= 0.0, "{id} {kind} {insight:?}");
                    }
                }
            }
            if insight.kind == Some(InsightKind::Probabilities) {
                assert!((insight.per_action.iter().sum::<f32>() - 1.0).abs() < 1e-5, "{id} {insight:?}");
            }
            seen += 1;
        }
    }
    // Seven tables and five networks in five worlds, less the games of recurrent networks; continuous actions.
    assert!(seen > 45, "{seen}");
}
