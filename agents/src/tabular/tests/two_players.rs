//! Self-play in a two-player game: the sign of values changes with the player.

use std::sync::Arc;

use freewheel_core::{Batch, Env, Player, PolicyMode, Purpose, Spec, Step, Stream, Streams};

use super::super::exploration::max;
use crate::{Budget, all};

/// Take-away game: a player takes 1, 2 or 3 of the remaining items; taking the last one wins. After taking 2 the player
/// moves again.
pub(crate) struct TakeAway(pub(crate) Spec);

pub(crate) const FIRST: u32 = 9;

pub(crate) fn take_away() -> Arc<TakeAway> {
    let spec = Spec::discrete("test/take-away", FIRST as usize + 1, &["one", "two", "three"]);
    Arc::new(TakeAway(Spec { masked: true, players: 2, ..spec }))
}

impl Env for TakeAway {
    type State = (u32, Player);
    type Action = u32;

    fn spec(&self) -> &Spec {
        &self.0
    }

    fn reset(&self, rng: &mut Stream) -> Self::State {
        (1 + rng.below(FIRST), Player::First)
    }

    fn step(&self, (left, player): &mut Self::State, action: u32, _: &mut Stream) -> Step {
        *left -= action + 1;
        if *left == 0 {
            return Step::termination(1.0);
        }
        if action != 1 {
            *player = player.other();
        }
        Step::transition(0.0)
    }

    fn observe(&self, (left, _): &Self::State, out: &mut [f32]) {
        out[0] = *left as f32;
    }

    fn legal(&self, (left, _): &Self::State, out: &mut [bool]) {
        out.iter_mut().zip(1..).for_each(|(legal, taken)| *legal = taken <= *left);
    }

    fn to_play(&self, (_, player): &Self::State) -> Player {
        *player
    }
}

/// Optimal action value of taking `taken` of `left` items, by exhaustive search.
pub(crate) fn action_value(left: u32, taken: u32) -> f64 {
    match left - taken {
        0 => 1.0,
        rest => {
            let best =
                (1..=3.min(rest)).map(|next| action_value(rest, next)).fold(f64::NEG_INFINITY, f64::max);
            0.9 * if taken == 2 { best } else { -best }
        }
    }
}

#[test]
fn every_agent_learns_a_game_against_itself() {
    let ids = ["q-learning", "sarsa", "expected-sarsa", "double-q", "q-lambda", "n-step-sarsa", "dyna-q"];
    for id in ids {
        let factory = all().into_iter().find(|agent| agent.id() == id).unwrap();
        let env = take_away();
        let budget = Budget { steps: 60_000, num_envs: 2 };
        let text =
            "gamma = 0.9\nlearning_rate = { from = 0.5, to = 0.02 }\nepsilon = { from = 1.0, to = 0.02 }";
        let mut agent = factory.build(&env.0, &text.parse().unwrap(), budget, Streams::new(1)).unwrap();
        let mut batch = Batch::new(Arc::clone(&env), 2, Streams::new(1), Purpose::Environment, 0);
        agent.learn(&mut batch, budget.steps).unwrap();
        let policy = agent.policy(PolicyMode::Greedy);
        for left in 1..=FIRST {
            let mut legal = [false; 3];
            env.legal(&(left, Player::First), &mut legal);
            let mut values = [0.0; 3];
            assert!(policy.action_values(&[left as f32], &legal, &mut values));
            let of = |taken: u32| action_value(left, taken);
            let best = (1..=3.min(left)).map(of).fold(f64::NEG_INFINITY, f64::max);
            let values = values.map(f64::from);
            let chosen = (1..=3.min(left)).find(|&taken| values[taken as usize - 1] == max(&values, &legal));
            // Off-policy agents learn the optimal values; the others only the optimal actions.
            let off_policy = ["q-learning", "double-q", "dyna-q"].contains(&id);
            assert!((of(chosen.unwrap()) - best).abs() < 1e-9, "{id}: {left} left, {values:?}");
            assert!(!off_policy || (max(&values, &legal) - best).abs() < 0.02, "{id}: {left}, {values:?}");
        }
    }
}
