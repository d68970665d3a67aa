//! Figures from the literature, and figures computed from the published definitions with another program.

use freewheel_core::{Certainty, PolicyClass};

use super::random::{total, uniform};
use super::worlds::*;
use super::*;

#[track_caller]
fn all_close(found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    for (s, (f, e)) in found.iter().zip(expected).enumerate() {
        assert!((f - e).abs() <= tolerance, "state {s}: {f} is not {e}: {found:?}");
    }
}

/// Sutton & Barto, 2nd edition, Figure 4.1.
#[test]
fn example_4_1_random() {
    let solution = solve(&corners(), endless(PolicyClass::Random, 1.0));
    let expected: [f64; 16] =
        [0, 14, 20, 22, 14, 18, 20, 20, 20, 20, 18, 14, 22, 20, 14, 0].map(|v| -f64::from(v));
    all_close(&solution.values, &expected, 1e-12);
}

/// Sutton & Barto, Figure 3.2, to four digits.
#[test]
fn example_3_5_random() {
    let expected = [
        3.3090, 8.7893, 4.4276, 5.3224, 1.4922, 1.5216, 2.9923, 2.2501, 1.9076, 0.5474, 0.0508, 0.7382,
        0.6731, 0.3582, -0.4031, -0.9736, -0.4355, -0.3549, -0.5856, -1.1831, -1.8577, -1.3452, -1.2293,
        -1.4229, -1.9752,
    ];
    all_close(&solve(&teleports(), endless(PolicyClass::Random, 0.9)).values, &expected, 5.1e-5);
}

/// Sutton & Barto, Figure 3.5, to four digits.
#[test]
fn example_3_8_best() {
    let expected = [21.9775, 24.4194, 21.9775, 19.4194, 17.4775, 19.7797, 21.9775, 19.7797, 17.8018, 16.0216];
    all_close(&solve(&teleports(), endless(PolicyClass::Optimal, 0.9)).values[..10], &expected, 5.1e-5);
    // State A of the example is visited every five steps: value 10 / (1 - .9^5).
    close(
        solve(&teleports(), endless(PolicyClass::Optimal, 0.9)).values[1],
        10.0 / (1.0 - 0.9f64.powi(5)),
        1e-12,
    );
}

#[test]
fn cliff_walking() {
    let mdp = cliff();
    close(solve(&mdp, endless(PolicyClass::Optimal, 1.0)).value, -13.0, 1e-12);
    close(solve(&mdp, endless(PolicyClass::EpsilonGreedy(0.1), 1.0)).value, -50.800, 5e-4);
    close(solve(&mdp, endless(PolicyClass::EpsilonSoft(0.1), 1.0)).value, -20.708, 5e-4);
    let exact = solve(&mdp, within(PolicyClass::Optimal, 1.0, 200, false));
    assert_eq!(exact.certainty, Certainty::Exact);
    close(exact.value, -13.0, 1e-12);
}

/// Gymnasium's FrozenLake-v1, 4x4.
#[test]
fn frozen_lake() {
    let mdp = lake(&LAKE_4);
    close(solve(&mdp, endless(PolicyClass::Optimal, 0.99)).value, 0.5420259320, 5e-11);
    close(solve(&mdp, endless(PolicyClass::Optimal, 1.0)).value, 14.0 / 17.0, 1e-12);
    let observed = solve(&mdp, within(PolicyClass::Optimal, 1.0, 100, true));
    close(observed.value, 0.7441902878, 5e-11);
    assert!(observed.policy.is_none());
    let hidden = solve(&mdp, within(PolicyClass::Optimal, 1.0, 100, false));
    close(hidden.value, 0.740165, 5e-7);
    assert_eq!(hidden.certainty, Certainty::Bracket);
    close(hidden.upper.unwrap(), observed.value, 0.0);
}

#[test]
fn deep_sea_is_worth_99_hundredths() {
    for n in [1, 2, 10, 40] {
        close(solve(&deep_sea(n), endless(PolicyClass::Optimal, 1.0)).value, 0.99, 1e-12);
        let played = solve(&deep_sea(n), within(PolicyClass::Optimal, 1.0, n as u32, false));
        close(played.value, 0.99, 1e-12);
        assert_eq!(played.certainty, Certainty::Exact);
    }
    // Left or right at random: the chest (reward 1) is found with probability 2^-N, and half of the steps cost 0.01 /
    // N.
    close(solve(&deep_sea(10), endless(PolicyClass::Random, 1.0)).value, 0.5f64.powi(10) - 0.005, 1e-12);
}

/// Mean optimal value of Gymnasium's Taxi over the 300 starts: 7.93, to two digits.
#[test]
fn taxi_is_worth_7_93() {
    let best = solve(&taxi(), endless(PolicyClass::Optimal, 1.0));
    close(best.value, 7.93, 5e-3);
    let played = solve(&taxi(), within(PolicyClass::Optimal, 1.0, 200, false));
    assert_eq!(played.certainty, Certainty::Exact);
    close(played.value, best.value, 1e-12);
}

