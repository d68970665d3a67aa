//! Practice of the racing-line driver: its plan is adapted to the car by driving laps in the world itself.
//!
//! A plan is computed for a point mass. A car that holds its controls for a whole step cannot follow it exactly where the
//! tires are at their limit. The lap is divided into windows of equal duration. Each has a share of the grip, from which
//! the target speeds are computed, and a shift of the line; both are interpolated between windows.
//!
//! 1. *Repair*: where the car leaves the road, shares are lowered and the line is moved away from the edge, until the
//!    car finishes.
//! 2. *Improvement*: each share and each shift in turn is changed by a small amount. The change is kept if the lap is
//!    faster. The car drives only the part of the lap in which the change has an effect, and the whole lap before a
//!    change is kept.
//!
//! The laps include every effect of car, control rate and actions, so the driver needs no model of them. The result is
//! a deterministic function of the world.

use super::controls::DriveAction;
use super::line_follower::LineFollower;
use super::rules::{Rules, State};
use crate::track::line::{AdjustedLine, Plan};

/// Duration of a window in a flying lap of the plan, s; `MIN_WINDOWS`: minimum number of windows.
const WINDOW_S: f64 = 0.8;
const MIN_WINDOWS: usize = 8;
/// Maximum number of repairs.
const MAX_REPAIRS: usize = 30;
/// Factor of the shares in a repair; `REPAIR_WINDOWS`: number of windows before the edge in which they are lowered.
const REPAIR: f64 = 0.98;
const REPAIR_WINDOWS: f64 = 3.0;
/// Shift of the line away from the edge in a repair, car widths.
const REPAIR_SHIFT: f64 = 0.02;
/// Passes over all windows: change of the share, and change of the shift in car widths.
const PASSES: [(f64, f64); 5] = [(0.08, 0.2), (0.04, 0.1), (0.04, 0.1), (0.02, 0.05), (0.01, 0.025)];
/// Minimum gain of a change that is kept, s.
const MIN_GAIN: f64 = 1e-6;
/// Difference in speed (m/s) and offset (m) below which two drivers are together again.
const TOGETHER: f64 = 0.005;

/// Practice laps of one driver.
pub(super) struct Practice<'a, A> {
    rules: &'a Rules,
    discrete_actions: &'a [A],
    plan: &'a Plan,
    /// Arc length (m) and position in windows of each point of the plan.
    places: Vec<(f64, f64)>,
    windows: usize,
    /// Maximum number of control steps of an episode.
    max_steps: u32,
}

/// Adaptation of a plan: share of the grip and shift (m) of each window, `[windows]`.
#[derive(Clone, Debug)]
struct Adaptation {
    shares: Vec<f64>,
    shifts: Vec<f64>,
}

/// Driver of an adapted plan, with its finished episode.
struct Attempt {
    adaptation: Adaptation,
    line: AdjustedLine,
    driver: LineFollower,
    /// State before each step of the episode, and the final state.
    states: Vec<State>,
    lap_time: f64,
}

impl<'a, A: DriveAction> Practice<'a, A> {
    pub(super) fn new(rules: &'a Rules, discrete_actions: &'a [A], plan: &'a Plan, max_steps: u32) -> Self {
        let line = plan.line();
        let windows = ((line.lap_time / WINDOW_S) as usize).max(MIN_WINDOWS);
        let per_second = windows as f64 / line.lap_time;
        let places = line.path.points.iter().zip(&line.times);
        let places = places.map(|(point, time)| (point.s, time * per_second)).collect();
        Practice { rules, discrete_actions, plan, places, windows, max_steps }
    }

    /// Driver after practice that began with the fraction `share` of the grip and took about `budget` control steps;
    /// `None` if no repair lets the car finish.
    pub(super) fn run(&self, share: f64, budget: usize) -> Option<LineFollower> {
        let mut best = self.repair(share)?;
        let (mut steps, width) = (0, self.rules.vehicle.parameters.width);
        for (share, shift) in PASSES.map(|(share, shift)| (share, shift * width)) {
            for window in 0..self.windows {
                for (share, shift) in [(share, 0.0), (-share, 0.0), (0.0, shift), (0.0, -shift)] {
                    if steps < budget {
                        best = self.improve(best, window, (share, shift), &mut steps);
                    }
                }
            }
        }
        Some(best.driver)
    }

    /// First adaptation with which the car finishes.
    fn repair(&self, share: f64) -> Option<Attempt> {
        let (windows, width) = (self.windows as f64, self.rules.vehicle.parameters.width);
        let mut adaptation =
            Adaptation { shares: vec![share; self.windows], shifts: vec![0.0; self.windows] };
        let mut known = None;
        for _ in 0..MAX_REPAIRS {
            let line = self.line(&adaptation, known.as_ref());
            let driver = self.driver(&line);
            let states = self.drive(&driver);
            let last = *states.last()?;
            if let Some(lap_time) = self.lap_time(&last) {
                return Some(Attempt { adaptation, line, driver, states, lap_time });
            }
            known = Some(line);
            let place = self.place(last.s);
            for window in 0..self.windows {
                let behind = (place - window as f64).rem_euclid(windows);
                if behind < REPAIR_WINDOWS {
                    adaptation.shares[window] *= REPAIR;
                }
                if behind.min(windows - behind) < 1.5 {
                    adaptation.shifts[window] -= REPAIR_SHIFT * width * last.n.signum();
                }
            }
        }
        None
    }

