//! Practice of the racing-line driver: its plan is adapted to the car by driving laps in the world itself.
//!
//! A plan is computed for a point mass. A car that holds its controls for a whole step cannot follow it exactly where
//! the tires are at their limit. The lap is divided into windows of equal duration. Each has a share of the grip, from
//! which the target speeds are computed, and a shift of the line; both are interpolated between windows.
//!
//! 1. *Repair*: where the car leaves the road, shares are lowered and the line is moved away from the edge, until the
//!    car finishes.
//! 2. *Improvement*: in several passes over the lap, each share and each shift in turn is changed by a small amount.
//!    The change is kept if the lap is faster. The car drives only the part of the lap in which the change has an
//!    effect. The whole episode is driven after every few windows; if it is not faster, their changes are taken back. A
//!    change grows after a success and shrinks after a failure.
//!
//! A small change early in the lap moves all later control steps relative to the road, which may take a car at its
//! limit off the road. Repair and the first passes may therefore drive in several *phases*, whose control steps begin
//! at different times, and a change must be good in all of them together. This is better on long laps; one phase may be
//! better on short ones.
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
const MAX_REPAIRS: usize = 60;
/// Factor of the shares in a repair; `REPAIR_WINDOWS`: number of windows before the edge in which they are lowered.
const REPAIR: f64 = 0.98;
const REPAIR_WINDOWS: f64 = 3.0;
/// Shift of the line away from the edge in a repair, car widths.
const REPAIR_SHIFT: f64 = 0.02;
/// Number of passes over all windows; `PHASE_PASSES`: number of passes in several phases.
const PASSES: usize = 16;
const PHASE_PASSES: usize = 4;
/// Number of windows after which the whole episode is driven, with continuous and with discrete actions.
const CHUNK_CONTINUOUS: usize = 4;
const CHUNK_TABLE: usize = 1;
/// First change of the share, and first change of the shift in car widths.
const SHARE_CHANGE: f64 = 0.08;
const SHIFT_CHANGE: f64 = 0.2;
/// Factors of a change after a success and after a failure; `TAKEN_BACK`: after a change that is taken back.
const GROWTH: f64 = 1.5;
const SHRINKAGE: f64 = 0.6;
const TAKEN_BACK: f64 = 0.5;
/// Minimum distance to the edges in trials, beyond that of the rules, car widths.
const GUARD: f64 = 0.005;
/// Minimum gain of a change that is kept, s.
const MIN_GAIN: f64 = 1e-6;
/// Difference in speed (m/s) and offset (m) below which two drivers are together again.
const TOGETHER: f64 = 0.005;

/// Practice laps of one driver.
pub(super) struct Practice<'a, A> {
    rules: &'a Rules,
    /// Rules with a greater distance to the edges.
    strict: Rules,
    discrete_actions: &'a [A],
    plan: &'a Plan,
    /// Arc length (m) and position in windows of each point of the plan.
    places: Vec<(f64, f64)>,
    windows: usize,
    /// Maximum number of control steps of an episode.
    max_steps: u32,
    /// Number of phases of the control steps.
    phases: usize,
}

/// Adaptation of a plan: share of the grip and shift (m) of each window, `[windows]`.
#[derive(Clone, Debug)]
struct Adaptation {
    shares: Vec<f64>,
    shifts: Vec<f64>,
}

/// Driver of an adapted plan.
#[derive(Clone)]
struct Attempt {
    adaptation: Adaptation,
    line: AdjustedLine,
    driver: LineFollower,
    /// Driver with the change that is tried; equal to `driver` between trials.
    trial: LineFollower,
    /// State before each step of the last lap, as far as this driver has driven it, once for each phase of the control
    /// steps.
    laps: Vec<Vec<State>>,
    /// Initial state of the last lap.
    begin: State,
    lap_time: f64,
}

/// Gain of a change: time, s, and the states driven with it from the state with the index `start` on.
struct Gain {
    time: f64,
    start: usize,
    states: Vec<State>,
}