/// Value of the random policy on the cliff walk, whose episodes take tens of thousands of steps, against dense
/// elimination.
#[test]
fn random_walks_are_exact() {
    for mdp in [cliff(), lake(&LAKE_4), lake(&LAKE_8), corners(), slippery(8, 0.1), taxi()] {
        let found = solve(&mdp, endless(PolicyClass::Random, 1.0)).values;
        let expected = total(&mdp, &uniform(&mdp));
        for (f, e) in found.iter().zip(&expected) {
            assert!((f - e).abs() <= 1e-9 * e.abs().max(1.0), "{f} is not {e}");
        }
    }
}

/// Optimal values of larger maps satisfy Bellman's equation in every state, computed from the outcomes themselves.
#[test]
fn optima_satisfy_bellman() {
    for (mdp, gamma) in [
        (slippery(40, 0.0), 0.99),
        (slippery(40, 0.0), 1.0),
        (slippery(40, 0.01), 1.0),
        (lake(&LAKE_8), 0.99),
        (lake(&LAKE_8), 1.0),
    ] {
        let values = solve(&mdp, endless(PolicyClass::Optimal, gamma)).values;
        let q = |s: usize, a: usize| -> f64 {
            let next =
                |o: &crate::mdp::Outcome| if o.terminal { 0.0 } else { gamma * values[o.next as usize] };
            mdp.outcomes(s, a).map(|o| o.probability * (o.reward + next(&o))).sum()
        };
        for (s, value) in values.iter().enumerate() {
            let legal = (0..mdp.actions()).filter(|&a| mdp.is_legal(s, a));
            let best = legal.map(|a| q(s, a)).max_by(f64::total_cmp).unwrap_or(0.0);
            close(*value, best, 1e-12);
        }
    }
}

/// Best of all 4^11 deterministic policies of FrozenLake within 100 steps: slow.
#[test]
#[ignore = "half a minute"]
fn frozen_lake_by_enumeration() {
    let mdp = lake(&LAKE_4);
    let frozen: Vec<usize> = (0..16).filter(|&s| mdp.is_legal(s, 0)).collect();
    assert_eq!(frozen.len(), 11);
    let index_of = |s: u32| frozen.iter().position(|f| *f == s as usize).unwrap_or(11);
    // Next states of the three equally likely outcomes of each action; 11 for holes, 12 for the goal.
    let table: Vec<[[usize; 3]; 4]> = frozen
        .iter()
        .map(|&s| {
            [0, 1, 2, 3].map(|a| {
                let mut indices =
                    mdp.outcomes(s, a).map(|o| if o.reward > 0.0 { 12 } else { index_of(o.next) });
                [0; 3].map(|_| indices.next().unwrap())
            })
        })
        .collect();
    let mut best = 0.0f64;
    for policy in 0u32..1 << 22 {
        let rows: [[usize; 3]; 11] = std::array::from_fn(|i| table[i][(policy >> (2 * i) & 3) as usize]);
        let mut values = [0.0; 16];
        values[12] = 1.0;
        for _ in 0..100 {
            let mut next = values;
            for (v, row) in next.iter_mut().zip(&rows) {
                *v = (values[row[0] & 15] + values[row[1] & 15] + values[row[2] & 15]) / 3.0;
            }
            values = next;
        }
        best = best.max(values[0]);
    }
    close(solve(&mdp, within(PolicyClass::Optimal, 1.0, 100, false)).value, best, 1e-12);
    close(best, 0.740165, 5e-7);
}

/// Prints solution times of the largest maps. Values are not checked here; Bellman's equation is checked above.
#[test]
#[ignore = "prints times"]
#[allow(clippy::print_stdout)]
fn times() {
    let report_time = |name: &str, mdp: &FiniteMdp, query: SolveQuery| {
        let best = (0..3)
            .map(|_| {
                let begin = std::time::Instant::now();
                let value = mdp.solve(&query).map(|solution| solution.value);
                (begin.elapsed(), value)
            })
            .min_by_key(|(time, _)| *time);
        println!("{name} {query:?}: {best:?}");
    };
    for (name, mdp) in [("goal", slippery(100, 0.0)), ("cost", slippery(100, 0.01))] {
        for policy_class in [
            PolicyClass::Optimal,
            PolicyClass::Random,
            PolicyClass::EpsilonGreedy(0.1),
            PolicyClass::EpsilonSoft(0.1),
        ] {
            report_time(name, &mdp, endless(policy_class, 0.99));
            report_time(name, &mdp, endless(policy_class, 1.0));
        }
        for steps in [150, 300, 1000] {
            report_time(name, &mdp, within(PolicyClass::Optimal, 1.0, steps, true));
            report_time(name, &mdp, within(PolicyClass::Optimal, 1.0, steps, false));
        }
    }
    for steps in [20, 50, 100, 200, 1000] {
        report_time("4x4", &lake(&LAKE_4), within(PolicyClass::Optimal, 1.0, steps, false));
        report_time("8x8", &lake(&LAKE_8), within(PolicyClass::Optimal, 1.0, steps, false));
    }
    report_time("taxi", &taxi(), within(PolicyClass::Optimal, 1.0, 200, false));
    report_time("large", &slippery(512, 0.01), endless(PolicyClass::Optimal, 1.0));
    report_time("large", &slippery(512, 0.01), endless(PolicyClass::Random, 1.0));
    report_time("large sure", &maze(512), endless(PolicyClass::Optimal, 1.0));
    report_time("large sure", &maze(512), within(PolicyClass::Optimal, 1.0, 2000, false));
}
