//! Policies of the acrobot: `swing`, a linear rule, and `plan`, its improvement by rollouts.
//!
//! `plan` tries each sequence of three actions, lets `swing` play on, and takes the first action of the sequence that
//! ends first: the rollout algorithm of Bertsekas, Tsitsiklis & Wu, *Rollout Algorithms for Combinatorial
//! Optimization*, Journal of Heuristics 3 (1997).

use freewheel_core::{ActionBuffer, Policy, Stream};

use super::rules::{self, State};

/// Weights of the features of `swing`, found by the cross-entropy method.
const WEIGHTS: [f64; 16] = [
    -1.4145975, 1.5119734, -0.2297285, -0.2109871, -1.4913064, 0.720428, 1.3071386, 0.3525479, -0.7821006,
    0.936084, 1.6164472, -0.3687436, 0.3218152, -0.2977218, -0.0459735, 0.6432919,
];
/// Zero and unit of the energy in the features, J.
const REST: f64 = -14.7;
const UNIT: f64 = 25.0;
/// Longest episode of `swing` in a rollout.
const LONGEST: u32 = 200;

/// Energy of both links, J; 0 for links at rest whose joints are at one height.
pub(super) fn energy(state: &State) -> f64 {
    let ([a, b], [va, vb]) = (state.angles, state.velocities);
    let cos_b = libm::cos(b);
    // Matrix of inertia: [[first, both], [both, 1.25]].
    let (first, both) = (3.5 + cos_b, 1.25 + 0.5 * cos_b);
    let kinetic = 0.5 * first * va * va + both * va * vb + 0.5 * 1.25 * vb * vb;
    kinetic - 9.8 * (1.5 * libm::cos(a) + 0.5 * libm::cos(a + b))
}

/// Action of `swing`: the sign of a weighted sum. Every feature changes its sign in the mirror image.
pub(super) fn swing(state: &State) -> u32 {
    let ([a, b], [va, vb]) = (state.angles, state.velocities);
    let [(sin_a, cos_a), (sin_b, cos_b), (sin_tip, cos_tip)] = [a, b, a + b].map(libm::sincos);
    let e = (energy(state) - REST) / UNIT;
    let features = [
        va,
        vb,
        sin_a,
        sin_b,
        sin_tip,
        va * cos_a,
        va * cos_b,
        va * cos_tip,
        vb * cos_a,
        vb * cos_b,
        vb * cos_tip,
        va * e,
        vb * e,
        sin_b * e,
        sin_a * e,
        sin_tip * e,
    ];
    let sum: f64 = features.iter().zip(WEIGHTS).map(|(feature, weight)| feature * weight).sum();
    if sum < 0.0 { 0 } else { 2 }
}

/// Action of `plan`.
pub(super) fn plan(state: &State) -> u32 {
    let mut best = (swing(state), u32::MAX);
    for number in 0..=27 {
        // The last number stands for `swing` from the start.
        let sequence = [number / 9, number / 3 % 3, number % 3];
        let prefix = if number == 27 { &[][..] } else { &sequence };
        let mut end = State { steps: 0, ..*state };
        while !end.is_up() && end.steps < LONGEST.min(best.1) {
            let action = prefix.get(end.steps as usize).copied().unwrap_or_else(|| swing(&end));
            rules::step(&mut end, action);
        }
        if end.is_up() && end.steps < best.1 {
            best = (prefix.first().copied().unwrap_or(best.0), end.steps);
        }
    }
    best.0
}

/// Policy `plan` from observations.
pub(super) struct Plan;

impl Policy for Plan {
    fn act(&self, obs: &[f32], _legal: &[bool], _rngs: &mut [Stream], actions: &mut ActionBuffer) {
        if let ActionBuffer::Discrete(actions) = actions {
            let (rows, _) = obs.as_chunks::<6>();
            actions.clear();
            actions.extend(rows.iter().map(|row| {
                let [cos_a, sin_a, cos_b, sin_b, va, vb] = row.map(f64::from);
                let angles = [libm::atan2(sin_a, cos_a), libm::atan2(sin_b, cos_b)];
                plan(&State { angles, velocities: [va, vb], ..State::default() })
            }));
        }
    }
}