impl<'a, A: DriveAction> Practice<'a, A> {
    /// Practice of the plan `plan`, in episodes of at most `max_steps` control steps, in `phases` phases.
    pub(super) fn new(
        rules: &'a Rules,
        discrete_actions: &'a [A],
        plan: &'a Plan,
        max_steps: u32,
        phases: usize,
    ) -> Self {
        let line = plan.line();
        let windows = ((line.lap_time / WINDOW_S) as usize).max(MIN_WINDOWS);
        let per_second = windows as f64 / line.lap_time;
        let places = line.path.points.iter().zip(&line.times);
        let places = places.map(|(point, time)| (point.s, time * per_second)).collect();
        let guard = GUARD * rules.vehicle.parameters.width;
        let strict = Rules { clearance: rules.clearance + guard, ..rules.clone() };
        Practice { rules, strict, discrete_actions, plan, places, windows, max_steps, phases }
    }

    /// Driver after practice that began with the fraction `share` of the grip and took about `budget` control steps;
    /// `None` if no repair lets the car finish.
    pub(super) fn run(&self, share: f64, budget: usize) -> Option<LineFollower> {
        let adaptation = Adaptation { shares: vec![share; self.windows], shifts: vec![0.0; self.windows] };
        let mut best = self.repair(adaptation)?;
        let width = self.rules.vehicle.parameters.width;
        let mut changes = Adaptation {
            shares: vec![SHARE_CHANGE; self.windows],
            shifts: vec![SHIFT_CHANGE * width; self.windows],
        };
        let mut steps = 0;
        let chunk = if self.discrete_actions.is_empty() { CHUNK_CONTINUOUS } else { CHUNK_TABLE };
        for pass in 0..PASSES {
            let begins = self.phases(&best.driver, best.begin).into_iter();
            let count = if pass < PHASE_PASSES { self.phases } else { 1 };
            best.laps = begins.take(count).map(|state| vec![state]).collect();
            for first in (0..self.windows).step_by(chunk) {
                if steps > budget {
                    return Some(best.driver);
                }
                let windows = first..self.windows.min(first + chunk);
                let mut attempt = best.clone();
                for window in windows.clone() {
                    let change = &mut changes.shares[window];
                    *change = self.improve(&mut attempt, window, *change, true, &mut steps);
                    let change = &mut changes.shifts[window];
                    *change = self.improve(&mut attempt, window, *change, false, &mut steps);
                }
                let states = self.drive(self.rules, &attempt.driver, self.rules.reset_at_line());
                steps += states.len() * self.rules.laps as usize;
                match states.last().and_then(|last| self.lap_time(last)) {
                    Some(lap_time) if lap_time < best.lap_time => {
                        best = Attempt { lap_time, begin: states[0], ..attempt };
                    }
                    _ => {
                        for window in windows {
                            changes.shares[window] *= TAKEN_BACK;
                            changes.shifts[window] *= TAKEN_BACK;
                        }
                    }
                }
            }
        }
        Some(best.driver)
    }

    /// The state `begin` and states up to one control step later, one for each phase of the control steps.
    fn phases(&self, driver: &LineFollower, begin: State) -> Vec<State> {
        let shifted = |phase: usize| {
            let mut state = begin;
            if phase > 0 {
                let part = phase as f64 / self.phases as f64;
                let (dt, substep_dt) = (part * self.rules.dt, part * self.rules.substep_dt);
                self.step(&Rules { dt, substep_dt, ..self.rules.clone() }, driver, &mut state);
            }
            state
        };
        (0..self.phases).map(shifted).collect()
    }