    /// The faster of `best` and `best` with the given change of share and shift (m) in `window`; `steps` counts the
    /// driven control steps.
    fn improve(
        &self,
        best: Attempt,
        window: usize,
        (share, shift): (f64, f64),
        steps: &mut usize,
    ) -> Attempt {
        let mut adaptation = best.adaptation.clone();
        adaptation.shares[window] += share;
        adaptation.shifts[window] += shift;
        let line = self.line(&adaptation, Some(&best.line));
        let driver = self.driver(&line);
        if self.gain(&best, &driver, steps).is_none_or(|gain| gain < MIN_GAIN) {
            return best;
        }
        let states = self.drive(&driver);
        *steps += states.len();
        match states.last().and_then(|last| self.lap_time(last)) {
            Some(lap_time) if lap_time < best.lap_time => {
                Attempt { adaptation, line, driver, states, lap_time }
            }
            _ => best,
        }
    }

    /// Position in windows of the arc length `s`, m.
    fn place(&self, s: f64) -> f64 {
        let after = self.places.partition_point(|place| place.0 <= s);
        after.checked_sub(1).map_or(0.0, |at| self.places[at].1)
    }

    /// The adapted line, computed from the line `known` where nothing has changed.
    fn line(&self, adaptation: &Adaptation, known: Option<&AdjustedLine>) -> AdjustedLine {
        let smooth = |values: &[f64]| -> Vec<f64> {
            let at = |&(_, place): &(f64, f64)| {
                let window = (place as usize).min(self.windows - 1);
                let t = place - window as f64;
                let t = t * t * (3.0 - 2.0 * t);
                values[window] + t * (values[(window + 1) % self.windows] - values[window])
            };
            self.places.iter().map(at).collect()
        };
        self.plan.adjusted(&smooth(&adaptation.shifts), &smooth(&adaptation.shares), known)
    }

    fn driver(&self, line: &AdjustedLine) -> LineFollower {
        LineFollower::new(line.points(), self.rules)
    }

    /// Drives one step; whether the episode is over.
    fn step(&self, driver: &LineFollower, state: &mut State) -> bool {
        let action = driver.action(self.rules, state, self.discrete_actions);
        let controls = action.map(DriveAction::controls).unwrap_or_default();
        self.rules.step(state, controls).ending.is_over()
    }

    /// States of an episode of `driver` from the start line.
    fn drive(&self, driver: &LineFollower) -> Vec<State> {
        let mut state = self.rules.reset_at_line();
        let mut states = vec![state];
        for _ in 0..self.max_steps {
            let is_over = self.step(driver, &mut state);
            states.push(state);
            if is_over {
                break;
            }
        }
        states
    }

    /// Best lap time of a finished episode, s.
    fn lap_time(&self, state: &State) -> Option<f64> {
        state.best_lap.filter(|_| state.laps >= self.rules.laps)
    }

    /// Time that `driver` gains against `best` in the last lap, s, driven from where the two differ until they are
    /// together again; `None` if the car leaves the road.
    fn gain(&self, best: &Attempt, driver: &LineFollower, steps: &mut usize) -> Option<f64> {
        let (first, last) = driver.difference(&best.driver)?;
        let (dt, states) = (self.rules.dt, &best.states);
        let lap_start = f64::from(self.rules.laps - 1) * self.rules.circuit.length();
        let along = |state: &State| state.progress - lap_start;
        // A controller uses the line up to one step ahead.
        let after = states.partition_point(|state| along(state) + 3.0 * dt * state.speed() < first);
        let mut near = after.saturating_sub(1);
        let (mut state, start) = (states[near], near);
        for taken in 1..=self.max_steps as usize {
            *steps += 1;
            if self.step(driver, &mut state) {
                return self.lap_time(&state).map(|time| best.lap_time - time);
            }
            if along(&state) <= last {
                continue;
            }
            while near + 1 < states.len() && states[near + 1].progress <= state.progress {
                near += 1;
            }
            let (a, Some(b)) = (&states[near], states.get(near + 1)) else { continue };
            let t = (state.progress - a.progress) / (b.progress - a.progress).max(f64::MIN_POSITIVE);
            let speed = a.speed() + t * (b.speed() - a.speed());
            let n = a.n + t * (b.n - a.n);
            if (state.speed() - speed).abs() < TOGETHER && (state.n - n).abs() < TOGETHER {
                let since = 2.0 * (state.progress - a.progress) / (a.speed() + speed).max(f64::MIN_POSITIVE);
                return Some((near as f64 - (start + taken) as f64) * dt + since);
            }
        }
        None
    }
}