    /// First adaptation from `adaptation` on with which the car finishes, for every phase of the control steps if
    /// possible.
    fn repair(&self, mut adaptation: Adaptation) -> Option<Attempt> {
        let (windows, width) = (self.windows as f64, self.rules.vehicle.parameters.width);
        let mut line = self.plan.adjusted();
        let count = line.len();
        let mut first_finished = None;
        for _ in 0..MAX_REPAIRS {
            self.plan.adjust(&mut line, 0, (0..count).map(|node| self.values(&adaptation, node)));
            let driver = LineFollower::new(count, |node| line.point(node), self.rules);
            let (mut failures, mut finished) = (Vec::new(), None);
            for (phase, state) in self.phases(&driver, self.rules.reset_at_line()).into_iter().enumerate() {
                let rules = if phase == 0 { self.rules } else { &self.strict };
                let states = self.drive(rules, &driver, state);
                let last = *states.last()?;
                match self.lap_time(&last) {
                    Some(lap_time) if phase == 0 => finished = Some((states[0], lap_time)),
                    Some(_) => (),
                    None => failures.push(last),
                }
            }
            let attempt = finished.map(|(begin, lap_time)| Attempt {
                adaptation: adaptation.clone(),
                line: line.clone(),
                trial: driver.clone(),
                driver,
                laps: Vec::new(),
                begin,
                lap_time,
            });
            if failures.is_empty() {
                return attempt;
            }
            first_finished = first_finished.or(attempt);
            for last in failures {
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
        }
        first_finished
    }

    /// Changes the share or the shift of `window` by `change` or `-change`, whichever makes the lap faster first.
    /// Returns the change for the next pass.
    fn improve(
        &self,
        best: &mut Attempt,
        window: usize,
        change: f64,
        is_share: bool,
        steps: &mut usize,
    ) -> f64 {
        let values = if is_share { &best.adaptation.shares } else { &best.adaptation.shifts };
        let known = values[window];
        for change in [change, -change] {
            let place = self.set(best, window, known + change, is_share);
            let phases = 0..best.laps.len();
            let found: Option<Vec<Gain>> = phases.map(|phase| self.gain(best, phase, place, steps)).collect();
            if let Some(found) = found
                && found.iter().map(|found| found.time).sum::<f64>() > MIN_GAIN
            {
                for (lap, found) in best.laps.iter_mut().zip(found) {
                    lap.truncate(found.start);
                    lap.extend(found.states);
                }
                best.driver.copy(&best.trial, place);
                return change * GROWTH;
            }
            self.set(best, window, known, is_share);
        }
        change * SHRINKAGE
    }

    /// Position in windows of the arc length `s`, m.
    fn place(&self, s: f64) -> f64 {
        let after = self.places.partition_point(|place| place.0 <= s);
        after.checked_sub(1).map_or(0.0, |at| self.places[at].1)
    }

    /// Sets the share or the shift of `window` in the adaptation, the line and the driver `trial` of `attempt` to
    /// `value`. Returns the arc lengths at the beginning and the end of the change, m.
    fn set(&self, attempt: &mut Attempt, window: usize, value: f64, is_share: bool) -> (f64, f64) {
        let Attempt { adaptation, line, trial, .. } = attempt;
        let values = if is_share { &mut adaptation.shares } else { &mut adaptation.shifts };
        values[window] = value;
        let node = |window: usize| self.places.partition_point(|place| place.1 < window as f64);
        // A window has an effect up to the middle of its neighbors.
        let (before, after) = ((window + self.windows - 1) % self.windows, window + 1);
        let (first, end) = (node(before), node(after));
        let count = (end + line.len() - first) % line.len();
        let nodes = (0..count).map(|i| self.values(adaptation, (first + i) % self.places.len()));
        let changed = self.plan.adjust(line, first, nodes);
        trial.update(changed, line.len(), |node| line.point(node))
    }

    /// Shift of the line (m) and share of the grip at the point `node`.
    fn values(&self, adaptation: &Adaptation, node: usize) -> (f64, f64) {
        let place = self.places[node].1;
        let window = (place as usize).min(self.windows - 1);
        let t = place - window as f64;
        let t = t * t * (3.0 - 2.0 * t);
        let at = |values: &[f64]| values[window] + t * (values[(window + 1) % self.windows] - values[window]);
        (at(&adaptation.shifts), at(&adaptation.shares))
    }

    /// Drives one step; whether the episode is over.
    fn step(&self, rules: &Rules, driver: &LineFollower, state: &mut State) -> bool {
        let action = driver.action(rules, state, self.discrete_actions);
        let controls = action.map(DriveAction::controls).unwrap_or_default();
        rules.step(state, controls).ending.is_over()
    }

    /// States of the last lap of an episode of `driver` from `state` on.
    fn drive(&self, rules: &Rules, driver: &LineFollower, mut state: State) -> Vec<State> {
        let mut states = vec![state];
        for _ in 0..self.max_steps {
            let is_over = self.step(rules, driver, &mut state);
            if states.last().is_some_and(|last| last.laps < state.laps) && !is_over {
                states.clear();
            }
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

    /// Drives one more step of the last lap in one phase; whether there was one.
    fn drive_on(&self, attempt: &mut Attempt, phase: usize, steps: &mut usize) -> bool {
        let Some(&last) = attempt.laps[phase].last() else { return false };
        if last.off_road || last.laps >= self.rules.laps || last.steps >= self.max_steps {
            return false;
        }
        let mut state = last;
        self.step(self.rules, &attempt.driver, &mut state);
        *steps += 1;
        attempt.laps[phase].push(state);
        true
    }

    /// Gain of the driver `trial` against `driver` in the last lap in one phase, driven from the beginning of a change
    /// until the two are together again behind its end (m); `None` if the car leaves the road.
    fn gain(
        &self,
        best: &mut Attempt,
        phase: usize,
        (first, last): (f64, f64),
        steps: &mut usize,
    ) -> Option<Gain> {
        let (dt, length) = (self.rules.dt, self.rules.circuit.length());
        // A change on both sides of the start line has an effect at the beginning and at the end of the lap.
        let (first, last) = if last > length { (0.0, length) } else { (first, last) };
        let lap_start = f64::from(self.rules.laps - 1) * length;
        let along = |state: &State| state.progress - lap_start;
        // A controller uses the line up to one step ahead.
        let before = |state: &State| along(state) + 3.0 * dt * state.speed() < first;
        while best.laps[phase].last().is_some_and(before) && self.drive_on(best, phase, steps) {}
        let start = best.laps[phase].partition_point(before).saturating_sub(1);
        let mut near = start;
        let mut state = *best.laps[phase].get(start).filter(|state| !state.off_road)?;
        let mut states = vec![state];
        for taken in 1..=self.max_steps as usize {
            *steps += 1;
            let is_over = self.step(&self.strict, &best.trial, &mut state);
            states.push(state);
            if is_over {
                self.lap_time(&state)?;
                while self.drive_on(best, phase, steps) {}
                let end = best.laps[phase].last().filter(|end| end.laps >= self.rules.laps)?;
                return Some(Gain { time: end.lap_start - state.lap_start, start, states });
            }
            if along(&state) <= last {
                continue;
            }
            while near + 1 < best.laps[phase].len() || self.drive_on(best, phase, steps) {
                if best.laps[phase][near + 1].progress > state.progress {
                    break;
                }
                near += 1;
            }
            let known = &best.laps[phase];
            let (a, Some(b)) = (&known[near], known.get(near + 1)) else { continue };
            let t = (state.progress - a.progress) / (b.progress - a.progress).max(f64::MIN_POSITIVE);
            let speed = a.speed() + t * (b.speed() - a.speed());
            let n = a.n + t * (b.n - a.n);
            if (state.speed() - speed).abs() < TOGETHER && (state.n - n).abs() < TOGETHER {
                let since = 2.0 * (state.progress - a.progress) / (a.speed() + speed).max(f64::MIN_POSITIVE);
                let time = (near as f64 - (start + taken) as f64) * dt + since;
                return Some(Gain { time, start, states });
            }
        }
        None
    }
}
